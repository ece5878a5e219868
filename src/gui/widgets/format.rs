use crate::stats::Interval;

/// `12,345.6`; `-` when unknown.
pub(in crate::gui) fn grouped(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if value < 0.0 && !zero { "-" } else { "" };
    format!("{sign}{out}{rest}")
}

/// A fraction as `12.3 %`; `-` when unknown.
pub(in crate::gui) fn percent(fraction: f64, decimals: usize) -> String {
    if fraction.is_finite() { format!("{:.decimals$} %", 100.0 * fraction) } else { "-".to_owned() }
}

/// A fraction as `+12.3 %`; `-` when unknown.
pub(in crate::gui) fn signed_percent(fraction: f64, decimals: usize) -> String {
    if fraction.is_finite() { format!("{:+.decimals$} %", 100.0 * fraction) } else { "-".to_owned() }
}

/// A fraction with its interval as `39 % [32, 47]`; without bounds when they are unknown.
pub(in crate::gui) fn percent_interval(interval: Interval, decimals: usize) -> String {
    let Interval { estimate, low, high } = interval;
    with_bounds(percent(estimate, decimals), 100.0 * low, 100.0 * high, decimals, false)
}

/// The same with signs: `+0.33 % [+0.00, +0.68]`.
pub(in crate::gui) fn signed_percent_interval(interval: Interval, decimals: usize) -> String {
    let Interval { estimate, low, high } = interval;
    with_bounds(signed_percent(estimate, decimals), 100.0 * low, 100.0 * high, decimals, true)
}

/// `0.49 [-1.87, 2.38]`.
pub(in crate::gui) fn plain_interval(interval: Interval, decimals: usize) -> String {
    let Interval { estimate, low, high } = interval;
    let value = if estimate.is_finite() { format!("{estimate:.decimals$}") } else { "-".to_owned() };
    with_bounds(value, low, high, decimals, false)
}

fn with_bounds(value: String, low: f64, high: f64, decimals: usize, signed: bool) -> String {
    match (low.is_finite() && high.is_finite(), signed) {
        (false, _) => value,
        (true, true) => format!("{value} [{low:+.decimals$}, {high:+.decimals$}]"),
        (true, false) => format!("{value} [{low:.decimals$}, {high:.decimals$}]"),
    }
}

/// As many decimals as round ticks such as 0.25 need, at most 6.
pub(in crate::gui) fn tick_decimals(ticks: &[f64]) -> usize {
    let exact = |decimals: &usize| {
        let scale = 10_f64.powi(*decimals as i32);
        ticks.iter().all(|tick| ((tick * scale).round() - tick * scale).abs() < 1e-6)
    };
    (0..6).find(exact).unwrap_or(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(
            (grouped(-999.6, 0), grouped(-0.2, 0), grouped(f64::NAN, 1)),
            ("-1,000".into(), "0".into(), "-".into())
        );
        let interval = Interval { estimate: 0.389_61, low: 0.316_17, high: 0.468_42 };
        assert_eq!(percent_interval(interval, 0), "39 % [32, 47]");
        assert_eq!(signed_percent_interval(interval, 1), "+39.0 % [+31.6, +46.8]");
        assert_eq!(plain_interval(Interval { low: f64::NAN, ..interval }, 2), "0.39");
        assert_eq!((tick_decimals(&[0.0, 5.0]), tick_decimals(&[0.25, 0.5]), tick_decimals(&[0.001])), (0, 2, 3));
    }
}
