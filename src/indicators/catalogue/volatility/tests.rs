//! What the golden bars, which open where the last one closed, cannot show: opening jumps, returns of every size, flat
//! stretches, long series.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::indicators::{compute, parse_instance};
use crate::market::{Bar, Series};
use crate::stats::{mean, std_population};

/// A walk that jumps at every other opening, and whose size of movement itself jumps every hundred bars.
fn jumping_bars(n: usize, seed: u64) -> Vec<Bar> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut price = 30_000.0;
    (0..n)
        .map(|i| {
            let size = [0.03, 1e-5, 0.003, 1e-7][i / 100 % 4];
            let mut move_by = |part: f64| (part * size * (2.0 * rng.random::<f64>() - 1.0)).exp();
            let open = price * if i % 2 == 0 { move_by(1.0) } else { 1.0 };
            let close = open * move_by(1.0);
            let high = f64::max(open, close) * f64::max(move_by(0.5), 1.0);
            let low = f64::min(open, close) * f64::min(move_by(0.5), 1.0);
            price = close;
            Bar { timestamp: i as i64 * 60_000, open, high, low, close, volume: 1.0 }
        })
        .collect()
}

fn line(text: &str, name: &str, bars: &[Bar]) -> Vec<f64> {
    let series = Series::new("TEST", "1m".parse().unwrap(), bars.to_vec()).unwrap();
    let instance = parse_instance(text).unwrap();
    let lines = compute(std::slice::from_ref(&instance), &series);
    lines.get(&format!("{}.{name}", instance.id())).unwrap().values.clone()
}

/// Compares a line with its definition, which gets the last `n` bars.
fn assert_defined(text: &str, name: &str, n: usize, tolerance: f64, wanted: impl Fn(&[Bar]) -> f64) {
    let bars = jumping_bars(60_000, 17);
    let found = line(text, name, &bars);
    for i in (n - 1..n + 500).chain((1000..60_000).step_by(1009)) {
        let wanted = wanted(&bars[i + 1 - n..=i]);
        let error = (found[i] - wanted).abs();
        assert!(error <= tolerance * wanted.abs(), "{text} {name} at {i}: {} for {wanted}", found[i]);
    }
}

fn ln(a: f64, b: f64) -> f64 {
    ((a - b) / b).ln_1p()
}

fn returns(bars: &[Bar]) -> Vec<f64> {
    bars.windows(2).map(|w| ln(w[1].close, w[0].close)).collect()
}

fn mean_of(values: impl Iterator<Item = f64>) -> f64 {
    mean(&values.collect::<Vec<f64>>())
}

#[test]
fn volatilities_keep_their_digits_through_storm_and_calm() {
    let square = |x: f64| x * x;
    assert_defined("realized_volatility", "volatility", 31, 1e-11, |b| {
        mean_of(returns(b).iter().map(|r| r * r)).sqrt()
    });
    assert_defined("downside_deviation", "downside", 41, 1e-11, |b| {
        mean_of(returns(b).iter().map(|r| square(r.min(0.0)))).sqrt()
    });
    assert_defined("parkinson_volatility", "volatility", 10, 1e-11, |b| {
        (mean_of(b.iter().map(|b| square(ln(b.high, b.low)))) / (4.0 * 2_f64.ln())).sqrt()
    });
    assert_defined("garman_klass_volatility", "volatility", 20, 1e-11, |b| {
        let term = |b: &Bar| 0.5 * square(ln(b.high, b.low)) - (2.0 * 2_f64.ln() - 1.0) * square(ln(b.close, b.open));
        mean_of(b.iter().map(term)).sqrt()
    });
    assert_defined("historical_volatility_ratio", "hv_long", 101, 1e-9, |b| {
        std_population(&returns(b)) * (100_f64 / 99.0).sqrt()
    });
    let rogers_satchell = |b: &Bar| ln(b.high, b.open) * ln(b.high, b.close) + ln(b.low, b.open) * ln(b.low, b.close);
    assert_defined("rogers_satchell_volatility", "volatility", 50, 1e-10, |b| {
        mean_of(b.iter().map(rogers_satchell)).sqrt()
    });
    assert_defined("yang_zhang_volatility", "volatility", 15, 1e-10, |b| {
        let jumps: Vec<f64> = b.windows(2).map(|w| ln(w[1].open, w[0].close)).collect();
        let bodies: Vec<f64> = b[1..].iter().map(|b| ln(b.close, b.open)).collect();
        let k = 0.34 / (1.34 + 15.0 / 13.0);
        let of_sample = 14.0 / 13.0;
        let inside = mean_of(b[1..].iter().map(rogers_satchell));
        let open_close = of_sample * square(std_population(&bodies));
        (of_sample * square(std_population(&jumps)) + k * open_close + (1.0 - k) * inside).sqrt()
    });
}

#[test]
fn sums_of_products_keep_their_digits_through_storm_and_calm() {
    let sum_of_products =
        |b: &[Bar], count: usize| -> f64 { returns(b).windows(count).map(|w| w.iter().product::<f64>().abs()).sum() };
    let half_pi = std::f64::consts::FRAC_PI_2;
    assert_defined("jump_variation", "bipower_variance", 61, 1e-11, |b| half_pi * 60.0 / 59.0 * sum_of_products(b, 2));
    assert_defined("jump_variation", "quarticity", 61, 1e-11, |b| {
        half_pi * half_pi * 3600.0 / 57.0 * sum_of_products(b, 4)
    });
    assert_defined("realized_moments", "kurtosis", 81, 1e-11, |b| {
        let squares: Vec<f64> = returns(b).iter().map(|r| r * r).collect();
        80.0 * squares.iter().map(|s| s * s).sum::<f64>() / squares.iter().sum::<f64>().powi(2)
    });
    assert_defined("roll_spread", "covariance", 52, 1e-9, |b| {
        let r = returns(b);
        let (x, y) = (&r[1..], &r[..50]);
        let (mx, my) = (mean(x), mean(y));
        mean_of(x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)))
    });
}

#[test]
fn the_high_low_spread_moves_a_bar_beyond_the_close_before_it() {
    let bars = jumping_bars(100, 17);
    let beyond = bars.windows(2).filter(|w| w[0].close > w[1].high || w[0].close < w[1].low).count();
    assert!(beyond > 10, "{beyond}");
    let spread = |b: &[Bar]| {
        let (before, now) = (&b[0], &b[1]);
        let shift = before.close.clamp(now.low, now.high) - before.close;
        let (high, low) = (now.high - shift, now.low - shift);
        let beta = ln(high, low).powi(2) + ln(before.high, before.low).powi(2);
        let gamma = ln(high.max(before.high), low.min(before.low)).powi(2);
        let d = 3.0 - 8_f64.sqrt();
        let alpha = ((2.0 * beta).sqrt() - beta.sqrt()) / d - (gamma / d).sqrt();
        2.0 * alpha.exp_m1() / (1.0 + alpha.exp())
    };
    let (found, means) = (line("high_low_spread", "spread_bar", &bars), line("high_low_spread", "spread", &bars));
    for i in 20..100 {
        let wanted: Vec<f64> = bars[i - 20..=i].windows(2).map(spread).collect();
        let mean = mean_of(wanted.iter().map(|s| s.max(0.0)));
        assert!((found[i] - wanted[19]).abs() < 1e-13 && (means[i] - mean).abs() < 1e-13, "{i}");
    }
}

fn bar(i: i64, open: f64, high: f64, low: f64, close: f64) -> Bar {
    Bar { timestamp: i * 60_000, open, high, low, close, volume: 1.0 }
}

#[test]
fn gaps_are_measured_and_filled() {
    let bars = [
        bar(0, 100.0, 101.0, 99.0, 100.0),
        // Opens 4 above, falls back by 3; then 10 below, never back; then within the bar before.
        bar(1, 104.0, 106.0, 101.0, 105.0),
        bar(2, 95.0, 96.0, 94.0, 95.0),
        bar(3, 95.0, 97.0, 93.0, 95.0),
    ];
    let of = |name: &str| line("gap(period=1)", name, &bars)[1..].to_vec();
    assert_eq!(of("gap"), [4.0, -10.0, 0.0]);
    assert_eq!(of("fill"), [0.75, 0.1, 1.0]);
    // True ranges 6, 11 and 4: the average of one before each bar.
    assert_eq!(of("gap_atr")[1..], [-10.0 / 6.0, 0.0]);
    assert_eq!(of("void")[1..], [-5.0 / 6.0, 0.0]);
}

#[test]
fn a_bulge_is_complete_once() {
    // The range widens, so that the mass index rises, and narrows again.
    let bars: Vec<Bar> = (0..200_i64)
        .map(|i| {
            let half = 1.0 + if (60..80).contains(&i) { 0.4 * (i - 60) as f64 } else { 0.0 };
            bar(i, 100.0, 100.0 + half, 100.0 - half, 100.0)
        })
        .collect();
    let (mass, bulge) = (line("mass_index", "mass", &bars), line("mass_index", "bulge", &bars));
    let complete: Vec<usize> = (0..200).filter(|&i| bulge[i] == 1.0).collect();
    assert_eq!(complete.len(), 1);
    let at = complete[0];
    assert!(mass[..at].iter().any(|m| *m > 27.0) && mass[at - 1] >= 26.5 && mass[at] < 26.5);
}

#[test]
fn stillness_is_zero_or_missing() {
    let mut bars = jumping_bars(150, 3);
    let last = bars[149].close;
    bars.extend((150..600).map(|i| bar(i, last, last, last, last)));
    let at_end = |text: &str, name: &str| *line(text, name, &bars).last().unwrap();
    for (text, name) in [
        ("realized_volatility", "volatility"),
        ("parkinson_volatility", "volatility"),
        ("garman_klass_volatility", "volatility"),
        ("rogers_satchell_volatility", "volatility"),
        ("yang_zhang_volatility", "volatility"),
        ("downside_deviation", "upside"),
        ("volatility_of_volatility", "vov"),
        ("jump_variation", "bipower_variance"),
        ("high_low_spread", "spread"),
        ("ulcer_index", "ui"),
        ("drawdown", "max_drawdown"),
        ("bandwidth_percentile", "squeeze"),
        ("range_ratio", "narrow"),
    ] {
        assert_eq!(at_end(text, name), 0.0, "{text}.{name}");
    }
    assert_eq!(at_end("bandwidth_percentile", "percentile"), 50.0);
    assert_eq!(at_end("gap", "fill"), 1.0);
    for (text, name) in [
        ("downside_deviation", "downside_share"),
        ("historical_volatility_ratio", "ratio"),
        ("volatility_of_volatility", "relative"),
        ("jump_variation", "jump_share"),
        ("jump_variation", "jump_z"),
        ("realized_moments", "skewness"),
        ("true_range_expansion", "z"),
        ("range_ratio", "ratio"),
        ("candle_anatomy", "body"),
        ("bandwidth_percentile", "relative"),
    ] {
        assert!(at_end(text, name).is_nan(), "{text}.{name}");
    }
}
