use super::*;
use crate::config::Side;

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
    assert!(predicted.iter().all(|&p| kelly.size(p, 0.01, 0.0) == 0.0), "{kelly:?}");

    // The realised return is the sign of the prediction times 2 %: kappa = 0.0004 / (4 x 0.0001) = 1; in the top bin
    // mu_lo = 0.02, so f = 0.5 x 0.02 / (1 x 4 x v^2) = 0.25 at v = 0.1.
    let sure: Vec<f64> = predicted.iter().map(|p| 0.02 * p.signum()).collect();
    let kelly = Kelly::fit(&predicted, &sure, &volatility, 4, 1).unwrap();
    assert!(near(kelly.kappa, 1.0) && near(kelly.size(0.9, 0.1, 0.0), 0.25), "{kelly:?}");
    assert_eq!((kelly.size(0.9, 0.01, 0.0), kelly.size(-0.9, 0.01, 0.0)), (1.0, 0.0));
    assert_eq!(
        (kelly.size(f64::NAN, 0.1, 0.0), kelly.size(0.9, 0.0, 0.0), kelly.size(0.9, f64::NAN, 0.0)),
        (0.0, 0.0, 0.0)
    );
    // Costs come off the bound: f = 0.5 x (0.02 - 0.01) / 0.04.
    assert!(near(kelly.size(0.9, 0.1, 0.01), 0.125));
    let text = serde_json::to_string(&kelly).unwrap();
    assert_eq!(serde_json::from_str::<Kelly>(&text).unwrap(), kelly);

    // A doubtful edge is sized by its lower bound, not its mean: between none and what the mean would take.
    let doubtful: Vec<f64> = (0..n).map(|i| 0.02 * noise(i) + 0.003).collect();
    let unsure = Kelly::fit(&predicted, &doubtful, &volatility, 4, 1).unwrap();
    let bin = unsure.bins[unsure.bins.len() - 1];
    let by_mean = 0.5 * bin.mean / (unsure.kappa * 4.0 * 0.01);
    let size = unsure.size(0.99, 0.1, 0.0);
    assert!(bin.low < bin.mean && near(size, by_mean * (bin.low / bin.mean).max(0.0)), "{unsure:?}");

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
        in_sample: Some(in_sample),
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
