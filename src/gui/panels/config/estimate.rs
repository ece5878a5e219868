//! Sizes of the next run that follow from its configuration.

use crate::dataset::{FoldSpace, Slice, make_folds};
use crate::gui::state::AppState;
use crate::gui::widgets::thousands;
use crate::models::ModelSummary;

/// Windows per slice, at most: bars at the start without all lines are not known before the features are made.
pub(super) fn windows(state: &AppState) -> Option<String> {
    let config = &state.config;
    let cut = !config.data.start.is_empty() || !config.data.end.is_empty();
    let bars = bars(state).filter(|_| !cut)?;
    let (horizon, window) = (config.labels.prediction_horizon, config.model.seq_len);
    let space = FoldSpace {
        bars,
        usable: window.saturating_sub(1).min(bars)..bars,
        labelled_until: bars.saturating_sub(horizon),
        horizon,
        seq_len: window,
        warm_up: 0,
    };
    let folds = make_folds(&space, &config.splits).ok();
    // A single run teaches the last fold unless another is named.
    let fold = folds.and_then(|mut folds| match config.splits.fold {
        0 => folds.pop(),
        number => folds.into_iter().nth(number - 1),
    });
    let Some(fold) = fold else { return Some(format!("{} bars are too few for these slices", thousands(bars))) };
    let n = |slice| thousands(fold.bars(slice).count());
    Some(format!(
        "windows at most: train {}, validation {}, calibration {}, test {}",
        n(Slice::Train),
        n(Slice::Validation),
        n(Slice::Calibration),
        n(Slice::Test)
    ))
}

/// Bars of the next run's file, if it was looked at or is the open run's.
fn bars(state: &AppState) -> Option<usize> {
    let file = &state.config.data.file;
    if let Some(data) = state.data.as_ref().filter(|data| data.path.display().to_string() == *file) {
        return data.report.ready().map(|report| report.rows);
    }
    let run = state.run()?;
    (file.is_empty() || *file == run.manifest.data_file).then_some(run.manifest.bars)
}

/// Number of parameters: exact if the open run has the same features, else without the input layer's weights.
pub(super) fn parameters(state: &AppState) -> String {
    let model = &state.config.model;
    let same = state.run().filter(|run| run.manifest.config.features == state.config.features);
    match same.and_then(|run| run.card.as_ref()).map(|card| card.schema.width()) {
        Some(width) => {
            let (summary, batch) = (ModelSummary::new(model, width), state.config.train.batch_size);
            format!(
                "{} parameters with {width} inputs; {:.2} GFLOP and about {} MiB a step of {batch} windows",
                thousands(summary.parameters()),
                summary.training_flops(batch) as f64 / 1e9,
                thousands(summary.memory(batch).total().div_ceil(1 << 20) as usize),
            )
        }
        None => format!(
            "{} parameters and {} more per input",
            thousands(ModelSummary::new(model, 0).parameters()),
            model.d_model
        ),
    }
}
