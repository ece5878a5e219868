use rand::{Rng as _, SeedableRng as _};

use crate::indicators::{Lines, compute, parse_instance};
use crate::market::{Bar, Series};

/// What depends on a window only.
const WINDOWED: &[&str] = &[
    "hurst_exponent",
    "hurst_rs",
    "dfa",
    "permutation_entropy",
    "spectral_entropy",
    "autocorrelation",
    "variance_ratio",
    "fractal_dimension",
    "efficiency_ratio",
    "choppiness",
    "z_score",
    "percent_rank",
    "half_life",
];

/// A random walk that falls asleep in the middle: sums that kept the rounding of the storm would show in the calm.
fn falling_asleep() -> Vec<Bar> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(31);
    let mut price = 100.0;
    (0..4000)
        .map(|i| {
            let size = if i < 2000 { 0.05 } else { 1e-6 };
            let open = price;
            price *= (size * (rng.random::<f64>() - 0.5)).exp();
            let (high, low) = (f64::max(open, price) * (1.0 + size / 9.0), f64::min(open, price) * (1.0 - size / 9.0));
            Bar { timestamp: i * 60_000, open, high, low, close: price, volume: 1.0 }
        })
        .collect()
}

fn lines_of(id: &str, bars: &[Bar]) -> Lines {
    compute(&[parse_instance(id).unwrap()], &Series::new("TEST", "1m".parse().unwrap(), bars.to_vec()).unwrap())
}

#[test]
fn a_window_tells_the_same_whatever_came_before() {
    let bars = falling_asleep();
    for id in WINDOWED {
        let (instance, all) = (parse_instance(id).unwrap(), lines_of(id, &bars));
        for i in [500, 1999, 2003, 2100, 2255, 2256, 2300, 3999] {
            let alone = lines_of(id, &bars[i - instance.warm_up()..=i]);
            for (found, wanted) in all.columns.iter().zip(&alone.columns) {
                let (found, wanted) = (found.values[i], *wanted.values.last().unwrap());
                assert!((found - wanted).abs() <= 1e-7 * wanted.abs().max(1e-3), "{id} at {i}: {found} for {wanted}");
            }
        }
    }
}

fn bars_of(price: impl Fn(i32) -> f64) -> Vec<Bar> {
    let bar = |i| Bar {
        timestamp: i64::from(i),
        open: price(i),
        high: price(i),
        low: price(i),
        close: price(i),
        volume: 1.0,
    };
    (0..400).map(bar).collect()
}

fn last(name: &str, bars: &[Bar]) -> f64 {
    let id = name.split('.').next().unwrap();
    *lines_of(id, bars).get(name).unwrap().values.last().unwrap()
}

#[test]
fn still_and_straight_markets_have_no_character() {
    let mut calm = falling_asleep()[..400].to_vec();
    let still = calm[399];
    calm.extend((0..400).map(|i| Bar {
        timestamp: 400 * 60_000 + i,
        open: still.close,
        high: still.close,
        low: still.close,
        ..still
    }));
    for bars in [&bars_of(|_| 123.4), &bars_of(|i| 1.01_f64.powi(i)), &calm] {
        let of_moves =
            ["hurst_rs.hurst", "dfa.alpha", "autocorrelation.size", "variance_ratio.z", "half_life.half_life"];
        for name in of_moves {
            assert!(last(name, bars).is_nan(), "{name}");
        }
        assert_eq!(last("permutation_entropy.entropy", bars), 0.0);
    }
    for name in ["spectral_entropy.entropy", "fractal_dimension.dimension", "choppiness.chop", "z_score.z"] {
        assert!(last(name, &bars_of(|_| 123.4)).is_nan() && last(name, &calm).is_nan(), "{name}");
    }
    let rising = bars_of(|i| 100.0 + f64::from(i));
    assert_eq!(last("efficiency_ratio.directed", &bars_of(|i| 500.0 - f64::from(i))), -1.0);
    assert_eq!(last("efficiency_ratio.er", &bars_of(|_| 123.4)), 0.0);
    assert_eq!(last("percent_rank.rank", &rising), 100.0);
    // Fourteen steps of path over thirteen of range.
    let straight = 100.0 * (14.0_f64 / 13.0).ln() / 14.0_f64.ln();
    assert!((last("choppiness.chop", &rising) - straight).abs() < 1e-12);
    assert_eq!((last("streak.streak", &rising), last("streak.runs_z", &rising)), (399.0, 0.0));
    assert_eq!(last("permutation_entropy.direction", &rising), 1.0);
}

#[test]
fn a_swing_reads_as_one() {
    let swing = bars_of(|i| (0.1 * (std::f64::consts::TAU * f64::from(i) / 16.0).sin()).exp());
    assert_eq!(last("spectral_entropy.dominant_period", &swing), 16.0);
    assert!(last("spectral_entropy.entropy", &swing) < 1e-9);
    assert!(last("autocorrelation.first", &swing) > 0.9);
    assert!(last("half_life.half_life", &swing) < 10.0 && last("half_life.t", &swing) < -2.0);
    // One bar up, one bar down.
    let zigzag = bars_of(|i| 100.0 + f64::from(i % 2));
    assert!(last("streak.runs_z", &zigzag) > 6.0 && last("variance_ratio.ratio", &zigzag) < 0.1);
    assert!(last("autocorrelation.first", &zigzag) < -0.9 && last("autocorrelation.lagged", &zigzag) < -0.9);
    assert_eq!(last("streak.streak", &zigzag), 1.0);
}
