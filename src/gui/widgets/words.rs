/// `1,390`.
pub(in crate::gui) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `0:21`, `1:02:03`.
pub(in crate::gui) fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (s / 3600, s / 60 % 60, s % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Four significant digits; very large and very small numbers as powers of ten, unknown ones as a dash.
pub(in crate::gui) fn figure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e6).contains(&size) {
        format!("{value:.3e}")
    } else {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 13956, 1234567].map(thousands), ["0", "999", "1,000", "13,956", "1,234,567"]);
        assert_eq!([0.4, 21.0, 125.0, 3723.0].map(clock), ["0:00", "0:21", "2:05", "1:02:03"]);
        let values = [0.0, f64::NAN, 0.95117, 12.3456, -0.001234, 1e-4, 123456.0, 1e7];
        assert_eq!(values.map(figure), ["0", "–", "0.9512", "12.35", "-0.001234", "1.000e-4", "123456", "1.000e7"]);
    }
}
