use std::collections::BTreeSet;

use super::filtered::Filtered;
use super::view::RunView;
use crate::backtest::{Direction, EquityPoint, Statistics, Trade, TradeSummary, Yardstick, subset, underwater};

/// Which bars and trades pass; all of them when nothing is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Regimes that pass; all when empty.
    pub regimes: BTreeSet<usize>,
    /// Side that passes; both when `None`.
    pub side: Option<Direction>,
}

impl Filter {
    /// True if it lets everything pass.
    pub fn is_empty(&self) -> bool {
        self.regimes.is_empty() && self.side.is_none()
    }

    /// True if the regime passes.
    pub fn passes_regime(&self, regime: Option<usize>) -> bool {
        self.regimes.is_empty() || regime.is_some_and(|regime| self.regimes.contains(&regime))
    }

    /// True if the trade passes.
    pub fn passes(&self, trade: &Trade) -> bool {
        self.passes_regime(trade.regime) && self.side.is_none_or(|side| side == trade.side)
    }
}

/// The network's account with the passing trades alone, see [`subset`].
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredBacktest {
    /// One point per traded bar.
    pub equity: Vec<EquityPoint>,
    /// Fall from the peak so far at each of them, 0 and below.
    pub drawdown: Vec<f64>,
    /// The same figures as of the whole backtest, intervals included.
    pub statistics: Statistics,
}

/// What a filter leaves of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredRun {
    /// What passes.
    pub filter: Filter,
    /// Sums over the trades that pass.
    pub trades: TradeSummary,
    /// The backtest of the trades that pass; `None` without a filter or a backtest.
    pub backtest: Option<FilteredBacktest>,
    /// Calibration of the test bars that pass; `None` without a filter of regimes.
    pub calibration: Option<Filtered>,
}

impl FilteredRun {
    /// Computes everything; takes up to seconds on long series.
    pub fn new(run: &RunView, filter: Filter) -> Self {
        let passing = run.trades().iter().filter(|trade| filter.passes(trade));
        Self {
            trades: TradeSummary::new(passing),
            backtest: if filter.is_empty() { None } else { backtest(run, &filter) },
            calibration: (!filter.regimes.is_empty()).then(|| Filtered::new(run, &filter.regimes)),
            filter,
        }
    }
}

fn backtest(run: &RunView, filter: &Filter) -> Option<FilteredBacktest> {
    let report = run.backtest.as_ref()?;
    let series = &run.collected.series;
    let bars = series.bars();
    let start = bars.partition_point(|bar| bar.timestamp < report.range.0);
    let end = bars.partition_point(|bar| bar.timestamp <= report.range.1);
    let simulation = subset(run.trades(), |trade| filter.passes(trade), bars, start..end, &report.config);
    let yardstick = Yardstick {
        bars_per_year: series.bars_per_year(),
        cost: report.cost,
        horizon: run.labels.horizon,
        forward_returns: &run.labels.forward_return,
        seed: report.seed,
    };
    let values = simulation.equity.iter().map(|point| point.equity);
    Some(FilteredBacktest {
        drawdown: underwater(simulation.initial_cash, values),
        statistics: Statistics::new(&simulation, &yardstick),
        equity: simulation.equity,
    })
}
