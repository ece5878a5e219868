use anyhow::Result;

use super::collect::Collected;
use super::event::Job;
use super::prepare::{features_of, fold_space};
use super::sources::Sources;
use crate::config::{FeaturesConfig, RunConfig, SplitMethod};
use crate::dataset::{Fold, backtest_paths, make_folds};
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
    /// `card` of a run of `config` over the same bars saves making its features once more, where its training begins with
    /// the first bar that can teach.
    pub fn new(card: Option<&ModelCard>, config: &RunConfig) -> Self {
        let first =
            |card: &&ModelCard| card.splits.method == SplitMethod::Chronological && config.data.start.is_empty();
        let known = card.filter(first).map(|card| {
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
                let job = Job::detached();
                let sources = Sources::read(&config.features, &collected.series, &collected.library, &job)?;
                let warm_up = features_of(collected, &sources, &config.features, &job)?.warm_up();
                self.warm_up = Some((config.features.clone(), warm_up));
                warm_up
            }
        };
        let bars = collected.series.bars();
        let labelled_until = bars.len().saturating_sub(config.labels.prediction_horizon);
        let space = fold_space(warm_up, labelled_until, bars, config)?;
        let splits = &config.splits;
        let paths = match splits.method {
            SplitMethod::Combinatorial => backtest_paths(splits.groups, splits.test_groups),
            _ => Vec::new(),
        };
        Ok(FoldsView { folds: make_folds(&space, splits)?, method: splits.method, bars: bars.len(), paths })
    }
}
