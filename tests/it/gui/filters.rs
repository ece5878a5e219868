//! What a filter leaves: the figures on the screen beside figures computed here from the files of the run folder.

use std::sync::Arc;
use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::data::{ReadOptions, read_series, read_table};
use glassbox::gui::{AppState, Command, Loadable, Pane, Shell};
use glassbox::market::Bar;
use glassbox::tasks::RunView;

use super::results::{asked, dealt, demo, filtered, over, seat, thousands, three_trades};

/// One trade as trades.parquet has it.
#[derive(Debug)]
struct Row {
    entry: i64,
    exit: i64,
    long: bool,
    size: f64,
    entry_price: f64,
    net_return: f64,
    gains: bool,
    regime: Option<i64>,
}

fn rows(run: &RunView) -> Vec<Row> {
    let (table, _) = read_table(&run.dir.path().join("backtest/trades.parquet")).unwrap();
    let float = |name: &str| table.float(name).unwrap();
    let time = |name: &str| table.time(name).unwrap();
    (0..float("pnl").len())
        .map(|i| Row {
            entry: time("entry_time")[i],
            exit: time("exit_time")[i],
            long: table.text("side").unwrap()[i] == "long",
            size: float("size")[i],
            entry_price: float("entry_price")[i],
            net_return: float("return")[i],
            gains: float("pnl")[i] > 0.0,
            regime: table.int("regime").unwrap()[i],
        })
        .collect()
}

/// Worth of the account at every close, from 1, with these trades alone: each takes its own share, fee included.
fn worth(bars: &[Bar], rows: &[&Row], fee: f64) -> Vec<f64> {
    let mut own = 1.0;
    let mut trades = rows.iter().peekable();
    bars.iter()
        .map(|bar| {
            let Some(row) = trades.peek().filter(|row| row.entry <= bar.timestamp) else { return own };
            let value = own * row.size / (1.0 + fee);
            if bar.timestamp >= row.exit {
                own += value * row.net_return;
                trades.next();
                return own;
            }
            let sign = if row.long { 1.0 } else { -1.0 };
            own + value * (sign * (bar.close / row.entry_price - 1.0) - fee)
        })
        .collect()
}

/// Figures of a regime's trades as the panels write them.
#[derive(Debug)]
struct Figures {
    n: usize,
    all: usize,
    total: String,
    drawdown: String,
    sharpe: String,
    win_rate: String,
}

fn figures(run: &RunView, regime: usize) -> Figures {
    let report = run.backtest.as_ref().unwrap();
    let file = run.dir.path().join(&run.manifest.data_file);
    let series = read_series(&file, &ReadOptions::default()).unwrap().0;
    let (from, to) = report.range;
    let bars: Vec<Bar> = series.bars().iter().filter(|bar| (from..=to).contains(&bar.timestamp)).copied().collect();
    let all = rows(run);
    let passing: Vec<&Row> = all.iter().filter(|row| row.regime == Some(regime as i64)).collect();
    let worth = worth(&bars, &passing, report.config.fee_bps / 1e4);
    let (mut peak, mut deepest) = (1.0_f64, 0.0_f64);
    for value in &worth {
        peak = peak.max(*value);
        deepest = deepest.max(1.0 - value / peak);
    }
    let n = worth.len() as f64;
    let steps = std::iter::once(&1.0).chain(&worth).zip(&worth);
    let returns: Vec<f64> = steps.map(|(before, after)| after / before - 1.0).collect();
    let mean = returns.iter().sum::<f64>() / n;
    let deviation = (returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    // 6 bars of 4 hours a day, every day of the year.
    let sharpe = mean / deviation * (6.0_f64 * 365.25).sqrt();
    // Wilson 1927.
    let (k, z) = (passing.iter().filter(|row| row.gains).count() as f64, 1.959_963_985_f64);
    let (m, p) = (passing.len() as f64, k / passing.len() as f64);
    let centre = (p + z * z / (2.0 * m)) / (1.0 + z * z / m);
    let half = z / (1.0 + z * z / m) * (p * (1.0 - p) / m + z * z / (4.0 * m * m)).sqrt();
    Figures {
        n: passing.len(),
        all: all.len(),
        total: format!("{:+.1} %", 100.0 * (worth[worth.len() - 1] - 1.0)),
        drawdown: format!("{:.1} %", 100.0 * deepest),
        sharpe: format!("{sharpe:.2}"),
        win_rate: format!("{:.0} % [{:.0}, {:.0}]", 100.0 * p, 100.0 * (centre - half), 100.0 * (centre + half)),
    }
}

fn shows(harness: &Harness<'_, Shell>, text: &str) {
    assert!(harness.query_all_by_label_contains(text).next().is_some(), "{text:?} is not shown");
}

/// Steps until the filter is computed.
fn settle(harness: &mut Harness<'_, Shell>) {
    for _ in 0..2000 {
        harness.run_steps(2);
        if harness.state().state.filtered().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the filter is not computed");
}

#[test]
fn a_click_on_a_regime_filters_trades_equity_calibration_and_statistics() {
    let (view, _dealt) = dealt();
    let (mut harness, _folder) = super::bare([1920.0, 1400.0]);
    harness.state_mut().commands.push(Command::OpenPath(view.dir.path().to_owned()));
    settle(&mut harness);
    let regime = 1;
    let expected = figures(&view, regime);
    assert!(expected.n > 1 && expected.n < expected.all, "{expected:?}");

    harness.get_by_label_contains(&format!("Filter regime {regime},")).click();
    harness.run_steps(2);
    settle(&mut harness);
    let chip = format!("regime {regime} · ");
    shows(&harness, &chip);
    let Figures { n, all, total, drawdown, sharpe, win_rate } = &expected;
    let head =
        format!("Filtered, regime {regime}: n {n} of {all} trades · return {total} · largest drawdown {drawdown}");
    shows(&harness, &head);
    shows(&harness, &format!(" · Sharpe {sharpe} ["));
    shows(&harness, &format!(" · win rate {win_rate}"));
    shows(&harness, &format!("filtered {total}"));
    for (name, value) in
        [("total return", total), ("largest drawdown", drawdown), ("win rate", win_rate), ("trades", &n.to_string())]
    {
        shows(&harness, &format!("{name}, filtered {value}, network"));
    }
    shows(&harness, &format!("Sharpe ratio, filtered {sharpe} ["));
    shows(&harness, &format!("regime {regime} only"));
    shows(&harness, &format!("{n} of {all} trades"));
    let calibrated = harness.state().state.filtered().unwrap().calibration.as_ref().unwrap().n;
    assert!(calibrated > 0, "no bar of the regime is left");
    shows(&harness, &format!("Test bars of regime {regime} only: n {}, worth", thousands(calibrated)));
    assert_eq!(harness.state().state.trades().count(), *n);

    harness.get_by_label_contains(&chip).click();
    harness.run_steps(2);
    settle(&mut harness);
    assert!(harness.query_by_label_contains("Filtered, regime").is_none());
    assert!(harness.query_by_label_contains(&chip).is_none());
    shows(&harness, "total return, network");
}

#[test]
fn a_filter_that_lets_all_pass_changes_no_figure_of_the_backtest() {
    let view = demo();
    let state = filtered(Arc::clone(&view), 0..view.regime_count());
    let whole = &view.backtest.as_ref().unwrap().strategies[0].statistics;
    let found = state.filtered().unwrap().backtest.as_ref().unwrap();
    assert!(view.trades().iter().all(|trade| trade.regime.is_some()), "else some do not pass");
    let close = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-9;
    assert!(close(found.statistics.total_return, whole.total_return));
    assert!(close(found.statistics.sharpe, whole.sharpe) && close(found.statistics.turnover, whole.turnover));
    let (ours, theirs) = (found.statistics.sharpe_interval.unwrap(), whole.sharpe_interval.unwrap());
    assert!((ours.low - theirs.low).abs() < 1e-9 && (ours.high - theirs.high).abs() < 1e-9);
    assert_eq!(found.statistics.win_rate, whole.win_rate);
    for (ours, theirs) in found.equity.iter().zip(&view.simulations[0].equity) {
        assert!((ours.equity - theirs.equity).abs() < 1e-6, "{ours:?} {theirs:?}");
    }
}

#[test]
fn until_the_filter_is_computed_nothing_unfiltered_passes_for_it() {
    for (answer, text) in [
        (Loadable::Loading("filtering".to_owned()), "Filtering the trades"),
        (Loadable::Failed("no memory".to_owned()), "The filter failed: no memory"),
    ] {
        let mut state = over(demo());
        state.selection.regimes.insert(1);
        state.filtered = answer;
        let backtest = seat(Pane::Backtest, state, [1400.0, 900.0]);
        backtest.get_by_label(text);
        assert!(backtest.query_by_label_contains("filtered").is_none());
    }
    let mut state: AppState = over(demo());
    state.selection.regimes.insert(1);
    seat(Pane::Calibration, state, [500.0, 700.0]).get_by_label("Calibrating regime 1 only");
}

#[test]
fn a_regime_filter_recomputes_calibration_from_its_bars_only() {
    let (view, _dealt) = dealt();
    let regime = 1;
    let forecast = view.forecast.as_ref().unwrap();
    let rows: Vec<usize> = view
        .card
        .as_ref()
        .unwrap()
        .slices
        .test
        .clone()
        .filter(|&t| forecast.regime[t] == Some(regime) && view.labels.entry[t].is_finite())
        .filter(|&t| forecast.entry_prob_calibrated[t].is_finite())
        .collect();
    let brier =
        |p: &[f64]| rows.iter().map(|&t| (p[t] - view.labels.entry[t]).powi(2)).sum::<f64>() / rows.len() as f64;
    let state = filtered(Arc::clone(&view), [regime]);
    let mut harness = seat(Pane::Calibration, state, [500.0, 700.0]);
    let (ours, theirs) = (brier(&forecast.entry_prob_calibrated), brier(&forecast.entry_prob));
    harness.get_by_label(&format!("Brier score, calibrated {ours:.4}, raw {theirs:.4}"));
    harness.get_by_label_contains(&format!("regime {regime} only: n {}, worth", thousands(rows.len())));
    harness.get_by_label("Decision boundary").click();
    harness.run_steps(2);
    harness.get_by_label_contains(&format!("all, p {:.4}", min(&rows, &forecast.entry_prob_calibrated)));
}

fn min(rows: &[usize], p: &[f64]) -> f64 {
    rows.iter().map(|&t| p[t]).fold(f64::INFINITY, f64::min)
}

#[test]
fn filtered_trades_are_compounded_by_hand() {
    let view = Arc::new(three_trades());
    // One win of two: Wilson 95 % is 9.45 % to 90.55 %. Returns -3 % and +0.5 %: mean -1.25 %, standard error 1.75 %.
    let words = "win rate 50 % [9, 91] · mean return -1.25 % [-4.68, +2.18] · P&L -250";
    let mut trades = seat(Pane::Trades, filtered(Arc::clone(&view), [1]), [1000.0, 300.0]);
    trades.get_by_label(&format!("test · n 2 of 3 · {words}"));
    // 10,000 grew to 10,100 before the second trade lost 300 and the third made 50 of the 9,800 left: alone they turn
    // 10,000 into 10,000 x 9,800 / 10,100 x 9,850 / 9,800 = 9,752.
    let mut backtest = seat(Pane::Backtest, filtered(Arc::clone(&view), [1]), [1400.0, 1200.0]);
    backtest.get_by_label_contains("Filtered, regime 1: n 2 of 3 trades · return -2.5 % · largest drawdown");
    backtest.get_by_label_contains("win rate 50 % [9, 91]");
    backtest.get_by_label_contains("Trades that do not pass are skipped and nothing takes their place");
    backtest.get_by_label_contains("total return, filtered -2.5 %, network");
    backtest.get_by_label("filtered -2.5 %").click();
    backtest.run_steps(2);
    trades.state_mut().state = filtered(view, [3]);
    trades.run_steps(2);
    trades.get_by_label("No trade passes the filters");
    trades.get_by_label("Clear filters").click();
    trades.run_steps(2);
    assert_eq!(asked(&mut trades), [Command::ClearFilters]);
}
