//! What columns are, told from their values alone.

use super::Decimal;
use super::form::{self, Form, Found};
use super::sample::{Kind, Sample, SampleColumn};

/// Share of the rows that may contradict.
const STRAY: f64 = 0.02;
/// Highs further above their lows than this are no highs.
const WIDEST: f64 = 0.6;
/// Columns tried as prices: every pair of them is.
const TRIED: usize = 24;

/// Open, high, low and close among columns without names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prices {
    pub(super) open: usize,
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) close: usize,
}

/// Numbers of every column, NaN where there are none.
pub(super) fn numbers(sample: &Sample, decimal: Decimal) -> Vec<Vec<f64>> {
    sample.columns.iter().map(|column| column.numbers(decimal)).collect()
}

/// The first column that holds times.
pub(super) fn time(sample: &Sample, taken: &[usize], wish: Option<super::DateOrder>) -> Option<(usize, Found)> {
    let free = |at: &usize| !taken.contains(at);
    (0..sample.columns.len()).filter(free).find_map(|at| {
        let found = found_times(&sample.columns[at], wish)?;
        (found.share > 0.9 && is_time_like(&sample.columns[at], &found)).then_some((at, found))
    })
}

/// The times of a column; those of a binary time column read as they are.
pub(super) fn found_times(column: &SampleColumn, wish: Option<super::DateOrder>) -> Option<Found> {
    form::detect(&column.present(), wish)
}

/// Numbers count as times only within a person's life and in order.
fn is_time_like(column: &SampleColumn, found: &Found) -> bool {
    const YEARS_1990_TO_2100: std::ops::Range<i64> = 631_152_000_000..4_102_444_800_000;
    if column.kind == Kind::Time || matches!(found.form, Form::Written(_)) {
        return true;
    }
    // Many prices lie where the days of our time do.
    if found.form == Form::Serial {
        return false;
    }
    let times: Vec<i64> = column.present().filter_map(|text| Some(found.form.read(text.as_bytes())?.utc())).collect();
    let rising = times.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let falling = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    times.iter().all(|time| YEARS_1990_TO_2100.contains(time)) && rising.max(falling) * 10 >= (times.len() - 1) * 8
}

/// The four prices among the free columns: the pair of columns that encloses the most others the most closely is high
/// and low; among the enclosed, open is the one that begins where the other ended a bar before.
///
/// `falling` says that the newest bar comes first.
pub(super) fn prices(numbers: &[Vec<f64>], head: usize, free: &[usize], falling: bool) -> Option<Prices> {
    let varies = |at: &usize| {
        let mut known = numbers[*at].iter().filter(|value| !value.is_nan());
        let first = known.next();
        known.any(|value| Some(value) != first)
    };
    let positive = |at: &usize| {
        let known = || numbers[*at].iter().filter(|value| !value.is_nan());
        let count = known().count();
        count > 0 && known().filter(|&&value| value <= 0.0).count() as f64 <= STRAY * count as f64
    };
    let mut candidates: Vec<usize> = free.iter().copied().filter(positive).take(TRIED).collect();
    // Flags and counts that never change look like prices that never move, which are rarer.
    let moving: Vec<usize> = candidates.iter().copied().filter(varies).collect();
    if moving.len() >= 4 {
        candidates = moving;
    }
    let mut best: Option<(f64, usize, usize, Vec<usize>)> = None;
    for &high in &candidates {
        for &low in candidates.iter().filter(|&&low| low != high) {
            let Some(width) = width(&numbers[high], &numbers[low]) else { continue };
            let inside: Vec<usize> = candidates
                .iter()
                .copied()
                .filter(|&at| at != high && at != low)
                .filter(|&at| encloses(&numbers[high], &numbers[low], &numbers[at]))
                .collect();
            let better = |other: &(f64, usize, usize, Vec<usize>)| {
                (inside.len().min(3), -width) > (other.3.len().min(3), -other.0)
            };
            if inside.len() >= 2 && best.as_ref().is_none_or(better) {
                best = Some((width, high, low, inside));
            }
        }
    }
    let (_, high, low, inside) = best?;
    let mut order: Option<(f64, usize, usize)> = None;
    for &open in &inside {
        for &close in inside.iter().filter(|&&close| close != open) {
            let gap = gap(&numbers[open], &numbers[close], head, falling);
            if order.is_none_or(|(least, ..)| gap < least) {
                order = Some((gap, open, close));
            }
        }
    }
    order.map(|(_, open, close)| Prices { open, high, low, close })
}

/// Median of (high - low) / low; `None` if it is no spread of a bar.
fn width(high: &[f64], low: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        high.iter().zip(low).map(|(h, l)| (*h, *l)).filter(|(h, l)| !h.is_nan() && !l.is_nan()).collect();
    let inverted = pairs.iter().filter(|(h, l)| h < l).count();
    if pairs.is_empty() || inverted as f64 > STRAY * pairs.len() as f64 {
        return None;
    }
    let width = median(pairs.iter().map(|(h, l)| (h - l) / l).collect())?;
    (width <= WIDEST).then_some(width)
}

fn encloses(high: &[f64], low: &[f64], inner: &[f64]) -> bool {
    let known = || high.iter().zip(low).zip(inner).filter(|((h, l), x)| !h.is_nan() && !l.is_nan() && !x.is_nan());
    let outside = known().filter(|((h, l), x)| *x > *h || *x < *l).count();
    let count = known().count();
    count > 0 && outside as f64 <= STRAY * count as f64
}

/// Mean distance between a bar's open and the close before it.
fn gap(open: &[f64], close: &[f64], head: usize, falling: bool) -> f64 {
    let rows = head.min(open.len()).min(close.len());
    let (mut sum, mut count) = (0.0, 0);
    for i in 1..rows {
        let gap = if falling { open[i - 1] - close[i] } else { open[i] - close[i - 1] };
        if !gap.is_nan() {
            sum += gap.abs();
            count += 1;
        }
    }
    if count > 0 { sum / f64::from(count) } else { f64::INFINITY }
}

/// Median of the numbers that are none of them missing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows (open, high, low, close, volume) of a wave.
    fn wave() -> [Vec<f64>; 5] {
        let close = |i: usize| 100.0 + 10.0 * (i as f64 * 0.7).sin();
        let rows: Vec<[f64; 5]> = (1..60)
            .map(|i| {
                let (open, close) = (close(i - 1) + 0.01, close(i));
                [open, open.max(close) + 0.5, open.min(close) - 0.5, close, 1000.0 + i as f64]
            })
            .collect();
        [0, 1, 2, 3, 4].map(|column| rows.iter().map(|row| row[column]).collect())
    }

    #[test]
    fn prices_are_found_in_any_order() {
        let [o, h, l, c, v] = wave();
        let columns = [v.clone(), l.clone(), h.clone(), c.clone(), o.clone()];
        let all = [0, 1, 2, 3, 4];
        assert_eq!(prices(&columns, 59, &all, false), Some(Prices { open: 4, high: 2, low: 1, close: 3 }));
        let reversed = columns.map(|column| column.into_iter().rev().collect::<Vec<f64>>());
        assert_eq!(prices(&reversed, 59, &all, true), Some(Prices { open: 4, high: 2, low: 1, close: 3 }));
        let mean = o.iter().zip(&c).map(|(a, b)| (a + b) / 2.0).collect();
        let with_mean = [o, mean, h, l, c, v];
        assert_eq!(
            prices(&with_mean, 59, &[0, 1, 2, 3, 4, 5], false),
            Some(Prices { open: 0, high: 2, low: 3, close: 4 })
        );
    }

    #[test]
    fn what_holds_no_prices_gives_none() {
        let [.., v] = wave();
        let buy: Vec<f64> = v.iter().enumerate().map(|(i, x)| x * (0.4 + (i % 7) as f64 / 10.0)).collect();
        let share: Vec<f64> = buy.iter().zip(&v).map(|(a, b)| a / (a + b)).collect();
        assert_eq!(
            prices(&[v.clone(), buy, v.iter().map(|x| x / 500.0).collect(), share], 59, &[0, 1, 2, 3], false),
            None
        );
        assert_eq!(prices(&vec![vec![0.0; 10]; 5], 10, &[0, 1, 2, 3, 4], false), None);
        assert_eq!(prices(&[], 0, &[], false), None);
        assert_eq!(
            prices(
                &[vec![f64::NAN; 3], vec![f64::NAN; 3], vec![f64::NAN; 3], vec![f64::NAN; 3]],
                3,
                &[0, 1, 2, 3],
                false
            ),
            None
        );
    }
}
