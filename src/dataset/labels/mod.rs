use std::ops::Range;

use crate::config::{LabelBase, LabelMode, LabelsConfig};
use crate::market::Bar;

/// Weight of the past in the running variance (RiskMetrics).
const DECAY: f64 = 0.94;
/// Bars without a volatility.
const WARM_UP: usize = 20;
const FIXED_ENTRY: f64 = 0.01;
const FIXED_EXIT: f64 = -0.005;

/// What follows each bar t over the horizon; one value per bar, NaN where undefined. The last `horizon` bars have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Bars ahead, h.
    pub horizon: usize,
    /// r from the configured base to close\[t+h\], as a fraction.
    pub forward_return: Vec<f64>,
    /// 1 where an entry was right, else 0.
    pub entry: Vec<f64>,
    /// 1 where an exit was right, else 0.
    pub exit: Vec<f64>,
    /// Root mean square of the h one-bar log returns after t.
    pub volatility: Vec<f64>,
    /// Root of the EWMA (0.94) of squared one-bar log returns up to t; NaN on the first 20 bars. Known at t.
    pub sigma: Vec<f64>,
}

/// Class balance over some rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseRate {
    /// Rows with both labels.
    pub n: usize,
    /// Share whose entry is 1; NaN without rows.
    pub entry: f64,
    /// Share whose exit is 1; NaN without rows.
    pub exit: f64,
}

impl Labels {
    /// First bar that has no forward return because its future is not known yet.
    pub fn labelled_until(&self) -> usize {
        self.forward_return.len().saturating_sub(self.horizon)
    }

    /// Shares of entries and exits among the labelled bars of `rows`.
    pub fn base_rate(&self, rows: Range<usize>) -> BaseRate {
        let pairs = self.entry[rows.clone()].iter().zip(&self.exit[rows]);
        let (mut n, mut entries, mut exits) = (0_usize, 0.0, 0.0);
        for (entry, exit) in pairs.filter(|(entry, exit)| !entry.is_nan() && !exit.is_nan()) {
            n += 1;
            entries += entry;
            exits += exit;
        }
        BaseRate { n, entry: entries / n as f64, exit: exits / n as f64 }
    }
}

/// Root of the exponentially weighted mean of squared one-bar log returns, started with the first of them.
///
/// Source: J. P. Morgan/Reuters, "RiskMetrics technical document" (1996), section 5.2.
pub(super) fn ewma_volatility(close: &[f64]) -> Vec<f64> {
    let mut variance = f64::NAN;
    (0..close.len())
        .map(|t| {
            if t > 0 {
                let step = (close[t] / close[t - 1]).ln();
                variance = if t == 1 { step * step } else { DECAY * variance + (1.0 - DECAY) * step * step };
            }
            if t < WARM_UP { f64::NAN } else { variance.sqrt() }
        })
        .collect()
}

/// Labels of every bar. `cost`: round trip as a fraction of the traded value, which a `volatility` entry must exceed.
///
/// Triple barrier after Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 3.4: both barriers in
/// one bar count as the lower; none within h bars is neither entry nor exit.
pub fn make_labels(bars: &[Bar], config: &LabelsConfig, cost: f64) -> Labels {
    let h = config.prediction_horizon;
    let n = bars.len();
    let close: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let sigma = ewma_volatility(&close);
    let missing = || vec![f64::NAN; n];
    let mut labels = Labels {
        horizon: h,
        forward_return: missing(),
        entry: missing(),
        exit: missing(),
        volatility: missing(),
        sigma,
    };
    if h == 0 {
        return labels;
    }
    for t in 0..n.saturating_sub(h) {
        let base = match config.base {
            LabelBase::NextOpen => bars[t + 1].open,
            LabelBase::Close => bars[t].close,
        };
        let r = close[t + h] / base - 1.0;
        let squares: f64 = close[t..=t + h].windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).sum();
        labels.forward_return[t] = r;
        labels.volatility[t] = (squares / h as f64).sqrt();
        let reach = labels.sigma[t] * (h as f64).sqrt();
        let verdict = match config.mode {
            LabelMode::Fixed => Some((r > FIXED_ENTRY, r < FIXED_EXIT)),
            LabelMode::Volatility => {
                (!reach.is_nan()).then(|| (r > config.entry_k * reach + cost, r < -config.exit_k * reach))
            }
            LabelMode::Context => None,
            // Without volatility both barriers would lie on the close.
            LabelMode::TripleBarrier => {
                (reach > 0.0).then(|| first_touch(&bars[t + 1..=t + h], close[t], config.barrier_width * reach))
            }
        };
        if let Some((entry, exit)) = verdict {
            labels.entry[t] = f64::from(u8::from(entry));
            labels.exit[t] = f64::from(u8::from(exit));
        }
    }
    labels
}

/// Whether the upper and the lower barrier is touched first.
fn first_touch(after: &[Bar], close: f64, distance: f64) -> (bool, bool) {
    let (upper, lower) = (close * distance.exp(), close * (-distance).exp());
    for bar in after {
        if bar.low <= lower {
            return (false, true);
        }
        if bar.high >= upper {
            return (true, false);
        }
    }
    (false, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(t: usize, open: f64, close: f64, reach: f64) -> Bar {
        let (low, high) = (open.min(close) * (1.0 - reach), open.max(close) * (1.0 + reach));
        Bar { timestamp: t as i64 * 60_000, open, high, low, close, volume: 1.0 }
    }

    fn series(steps: &[(f64, f64, f64)]) -> Vec<Bar> {
        let mut before = 100.0;
        let mut bars = Vec::new();
        for (t, &(gap, step, reach)) in steps.iter().enumerate() {
            let open = before * (1.0 + gap);
            before = open * (1.0 + step);
            bars.push(bar(t, open, before, reach));
        }
        bars
    }

    #[test]
    fn a_hand_worked_table() {
        let mut bars: Vec<Bar> = (0..26).map(|t| bar(t, 100.0, 100.0, 0.0)).collect();
        bars[22] = bar(22, 101.0, 102.0, 0.0);
        bars[23] = bar(23, 102.0, 103.02, 0.0);
        let config = |mode, base| LabelsConfig { mode, base, prediction_horizon: 2, ..Default::default() };

        let open = make_labels(&bars, &config(LabelMode::Fixed, LabelBase::NextOpen), 0.0);
        assert!((open.forward_return[21] - (103.02 / 101.0 - 1.0)).abs() < 1e-15);
        assert_eq!((open.entry[21], open.exit[21]), (1.0, 0.0));
        let close = make_labels(&bars, &config(LabelMode::Fixed, LabelBase::Close), 0.0);
        assert!((close.forward_return[21] - 0.0302).abs() < 1e-12);
        assert_eq!((close.entry[23], close.exit[23]), (0.0, 1.0));
        let steps = [1.02_f64.ln(), 1.01_f64.ln()];
        let rms = f64::midpoint(steps[0] * steps[0], steps[1] * steps[1]).sqrt();
        assert!((open.volatility[21] - rms).abs() < 1e-15);

        assert_eq!(open.labelled_until(), 24);
        assert!(open.forward_return[24].is_nan() && open.entry[25].is_nan() && open.volatility[24].is_nan());
        assert!(open.sigma[19].is_nan());
        assert_eq!(open.sigma[20], 0.0);
        assert!((open.sigma[22] - (0.06 * steps[0] * steps[0]).sqrt()).abs() < 1e-15);

        // Flat until bar 21: a volatility entry needs the cost, a barrier needs a volatility.
        let dear = make_labels(&bars, &config(LabelMode::Volatility, LabelBase::Close), 0.05);
        assert_eq!(
            (dear.entry[21], make_labels(&bars, &config(LabelMode::Volatility, LabelBase::Close), 0.03).entry[21]),
            (0.0, 1.0)
        );
        assert!(make_labels(&bars, &config(LabelMode::TripleBarrier, LabelBase::Close), 0.0).entry[21].is_nan());
        assert_eq!(open.base_rate(20..24), BaseRate { n: 4, entry: 0.5, exit: 0.25 });
        assert!(open.base_rate(24..26).entry.is_nan());
    }

    #[test]
    fn a_bar_that_touches_both_barriers_counts_as_the_lower() {
        let wild = bar(1, 100.0, 100.0, 0.5);
        assert_eq!(first_touch(&[wild], 100.0, 0.1), (false, true));
        let up = Bar { low: 100.0, ..wild };
        assert_eq!(first_touch(&[up, wild], 100.0, 0.1), (true, false));
        assert_eq!(first_touch(&[bar(1, 100.0, 100.0, 0.01)], 100.0, 0.1), (false, false));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn labels_equal_a_plain_reading_of_their_definition(
            steps in prop::collection::vec((-0.01..0.01, -0.03..0.03, 0.0..0.02), 0..90),
            h in 1_usize..9, mode in 0_usize..3, next_open in any::<bool>(), cost in 0.0..0.01,
        ) {
            let bars = series(&steps);
            let mode = [LabelMode::Fixed, LabelMode::Volatility, LabelMode::TripleBarrier][mode];
            let base = if next_open { LabelBase::NextOpen } else { LabelBase::Close };
            let config = LabelsConfig { mode, base, prediction_horizon: h, entry_k: 0.4, exit_k: 0.7, barrier_width: 0.8 };
            let labels = make_labels(&bars, &config, cost);
            let step = |t: usize| bars[t].close.ln() - bars[t - 1].close.ln();
            for t in 0..bars.len() {
                // The EWMA unrolled: weight 0.06 x 0.94^age, all that is left on the first.
                let variance: f64 = (1..=t)
                    .map(|s| step(s).powi(2) * 0.94_f64.powi((t - s) as i32) * if s == 1 { 1.0 } else { 0.06 })
                    .sum();
                let reach = variance.sqrt() * (h as f64).sqrt();
                prop_assert_eq!(labels.sigma[t].is_nan(), t < 20);
                if t >= 20 {
                    prop_assert!((labels.sigma[t] - variance.sqrt()).abs() < 1e-12);
                }
                if t + h >= bars.len() {
                    prop_assert!(labels.forward_return[t].is_nan() && labels.entry[t].is_nan());
                    prop_assert!(labels.exit[t].is_nan() && labels.volatility[t].is_nan());
                    continue;
                }
                let start = if next_open { bars[t + 1].open } else { bars[t].close };
                let r = (bars[t + h].close - start) / start;
                prop_assert!((labels.forward_return[t] - r).abs() < 1e-12);
                let rms = ((1..=h).map(|i| step(t + i).powi(2)).sum::<f64>() / h as f64).sqrt();
                prop_assert!((labels.volatility[t] - rms).abs() < 1e-12);
                if mode != LabelMode::Fixed && t < 20 {
                    prop_assert!(labels.entry[t].is_nan() && labels.exit[t].is_nan());
                    continue;
                }
                let touched = |up: bool| (1..=h).find(|i| {
                    let b = &bars[t + i];
                    if up { (b.high / bars[t].close).ln() >= 0.8 * reach } else { (b.low / bars[t].close).ln() <= -0.8 * reach }
                });
                let (entry, exit) = match mode {
                    LabelMode::Fixed => (r > 0.01, r < -0.005),
                    LabelMode::Volatility => (r > 0.4 * reach + cost, r < -0.7 * reach),
                    LabelMode::TripleBarrier => match (touched(true), touched(false)) {
                        (Some(up), Some(down)) => (up < down, down <= up),
                        (up, down) => (up.is_some(), down.is_some()),
                    },
                };
                prop_assert_eq!(labels.entry[t], f64::from(u8::from(entry)));
                prop_assert_eq!(labels.exit[t], f64::from(u8::from(exit)));
            }
        }
    }
}
