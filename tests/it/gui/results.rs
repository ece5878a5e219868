//! Regimes, calibration, backtest and trades, each panel alone over the demo run or parts made by hand.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, SnapshotResults};
use glassbox::backtest::{Direction, ExitReason, Trade};
use glassbox::data::{Column, Table, read_table, write_table};
use glassbox::gui::{AppState, Command, Commands, Hover, Loadable, Pane, Panels, install_theme};
use glassbox::runs::Stage;
use glassbox::tasks::{Filter, FilteredRun, Job, LatentPoint, RunView, extract_demo, open_view};

/// One panel with what it reads and asks for.
pub(super) struct Bench {
    pane: Pane,
    pub(super) state: AppState,
    panels: Panels,
    commands: Commands,
}

pub(super) type Seat = Harness<'static, Bench>;

pub(super) fn seat(pane: Pane, state: AppState, size: [f32; 2]) -> Seat {
    let mut installed = false;
    let bench = Bench { pane, state, panels: Panels::default(), commands: Commands::default() };
    let mut harness = Harness::builder().with_size(size).with_render_cursor(false).build_ui_state(
        move |ui, bench: &mut Bench| {
            if !installed {
                install_theme(ui.ctx());
                installed = true;
                return;
            }
            bench.commands.hover = Hover::default();
            bench.panels.get_mut(bench.pane).ui(ui, &bench.state, &mut bench.commands);
        },
        bench,
    );
    harness.run_steps(3);
    harness
}

pub(super) fn own_view() -> RunView {
    let folder = tempfile::tempdir().unwrap();
    open_view(&extract_demo(folder.path()).unwrap(), &Job::detached()).unwrap()
}

pub(super) fn demo() -> Arc<RunView> {
    static VIEW: OnceLock<Arc<RunView>> = OnceLock::new();
    Arc::clone(VIEW.get_or_init(|| Arc::new(own_view())))
}

/// A copy of the demo's run folder whose bars and trades are dealt to three regimes by turns: enough for filters, whatever
/// the demo itself found.
pub(super) fn dealt() -> (Arc<RunView>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let run = extract_demo(folder.path()).unwrap();
    deal(&run.join("predictions.parquet"), |i, known| known.map(|_| i as i64 / 20 % 3));
    let (trades, _) = read_table(&run.join("backtest/trades.parquet")).unwrap();
    let bars: Vec<i64> = trades.int("decision_bar").unwrap().iter().map(|bar| bar.unwrap()).collect();
    deal(&run.join("backtest/trades.parquet"), |i, _| Some(bars[i] / 20 % 3));
    (Arc::new(open_view(&run, &Job::detached()).unwrap()), folder)
}

/// Rewrites the column of regimes of a table.
fn deal(path: &Path, regime: impl Fn(usize, Option<i64>) -> Option<i64>) {
    let (table, metadata) = read_table(path).unwrap();
    let mut changed = Table::new();
    for (name, column) in table.columns() {
        let column = match column {
            Column::Int(values) if name == "regime" => {
                Column::Int(values.iter().enumerate().map(|(i, known)| regime(i, *known)).collect())
            }
            other => other.clone(),
        };
        changed.push(name, column);
    }
    write_table(path, &changed, &metadata).unwrap();
}

pub(super) fn over(view: Arc<RunView>) -> AppState {
    filtered(view, [])
}

/// The state over a run of which only these regimes pass.
pub(super) fn filtered(view: Arc<RunView>, regimes: impl IntoIterator<Item = usize>) -> AppState {
    let filter = Filter { regimes: regimes.into_iter().collect(), side: None };
    let mut state = AppState {
        filtered: Loadable::Ready(Arc::new(FilteredRun::new(&view, filter.clone()))),
        view: Loadable::Ready(view),
        ..AppState::default()
    };
    state.selection.regimes = filter.regimes;
    state
}

pub(super) fn asked(harness: &mut Seat) -> Vec<Command> {
    harness.state_mut().commands.take()
}

const PANES: [Pane; 4] = [Pane::Regimes, Pane::Calibration, Pane::Backtest, Pane::Trades];

#[test]
fn without_a_run_every_panel_says_so() {
    for pane in PANES {
        let mut empty = seat(pane, AppState::default(), [400.0, 300.0]);
        empty.get_by_label("No run is open");
        empty.get_by_label("Open the demo").click();
        empty.run_steps(2);
        assert_eq!(asked(&mut empty), [Command::OpenDemo]);
        let view = Loadable::Loading("reading bars".to_owned());
        seat(pane, AppState { view, ..AppState::default() }, [400.0, 300.0])
            .get_by_label("Opening the run: reading bars");
        let view = Loadable::Failed("no run.json".to_owned());
        seat(pane, AppState { view, ..AppState::default() }, [400.0, 300.0])
            .get_by_label("The run could not be opened: no run.json");
    }
}

#[test]
fn a_missing_part_names_its_stage() {
    let mut view = own_view();
    (view.regimes, view.calibration, view.decision, view.backtest) = (None, Default::default(), None, None);
    view.simulations.clear();
    view.manifest.done = vec![Stage::Collect, Stage::Train];
    let view = Arc::new(view);
    for (pane, text, stage) in [
        (Pane::Regimes, "The run is not analysed yet", Stage::Analyze),
        (Pane::Calibration, "The run is not analysed yet", Stage::Analyze),
        (Pane::Backtest, "The run is not backtested yet", Stage::Backtest),
        (Pane::Trades, "The run is not backtested yet", Stage::Backtest),
    ] {
        let mut harness = seat(pane, over(Arc::clone(&view)), [400.0, 300.0]);
        harness.get_by_label(text);
        harness.get_by_label(&Command::RunStage(stage).text()).click();
        harness.run_steps(2);
        assert_eq!(asked(&mut harness), [Command::RunStage(stage)]);
    }
    let mut view = own_view();
    view.regimes = None;
    view.problems = vec!["analysis/regimes.json is garbled: analyze the run again".to_owned()];
    seat(Pane::Regimes, over(Arc::new(view)), [400.0, 300.0])
        .get_by_label("analysis/regimes.json is garbled: analyze the run again");
}

#[test]
fn panels_fit_from_small_to_large() {
    for pane in PANES {
        for size in [[300.0, 200.0], [520.0, 390.0], [1900.0, 1000.0]] {
            seat(pane, over(demo()), size);
            seat(pane, filtered(demo(), [1]), size);
        }
    }
}

#[test]
fn the_regime_table_shows_test_and_train_and_filters() {
    let view = demo();
    let report = view.regimes.as_ref().unwrap();
    let mut harness = seat(Pane::Regimes, over(Arc::clone(&view)), [1200.0, 900.0]);
    for table in [&report.table, &report.train_table] {
        let row = table.iter().find(|row| row.n > 1).unwrap();
        let (win, back) = (row.win_rate.unwrap(), row.mean_return.unwrap());
        let text = format!(
            "n eff {}, share {:.1} %, win rate {:.0} % [{:.0}, {:.0}], mean return {:+.2} % [{:+.2}, {:+.2}], dwell {:.1}",
            thousands(row.n_eff.round() as usize),
            100.0 * row.share,
            100.0 * win.estimate,
            100.0 * win.low,
            100.0 * win.high,
            100.0 * back.estimate,
            100.0 * back.low,
            100.0 * back.high,
            row.dwell_bars.unwrap()
        );
        let found: Vec<_> = harness.query_all_by_label_contains(&text).collect();
        assert_eq!(found.len(), 1, "{text}");
    }
    let regime = largest(&view);
    harness.get_by_label_contains(&format!("regime {regime}, n {}", thousands(report.table[regime].n))).click();
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::ToggleRegime(regime)]);
    assert_eq!(harness.state().commands.hover.regime, Some(regime));
    harness.get_by_label_contains("Filter regime 2,").click();
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::ToggleRegime(2)]);
}

/// The regime with the most bars on the test slice.
fn largest(view: &RunView) -> usize {
    let table = &view.regimes.as_ref().unwrap().table;
    table.iter().max_by_key(|row| row.n).unwrap().regime
}

pub(super) fn thousands(n: usize) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) }
}

#[test]
fn a_point_of_the_map_previews_and_selects_its_bar() {
    let mut view = own_view();
    let first = view.card.as_ref().unwrap().slices.test.start;
    let point =
        |i: usize, x: f64, regime| LatentPoint { bar: first + i, at: [x, x], regime: Some(regime), outlier: i == 2 };
    view.latent = vec![point(0, -1.0, 0), point(1, 0.0, 1), point(2, 1.0, 1)];
    let mut harness = seat(Pane::Regimes, over(Arc::new(view)), [600.0, 500.0]);
    let middle = harness.get_by_label("Latent space").rect().center();
    harness.hover_at(middle);
    harness.run_steps(2);
    let hover = &harness.state().commands.hover;
    assert_eq!((hover.bar, hover.regime), (Some(first + 1), Some(1)));
    harness.get_by_label("Latent space").click();
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::SelectBar { bar: first + 1, center: true }]);
    harness.get_by_label("Latent space").click_modifiers(eframe::egui::Modifiers::COMMAND);
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::ToggleRegime(1)]);
    harness.hover_at(middle + eframe::egui::vec2(0.0, 60.0));
    harness.run_steps(2);
    assert_eq!(harness.state().commands.hover, Hover::default());
}

#[test]
fn calibration_shows_the_report_and_a_filter_of_everything_changes_no_figure() {
    let view = demo();
    let (calibrated, raw) = (view.calibration.calibrated.as_ref().unwrap(), view.calibration.raw.as_ref().unwrap());
    let mut harness = seat(Pane::Calibration, over(Arc::clone(&view)), [1200.0, 900.0]);
    harness.get_by_label(&calibrated.sentence);
    let exact = |harness: &Seat| {
        for (name, ours, theirs, digits) in [
            ("calibration error", calibrated.ece, raw.ece, 4),
            ("Brier score", calibrated.brier, raw.brier, 4),
            ("reliability, low is good", calibrated.reliability, raw.reliability, 5),
            ("resolution, high is good", calibrated.resolution, raw.resolution, 5),
        ] {
            harness.get_by_label(&format!("{name}, calibrated {ours:.digits$}, raw {theirs:.digits$}"));
        }
        let decision = view.decision.as_ref().unwrap();
        for (i, group) in decision.bins.iter().enumerate() {
            let mean = 100.0 * group.mean_return.estimate;
            let text = format!(
                "tenth {}, p {:.4} to {:.4}, n {}, n eff {:.0}, mean return {mean:+.2} %",
                i + 1,
                group.p_low,
                group.p_high,
                group.n,
                group.n_eff
            );
            harness.get_by_label_contains(&text);
        }
        let ic = decision.rank_ic.unwrap().estimate;
        harness.get_by_label_contains(&format!("Rank correlation of probability and return {ic:.3}"));
    };
    exact(&harness);
    harness.get_by_label_contains("95 % of chance below");
    harness.state_mut().state = filtered(Arc::clone(&view), 0..view.regime_count());
    harness.run_steps(2);
    exact(&harness);
    assert!(harness.query_by_label_contains("95 % of chance below").is_none(), "chance needs the whole slice");
    harness.get_by_label_contains(&format!("only: n {}, worth", thousands(calibrated.n)));
}

fn trade(view: &RunView, at: usize, regime: usize, pnl: f64) -> Trade {
    let time = |bar: usize| view.collected.series.bars()[bar].timestamp;
    Trade {
        entry_time: time(at + 1),
        exit_time: time(at + 4),
        decision_bar: at,
        entry_bar: at + 1,
        exit_bar: at + 4,
        side: if pnl > 0.0 { Direction::Long } else { Direction::Short },
        size: 0.5,
        units: 1.0,
        entry_price: 20_000.0,
        exit_price: 20_000.0 + pnl,
        fees: 1.0,
        slippage: 1.0,
        pnl,
        net_return: pnl / 10_000.0,
        reason: ExitReason::Horizon,
        regime: Some(regime),
        mae: -0.01,
        mfe: 0.02,
    }
}

/// The demo with three trades of known figures.
pub(super) fn three_trades() -> RunView {
    let mut view = own_view();
    let first = view.card.as_ref().unwrap().slices.test.start;
    view.simulations[0].trades =
        vec![trade(&view, first, 0, 100.0), trade(&view, first + 10, 1, -300.0), trade(&view, first + 20, 1, 50.0)];
    view
}

#[test]
fn the_backtest_shows_verdict_figures_and_the_bar_under_the_pointer() {
    let view = demo();
    let report = view.backtest.as_ref().unwrap();
    let mut harness = seat(Pane::Backtest, over(Arc::clone(&view)), [1400.0, 1300.0]);
    harness.get_by_label(&report.verdict.sentence);
    let drawdowns: Vec<String> =
        report.strategies.iter().map(|s| format!("{} {:.1} %", s.name, 100.0 * s.statistics.max_drawdown)).collect();
    harness.get_by_label(&format!("largest drawdown, {}", drawdowns.join(", ")));
    let ours = &report.strategies[0];
    let sharpe = ours.statistics.sharpe_interval.unwrap();
    let text = format!("Sharpe ratio, network {:.2} [{:.2}, {:.2}]", sharpe.estimate, sharpe.low, sharpe.high);
    harness.get_by_label_contains(&text);
    for axes in ["Equity", "Drawdown"] {
        let middle = harness.get_by_label(axes).rect().center();
        harness.hover_at(middle);
        harness.run_steps(2);
        let bar = harness.state().commands.hover.bar.unwrap();
        let test = view.card.as_ref().unwrap().slices.test.clone();
        assert!(bar.abs_diff(usize::midpoint(test.start, test.end)) <= 2, "{bar} in {test:?}");
        harness.get_by_label(axes).click();
        harness.run_steps(2);
        assert_eq!(asked(&mut harness), [Command::SelectBar { bar, center: true }]);
    }
    let row = &ours.per_regime[0];
    harness.get_by_label_contains(&format!("regime 0, trades {}", row.trades)).click();
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::ToggleRegime(0)]);
}

#[test]
fn trades_sort_select_preview_and_copy() {
    let view = Arc::new(three_trades());
    let mut harness = seat(Pane::Trades, over(Arc::clone(&view)), [1000.0, 300.0]);
    let order = |harness: &Seat| -> Vec<&'static str> {
        let mut rows: Vec<(f32, &str)> = ["100.0", "-300.0", "50.0"]
            .into_iter()
            .map(|text| (harness.get_by_label(text).rect().top(), text))
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows.into_iter().map(|row| row.1).collect()
    };
    assert_eq!(order(&harness), ["100.0", "-300.0", "50.0"]);
    harness.get_by_label("P&L").click();
    harness.run_steps(2);
    assert_eq!(order(&harness), ["-300.0", "50.0", "100.0"]);
    harness.get_by_label("P&L").click();
    harness.run_steps(2);
    assert_eq!(order(&harness), ["100.0", "50.0", "-300.0"]);
    let place = harness.get_by_label("50.0").rect().center();
    harness.hover_at(place);
    harness.run_steps(2);
    assert_eq!(harness.state().commands.hover.trade, Some(2));
    harness.get_by_label("-300.0").click();
    harness.run_steps(2);
    assert_eq!(asked(&mut harness), [Command::SelectTrade(1)]);
    harness.get_by_label("Copy CSV").click();
    harness.run_steps(2);
    let Some(Command::Copy(csv)) = asked(&mut harness).pop() else { panic!("nothing copied") };
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("entry_time,exit_time,side,size") && lines[0].ends_with(",bars_held"));
    assert!(lines[1].contains(",long,0.5,20000,20100,0.01,100,horizon,0,-0.01,0.02,3"), "{}", lines[1]);
}

#[test]
fn the_selected_trade_is_scrolled_into_view() {
    let mut harness = seat(Pane::Trades, over(demo()), [900.0, 240.0]);
    let last = demo().trades().len() - 1;
    let text = format!("Trade {last}");
    assert!(harness.query_by_label(&text).is_none(), "far below");
    harness.state_mut().state.selection.trade = Some(last);
    harness.run_steps(4);
    harness.get_by_label(&text);
}

#[test]
fn pictures() {
    let mut results = SnapshotResults::new();
    for (pane, name, size) in [
        (Pane::Regimes, "regimes_panel", [520.0, 600.0]),
        (Pane::Calibration, "calibration_panel", [420.0, 600.0]),
        (Pane::Backtest, "backtest_panel", [640.0, 600.0]),
        (Pane::Trades, "trades_panel", [800.0, 300.0]),
    ] {
        let mut state = over(demo());
        state.selection.trade = Some(2);
        state.selection.bar = Some(demo().trades()[2].decision_bar);
        let mut harness = seat(pane, state, size);
        harness.snapshot(name);
        results.extend(harness.take_snapshot_results());
    }
}
