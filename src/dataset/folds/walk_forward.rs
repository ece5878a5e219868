use std::ops::Range;

use super::cut::{Role, cut};
use super::{Fold, FoldSpace, LeftOut};
use crate::config::SplitsConfig;
use crate::dataset::Slice;

/// Where the four slices of `window` begin, and its end.
fn starts(window: &Range<usize>, config: &SplitsConfig) -> [usize; 5] {
    let SplitsConfig { train, validation, calibration, .. } = *config;
    let bars = window.len();
    let at = |share: f64| window.start + ((bars as f64 * share).round() as usize).min(bars);
    [window.start, at(train), at(train + validation), at(train + validation + calibration), window.end]
}

fn stretches([train, validation, calibration, test, end]: [usize; 5]) -> [(Range<usize>, Role); 4] {
    [
        (train..validation, Role::Slice(Slice::Train)),
        (validation..calibration, Role::Slice(Slice::Validation)),
        (calibration..test, Role::Slice(Slice::Calibration)),
        (test..end, Role::Slice(Slice::Test)),
    ]
}

/// All labelled bars once, divided by the shares.
pub(super) fn chronological(space: &FoldSpace, config: &SplitsConfig) -> Fold {
    cut(space, config.embargo, &stretches(starts(&space.labelled(), config)))
}

/// Labelled bars that give every slice of the chronological fold a bar.
pub(super) fn needed(horizon: usize, config: &SplitsConfig) -> usize {
    let SplitsConfig { train, validation, calibration, test, embargo, .. } = *config;
    // One bar more than what is cut off each slice, and one for rounding.
    let bars = |share: f64, cut: usize| ((cut as f64 + 2.0) / share).ceil() as usize;
    bars(train.min(validation).min(calibration), horizon.saturating_add(embargo)).max(bars(test, 0))
}

/// Folds whose test slices lie end to end up to the last labelled bar.
pub(super) fn folds(space: &FoldSpace, config: &SplitsConfig, anchored: bool) -> Vec<Fold> {
    let labelled = space.labelled();
    let later = config.folds.saturating_sub(1);
    let tested = |window: usize| window - starts(&(0..window), config)[3];
    let mut window = (labelled.len() as f64 / (1.0 + later as f64 * config.test)).ceil() as usize;
    window = window.min(labelled.len());
    while window > 0 && window + later * tested(window) > labelled.len() {
        window -= 1;
    }
    (0..config.folds)
        .map(|fold| {
            let end = labelled.end - (later - fold) * tested(window);
            let mut at = starts(&(end - window..end), config);
            if anchored {
                at[0] = labelled.start;
            }
            let mut parts = vec![(labelled.start..at[0], Role::Out(LeftOut::BeforeFold))];
            parts.extend(stretches(at));
            parts.push((end..labelled.end, Role::Out(LeftOut::AfterFold)));
            cut(space, config.embargo, &parts)
        })
        .collect()
}
