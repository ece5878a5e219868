use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::args::{AnalyzeArgs, Args, BacktestArgs, CollectArgs, Command, Global, SliceArg, WindowArgs};
use super::print::{Failure, Printer};
use super::watch::watch;
use super::{bench, check, data, indicators, setup, teach, walkforward};
use crate::backtest::RegimeRow;
use crate::config::RunConfig;
use crate::data::parse_time;
use crate::dataset::Slice;
use crate::gui::{OpenWindow, open_window};
use crate::runs::{RunDir, Stage};
use crate::tasks::{
    BacktestSummary, CollectRequest, PredictRequest, RunRequest, RunSummary, SignalsRequest, Wish, backtest_signals,
    capture, doctor, open_run, predict, read_options, run as run_task, stage_of_run, window_attention,
};

pub(super) fn run(args: &Args, printer: &Printer, started: Instant) -> Result<(), Failure> {
    let printer = *printer;
    let global = &args.global;
    let threads = setup::threads(global)?;
    let workspace = setup::workspace(global)?;
    let Some(command) = &args.command else {
        return window_without_command(&args.window, workspace, threads, started, printer);
    };
    match command {
        Command::Run(args) => {
            let config = setup::config_of(global, &args.config)?;
            let request = RunRequest { workspace, config, until: Stage::Backtest, resume: args.resume, threads };
            whole_run(request, printer)
        }
        Command::Walkforward(args) => {
            let config = setup::config_of(global, args)?;
            walkforward::run(RunRequest { workspace, config, until: Stage::Backtest, resume: true, threads }, printer)
        }
        Command::Train(args) => {
            if let Some(run) = &args.resume {
                only(global, "")?;
                let wishes = teach::wishes(&args.tell)?;
                return one_stage(&workspace, run, Work { wishes, ..Work::of(Stage::Train) }, global, printer);
            }
            let config = setup::config(global, args.config.as_deref(), args.preset.as_deref(), args.data.as_deref())?;
            let request = RunRequest { workspace, config, until: Stage::Train, resume: false, threads };
            whole_run(request, printer)
        }
        Command::Lrfind(args) => teach::find_rate(args, workspace, global, printer),
        Command::Tell(args) => teach::tell(args),
        Command::Collect(args) => collect_bars(&workspace, args, global, printer),
        Command::Analyze(args) => {
            only(global, "analysis.")?;
            if let Some(time) = &args.window {
                return window(&workspace, args, time, printer);
            }
            let figures = args.figures.clone();
            one_stage(&workspace, &args.run, Work { figures, ..Work::of(Stage::Analyze) }, global, printer)
        }
        Command::Backtest(args) => backtest(&workspace, args, global, printer),
        Command::Predict(args) => {
            only(global, "")?;
            let (run, data, last) = (args.run.clone(), args.data.clone(), args.last);
            let request = PredictRequest { workspace, run, data, last };
            let records = watch("predict", printer, move |job| predict(&request, job))?;
            for record in records {
                printer.record(&record);
                printer.text(&prediction_text(&record));
            }
            Ok(())
        }
        Command::Indicators(command) => indicators::run(command, &workspace, printer),
        Command::Data(command) => data::run(command, &workspace, printer),
        Command::Check(command) => check::check(command, &workspace, global, printer),
        Command::Synth(args) => check::plant(args, printer),
        Command::Bench(command) => bench::run(command, threads, printer),
        Command::Doctor => {
            let checks = doctor(&workspace, threads);
            for check in &checks {
                printer.record(check);
                printer.text(&format!("{:4} {:11} {}", if check.ok { "ok" } else { "FAIL" }, check.name, check.found));
            }
            match checks.iter().find(|check| !check.ok) {
                Some(check) => Err(anyhow!("{}: {}", check.name, check.found).into()),
                None => Ok(()),
            }
        }
    }
}

/// Refuses overrides that the command would not look at.
fn only(global: &Global, section: &str) -> Result<(), Failure> {
    let used = |text: &&String| !section.is_empty() && text.trim_start().starts_with(section);
    match global.overrides.iter().find(|text| !used(text)) {
        None => Ok(()),
        Some(text) if section.is_empty() => Err(Failure::Usage(anyhow!(
            "--set {text}: this command takes its configuration from the run, which cannot be changed"
        ))),
        Some(text) => Err(Failure::Usage(anyhow!(
            "--set {text}: of an existing run only {section}* can be set here; the rest needs a new run"
        ))),
    }
}

fn window_without_command(
    args: &WindowArgs,
    workspace: PathBuf,
    threads: usize,
    started: Instant,
    printer: Printer,
) -> Result<(), Failure> {
    if let Some(path) = args.path.as_ref().filter(|path| !path.exists()) {
        let text = path.display();
        return Err(Failure::Usage(anyhow!(
            "{text} is neither a command (glassbox --help lists them) nor a file or folder"
        )));
    }
    let request = OpenWindow {
        path: args.path.clone(),
        workspace,
        threads,
        exit_after_first_frame: args.exit_after_first_frame,
        probe: args.probe.clone(),
        started,
    };
    if let Some(record) = open_window(request).map_err(anyhow::Error::from)? {
        printer.record(&record);
        printer.text(&record.to_string());
    }
    Ok(())
}

fn whole_run(request: RunRequest, printer: Printer) -> Result<(), Failure> {
    if request.config.train.use_wandb {
        Printer::note(
            "train.use_wandb: no Weights & Biases directory is written, whose format is that program's own; the run's \
             metrics.jsonl, metrics.csv and tensorboard/ hold every figure",
        );
    }
    let start = Instant::now();
    let summary = watch("run", printer, move |job| run_task(&request, job))?;
    finish(&summary, start.elapsed().as_secs_f64(), printer);
    Ok(())
}

fn finish(summary: &RunSummary, seconds: f64, printer: Printer) {
    if let Some(backtest) = &summary.backtest {
        printer.text(&backtest_text(backtest));
    }
    let folder = summary.dir.path().display().to_string();
    printer.record(&json!({ "event": "run", "run": summary.manifest.id, "folder": folder, "seconds": seconds }));
    printer.text(&format!("\n{folder}\ndone in {seconds:.1} s"));
}

fn backtest_text(backtest: &BacktestSummary) -> String {
    let mut warnings = String::new();
    for warning in &backtest.warnings {
        writeln!(warnings, "Warning: {warning}.").ok();
    }
    let day = |ms: i64| crate::data::time_text(ms).chars().take(10).collect::<String>();
    format!(
        "\nBacktest on the {} slice{}, {} bars from {} to {}, costs {:.2} % per round trip\n\n{}\n{}\n{warnings}{}",
        backtest.slice,
        if backtest.in_sample { " (IN SAMPLE: these bars taught or tuned the network)" } else { " (out of sample)" },
        backtest.bars,
        day(backtest.range.0),
        day(backtest.range.1),
        100.0 * backtest.cost,
        backtest.table,
        backtest.strategies.first().map(|network| regime_text(&network.per_regime)).unwrap_or_default(),
        backtest.verdict.sentence,
    )
}

/// The network's trades by the regime they were decided in.
fn regime_text(rows: &[RegimeRow]) -> String {
    let mut text = String::from("network by regime   trades  win rate         mean return  profit\n");
    for row in rows.iter().filter(|row| row.trades > 0) {
        let name = row.regime.map_or("none".to_owned(), |regime| regime.to_string());
        let wins = row.win_rate.map_or("-".to_owned(), |w| {
            format!("{:.0} % [{:.0}, {:.0}]", 100.0 * w.estimate, 100.0 * w.low, 100.0 * w.high)
        });
        let mean = row.mean_return.map_or("-".to_owned(), |m| format!("{:+.2} %", 100.0 * m));
        writeln!(text, "{name:18}  {:<6}  {wins:15}  {mean:11}  {:+.2}", row.trades, row.pnl).ok();
    }
    text
}

/// What to do with a run there is.
struct Work {
    stage: Stage,
    /// Where an analysis puts its pictures.
    figures: Option<PathBuf>,
    /// What a backtest trades.
    slice: Slice,
    /// What the training begins with.
    wishes: Vec<Wish>,
}

impl Work {
    fn of(stage: Stage) -> Self {
        Self { stage, figures: None, slice: Slice::Test, wishes: Vec::new() }
    }
}

fn one_stage(workspace: &Path, run: &Path, work: Work, global: &Global, printer: Printer) -> Result<(), Failure> {
    let Work { stage, figures, slice, wishes } = work;
    let start = Instant::now();
    let (workspace, run) = (workspace.to_owned(), run.to_owned());
    let config = run_config(&run, global)?;
    let summary = watch(&stage.to_string(), printer, move |job| {
        let open = open_run(&workspace, &run, job)?;
        for wish in wishes {
            wish.give(job.control());
        }
        stage_of_run(open, stage, &config, slice, figures.as_deref(), job)
    })?;
    if stage == Stage::Analyze {
        printer.text(&verdict_text(&summary.dir));
    }
    finish(&summary, start.elapsed().as_secs_f64(), printer);
    Ok(())
}

/// The run's own configuration with `--set` on top.
fn run_config(run: &Path, global: &Global) -> Result<RunConfig, Failure> {
    let manifest = RunDir::open(run).and_then(|dir| dir.load()).map_err(anyhow::Error::from)?;
    if global.overrides.is_empty() && global.device.is_none() {
        return Ok(manifest.config);
    }
    crate::config::overlay(&manifest.config, &global.overrides).map_err(|err| Failure::Usage(err.into()))
}

fn verdict_text(dir: &RunDir) -> String {
    let read = |name: &str| -> Option<Value> {
        serde_json::from_str(&std::fs::read_to_string(dir.analysis_file(name)).ok()?).ok()
    };
    let sentence =
        |name: &str| read(name).and_then(|v| Some(v.get("sentence")?.as_str()?.to_owned())).unwrap_or_default();
    ["verdict.json", "calibration.json", "attention.json"].map(sentence).join("\n")
}

fn collect_bars(workspace: &Path, args: &CollectArgs, global: &Global, printer: Printer) -> Result<(), Failure> {
    let config = setup::config(global, args.config.as_deref(), None, args.file.as_deref())?;
    let options = read_options(&config.data).map_err(Failure::Usage)?;
    let request = CollectRequest { file: config.data.file.clone().into(), options, library: None };
    let workspace = workspace.to_owned();
    let collected = watch("collect", printer, move |job| capture(&workspace, &request, job))?;
    printer.record(&json!({
        "event": "stage",
        "stage": "collect",
        "seconds": collected.seconds,
        "reused": collected.reused,
        "reason": collected.reason,
        "bars": collected.report.rows,
        "lines": collected.lines,
        "bars_per_s": collected.report.rows as f64 / collected.seconds,
        "capture": collected.capture,
        "report": collected.report,
    }));
    printer.text(&collected.capture.display().to_string());
    Ok(())
}

fn window(workspace: &Path, args: &AnalyzeArgs, time: &str, printer: Printer) -> Result<(), Failure> {
    let at =
        parse_time(time).ok_or_else(|| Failure::Usage(anyhow!("--window {time:?} is no ISO date or date-time")))?;
    let (workspace, run) = (workspace.to_owned(), args.run.clone());
    let attention =
        watch("attention", printer, move |job| window_attention(&open_run(&workspace, &run, job)?, at, job))?;
    let mut record = serde_json::to_value(&attention).context("attention")?;
    if let Some(fields) = record.as_object_mut() {
        fields.insert("event".to_owned(), json!("window_attention"));
    }
    printer.record(&record);
    let maps = &attention.maps;
    for layer in 0..maps.layers {
        for head in 0..maps.heads {
            let received = maps.received(layer, head);
            let lags: Vec<String> = received.iter().rev().take(12).map(|w| format!("{w:.3}")).collect();
            printer.text(&format!("layer {layer} head {head}  weight on lags 0, 1, ..: {}", lags.join(" ")));
        }
    }
    Ok(())
}

fn backtest(workspace: &Path, args: &BacktestArgs, global: &Global, printer: Printer) -> Result<(), Failure> {
    if let (Some(signals), Some(data)) = (&args.signals, &args.data) {
        let config = setup::config(global, None, None, None)?.backtest;
        let request = SignalsRequest { signals: signals.clone(), data: data.clone(), out: args.out.clone(), config };
        let summary = watch("backtest", printer, move |job| backtest_signals(&request, job))?;
        printer.text(&summary.table);
        return Ok(());
    }
    only(global, "backtest.")?;
    let Some(run) = &args.run else {
        return Err(Failure::Usage(anyhow!("name a run folder, or --signals and --data")));
    };
    let slice = match args.slice {
        SliceArg::Train => Slice::Train,
        SliceArg::Validation => Slice::Validation,
        SliceArg::Calibration => Slice::Calibration,
        SliceArg::Test => Slice::Test,
    };
    one_stage(workspace, run, Work { slice, ..Work::of(Stage::Backtest) }, global, printer)
}

fn prediction_text(record: &crate::tasks::PredictionRecord) -> String {
    let percent = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{:+.2} %", 100.0 * x));
    let plain = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.3}"));
    match &record.no_prediction {
        Some(problem) => format!("{}  {problem}", record.time),
        None => format!(
            "{}  entry {} (raw {})  exit {}  return {}  volatility {}  regime {}  {}",
            record.time,
            plain(record.entry_prob_calibrated),
            plain(record.entry_prob),
            plain(record.exit_prob),
            percent(record.expected_return),
            percent(record.volatility),
            record.regime.map_or("-".to_owned(), |r| r.to_string()),
            record.decision.as_deref().unwrap_or(""),
        ),
    }
}
