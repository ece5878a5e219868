use candle_core::Tensor;

use super::TrainError;
use crate::dataset::Inputs;
use crate::models::Forecaster;

/// The entry logit of the window that ends at `bar`, in a batch of one: what a decision on the newest bar costs.
pub fn predict_one(network: &Forecaster<'_>, inputs: &Inputs, bar: usize) -> Result<f32, TrainError> {
    Ok(entry_logits(network, inputs, &[bar], &mut Vec::new())?[0])
}

/// Entry logits of the windows that end at `bars`, gathered into `room` and foretold as one batch.
pub fn entry_logits(
    network: &Forecaster<'_>,
    inputs: &Inputs,
    bars: &[usize],
    room: &mut Vec<f32>,
) -> Result<Vec<f32>, TrainError> {
    let (t, width) = (network.network().config().seq_len, inputs.width);
    inputs.gather(bars, t, room);
    let x = Tensor::from_slice(room, (bars.len(), t, width), network.network().device())?;
    Ok(network.forecast(&x)?.entry_logit.to_vec1::<f32>()?)
}
