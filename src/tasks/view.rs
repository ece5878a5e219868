use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::backtest::{BacktestSummary, read_reports};
use super::collect::Collected;
use super::curves::RunCurves;
use super::event::Job;
use super::fitted::Fitted;
use super::forecast::{Forecast, read_forecast};
use super::formulas::formulas_of;
use super::market_files::{read_judged, read_options};
use crate::analysis::attention::AttentionReport;
use crate::analysis::attribution::Importance;
use crate::analysis::calibration::CalibrationReport;
use crate::analysis::decision::DecisionBoundary;
use crate::analysis::regimes::{BicRow, RegimeRow};
use crate::analysis::verdict::Verdict;
use crate::backtest::{EquityPoint, ExitReason, Trade};
use crate::data::{ReadOptions, Table, read_table};
use crate::dataset::{Labels, make_labels};
use crate::indicators::{Library, Mode, catalogue_key, compute};
use crate::runs::{Manifest, RunDir};
use crate::training::{Device, ModelCard, load_model};

/// analysis/regimes.json.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RegimesReport {
    /// Number of regimes.
    pub k: usize,
    /// Autocorrelation time of the latents in bars.
    pub tau: f64,
    /// (k, k) probability of going from the row's regime to the column's in one bar.
    pub transition: Vec<f64>,
    /// Candidates of the choice of k; empty when k was given.
    pub bic: Vec<BicRow>,
    /// Share of variance per principal component.
    pub explained: Vec<f64>,
    /// Regimes on the test slice.
    pub table: Vec<RegimeRow>,
    /// Regimes on the training slice.
    pub train_table: Vec<RegimeRow>,
}

/// analysis/calibration.json.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalibrationView {
    /// After calibration, on the test slice.
    pub calibrated: Option<CalibrationReport>,
    /// Before it.
    pub raw: Option<CalibrationReport>,
    /// Why there is no report.
    pub problem: Option<String>,
}

/// One bar in the plane of the latent's principal components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentPoint {
    /// Bar of the series.
    pub bar: usize,
    /// First two components.
    pub at: [f64; 2],
    /// Most probable regime.
    pub regime: Option<usize>,
    /// Far from every regime.
    pub outlier: bool,
}

/// Trades and equity of one strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationView {
    /// `network`, `rule`, `buy and hold` or `random`.
    pub name: String,
    /// In order of entry.
    pub trades: Vec<Trade>,
    /// One point per traded bar.
    pub equity: Vec<EquityPoint>,
}

/// All that is known of a run, as plain data; parts that do not exist yet are absent.
#[derive(Debug)]
pub struct RunView {
    /// Run folder.
    pub dir: RunDir,
    /// run.json.
    pub manifest: Manifest,
    /// Bars and every indicator line.
    pub collected: Collected,
    /// What the model file says of itself: features, slices, scales.
    pub card: Option<ModelCard>,
    /// Labels per bar (forward return, entry, exit, volatility).
    pub labels: Labels,
    /// predictions.parquet.
    pub forecast: Option<Forecast>,
    /// analysis/latent.parquet.
    pub latent: Vec<LatentPoint>,
    /// Curves of the training.
    pub curves: RunCurves,
    /// Attention over test windows.
    pub attention: Option<AttentionReport>,
    /// Attribution per output: entry, exit, return, volatility.
    pub importance: Vec<Importance>,
    /// Regimes.
    pub regimes: Option<RegimesReport>,
    /// Calibration of the entry probability.
    pub calibration: CalibrationView,
    /// Probability against return.
    pub decision: Option<DecisionBoundary>,
    /// Edge or not.
    pub verdict: Option<Verdict>,
    /// What was fitted on the forecasts.
    pub fitted: Option<Fitted>,
    /// backtest/report.json.
    pub backtest: Option<BacktestSummary>,
    /// Network, rule, buy and hold, random.
    pub simulations: Vec<SimulationView>,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

impl RunView {
    /// Bars per window.
    pub fn seq_len(&self) -> usize {
        self.manifest.config.model.seq_len
    }

    /// Number of regimes; 0 before the analysis.
    pub fn regime_count(&self) -> usize {
        self.fitted.as_ref().map_or(0, |fitted| fitted.regimes.k)
    }

    /// Regime of a bar.
    pub fn regime(&self, bar: usize) -> Option<usize> {
        self.forecast.as_ref()?.regime.get(bar).copied().flatten()
    }

    /// Trades of the network.
    pub fn trades(&self) -> &[Trade] {
        self.simulations.first().map_or(&[], |simulation| &simulation.trades)
    }
}

/// Opens a run folder for looking: reads everything, computes the indicator lines, writes nothing.
///
/// A relative `data_file` counts from the run folder. Parts that are missing or garbled become problems; only an
/// unreadable manifest or other bars than the run's are errors.
pub fn open_view(path: &Path, job: &Job) -> Result<RunView> {
    let dir = RunDir::open(path)?;
    let manifest = dir.load()?;
    job.progress(0, 4, "reading bars");
    let file = path.join(&manifest.data_file);
    let config = &manifest.config;
    let options = read_options(&config.data)?;
    let collected = look(&file, &options, &formulas_of(path)?, job)?;
    if collected.fingerprint != manifest.fingerprint {
        bail!("the bars in {} are not the ones the run was made of", file.display());
    }
    job.check()?;
    job.progress(2, 4, "reading the run");
    let mut reader = Reader { dir: &dir, problems: Vec::new() };
    let card = reader.optional(&dir.model_file(), |path| Ok(load_model(path, &Device::Cpu)?.0));
    let fitted = reader.optional(&dir.analysis_file("fitted.json"), |_| Fitted::load(&dir));
    let forecast =
        fitted.as_ref().and_then(|fitted| reader.optional(&dir.predictions_file(), |path| read_forecast(path, fitted)));
    let times = collected.series.timestamps();
    let latent = reader
        .optional(&dir.analysis_file("latent.parquet"), |path| latent(&read_table(path)?.0, &times))
        .unwrap_or_default();
    let backtest = reader.optional(&dir.backtest_dir().join("report.json"), |_| read_reports(&dir));
    let mut simulations = Vec::new();
    for report in backtest.iter().flat_map(|backtest| &backtest.strategies) {
        let prefix = if simulations.is_empty() { String::new() } else { format!("{}_", report.name.replace(' ', "_")) };
        simulations.extend(reader.simulation(&report.name, &prefix, &times));
    }
    job.progress(3, 4, "reading the analysis");
    let labels = make_labels(collected.series.bars(), &config.labels, config.backtest.round_trip_cost());
    let view = RunView {
        attention: reader.json("attention.json"),
        importance: reader.json("importance.json").unwrap_or_default(),
        regimes: reader.json("regimes.json"),
        calibration: reader.calibration(),
        decision: reader.json("decision.json"),
        verdict: reader.json("verdict.json"),
        curves: RunCurves::read(&dir, true),
        problems: reader.problems,
        manifest,
        collected,
        card,
        labels,
        forecast,
        latent,
        fitted,
        backtest,
        simulations,
        dir,
    };
    Ok(view)
}

/// Bars of a file with all lines of `library`, for looking only: nothing is written.
pub fn look(file: &Path, options: &ReadOptions, library: &Library, job: &Job) -> Result<Collected> {
    let (series, report) = read_judged(file, options, job)?;
    job.check()?;
    job.progress(1, 4, "computing indicators");
    let instances = library.catalogue(Mode::Standard);
    let lines = compute(&instances, &series);
    Ok(Collected {
        fingerprint: series.fingerprint(),
        catalogue: catalogue_key(&instances),
        series,
        report,
        lines,
        library: library.clone(),
        capture: PathBuf::new(),
        reused: false,
        reason: "computed for looking".to_owned(),
        seconds: 0.0,
    })
}

struct Reader<'a> {
    dir: &'a RunDir,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// None without a problem if the file does not exist.
    fn optional<T>(&mut self, path: &Path, read: impl FnOnce(&Path) -> Result<T>) -> Option<T> {
        if !path.exists() {
            return None;
        }
        read(path).map_err(|err| self.problems.push(format!("{err:#}"))).ok()
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let path = self.dir.analysis_file(name);
        self.optional(&path, |path| {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is garbled: analyze the run again", path.display()))
        })
    }

    fn calibration(&mut self) -> CalibrationView {
        let Some(value) = self.json::<serde_json::Value>("calibration.json") else { return CalibrationView::default() };
        let problem = value.get("problem").and_then(|p| p.as_str()).map(str::to_owned);
        let raw = value.get("raw").cloned().and_then(|raw| serde_json::from_value(raw).ok());
        CalibrationView { raw, calibrated: serde_json::from_value(value).ok(), problem }
    }

    fn simulation(&mut self, name: &str, prefix: &str, times: &[i64]) -> Option<SimulationView> {
        let folder = self.dir.backtest_dir();
        let trades = self.optional(&folder.join(format!("{prefix}trades.parquet")), |path| {
            trades(&read_table(path)?.0, times).with_context(|| format!("{}", path.display()))
        })?;
        let equity = self.optional(&folder.join(format!("{prefix}equity.parquet")), |path| {
            equity(&read_table(path)?.0).with_context(|| format!("{}", path.display()))
        })?;
        Some(SimulationView { name: name.to_owned(), trades, equity })
    }
}

fn bar_at(times: &[i64], time: i64) -> Result<usize> {
    times.binary_search(&time).ok().with_context(|| format!("no bar opens at {}", crate::data::time_text(time)))
}

fn floats<'a>(table: &'a Table, name: &str) -> Result<&'a [f64]> {
    table.float(name).with_context(|| format!("the column {name} is missing"))
}

fn instants<'a>(table: &'a Table, name: &str) -> Result<&'a [i64]> {
    table.time(name).with_context(|| format!("the column {name} is missing"))
}

fn latent(table: &Table, times: &[i64]) -> Result<Vec<LatentPoint>> {
    let (time, pc1, pc2) = (instants(table, "timestamp")?, floats(table, "pc1")?, floats(table, "pc2")?);
    let regime = table.int("regime").context("the column regime is missing")?;
    let outlier = table.bool("outlier").context("the column outlier is missing")?;
    (0..time.len())
        .map(|i| {
            Ok(LatentPoint {
                bar: bar_at(times, time[i])?,
                at: [pc1[i], pc2[i]],
                regime: regime[i].map(|r| r as usize),
                outlier: outlier[i],
            })
        })
        .collect()
}

fn trades(table: &Table, times: &[i64]) -> Result<Vec<Trade>> {
    let text = |name: &str| table.text(name).with_context(|| format!("the column {name} is missing"));
    let int = |name: &str| table.int(name).with_context(|| format!("the column {name} is missing"));
    let (entry, exit) = (instants(table, "entry_time")?, instants(table, "exit_time")?);
    let (side, reason) = (text("side")?, text("reason")?);
    let (decision, regime) = (int("decision_bar")?, int("regime")?);
    let [size, units, entry_price, exit_price, fees, slippage, pnl, net_return, mae, mfe] =
        ["size", "units", "entry_price", "exit_price", "fees", "slippage", "pnl", "return", "mae", "mfe"]
            .map(|name| floats(table, name));
    let (size, units, entry_price, exit_price) = (size?, units?, entry_price?, exit_price?);
    let (fees, slippage, pnl, net_return, mae, mfe) = (fees?, slippage?, pnl?, net_return?, mae?, mfe?);
    (0..entry.len())
        .map(|i| {
            Ok(Trade {
                entry_time: entry[i],
                exit_time: exit[i],
                decision_bar: decision[i].context("a trade without decision bar")? as usize,
                entry_bar: bar_at(times, entry[i])?,
                exit_bar: bar_at(times, exit[i])?,
                side: named(&side[i]).with_context(|| format!("unknown side {:?}", side[i]))?,
                reason: named::<ExitReason>(&reason[i]).with_context(|| format!("unknown reason {:?}", reason[i]))?,
                size: size[i],
                units: units[i],
                entry_price: entry_price[i],
                exit_price: exit_price[i],
                fees: fees[i],
                slippage: slippage[i],
                pnl: pnl[i],
                net_return: net_return[i],
                regime: regime[i].map(|r| r as usize),
                mae: mae[i],
                mfe: mfe[i],
            })
        })
        .collect()
}

/// A variant by its name in files (sides and reasons of trades).
fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

pub(super) fn equity(table: &Table) -> Result<Vec<EquityPoint>> {
    let (time, equity, cash) = (instants(table, "timestamp")?, floats(table, "equity")?, floats(table, "cash")?);
    let (position, price) = (floats(table, "position")?, floats(table, "price")?);
    Ok((0..time.len())
        .map(|i| EquityPoint {
            timestamp: time[i],
            equity: equity[i],
            cash: cash[i],
            position: position[i],
            price: price[i],
        })
        .collect())
}
