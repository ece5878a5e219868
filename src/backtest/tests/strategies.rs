use super::*;
use crate::config::{Side, Sizing};

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
    // Threshold 0: the one fitted on the calibration slice.
    let automatic = BacktestConfig { threshold: 0.0, ..config.clone() };
    let calibrated = || Calibrated { entry_threshold: 0.6, ..Default::default() };
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
