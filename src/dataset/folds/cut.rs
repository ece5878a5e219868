use std::ops::Range;

use super::{Fold, FoldSpace, LeftOut};
use crate::dataset::Slice;

/// What a stretch of bars is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Slice(Slice),
    Out(LeftOut),
}

/// Cuts stretches that lie end to end into a fold: purge and embargo end every slice but test before the next one.
///
/// `stretches` cover the labelled bars; those before and after are added. Test stretches must be followed by what
/// their labels and the windows after them need.
pub(super) fn cut(space: &FoldSpace, embargo: usize, stretches: &[(Range<usize>, Role)]) -> Fold {
    let labelled = space.labelled();
    let mut parts = vec![(0..labelled.start, Role::Out(LeftOut::TooEarly))];
    for (i, (range, role)) in stretches.iter().enumerate() {
        let Role::Slice(slice) = *role else {
            parts.push((range.clone(), *role));
            continue;
        };
        let next = stretches[i + 1..].iter().find_map(|(range, role)| match role {
            Role::Slice(into) if *into != slice && slice != Slice::Test => Some((*into, range.start)),
            _ => None,
        });
        let Some((into, from)) = next else {
            parts.push((range.clone(), *role));
            continue;
        };
        let purged = from.saturating_sub(space.horizon).clamp(range.start, range.end);
        let kept = from.saturating_sub(space.horizon.saturating_add(embargo)).clamp(range.start, purged);
        parts.push((range.start..kept, *role));
        parts.push((kept..purged, Role::Out(LeftOut::Embargo { into, from })));
        parts.push((purged..range.end, Role::Out(LeftOut::Purged { into, from })));
    }
    let end = space.usable.end.max(labelled.end);
    parts.push((labelled.end..end, Role::Out(LeftOut::Unlabelled)));
    parts.push((end..space.bars.max(end), Role::Out(LeftOut::TooLate)));

    let mut fold = Fold {
        train: Vec::new(),
        validation: Vec::new(),
        calibration: Vec::new(),
        test: Vec::new(),
        left_out: Vec::new(),
        test_groups: Vec::new(),
        horizon: space.horizon,
        embargo,
    };
    for (range, role) in parts.into_iter().filter(|(range, _)| !range.is_empty()) {
        match role {
            Role::Slice(Slice::Train) => join(&mut fold.train, range),
            Role::Slice(Slice::Validation) => join(&mut fold.validation, range),
            Role::Slice(Slice::Calibration) => join(&mut fold.calibration, range),
            Role::Slice(Slice::Test) => join(&mut fold.test, range),
            Role::Out(reason) => match fold.left_out.last_mut() {
                Some((last, same)) if last.end == range.start && *same == reason => last.end = range.end,
                _ => fold.left_out.push((range, reason)),
            },
        }
    }
    fold
}

/// Adds a range, as part of the last one where it goes on.
fn join(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}
