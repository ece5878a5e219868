use super::*;

fn feed(values: &[f64], mut next: impl FnMut(f64) -> f64) -> Vec<f64> {
    values.iter().map(|v| next(*v)).collect()
}

/// Equal, NaN included, to within rounding.
fn assert_close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        assert!(f.is_nan() && w.is_nan() || (f - w).abs() < 1e-12, "{i}: {f} for {w}");
    }
}

const N: f64 = f64::NAN;

#[test]
fn averages_of_a_small_table() {
    let x = [1.0, 2.0, 6.0, 4.0, 8.0];
    let (mut sma, mut ema, mut wilder, mut wma) = (Sma::new(3), Ema::new(3), Wilder::new(3), Wma::new(3));
    assert_close(&feed(&x, |v| sma.next(v)), &[N, N, 3.0, 4.0, 6.0]);
    assert_close(&feed(&x, |v| ema.next(v)), &[N, N, 3.0, 3.5, 5.75]);
    assert_close(&feed(&x, |v| wilder.next(v)), &[N, N, 3.0, 10.0 / 3.0, 44.0 / 9.0]);
    assert_close(&feed(&x, |v| wma.next(v)), &[N, N, 23.0 / 6.0, 26.0 / 6.0, 38.0 / 6.0]);
}

#[test]
fn missing_input_is_passed_over() {
    let with_gaps = [N, 1.0, 2.0, N, 6.0, 4.0];
    let (mut sma, mut ema, mut lag) = (Sma::new(3), Ema::new(3), Lag::new(2));
    let (mut high, mut deviation) = (Highest::new(2), Deviation::new(2));
    assert_close(&feed(&with_gaps, |v| sma.next(v)), &[N, N, N, N, 3.0, 4.0]);
    assert_close(&feed(&with_gaps, |v| ema.next(v)), &[N, N, N, N, 3.0, 3.5]);
    assert_close(&feed(&with_gaps, |v| lag.next(v)), &[N, N, N, N, 1.0, 2.0]);
    assert_close(&feed(&with_gaps, |v| high.next(v)), &[N, N, 2.0, N, 6.0, 6.0]);
    assert_close(&feed(&with_gaps, |v| deviation.next(v)), &[N, N, 0.5, N, 2.0, 1.0]);
}

#[test]
fn the_fitted_line_follows_a_line_exactly_and_smooths_a_kink() {
    let mut fit = LineFit::new(3);
    // Least squares through (0, 0), (1, 0), (2, 3): mean 1, slope 1.5, value at 2 is 2.5.
    assert_close(&feed(&[2.0, 4.0, 6.0, 8.0], |v| fit.next(v).end), &[N, N, 6.0, 8.0]);
    let mut fit = LineFit::new(3);
    assert_close(&feed(&[0.0, 0.0, 3.0], |v| fit.next(v).slope), &[N, N, 1.5]);
}

#[test]
fn weighted_sums_neither_cancel_nor_drift() {
    let x = walk(200_000, 3);
    let (mut wma, mut fit) = (Wma::new(20), LineFit::new(20));
    for i in 0..x.len() {
        let (average, line) = (wma.next(x[i]), fit.next(x[i]));
        if i >= 19 && (i < 100 || i % 9973 == 0) {
            let window = &x[i - 19..=i];
            let exact = window.iter().zip(1..).map(|(v, j)| v * f64::from(j)).sum::<f64>() / 210.0;
            assert!((average / exact - 1.0).abs() < 1e-14);
            let centre = window.iter().sum::<f64>() / 20.0;
            let slope = window.iter().zip(0..).map(|(v, j)| (v - centre) * (f64::from(j) - 9.5)).sum::<f64>() / 665.0;
            assert!((line.slope - slope).abs() < 1e-11, "{i}: {} for {slope}", line.slope);
            assert!((line.end - (centre + 9.5 * slope)).abs() < 1e-9);
        }
    }
    for _ in 0..20 {
        wma.next(0.3);
        fit.next(0.3);
    }
    assert!((wma.next(0.3) - 0.3).abs() < 1e-15 && fit.next(0.3).slope.abs() < 1e-17);
}

#[test]
fn sorted_windows_know_median_and_rank() {
    let mut sorted = SortedWindow::new(4);
    let medians = feed(&[3.0, 1.0, 2.0, N, 2.0, 9.0], |v| if sorted.push(v) { sorted.median() } else { N });
    assert_close(&medians, &[N, N, N, N, 2.0, 2.0]);
    assert_eq!((sorted.as_slice(), sorted.below(2.0), sorted.up_to(2.0)), (&[1.0, 2.0, 2.0, 9.0][..], 1, 3));
}

#[test]
fn the_age_of_an_extreme_counts_from_its_latest_equal() {
    let mut highest = Highest::new(3);
    let ages = feed(&[5.0, 4.0, 5.0, 3.0, 2.0, 1.0], |v| {
        highest.next(v);
        highest.age()
    });
    assert_close(&ages, &[N, N, 0.0, 1.0, 2.0, 2.0]);
}

#[test]
fn crossing_needs_a_change_of_side() {
    let pairs = [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (2.0, 2.0), (3.0, 2.0), (1.0, 2.0)];
    let mut cross = Cross::default();
    let found: Vec<f64> = pairs.iter().map(|(a, b)| cross.next(*a, *b)).collect();
    assert_close(&found, &[N, 0.0, 1.0, 0.0, 0.0, -1.0]);
}

fn walk(n: usize, seed: u64) -> Vec<f64> {
    use rand::{Rng as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut x = 40_000.0;
    (0..n)
        .map(|_| {
            x += rng.random::<f64>() - 0.5;
            x
        })
        .collect()
}

#[test]
fn rolling_extremes_equal_a_search() {
    let x: Vec<f64> = walk(500, 1).iter().map(|v| v.round()).collect();
    for n in [1, 2, 7, 50] {
        let (mut highest, mut lowest) = (Highest::new(n), Lowest::new(n));
        for i in 0..x.len() {
            let (high, low) = (highest.next(x[i]), lowest.next(x[i]));
            if i + 1 < n {
                assert!(high.is_nan() && low.is_nan());
                continue;
            }
            let window = &x[i + 1 - n..=i];
            assert_eq!(high, window.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            assert_eq!(low, window.iter().copied().fold(f64::INFINITY, f64::min));
        }
    }
}

#[test]
fn the_deviation_neither_cancels_nor_drifts() {
    let x = walk(200_000, 2);
    let mut deviation = Deviation::new(20);
    let mut sum = RollingSum::new(20);
    for i in 0..x.len() {
        let (std, total) = (deviation.next(x[i]), sum.next(x[i]));
        if i >= 19 && (i < 100 || i % 9973 == 0) {
            let window = &x[i - 19..=i];
            let exact = crate::stats::std_population(window);
            assert!((std - exact).abs() < 1e-10 * exact, "{i}: {std} for {exact}");
            assert!((total / window.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }
}

#[test]
fn a_flat_window_after_a_storm_is_exactly_still() {
    let (mut deviation, mut sum) = (Deviation::new(5), RollingSum::new(5));
    let mut last = (N, N);
    for x in [1e9, -3.7, 0.1, 1e-7, 123.456, 0.3, 0.3, 0.3, 0.3, 0.3] {
        last = (deviation.next(x), sum.next(x));
    }
    assert_eq!(last, (0.0, 1.5));
    for _ in 0..5 {
        last.1 = sum.next(0.0);
    }
    assert!(last.1.abs() < 1e-20, "{}", last.1);
}
