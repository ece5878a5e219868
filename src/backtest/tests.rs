use std::cell::Cell;

use proptest::prelude::{Just, ProptestConfig, prop, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

use super::*;
use crate::config::{BacktestConfig, Side, Sizing};
use crate::market::Bar;

const HOUR: i64 = 3_600_000;

/// Plays a list of decisions, one per bar from bar 0.
struct Script(Vec<Decision>);

impl Strategy for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], _position: Option<&OpenPosition>) -> Decision {
        assert_eq!(bars.len(), t + 1, "a strategy sees bars up to its own");
        self.0.get(t).copied().unwrap_or(Decision::Hold)
    }
}

fn bars(ohlc: &[[f64; 4]]) -> Vec<Bar> {
    let bar = |(i, &[open, high, low, close]): (usize, &[f64; 4])| Bar {
        timestamp: i as i64 * HOUR,
        open,
        high,
        low,
        close,
        volume: 1.0,
    };
    ohlc.iter().enumerate().map(bar).collect()
}

fn flat(prices: &[f64]) -> Vec<Bar> {
    bars(&prices.iter().map(|&p| [p; 4]).collect::<Vec<_>>())
}

fn free() -> BacktestConfig {
    BacktestConfig { fee_bps: 0.0, half_spread_bps: 0.0, slippage_bps: 0.0, stop_atr: 0.0, ..Default::default() }
}

fn enter(side: Direction, size: f64) -> Decision {
    Decision::Enter { side, size, stop: None, target: None, regime: None }
}

fn guarded(side: Direction, stop: f64, target: f64) -> Decision {
    Decision::Enter { side, size: 1.0, stop: Some(stop), target: Some(target), regime: None }
}

const EXIT: Decision = Decision::Exit { reason: ExitReason::Signal };

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn three_trades_by_hand() {
    use Decision::Hold;
    // Fee 1 %, spread and slippage together 1 % per side.
    let config = BacktestConfig { fee_bps: 100.0, half_spread_bps: 40.0, slippage_bps: 60.0, ..free() };
    let bars = flat(&[90.0, 100.0, 120.0, 200.0, 150.0, 50.0, 80.0, 40.0]);
    let script =
        vec![enter(Direction::Long, 0.5), EXIT, enter(Direction::Short, 1.0), EXIT, Hold, enter(Direction::Long, 1.0)];
    let s = simulate(&bars, 0..8, &mut Script(script), &config);
    let [a, b, c] = s.trades[..] else { panic!("{:?}", s.trades) };

    // Long half of 10000 at 100 x 1.01 = 101: 5000 / (101 x 1.01) = 49.0148 units; out at 120 x 0.99 = 118.8.
    let units = 5000.0 / 102.01;
    assert_eq!((a.decision_bar, a.entry_bar, a.exit_bar), (0, 1, 2));
    assert!(near(a.units, units) && near(a.entry_price, 101.0) && near(a.exit_price, 118.8));
    assert!(near(a.fees, units * (1.01 + 1.188)) && near(a.slippage, units * (1.0 + 1.2)));
    assert!(near(a.pnl, units * (118.8 - 101.0) - a.fees));
    assert!((a.pnl - 764.7289).abs() < 1e-4, "{}", a.pnl);
    assert!(near(a.net_return, a.pnl / (units * 101.0)));

    // Short all of 10764.7289 at 200 x 0.99 = 198: 53.8290 units; back at 150 x 1.01 = 151.5.
    let units = (10_000.0 + a.pnl) / (198.0 * 1.01);
    assert_eq!((b.decision_bar, b.entry_bar, b.exit_bar, b.side), (2, 3, 4, Direction::Short));
    assert!(near(b.units, -units) && near(b.entry_price, 198.0) && near(b.exit_price, 151.5));
    assert!(near(b.fees, units * (1.98 + 1.515)) && near(b.slippage, units * (2.0 + 1.5)));
    assert!((b.pnl - 2314.9173).abs() < 1e-3, "{}", b.pnl);

    // Long all from 80 x 1.01 = 80.8, ended by the last close 40 x 0.99 = 39.6.
    let before = 10_000.0 + a.pnl + b.pnl;
    let units = before / (80.8 * 1.01);
    assert_eq!((c.decision_bar, c.entry_bar, c.exit_bar, c.reason), (5, 6, 7, ExitReason::End));
    assert!(near(c.pnl, units * (39.6 - 80.8) - units * (0.808 + 0.396)));
    assert!(near(c.mae, 40.0 / 80.8 - 1.0) && c.mfe == 0.0);
    let last = s.equity[7];
    assert!(near(last.equity, before + c.pnl) && last.position == 0.0 && last.cash == last.equity);
    assert_eq!((c.entry_time, c.exit_time), (6 * HOUR, 7 * HOUR));
}

#[test]
fn a_full_long_position_leaves_no_debt() {
    let config = BacktestConfig { stop_atr: 0.0, ..Default::default() };
    let s = simulate(&flat(&[100.0; 4]), 0..4, &mut BuyAndHold::default(), &config);
    assert!(s.equity[1].cash.abs() < 1e-9, "{}", s.equity[1].cash);
    assert_eq!((s.trades.len(), s.trades[0].entry_bar, s.trades[0].exit_bar), (1, 1, 3));
}

#[test]
fn no_trades_leave_the_equity_flat() {
    let bars = flat(&[100.0, 50.0, 170.0]);
    let s = simulate(&bars, 0..9, &mut Script(Vec::new()), &BacktestConfig::default());
    assert!(s.trades.is_empty() && s.equity.len() == 3);
    assert!(s.equity.iter().all(|p| p.equity == 10_000.0 && p.cash == 10_000.0 && p.position == 0.0));
}

#[test]
fn a_gap_through_the_stop_fills_at_the_open() {
    // Filled at 100 with stop 95; the next bar opens at 90.
    let ohlc = [[100.0; 4], [100.0, 101.0, 99.0, 100.0], [90.0, 97.0, 80.0, 96.0], [96.0; 4]];
    let run = |ohlc: &[[f64; 4]], decision| simulate(&bars(ohlc), 0..4, &mut Script(vec![decision]), &free()).trades[0];
    let long = run(&ohlc, guarded(Direction::Long, 95.0, 200.0));
    assert_eq!((long.exit_price, long.reason, long.exit_bar), (90.0, ExitReason::Stop, 2));
    assert!(near(long.mae, -0.1) && near(long.mfe, 0.01), "the rest of the exit bar is not the position's");
    // A short's stop above, a long's target above: both at an open of 110.
    let up = [[100.0; 4], [100.0; 4], [110.0, 120.0, 80.0, 100.0], [100.0; 4]];
    let short = run(&up, guarded(Direction::Short, 105.0, 50.0));
    assert_eq!((short.exit_price, short.reason), (110.0, ExitReason::Stop));
    let target = run(&up, guarded(Direction::Long, 90.0, 105.0));
    assert_eq!((target.exit_price, target.reason), (110.0, ExitReason::Target), "the open comes before the low");
}

#[test]
fn stop_and_target_in_one_bar_count_as_the_stop() {
    let wide = [[100.0; 4], [100.0, 110.0, 90.0, 100.0], [100.0; 4]];
    for (side, stop, target) in [(Direction::Long, 95.0, 105.0), (Direction::Short, 105.0, 95.0)] {
        let s = simulate(&bars(&wide), 0..3, &mut Script(vec![guarded(side, stop, target)]), &free());
        let trade = s.trades[0];
        assert_eq!((trade.exit_price, trade.reason, s.ambiguous_bars), (stop, ExitReason::Stop, 1));
        assert_eq!((trade.entry_bar, trade.exit_bar), (1, 1), "watched from the fill bar on");
    }
    let up = [[100.0; 4], [100.0, 110.0, 99.0, 100.0], [100.0; 4]];
    let s = simulate(&bars(&up), 0..3, &mut Script(vec![guarded(Direction::Long, 95.0, 105.0)]), &free());
    assert_eq!((s.trades[0].exit_price, s.trades[0].reason, s.ambiguous_bars), (105.0, ExitReason::Target, 0));
}

#[test]
fn an_opposite_entry_reverses_at_one_open() {
    let script = vec![enter(Direction::Long, 1.0), Decision::Hold, enter(Direction::Short, 1.0)];
    let s = simulate(&flat(&[100.0, 100.0, 110.0, 120.0, 60.0]), 0..5, &mut Script(script), &free());
    assert_eq!((s.trades[0].reason, s.trades[0].exit_bar, s.trades[1].entry_bar), (ExitReason::Reverse, 3, 3));
    // 10000 x 1.2, then short from 120 to 60: x 1.5.
    assert!(near(s.equity[4].equity, 18_000.0));
}

#[test]
fn a_ruined_account_stops() {
    let script = vec![enter(Direction::Short, 1.0), Decision::Hold, Decision::Hold, enter(Direction::Long, 1.0)];
    let s = simulate(&flat(&[100.0, 100.0, 150.0, 210.0, 300.0, 400.0]), 0..6, &mut Script(script), &free());
    assert_eq!((s.trades.len(), s.trades[0].reason, s.trades[0].exit_bar), (1, ExitReason::Ruin, 3));
    assert!(s.equity[3..].iter().all(|p| near(p.equity, -1000.0)));
    assert_eq!(s.returns()[4..], [0.0, 0.0]);
}

#[test]
fn signals_play_on_their_bars() {
    let bars = flat(&[100.0, 100.0, 110.0, 121.0, 121.0]);
    let signal = |bar: i64, side| Signal { timestamp: bar * HOUR, side, size: 1.0, stop: None, target: None };
    let signals = [signal(0, Some(Direction::Long)), signal(2, None)];
    let s = simulate(&bars, 0..5, &mut SignalStrategy::from_signals(&bars, &signals).unwrap(), &free());
    assert_eq!((s.trades[0].entry_bar, s.trades[0].exit_bar), (1, 3));
    assert!(near(s.equity[4].equity, 12_100.0));
    let late = simulate(&bars, 1..5, &mut SignalStrategy::from_signals(&bars, &signals).unwrap(), &free());
    assert!(late.trades.is_empty(), "a signal before the range is gone");

    let err = |signals: &[Signal]| SignalStrategy::from_signals(&bars, signals).unwrap_err();
    assert!(matches!(err(&[signal(9, None)]), BacktestError::NoSuchBar { row: 1, .. }));
    assert!(matches!(err(&[signal(2, None), signal(2, None)]), BacktestError::Disorder { row: 2, .. }));
    let long = signal(0, Some(Direction::Long));
    for bad in [Signal { size: f64::NAN, ..long }, Signal { size: 1.5, ..long }, Signal { stop: Some(-1.0), ..long }] {
        assert!(matches!(err(&[bad]), BacktestError::BadSignal { row: 1, .. }));
    }
}

fn prediction() -> Prediction {
    Prediction {
        entry_prob: 0.9,
        entry_prob_calibrated: 0.6,
        exit_prob: 0.1,
        expected_return: 0.02,
        volatility: 0.01,
        size: 0.3,
        regime: Some(2),
    }
}

/// Trades of a network that says `prediction` on bar 20 and nothing else, over 40 bars of range 2 around 100.
fn network(prediction: Prediction, config: &BacktestConfig, calibrated: Calibrated) -> Vec<Trade> {
    let bars = bars(&[[100.0, 101.0, 99.0, 100.0]; 40]);
    let mut predictions = vec![None; 40];
    predictions[20] = Some(prediction);
    let mut strategy = NetworkStrategy::new(predictions, config, calibrated, 6, 2500.0).unwrap();
    simulate(&bars, 0..40, &mut strategy, config).trades
}

#[test]
fn the_network_enters_over_the_threshold_and_leaves_at_the_horizon() {
    let config = BacktestConfig { threshold: 0.6, sizing: Sizing::Fixed, max_size: 0.8, ..free() };
    let trades = network(prediction(), &config, Calibrated::default());
    let [trade] = trades[..] else { panic!("{trades:?}") };
    assert_eq!((trade.decision_bar, trade.entry_bar, trade.exit_bar), (20, 21, 27));
    assert_eq!((trade.reason, trade.regime, trade.size), (ExitReason::Horizon, Some(2), 0.8));
    let weak = Prediction { entry_prob_calibrated: 0.599, ..prediction() };
    assert!(network(weak, &config, Calibrated::default()).is_empty(), "the raw probability does not count");
    // Threshold 0: base rate 0.5 plus a fifth of the rest is 0.6.
    let automatic = BacktestConfig { threshold: 0.0, ..config.clone() };
    let calibrated = || Calibrated { entry_base_rate: 0.5, ..Default::default() };
    assert!(network(weak, &automatic, calibrated()).is_empty());
    assert_eq!(network(prediction(), &automatic, calibrated()).len(), 1);
    let missing = Prediction { entry_prob_calibrated: f64::NAN, ..prediction() };
    assert!(network(missing, &automatic, calibrated()).is_empty());
}

#[test]
fn sizes_follow_the_sizing() {
    let size = |config: BacktestConfig| {
        network(prediction(), &config, Calibrated::default()).first().map_or(0.0, |trade| trade.size)
    };
    let base = BacktestConfig { threshold: 0.5, ..free() };
    // 0.3 / (0.01 x sqrt 2500) = 0.6.
    assert!(near(size(BacktestConfig { sizing: Sizing::Volatility, ..base.clone() }), 0.6));
    assert!(near(size(BacktestConfig { sizing: Sizing::Volatility, max_size: 0.4, ..base.clone() }), 0.4));
    assert!(near(size(BacktestConfig { sizing: Sizing::SizeHead, ..base.clone() }), 0.3));
    let scaled = [("2".to_owned(), 0.5)].into_iter().collect();
    assert!(near(size(BacktestConfig { sizing: Sizing::Fixed, regime_scale: scaled, ..base.clone() }), 0.5));
    assert_eq!(size(BacktestConfig { sizing: Sizing::Fixed, regimes: vec![0, 4], ..base.clone() }), 0.0);
    let kelly = BacktestConfig { sizing: Sizing::Kelly, ..base };
    let refused = NetworkStrategy::new(Vec::new(), &kelly, Calibrated::default(), 6, 2500.0).unwrap_err();
    assert_eq!(refused, BacktestError::NoKelly { side: "long" });
}

#[test]
fn a_short_network_sells_on_the_exit_probability() {
    let config = BacktestConfig { threshold: 0.6, side: Side::Both, sizing: Sizing::Fixed, stop_atr: 2.0, ..free() };
    let both = Prediction { exit_prob: 0.7, ..prediction() };
    let trades = network(both, &config, Calibrated::default());
    assert_eq!(trades[0].side, Direction::Short, "further over its threshold");
    assert_eq!(network(prediction(), &config, Calibrated::default())[0].side, Direction::Long);
    let long_only = BacktestConfig { side: Side::Long, ..config };
    assert_eq!(network(both, &long_only, Calibrated::default())[0].side, Direction::Long);
}

#[test]
fn the_network_leaves_on_the_opposite_probability_and_at_its_stop() {
    let config = BacktestConfig { threshold: 0.5, exit_threshold: 0.8, sizing: Sizing::Fixed, stop_atr: 1.0, ..free() };
    let mut ohlc = [[100.0, 101.0, 99.0, 100.0]; 40];
    let quiet = Prediction { entry_prob_calibrated: 0.0, ..prediction() };
    let mut predictions = vec![None; 40];
    predictions[20] = Some(prediction());
    predictions[22] = Some(Prediction { exit_prob: 0.79, ..quiet });
    predictions[23] = Some(Prediction { exit_prob: 0.8, ..quiet });
    let run = |ohlc: &[[f64; 4]]| {
        let mut strategy =
            NetworkStrategy::new(predictions.clone(), &config, Calibrated::default(), 6, 2500.0).unwrap();
        simulate(&bars(ohlc), 0..40, &mut strategy, &config).trades[0]
    };
    let trade = run(&ohlc);
    assert_eq!((trade.reason, trade.exit_bar), (ExitReason::Probability, 24));
    // ATR is 2, so the stop is 98.
    ohlc[22][2] = 98.0;
    let trade = run(&ohlc);
    assert_eq!((trade.reason, trade.exit_bar, trade.exit_price), (ExitReason::Stop, 22, 98.0));
}

#[test]
fn no_entry_that_needs_an_unknown_atr() {
    let config = BacktestConfig { threshold: 0.5, sizing: Sizing::Fixed, stop_atr: 2.0, max_bars: 1, ..free() };
    let bars = bars(&[[100.0, 101.0, 99.0, 100.0]; 30]);
    let predictions = vec![Some(prediction()); 30];
    let mut strategy = NetworkStrategy::new(predictions, &config, Calibrated::default(), 6, 2500.0).unwrap();
    let s = simulate(&bars, 0..30, &mut strategy, &config);
    assert_eq!(s.trades[0].decision_bar, 14);
    // Started late, the average still comes from the bars before.
    let predictions = vec![Some(prediction()); 30];
    let mut strategy = NetworkStrategy::new(predictions, &config, Calibrated::default(), 6, 2500.0).unwrap();
    assert_eq!(simulate(&bars, 20..30, &mut strategy, &config).trades[0].decision_bar, 20);
}

#[test]
fn the_rule_buys_released_turns_from_oversold() {
    let bars = flat(&[100.0; 8]);
    // wt1 crosses up at bars 1 and 5 and down at bar 3.
    let wt1 = [-2.0, -1.0, -1.0, -3.0, -3.0, -1.0, -1.0, -1.0];
    let wt2 = [-1.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0];
    let run = |rsx: f64, squeeze_on: [f64; 8], wt1: &[f64], side: Side| {
        let columns = RuleColumns { rsx: &[rsx; 8], wt1, wt2: &wt2, squeeze_on: &squeeze_on };
        let config = BacktestConfig { side, ..free() };
        let s = simulate(&bars, 0..8, &mut RuleStrategy::new(columns, &config), &config);
        s.trades.iter().map(|t| (t.decision_bar, t.exit_bar, t.side)).collect::<Vec<_>>()
    };
    assert_eq!(run(40.0, [0.0; 8], &wt1, Side::Long), [(1, 4, Direction::Long), (5, 7, Direction::Long)]);
    assert_eq!(run(40.0, [1.0; 8], &wt1, Side::Long), [], "squeezed");
    assert_eq!(run(60.0, [0.0; 8], &wt1, Side::Both), [], "not oversold, and the down-cross is below 0");
    assert_eq!(run(40.0, [0.0; 8], &[f64::NAN; 8], Side::Long), []);
    assert_eq!(run(40.0, [0.0; 8], &wt1, Side::Short), []);
}

/// Noise in (-1, 1) without neighbours in common.
fn noise(i: usize) -> f64 {
    let x = (i as f64 * 12.9898).sin() * 43_758.545_3;
    2.0 * (x - x.floor()) - 1.0
}

#[test]
fn kelly_is_zero_without_an_edge_and_hand_checked_with_one() {
    let n = 600;
    let predicted: Vec<f64> = (0..n).map(|i| noise(i + 7)).collect();
    let volatility = vec![0.01; n];
    let losing: Vec<f64> = (0..n).map(|i| 0.02 * noise(i) - 0.005).collect();
    let kelly = Kelly::fit(&predicted, &losing, &volatility, 4, 1).unwrap();
    assert_eq!(kelly.bins.iter().map(|bin| bin.n).sum::<usize>(), n);
    assert!(predicted.iter().all(|&p| kelly.size(p, 0.01) == 0.0), "{kelly:?}");

    // The realised return is the sign of the prediction times 2 %: kappa = 0.0004 / (4 x 0.0001) = 1; in the top bin
    // mu_lo = 0.02, so f = 0.5 x 0.02 / (1 x 4 x v^2) = 0.25 at v = 0.1.
    let sure: Vec<f64> = predicted.iter().map(|p| 0.02 * p.signum()).collect();
    let kelly = Kelly::fit(&predicted, &sure, &volatility, 4, 1).unwrap();
    assert!(near(kelly.kappa, 1.0) && near(kelly.size(0.9, 0.1), 0.25), "{kelly:?}");
    assert_eq!((kelly.size(0.9, 0.01), kelly.size(-0.9, 0.01)), (1.0, 0.0));
    assert_eq!((kelly.size(f64::NAN, 0.1), kelly.size(0.9, 0.0), kelly.size(0.9, f64::NAN)), (0.0, 0.0, 0.0));
    let text = serde_json::to_string(&kelly).unwrap();
    assert_eq!(serde_json::from_str::<Kelly>(&text).unwrap(), kelly);

    // One value for all: one bin. Too few and ragged columns are refused.
    assert_eq!(Kelly::fit(&vec![0.1; n], &sure, &volatility, 4, 1).unwrap().bins.len(), 1);
    let few = Kelly::fit(&predicted[..59], &sure[..59], &volatility[..59], 4, 1).unwrap_err();
    assert_eq!(few, BacktestError::TooFew { found: 59, needed: 60 });
    assert!(matches!(Kelly::fit(&predicted, &sure[1..], &volatility, 4, 1), Err(BacktestError::Ragged { .. })));
}

#[test]
fn the_table_and_the_verdict_are_plain() {
    let n = 400;
    let prices: Vec<f64> = (0..n).map(|i| 100.0 + 10.0 * (i as f64 / 8.0).sin()).collect();
    let bars = flat(&prices);
    let decide = |i: usize| if (i as f64 / 8.0).cos() > 0.0 { enter(Direction::Long, 1.0) } else { EXIT };
    let clever = simulate(&bars, 0..n, &mut Script((0..n).map(decide).collect()), &free());
    let idle = simulate(&bars, 0..n, &mut Script(Vec::new()), &free());
    let hold = simulate(&bars, 0..n, &mut BuyAndHold::default(), &free());
    let random = simulate(&bars, 0..n, &mut RandomEntries::new(0..n, 9, 20, Side::Long, 1.0, 5), &free());
    assert_eq!(random.trades.len(), 9);
    let forward: Vec<f64> = (0..n).map(|i| prices.get(i + 6).map_or(f64::NAN, |p| p / prices[i] - 1.0)).collect();
    let y = Yardstick { bars_per_year: 2190.0, cost: 0.0, horizon: 6, forward_returns: &forward, seed: 3 };
    let baselines = [("buy and hold", &hold), ("random entries", &random)];

    let yes = Verdict::new(&clever, &baselines, false, &y).unwrap();
    assert!(yes.edge && yes.sentence.starts_with("The network shows an edge: +"), "{}", yes.sentence);
    assert!(yes.sentence.ends_with("over 400 bars and 9 trades, which are few."), "{}", yes.sentence);
    let taught = Verdict::new(&clever, &baselines, true, &y).unwrap();
    assert!(!taught.edge && taught.sentence.contains("prove no edge"), "{}", taught.sentence);
    let no = Verdict::new(&random, &[("buy and hold", &hold)], false, &y).unwrap();
    assert!(!no.edge && no.sentence.starts_with("The network shows no edge"), "{}", no.sentence);
    assert!(Verdict::new(&idle, &baselines, false, &y).unwrap().sentence.contains("took no trade"));
    let short = simulate(&bars, 0..n - 1, &mut BuyAndHold::default(), &free());
    let refused = Verdict::new(&clever, &[("shorter", &short)], false, &y).unwrap_err();
    assert_eq!(refused, BacktestError::DifferentBars { name: "shorter".to_owned() });

    let report = |name: &str, s: &Simulation, in_sample| StrategyReport {
        name: name.to_owned(),
        in_sample,
        statistics: Statistics::new(s, &y),
        per_regime: regime_table(&s.trades, 2),
    };
    let text = comparison_table(&[report("network", &clever, false), report("idle", &idle, true)]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 3 && lines[1].starts_with("network   out-of-sample  9 "), "{text}");
    assert!(lines[2].contains("in-sample") && lines[2].contains(" 0.0 %") && !text.contains("NaN"), "{text}");
}

#[test]
fn regimes_are_told_apart() {
    let script = [Some(0), Some(1), None, Some(1), Some(7)].into_iter().flat_map(|regime| {
        let entry = Decision::Enter { side: Direction::Long, size: 1.0, stop: None, target: None, regime };
        [entry, EXIT]
    });
    // Bought at bars 1, 3, 5, 7, 9 and sold one bar later: +10 %, +10 %, -50 %, -50 %, 0.
    let prices = [1.0, 100.0, 110.0, 100.0, 110.0, 100.0, 50.0, 100.0, 50.0, 100.0, 100.0, 1.0];
    let s = simulate(&flat(&prices), 0..12, &mut Script(script.collect()), &free());
    let table = regime_table(&s.trades, 3);
    let counts: Vec<_> = table.iter().map(|row| (row.regime, row.trades)).collect();
    assert_eq!(counts, [(Some(0), 1), (Some(1), 2), (Some(2), 0), (None, 2)]);
    assert!(near(table[1].mean_return.unwrap(), -0.2) && table[1].win_rate.unwrap().estimate == 0.5);
    assert_eq!((table[2].mean_return, table[2].win_rate, table[2].pnl), (None, None, 0.0));
    let total: f64 = table.iter().map(|row| row.pnl).sum();
    assert!(near(total, s.equity[11].equity - 10_000.0));
}

#[test]
fn a_strategy_is_asked_on_every_bar_but_the_last_of_the_range() {
    struct Asked<'a>(&'a Cell<(usize, usize)>);
    impl Strategy for Asked<'_> {
        fn name(&self) -> &'static str {
            "asked"
        }
        fn decide(&mut self, t: usize, _bars: &[Bar], _position: Option<&OpenPosition>) -> Decision {
            let (count, _) = self.0.get();
            self.0.set((count + 1, t));
            Decision::Hold
        }
    }
    let asked = Cell::new((0, 0));
    simulate(&flat(&[1.0; 20]), 5..15, &mut Asked(&asked), &free());
    assert_eq!(asked.get(), (9, 13));
}

fn any_bars() -> impl proptest::strategy::Strategy<Value = Vec<Bar>> {
    prop::collection::vec((-0.2..0.2, -0.2..0.2, 0.0..0.2, 0.0..0.2), 2..60).prop_map(|steps| {
        let mut close: f64 = 100.0;
        let mut ohlc = Vec::new();
        for (gap, body, up, down) in steps {
            let open = close * f64::exp(gap);
            close = open * f64::exp(body);
            ohlc.push([open, open.max(close) * (1.0 + up), open.min(close) * (1.0 - down), close]);
        }
        bars(&ohlc)
    })
}

fn any_script() -> impl proptest::strategy::Strategy<Value = Vec<Decision>> {
    let side = prop_oneof![Just(Direction::Long), Just(Direction::Short)];
    let price = || prop::option::of(30.0..300.0);
    let enter = (side, 0.01..1.0, price(), price()).prop_map(|(side, size, stop, target)| Decision::Enter {
        side,
        size,
        stop,
        target,
        regime: None,
    });
    prop::collection::vec(prop_oneof![3 => enter, 1 => Just(EXIT), 2 => Just(Decision::Hold)], 60)
}

fn any_costs() -> impl proptest::strategy::Strategy<Value = BacktestConfig> {
    (0.0..100.0, 0.0..50.0, 0.0..50.0).prop_map(|(fee_bps, half_spread_bps, slippage_bps)| BacktestConfig {
        fee_bps,
        half_spread_bps,
        slippage_bps,
        ..free()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn equity_is_cash_plus_position(bars in any_bars(), script in any_script(), config in any_costs()) {
        let s = simulate(&bars, 0..bars.len(), &mut Script(script), &config);
        prop_assert_eq!(s.equity.len(), bars.len());
        for (point, bar) in s.equity.iter().zip(&bars) {
            prop_assert_eq!((point.timestamp, point.price), (bar.timestamp, bar.close));
            prop_assert!(near(point.equity, point.cash + point.position * bar.close));
        }
        // The trades explain the whole change of the account, and costs never help.
        let last = s.equity[bars.len() - 1];
        prop_assert!(last.position == 0.0);
        let pnl: f64 = s.trades.iter().map(|t| t.pnl).sum();
        prop_assert!(near(last.equity, config.initial_cash + pnl));
        for t in &s.trades {
            prop_assert!(t.fees >= 0.0 && t.slippage >= -1e-9 && t.mae <= 0.0 && t.mfe >= 0.0);
            let gross = t.units * (t.exit_price - t.entry_price);
            prop_assert!(near(t.pnl, gross - t.fees));
        }
    }

    #[test]
    fn no_fill_on_the_bar_that_decided(bars in any_bars(), script in any_script(), config in any_costs()) {
        let s = simulate(&bars, 0..bars.len(), &mut Script(script.clone()), &config);
        for t in &s.trades {
            prop_assert_eq!(t.entry_bar, t.decision_bar + 1);
            prop_assert!(matches!(script[t.decision_bar], Decision::Enter { side, .. } if side == t.side));
            let slip = 1.0 + t.side.sign() * Costs::new(&config).slip;
            prop_assert!(near(t.entry_price, bars[t.entry_bar].open * slip));
            if t.reason == ExitReason::Signal {
                prop_assert_eq!(script[t.exit_bar - 1], EXIT);
            }
        }
        prop_assert!(s.trades.windows(2).all(|pair| pair[0].exit_bar <= pair[1].entry_bar));
    }

    #[test]
    fn later_bars_never_change_earlier_trades(
        bars in any_bars(), other in any_bars(), script in any_script(), config in any_costs(), share in 0.0..1.0,
    ) {
        let cut = 1 + (share * (bars.len() - 1) as f64) as usize;
        let mut changed = bars[..cut].to_vec();
        let shift = cut as i64 * HOUR;
        changed.extend(other.iter().map(|bar| Bar { timestamp: bar.timestamp + shift, ..*bar }));
        let run = |bars: &[Bar]| simulate(bars, 0..bars.len(), &mut Script(script.clone()), &config);
        let (a, b) = (run(&bars), run(&changed));
        let before = |s: &Simulation| s.trades.iter().filter(|t| t.exit_bar + 1 < cut).copied().collect::<Vec<_>>();
        prop_assert_eq!(before(&a), before(&b));
        prop_assert_eq!(&a.equity[..cut - 1], &b.equity[..cut - 1]);
    }

    #[test]
    fn without_costs_the_other_side_mirrors(bars in any_bars(), script in any_script()) {
        // Brackets off: mirrored stops would be other prices. Per unit, so that compounding does not enter.
        let plain = |decision: &Decision, flip: bool| match *decision {
            Decision::Enter { side, .. } => {
                let other = if side == Direction::Long { Direction::Short } else { Direction::Long };
                enter(if flip { other } else { side }, 0.05)
            }
            other => other,
        };
        let run = |flip: bool| {
            let script = script.iter().map(|d| plain(d, flip)).collect();
            simulate(&bars, 0..bars.len(), &mut Script(script), &free()).trades
        };
        let (ours, theirs) = (run(false), run(true));
        let ruined = |trades: &[Trade]| trades.iter().any(|t| t.reason == ExitReason::Ruin);
        prop_assume!(!ruined(&ours) && !ruined(&theirs));
        prop_assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(&theirs) {
            prop_assert_eq!((a.entry_bar, a.exit_bar), (b.entry_bar, b.exit_bar));
            prop_assert!(near(a.net_return, -b.net_return) && near(a.mae, -b.mfe) && near(a.mfe, -b.mae));
        }
    }
}
