use crate::stats::{mean, normal_cdf, normal_quantile, std_sample};

/// Euler's constant.
const GAMMA: f64 = 0.577_215_664_901_532_9;

/// Probability that the true Sharpe ratio exceeds `benchmark`, both per bar, from `n` returns with this skewness and
/// (not excess) kurtosis. NaN where undefined.
///
/// Source: D. H. Bailey & M. Lopez de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012).
pub fn probabilistic_sharpe(sharpe: f64, benchmark: f64, n: usize, skewness: f64, kurtosis: f64) -> f64 {
    let variance = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    if n < 2 || variance.is_nan() || variance <= 0.0 {
        return f64::NAN;
    }
    normal_cdf((sharpe - benchmark) * ((n - 1) as f64).sqrt() / variance.sqrt())
}

/// Probability that the true Sharpe ratio exceeds what the best of all tried strategies would show by luck.
///
/// `trials`: per-bar Sharpe ratios of every trial, the chosen one among them; with one trial the benchmark is 0.
///
/// Source: D. H. Bailey & M. Lopez de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40 (2014).
pub fn deflated_sharpe(sharpe: f64, trials: &[f64], n: usize, skewness: f64, kurtosis: f64) -> f64 {
    let count = trials.len() as f64;
    let luck = if trials.len() < 2 {
        0.0
    } else {
        let quantile = |rare: f64| normal_quantile(1.0 - 1.0 / rare);
        std_sample(trials) * ((1.0 - GAMMA) * quantile(count) + GAMMA * quantile(count * std::f64::consts::E))
    };
    probabilistic_sharpe(sharpe, luck, n, skewness, kurtosis)
}

/// Skewness and (not excess) kurtosis from population moments; NaN for constant or no values.
pub(super) fn shape(x: &[f64]) -> (f64, f64) {
    let m = mean(x);
    let moment = |k: i32| x.iter().map(|v| (v - m).powi(k)).sum::<f64>() / x.len() as f64;
    let variance = moment(2);
    if variance > 0.0 {
        (moment(3) / variance.powf(1.5), moment(4) / (variance * variance))
    } else {
        (f64::NAN, f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilistic_sharpe_by_hand() {
        // Normal returns: variance term 1 + 0.1^2 / 2 = 1.005; z = 0.1 x 10 / sqrt(1.005) = 0.99751; Phi = 0.84074.
        let psr = probabilistic_sharpe(0.1, 0.0, 101, 0.0, 3.0);
        assert!((psr - 0.84074).abs() < 1e-5, "{psr}");
        assert!(probabilistic_sharpe(0.1, 0.0, 101, -1.0, 6.0) < psr, "fat left tails are worth less");
        assert!(probabilistic_sharpe(0.1, 0.0, 1, 0.0, 3.0).is_nan());
    }

    #[test]
    fn more_trials_deflate_more() {
        // The paper's own example: annual Sharpe 2.5 over 1250 daily returns of 250 a year, skewness -3, kurtosis 10,
        // 100 trials whose annual Sharpe ratios have variance 1/2: DSR about 0.90.
        let half = (0.5_f64 / 250.0 * 99.0 / 100.0).sqrt();
        let trials: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { half } else { -half }).collect();
        let deflated = deflated_sharpe(2.5 / 250_f64.sqrt(), &trials, 1250, -3.0, 10.0);
        assert!((deflated - 0.9004).abs() < 1e-3, "{deflated}");
        let alone = deflated_sharpe(0.1, &[0.1], 101, 0.0, 3.0);
        assert_eq!(alone, probabilistic_sharpe(0.1, 0.0, 101, 0.0, 3.0));
    }

    #[test]
    fn shape_of_a_small_table() {
        // -1, -1, 2: variance 2, third moment 2, fourth 6.
        let (skewness, kurtosis) = shape(&[-1.0, -1.0, 2.0]);
        assert!((skewness - 2.0 / 2.0_f64.powf(1.5)).abs() < 1e-15 && (kurtosis - 1.5).abs() < 1e-15);
    }
}
