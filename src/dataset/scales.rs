use crate::market::Bar;
use crate::stats::mean;

use super::window_stats::SortedWindow;

/// Bars before the first average true range.
pub(super) const ATR_PERIOD: usize = 14;
/// Bars of the volume scales.
pub(super) const VOLUME_PERIOD: usize = 50;

/// What lines are measured against, one value per bar from the bars up to it; NaN where undefined or not positive.
#[derive(Debug)]
pub(super) struct Scales {
    pub(super) close: Vec<f64>,
    /// Average true range over 14 bars.
    pub(super) atr: Vec<f64>,
    /// Mean volume of 50 bars.
    pub(super) volume_mean: Vec<f64>,
    /// Median volume of 50 bars.
    pub(super) volume_median: Vec<f64>,
}

impl Scales {
    pub(super) fn new(bars: &[Bar]) -> Self {
        let volume: Vec<f64> = bars.iter().map(|b| b.volume).collect();
        let positive = |values: Vec<f64>| values.into_iter().map(|x| if x > 0.0 { x } else { f64::NAN }).collect();
        Self {
            close: bars.iter().map(|b| b.close).collect(),
            atr: positive(average_true_range(bars)),
            volume_mean: positive(rolling_mean(&volume)),
            volume_median: positive(rolling_median(&volume)),
        }
    }
}

/// Wilder's average true range: the mean of the first 14 true ranges (from the second bar on), then smoothed by 1/14.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978); first value at bar 14 as in TA-Lib.
fn average_true_range(bars: &[Bar]) -> Vec<f64> {
    let n = ATR_PERIOD as f64;
    let mut out = vec![f64::NAN; bars.len()];
    let mut sum = 0.0;
    for t in 1..bars.len() {
        let (bar, before) = (&bars[t], bars[t - 1].close);
        let range = (bar.high - bar.low).max((bar.high - before).abs()).max((bar.low - before).abs());
        if t <= ATR_PERIOD {
            sum += range;
        }
        if t == ATR_PERIOD {
            out[t] = sum / n;
        } else if t > ATR_PERIOD {
            out[t] = (out[t - 1] * (n - 1.0) + range) / n;
        }
    }
    out
}

/// Mean of each bar and the 49 before it, summed afresh so that no rounding is carried along.
fn rolling_mean(x: &[f64]) -> Vec<f64> {
    let mean = |t: usize| if t + 1 < VOLUME_PERIOD { f64::NAN } else { mean(&x[t + 1 - VOLUME_PERIOD..=t]) };
    (0..x.len()).map(mean).collect()
}

fn rolling_median(x: &[f64]) -> Vec<f64> {
    let cells: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    let mut window = SortedWindow::new(VOLUME_PERIOD);
    (0..x.len()).map(|t| if window.slide(&cells, t) { f64::from(window.quantile(0.5)) } else { f64::NAN }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atr_of_a_constant_range_is_that_range_and_then_decays_by_wilder() {
        let bar = |t: i64, half: f64| Bar {
            timestamp: t,
            open: 10.0,
            high: 10.0 + half,
            low: 10.0 - half,
            close: 10.0,
            volume: 1.0,
        };
        let bars: Vec<Bar> = (0..17).map(|t| bar(t, if t < 16 { 1.0 } else { 8.0 })).collect();
        let atr = average_true_range(&bars);
        assert!(atr[13].is_nan());
        assert_eq!(atr[14], 2.0);
        assert_eq!(atr[16], (2.0 * 13.0 + 16.0) / 14.0);
    }

    #[test]
    fn volume_scales_need_fifty_bars_and_a_positive_volume() {
        let bars: Vec<Bar> = (0..110)
            .map(|t| {
                let volume = if t < 55 { (t + 1) as f64 } else { 0.0 };
                Bar { timestamp: t, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume }
            })
            .collect();
        let scales = Scales::new(&bars);
        assert!(scales.volume_mean[48].is_nan());
        assert_eq!((scales.volume_mean[49], scales.volume_median[49]), (25.5, 25.5));
        assert!(scales.volume_median[100].is_nan() && scales.volume_mean[105].is_nan());
        assert!(scales.atr.iter().all(|x| x.is_nan()), "a flat market has no range to measure by");
    }
}
