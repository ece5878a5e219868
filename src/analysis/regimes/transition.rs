//! Transition matrix by Baum-Welch with the mixture held fixed.

const ROUNDS: usize = 50;
const TOLERANCE: f64 = 1e-5;

/// Row-stochastic (k, k) matrix, entry (i, j) = probability of going from i to j in one bar.
///
/// `likelihood`: (n, k) tempered likelihoods of successive bars, each row scaled to a maximum of 1; a bar without a
/// latent is a row of ones. `start`: (k) probabilities of the first bar. One bar's worth of pseudo-count per row keeps
/// every transition possible.
///
/// Source: Rabiner, "A tutorial on hidden Markov models" (1989), section III C.
pub(super) fn baum_welch(likelihood: &[f64], start: &[f64]) -> Vec<f64> {
    let k = start.len();
    let n = likelihood.len() / k;
    let mut transition: Vec<f64> =
        (0..k * k).map(|c| if c / k == c % k { 0.9 } else { 0.0 } + 0.1 / k as f64).collect();
    let mut forward = vec![0.0; n * k];
    for _ in 0..ROUNDS {
        let mut prior = start.to_vec();
        for t in 0..n {
            let row = &mut forward[t * k..][..k];
            for (j, value) in row.iter_mut().enumerate() {
                *value = prior[j] * likelihood[t * k + j];
            }
            let sum: f64 = row.iter().sum();
            for value in row.iter_mut() {
                *value /= sum;
            }
            prior = step(&transition, row);
        }
        let mut counts = vec![1.0 / k as f64; k * k];
        let mut backward = vec![1.0; k];
        let mut pair = vec![0.0; k * k];
        for t in (1..n).rev() {
            let ahead: Vec<f64> = (0..k).map(|j| likelihood[t * k + j] * backward[j]).collect();
            for (c, value) in pair.iter_mut().enumerate() {
                *value = forward[(t - 1) * k + c / k] * transition[c] * ahead[c % k];
            }
            let sum: f64 = pair.iter().sum();
            counts.iter_mut().zip(&pair).for_each(|(count, value)| *count += value / sum);
            for (i, value) in backward.iter_mut().enumerate() {
                *value = (0..k).map(|j| transition[i * k + j] * ahead[j]).sum();
            }
            let top = backward.iter().copied().fold(0.0, f64::max);
            for value in &mut backward {
                *value /= top;
            }
        }
        let mut change: f64 = 0.0;
        for (row, count) in transition.chunks_exact_mut(k).zip(counts.chunks_exact(k)) {
            let sum: f64 = count.iter().sum();
            for (value, count) in row.iter_mut().zip(count) {
                change = change.max((count / sum - *value).abs());
                *value = count / sum;
            }
        }
        if change < TOLERANCE {
            break;
        }
    }
    transition
}

/// Regime probabilities one bar on.
pub(super) fn step(transition: &[f64], probability: &[f64]) -> Vec<f64> {
    let k = probability.len();
    (0..k).map(|j| (0..k).map(|i| probability[i] * transition[i * k + j]).sum()).collect()
}
