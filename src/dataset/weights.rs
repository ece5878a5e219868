//! How much each training window counts: less where its label overlaps with others, less the older it is.

use std::ops::Range;

use super::Labels;
use crate::config::TrainConfig;

/// Number of labels that look at each of `bars` bars. `spans`: the bars each label looks at.
///
/// Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 4.2.
pub fn concurrency(spans: &[Range<usize>], bars: usize) -> Vec<usize> {
    // Beginnings less ends, wrapped: a running sum of them is never negative.
    let mut steps = vec![0_usize; bars + 1];
    for span in spans.iter().filter(|span| !span.is_empty()) {
        steps[span.start.min(bars)] = steps[span.start.min(bars)].wrapping_add(1);
        steps[span.end.min(bars)] = steps[span.end.min(bars)].wrapping_sub(1);
    }
    let sum = |count: &mut usize, step: usize| {
        *count = count.wrapping_add(step);
        Some(*count)
    };
    steps.into_iter().take(bars).scan(0, sum).collect()
}

/// Average uniqueness of each label: the mean over its bars of one over the labels that look at that bar. 0 for a label
/// that looks at none.
///
/// Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 4.3.
pub fn uniqueness(spans: &[Range<usize>]) -> Vec<f64> {
    let bars = spans.iter().map(|span| span.end).max().unwrap_or(0);
    let counts = concurrency(spans, bars);
    spans
        .iter()
        .map(|span| {
            let shares: f64 = counts[span.clone()].iter().map(|&count| 1.0 / count as f64).sum();
            if span.is_empty() { 0.0 } else { shares / span.len() as f64 }
        })
        .collect()
}

/// exp(-age / (factor n)) for n rows in time order, the last of age 0; all 1 for factor 0.
///
/// Source: FreqAI's `weight_factor`, <https://www.freqtrade.io/en/stable/freqai-feature-engineering/>.
pub fn recency(n: usize, factor: f64) -> Vec<f64> {
    if factor == 0.0 {
        return vec![1.0; n];
    }
    (0..n).rev().map(|age| (-(age as f64) / (factor * n as f64)).exp()).collect()
}

/// Weights of the training bars `rows`, in time order: uniqueness and recency as `config` asks, times each other, with a
/// mean of 1. All 1 if neither is asked for.
///
/// Only labels of `rows` count as overlapping, so that nothing of another slice enters.
pub fn sample_weights(labels: &Labels, rows: &[usize], config: &TrainConfig) -> Vec<f64> {
    let mut weights = recency(rows.len(), config.recency);
    if config.uniqueness {
        for (weight, unique) in weights.iter_mut().zip(uniqueness(&labels.spans(rows))) {
            *weight *= unique;
        }
    }
    let total: f64 = weights.iter().sum();
    if total > 0.0 {
        for weight in &mut weights {
            *weight *= rows.len() as f64 / total;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    /// Labels of bars 0, 1, 2, 5 and 6, up to bars 3, 2, 5, 7 and 8:
    ///
    /// | bar        | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
    /// |------------|---|---|---|---|---|---|---|---|
    /// | label of 0 | x | x | x |   |   |   |   |   |
    /// | label of 1 |   | x |   |   |   |   |   |   |
    /// | label of 2 |   |   | x | x | x |   |   |   |
    /// | label of 5 |   |   |   |   |   | x | x |   |
    /// | label of 6 |   |   |   |   |   |   | x | x |
    /// | count      | 1 | 2 | 2 | 1 | 1 | 1 | 2 | 1 |
    const ROWS: [usize; 5] = [0, 1, 2, 5, 6];

    fn table() -> Labels {
        let end = [(0, 3), (1, 2), (2, 5), (5, 7), (6, 8)];
        let at = |t: usize| end.iter().find(|(row, _)| *row == t).map(|(_, end)| *end);
        Labels { horizon: 3, end: (0..9).map(at).collect(), ..Labels::default() }
    }

    #[test]
    fn a_hand_worked_table() {
        let spans = table().spans(&ROWS);
        assert_eq!(concurrency(&spans, 9), [0, 1, 2, 2, 1, 1, 1, 2, 1]);
        assert_eq!(concurrency(&spans, 3), [0, 1, 2]);
        // (1 + 1/2 + 1/2) / 3, 1/2, (1/2 + 1 + 1) / 3, (1 + 1/2) / 2 twice.
        let unique = [2.0 / 3.0, 0.5, 2.5 / 3.0, 0.75, 0.75];
        assert!(near(&uniqueness(&spans), &unique));
        let config = TrainConfig { uniqueness: true, ..TrainConfig::default() };
        let mean = 3.5 / 5.0;
        assert!(near(&sample_weights(&table(), &ROWS, &config), &unique.map(|u| u / mean)));
        // Alone, the label of bar 0 is unique.
        assert!(near(&uniqueness(&table().spans(&[0, 5])), &[1.0, 1.0]));
    }

    #[test]
    fn recent_rows_weigh_more() {
        let e = |age: f64| (-age / (0.5 * 4.0)).exp();
        assert!(near(&recency(4, 0.5), &[e(3.0), e(2.0), e(1.0), 1.0]));
        let config = TrainConfig { recency: 0.5, ..TrainConfig::default() };
        let weights = sample_weights(&table(), &ROWS, &config);
        assert!((weights.iter().sum::<f64>() - 5.0).abs() < 1e-12);
        assert!((weights[4] / weights[0] - (4.0_f64 / 2.5).exp()).abs() < 1e-12);
        let both = TrainConfig { uniqueness: true, ..config.clone() };
        let both = sample_weights(&table(), &ROWS, &both);
        assert!((both[2] / both[1] - weights[2] / weights[1] * 5.0 / 3.0).abs() < 1e-12);
        assert_eq!(sample_weights(&table(), &ROWS, &TrainConfig::default()), [1.0; 5]);
        assert!(sample_weights(&table(), &[], &config).is_empty());
    }

    proptest! {
        #[test]
        fn shares_of_each_covered_bar_add_up_to_one(
            gaps in prop::collection::vec((1_usize..7, 0_usize..9), 0..40), recency in 0.0..2.0,
        ) {
            let spans: Vec<Range<usize>> = gaps
                .iter()
                .scan(0, |t, &(gap, length)| { *t += gap; Some(*t + 1..*t + 1 + length) })
                .collect();
            let bars = spans.iter().map(|s| s.end).max().unwrap_or(0) + 3;
            let counts = concurrency(&spans, bars);
            for (bar, &count) in counts.iter().enumerate() {
                prop_assert_eq!(count, spans.iter().filter(|s| s.contains(&bar)).count());
            }
            let unique = uniqueness(&spans);
            let covered = counts.iter().filter(|count| **count > 0).count();
            let total: f64 = unique.iter().zip(&spans).map(|(u, s)| u * s.len() as f64).sum();
            prop_assert!((total - covered as f64).abs() < 1e-9);
            for (u, span) in unique.iter().zip(&spans) {
                let bounded = *u > 0.0 && *u <= 1.0 + 1e-12;
                prop_assert!(bounded || (span.is_empty() && *u == 0.0));
            }
            let mut end = vec![None; bars];
            let rows: Vec<usize> = spans.iter().map(|s| s.start - 1).collect();
            for span in &spans {
                end[span.start - 1] = Some(span.end - 1);
            }
            let labels = Labels { end, ..Labels::default() };
            let weights = sample_weights(&labels, &rows, &TrainConfig { recency, uniqueness: true, ..TrainConfig::default() });
            if covered > 0 {
                prop_assert!((crate::stats::mean(&weights) - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn equal_spans_give_the_effective_number_of_labels(rows in prop::collection::btree_set(0_usize..200, 0..50), h in 1_usize..12) {
            let spans: Vec<Range<usize>> = rows.iter().map(|&t| t + 1..t + h + 1).collect();
            let n = crate::dataset::effective_n(rows, h);
            prop_assert!((uniqueness(&spans).iter().sum::<f64>() - n).abs() < 1e-9);
        }
    }
}
