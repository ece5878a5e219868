use candle_core::{DType, Tensor};

use super::gate::spread;
use super::{TrainError, TrainingSet};
use crate::models::{Network, Objective, Probe};
use crate::nn::{Noise, Params};
use crate::stats;

/// Windows that look for dead units.
const WINDOWS: usize = 64;
/// Gradient norm of a unit's weights, relative to the median unit of its matrix, below which it is dead.
const DEAD: f64 = 1e-6;

/// Root of the mean square of the `n` one-bar log returns up to each bar, known at its close; NaN on the first `n` bars.
/// The baseline a learned volatility has to beat.
pub fn historical_volatility(closes: &[f64], n: usize) -> Vec<f64> {
    let squares: Vec<f64> = closes.windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).collect();
    (0..closes.len()).map(|t| if t < n { f64::NAN } else { stats::mean(&squares[t - n..t]).sqrt() }).collect()
}

/// All parameters in one vector, in name order.
pub(super) fn flat(params: &Params) -> candle_core::Result<Vec<f32>> {
    let mut all = Vec::with_capacity(params.count());
    for (_, var) in params.iter() {
        all.extend(var.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(all)
}

/// |after - before| / |before|, in L2 norm.
pub(super) fn relative_change(before: &[f32], after: &[f32]) -> f64 {
    let norm = |squares: &mut dyn Iterator<Item = f64>| squares.sum::<f64>().sqrt();
    let moved = norm(&mut before.iter().zip(after).map(|(a, b)| (f64::from(*b) - f64::from(*a)).powi(2)));
    moved / norm(&mut before.iter().map(|a| f64::from(*a).powi(2)))
}

/// Units (rows of weight matrices) and those of them that no gradient reaches on some validation windows. `batch` keys
/// the noise, which is on: a latent's variance learns only through it.
pub(super) fn dead_units(
    network: &Network,
    objective: &Objective,
    set: &TrainingSet<'_>,
    seed: u64,
    batch: u64,
) -> Result<(usize, usize), TrainError> {
    let (x, targets) = set.batch(&spread(set.validation, WINDOWS), network.device())?;
    let outputs = network.forward(&x, &mut Noise::at(seed, u64::MAX - batch), &mut Probe::default())?;
    let gradients = objective.losses(network, &outputs, &targets)?.total.backward()?;
    let (mut units, mut dead) = (0, 0);
    for (_, var) in network.params().iter().filter(|(_, var)| var.rank() >= 2) {
        let rows = var.dims()[0];
        units += rows;
        dead += match gradients.get(var) {
            Some(gradient) => without_gradient(gradient)?,
            None => rows,
        };
    }
    Ok((dead, units))
}

fn without_gradient(gradient: &Tensor) -> candle_core::Result<usize> {
    let squares = gradient.to_dtype(DType::F64)?.flatten_from(1)?.sqr()?.sum(1)?;
    let norms: Vec<f64> = squares.to_vec1::<f64>()?.into_iter().map(f64::sqrt).collect();
    let least = DEAD * stats::median(&norms);
    Ok(norms.iter().filter(|norm| **norm <= least).count())
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::config::{Norm, Pooling};
    use crate::training::planted::{World, network, shape};

    #[test]
    fn historical_volatility_by_hand() {
        let e = std::f64::consts::E;
        let found = historical_volatility(&[1.0, e, e, 1.0, 1.0], 2);
        assert!(found[0].is_nan() && found[1].is_nan());
        let root = 0.5_f64.sqrt();
        for (value, want) in found[2..].iter().zip([root, root, root]) {
            assert!((value - want).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn relative_change_by_hand() {
        assert_eq!(relative_change(&[3.0, 4.0], &[3.0, 4.0]), 0.0);
        assert_eq!(relative_change(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        assert_eq!(relative_change(&[0.0, 4.0], &[3.0, 4.0]), 0.75);
    }

    #[test]
    fn a_unit_behind_a_closed_gate_is_dead() {
        let world = World::new(60);
        let network = network(&shape(Norm::Pre, Pooling::Mean));
        let objective = Objective { return_variance: 1e-4, beta: 1e-3, focal: 0.0 };
        let (dead, units) = dead_units(&network, &objective, &world.set(), 1, 0).unwrap();
        assert_eq!(dead, 0);
        let rows: usize = network.params().iter().filter(|(_, v)| v.rank() == 2).map(|(_, v)| v.dims()[0]).sum();
        assert_eq!(units, rows);
        // GELU is flat far on the negative side.
        let (name, bias) =
            network.params().iter().find(|(name, _)| name.starts_with("head.entry") && name.ends_with("bias")).unwrap();
        let mut values = bias.to_vec1::<f32>().unwrap();
        values[0] = -1e4;
        let close: &Var = bias;
        close.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
        assert_eq!(dead_units(&network, &objective, &world.set(), 1, 0).unwrap(), (1, units), "{name}");
    }
}
