pub use candle_core::{DType, Device};

use super::TrainError;
use crate::config::DevicePreference;

/// The device a preference names, with a sentence about the choice.
///
/// Errors if CUDA is demanded and the build or the machine lacks it.
pub fn pick_device(preference: DevicePreference) -> Result<(Device, String), TrainError> {
    let cpu = |why: &str| Ok((Device::Cpu, format!("CPU{why}")));
    if preference == DevicePreference::Cpu {
        return cpu("");
    }
    if !candle_core::utils::cuda_is_available() {
        return match preference {
            DevicePreference::Cuda => {
                Err(TrainError::Device("this build has no CUDA: build with --features cuda".to_owned()))
            }
            _ => cpu(""),
        };
    }
    match Device::new_cuda(0) {
        Ok(device) => Ok((device, "CUDA device 0".to_owned())),
        Err(err) if preference == DevicePreference::Cuda => Err(TrainError::Device(format!("no CUDA device: {err}"))),
        Err(err) => cpu(&format!(" (no CUDA device: {err})")),
    }
}
