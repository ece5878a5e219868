use candle_core::{DType, Device};

use super::{TrainError, check_memory};
use crate::config::{ModelConfig, Precision, TrainConfig};
use crate::models::{ModelSummary, Network};

/// The network of `model` for windows of `features` columns, freshly drawn, to be taught as `train` says on `device`.
///
/// Errors if the device has too little free memory for the training, or no bfloat16 where `train` asks for it.
pub fn fresh_network(
    model: &ModelConfig,
    features: usize,
    train: &TrainConfig,
    device: &Device,
) -> Result<Network, TrainError> {
    if train.precision == Precision::Bf16 && !device.is_cuda() {
        return Err(TrainError::Device(
            "train.precision bf16 needs a CUDA device and this training is on the CPU: set it to f32".to_owned(),
        ));
    }
    check_memory(device, ModelSummary::new(model, features).memory(train.batch_size).total())?;
    let mut network = Network::new(model, features, train.seed, DType::F32, device)?;
    network.take_half(train.precision == Precision::Bf16);
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Norm, Pooling};
    use crate::training::planted::{FEATURES, network, shape};

    #[test]
    fn single_precision_runs_anywhere_and_half_is_refused_on_the_cpu() {
        let model = shape(Norm::Pre, Pooling::Mean);
        let fresh = |precision| {
            let train = TrainConfig { seed: 1, precision, ..TrainConfig::default() };
            fresh_network(&model, FEATURES, &train, &Device::Cpu)
        };
        let flat = |network: Network| {
            let values = network.params().iter().map(|(_, var)| var.flatten_all()?.to_vec1::<f32>());
            values.collect::<candle_core::Result<Vec<_>>>().unwrap()
        };
        assert_eq!(flat(fresh(Precision::F32).unwrap()), flat(network(&model)));
        let refused = fresh(Precision::Bf16).unwrap_err().to_string();
        assert_eq!(refused, "train.precision bf16 needs a CUDA device and this training is on the CPU: set it to f32");
    }
}
