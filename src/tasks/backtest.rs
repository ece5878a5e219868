use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::collect::Collected;
use super::event::{Job, TaskEvent};
use super::fitted::Fitted;
use super::forecast::read_forecast;
use super::formulas::rule_of_run;
use crate::backtest::{
    BuyAndHold, EquityPoint, NetworkStrategy, RandomEntries, RuleStrategy, Simulation, Statistics, StrategyReport,
    Trade, Verdict, Yardstick, comparison_table, regime_table, simulate,
};
use crate::config::BacktestConfig;
use crate::data::{Column, Table, write_table};
use crate::dataset::{Slice, make_labels};
use crate::files::write_atomic;
use crate::runs::RunDir;
use crate::training::ModelCard;

/// What a backtest came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BacktestSummary {
    /// The bars traded.
    pub slice: String,
    /// First and last open time, UTC milliseconds.
    pub range: (i64, i64),
    /// Bars traded.
    pub bars: usize,
    /// True if the bars taught, selected or calibrated the network.
    pub in_sample: bool,
    /// Round-trip cost as a fraction of the traded value.
    pub cost: f64,
    /// Network, rule, buy and hold, random (the middle one of 21 draws with as many trades).
    pub strategies: Vec<StrategyReport>,
    /// Network against the others.
    pub verdict: Verdict,
    /// The comparison as plain text.
    pub table: String,
    /// Sentences that must stand beside the results.
    pub warnings: Vec<String>,
    /// SHA-256 of the bars.
    pub fingerprint: String,
    /// Seed of training, intervals and random entries.
    pub seed: u64,
    /// The rules and costs.
    pub config: BacktestConfig,
}

/// Draws of random entries, of which the middle one by its end is shown.
const RANDOM_DRAWS: u64 = 21;

/// Trades the forecasts of a run beside a rule, buy and hold and random entries, over the test slice unless another is
/// named; writes backtest/.
pub(super) fn backtest_run(
    dir: &RunDir,
    collected: &Collected,
    card: &ModelCard,
    config: &BacktestConfig,
    slice: Slice,
    job: &Job,
) -> Result<BacktestSummary> {
    job.progress(0, 4, "trading on paper");
    let fitted = Fitted::load(dir)?;
    let forecast = read_forecast(&dir.predictions_file(), &fitted)?;
    let bars = collected.series.bars();
    if forecast.timestamp.len() != bars.len() {
        anyhow::bail!(
            "the predictions cover {} bars, the data {}: analyze the run again",
            forecast.timestamp.len(),
            bars.len()
        );
    }
    let range = card.slices.range(slice);
    let labels = make_labels(bars, &card.labels, card.cost);
    let horizon = card.labels.prediction_horizon;
    let bars_per_year = collected.series.bars_per_year();
    let yardstick = Yardstick {
        bars_per_year,
        cost: config.round_trip_cost(),
        horizon,
        forward_returns: &labels.forward_return,
        seed: card.train.seed,
    };
    let mut network =
        NetworkStrategy::new(forecast.predictions(), config, fitted.calibrated(), horizon, card.bars_per_year)?;
    let ours = simulate(bars, range.clone(), &mut network, config);
    job.check()?;
    job.progress(1, 4, "trading the rule");
    let mut rule = RuleStrategy::new(&rule_of_run(dir, config)?, &collected.series, config);
    let rule = simulate(bars, range.clone(), &mut rule, config);
    let hold = simulate(bars, range.clone(), &mut BuyAndHold::default(), config);
    let hold_bars = if config.max_bars > 0 { config.max_bars } else { horizon };
    let size = mean_size(&ours).unwrap_or(config.max_size);
    let draw = |seed: u64| {
        let mut dice = RandomEntries::new(range.clone(), ours.trades.len(), hold_bars, config.side, size, seed);
        simulate(bars, range.clone(), &mut dice, config)
    };
    // One draw may be lucky: the middle one of many stands for chance.
    let mut draws: Vec<Simulation> = (0..RANDOM_DRAWS).map(|i| draw(card.train.seed.wrapping_add(i))).collect();
    draws.sort_by(|a, b| last_equity(a).total_cmp(&last_equity(b)));
    let random = draws.swap_remove(draws.len() / 2);
    job.progress(3, 4, "judging the trades");
    let in_sample = slice != Slice::Test;
    let all = [("network", &ours), ("rule", &rule), ("buy and hold", &hold), ("random", &random)];
    let strategies: Vec<StrategyReport> = all
        .iter()
        .map(|(name, simulation)| StrategyReport {
            name: (*name).to_owned(),
            in_sample: Some(in_sample),
            statistics: Statistics::new(simulation, &yardstick),
            per_regime: regime_table(&simulation.trades, fitted.regimes.k),
        })
        .collect();
    let verdict = Verdict::new(&ours, &all[1..], in_sample, &yardstick)?;
    let table = comparison_table(&strategies);
    let summary = BacktestSummary {
        slice: slice.to_string(),
        range: (bars[range.start].timestamp, bars[range.end - 1].timestamp),
        bars: range.len(),
        in_sample,
        cost: config.round_trip_cost(),
        strategies,
        verdict,
        table,
        warnings: fitted.warnings(),
        fingerprint: card.fingerprint.clone(),
        seed: card.train.seed,
        config: config.clone(),
    };
    // Only the test slice is the run's backtest; others stand beside it under their names.
    let folder =
        if in_sample { dir.backtest_dir().with_file_name(format!("backtest_{slice}")) } else { dir.backtest_dir() };
    write(&folder, &summary, &all)?;
    emit(&summary, job);
    Ok(summary)
}

fn last_equity(simulation: &Simulation) -> f64 {
    simulation.equity.last().map_or(simulation.initial_cash, |point| point.equity)
}

fn mean_size(simulation: &Simulation) -> Option<f64> {
    let sizes: Vec<f64> = simulation.trades.iter().map(|trade| trade.size).collect();
    (!sizes.is_empty()).then(|| crate::stats::mean(&sizes))
}

fn emit(summary: &BacktestSummary, job: &Job) {
    for report in &summary.strategies {
        job.emit(TaskEvent::Record(json!({
            "event": "backtest",
            "slice": summary.slice,
            "in_sample": summary.in_sample,
            "bars": summary.bars,
            "strategy": report.name,
            "statistics": report.statistics,
            "per_regime": report.per_regime,
        })));
    }
    job.emit(TaskEvent::Record(
        json!({ "event": "backtest_verdict", "slice": summary.slice, "verdict": summary.verdict }),
    ));
}

/// trades.parquet and equity.parquet of the first strategy, those of the others under their names, and report.json.
fn write(folder: &Path, summary: &BacktestSummary, all: &[(&str, &Simulation)]) -> Result<()> {
    for (i, (name, simulation)) in all.iter().enumerate() {
        let prefix = if i == 0 { String::new() } else { format!("{}_", name.replace(' ', "_")) };
        write_simulation(folder, &prefix, simulation)?;
    }
    let path = folder.join("report.json");
    write_atomic(&path, serde_json::to_string_pretty(summary)?.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn write_simulation(folder: &Path, prefix: &str, simulation: &Simulation) -> Result<()> {
    let none = BTreeMap::new();
    write_table(&folder.join(format!("{prefix}trades.parquet")), &trades_table(&simulation.trades), &none)?;
    write_table(&folder.join(format!("{prefix}equity.parquet")), &equity_table(&simulation.equity), &none)?;
    Ok(())
}

fn trades_table(trades: &[Trade]) -> Table {
    let time = |f: &dyn Fn(&Trade) -> i64| Column::Time(trades.iter().map(f).collect());
    let float = |f: &dyn Fn(&Trade) -> f64| Column::Float(trades.iter().map(f).collect());
    let text = |f: &dyn Fn(&Trade) -> &str| Column::Text(trades.iter().map(|t| f(t).to_owned()).collect());
    let int =
        |f: &dyn Fn(&Trade) -> Option<usize>| Column::Int(trades.iter().map(|t| f(t).map(|v| v as i64)).collect());
    let mut table = Table::new();
    table.push("entry_time", time(&|t| t.entry_time));
    table.push("exit_time", time(&|t| t.exit_time));
    table.push("side", text(&|t| t.side.name()));
    table.push("size", float(&|t| t.size));
    table.push("entry_price", float(&|t| t.entry_price));
    table.push("exit_price", float(&|t| t.exit_price));
    table.push("fees", float(&|t| t.fees));
    table.push("slippage", float(&|t| t.slippage));
    table.push("pnl", float(&|t| t.pnl));
    table.push("return", float(&|t| t.net_return));
    table.push("reason", text(&|t| t.reason.name()));
    table.push("regime", int(&|t| t.regime));
    table.push("mae", float(&|t| t.mae));
    table.push("mfe", float(&|t| t.mfe));
    table.push("decision_bar", int(&|t| Some(t.decision_bar)));
    table.push("units", float(&|t| t.units));
    table
}

fn equity_table(equity: &[EquityPoint]) -> Table {
    let float = |f: &dyn Fn(&EquityPoint) -> f64| Column::Float(equity.iter().map(f).collect());
    let mut table = Table::new();
    table.push("timestamp", Column::Time(equity.iter().map(|p| p.timestamp).collect()));
    table.push("equity", float(&|p| p.equity));
    table.push("cash", float(&|p| p.cash));
    table.push("position", float(&|p| p.position));
    table.push("price", float(&|p| p.price));
    table
}

/// backtest/report.json of a run.
pub fn read_reports(dir: &RunDir) -> Result<BacktestSummary> {
    let path = dir.backtest_dir().join("report.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("no backtest yet: cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is garbled: backtest the run again", path.display()))
}
