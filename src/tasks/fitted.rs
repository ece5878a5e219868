use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::analysis::calibration::Calibrator;
use crate::analysis::pca::Pca;
use crate::analysis::regimes::RegimeModel;
use crate::backtest::Kelly;
use crate::files::write_atomic;
use crate::runs::RunDir;

/// What was fitted on a finished network's forecasts, each on its own slice, and then frozen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fitted {
    /// Entry probabilities; calibration slice. `None` if the slice holds one class only.
    pub calibrator: Option<Calibrator>,
    /// Regimes of the latent; training slice.
    pub regimes: RegimeModel,
    /// Principal components of the latent; training slice.
    pub pca: Pca,
    /// Long sizes; calibration slice. `None` if it is too short.
    pub kelly_long: Option<Kelly>,
    /// Short sizes; calibration slice.
    pub kelly_short: Option<Kelly>,
    /// Calibrated entry probability that one in five bars of the calibration slice reached.
    pub entry_threshold: f64,
    /// Exit probability that one in five bars of the calibration slice reached.
    pub exit_threshold: f64,
    /// SHA-256 of the model file it belongs to.
    pub model: String,
}

const FILE: &str = "fitted.json";

impl Fitted {
    pub(super) fn save(&self, dir: &RunDir) -> Result<()> {
        let path = dir.analysis_file(FILE);
        write_atomic(&path, serde_json::to_string_pretty(self)?.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads analysis/fitted.json.
    ///
    /// Errors if the run was not analysed yet or its model changed since.
    pub fn load(dir: &RunDir) -> Result<Self> {
        let path = dir.analysis_file(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("the run has no {}: analyze it first", path.display()))?;
        let fitted: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is garbled: analyze the run again", path.display()))?;
        if fitted.model != model_hash(dir)? {
            anyhow::bail!("the model of {} changed after its analysis: analyze it again", dir.path().display());
        }
        fitted.regimes.check()?;
        Ok(fitted)
    }
}

/// SHA-256 of the model file, in hex.
pub(super) fn model_hash(dir: &RunDir) -> Result<String> {
    use sha2::Digest as _;
    let path = dir.model_file();
    let bytes =
        std::fs::read(&path).with_context(|| format!("the run has no model yet: cannot read {}", path.display()))?;
    Ok(format!("{:x}", sha2::Sha256::digest(&bytes)))
}
