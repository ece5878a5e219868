use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::analysis::calibration::Calibrator;
use crate::analysis::pca::Pca;
use crate::analysis::regimes::RegimeModel;
use crate::backtest::{Calibrated, Kelly};
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
    /// Standard deviation of the calibrated entry probabilities on the calibration slice.
    pub entry_spread: f64,
    /// Standard deviation of the exit probabilities on the calibration slice.
    pub exit_spread: f64,
    /// Area under the ROC curve of the entry logit on the calibration slice; `None` with one class only.
    pub calibration_auc: Option<f64>,
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

    /// What a strategy may know of it.
    pub fn calibrated(&self) -> Calibrated {
        Calibrated {
            entry_threshold: self.entry_threshold,
            exit_threshold: self.exit_threshold,
            entry_spread: self.entry_spread,
            exit_spread: self.exit_spread,
            kelly_long: self.kelly_long.clone(),
            kelly_short: self.kelly_short.clone(),
        }
    }

    /// Sentences that must stand beside every result of trading on it.
    pub fn warnings(&self) -> Vec<String> {
        match (&self.calibrator, self.calibration_auc) {
            (None, _) => vec!["the calibration slice could not calibrate: probabilities are raw".to_owned()],
            (Some(calibrator), auc) if calibrator.floored => vec![format!(
                "on the calibration slice the entry forecast ranks no better than chance (AUC {}), so its threshold \
                 picks bars about at random",
                auc.map_or("unknown".to_owned(), |auc| format!("{auc:.3}")),
            )],
            _ => Vec::new(),
        }
    }

    /// SHA-256 of the whole, in hex: what predictions made with it carry.
    pub(super) fn hash(&self) -> Result<String> {
        use sha2::Digest as _;
        Ok(format!("{:x}", sha2::Sha256::digest(serde_json::to_string(self)?.as_bytes())))
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
