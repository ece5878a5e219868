use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::analyze::AnalysisSummary;
use super::fitted::Fitted;
use super::prepare::Dataset;
use crate::analysis::figures;
use crate::dataset::Slice;
use crate::files::write_atomic;
use crate::models::Network;

/// Writes the seed's four pictures as SVG into `folder`.
pub(super) fn write_figures(
    folder: &Path,
    name: &str,
    summary: &AnalysisSummary,
    fitted: &Fitted,
    dataset: &Dataset,
    network: &Network,
) -> Result<Vec<PathBuf>> {
    const SLICE: &str = "test, out of sample";
    let mut pictures = Vec::new();
    if let Some(attention) = &summary.attention {
        let heads = network.config().num_heads;
        let size = attention.seq_len * attention.seq_len;
        let maps: Vec<figures::AttentionHead<'_>> = attention
            .mean_map
            .chunks(size)
            .enumerate()
            .map(|(i, weights)| figures::AttentionHead { layer: i / heads, head: i % heads, weights })
            .collect();
        pictures.push((
            "attention.svg",
            figures::attention_map(&figures::AttentionFigure {
                name,
                slice: SLICE,
                windows: attention.windows,
                seq_len: attention.seq_len,
                heads: &maps,
                used: attention.used,
                honesty: &attention.sentence,
            }),
        ));
    }
    if let Some(entry) = summary.importance.first() {
        let features: Vec<(String, f64)> = entry.features.iter().map(|f| (f.name.clone(), f.value)).collect();
        let badge = if entry.doubts.is_empty() { entry.badge.clone() } else { entry.doubts.join("; ") };
        pictures.push((
            "feature_importance.svg",
            figures::importance(&figures::ImportanceFigure {
                title: &format!("{name}: entry logit"),
                slice: SLICE,
                windows: entry.windows,
                features: &features,
                gap: Some(entry.gap),
                badge: &badge,
                trusted: entry.doubts.is_empty(),
            }),
        ));
    }
    let test = dataset.bars(Slice::Test);
    let forecast = &summary.forecast;
    let points: Vec<figures::RegimePoint> = test
        .iter()
        .filter_map(|&t| {
            let mu = forecast.raw.mu_at(t)?;
            let at = fitted.pca.project(mu);
            Some(figures::RegimePoint {
                at: [at[0], at.get(1).copied().unwrap_or(0.0)],
                forward_return: dataset.labels.forward_return[t],
                regime: forecast.regime[t]?,
                outlier: fitted.regimes.is_outlier(mu),
            })
        })
        .collect();
    let explained = [fitted.pca.explained[0], fitted.pca.explained.get(1).copied().unwrap_or(0.0)];
    let horizon = dataset.card.labels.prediction_horizon;
    pictures.push((
        "regime_space.svg",
        figures::regime_space(&figures::RegimeSpaceFigure {
            name,
            slice: SLICE,
            horizon,
            points: &points,
            explained,
            k: fitted.regimes.k,
        }),
    ));
    if let Some(calibration) = &summary.calibration {
        let probability: Vec<f64> = test.iter().map(|&t| forecast.entry_prob_calibrated[t]).collect();
        let forward_return: Vec<f64> = test.iter().map(|&t| dataset.labels.forward_return[t]).collect();
        pictures.push((
            "decision_boundary.svg",
            figures::decision_boundary(&figures::DecisionFigure {
                name,
                slice: SLICE,
                horizon,
                probability: &probability,
                forward_return: &forward_return,
                decision: &summary.decision,
                calibration,
            }),
        ));
    }
    pictures
        .into_iter()
        .map(|(file, svg)| {
            let path = folder.join(file);
            write_atomic(&path, svg.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        })
        .collect()
}
