use crate::indicators::{Mode, compute, parse_instance, parse_instance_in};
use crate::market::{Bar, Series};

fn bars(price: impl Fn(usize) -> f64, range: f64) -> Vec<Bar> {
    let bar = |i: usize| {
        let close = price(i);
        let (high, low) = (close + range, close - range);
        Bar { timestamp: i as i64 * 60_000, open: close, high, low, close, volume: 1.0 }
    };
    (0..300).map(bar).collect()
}

/// Last value of the line, in the standard and in the original's way.
fn at_end(name: &str, bars: &[Bar]) -> [f64; 2] {
    let (id, _) = name.split_once('.').unwrap();
    let series = Series::new("TEST", "1m".parse().unwrap(), bars.to_vec()).unwrap();
    [Mode::Standard, Mode::Compat].map(|mode| {
        let instance = parse_instance_in(id, mode).or_else(|_| parse_instance(id)).unwrap();
        let lines = compute(&[instance], &series);
        lines.get(name).unwrap().values[299]
    })
}

#[test]
fn a_still_market_is_neutral_or_missing_and_the_original_says_zero() {
    let still = bars(|_| 123.4, 0.0);
    for (name, wanted) in [
        ("rsi_14.rsi", [50.0, 0.0]),
        ("rmi.rmi", [50.0, 0.0]),
        ("stochastic_slow.percK", [f64::NAN, 0.0]),
        ("williams_r.percR", [f64::NAN, 0.0]),
        ("tsi.tsi", [f64::NAN, 0.0]),
        ("ultimate_osc.uo", [f64::NAN, 0.0]),
        ("pretty_good_osc.pgo", [f64::NAN, 0.0]),
        ("laguerre_rsi.lrsi", [f64::NAN, 1.0]),
    ] {
        let found = at_end(name, &still);
        let same = found[0] == wanted[0] || found[0].is_nan() && wanted[0].is_nan();
        assert!(same && found[1] == wanted[1], "{name}: {found:?}");
    }
    for (name, wanted) in [
        ("chande_momentum.cmo", 0.0),
        ("intraday_momentum.imi", 50.0),
        ("connors_rsi.streak_rsi", 50.0),
        ("polarized_fractal_efficiency.pfe", 0.0),
        ("balance_of_power.smooth", 0.0),
        ("linear_regression.standard_error", 0.0),
        ("qqe_mod.qqe_line", 50.0),
    ] {
        assert_eq!(at_end(name, &still)[0], wanted, "{name}");
    }
    for name in
        ["cci.cci", "linear_regression.r2", "stoch_rsi.k", "random_walk_index.rwi_high", "stochastic_momentum.smi"]
    {
        assert!(at_end(name, &still)[0].is_nan(), "{name}");
    }
}

#[test]
fn a_market_that_only_rises_or_falls_reaches_the_bounds() {
    let (up, down) = (bars(|i| 1000.0 + i as f64, 0.0), bars(|i| 1000.0 - i as f64, 0.0));
    for (name, lowest, highest) in [
        ("rsi_14.rsi", 0.0, 100.0),
        ("rmi.rmi", 0.0, 100.0),
        ("chande_momentum.cmo", -100.0, 100.0),
        ("dynamic_momentum_index.dmi", 0.0, 100.0),
        ("stochastic_slow.percK", 0.0, 100.0),
        ("williams_r.percR", -100.0, 0.0),
        ("psychological_line.psy", 0.0, 100.0),
        ("tsi.tsi", -100.0, 100.0),
    ] {
        assert_eq!((at_end(name, &down)[0], at_end(name, &up)[0]), (lowest, highest), "{name}");
    }
    let r2 = at_end("linear_regression.r2", &up)[0];
    assert!((r2 - 1.0).abs() < 1e-12, "{r2}");
    // The original finds no fall and calls it the weakest market.
    assert_eq!(at_end("rsi_14.rsi", &up)[1], 0.0);
    assert_eq!(at_end("connors_rsi.streak", &down)[0], -299.0);
}

#[test]
fn equal_prices_whose_mean_is_rounded_have_no_channel_index() {
    for period in [3, 7, 11, 13, 19, 21] {
        for price in [0.1, 1.3, 123.4, 97_531.7] {
            let series = Series::new("TEST", "1m".parse().unwrap(), bars(|_| price, 0.0)).unwrap();
            let lines = compute(&[parse_instance(&format!("cci(period={period})")).unwrap()], &series);
            assert!(lines.columns[0].values.iter().all(|v| v.is_nan()), "{period} {price}");
        }
    }
}
