/// Arithmetic mean; NaN when empty.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn sum_of_squares(x: &[f64]) -> f64 {
    let m = mean(x);
    x.iter().map(|v| (v - m) * (v - m)).sum()
}

/// Standard deviation with divisor n; NaN when empty.
pub fn std_population(x: &[f64]) -> f64 {
    (sum_of_squares(x) / x.len() as f64).sqrt()
}

/// Standard deviation with divisor n - 1; NaN for fewer than two values.
pub fn std_sample(x: &[f64]) -> f64 {
    if x.len() < 2 { f64::NAN } else { (sum_of_squares(x) / (x.len() - 1) as f64).sqrt() }
}

/// Linear-interpolation quantile (Hyndman & Fan type 7) of ascending values; NaN when empty.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// [`quantile_sorted`] of values in any order.
pub fn quantile(x: &[f64], q: f64) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_sorted(&sorted, q)
}

/// The middle value.
pub fn median(x: &[f64]) -> f64 {
    quantile(x, 0.5)
}

/// Pearson correlation; NaN if either side is constant or the lengths differ.
pub fn correlation(x: &[f64], y: &[f64]) -> f64 {
    if x.len() != y.len() {
        return f64::NAN;
    }
    let (mx, my) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xy += (a - mx) * (b - my);
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
    }
    if xx == 0.0 || yy == 0.0 { f64::NAN } else { xy / (xx * yy).sqrt() }
}

/// Ranks from 1, ties sharing their average.
pub fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let mut out = vec![0.0; x.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && x[order[end]] == x[order[start]] {
            end += 1;
        }
        let rank = (start + end + 1) as f64 / 2.0;
        for &i in &order[start..end] {
            out[i] = rank;
        }
        start = end;
    }
    out
}

/// Area under the ROC curve: the chance that a positive (label 1) scores above a negative (label 0), ties counting half.
/// NaN if one class is absent.
///
/// Source: Hanley & McNeil (1982), by ranks.
pub fn auc(scores: &[f64], labels: &[f64]) -> f64 {
    let positives = labels.iter().filter(|y| **y > 0.5).count() as f64;
    let negatives = labels.len() as f64 - positives;
    let sum: f64 = ranks(scores).iter().zip(labels).filter(|(_, y)| **y > 0.5).map(|(rank, _)| rank).sum();
    (sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

/// Integrated autocorrelation time 1 + 2 sum rho_k, cut by Sokal's window (first M with M >= 5 tau); at least 1.
///
/// Source: A. Sokal, "Monte Carlo methods in statistical mechanics" (1997), section 3.
pub fn autocorrelation_time(x: &[f64]) -> f64 {
    let n = x.len();
    let m = mean(x);
    let variance: f64 = x.iter().map(|v| (v - m) * (v - m)).sum();
    if n < 3 || variance <= 0.0 {
        return 1.0;
    }
    let mut tau = 1.0;
    for lag in 1..n / 2 {
        let covariance: f64 = (lag..n).map(|i| (x[i] - m) * (x[i - lag] - m)).sum();
        tau += 2.0 * covariance / variance;
        if lag as f64 >= 5.0 * tau {
            break;
        }
    }
    f64::max(tau, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_small_table() {
        let x = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&x), 5.0);
        assert_eq!(std_population(&x), 2.0);
        assert!((std_sample(&x) - (32.0_f64 / 7.0).sqrt()).abs() < 1e-15);
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.25), 1.75);
        assert_eq!(median(&[3.0, 1.0]), 2.0);
        assert!(mean(&[]).is_nan() && quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn ranks_share_ties() {
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 30.0]), [1.5, 3.0, 1.5, 4.0]);
    }

    #[test]
    fn auc_by_hand() {
        assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]), 0.75);
        assert_eq!(auc(&[1.0, 1.0], &[0.0, 1.0]), 0.5);
        assert!(auc(&[1.0, 2.0], &[1.0, 1.0]).is_nan());
    }

    #[test]
    fn correlation_is_signed_and_scale_free() {
        let x = [1.0, 2.0, 3.0];
        assert!((correlation(&x, &[10.0, 20.0, 30.0]) - 1.0).abs() < 1e-15);
        assert!((correlation(&x, &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-15);
        assert!(correlation(&x, &[1.0, 1.0, 1.0]).is_nan());
    }

    #[test]
    fn autocorrelation_time_of_an_ar1_series() {
        // AR(1) with phi has tau = (1 + phi) / (1 - phi).
        use rand::{Rng as _, SeedableRng as _};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut x = vec![0.0];
        for i in 0..40_000 {
            let noise: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            x.push(0.8 * x[i] + noise);
        }
        let tau = autocorrelation_time(&x);
        assert!((tau - 9.0).abs() < 1.5, "{tau}");
        assert_eq!(autocorrelation_time(&[1.0; 50]), 1.0);
    }
}
