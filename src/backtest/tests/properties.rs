use proptest::prelude::{Just, ProptestConfig, prop, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

use super::*;

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
    fn the_subset_of_all_trades_is_the_simulation(
        bars in any_bars(), script in any_script(), config in any_costs(), every in 1..4_usize,
    ) {
        let s = simulate(&bars, 0..bars.len(), &mut Script(script), &config);
        let all = subset(&s.trades, |_| true, &bars, 0..bars.len(), &config);
        prop_assert_eq!((all.trades.len(), all.equity.len()), (s.trades.len(), s.equity.len()));
        for (a, b) in all.equity.iter().zip(&s.equity) {
            prop_assert!(near(a.equity, b.equity) && near(a.cash, b.cash) && near(a.position, b.position));
        }
        // Of some of them: every net return as it was, each on the equity that these alone have made.
        let passes = |t: &Trade| t.entry_bar.is_multiple_of(every);
        let some = subset(&s.trades, passes, &bars, 0..bars.len(), &config);
        let mut own = config.initial_cash;
        let passing: Vec<&Trade> = s.trades.iter().filter(|t| passes(t)).collect();
        prop_assert_eq!(some.trades.len(), passing.len());
        for (ours, theirs) in some.trades.iter().zip(passing) {
            prop_assert_eq!(ours.net_return, theirs.net_return);
            let paid = ours.units.abs() * ours.entry_price * (1.0 + Costs::new(&config).fee);
            prop_assert!(near(paid, theirs.size * own), "{} of {own}", theirs.size);
            own += ours.pnl;
        }
        prop_assert!(near(some.equity[bars.len() - 1].equity, own));
    }

    #[test]
    fn no_fill_on_the_bar_that_decided(bars in any_bars(), script in any_script(), config in any_costs()) {
        let s = simulate(&bars, 0..bars.len(), &mut Script(script.clone()), &config);
        for t in &s.trades {
            prop_assert_eq!(t.entry_bar, t.decision_bar + 1);
            let decided = matches!(script[t.decision_bar], Decision::Enter { side, .. } if side == t.side);
            prop_assert!(decided, "bar {} decided no such entry", t.decision_bar);
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
