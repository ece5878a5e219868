use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{TrainError, TrainState, Trainer};
use crate::files::write_atomic;

/// The one metadata key: the format writes several keys in random order, which would change the bytes.
const KEY: &str = "glassbox";
const PARAMETER: &str = "parameter.";
const FIRST: &str = "adam.first";
const SECOND: &str = "adam.second";
/// All parameters before the epoch at work, flat in name order.
const BEFORE: &str = "epoch.before";

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// What the run was configured to be; a checkpoint of another one is refused.
    key: String,
    steps: u64,
    state: TrainState,
}

/// Writes weights, moments and state as one file, atomically: between two epochs or within one. `key` identifies
/// configuration and data.
pub fn write_checkpoint(path: &Path, key: &str, trainer: &Trainer<'_>) -> Result<(), TrainError> {
    let mut tensors: BTreeMap<String, Tensor> =
        trainer.network().params().snapshot()?.into_iter().map(|(name, t)| (format!("{PARAMETER}{name}"), t)).collect();
    let (first, second) = trainer.optimizer().state()?;
    tensors.insert(FIRST.to_owned(), first);
    tensors.insert(SECOND.to_owned(), second);
    if let Some(before) = trainer.before_epoch() {
        tensors.insert(BEFORE.to_owned(), Tensor::new(before, &Device::Cpu)?);
    }
    let header = Header { key: key.to_owned(), steps: trainer.optimizer().steps(), state: trainer.state().clone() };
    write_tensors(path, &tensors, &header)
}

/// Puts `trainer` where the checkpoint left off.
///
/// Errors if the file is garbled or belongs to another configuration or other data than `key`.
pub fn read_checkpoint(path: &Path, key: &str, trainer: &mut Trainer<'_>) -> Result<(), TrainError> {
    let bad = |problem: &str| TrainError::BadFile { path: path.to_owned(), problem: problem.to_owned() };
    let device = trainer.network().device().clone();
    let (mut tensors, header): (BTreeMap<String, Tensor>, Header) = read_tensors(path, &device)?;
    if header.key != key {
        return Err(bad("it belongs to another configuration, other data or other features: start a new run"));
    }
    let first = tensors.remove(FIRST).ok_or_else(|| bad("it lacks the optimiser's first moments"))?;
    let second = tensors.remove(SECOND).ok_or_else(|| bad("it lacks the optimiser's second moments"))?;
    let before = tensors.remove(BEFORE).map(|flat| flat.to_vec1::<f32>()).transpose()?;
    if before.is_some() != header.state.partial.is_some() {
        return Err(bad("it was written within an epoch and lacks a part of it"));
    }
    let weights: BTreeMap<String, Tensor> = tensors
        .into_iter()
        .map(|(name, tensor)| (name.strip_prefix(PARAMETER).unwrap_or(&name).to_owned(), tensor))
        .collect();
    trainer
        .network()
        .params()
        .restore(&weights)?
        .map_err(|source| TrainError::Weights { path: path.to_owned(), source })?;
    trainer.resume(header.state, header.steps, [&first, &second], before)
}

/// Writes f32 `tensors` with `header` as sorted JSON in the metadata.
pub(super) fn write_tensors(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    header: &impl Serialize,
) -> Result<(), TrainError> {
    let bad = |problem: String| TrainError::BadFile { path: path.to_owned(), problem };
    // Through `Value`, whose maps are sorted.
    let header = serde_json::to_value(header).map_err(|err| bad(err.to_string()))?.to_string();
    let mut bytes = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let values = tensor.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let data: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        bytes.push((name, tensor.dims().to_vec(), data));
    }
    let views = bytes
        .iter()
        .map(|(name, shape, data)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|err| bad(err.to_string()))?;
    let metadata = std::iter::once((KEY.to_owned(), header)).collect();
    let file = safetensors::serialize(views, Some(metadata)).map_err(|err| bad(err.to_string()))?;
    write_atomic(path, &file).map_err(|source| TrainError::File { action: "write", path: path.to_owned(), source })
}

/// Reads what [`write_tensors`] wrote.
pub(super) fn read_tensors<H: DeserializeOwned>(
    path: &Path,
    device: &Device,
) -> Result<(BTreeMap<String, Tensor>, H), TrainError> {
    let bad = |problem: String| TrainError::BadFile { path: path.to_owned(), problem };
    let file =
        std::fs::read(path).map_err(|source| TrainError::File { action: "read", path: path.to_owned(), source })?;
    let (_, metadata) = SafeTensors::read_metadata(&file).map_err(|err| bad(format!("it is garbled ({err})")))?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|map| map.get(KEY))
        .ok_or_else(|| bad("it was not written by this program".to_owned()))?;
    let header = serde_json::from_str(text).map_err(|err| bad(format!("its description is garbled ({err})")))?;
    let all = SafeTensors::deserialize(&file).map_err(|err| bad(format!("it is garbled ({err})")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in all.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(bad(format!("the tensor {name} is not in f32")));
        }
        let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        tensors.insert(name.to_owned(), Tensor::from_vec(values, view.shape(), device)?);
    }
    Ok((tensors, header))
}
