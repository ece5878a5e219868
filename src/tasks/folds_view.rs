use anyhow::Result;

use super::collect::Collected;
use super::prepare::usable_bars;
use crate::config::{FeaturesConfig, RunConfig, SplitMethod};
use crate::dataset::{Fold, FoldSpace, backtest_paths, extract, make_folds};
use crate::training::ModelCard;

/// The folds that a configuration cuts the bars into.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldsView {
    /// In the order of [`make_folds`].
    pub folds: Vec<Fold>,
    /// How the bars were shared out.
    pub method: SplitMethod,
    /// Bars of the series.
    pub bars: usize,
    /// Backtest paths of combinatorial folds: the fold that tests each block; empty for other methods.
    pub paths: Vec<Vec<usize>>,
}

/// Cuts folds again and again over the same bars; remembers how long the features take to warm up.
#[derive(Debug)]
pub struct FoldCutter {
    warm_up: Option<(FeaturesConfig, usize)>,
}

impl FoldCutter {
    /// `card` of a run over the same bars saves making its features once more.
    pub fn new(card: Option<&ModelCard>) -> Self {
        let known = card.map(|card| {
            let first = card.slices.train.start + 1;
            (card.features.clone(), first.saturating_sub(card.model.seq_len))
        });
        Self { warm_up: known }
    }

    /// The folds of `config`.
    ///
    /// # Errors
    /// Features or slices that the bars do not allow, each in one sentence.
    pub fn cut(&mut self, collected: &Collected, config: &RunConfig) -> Result<FoldsView> {
        let warm_up = match &self.warm_up {
            Some((features, warm_up)) if *features == config.features => *warm_up,
            _ => {
                let warm_up = extract(&collected.series, &collected.lines, &config.features)?.warm_up();
                self.warm_up = Some((config.features.clone(), warm_up));
                warm_up
            }
        };
        let bars = collected.series.bars();
        let usable = usable_bars(warm_up, bars, config)?;
        let horizon = config.labels.prediction_horizon;
        let space = FoldSpace {
            bars: bars.len(),
            labelled_until: bars.len().min(usable.end).saturating_sub(horizon),
            usable,
            horizon,
            seq_len: config.model.seq_len,
            warm_up,
        };
        let splits = &config.splits;
        let paths = match splits.method {
            SplitMethod::Combinatorial => backtest_paths(splits.groups, splits.test_groups),
            _ => Vec::new(),
        };
        Ok(FoldsView { folds: make_folds(&space, splits)?, method: splits.method, bars: bars.len(), paths })
    }
}
