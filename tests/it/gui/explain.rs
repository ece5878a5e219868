//! The panels Attention, Features and Why over a small run made by hand.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::analysis::attention::{AttentionMaps, AttentionReport};
use glassbox::analysis::attribution::{FeatureImportance, Importance, Target};
use glassbox::backtest::{Direction, ExitReason, Prediction, Trade};
use glassbox::config::preset;
use glassbox::data::{Gaps, ReadReport};
use glassbox::dataset::make_labels;
use glassbox::gui::{AppState, Cell, Command, Commands, Hover, Loadable, Pane, Panel as _, Panels, install_theme};
use glassbox::indicators::{Library, Lines};
use glassbox::market::{Bar, Series, Timeframe};
use glassbox::runs::{Manifest, RunDir, RunStatus, Stage};
use glassbox::stats::Interval;
use glassbox::tasks::{
    BaselineOpinion, CalibrationView, Collected, Contribution, Explanation, Gate, RunCurves, RunView, SimulationView,
};

const HOUR: i64 = 3_600_000;
/// 2023-11-01 00:00 UTC.
const START: i64 = 1_698_796_800_000;
pub(super) const T: usize = 8;
const BAR: usize = 29;

fn bars() -> Vec<Bar> {
    (0..40)
        .map(|i| {
            let close = 35_000.0 + 100.0 * f64::from(i);
            let timestamp = START + i64::from(i) * 4 * HOUR;
            Bar { timestamp, open: close - 50.0, high: close + 80.0, low: close - 90.0, close, volume: 10.0 }
        })
        .collect()
}

fn interval(estimate: f64) -> Interval {
    Interval { estimate, low: estimate - 0.003, high: estimate + 0.003 }
}

fn report(used: bool) -> AttentionReport {
    let row = |head: usize| (0..T).map(|lag| if lag == head { 0.5 } else { 0.5 / 7.0 }).collect();
    AttentionReport {
        windows: 256,
        seq_len: T,
        strip: "mean over query rows".to_owned(),
        received_by_lag: vec![vec![row(0), row(1)], vec![row(2), row(3)]],
        rollout_by_lag: vec![0.125; T],
        mean_distance: vec![vec![1.0, 2.0], vec![3.0, 4.0]],
        near_share: vec![vec![0.6, 0.5], vec![0.4, 0.2]],
        entropy: vec![vec![0.9, 0.8], vec![0.7, 0.5]],
        loss: 1.0,
        loss_uniform_delta: interval(if used { 0.041 } else { 0.001 }),
        head_delta: vec![vec![interval(0.01), interval(0.02)], vec![interval(0.03), interval(0.04)]],
        used,
        sentence: "the verdict in words".to_owned(),
        mean_map: Vec::new(),
    }
}

fn importance(head: Target, badge: &str) -> Importance {
    let feature = |i: usize| {
        let value = if i % 3 == 1 { -0.8 } else { 0.5 } / (i + 1) as f64;
        FeatureImportance { name: format!("line_{i}.{head:?}"), value, magnitude: 1.0 / (i + 1) as f64 }
    };
    let doubts = if badge == "trusted" { vec![] } else { vec!["random weights rank the features alike".to_owned()] };
    Importance {
        head,
        windows: 256,
        features: (0..45).map(feature).collect(),
        lags: (0..T).map(|lag| 1.0 / (lag + 1) as f64).collect(),
        gap: 0.004,
        deletion: Some(0.31),
        randomised: Some(0.12),
        badge: badge.to_owned(),
        doubts,
    }
}

fn trade() -> Trade {
    Trade {
        entry_time: START + 30 * 4 * HOUR,
        exit_time: START + 34 * 4 * HOUR,
        decision_bar: BAR,
        entry_bar: BAR + 1,
        exit_bar: BAR + 5,
        side: Direction::Long,
        size: 0.115,
        units: 0.03,
        entry_price: 37_960.0,
        exit_price: 38_350.0,
        fees: 2.3,
        slippage: 1.1,
        pnl: 9.4,
        net_return: 0.0082,
        reason: ExitReason::Horizon,
        regime: Some(1),
        mae: -0.004,
        mfe: 0.013,
    }
}

pub(super) fn view(folder: &std::path::Path, used: bool) -> RunView {
    let mut config = preset("demo").unwrap();
    config.model.seq_len = T;
    config.model.num_layers = 2;
    config.model.num_heads = 2;
    let series = Series::new("BTCUSDT", Timeframe::from_millis(4 * HOUR).unwrap(), bars()).unwrap();
    let manifest = Manifest {
        id: "small".to_owned(),
        version: "0".to_owned(),
        status: RunStatus::Finished,
        error: None,
        done: vec![Stage::Collect, Stage::Train, Stage::Analyze, Stage::Backtest],
        key: String::new(),
        data_file: String::new(),
        fingerprint: String::new(),
        sources: Vec::new(),
        symbol: "BTCUSDT".to_owned(),
        timeframe: "4h".to_owned(),
        bars: series.len(),
        first_timestamp: START,
        last_timestamp: START + 39 * 4 * HOUR,
        threads: 1,
        device: "cpu".to_owned(),
        started: 0,
        ended: None,
        config,
    };
    let labels = make_labels(series.bars(), &manifest.config.labels, 0.001);
    RunView {
        dir: RunDir::create(folder, &manifest).unwrap(),
        collected: Collected {
            report: ReadReport {
                symbol: "BTCUSDT".to_owned(),
                rows: series.len(),
                start_ms: START,
                start: String::new(),
                end_ms: START,
                end: String::new(),
                timeframe: "4h".to_owned(),
                calendar: "24/7".to_owned(),
                sorted_rows: 0,
                duplicates_dropped: 0,
                dropped_columns: Vec::new(),
                extras: Vec::new(),
                gaps: Gaps { missing_bars: 0, first: Vec::new() },
                off_grid: 0,
                findings: Vec::new(),
                unadjusted: false,
                zero_volume: 0,
            },
            series,
            lines: Lines { columns: Vec::new() },
            library: Library::default(),
            fingerprint: String::new(),
            catalogue: String::new(),
            capture: PathBuf::new(),
            reused: false,
            reason: String::new(),
            seconds: 0.0,
        },
        manifest,
        card: None,
        labels,
        forecast: None,
        latent: Vec::new(),
        curves: RunCurves::default(),
        attention: Some(report(used)),
        importance: vec![importance(Target::Entry, "trusted"), importance(Target::Exit, "doubtful")],
        regimes: None,
        calibration: CalibrationView::default(),
        decision: None,
        verdict: None,
        fitted: None,
        backtest: None,
        simulations: vec![SimulationView { name: "network".to_owned(), trades: vec![trade()], equity: Vec::new() }],
        problems: Vec::new(),
    }
}

/// Head h of layer l looks from every bar at the bar l + h before it, as far as there is one.
fn maps() -> AttentionMaps {
    let mut weights = Vec::new();
    for back in [0, 1, 1, 2] {
        for query in 0..T {
            let key = query.saturating_sub(back);
            weights.extend((0..T).map(|k| if k == key { 0.65 } else { 0.05 }));
        }
    }
    AttentionMaps { layers: 2, heads: 2, seq_len: T, weights, pooling: vec![1.0 / T as f32; T] }
}

fn gate(name: &str, value: Option<f64>, passed: bool) -> Gate {
    Gate { name: name.to_owned(), value, threshold: Some(0.62), passed, sentence: format!("the sentence of {name}") }
}

fn explanation() -> Explanation {
    let contributions = [("rsx.velocity_3", 0.92), ("wavetrend.WT1", -0.52), ("adx.adx", 0.05)];
    let maps = maps();
    Explanation {
        bar: BAR,
        window: BAR + 1 - T..BAR + 1,
        problem: None,
        slice: "test".to_owned(),
        prediction: Some(Prediction {
            entry_prob: 0.81,
            entry_prob_calibrated: 0.68,
            exit_prob: 0.22,
            expected_return: 0.019,
            volatility: 0.014,
            size: 0.4,
            regime: Some(1),
        }),
        regime_p: vec![0.1, 0.87, 0.03],
        rollout: maps.rollout(),
        attention: Some(maps),
        contributions: contributions.map(|(name, value)| Contribution { name: name.to_owned(), value }).to_vec(),
        cells: (0..T * 3).map(|i| (i / 3) as f32 / 100.0).collect(),
        decision: "enter long",
        size: Some(0.115),
        gates: vec![gate("entry probability", Some(0.68), true), gate("regime", None, false)],
        baseline: BaselineOpinion { rule: "stay out", base_rate: 0.412 },
        forward_return: Some(0.0108),
    }
}

/// One panel and what it asks for.
struct Stand {
    pane: Pane,
    state: AppState,
    panels: Panels,
    commands: Commands,
    themed: bool,
}

type Bench = Harness<'static, Stand>;

fn stand(pane: Pane, size: [f32; 2], state: AppState) -> Bench {
    let stand = Stand { pane, state, panels: Panels::default(), commands: Commands::default(), themed: false };
    let mut harness = Harness::builder().with_size(size).build_ui_state(
        |ui, stand: &mut Stand| {
            if !stand.themed {
                install_theme(ui.ctx());
                stand.themed = true;
                return;
            }
            stand.commands.hover = Hover::default();
            stand.panels.get_mut(stand.pane).ui(ui, &stand.state, &mut stand.commands);
        },
        stand,
    );
    harness.run_steps(4);
    harness
}

pub(super) fn full(used: bool) -> (AppState, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = selected(view(folder.path(), used));
    (state, folder)
}

/// The deciding bar of the trade is selected and explained.
pub(super) fn selected(view: RunView) -> AppState {
    let mut state = AppState {
        view: Loadable::Ready(Arc::new(view)),
        why: Loadable::Ready(Arc::new(explanation())),
        ..AppState::default()
    };
    state.selection.bar = Some(BAR);
    state.selection.trade = Some(0);
    state
}

fn click(harness: &mut Bench, label: &str) -> Vec<Command> {
    harness.get_by_label(label).click();
    harness.run_steps(3);
    harness.state_mut().commands.take()
}

fn hover(harness: &mut Bench, at: Pos2) -> Hover {
    harness.hover_at(at);
    harness.run_steps(3);
    harness.state().commands.hover.clone()
}

fn shows(harness: &Bench, text: &str) {
    assert!(harness.query_all_by_label_contains(text).next().is_some(), "{text:?} is not shown");
}

/// Middle of a cell of the large map.
fn cell_at(harness: &Bench, map: &str, query: usize, key: usize) -> Pos2 {
    let rect = harness.get_by_label(map).rect();
    let step = rect.width() / T as f32;
    rect.min + vec2(key as f32 + 0.5, query as f32 + 0.5) * step
}

#[test]
fn every_panel_says_why_it_has_nothing_to_show() {
    for pane in [Pane::Attention, Pane::Features, Pane::Why] {
        for (view, text) in [
            (Loadable::Empty, "No run is open"),
            (Loadable::Loading("bars".to_owned()), "Opening the run: bars"),
            (Loadable::Failed("no file".to_owned()), "The run could not be opened: no file"),
        ] {
            shows(&stand(pane, [300.0, 200.0], AppState { view, ..AppState::default() }), text);
        }
        for (why, text) in [
            (Loadable::Loading("asking".to_owned()), "Explaining the bar: asking"),
            (Loadable::Failed("no model".to_owned()), "The bar cannot be explained: no model"),
        ] {
            let (state, _folder) = full(true);
            let mut harness = stand(pane, [300.0, 200.0], AppState { why, ..state });
            if pane == Pane::Features {
                click(&mut harness, "This window");
            }
            shows(&harness, text);
        }
    }
}

#[test]
fn a_bar_without_prediction_shows_its_cause() {
    let problem = Some("the window reaches before the first bar".to_owned());
    for (pane, text) in [
        (Pane::Attention, "The network saw no window here: the window"),
        (Pane::Features, "No feature pushed here: the window"),
        (Pane::Why, "No prediction for this bar: the window"),
    ] {
        let (mut state, _folder) = full(true);
        state.why = Loadable::Ready(Arc::new(Explanation {
            problem: problem.clone(),
            prediction: None,
            attention: None,
            contributions: Vec::new(),
            cells: Vec::new(),
            gates: Vec::new(),
            decision: "stay out",
            ..explanation()
        }));
        let mut harness = stand(pane, [420.0, 300.0], state);
        if pane == Pane::Features {
            click(&mut harness, "This window");
        }
        shows(&harness, text);
    }
}

#[test]
fn a_cell_lights_both_bars_and_is_pinned() {
    let (state, _folder) = full(true);
    let mut harness = stand(Pane::Attention, [500.0, 600.0], state);
    let map = "Attention map, layer 1 · mean of 2 heads";
    let cell = Cell { query: 7, key: 6 };
    let at = cell_at(&harness, map, 7, 6);
    assert_eq!(hover(&mut harness, at), Hover { cell: Some(cell), ..Hover::default() });
    // Head 0 of layer 1 looks one bar back with 0.65, head 1 two: the mean is 0.35, 2.8 times 1/8.
    shows(&harness, "bar that looks lag 0   2023-11-05 20:00  close 37,900");
    shows(&harness, "bar looked at  lag 1   2023-11-05 16:00  close 37,800");
    shows(&harness, "weight 0.3500 · 2.8× uniform 0.1250");
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run_steps(3);
    assert_eq!(harness.state_mut().commands.take(), [Command::SelectCell(Some(cell))]);
    harness.state_mut().state.selection.cell = Some(cell);
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run_steps(3);
    assert_eq!(harness.state_mut().commands.take(), [Command::SelectCell(None)]);
}

#[test]
fn heads_layers_and_strips_are_chosen_by_click() {
    let (state, _folder) = full(true);
    let mut harness = stand(Pane::Attention, [500.0, 600.0], state);
    let chosen = click(&mut harness, "Layer 0 head 1");
    assert_eq!(chosen, [Command::SelectLayer(Some(0)), Command::SelectHead(Some(1))]);
    let chosen = click(&mut harness, "Layer 0 mean of heads");
    assert_eq!(chosen, [Command::SelectLayer(Some(0)), Command::SelectHead(None)]);
    click(&mut harness, "Choose layer");
    assert_eq!(click(&mut harness, "Layer 0"), [Command::SelectLayer(Some(0))]);
    click(&mut harness, "Choose head");
    assert_eq!(click(&mut harness, "Head 1"), [Command::SelectHead(Some(1))]);
    harness.state_mut().state.selection.head = Some(1);
    harness.run_steps(2);
    shows(&harness, "this head alone +0.0400 (+0.0370 to +0.0430) · 4.0 bars back on average · 20 % within 3 bars");
    let strip = harness.get_by_label("Strip of weight received by each bar").rect();
    let at = strip.left_center() + vec2(strip.width() / T as f32 * 2.5, 0.0);
    assert_eq!(hover(&mut harness, at), Hover { bar: Some(BAR + 1 - T + 2), ..Hover::default() });
    // Head 1 of layer 1: 0.65 from the row two below, 0.05 from the seven others.
    shows(&harness, "received 0.1250 · 1.0× uniform");
}

#[test]
fn an_unused_map_is_stamped() {
    let (state, _folder) = full(false);
    let harness = stand(Pane::Attention, [500.0, 600.0], state);
    shows(&harness, "not used: +0.0010 loss if uniform");
    shows(&harness, "-0.0020 to +0.0040 · 256 test windows");
    let header = harness.state().panels.attention.header(&harness.state().state);
    assert_eq!(header.text, "layer 1 · mean of 2 heads · test · out of sample");
    assert_eq!(header.badge, Some(("not used: +0.0010 loss if uniform".to_owned(), false)));
}

#[test]
fn without_a_bar_the_mean_over_the_test_windows_shows() {
    let (mut state, _folder) = full(true);
    state.selection.bar = None;
    let mut harness = stand(Pane::Attention, [400.0, 300.0], state);
    shows(&harness, "mean over 256 test windows");
    let row = harness.get_by_label("Layer 1 head 0 by lag").rect();
    // Lag 2 is the third column from the right.
    hover(&mut harness, row.right_center() - vec2(row.width() / T as f32 * 2.5, 0.0));
    shows(&harness, "lag 2 · mean weight 0.5000 · 4.0× uniform");
    let chosen = click(&mut harness, "Layer 1 head 0 by lag");
    assert_eq!(chosen, [Command::SelectLayer(Some(1)), Command::SelectHead(Some(0))]);
}

#[test]
fn features_of_the_run_are_those_of_the_report() {
    let (state, _folder) = full(true);
    let mut harness = stand(Pane::Features, [420.0, 900.0], state);
    for text in ["trusted", "gap 0.40 %", "deletion +0.31", "random weights +0.12", "line_0.Entry +0.50"] {
        shows(&harness, text);
    }
    assert!(harness.query_by_label_contains("line_30.Entry").is_none());
    let name = "line_1.Entry".to_owned();
    let at = harness.get_by_label("line_1.Entry -0.40").rect().center();
    assert_eq!(hover(&mut harness, at), Hover { feature: Some(name.clone()), ..Hover::default() });
    assert_eq!(click(&mut harness, "line_1.Entry -0.40"), [Command::SelectFeature(Some(name.clone()))]);
    harness.state_mut().state.selection.feature = Some(name);
    assert_eq!(click(&mut harness, "line_1.Entry -0.40"), [Command::SelectFeature(None)]);
    click(&mut harness, "Exit");
    shows(&harness, "Doubt: random weights rank the features alike");
    shows(&harness, "line_0.Exit +0.50");
    click(&mut harness, "Search features");
    harness.get_by_label("Search features").type_text("LINE_44");
    harness.run_steps(3);
    shows(&harness, "line_44.Exit");
    assert!(harness.query_by_label_contains("line_0.Exit").is_none());
    click(&mut harness, "Return");
    shows(&harness, "The features of the expected return were not measured yet");
}

#[test]
fn features_of_the_window_are_those_of_the_explanation() {
    let (state, _folder) = full(true);
    let mut harness = stand(Pane::Features, [420.0, 500.0], state);
    click(&mut harness, "This window");
    for text in ["rsx.velocity_3 +0.92", "wavetrend.WT1 -0.52", "adx.adx +0.0500"] {
        shows(&harness, text);
    }
    let lags = harness.get_by_label("Size of contributions by lag").rect();
    let hovered = hover(&mut harness, lags.right_center() - vec2(1.0, 0.0));
    assert_eq!(hovered.bar, Some(BAR));
    // Three features of 0.07 on the last bar.
    shows(&harness, "lag 0 · size 0.2100");
}

#[test]
fn the_card_tells_everything_and_hands_it_over() {
    let (state, _folder) = full(true);
    let mut harness = stand(Pane::Why, [360.0, 1100.0], state);
    for text in [
        "enter long",
        "test · out of sample",
        "bar 29 · opens 2023-11-05 20:00 UTC · decided at its close 37,900",
        "0.680",
        "0.810",
        "+1.90 %",
        "regime 1 0.870",
        "1 of 2 passed",
        "entry probability passed",
        "0.680 against 0.620",
        "regime failed",
        "rsx.velocity_3 +0.92",
        "layer 1 · mean of 2 heads",
        "stay out",
        "41.2 %",
        "known only later",
        "+1.08 %",
        "+0.82 %",
        "2023-11-06 00:00 at 37,960",
        "horizon",
    ] {
        shows(&harness, text);
    }
    let copied = click(&mut harness, "Copy");
    let [Command::Copy(text)] = &copied[..] else { panic!("{copied:?}") };
    for line in
        ["enter long (test slice)", "  entry probability: passed, 0.680 against 0.620", "  rsx.velocity_3: +0.92"]
    {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in {text}");
    }
    assert!(text.contains("What came of it, known only later\n"), "{text}");

    assert_eq!(click(&mut harness, "regime 1 0.870"), [Command::ToggleRegime(1)]);
    let pinned = click(&mut harness, "wavetrend.WT1 -0.52");
    assert_eq!(pinned, [Command::SelectFeature(Some("wavetrend.WT1".to_owned()))]);
    let row = "lag 7 2023-11-04 16:00 weight 0.2375 close 37,200";
    let at = harness.get_by_label(row).rect().center();
    assert_eq!(hover(&mut harness, at).bar, Some(BAR - 7));
    assert_eq!(click(&mut harness, row), [Command::SelectBar { bar: BAR - 7, center: false }]);
}

#[test]
fn the_card_of_an_untraded_bar_says_why_not() {
    let (mut state, _folder) = full(true);
    state.selection.trade = None;
    state.selection.bar = Some(BAR + 2);
    let why = Explanation { bar: BAR + 2, forward_return: None, decision: "stay out", size: None, ..explanation() };
    state.why = Loadable::Ready(Arc::new(why));
    let harness = stand(Pane::Why, [360.0, 1100.0], state);
    for text in ["stay out", "not known", "trade 0 was open"] {
        shows(&harness, text);
    }
}

/// The panel beside its picture in tests/snapshots.
fn picture(pane: Pane, name: &str, size: [f32; 2]) {
    let (state, _folder) = full(true);
    stand(pane, size, state).snapshot(name);
}

#[test]
fn attention_looks_as_it_did() {
    picture(Pane::Attention, "attention_panel", [480.0, 560.0]);
}

#[test]
fn features_look_as_they_did() {
    picture(Pane::Features, "features_panel", [480.0, 400.0]);
}

#[test]
fn the_card_looks_as_it_did() {
    picture(Pane::Why, "why_panel", [360.0, 600.0]);
}
