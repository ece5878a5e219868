use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::event::{Job, TaskEvent};
use super::market_files::admit;
use super::prepare::prepare;
use super::run::{absolute, collect_for};
use super::sources::{Sources, absolute_files};
use super::train::Material;
use crate::config::RunConfig;
use crate::training::{LrFinder, LrSuggestion, pick_device};

/// A search for a learning rate.
#[derive(Debug, Clone)]
pub struct LrSearch {
    /// Folder of captures.
    pub workspace: PathBuf,
    /// The training to be; `data.file` absolute or relative to the current folder.
    pub config: RunConfig,
    /// The sweep.
    pub finder: LrFinder,
}

/// Sweeps learning rates over a fresh network of the configuration and makes no run of it; one `lr` record per step.
pub fn find_learning_rate(request: &LrSearch, job: &Job) -> Result<LrSuggestion> {
    let mut config = request.config.clone();
    config.data.file = absolute(&config.data.file)?.display().to_string();
    absolute_files(&mut config.features)?;
    let collected = collect_for(&request.workspace, &config, None, job)?;
    admit(&collected.report, &config.data)?;
    let (device, _) = pick_device(config.train.device)?;
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let dataset = prepare(&collected, &sources, &config, job)?;
    let material = Material::new(&dataset, &collected.series);
    let mut trainer = material.trainer(&dataset, &device)?;
    let steps = request.finder.steps as u64;
    Ok(request.finder.sweep(&mut trainer, &mut |point| {
        job.progress(point.step as u64, steps, "sweeping learning rates");
        job.emit(TaskEvent::Record(json!({
            "event": "lr",
            "step": point.step,
            "lr": point.lr,
            "loss": point.loss,
            "smoothed": point.smoothed,
        })));
        job.check()
    })?)
}
