use candle_core::Tensor;

use super::TrainError;
use crate::dataset::Inputs;
use crate::models::{Network, Probe};
use crate::nn::Noise;

/// The entry logit of the window that ends at `bar`, in a batch of one: what a decision on the newest bar costs.
pub fn predict_one(network: &Network, inputs: &Inputs, bar: usize) -> Result<f32, TrainError> {
    let (t, width) = (network.config().seq_len, inputs.width);
    let mut buffer = Vec::with_capacity(t * width);
    inputs.gather(&[bar], t, &mut buffer);
    let x = Tensor::from_vec(buffer, (1, t, width), network.device())?;
    let out = network.forward(&x, &mut Noise::off(), &mut Probe::default())?;
    Ok(out.entry_logit.to_vec1::<f32>()?[0])
}
