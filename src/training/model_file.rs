use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::checkpoint::{read_tensors, write_tensors};
use crate::config::{FeaturesConfig, LabelsConfig, ModelConfig, SplitsConfig, TrainConfig};
use crate::dataset::{Schema, Slice, SourceNote, Splits};
use crate::models::Network;

/// Layout of the card; a file of another one is refused.
const FORMAT: u32 = 1;

/// What a model file says about itself. No time, path, host or run name: equal trainings give equal files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Layout of this card.
    pub format: u32,
    /// Ticker of the bars it learned from.
    pub symbol: String,
    /// Their length.
    pub timeframe: String,
    /// Their fingerprint.
    pub fingerprint: String,
    /// Indicators with version and parameters.
    pub catalogue: String,
    /// Feature groups.
    pub features: FeaturesConfig,
    /// Feature columns, scaling, what was dropped and why.
    pub schema: Schema,
    /// Labels.
    pub labels: LabelsConfig,
    /// Round-trip cost the labels and the size head reckon with, as a fraction.
    pub cost: f64,
    /// Shares of the slices.
    pub splits: SplitsConfig,
    /// Slices as bar indices of the series.
    pub slices: Splits,
    /// First and last open time of each slice, UTC milliseconds.
    pub slice_times: Vec<(Slice, i64, i64)>,
    /// Shape.
    pub model: ModelConfig,
    /// How it was taught (`run_name` and `device` blank).
    pub train: TrainConfig,
    /// Training standard deviation of one-bar returns: the unit of returns and volatility.
    pub return_scale: f64,
    /// Bars per year of the training slice: what sizing annualises volatility with.
    pub bars_per_year: f64,
    /// Variance of forward returns on the training slice.
    pub return_variance: f64,
    /// Share of entries on the training slice.
    pub entry_base_rate: f64,
    /// What it learned from besides its bars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceNote>,
    /// Features let in by name although something is against them, with what it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub admitted: BTreeMap<String, String>,
}

impl ModelCard {
    /// The current layout.
    pub const FORMAT: u32 = FORMAT;
}

/// Writes weights and card as one file, atomically; the same model gives the same bytes.
pub fn save_model(path: &Path, card: &ModelCard, network: &Network) -> Result<(), TrainError> {
    let weights = network.params().snapshot()?;
    write_tensors(path, &weights, card)
}

/// Reads a model file back onto `device`.
///
/// Errors if the file is missing, garbled, of another layout, or its weights do not fit its own card.
pub fn load_model(path: &Path, device: &Device) -> Result<(ModelCard, Network), TrainError> {
    let (weights, card): (BTreeMap<String, Tensor>, ModelCard) = read_tensors(path, device)?;
    if card.format != FORMAT {
        let problem = format!("its layout is version {}, this program reads version {FORMAT}", card.format);
        return Err(TrainError::BadFile { path: path.to_owned(), problem });
    }
    let network = Network::new(&card.model, card.schema.width(), card.train.seed, DType::F32, device)?;
    network.params().restore(&weights)?.map_err(|source| TrainError::Weights { path: path.to_owned(), source })?;
    Ok((card, network))
}
