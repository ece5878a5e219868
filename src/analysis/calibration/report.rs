use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibrator::logistic;
use super::{CalibrationError, check, logit};
use crate::analysis::bins::equal_mass;
use crate::analysis::effective::effective_n;
use crate::stats::{Interval, block_bootstrap, block_length, normal_quantile, quantile, std_population};

const BINS: usize = 10;
const NULL_DRAWS: u64 = 1000;
const RESAMPLES: usize = 200;

/// One bin of the reliability diagram; all bins hold about the same number of forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean forecast.
    pub mean_p: f64,
    /// Share of positive labels.
    pub frequency: f64,
    /// Forecasts in the bin.
    pub n: usize,
    /// Lower edge of the 95 % band of a calibrated forecaster, simultaneous over all bins.
    pub band_low: f64,
    /// Upper edge.
    pub band_high: f64,
}

/// What the report concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationVerdict {
    /// Slope 1 and no bias lie within their intervals, and the error within its null.
    WellCalibrated,
    /// Right on average, but no resolution: the slope's interval reaches down to 0.
    Unresolved,
    /// Slope clearly below 1: probabilities too extreme.
    Overconfident,
    /// Slope clearly above 1: probabilities too timid.
    Underconfident,
    /// Too high or too low throughout, or off in places.
    Biased,
}

/// How probabilities compare with what happened, on one slice in time order. Intervals are 95 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// Forecasts.
    pub n: usize,
    /// Effective number of forecasts, given that labels overlap.
    pub n_eff: f64,
    /// Reliability diagram by rising probability; equal probabilities share a bin, so there may be fewer than ten.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: mean distance between frequency and mean forecast over the bins.
    pub ece: f64,
    /// What 95 % of perfectly calibrated forecasters with these probabilities stay below.
    pub ece_null95: f64,
    /// Mean squared error of the probabilities.
    pub brier: f64,
    /// Murphy's reliability of the binned forecasts (lower is better); reliability - resolution + uncertainty is the
    /// Brier score of the bins' mean forecasts.
    pub reliability: f64,
    /// Murphy's resolution of the binned forecasts (higher is better).
    pub resolution: f64,
    /// Base rate x (1 - base rate).
    pub uncertainty: f64,
    /// Mean negative log likelihood in nats.
    pub log_loss: f64,
    /// Slope of the labels' log odds on the forecast's; 1 is right, below 1 is overconfident. None for a constant
    /// forecast.
    pub slope: Option<Interval>,
    /// Calibration in the large: shift in log odds with the slope held at 1; 0 is right, above 0 the forecasts are too
    /// low.
    pub intercept: Interval,
    /// The conclusion.
    pub verdict: CalibrationVerdict,
    /// The conclusion in words.
    pub sentence: String,
}

impl CalibrationReport {
    /// Judges `probabilities` against `labels` that look `horizon` bars ahead.
    ///
    /// The null of the error and of the band draws labels that are true with the stated probabilities and overlap like
    /// the real ones (a moving sum of `horizon` normal shocks, thresholded). Intervals come from a block bootstrap.
    ///
    /// Sources: Murphy, "A new vector partition of the probability score" (1973); Bröcker & Smith, "Increasing the
    /// reliability of reliability diagrams" (2007); Cox, "Two further applications of a model for binary regression"
    /// (1958).
    pub fn new(probabilities: &[f64], labels: &[bool], horizon: usize, seed: u64) -> Result<Self, CalibrationError> {
        check(probabilities, labels, |p| (0.0..=1.0).contains(&p))?;
        let n = labels.len();
        let truth: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(*l))).collect();
        let bin_of = Binning::new(probabilities);
        let observed = bin_of.frequencies(|t| labels[t]);
        let null = bin_of.null(probabilities, horizon, seed);
        let bins = bin_of.bins(&observed, &null);
        let nulls: Vec<f64> = null.iter().map(|draw| bin_of.error(draw)).collect();
        let (ece, ece_null95) = (bin_of.error(&observed), quantile(&nulls, 0.95));
        let base = truth.iter().sum::<f64>() / n as f64;
        let spread = |center: &dyn Fn(usize) -> f64| -> f64 {
            (0..bins.len()).map(|b| bin_of.share(b) * (observed[b] - center(b)).powi(2)).sum()
        };
        let (slope, intercept) = slope_and_intercept(probabilities, &truth, horizon, seed);
        let verdict = judge(slope, intercept, ece, ece_null95);
        Ok(Self {
            n,
            n_eff: effective_n(&vec![true; n], horizon),
            ece,
            ece_null95,
            brier: probabilities.iter().zip(&truth).map(|(p, y)| (p - y).powi(2)).sum::<f64>() / n as f64,
            reliability: spread(&|b| bins[b].mean_p),
            resolution: spread(&|_| base),
            uncertainty: base * (1.0 - base),
            log_loss: probabilities.iter().zip(labels).map(|(p, l)| log_loss(*p, *l)).sum::<f64>() / n as f64,
            slope,
            intercept,
            verdict,
            sentence: sentence(verdict, slope, intercept, ece, ece_null95),
            bins,
        })
    }
}

/// Negative log likelihood of one forecast in nats, with probabilities kept a millionth away from certainty.
pub(crate) fn log_loss(p: f64, label: bool) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    -(if label { p } else { 1.0 - p }).ln()
}

struct Binning {
    of_row: Vec<usize>,
    mean_p: Vec<f64>,
    n: Vec<usize>,
}

impl Binning {
    fn new(probabilities: &[f64]) -> Self {
        let n = probabilities.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        let mut binning = Self { of_row: vec![0; n], mean_p: Vec::new(), n: Vec::new() };
        for (bin, rows) in equal_mass(&order, probabilities, BINS).into_iter().enumerate() {
            for &row in rows {
                binning.of_row[row] = bin;
            }
            binning.mean_p.push(rows.iter().map(|&row| probabilities[row]).sum::<f64>() / rows.len() as f64);
            binning.n.push(rows.len());
        }
        binning
    }

    fn share(&self, bin: usize) -> f64 {
        self.n[bin] as f64 / self.of_row.len() as f64
    }

    fn frequencies(&self, label: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut hits = vec![0_usize; self.n.len()];
        for (t, bin) in self.of_row.iter().enumerate() {
            hits[*bin] += usize::from(label(t));
        }
        hits.iter().zip(&self.n).map(|(hits, n)| *hits as f64 / *n as f64).collect()
    }

    fn error(&self, frequency: &[f64]) -> f64 {
        (0..frequency.len()).map(|b| self.share(b) * (frequency[b] - self.mean_p[b]).abs()).sum()
    }

    /// Bin frequencies of forecasters that are calibrated by construction.
    fn null(&self, probabilities: &[f64], horizon: usize, seed: u64) -> Vec<Vec<f64>> {
        let horizon = horizon.max(1);
        let threshold: Vec<f64> = probabilities
            .iter()
            .map(|p| normal_quantile(p.clamp(1e-12, 1.0 - 1e-12)) * (horizon as f64).sqrt())
            .collect();
        (0..NULL_DRAWS)
            .into_par_iter()
            .map(|draw| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(draw + 1);
                let mut sums = vec![0.0];
                for t in 0..probabilities.len() + horizon {
                    sums.push(sums[t] + normal(&mut rng));
                }
                self.frequencies(|t| sums[t + horizon] - sums[t] < threshold[t])
            })
            .collect()
    }

    fn bins(&self, observed: &[f64], null: &[Vec<f64>]) -> Vec<ReliabilityBin> {
        let deviation: Vec<f64> =
            (0..self.n.len()).map(|b| std_population(&null.iter().map(|draw| draw[b]).collect::<Vec<_>>())).collect();
        let farthest = |draw: &Vec<f64>| {
            let distance = |b: usize| (draw[b] - self.mean_p[b]).abs() / deviation[b];
            (0..draw.len()).filter(|b| deviation[*b] > 0.0).map(distance).fold(0.0, f64::max)
        };
        let width = quantile(&null.iter().map(farthest).collect::<Vec<_>>(), 0.95);
        (0..self.n.len())
            .map(|b| ReliabilityBin {
                mean_p: self.mean_p[b],
                frequency: observed[b],
                n: self.n[b],
                band_low: (self.mean_p[b] - width * deviation[b]).clamp(0.0, 1.0),
                band_high: (self.mean_p[b] + width * deviation[b]).clamp(0.0, 1.0),
            })
            .collect()
    }
}

/// Standard normal draw (Box & Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

fn slope_and_intercept(p: &[f64], truth: &[f64], horizon: usize, seed: u64) -> (Option<Interval>, Interval) {
    let n = p.len();
    let odds: Vec<f64> = p.iter().map(|p| logit(*p)).collect();
    let fit = |rows: &[usize], start: (f64, f64), free_slope: bool| {
        let x: Vec<f64> = rows.iter().map(|&t| odds[t]).collect();
        let y: Vec<f64> = rows.iter().map(|&t| truth[t]).collect();
        logistic(&x, &y, start, free_slope)
    };
    let interval = |statistic: &(dyn Fn(&[usize]) -> f64 + Sync)| {
        block_bootstrap(n, block_length(n, horizon), RESAMPLES, 0.95, seed, statistic)
    };
    let all: Vec<usize> = (0..n).collect();
    let warm = fit(&all, (1.0, 0.0), true);
    let varies = std_population(&odds) > 1e-9;
    let (slope, intercept) = rayon::join(
        || varies.then(|| interval(&|rows| fit(rows, warm, true).0)),
        || interval(&|rows| fit(rows, (1.0, 0.0), false).1),
    );
    (slope.filter(|s| s.estimate.is_finite() && s.low.is_finite()), intercept)
}

fn judge(slope: Option<Interval>, intercept: Interval, ece: f64, null: f64) -> CalibrationVerdict {
    if slope.is_some_and(|s| s.high < 1.0) {
        CalibrationVerdict::Overconfident
    } else if slope.is_some_and(|s| s.low > 1.0) {
        CalibrationVerdict::Underconfident
    } else if intercept.low > 0.0 || intercept.high < 0.0 || ece > null {
        CalibrationVerdict::Biased
    } else if slope.is_none_or(|s| s.low <= 0.0) {
        CalibrationVerdict::Unresolved
    } else {
        CalibrationVerdict::WellCalibrated
    }
}

fn sentence(verdict: CalibrationVerdict, slope: Option<Interval>, intercept: Interval, ece: f64, null: f64) -> String {
    let slope = slope.map_or_else(
        || "the forecast is constant".to_owned(),
        |s| format!("slope {:.2} (95 % {:.2} to {:.2})", s.estimate, s.low, s.high),
    );
    let bias = match () {
        () if intercept.low > 0.0 => "probabilities are too low on average",
        () if intercept.high < 0.0 => "probabilities are too high on average",
        () => "no bias on average",
    };
    let lead = match verdict {
        CalibrationVerdict::WellCalibrated => "Well calibrated within what this slice can show",
        CalibrationVerdict::Unresolved => {
            "Right on average, but nothing shows that higher probabilities come true more often"
        }
        CalibrationVerdict::Overconfident => "Overconfident: the probabilities are too extreme",
        CalibrationVerdict::Underconfident => "Underconfident: the probabilities are too close to the base rate",
        CalibrationVerdict::Biased => "Biased: frequencies differ from the stated probabilities by more than chance",
    };
    let side = if ece > null { "above" } else { "within" };
    format!("{lead}; {slope}, {bias}; calibration error {ece:.3} {side} the {null:.3} that chance allows.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::sigmoid;

    fn forecasts(n: usize, seed: u64, truth: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let p: Vec<f64> = (0..n).map(|_| sigmoid(1.2 * normal(&mut rng) - 0.3)).collect();
        let labels = p.iter().map(|p| rng.random::<f64>() < truth(*p)).collect();
        (p, labels)
    }

    #[test]
    fn murphy_parts_add_up_to_the_brier_score_of_the_bins() {
        let (p, labels) = forecasts(997, 1, |p| p * p);
        let report = CalibrationReport::new(&p, &labels, 3, 5).unwrap();
        let binning = Binning::new(&p);
        let binned: f64 = labels
            .iter()
            .zip(&binning.of_row)
            .map(|(l, b)| (report.bins[*b].mean_p - f64::from(u8::from(*l))).powi(2))
            .sum::<f64>()
            / 997.0;
        assert!((report.reliability - report.resolution + report.uncertainty - binned).abs() < 1e-12);
        assert_eq!(report.bins.iter().map(|b| b.n).sum::<usize>(), 997);
        assert!(report.bins.iter().all(|b| (99..=100).contains(&b.n)));
    }

    #[test]
    fn a_calibrated_forecaster_stays_within_null_and_band_about_as_often_as_stated() {
        let (mut within, mut inside) = (0, 0);
        for seed in 0..150 {
            let (p, labels) = forecasts(200, 100 + seed, |p| p);
            let binning = Binning::new(&p);
            let observed = binning.frequencies(|t| labels[t]);
            let null = binning.null(&p, 1, seed);
            let nulls: Vec<f64> = null.iter().map(|draw| binning.error(draw)).collect();
            within += usize::from(binning.error(&observed) <= quantile(&nulls, 0.95));
            let bins = binning.bins(&observed, &null);
            inside += usize::from(bins.iter().all(|b| (b.band_low..=b.band_high).contains(&b.frequency)));
        }
        assert!((134..=149).contains(&within), "{within} of 150 below the null");
        assert!((134..=149).contains(&inside), "{inside} of 150 inside the band");
    }

    #[test]
    fn overlap_widens_the_null() {
        let (p, labels) = forecasts(1000, 3, |p| p);
        let single = CalibrationReport::new(&p, &labels, 1, 5).unwrap();
        // Slow forecasts, as overlapping windows give.
        let mut slow = p;
        slow.sort_by(f64::total_cmp);
        let binning = Binning::new(&slow);
        let error95 = |horizon| {
            let errors: Vec<f64> = binning.null(&slow, horizon, 1).iter().map(|d| binning.error(d)).collect();
            quantile(&errors, 0.95)
        };
        assert!(error95(20) > 2.0 * error95(1));
        assert!(single.n_eff > 999.0);
    }

    #[test]
    fn verdicts_name_planted_faults() {
        use CalibrationVerdict::{Biased, Overconfident, Underconfident, WellCalibrated};
        let verdict = |truth: &dyn Fn(f64) -> f64| {
            let (p, labels) = forecasts(4000, 7, truth);
            CalibrationReport::new(&p, &labels, 1, 5).unwrap()
        };
        let well = verdict(&|p| p);
        assert_eq!(well.verdict, WellCalibrated, "{}", well.sentence);
        assert!(well.slope.unwrap().low < 1.0 && well.ece < well.ece_null95);
        assert_eq!(verdict(&|p| sigmoid(0.5 * logit(p))).verdict, Overconfident);
        assert_eq!(verdict(&|p| sigmoid(2.0 * logit(p))).verdict, Underconfident);
        let low = verdict(&|p| sigmoid(logit(p) + 0.6));
        assert_eq!(low.verdict, Biased);
        assert!(low.sentence.contains("too low") && (low.intercept.estimate - 0.6).abs() < 0.1, "{}", low.sentence);
    }

    #[test]
    fn a_constant_forecast_has_one_bin_and_no_slope() {
        let labels: Vec<bool> = (0..200).map(|t| t % 4 == 0).collect();
        let report = CalibrationReport::new(&[0.25; 200], &labels, 1, 5).unwrap();
        assert_eq!((report.bins.len(), report.slope), (1, None));
        assert!(report.ece < 1e-12 && report.verdict == CalibrationVerdict::Unresolved, "{report:?}");
        assert!((report.brier - 0.1875).abs() < 1e-12 && report.resolution.abs() < 1e-12);
        assert!(CalibrationReport::new(&[1.5, 0.5], &[true, false], 1, 5).is_err());
    }
}
