use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::analyze::{AnalysisSummary, analyze_network};
use super::backtest::{BacktestSummary, backtest_run};
use super::collect::{CollectRequest, Collected, collect};
use super::event::{Job, StageClock, TaskEvent, now};
use super::figures::write_figures;
use super::fitted::Fitted;
use super::formulas::{formulas_of, keep_formulas, keep_rule, load_rule, rule_of_run};
use super::market_files::{admit, read_options};
use super::prepare::{Dataset, prepare, prepare_for};
use super::sources::{Sources, absolute_files, without_places};
use super::train::train;
use crate::backtest::Rule;
use crate::config::{DevicePreference, Precision, RunConfig};
use crate::dataset::Slice;
use crate::indicators::Library;
use crate::jobs::Cancelled;
use crate::market::Series;
use crate::runs::{Manifest, RunDir, RunStatus, Stage, find_by_key};
use crate::training::{Device, load_model, pick_device};

/// A run to do.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Folder of captures and runs.
    pub workspace: PathBuf,
    /// What to do; `data.file` absolute or relative to the current folder.
    pub config: RunConfig,
    /// Stages wanted, the first ones up to this.
    pub until: Stage,
    /// Continue the newest run of the same configuration and data instead of starting another.
    pub resume: bool,
    /// Threads in use, for the record.
    pub threads: usize,
}

/// A finished run.
#[derive(Debug)]
pub struct RunSummary {
    /// Its folder.
    pub dir: RunDir,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its bars.
    pub series: Series,
    /// The comparison, when it was backtested.
    pub backtest: Option<BacktestSummary>,
}

/// Collects, trains, analyzes and backtests; every stage leaves files, so an interrupted run goes on where it was.
pub fn run(request: &RunRequest, job: &Job) -> Result<RunSummary> {
    let mut config = request.config.clone();
    let file = absolute(&config.data.file)?;
    config.data.file = file.display().to_string();
    if !config.backtest.rule.is_empty() {
        config.backtest.rule = absolute_rule(&config.backtest.rule)?.display().to_string();
    }
    absolute_files(&mut config.features)?;
    let clock = StageClock::start(Stage::Collect, job);
    let collected = collect_for(&request.workspace, &config, None, job)?;
    report_collect(&clock, &collected, job);
    // A rule that cannot be traded shows before the training, not behind it.
    let rule = load_rule(&config.backtest, &collected.library)?;
    if request.until == Stage::Collect {
        bail!("a run needs more than its bars");
    }
    admit(&collected.report, &config.data)?;
    let (device, device_name) = pick_device(config.train.device)?;
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let key = run_key(&config, &collected, &sources, &rule)?;
    let found = if request.resume { find_by_key(&request.workspace, &key) } else { None };
    let dataset = prepare(&collected, &sources, &config, job)?;
    let dir = if let Some(entry) = found {
        job.emit(TaskEvent::Note(format!("continues {}", entry.manifest.id)));
        entry.dir
    } else {
        let manifest = new_manifest(&config, &collected, &sources, key, request.threads, &device_name)?;
        let dir = RunDir::create(&request.workspace, &manifest)?;
        keep_formulas(&dir, &collected.library)?;
        keep_rule(&dir, &config.backtest, &rule)?;
        dir
    };
    let _lock = dir.lock()?;
    // Another process may have worked on it until now.
    let mut manifest = dir.load()?;
    job.emit(started_record(&dir, &manifest, &device_name));
    let result = stages(&dir, &mut manifest, &collected, &dataset, &device, request.until, job);
    let settled = settle(&dir, &mut manifest, &result);
    let backtest = result?;
    settled?;
    Ok(RunSummary { dir, manifest, series: collected.series, backtest })
}

/// Tells watchers which run is at work and where.
fn started_record(dir: &RunDir, manifest: &Manifest, device: &str) -> TaskEvent {
    TaskEvent::Record(json!({ "event": "run_started", "run": manifest.id, "folder": dir.path(), "device": device }))
}

/// Does the stages after collecting that are not done yet.
fn stages(
    dir: &RunDir,
    manifest: &mut Manifest,
    collected: &Collected,
    dataset: &Dataset,
    device: &Device,
    until: Stage,
    job: &Job,
) -> Result<Option<BacktestSummary>> {
    manifest.status = RunStatus::Running;
    manifest.error = None;
    manifest.mark(Stage::Collect);
    dir.save(manifest)?;
    let config = manifest.config.clone();
    let clock = StageClock::start(Stage::Train, job);
    if manifest.has(Stage::Train) {
        clock.done(job, true, "the run is trained already", &json!({}));
    } else {
        // What was made of an earlier state of the network no longer counts.
        manifest.done.retain(|stage| *stage < Stage::Train);
        dir.save(manifest)?;
        let trained = train(dir, &manifest.key, manifest.started, dataset, &collected.series, device, job)?;
        mark(dir, manifest, Stage::Train)?;
        let reason = match trained.resumed_at {
            0 => "new".to_owned(),
            epoch => format!("continued after epoch {epoch}"),
        };
        let more = json!({
            "epochs": trained.epochs,
            "best_epoch": trained.best_epoch,
            "best_score": trained.best_score,
            "stopped": trained.stopped,
        });
        clock.done(job, false, &reason, &more);
    }
    if until < Stage::Analyze {
        return Ok(None);
    }
    let clock = StageClock::start(Stage::Analyze, job);
    if manifest.has(Stage::Analyze) && Fitted::load(dir).is_ok() {
        clock.done(job, true, "the run is analyzed already", &json!({}));
    } else {
        unmark_analysis(dir, manifest)?;
        let (_, network) = load_model(&dir.model_file(), device)?;
        analyze_network(dir, collected, dataset, &network, &config.analysis, job)?;
        mark(dir, manifest, Stage::Analyze)?;
        clock.done(job, false, "new", &json!({}));
    }
    if until < Stage::Backtest {
        return Ok(None);
    }
    let clock = StageClock::start(Stage::Backtest, job);
    let summary = backtest_run(dir, collected, &dataset.card, &config.backtest, Slice::Test, job)?;
    mark(dir, manifest, Stage::Backtest)?;
    clock.done(job, false, "always done again", &json!({}));
    Ok(Some(summary))
}

/// A half-done analysis must not pass for the old one.
fn unmark_analysis(dir: &RunDir, manifest: &mut Manifest) -> Result<()> {
    manifest.done.retain(|stage| *stage < Stage::Analyze);
    Ok(dir.save(manifest)?)
}

fn mark(dir: &RunDir, manifest: &mut Manifest, stage: Stage) -> Result<()> {
    manifest.mark(stage);
    Ok(dir.save(manifest)?)
}

/// Writes how the run ended.
fn settle<T>(dir: &RunDir, manifest: &mut Manifest, result: &Result<T>) -> Result<()> {
    (manifest.status, manifest.error) = match result {
        Ok(_) => (RunStatus::Finished, None),
        Err(err) if is_cancelled(err) => (RunStatus::Cancelled, None),
        Err(err) => (RunStatus::Failed, Some(format!("{err:#}"))),
    };
    manifest.ended = Some(now());
    Ok(dir.save(manifest)?)
}

/// True if a task ended because the user asked.
pub(super) fn is_cancelled(err: &anyhow::Error) -> bool {
    err.chain().any(|cause| cause.is::<Cancelled>())
}

pub(super) fn absolute(file: &str) -> Result<PathBuf> {
    if file.is_empty() {
        bail!("data.file is empty: name a file of bars");
    }
    std::path::absolute(file).with_context(|| format!("data.file {file:?} is no usable path"))
}

fn absolute_rule(file: &str) -> Result<PathBuf> {
    std::path::absolute(file).with_context(|| format!("backtest.rule {file:?} is no usable path"))
}

/// `library` is the run's own; a new run takes the workspace's.
pub(super) fn collect_for(
    workspace: &Path,
    config: &RunConfig,
    library: Option<Library>,
    job: &Job,
) -> Result<Collected> {
    let options = read_options(&config.data)?;
    let request = CollectRequest { file: PathBuf::from(&config.data.file), options, library };
    collect(workspace, &request, job)
}

fn report_collect(clock: &StageClock, collected: &Collected, job: &Job) {
    let more = json!({
        "bars": collected.series.len(),
        "lines": collected.lines.columns.len(),
        "bars_per_s": collected.series.len() as f64 / collected.seconds,
        "capture": collected.capture,
        "report": collected.report,
    });
    clock.done(job, collected.reused, &collected.reason, &more);
}

/// Equal for runs that must come to the same figures: everything but names, places and the device.
fn run_key(config: &RunConfig, collected: &Collected, sources: &Sources, rule: &Rule) -> Result<String> {
    let mut config = config.clone();
    config.features = without_places(&config.features);
    config.train.run_name.clear();
    config.train.device = DevicePreference::Auto;
    config.data.file.clear();
    if !config.backtest.rule.is_empty() {
        rule.formula().hash().clone_into(&mut config.backtest.rule);
    }
    let mut text =
        json!([config, collected.fingerprint, collected.catalogue, sources.notes(), env!("CARGO_PKG_VERSION")]);
    // Runs from before there was a choice keep their keys.
    if config.train.precision == Precision::F32
        && let Some(train) = text[0]["train"].as_object_mut()
    {
        train.remove("precision");
    }
    Ok(format!("{:x}", Sha256::digest(serde_json::to_string(&text)?.as_bytes())))
}

fn new_manifest(
    config: &RunConfig,
    collected: &Collected,
    sources: &Sources,
    key: String,
    threads: usize,
    device: &str,
) -> Result<Manifest> {
    let started = now();
    let time = chrono::DateTime::from_timestamp_millis(started).context("the clock shows no valid time")?;
    let id = format!("{}_{}_{}", time.format("%Y-%m-%dT%H-%M-%S-%3fZ"), config.train.run_name, &key[..8]);
    let series = &collected.series;
    Ok(Manifest {
        id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        status: RunStatus::Running,
        error: None,
        done: Vec::new(),
        key,
        config: config.clone(),
        data_file: config.data.file.clone(),
        fingerprint: collected.fingerprint.clone(),
        sources: sources.notes().to_vec(),
        symbol: series.symbol.clone(),
        timeframe: series.timeframe.to_string(),
        bars: series.len(),
        first_timestamp: collected.report.start_ms,
        last_timestamp: collected.report.end_ms,
        threads,
        device: device.to_owned(),
        started,
        ended: None,
    })
}

/// A run with its bars, ready for one more stage.
#[derive(Debug)]
pub struct OpenRun {
    pub(super) dir: RunDir,
    pub(super) collected: Collected,
}

/// Opens a run folder and collects its bars again (from the capture when nothing changed).
///
/// Errors if the bars are gone or are not the ones the run was made of.
pub fn open_run(workspace: &Path, path: &Path, job: &Job) -> Result<OpenRun> {
    let dir = RunDir::open(path)?;
    let manifest = dir.load()?;
    let clock = StageClock::start(Stage::Collect, job);
    let collected = collect_for(workspace, &manifest.config, Some(formulas_of(dir.path())?), job)?;
    if collected.fingerprint != manifest.fingerprint {
        bail!("the bars in {} are not the ones the run was made of", manifest.data_file);
    }
    if !manifest.sources.is_empty() {
        let sources = Sources::read(&manifest.config.features, &collected.series, &collected.library, job)?;
        if let Some(other) = manifest.sources.iter().find(|note| !sources.notes().contains(note)) {
            bail!("{} is not what the run was made of: its file under features changed since", other.name);
        }
    }
    report_collect(&clock, &collected, job);
    Ok(OpenRun { dir, collected })
}

/// One more stage of an existing run: resumes its training, analyzes it (with pictures into `figures`), or trades
/// `slice` with `config`'s backtest section.
pub fn stage_of_run(
    open: OpenRun,
    stage: Stage,
    config: &RunConfig,
    slice: Slice,
    figures: Option<&Path>,
    job: &Job,
) -> Result<RunSummary> {
    let OpenRun { dir, collected } = open;
    let _lock = dir.lock()?;
    let mut manifest = dir.load()?;
    let (device, device_name) = pick_device(config.train.device)?;
    let clock = StageClock::start(stage, job);
    let mut backtest = None;
    match stage {
        Stage::Collect => {}
        Stage::Train => {
            let rule = rule_of_run(&dir, &manifest.config.backtest)?;
            let sources = Sources::read(&manifest.config.features, &collected.series, &collected.library, job)?;
            if run_key(&manifest.config, &collected, &sources, &rule)? != manifest.key {
                bail!("the program or its indicators changed since the run began: start a new run");
            }
            let dataset = prepare(&collected, &sources, &manifest.config.clone(), job)?;
            job.emit(started_record(&dir, &manifest, &device_name));
            let result = stages(&dir, &mut manifest, &collected, &dataset, &device, Stage::Train, job);
            let settled = settle(&dir, &mut manifest, &result);
            result?;
            settled?;
        }
        Stage::Analyze => {
            let (card, network) = load_model(&dir.model_file(), &device)?;
            let dataset = prepare_for(&collected, card, &manifest.config.features, job)?;
            unmark_analysis(&dir, &mut manifest)?;
            let summary = analyze_network(&dir, &collected, &dataset, &network, &config.analysis, job)?;
            if let Some(folder) = figures {
                draw(folder, &dir, &manifest, &summary, &dataset, &network, job)?;
            }
            mark(&dir, &mut manifest, Stage::Analyze)?;
            clock.done(job, false, "asked for", &json!({}));
        }
        Stage::Backtest => {
            let (card, _) = load_model(&dir.model_file(), &device)?;
            backtest = Some(backtest_run(&dir, &collected, &card, &config.backtest, slice, job)?);
            mark(&dir, &mut manifest, Stage::Backtest)?;
            clock.done(job, false, "asked for", &json!({}));
        }
    }
    Ok(RunSummary { dir, manifest, series: collected.series, backtest })
}

fn draw(
    folder: &Path,
    dir: &RunDir,
    manifest: &Manifest,
    summary: &AnalysisSummary,
    dataset: &Dataset,
    network: &crate::models::Network,
    job: &Job,
) -> Result<()> {
    job.progress(0, 0, "drawing");
    let fitted = Fitted::load(dir)?;
    let name = format!("{} {} {}", manifest.config.train.run_name, manifest.symbol, manifest.timeframe);
    let files = write_figures(folder, &name, summary, &fitted, dataset, network)?;
    job.emit(TaskEvent::Record(json!({ "event": "figures", "files": files })));
    Ok(())
}
