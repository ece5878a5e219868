//! Is there an edge? The network's entry loss on the test slice against the best trivial forecaster.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::calibration::log_loss;
use super::effective::effective_n;
use crate::stats::{Interval, auc, block_bootstrap, block_length};

const RESAMPLES: usize = 2000;
const AUC_RESAMPLES: usize = 500;
const RATE_BARS: usize = 20;

/// What [`Verdict::new`] needs.
#[derive(Debug, Clone)]
pub struct VerdictInput<'a> {
    /// Entry labels of all bars from the first to the end of the test slice; none where there is no label.
    pub labels: &'a [Option<bool>],
    /// Bars of the train slice.
    pub train: Range<usize>,
    /// Bars of the calibration slice, which may be empty: what the calibrator knows a constant forecaster may know too.
    pub calibration: Range<usize>,
    /// Bars of the test slice.
    pub test: Range<usize>,
    /// Entry probability of each test bar; NaN without a prediction.
    pub probability: &'a [f64],
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Seed of the interval.
    pub seed: u64,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VerdictError {
    /// Ranges and slices do not fit together.
    #[error("train {train:?} and test {test:?} do not fit {bars} labels and {probabilities} test probabilities")]
    Shape {
        /// Bars of the train slice.
        train: Range<usize>,
        /// Bars of the test slice.
        test: Range<usize>,
        /// Labels given.
        bars: usize,
        /// Probabilities given.
        probabilities: usize,
    },
    /// The train slice has no labels.
    #[error("the train slice {train:?} has no labels, so there is no base rate to beat; check the label settings")]
    NoTrainLabels {
        /// Bars of the train slice.
        train: Range<usize>,
    },
    /// No test bar can be judged.
    #[error("no test bar has both a prediction and a label; use a test slice longer than the horizon")]
    NoTestBars,
}

/// Loss of one trivial forecaster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineLoss {
    /// What it does.
    pub name: String,
    /// Mean log loss on the same test bars, in nats.
    pub loss: f64,
}

/// Whether the network beats the best trivial forecaster on the test slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// True only if the whole interval of `delta` is above 0.
    pub edge: bool,
    /// Mean log loss of the best baseline minus the network's, in nats per bar; above 0 the network is better.
    pub delta: f64,
    /// Lower end of the 95 % interval of `delta` (moving-block bootstrap).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Name of the best baseline, the one with the least loss on these bars.
    pub baseline: String,
    /// Test bars judged.
    pub n: usize,
    /// Effective number of those bars, given that labels overlap.
    pub n_eff: f64,
    /// Area under the ROC curve with its interval; an edge needs it above 0.5. None with one class only.
    pub auc: Option<Interval>,
    /// The network's mean log loss in nats.
    pub loss: f64,
    /// All baselines.
    pub baselines: Vec<BaselineLoss>,
    /// The verdict in words.
    pub sentence: String,
}

impl Verdict {
    /// Judges the test bars that have both a prediction and a label.
    pub fn new(input: &VerdictInput<'_>) -> Result<Self, VerdictError> {
        let VerdictInput { labels, train, calibration, test, probability, horizon, seed } = input;
        let fits = test.len() == probability.len() && test.end.max(train.end) <= labels.len();
        if !fits || train.end > test.start || calibration.end > test.start {
            return Err(VerdictError::Shape {
                train: train.clone(),
                test: test.clone(),
                bars: labels.len(),
                probabilities: probability.len(),
            });
        }
        let forecasters = Baselines::fit(labels, train.clone(), calibration.clone(), test.start, *horizon)?;
        let judged: Vec<(usize, f64, bool)> = test
            .clone()
            .zip(*probability)
            .filter(|(_, p)| p.is_finite())
            .filter_map(|(t, p)| labels[t].map(|label| (t, *p, label)))
            .collect();
        if judged.is_empty() {
            return Err(VerdictError::NoTestBars);
        }
        let n = judged.len();
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / n as f64;
        let network: Vec<f64> = judged.iter().map(|(_, p, label)| log_loss(*p, *label)).collect();
        let losses = Baselines::NAMES.map(|name| {
            let losses: Vec<f64> =
                judged.iter().map(|(t, _, label)| log_loss(forecasters.forecast(name, labels, *t), *label)).collect();
            (name, mean(&losses), losses)
        });
        let (baseline, _, best) =
            losses.iter().reduce(|a, b| if b.1 < a.1 { b } else { a }).ok_or(VerdictError::NoTestBars)?;
        let difference: Vec<f64> = best.iter().zip(&network).map(|(b, n)| b - n).collect();
        let interval = block_bootstrap(n, block_length(n, *horizon), RESAMPLES, 0.95, *seed, |rows| {
            rows.iter().map(|&t| difference[t]).sum::<f64>() / rows.len() as f64
        });
        let mut used = vec![false; test.len()];
        for (t, ..) in &judged {
            used[t - test.start] = true;
        }
        let auc = rank_skill(&judged, *horizon, *seed);
        let mut verdict = Self {
            edge: interval.low > 0.0 && auc.is_some_and(|auc| auc.low > 0.5),
            auc,
            delta: interval.estimate,
            low: interval.low,
            high: interval.high,
            baseline: (*baseline).to_owned(),
            n,
            n_eff: effective_n(&used, *horizon),
            loss: mean(&network),
            baselines: losses
                .iter()
                .map(|(name, loss, _)| BaselineLoss { name: (*name).to_owned(), loss: *loss })
                .collect(),
            sentence: String::new(),
        };
        verdict.sentence = verdict.words();
        Ok(verdict)
    }

    fn words(&self) -> String {
        let Self { delta, low, high, baseline, n, n_eff, .. } = self;
        let lead = match () {
            () if self.edge => "Edge: the network forecasts entries better than",
            () if *high < 0.0 => "No edge: the network forecasts entries worse than",
            () => "No edge: on this test slice the network cannot be told from",
        };
        let ranking = self.auc.map_or("no ranking to judge".to_owned(), |auc| {
            format!("AUC {:.3} (95 % {:.3} to {:.3})", auc.estimate, auc.low, auc.high)
        });
        format!(
            "{lead} the {baseline}: log loss better by {delta:+.4} (95 % {low:+.4} to {high:+.4}) nats per bar, {ranking}, \
             {n} bars worth about {n_eff:.0} independent ones."
        )
    }
}

/// Area under the ROC curve of the judged forecasts with its block-bootstrap interval; none with one class only.
fn rank_skill(judged: &[(usize, f64, bool)], horizon: usize, seed: u64) -> Option<Interval> {
    let n = judged.len();
    let interval = block_bootstrap(n, block_length(n, horizon), AUC_RESAMPLES, 0.95, seed, |rows| {
        let scores: Vec<f64> = rows.iter().map(|&i| judged[i].1).collect();
        let labels: Vec<f64> = rows.iter().map(|&i| f64::from(u8::from(judged[i].2))).collect();
        auc(&scores, &labels)
    });
    (interval.estimate.is_finite() && interval.low.is_finite()).then_some(interval)
}

/// Trivial forecasters with parameters from before the test slice. At bar t they know the labels of bars up to
/// t - horizon, which look no further than bar t.
struct Baselines {
    horizon: usize,
    base_rate: f64,
    /// Rate of positives on the calibration slice.
    calibration_rate: f64,
    /// Rate of positives among all labels known when the test slice begins.
    past_rate: f64,
    /// Rate of positives after a known negative and after a known positive label.
    after: [f64; 2],
}

impl Baselines {
    const BASE_RATE: &str = "training base rate";
    const PERSISTENCE: &str = "last known label";
    const RECENT_RATE: &str = "rate of the last 20 known labels";
    const CALIBRATION_RATE: &str = "calibration base rate";
    const PAST_RATE: &str = "base rate of all earlier bars";
    const NAMES: [&str; 5] =
        [Self::BASE_RATE, Self::CALIBRATION_RATE, Self::PAST_RATE, Self::PERSISTENCE, Self::RECENT_RATE];

    fn fit(
        labels: &[Option<bool>],
        train: Range<usize>,
        calibration: Range<usize>,
        test_start: usize,
        horizon: usize,
    ) -> Result<Self, VerdictError> {
        let (mut hits, mut n) = (0.0, 0.0);
        let mut after = [[0.0; 2]; 2];
        for t in train.clone() {
            let Some(label) = labels[t] else { continue };
            let hit = f64::from(u8::from(label));
            hits += hit;
            n += 1.0;
            let known = t.checked_sub(horizon).filter(|s| train.contains(s)).and_then(|s| labels[s]);
            if let Some(known) = known {
                after[usize::from(known)][0] += hit;
                after[usize::from(known)][1] += 1.0;
            }
        }
        if n == 0.0 {
            return Err(VerdictError::NoTrainLabels { train });
        }
        // Half a hit on each side keeps a one-sided slice from certainty.
        let base_rate = (hits + 0.5) / (n + 1.0);
        let rate = |[hits, n]: [f64; 2]| (hits + base_rate) / (n + 1.0);
        let rate_of = |range: Range<usize>| {
            let known = labels[range].iter().flatten();
            rate(known.fold([0.0, 0.0], |[hits, n], label| [hits + f64::from(u8::from(*label)), n + 1.0]))
        };
        Ok(Self {
            horizon,
            base_rate,
            calibration_rate: rate_of(calibration),
            past_rate: rate_of(0..(test_start + 1).saturating_sub(horizon)),
            after: after.map(rate),
        })
    }

    fn forecast(&self, name: &str, labels: &[Option<bool>], t: usize) -> f64 {
        let known = &labels[..(t + 1).saturating_sub(self.horizon)];
        match name {
            Self::PERSISTENCE => {
                known.iter().rev().flatten().next().map_or(self.base_rate, |l| self.after[usize::from(*l)])
            }
            Self::RECENT_RATE => {
                let (mut hits, mut n) = (0.0, 0.0);
                for label in known.iter().rev().flatten().take(RATE_BARS) {
                    hits += f64::from(u8::from(*label));
                    n += 1.0;
                }
                (hits + self.base_rate) / (n + 1.0)
            }
            Self::CALIBRATION_RATE => self.calibration_rate,
            Self::PAST_RATE => self.past_rate,
            _ => self.base_rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const HORIZON: usize = 4;

    /// 1200 bars; labels overlap over the horizon. The forecaster knows the train rate, noise, and `skill` of the label.
    fn planted(skill: f64, seed: u64) -> Verdict {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shocks: Vec<f64> = (0..1200 + HORIZON).map(|_| rng.random::<f64>() - 0.5).collect();
        let up = |t: usize| shocks[t + 1..=t + HORIZON].iter().sum::<f64>() > 0.1;
        let labels: Vec<Option<bool>> = (0..1200).map(|t| Some(up(t))).collect();
        let rate = (0..600).filter(|t| up(*t)).count() as f64 / 600.0;
        let probability: Vec<f64> = (700..1200)
            .map(|t| rate + 0.1 * (rng.random::<f64>() - 0.5) + skill * (f64::from(u8::from(up(t))) - rate))
            .collect();
        let input = VerdictInput {
            labels: &labels,
            train: 0..600,
            calibration: 610..690,
            test: 700..1200,
            probability: &probability,
            horizon: HORIZON,
            seed,
        };
        Verdict::new(&input).unwrap()
    }

    #[test]
    fn noise_has_no_edge() {
        let alarms = (0..40).filter(|seed| planted(0.0, *seed).edge).count();
        assert!(alarms <= 2, "{alarms} of 40");
        let verdict = planted(0.0, 1);
        assert!(verdict.sentence.starts_with("No edge"), "{}", verdict.sentence);
        assert!(verdict.n == 500 && (120.0..135.0).contains(&verdict.n_eff));
    }

    #[test]
    fn a_planted_signal_has_an_edge() {
        let found = (0..20).filter(|seed| planted(0.3, *seed).edge).count();
        assert_eq!(found, 20);
        let verdict = planted(0.3, 1);
        assert!(verdict.low > 0.0 && verdict.sentence.starts_with("Edge"), "{}", verdict.sentence);
        let best = verdict.baselines.iter().map(|b| b.loss).fold(f64::INFINITY, f64::min);
        assert!((best - verdict.loss - verdict.delta).abs() < 1e-12);
    }

    #[test]
    fn persistence_must_be_beaten_too() {
        // Labels come in long runs; a forecaster that only knows the base rate loses to the last known label.
        let labels: Vec<Option<bool>> = (0..1200).map(|t| Some(t / 100 % 2 == 0)).collect();
        let probability = vec![0.5; 500];
        let input = VerdictInput {
            labels: &labels,
            train: 0..600,
            calibration: 610..690,
            test: 700..1200,
            probability: &probability,
            horizon: HORIZON,
            seed: 1,
        };
        let verdict = Verdict::new(&input).unwrap();
        assert!(!verdict.edge && verdict.baseline != "training base rate", "{}", verdict.sentence);
    }

    #[test]
    fn baselines_use_only_known_labels() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let labels: Vec<Option<bool>> = (0..300).map(|_| Some(rng.random())).collect();
        let baselines = Baselines::fit(&labels, 0..150, 150..150, 160, HORIZON).unwrap();
        for t in [160, 200, 299] {
            let mut other = labels.clone();
            other[t - HORIZON + 1..].iter_mut().for_each(|l| *l = l.map(|l| !l));
            let mut seen = labels.clone();
            seen[t - HORIZON] = seen[t - HORIZON].map(|l| !l);
            for name in Baselines::NAMES {
                assert_eq!(baselines.forecast(name, &labels, t), baselines.forecast(name, &other, t), "{name}");
            }
            for name in [Baselines::PERSISTENCE, Baselines::RECENT_RATE] {
                assert_ne!(baselines.forecast(name, &labels, t), baselines.forecast(name, &seen, t), "{name}");
            }
        }
        // A forecaster of drifted base rate knows no more than the calibration slice does.
        let drifted: Vec<Option<bool>> = (0..1200).map(|t| Some(t % 5 == 0 || (t < 600 && t % 2 == 0))).collect();
        let verdict = Verdict::new(&VerdictInput {
            labels: &drifted,
            train: 0..600,
            calibration: 610..690,
            test: 700..1200,
            probability: &[0.2; 500],
            horizon: HORIZON,
            seed: 1,
        })
        .unwrap();
        assert!(!verdict.edge, "{}", verdict.sentence);
        // The last known label of the train slice is bar 149 whatever comes after.
        let again = Baselines::fit(&labels[..200], 0..150, 150..150, 160, HORIZON).unwrap();
        assert_eq!((again.base_rate, again.after), (baselines.base_rate, baselines.after));
    }

    #[test]
    fn refusals() {
        let labels = vec![None; 100];
        let (train, calibration, test) = (0..50, 52..58, 60..100);
        let probability = &[0.5; 40];
        let mut input = VerdictInput { labels: &labels, train, calibration, test, probability, horizon: 2, seed: 1 };
        assert!(matches!(Verdict::new(&input), Err(VerdictError::NoTrainLabels { .. })));
        let labels: Vec<_> = (0..100).map(|t| (t < 60).then_some(true)).collect();
        input.labels = &labels;
        assert_eq!(Verdict::new(&input), Err(VerdictError::NoTestBars));
        input.test = 70..100;
        assert!(matches!(Verdict::new(&input), Err(VerdictError::Shape { .. })));
    }
}
