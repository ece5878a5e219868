use std::collections::BTreeSet;

use candle_core::Tensor;

/// What a forward pass shall show or change on its way.
#[derive(Debug, Default)]
pub struct Probe {
    /// Keep attention weights and pooling weights.
    pub record: bool,
    /// Layer and head pairs whose attention is replaced by the same weight for every bar that the query sees.
    pub uniform: BTreeSet<(usize, usize)>,
    /// Per layer `[B, H, T, T]`, detached; empty if the encoder has no attention over bars.
    pub attention: Vec<Tensor>,
    /// `[B, T]`, detached: how much each bar counts in pooling; `None` if no weight per bar says it (tpa).
    pub pooling: Option<Tensor>,
}

impl Probe {
    /// Records weights.
    pub fn recording() -> Self {
        Self { record: true, ..Self::default() }
    }

    /// Replaces the attention of these layer and head pairs.
    pub fn uniform(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Self { uniform: pairs.into_iter().collect(), ..Self::default() }
    }
}
