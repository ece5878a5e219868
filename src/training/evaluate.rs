use super::gate::spread;
use super::metrics::{LearnedMetrics, TaskLosses};
use super::{TrainError, TrainingSet};
use crate::models::{Losses, Network, Objective, Probe};
use crate::stats;

/// Windows whose attention entropy is measured.
const ENTROPY_WINDOWS: usize = 64;

/// Validation without noise.
pub(super) struct Evaluation {
    pub(super) losses: TaskLosses,
    pub(super) score: f64,
    pub(super) learned: LearnedMetrics,
    pub(super) kl: Vec<f64>,
    pub(super) attention_entropy: Vec<Vec<f64>>,
}

/// Adds the losses of a batch of `n` windows (by weight) to `sums`.
pub(super) fn add_losses(sums: &mut TaskLosses, losses: &Losses, n: f64) -> candle_core::Result<()> {
    let number = |t: &candle_core::Tensor| -> candle_core::Result<f64> {
        Ok(t.to_dtype(candle_core::DType::F64)?.to_scalar::<f64>()? * n)
    };
    let [entry, exit, expected_return, volatility, vae] = &losses.tasks[..] else {
        candle_core::bail!("{} task losses instead of 5", losses.tasks.len())
    };
    sums.entry += number(entry)?;
    sums.exit += number(exit)?;
    sums.expected_return += number(expected_return)?;
    sums.volatility += number(volatility)?;
    sums.vae += number(vae)?;
    sums.size += number(&losses.size)?;
    Ok(())
}

impl TaskLosses {
    pub(super) fn divided(self, n: f64) -> Self {
        Self {
            entry: self.entry / n,
            exit: self.exit / n,
            expected_return: self.expected_return / n,
            volatility: self.volatility / n,
            vae: self.vae / n,
            size: self.size / n,
        }
    }

    /// The first loss that is not finite.
    pub(super) fn culprit(&self) -> Option<&'static str> {
        let Self { entry, exit, expected_return, volatility, vae, size } = *self;
        [
            ("the entry loss", entry),
            ("the exit loss", exit),
            ("the return loss", expected_return),
            ("the volatility loss", volatility),
            ("the VAE loss", vae),
            ("the size loss", size),
        ]
        .into_iter()
        .find(|(_, value)| !value.is_finite())
        .map(|(name, _)| name)
    }
}

/// Runs the network over the validation bars in order.
pub(super) fn evaluate(
    network: &Network,
    objective: &Objective,
    set: &TrainingSet<'_>,
    positive: [f64; 2],
    constants: [f64; 4],
    batch_size: usize,
) -> Result<Evaluation, TrainError> {
    let mut sums = TaskLosses::default();
    let mut kl = vec![0.0; network.config().latent_dim];
    let mut forecasts: [Vec<f64>; 4] = Default::default();
    for bars in set.validation.chunks(batch_size) {
        let (x, targets) = set.batch(bars, network.device())?;
        let outputs = network.forecast(&x)?;
        let losses = objective.balanced_losses(network, &outputs, &targets, positive)?;
        add_losses(&mut sums, &losses, bars.len() as f64)?;
        for (sum, value) in kl.iter_mut().zip(losses.kl.to_vec1::<f32>()?) {
            *sum += f64::from(value) * bars.len() as f64;
        }
        let columns = [&outputs.entry_logit, &outputs.exit_logit, &outputs.expected_return, &outputs.volatility];
        for (forecast, column) in forecasts.iter_mut().zip(columns) {
            forecast.extend(column.to_vec1::<f32>()?.into_iter().map(f64::from));
        }
    }
    let n = set.validation.len();
    let losses = sums.divided(n as f64);
    let tasks = [losses.entry, losses.exit, losses.expected_return, losses.volatility];
    let score = tasks.iter().zip(constants).map(|(loss, constant)| loss / constant).sum::<f64>() / 4.0;
    let truth = set.targets.columns(set.validation);
    let mut learned = learned(&forecasts, &truth);
    learned.volatility_baseline = set.volatility.and_then(|all| {
        let guess: Vec<f64> = set.validation.iter().map(|&t| all[t]).collect();
        finite(stats::correlation(&guess, &truth[3]))
    });
    let kl = kl.into_iter().map(|sum| sum / n as f64).collect();
    Ok(Evaluation { losses, score, learned, kl, attention_entropy: attention_entropy(network, set)? })
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn learned(forecasts: &[Vec<f64>; 4], truth: &[Vec<f64>; 4]) -> LearnedMetrics {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let brier = forecasts[0].iter().zip(&truth[0]).map(|(&f, &y)| (sigmoid(f) - y).powi(2)).collect::<Vec<_>>();
    LearnedMetrics {
        entry_auc: finite(stats::auc(&forecasts[0], &truth[0])),
        entry_brier: stats::mean(&brier),
        exit_auc: finite(stats::auc(&forecasts[1], &truth[1])),
        return_ic: finite(stats::correlation(&forecasts[2], &truth[2])),
        return_rank_ic: finite(stats::correlation(&stats::ranks(&forecasts[2]), &stats::ranks(&truth[2]))),
        volatility_correlation: finite(stats::correlation(&forecasts[3], &truth[3])),
        volatility_baseline: None,
    }
}

/// Mean entropy of the attention rows per layer and head, as a share of uniform attention's; nothing without attention.
fn attention_entropy(network: &Network, set: &TrainingSet<'_>) -> Result<Vec<Vec<f64>>, TrainError> {
    let (x, _) = set.batch(&spread(set.validation, ENTROPY_WINDOWS), network.device())?;
    let mut probe = Probe::recording();
    network.observe(&x, &mut probe)?;
    let uniform = network.uniform_entropy();
    probe
        .attention
        .iter()
        .map(|weights| {
            let logs = (weights + 1e-12)?.log()?;
            let entropy = (weights * logs)?.sum(3)?.mean(2)?.mean(0)?; // (H), negative
            Ok(entropy.to_vec1::<f32>()?.into_iter().map(|h| -f64::from(h) / uniform).collect())
        })
        .collect()
}
