use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::json;

use super::backtest::write_simulation;
use super::event::{Job, TaskEvent};
use crate::backtest::{
    BuyAndHold, Direction, Signal, SignalStrategy, Statistics, StrategyReport, Yardstick, comparison_table, simulate,
};
use crate::config::BacktestConfig;
use crate::data::{Column, ReadOptions, parse_time, read_series, read_table};
use crate::files::write_atomic;

/// Signals from a file to be traded on bars.
#[derive(Debug, Clone)]
pub struct SignalsRequest {
    /// CSV or Parquet with timestamp, side (long, short or flat), size, stop, target.
    pub signals: PathBuf,
    /// CSV or Parquet file of bars.
    pub data: PathBuf,
    /// Where trades, equity and report go; nowhere when `None`.
    pub out: Option<PathBuf>,
    /// Costs and cash.
    pub config: BacktestConfig,
}

/// What the signals came to.
#[derive(Debug, Clone, Serialize)]
pub struct SignalsSummary {
    /// Signals, then buy and hold.
    pub strategies: Vec<StrategyReport>,
    /// The comparison as plain text.
    pub table: String,
}

/// Trades a file of signals over all bars, with the costs of the configuration, beside buy and hold.
pub fn backtest_signals(request: &SignalsRequest, job: &Job) -> Result<SignalsSummary> {
    job.progress(0, 0, "reading bars and signals");
    let (series, _) = read_series(&request.data, &ReadOptions::default())?;
    let signals = read_signals(&request.signals)?;
    let bars = series.bars();
    let file = || format!("signals of {}", request.signals.display());
    let mut strategy = SignalStrategy::from_signals(bars, &signals).with_context(file)?;
    let ours = simulate(bars, 0..bars.len(), &mut strategy, &request.config);
    job.check()?;
    let hold = simulate(bars, 0..bars.len(), &mut BuyAndHold::default(), &request.config);
    let cost = request.config.round_trip_cost();
    // Signals state no horizon, so no return can tell a false one.
    let unknown = vec![f64::NAN; bars.len()];
    let bars_per_year = series.bars_per_year();
    let yardstick = Yardstick { bars_per_year, cost, horizon: 1, forward_returns: &unknown, seed: 42 };
    let strategies: Vec<StrategyReport> = [("signals", &ours), ("buy and hold", &hold)]
        .into_iter()
        .map(|(name, simulation)| StrategyReport {
            name: name.to_owned(),
            in_sample: None,
            statistics: Statistics::new(simulation, &yardstick),
            per_regime: Vec::new(),
        })
        .collect();
    let summary = SignalsSummary { table: comparison_table(&strategies), strategies };
    if let Some(folder) = &request.out {
        write_simulation(folder, "", &ours)?;
        let path = folder.join("report.json");
        write_atomic(&path, serde_json::to_string_pretty(&summary)?.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    for report in &summary.strategies {
        let (name, statistics) = (&report.name, &report.statistics);
        job.emit(TaskEvent::Record(json!({ "event": "backtest", "strategy": name, "statistics": statistics })));
    }
    Ok(summary)
}

fn read_signals(path: &Path) -> Result<Vec<Signal>> {
    let parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    if parquet { from_parquet(path) } else { from_csv(path) }
}

/// The side to enter, or none to close.
fn side(text: &str) -> Result<Option<Direction>> {
    match text.trim().to_ascii_lowercase().as_str() {
        "long" | "buy" | "1" => Ok(Some(Direction::Long)),
        "short" | "sell" | "-1" => Ok(Some(Direction::Short)),
        "flat" | "exit" | "close" | "0" => Ok(None),
        _ => bail!("a side is long, short or flat"),
    }
}

fn from_parquet(path: &Path) -> Result<Vec<Signal>> {
    let (table, _) = read_table(path)?;
    let absent = |name: &str| format!("{} lacks the column {name}", path.display());
    let times = table.time("timestamp").with_context(|| absent("timestamp"))?;
    let sides = table.text("side").with_context(|| absent("side"))?;
    let column = |name: &str| -> Result<Vec<Option<f64>>> {
        match table.column(name) {
            None => Ok(vec![None; table.rows()]),
            Some(Column::Float(values)) => Ok(values.iter().map(|v| v.is_finite().then_some(*v)).collect()),
            Some(Column::Int(values)) => Ok(values.iter().map(|v| v.map(|v| v as f64)).collect()),
            Some(_) => bail!("{}: the column {name} holds no numbers", path.display()),
        }
    };
    let [sizes, stops, targets] = [column("size")?, column("stop")?, column("target")?];
    (0..table.rows())
        .map(|i| {
            let side =
                side(&sides[i]).with_context(|| format!("{}: row {}: side {:?}", path.display(), i + 1, sides[i]))?;
            let (size, stop, target) = (sizes[i].unwrap_or(1.0), stops[i], targets[i]);
            Ok(Signal { timestamp: times[i], side, size, stop, target })
        })
        .collect()
}

fn from_csv(path: &Path) -> Result<Vec<Signal>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines().enumerate();
    let Some((_, header)) = lines.next() else { bail!("{} is empty", path.display()) };
    let names: Vec<String> = header.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let place = |name: &str| names.iter().position(|n| n == name);
    let need = |name: &str| place(name).with_context(|| format!("{} lacks the column {name}", path.display()));
    let (time_at, side_at) = (need("timestamp")?, need("side")?);
    let optional = [place("size"), place("stop"), place("target")];
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let cell = |at: usize| cells.get(at).copied().unwrap_or("");
            let wrong =
                |what: &str, text: &str| format!("{}: line {}: {what} {text:?} is not readable", path.display(), i + 1);
            let timestamp = parse_time(cell(time_at)).with_context(|| wrong("timestamp", cell(time_at)))?;
            let side = side(cell(side_at)).with_context(|| wrong("side", cell(side_at)))?;
            let mut numbers = [None; 3];
            for (number, at) in numbers.iter_mut().zip(optional) {
                let text = at.map_or("", cell);
                if !text.is_empty() {
                    *number = Some(text.parse::<f64>().ok().with_context(|| wrong("number", text))?);
                }
            }
            let [size, stop, target] = numbers;
            Ok(Signal { timestamp, side, size: size.unwrap_or(1.0), stop, target })
        })
        .collect()
}
