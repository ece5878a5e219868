use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::stats::normal_quantile;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    normal_quantile(rng.random_range(1e-9..1.0))
}

const CENTRES: [[f64; 2]; 3] = [[0.0, 0.0], [8.0, 1.0], [-1.0, 9.0]];

/// A sticky chain over three well-separated clouds: rows (n, 2) and true states.
fn planted(n: usize, seed: u64) -> (Vec<f64>, Vec<usize>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut states, mut state) = (Vec::new(), Vec::new(), 0);
    for _ in 0..n {
        // Stays 39 bars of 40 in states 1 and 2 and is twice as long in state 0.
        if rng.random::<f64>() < [0.0125, 0.025, 0.025][state] {
            state = (state + rng.random_range(1..3)) % 3;
        }
        let (a, b) = (normal(&mut rng), normal(&mut rng));
        rows.extend([CENTRES[state][0] + a, CENTRES[state][1] + 0.6 * a + 0.8 * b]);
        states.push(state);
    }
    (rows, states)
}

fn nearest_centre(mean: &[f64]) -> usize {
    let far = |c: &usize| (CENTRES[*c][0] - mean[0]).hypot(CENTRES[*c][1] - mean[1]);
    (0..3).min_by(|a, b| far(a).total_cmp(&far(b))).unwrap()
}

#[test]
fn em_recovers_a_planted_mixture() {
    let (rows, states) = planted(6000, 1);
    let model = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    model.check().unwrap();
    let truth: Vec<usize> = (0..3).map(|c| nearest_centre(&model.mean(c))).collect();
    for c in 0..3 {
        let share = states.iter().filter(|s| **s == truth[c]).count() as f64 / states.len() as f64;
        assert!((model.weights[c] - share).abs() < 0.01, "{c}: {} {share}", model.weights[c]);
        let centre = CENTRES[truth[c]];
        assert!((model.mean(c)[0] - centre[0]).abs() < 0.15 && (model.mean(c)[1] - centre[1]).abs() < 0.15);
    }
    let mut sorted = truth;
    sorted.sort_unstable();
    assert_eq!(sorted, [0, 1, 2]);
    assert!(model.weights.is_sorted_by(|a, b| a >= b));
    assert_eq!(model, RegimeModel::fit(&rows, 2, 3, 7).unwrap());
    assert!(model.is_outlier(&[40.0, -40.0]) && !model.is_outlier(&[0.0, 0.0]));
}

#[test]
fn transitions_are_probabilities_and_match_the_planted_dwell() {
    let (rows, _) = planted(6000, 2);
    let model = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    for (i, row) in model.transition.chunks_exact(3).enumerate() {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row.iter().all(|p| *p > 0.0));
        let stay = [0.9875, 0.975, 0.975][nearest_centre(&model.mean(i))];
        assert!((row[i] - stay).abs() < 0.012, "{i}: {} {stay}", row[i]);
    }
}

#[test]
fn bic_finds_the_planted_number_of_regimes() {
    let (rows, _) = planted(6000, 3);
    let model = RegimeModel::fit_by_bic(&rows, 2, 2..=5, 7).unwrap();
    assert_eq!(model.k, 3, "{:?}", model.candidates);
    assert_eq!(model.candidates.iter().map(|c| c.k).collect::<Vec<_>>(), [2, 3, 4, 5]);
}

#[test]
fn the_filter_follows_the_planted_states_and_never_looks_ahead() {
    let (rows, states) = planted(3000, 4);
    let model = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    let run = |rows: &[f64]| -> Vec<Vec<f64>> {
        let mut filter = model.filter();
        rows.chunks_exact(2).map(|row| filter.next(row)).collect()
    };
    let full = run(&rows);
    let right = full.iter().zip(&states).filter(|(p, state)| {
        let best = (0..3).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
        nearest_centre(&model.mean(best)) == **state
    });
    let right = right.count();
    assert!(right > 2400, "{right} of 3000");
    for cut in [1, 57, 1500] {
        // A different future, and none at all: the past is the same to the bit.
        let mut other = rows.clone();
        other[cut * 2..].iter_mut().for_each(|x| *x = 100.0 - *x);
        for (a, b) in run(&other)[..cut].iter().chain(&run(&rows[..cut * 2])).zip(full[..cut].iter().cycle()) {
            assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()), "cut {cut}");
        }
    }
}

#[test]
fn a_skipped_bar_lets_only_time_pass() {
    let (rows, _) = planted(2000, 5);
    let model = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    let mut filter = model.filter();
    assert_eq!(filter.skip(), model.weights);
    let before = filter.next(&rows[..2]);
    let after = filter.skip();
    for j in 0..3 {
        let expected: f64 = (0..3).map(|i| before[i] * model.transition[i * 3 + j]).sum();
        assert!((after[j] - expected).abs() < 1e-15);
    }
    let mut other = model.filter();
    other.skip();
    other.next(&rows[..2]);
    assert_eq!(other.next(&[f64::NAN, 0.0]), after);
}

#[test]
fn missing_rows_and_quiet_latents_do_no_harm() {
    let (rows, _) = planted(3000, 6);
    let mut wide: Vec<f64> = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (t, row) in rows.chunks_exact(2).enumerate() {
        let gap = if t % 50 == 7 { f64::NAN } else { row[0] };
        wide.extend([gap, row[1], 1e-4 * normal(&mut rng), 3.0]);
    }
    let model = RegimeModel::fit(&wide, 4, 3, 7).unwrap();
    assert_eq!(model.n, 2940);
    let mut found: Vec<usize> = (0..3).map(|c| nearest_centre(&model.mean(c)[..2])).collect();
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2]);
    assert!(model.factors.iter().chain(&model.transition).all(|v| v.is_finite()));
}

#[test]
fn refusals_name_the_remedy() {
    assert_eq!(RegimeModel::fit(&[1.0; 100], 1, 2, 0), Err(RegimeError::Constant));
    assert_eq!(RegimeModel::fit(&[1.0; 7], 2, 2, 0), Err(RegimeError::Shape { values: 7, width: 2 }));
    assert_eq!(RegimeModel::fit(&[1.0; 9], 1, 0, 0), Err(RegimeError::Count { k: 0 }));
    let few = RegimeModel::fit(&[1.0, 2.0, 3.0], 1, 2, 0).unwrap_err();
    assert!(few.to_string().contains("longer train slice"), "{few}");
    let (rows, _) = planted(500, 1);
    let mut model = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    model.means.pop();
    assert!(matches!(model.check(), Err(RegimeError::Damaged { part: "means", .. })));
}

#[test]
fn a_refit_keeps_its_ids() {
    let (rows, _) = planted(4000, 7);
    let old = RegimeModel::fit(&rows, 2, 3, 7).unwrap();
    let new = RegimeModel::fit(&planted(4000, 8).0, 2, 3, 1).unwrap();
    let ids = match_regimes(&old, &new);
    for (id, old_id) in ids.iter().enumerate() {
        assert_eq!(nearest_centre(&new.mean(id)), nearest_centre(&old.mean(*old_id)));
    }
    let two = RegimeModel::fit(&rows, 2, 2, 7).unwrap();
    let mut grown = match_regimes(&two, &new);
    grown.sort_unstable();
    assert_eq!(grown, [0, 1, 2]);
}

fn brute_force(cost: &[f64], size: usize, row: usize, taken: &mut Vec<usize>) -> f64 {
    if row == size {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for column in 0..size {
        if !taken.contains(&column) {
            taken.push(column);
            best = best.min(cost[row * size + column] + brute_force(cost, size, row + 1, taken));
            taken.pop();
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hungarian_equals_brute_force(size in 1_usize..6, values in proptest::collection::vec(-9_i32..10, 36)) {
        let cost: Vec<f64> = values[..size * size].iter().map(|v| f64::from(*v)).collect();
        let columns = hungarian(&cost, size);
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..size).collect::<Vec<_>>());
        let total: f64 = columns.iter().enumerate().map(|(row, column)| cost[row * size + column]).sum();
        prop_assert_eq!(total, brute_force(&cost, size, 0, &mut Vec::new()));
    }
}

#[test]
fn the_table_of_a_small_slice_by_hand() {
    let assignments = [Some(0), Some(0), None, Some(1), Some(0), Some(0), Some(0), Some(1)];
    let forward_return = [0.01, 0.03, 9.0, -0.02, 0.02, f64::NAN, 0.06, -0.04];
    let wins = [Some(true), Some(true), Some(true), Some(false), Some(false), None, Some(true), Some(false)];
    let volatility = [0.1, 0.1, 0.1, 0.5, 0.2, f64::NAN, 0.2, 0.7];
    let input = RegimeTableInput {
        assignments: &assignments,
        forward_return: &forward_return,
        wins: &wins,
        volatility: &volatility,
        k: 3,
        horizon: 1,
        seed: 1,
    };
    let table = regime_table(&input);
    assert_eq!((table[0].n, table[1].n, table[2].n), (5, 2, 0));
    assert!((table[0].n_eff - 4.0).abs() < 1e-12);
    assert!((table[0].share - 5.0 / 7.0).abs() < 1e-12);
    assert!((table[0].mean_return.unwrap().estimate - 0.03).abs() < 1e-12);
    assert_eq!(table[0].win_rate.unwrap().estimate, 0.75);
    assert_eq!(table[0].dwell_bars, Some(2.5));
    assert!((table[1].mean_volatility.unwrap() - 0.6).abs() < 1e-12);
    assert!(table[2].mean_return.is_none() && table[2].dwell_bars.is_none());
    let interval = table[1].mean_return.unwrap();
    assert!(interval.low >= -0.04 - 1e-12 && interval.high <= -0.02 + 1e-12);
}
