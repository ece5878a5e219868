use anyhow::{Context as _, Result};
use serde::Serialize;

use super::event::Job;
use super::prepare::prepare_for;
use super::run::OpenRun;
use crate::analysis::attention::{AttentionMaps, NO_ATTENTION, attention_maps};
use crate::config::DevicePreference;
use crate::training::{load_model, pick_device};

/// Attention of one window, for scripts.
#[derive(Debug, Serialize)]
pub struct WindowAttention {
    /// Open time of the deciding bar, UTC milliseconds.
    pub timestamp: i64,
    /// The maps.
    #[serde(flatten)]
    pub maps: AttentionMaps,
    /// Attention rollout, oldest bar first.
    pub rollout: Vec<f64>,
}

/// Attention of the window that ends at the bar of `open` opening at or just before `time` (UTC milliseconds).
pub fn window_attention(open: &OpenRun, time: i64, job: &Job) -> Result<WindowAttention> {
    let (device, _) = pick_device(DevicePreference::Cpu)?;
    let (card, network) = load_model(&open.dir.model_file(), &device)?;
    let places = open.dir.load()?.config.features;
    let dataset = prepare_for(&open.collected, card, &places, job)?;
    let bars = open.collected.series.bars();
    let after = bars.partition_point(|bar| bar.timestamp <= time);
    let t = after.checked_sub(1).context("the time lies before the first bar")?;
    if let Some(problem) = dataset.inputs.window_problem(t, dataset.card.model.seq_len) {
        anyhow::bail!("no window at that bar: {problem}");
    }
    let maps = attention_maps(&network, &dataset.inputs, t)?.context(NO_ATTENTION)?;
    Ok(WindowAttention { timestamp: bars[t].timestamp, rollout: maps.rollout(), maps })
}
