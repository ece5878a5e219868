use candle_core::{Result, Tensor};

use super::{Network, Outputs};
use crate::nn::{bce_with_logits, focal_with_logits, free_bits, kl_per_latent, mse, size_loss};

/// Tasks whose losses are weighed by learned uncertainty, in the order of [`Losses::tasks`].
pub const TASKS: [&str; 5] = ["entry", "exit", "return", "volatility", "vae"];
/// Fixed weight of the size head's loss.
const SIZE_WEIGHT: f64 = 0.1;
/// KL a latent may have for free.
const FREE_BITS: f64 = 0.02;

/// What the network should have said, each `[B]`.
#[derive(Debug, Clone)]
pub struct Targets {
    /// 0 or 1.
    pub entry: Tensor,
    /// 0 or 1.
    pub exit: Tensor,
    /// Forward return in units of s sqrt(h).
    pub expected_return: Tensor,
    /// Realised per-bar volatility in units of s.
    pub volatility: Tensor,
    /// Forward return less round-trip cost, as a fraction.
    pub net_return: Tensor,
    /// How much each window counts in every loss, not negative; all alike when `None`.
    pub weight: Option<Tensor>,
}

/// Constants of the objective, fitted on the training slice.
#[derive(Debug, Clone, Copy)]
pub struct Objective {
    /// Variance of forward returns (fractions).
    pub return_variance: f64,
    /// Weight of KL, after its warm-up.
    pub beta: f64,
    /// Exponent of the focal loss of entry and exit, at least 1; plain cross-entropy when 0.
    pub focal: f64,
}

/// The losses of one batch, all scalars that still hold their graph.
#[derive(Debug, Clone)]
pub struct Losses {
    /// What is minimised.
    pub total: Tensor,
    /// Unweighted task losses, in the order of [`TASKS`].
    pub tasks: Vec<Tensor>,
    /// The size head's loss.
    pub size: Tensor,
    /// KL per latent, `[L]`.
    pub kl: Tensor,
    /// Reconstruction error of the VAE.
    pub reconstruction: Tensor,
}

impl Objective {
    /// Losses of `outputs` against `targets`, weighed by the network's learned log variances s: e^-s L + s/2 for
    /// cross-entropy and VAE, (e^-s L + s)/2 for squared errors, plus the size head's.
    ///
    /// Source: Kendall, Gal & Cipolla, "Multi-task learning using uncertainty" (2018).
    pub fn losses(&self, network: &Network, outputs: &Outputs, targets: &Targets) -> Result<Losses> {
        let weight = targets.weight.as_ref();
        let kl = kl_per_latent(&outputs.mu, &outputs.logvar, weight)?;
        // The target is detached: the encoder may not shrink what it has to reconstruct.
        let reconstruction = mse(&outputs.reconstruction, &outputs.pooled.detach(), weight)?;
        let cross_entropy = |logits: &Tensor, truth: &Tensor| {
            if self.focal > 0.0 {
                focal_with_logits(logits, truth, self.focal, weight)
            } else {
                bce_with_logits(logits, truth, weight)
            }
        };
        let tasks = vec![
            cross_entropy(&outputs.entry_logit, &targets.entry)?,
            cross_entropy(&outputs.exit_logit, &targets.exit)?,
            mse(&outputs.expected_return, &targets.expected_return, weight)?,
            mse(&outputs.volatility, &targets.volatility, weight)?,
            (&reconstruction + (free_bits(&kl, FREE_BITS)? * self.beta)?)?,
        ];
        let size = size_loss(&outputs.size, &targets.net_return, self.return_variance, weight)?;
        let mut total = (&size * SIZE_WEIGHT)?;
        for ((task, loss), s) in TASKS.iter().zip(&tasks).zip(network.log_variances()) {
            let s = s.squeeze(0)?;
            let squared = matches!(*task, "return" | "volatility");
            let precision = (s.neg()?.exp()? * if squared { 0.5 } else { 1.0 })?;
            total = ((total + (precision * loss)?)? + (s * 0.5)?)?;
        }
        Ok(Losses { total, tasks, size, kl, reconstruction })
    }
}
