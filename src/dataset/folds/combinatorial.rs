use std::ops::Range;

use super::cut::{Role, cut};
use super::{Fold, FoldSpace, LeftOut};
use crate::config::SplitsConfig;
use crate::dataset::Slice;

/// All ascending choices of `k` numbers below `n`, in lexicographic order.
fn choices(n: usize, k: usize) -> Vec<Vec<usize>> {
    if k == 0 {
        return vec![Vec::new()];
    }
    let first = |first: usize| {
        let rest = choices(n - first - 1, k - 1);
        rest.into_iter().map(move |rest| {
            let after = rest.into_iter().map(|i| i + first + 1);
            std::iter::once(first).chain(after).collect()
        })
    };
    (0..n.saturating_sub(k - 1)).flat_map(first).collect()
}

/// Number of backtest paths that every choice of `test_groups` of `groups` blocks gives: C(N, k) k / N.
///
/// Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 12.4.
pub fn path_count(groups: usize, test_groups: usize) -> usize {
    // C(N - 1, k - 1), which is the same.
    (1..test_groups).fold(1, |ways, i| ways * (groups - i) / i)
}

/// The fold that tests each block in each backtest path: `paths[p][group]` is the place of a fold among those of
/// [`super::make_folds`]. A path covers every block once; no test of a fold is in two paths.
pub fn backtest_paths(groups: usize, test_groups: usize) -> Vec<Vec<usize>> {
    let mut paths = vec![Vec::with_capacity(groups); path_count(groups, test_groups)];
    let folds = choices(groups, test_groups);
    for group in 0..groups {
        let testing = folds.iter().enumerate().filter(|(_, tested)| tested.contains(&group));
        for (path, (fold, _)) in paths.iter_mut().zip(testing) {
            path.push(fold);
        }
    }
    paths
}

pub(super) fn folds(space: &FoldSpace, config: &SplitsConfig) -> Vec<Fold> {
    choices(config.groups, config.test_groups)
        .into_iter()
        .map(|test_groups| {
            let mut fold = cut(space, config.embargo, &stretches(space, config, &test_groups));
            fold.test_groups = test_groups;
            fold
        })
        .collect()
}

/// Blocks of equal length; what follows a test block is lost until no window reads it any more.
fn stretches(space: &FoldSpace, config: &SplitsConfig, test_groups: &[usize]) -> Vec<(Range<usize>, Role)> {
    let labelled = space.labelled();
    let edge = |group: usize| labelled.start + labelled.len() * group / config.groups;
    let lost = space.seq_len + space.horizon + space.warm_up + config.embargo;
    let mut parts: Vec<(Range<usize>, Role)> = Vec::new();
    let mut tested = None;
    for group in 0..config.groups {
        let block = edge(group)..edge(group + 1);
        if test_groups.contains(&group) {
            tested = Some(block.end);
            parts.push((block, Role::Slice(Slice::Test)));
            continue;
        }
        let mut start = block.start;
        if let Some(until) = tested {
            start = until.saturating_add(lost).clamp(block.start, block.end);
            parts.push((block.start..start, Role::Out(LeftOut::ReadsTest { until })));
        }
        parts.push((start..block.end, Role::Slice(Slice::Train)));
    }
    carve(parts, config)
}

/// Gives the last of the training bars to validation and calibration.
fn carve(parts: Vec<(Range<usize>, Role)>, config: &SplitsConfig) -> Vec<(Range<usize>, Role)> {
    let SplitsConfig { train, validation, calibration, .. } = *config;
    let is_train = |role: &Role| *role == Role::Slice(Slice::Train);
    let bars: usize = parts.iter().filter(|(_, role)| is_train(role)).map(|(range, _)| range.len()).sum();
    let at = |share: f64| (bars as f64 * share / (train + validation + calibration)).round() as usize;
    let cuts = [0, at(train), at(train + validation).min(bars), bars];
    let mut before = 0;
    let mut carved = Vec::new();
    for (range, role) in parts {
        if !is_train(&role) {
            carved.push((range, role));
            continue;
        }
        for (i, slice) in [Slice::Train, Slice::Validation, Slice::Calibration].into_iter().enumerate() {
            let place = |cut: usize| range.start + cut.clamp(before, before + range.len()) - before;
            carved.push((place(cuts[i])..place(cuts[i + 1]), Role::Slice(slice)));
        }
        before += range.len();
    }
    // An empty stretch begins no slice.
    carved.retain(|(range, _)| !range.is_empty());
    carved
}
