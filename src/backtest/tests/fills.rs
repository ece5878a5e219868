use std::cell::Cell;

use super::*;

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
