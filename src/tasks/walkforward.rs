use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::json;

use super::combinatorial::judge_combinatorial;
use super::event::{Job, TaskEvent};
use super::fitted::Fitted;
use super::forecast::read_forecast;
use super::judge::Judged;
use super::run::{RunRequest, RunSummary, run};
use super::view::equity;
use crate::config::SplitMethod;
use crate::data::read_table;
use crate::dataset::{Slice, make_labels};
use crate::market::Series;
use crate::runs::Stage;
use crate::stats::{mean, std_sample};
use crate::training::{Device, load_model};

/// One fold, taught and judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldResult {
    /// Its number, from 1.
    pub fold: usize,
    /// Open times of the first and last bar of each stretch of test bars, UTC milliseconds.
    pub test: Vec<(i64, i64)>,
    /// Its run folder's name; `None` for combinatorial folds, which leave none.
    pub run: Option<String>,
    /// Epochs taught, and the best of them.
    pub epochs: (usize, usize),
    /// True if the user ended its training.
    pub stopped: bool,
    /// Forecasts of the test bars.
    pub judged: Judged,
    /// Return of the network and of buy and hold over the test bars, as fractions, after costs; `None` where not traded.
    pub returns: Option<(f64, f64)>,
    /// Trades of the network; `None` where not traded.
    pub trades: Option<usize>,
}

/// The network's trading over the test slices of all folds, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stitched {
    /// Bars traded.
    pub bars: usize,
    /// Trades.
    pub trades: usize,
    /// Compounded return as a fraction.
    pub total_return: f64,
    /// Compounded return of buy and hold over the same slices.
    pub hold_return: f64,
    /// Annualised Sharpe ratio of the bars' returns; `None` without any movement.
    pub sharpe: Option<f64>,
    /// Largest loss from a peak, as a fraction.
    pub max_drawdown: f64,
}

/// A finished walk-forward or combinatorial cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WalkForward {
    /// In order.
    pub folds: Vec<FoldResult>,
    /// Test slices end to end; `None` for combinatorial folds.
    pub stitched: Option<Stitched>,
    /// Combinatorial backtest paths: the number of the fold that tests each block, and the entry AUC over the path.
    pub paths: Vec<(Vec<usize>, Option<f64>)>,
}

/// Teaches a network on every fold that `request.config` asks for, each with its own scaler, and judges it on that fold's
/// test bars. Folds of a walk-forward are runs of their own, which a second call reuses.
///
/// # Errors
/// A configuration that is one chronological split, and whatever stops a run.
pub fn walkforward(request: &RunRequest, job: &Job) -> Result<WalkForward> {
    let splits = &request.config.splits;
    match splits.method {
        SplitMethod::Chronological => {
            bail!("splits.method is chronological, which is a single run: choose rolling, anchored or combinatorial")
        }
        SplitMethod::Combinatorial => return judge_combinatorial(request, job),
        SplitMethod::Rolling | SplitMethod::Anchored => {}
    }
    let mut folds = Vec::with_capacity(splits.folds);
    let mut stitcher = Stitcher::default();
    for fold in 1..=splits.folds {
        let mut config = request.config.clone();
        config.splits.fold = fold;
        config.train.run_name = format!("{}_fold{fold}", request.config.train.run_name);
        let one = RunRequest { config, until: Stage::Backtest, resume: true, ..request.clone() };
        job.emit(TaskEvent::Note(format!("fold {fold} of {}", splits.folds)));
        let summary = run(&one, job)?;
        let found = judge_run(fold, &summary, &mut stitcher)
            .with_context(|| format!("judging fold {fold}, run {}", summary.manifest.id))?;
        job.emit(TaskEvent::Record(record(&found)?));
        folds.push(found);
    }
    Ok(WalkForward { folds, stitched: Some(stitcher.finish()), paths: Vec::new() })
}

/// A fold as one line for scripts.
pub(super) fn record(fold: &FoldResult) -> Result<serde_json::Value> {
    let mut record = serde_json::to_value(fold)?;
    record["event"] = json!("fold");
    Ok(record)
}

fn judge_run(fold: usize, summary: &RunSummary, stitcher: &mut Stitcher) -> Result<FoldResult> {
    let dir = &summary.dir;
    let (card, _) = load_model(&dir.model_file(), &Device::Cpu)?;
    let forecast = read_forecast(&dir.predictions_file(), &Fitted::load(dir)?)?;
    let backtest = summary.backtest.as_ref().context("the fold was not traded")?;
    let series = &summary.series;
    let labels = make_labels(series.bars(), &card.labels, card.cost);
    let bars: Vec<usize> = card.slices.range(Slice::Test).collect();
    let judged = Judged::new(&forecast.raw, &labels, &bars, card.entry_base_rate);
    let of =
        |name: &str| backtest.strategies.iter().find(|report| report.name == name).map(|report| &report.statistics);
    let (network, hold) = of("network").zip(of("buy and hold")).context("the backtest lacks a strategy")?;
    let equity = equity(&read_table(&dir.backtest_dir().join("equity.parquet"))?.0)?;
    let start = summary.manifest.config.backtest.initial_cash;
    let values: Vec<f64> = equity.iter().map(|point| point.equity / start).collect();
    let returns = network.total_return.zip(hold.total_return);
    stitcher.add(&values, series, network.trades, returns.map_or(0.0, |(_, hold)| hold));
    let epochs = crate::runs::read_lines::<crate::training::EpochMetrics>(&dir.metrics_file());
    let changes = crate::runs::read_lines::<crate::training::Change>(&dir.events_file());
    let best = epochs.iter().rev().find(|epoch| epoch.best).map_or(0, |epoch| epoch.epoch);
    Ok(FoldResult {
        fold,
        test: vec![backtest.range],
        run: Some(summary.manifest.id.clone()),
        epochs: (epochs.len(), best),
        stopped: changes.iter().any(|change| change.what == "stop"),
        judged,
        returns,
        trades: Some(network.trades),
    })
}

/// Compounds the equity of one slice after the other.
#[derive(Debug, Default)]
struct Stitcher {
    /// One-bar returns.
    steps: Vec<f64>,
    bars_per_year: f64,
    trades: usize,
    hold: f64,
}

impl Stitcher {
    /// `values`: equity per bar over the cash at the start.
    fn add(&mut self, values: &[f64], series: &Series, trades: usize, hold: f64) {
        let before = std::iter::once(1.0).chain(values.iter().copied());
        self.steps.extend(before.zip(values).map(|(before, now)| now / before - 1.0));
        self.bars_per_year = series.bars_per_year();
        self.trades += trades;
        self.hold = (1.0 + self.hold) * (1.0 + hold) - 1.0;
    }

    fn finish(self) -> Stitched {
        let (mut value, mut peak, mut drawdown) = (1.0_f64, 1.0_f64, 0.0_f64);
        for step in &self.steps {
            value *= 1.0 + step;
            peak = peak.max(value);
            drawdown = drawdown.max(1.0 - value / peak);
        }
        let sharpe = mean(&self.steps) / std_sample(&self.steps) * self.bars_per_year.sqrt();
        Stitched {
            bars: self.steps.len(),
            trades: self.trades,
            total_return: value - 1.0,
            hold_return: self.hold,
            sharpe: sharpe.is_finite().then_some(sharpe),
            max_drawdown: drawdown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_compounded_end_to_end() {
        let series = Series::new("A", "1d".parse().unwrap(), Vec::new()).unwrap();
        let mut stitcher = Stitcher { bars_per_year: 365.0, ..Stitcher::default() };
        stitcher.add(&[1.1, 1.0], &series, 2, 0.5);
        stitcher.add(&[0.8, 1.2], &series, 3, -0.2);
        let found = Stitcher { bars_per_year: 4.0, ..stitcher }.finish();
        assert_eq!((found.bars, found.trades), (4, 5));
        assert!((found.total_return - 0.2).abs() < 1e-12);
        assert!((found.hold_return - 0.2).abs() < 1e-12);
        // 1.1 is the peak, 0.8 the trough.
        assert!((found.max_drawdown - (1.0 - 0.8 / 1.1)).abs() < 1e-12);
        let steps = [0.1, 1.0 / 1.1 - 1.0, -0.2, 0.5];
        let centre = steps.iter().sum::<f64>() / 4.0;
        let deviation = (steps.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / 3.0).sqrt();
        assert!((found.sharpe.unwrap() - 2.0 * centre / deviation).abs() < 1e-12);
    }
}
