use crate::data::time_text;

/// `2023-11-09 08:00`, without the time for bars of a day and more.
pub(in crate::gui) fn short_time(timestamp: i64, timeframe_ms: i64) -> String {
    let text = time_text(timestamp).replace('T', " ");
    let letters = if timeframe_ms >= 86_400_000 { 10 } else { 16 };
    text.chars().take(letters).collect()
}

/// Bars that get a label on a time axis, with the label: starts of years, months, days or hours, at least `spacing` bars
/// apart.
pub(in crate::gui) fn time_ticks(
    timestamps: &dyn Fn(usize) -> i64,
    from: usize,
    to: usize,
    spacing: f64,
) -> Vec<(usize, String)> {
    if to <= from + 1 {
        return Vec::new();
    }
    let per_bar = (timestamps(to - 1) - timestamps(from)) as f64 / (to - 1 - from) as f64;
    let wanted = spacing * per_bar;
    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    let fixed = [HOUR / 4, HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
    let step = fixed.into_iter().find(|&step| step as f64 >= wanted);
    let months = [1, 3, 6, 12, 24, 60].into_iter().find(|&m| f64::from(m) * 30.4 * DAY as f64 >= wanted).unwrap_or(120);
    let key = |time: i64| -> i64 {
        if let Some(step) = step {
            return time.div_euclid(step);
        }
        let text = time_text(time);
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
        (part(0..4) * 12 + part(5..7) - 1).div_euclid(i64::from(months))
    };
    // Looking at some bars per label is enough: a boundary is where the key changes.
    let mut ticks = Vec::new();
    let stride = ((spacing / 24.0) as usize).max(1);
    let mut before = key(timestamps(from));
    let mut i = from + stride;
    while i < to {
        let now = key(timestamps(i));
        if now != before {
            let at = (i - stride + 1..=i).find(|&j| key(timestamps(j)) != before).unwrap_or(i);
            let shown = match step {
                None if months >= 12 => 0..4,
                Some(step) if step < DAY => 5..16,
                _ => 0..10,
            };
            ticks.push((at, time_text(timestamps(at)).get(shown).unwrap_or("").replace('T', " ")));
            before = now;
        }
        i += stride;
    }
    ticks
}

/// Round values between `low` and `high`, about `count` of them.
pub(in crate::gui) fn price_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    if span.is_nan() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    let raw = span / count as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|&step| step >= raw).unwrap_or(raw);
    let first = (low / step).ceil();
    let n = ((high / step).floor() - first).max(-1.0) as i64 + 1;
    (0..n).map(|i| (first + i as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(price_ticks(33_753.0, 37_392.0, 5), [34_000.0, 35_000.0, 36_000.0, 37_000.0]);
        assert_eq!(price_ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert!(price_ticks(1.0, 1.0, 5).is_empty());
    }

    #[test]
    fn times_break_at_days_and_years() {
        // 4-hour bars from 1970-01-01.
        let hours = |i: usize| i as i64 * 4 * 3_600_000;
        let ticks = time_ticks(&hours, 0, 20, 5.0);
        assert_eq!(ticks, [(6, "1970-01-02".to_owned()), (12, "1970-01-03".to_owned()), (18, "1970-01-04".to_owned())]);
        let ticks = time_ticks(&hours, 0, 6 * 365 * 3, 1500.0);
        assert_eq!(ticks.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["1971", "1972"]);
    }
}
