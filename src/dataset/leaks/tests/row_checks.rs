use proptest::prelude::*;

use super::*;
use crate::dataset::Slice;

fn slices(ranges: [std::ops::Range<usize>; 4]) -> Vec<(Slice, std::ops::Range<usize>)> {
    [Slice::Train, Slice::Validation, Slice::Calibration, Slice::Test].into_iter().zip(ranges).collect()
}

#[test]
fn rows_that_stand_in_two_slices_are_found() {
    let mut matrix: Vec<f32> = (0..40).map(|i| i as f32).collect();
    // Row 17 repeats row 3, row 18 repeats row 16 of its own slice; row 2 and 19 stand still, 4 and 12 differ by a sign of 0.
    matrix.copy_within(6..8, 34);
    matrix.copy_within(32..34, 36);
    matrix[4..6].fill(1.0);
    matrix[38..40].fill(1.0);
    matrix[8..10].copy_from_slice(&[0.0, f32::NAN]);
    matrix[24..26].copy_from_slice(&[-0.0, -f32::NAN]);
    let slices = slices([0..10, 10..13, 13..15, 15..20]);
    let found = duplicate_rows(&matrix, 2, &slices);
    let expected = [
        DuplicateRow { row: 12, slice: Slice::Validation, twin: 4, twin_slice: Slice::Train },
        DuplicateRow { row: 17, slice: Slice::Test, twin: 3, twin_slice: Slice::Train },
    ];
    assert_eq!(found, expected);
    assert!(duplicate_rows(&[], 0, &slices).is_empty());
}

#[test]
fn an_unpurged_split_is_found() {
    let tight = slices([0..100, 100..120, 120..130, 130..150]);
    let crossings = label_crossings(&tight, 5, 0);
    assert_eq!(crossings.len(), 3);
    let first = Crossing { slice: Slice::Train, into: Slice::Validation, first: 95, last: 99, labels: 5 };
    assert_eq!(crossings[0], first);
    let purged = slices([0..95, 100..115, 120..125, 130..150]);
    assert!(label_crossings(&purged, 5, 0).is_empty());
    assert_eq!(label_crossings(&purged, 5, 1).len(), 3, "no room for an embargo");
}

proptest! {
    #[test]
    fn crossings_equal_a_look_at_every_pair(cuts in prop::array::uniform7(0_usize..12), h in 0_usize..9, embargo in 0_usize..4) {
        let mut at = 0;
        let ends: Vec<usize> = cuts.iter().map(|step| { at += step; at }).collect();
        let slices = slices([0..ends[0], ends[1]..ends[2], ends[3]..ends[4], ends[5]..ends[6]]);
        let found = label_crossings(&slices, h, embargo);
        for (a, own) in &slices {
            for (b, other) in slices.iter().filter(|(b, _)| b != a) {
                let meets = |t: usize| other.clone().any(|s| t < s && s <= t + h + embargo);
                let count = own.clone().filter(|&t| meets(t)).count();
                let told = found.iter().find(|c| c.slice == *a && c.into == *b).map_or(0, |c| c.labels);
                prop_assert_eq!(told, count);
            }
        }
    }

    #[test]
    fn a_scaler_tells_where_it_was_fitted(seed in 0_u64..500, kind in 0_usize..3) {
        let (rows, width, train) = (400, 3, 20..260);
        let mut noise = Noise::new(seed);
        let matrix: Vec<f32> = (0..rows * width).map(|i| (noise.next() + i as f64 / 900.0) as f32).collect();
        let fit = |range: std::ops::Range<usize>| -> Vec<FittedScale> {
            (0..width).map(|column| {
                let x: Vec<f64> = range.clone().map(|row| f64::from(matrix[row * width + column])).collect();
                let quantile = |q| crate::stats::quantile(&x, q);
                let (centre, scale) = match kind {
                    0 => (quantile(0.5), quantile(0.75) - quantile(0.25)),
                    1 => (crate::stats::mean(&x), crate::stats::std_sample(&x)),
                    _ => (quantile(0.0), quantile(1.0) - quantile(0.0)),
                };
                FittedScale { column, centre, scale }
            }).collect()
        };
        let expected = [ScaleKind::Robust, ScaleKind::Standard, ScaleKind::MinMax][kind];
        let honest = scaler_origin(&matrix, width, train.clone(), &fit(train.clone()));
        prop_assert!(!honest.leaks() && honest.kind == Some(expected));
        // The extremes of all rows can lie among the training's; then nobody can tell.
        prop_assert_eq!(honest.training + honest.either, width);
        let leaking = scaler_origin(&matrix, width, train.clone(), &fit(0..rows));
        prop_assert_eq!(leaking.whole.len() + leaking.either, width);
        prop_assert!(leaking.leaks() == (leaking.either < width) && leaking.kind == Some(expected));
        prop_assert!(kind == 2 || leaking.whole.len() == width);
        let partial = scaler_origin(&matrix, width, train.clone(), &fit(0..300));
        prop_assert!(partial.neither.len() + partial.either + partial.whole.len() + partial.training == width);
        prop_assert!(kind == 2 || partial.neither.len() == width);
    }
}
