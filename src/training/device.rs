pub use candle_core::{DType, Device};

use super::TrainError;
use crate::config::DevicePreference;

/// The device a preference names, with a sentence about the choice.
///
/// Errors if CUDA is demanded and the build or the machine lacks it.
pub fn pick_device(preference: DevicePreference) -> Result<(Device, String), TrainError> {
    if preference == DevicePreference::Cpu {
        return Ok((Device::Cpu, "CPU".to_owned()));
    }
    match cuda() {
        Ok(device) => Ok(device),
        Err(why) if preference == DevicePreference::Cuda => Err(TrainError::Device(why)),
        // A build without CUDA says nothing about it unless it is asked for.
        Err(_) if !cfg!(feature = "cuda") => Ok((Device::Cpu, "CPU".to_owned())),
        Err(why) => Ok((Device::Cpu, format!("CPU ({why})"))),
    }
}

/// Refuses what does not fit the memory that is free on `device`; `needed` is in bytes. Main memory is not asked.
///
/// Errors with what is needed, what is free and what to lower.
pub fn check_memory(device: &Device, needed: u64) -> Result<(), TrainError> {
    match free_memory(device)? {
        Some(free) if free < needed => Err(TrainError::Device(too_little(needed, free))),
        _ => Ok(()),
    }
}

fn too_little(needed: u64, free: u64) -> String {
    let gigabytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    format!(
        "training needs about {:.1} GB on the GPU and {:.1} GB are free: lower train.batch_size, model.seq_len, \
         model.d_model or model.num_layers, or close what else uses the GPU",
        gigabytes(needed),
        gigabytes(free)
    )
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<(Device, String), String> {
    crate::nn::cuda::open(0).map_err(|err| reason(&err.to_string()))
}

/// Why there is no CUDA device, from the driver's error.
#[cfg(any(test, feature = "cuda"))]
fn reason(err: &str) -> String {
    const KNOWN: [(&str, &str); 4] = [
        ("CUDA_ERROR_NO_DEVICE", "the driver finds no GPU"),
        ("CUDA_ERROR_INSUFFICIENT_DRIVER", "the NVIDIA driver is older than the CUDA of this build: update it"),
        ("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "parts of the NVIDIA driver differ in version: restart the machine"),
        ("CUDA_ERROR_OUT_OF_MEMORY", "the GPU's memory is taken by other programs"),
    ];
    // candle adds a backtrace below the first line when RUST_BACKTRACE is set.
    let first = err.lines().next().unwrap_or_default();
    let why = KNOWN.iter().find(|(code, _)| first.contains(code)).map_or(first, |(_, why)| why);
    format!("no CUDA device: {why}")
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<(Device, String), String> {
    Err("this build has no CUDA: build with --features cuda".to_owned())
}

#[cfg(feature = "cuda")]
fn free_memory(device: &Device) -> Result<Option<u64>, TrainError> {
    Ok(match device {
        Device::Cuda(device) => Some(crate::nn::cuda::free_memory(device)?),
        _ => None,
    })
}

#[cfg(not(feature = "cuda"))]
#[expect(clippy::unnecessary_wraps, reason = "a GPU's driver may refuse to answer")]
fn free_memory(_: &Device) -> Result<Option<u64>, TrainError> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_chosen_in_words_and_its_memory_not_asked() {
        let (device, name) = pick_device(DevicePreference::Cpu).unwrap();
        assert!(device.is_cpu());
        assert_eq!(name, "CPU");
        check_memory(&device, u64::MAX).unwrap();
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_falls_back_unless_it_is_demanded() {
        assert_eq!(pick_device(DevicePreference::Auto).unwrap().1, "CPU");
        let err = pick_device(DevicePreference::Cuda).unwrap_err().to_string();
        assert_eq!(err, "this build has no CUDA: build with --features cuda");
    }

    #[test]
    fn a_drivers_refusal_becomes_a_sentence() {
        let refused = reason("DriverError(CUDA_ERROR_NO_DEVICE, \"?\")\n  0: a backtrace");
        assert_eq!(refused, "no CUDA device: the driver finds no GPU");
        assert_eq!(reason("something else\n  0: a backtrace"), "no CUDA device: something else");
    }

    #[test]
    fn what_does_not_fit_is_said_with_the_remedy() {
        let sentence = too_little(5 << 30, 3 << 29);
        assert!(
            sentence.starts_with("training needs about 5.0 GB on the GPU and 1.5 GB are free: lower"),
            "{sentence}"
        );
    }
}
