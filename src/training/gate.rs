use serde::Serialize;

use super::{TrainError, TrainingSet};
use crate::models::{Network, Objective};
use crate::nn::{Gradients, Noise};

/// Windows the gate looks at.
const WINDOWS: usize = 8;
/// Least gradient norm, relative to the median over tensors.
const LEAST: f64 = 1e-9;

/// What reached each parameter before the first epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateReport {
    /// Parameters checked.
    pub tensors: usize,
    /// Median gradient norm over tensors.
    pub median: f64,
    /// Smallest gradient norm and its tensor.
    pub smallest: (String, f64),
}

/// Sends one backward pass over up to 8 training windows and checks that every named tensor gets a finite gradient
/// above 1e-9 of the median tensor's.
///
/// Errors with the names of all tensors that do not. Noise is on (a latent's variance learns only through it), dropout's
/// share of it does not matter. No tensor is exempt.
pub fn gradient_gate(
    network: &Network,
    objective: &Objective,
    set: &TrainingSet<'_>,
    seed: u64,
) -> Result<GateReport, TrainError> {
    let bars: Vec<usize> = spread(set.train, WINDOWS);
    let (x, targets) = set.batch(&bars, network.device())?;
    // The way that the training itself takes.
    let sink = network.sink()?;
    let outputs = network.forward_into(&x, &mut Noise::at(seed, u64::MAX), &sink)?;
    let loss = objective.losses(network, &outputs, &targets)?.total;
    let mut gradients = Gradients::new(network.params());
    gradients.add(network.params(), &loss.backward()?, 1.0)?;
    sink.drain(&mut gradients, 1.0)?;
    judge(&gradients.norms().into_iter().collect::<Vec<_>>())
}

/// `n` of `bars`, evenly spread.
pub(super) fn spread(bars: &[usize], n: usize) -> Vec<usize> {
    let n = n.min(bars.len());
    (0..n).map(|i| bars[i * bars.len() / n]).collect()
}

fn judge(norms: &[(String, f64)]) -> Result<GateReport, TrainError> {
    let mut sorted: Vec<f64> = norms.iter().map(|(_, norm)| *norm).filter(|norm| norm.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let median = crate::stats::quantile_sorted(&sorted, 0.5);
    let failed: Vec<String> = norms
        .iter()
        .filter(|(_, norm)| !(norm.is_finite() && *norm > LEAST * median))
        .map(|(name, norm)| format!("{name} (norm {norm:e})"))
        .collect();
    if !failed.is_empty() {
        return Err(TrainError::Gate(failed));
    }
    let smallest = norms.iter().min_by(|a, b| a.1.total_cmp(&b.1)).cloned().unwrap_or_default();
    Ok(GateReport { tensors: norms.len(), median, smallest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(values: &[f64]) -> Vec<(String, f64)> {
        values.iter().enumerate().map(|(i, v)| (format!("t{i}"), *v)).collect()
    }

    #[test]
    fn zero_tiny_and_infinite_norms_are_named() {
        for bad in [0.0, 1e-12, f64::NAN, f64::INFINITY] {
            let Err(TrainError::Gate(names)) = judge(&named(&[1.0, bad, 2.0])) else { panic!("{bad} passed") };
            assert_eq!(names.len(), 1);
            assert!(names[0].starts_with("t1 "), "{names:?}");
        }
        assert_eq!(judge(&named(&[1.0, 1e-6, 2.0])).unwrap().smallest, ("t1".to_owned(), 1e-6));
    }

    #[test]
    fn spread_covers_the_slice() {
        assert_eq!(spread(&[10, 11, 12, 13, 14, 15], 3), [10, 12, 14]);
        assert_eq!(spread(&[10], 3), [10]);
    }
}
