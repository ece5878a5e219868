use proptest::prelude::*;

use super::*;
use crate::dataset::{FeatureSpec, Features, InputKind, Schema};

fn space(start: usize, labelled: usize, horizon: usize) -> FoldSpace {
    let end = start + labelled;
    FoldSpace {
        bars: end + horizon,
        usable: start..end + horizon,
        labelled_until: end,
        horizon,
        seq_len: 8,
        warm_up: 20,
    }
}

/// The only range there is.
fn one(ranges: &[Range<usize>]) -> Range<usize> {
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    ranges[0].clone()
}

fn config(method: SplitMethod) -> SplitsConfig {
    SplitsConfig { method, ..SplitsConfig::default() }
}

#[test]
fn a_chronological_fold_is_the_split() {
    let config = SplitsConfig { embargo: 3, ..config(SplitMethod::Chronological) };
    let space = FoldSpace { bars: 1110, ..space(100, 1000, 5) };
    let folds = make_folds(&space, &config).unwrap();
    let splits = Splits::chronological(100..1105, 1100, &config, 5).unwrap();
    assert_eq!((folds.len(), folds[0].splits().unwrap()), (1, splits));
    let expected = [
        (0..100, LeftOut::TooEarly),
        (792..795, LeftOut::Embargo { into: Slice::Validation, from: 800 }),
        (795..800, LeftOut::Purged { into: Slice::Validation, from: 800 }),
        (892..895, LeftOut::Embargo { into: Slice::Calibration, from: 900 }),
        (895..900, LeftOut::Purged { into: Slice::Calibration, from: 900 }),
        (942..945, LeftOut::Embargo { into: Slice::Test, from: 950 }),
        (945..950, LeftOut::Purged { into: Slice::Test, from: 950 }),
        (1100..1105, LeftOut::Unlabelled),
        (1105..1110, LeftOut::TooLate),
    ];
    assert_eq!(folds[0].left_out, expected);
    let why = |t: usize| folds[0].why_left_out(t).unwrap();
    assert_eq!(why(797), "purged: its label reaches to bar 802, and the validation slice begins at bar 800");
    assert!(why(943).starts_with("embargo: its label ends at bar 948, within 3 bars of the test slice"));
    assert!(why(0).contains("warm-up") && why(1104).contains("5 bars ahead") && why(1109).contains("data.end"));
    assert_eq!((folds[0].why_left_out(1099), folds[0].why_left_out(1110)), (None, None));
}

#[test]
fn a_walk_forward_by_hand() {
    // A window of 500 and two more test slices of 150: 800 bars.
    let shares = SplitsConfig {
        folds: 3,
        train: 0.5,
        validation: 0.1,
        calibration: 0.1,
        test: 0.3,
        ..config(SplitMethod::Rolling)
    };
    let rolling = make_folds(&space(50, 800, 4), &shares).unwrap();
    let tests: Vec<_> = rolling.iter().map(|fold| fold.test[0].clone()).collect();
    assert_eq!(tests, [400..550, 550..700, 700..850]);
    assert_eq!(one(&rolling[1].train), 200..446);
    assert_eq!(one(&rolling[1].validation), 450..496);
    assert_eq!(one(&rolling[1].calibration), 500..546);
    assert!(rolling[1].why_left_out(199).unwrap().contains("before the bars of this fold"));
    assert!(rolling[1].why_left_out(700).unwrap().contains("after the test slice"));
    let splits = rolling[1].splits().unwrap();
    assert_eq!((splits.live, splits.purged), (850..854, [446..450, 496..500, 546..550]));
    let anchored = make_folds(&space(50, 800, 4), &SplitsConfig { method: SplitMethod::Anchored, ..shares }).unwrap();
    assert_eq!(one(&anchored[2].train), 50..596);
    for (a, r) in anchored.iter().zip(&rolling) {
        assert_eq!((&a.validation, &a.calibration, &a.test), (&r.validation, &r.calibration, &r.test));
    }
}

#[test]
fn combinatorial_folds_by_hand() {
    let config = SplitsConfig { groups: 4, test_groups: 1, embargo: 2, ..config(SplitMethod::Combinatorial) };
    let space = FoldSpace { seq_len: 3, warm_up: 5, ..space(10, 400, 4) };
    let folds = make_folds(&space, &config).unwrap();
    // Block 1 is tested; 3 + 4 + 5 + 2 bars after it are lost, and 286 remain: 236, 33 and 17 by the shares.
    let fold = &folds[1];
    assert_eq!((one(&fold.test), &fold.test_groups[..]), (110..210, &[1][..]));
    assert_eq!(fold.train, [10..104, 224..354]);
    assert_eq!(one(&fold.validation), 360..387);
    assert_eq!(one(&fold.calibration), 393..410);
    assert_eq!(fold.left_out_at(223), Some(LeftOut::ReadsTest { until: 210 }));
    assert_eq!(fold.left_out_at(105), Some(LeftOut::Embargo { into: Slice::Test, from: 110 }));
    assert!(fold.why_left_out(215).unwrap().contains("test bars before bar 210"));
    assert_eq!(fold.splits(), None);
    assert_eq!(fold.fitted_rows(3), [8..104, 222..354]);
    assert_eq!(folds[0].fitted_rows(40)[0].start, 110 + 14 - 39);
}

#[test]
fn every_path_tests_every_block_once() {
    // Six blocks, two at a time: the table of Lopez de Prado's figure 12.1.
    assert_eq!((path_count(6, 2), path_count(6, 1), path_count(16, 8)), (5, 1, 6435));
    let paths = backtest_paths(6, 2);
    assert_eq!(paths[0], [0, 0, 1, 2, 3, 4]);
    assert_eq!(paths[4], [4, 8, 11, 13, 14, 14]);
    for (groups, tested) in [(2, 1), (5, 3), (7, 2), (8, 7)] {
        let folds = make_folds(
            &space(0, 40_000, 3),
            &SplitsConfig { groups, test_groups: tested, ..config(SplitMethod::Combinatorial) },
        )
        .unwrap();
        let paths = backtest_paths(groups, tested);
        assert_eq!(paths.len(), path_count(groups, tested));
        let mut used = std::collections::BTreeSet::new();
        for path in &paths {
            assert_eq!(path.len(), groups);
            for (group, &fold) in path.iter().enumerate() {
                assert!(folds[fold].test_groups.contains(&group));
                assert!(used.insert((group, fold)));
            }
        }
        assert_eq!(used.len(), folds.len() * tested);
    }
}

#[test]
fn what_cannot_be_folded_is_a_sentence() {
    let say = |space: &FoldSpace, config: &SplitsConfig| make_folds(space, config).unwrap_err().to_string();
    let text = say(&space(30, 100, 5), &SplitsConfig { folds: 40, ..config(SplitMethod::Rolling) });
    assert!(text.contains("of fold 1 of 40 would be empty") && text.contains("there are 100; add bars"), "{text}");
    let text = say(&space(30, 120, 5), &SplitsConfig { groups: 12, ..config(SplitMethod::Combinatorial) });
    assert!(text.contains("of 66 would be empty") && text.contains("fewer folds or groups"), "{text}");
    let short = FoldSpace { labelled_until: 0, ..space(30, 10, 50) };
    let text = say(&short, &config(SplitMethod::Chronological));
    assert!(text.contains("looks 50 bars ahead, but there are only 60 bars with a full window"), "{text}");
    for text in [text, say(&space(30, 5, 1), &config(SplitMethod::Anchored))] {
        assert!(!text.contains('\n') && !text.contains(". "), "one sentence: {text}");
    }
}

#[test]
fn each_fold_has_a_scaler_of_its_own_training_rows() {
    let spec = FeatureSpec {
        name: "x".to_owned(),
        formula: "t^2".to_owned(),
        unit: String::new(),
        warm_up: 0,
        source: None,
        group: Some(crate::config::FeatureGroup::Lines),
    };
    let features =
        Features { specs: vec![spec], bars: 420, feature_dim: 0, data: (0..420).map(|t| (t * t) as f32).collect() };
    let times: Vec<i64> = (0..420).map(|t| t * 60).collect();
    let config = SplitsConfig { groups: 4, test_groups: 1, ..config(SplitMethod::Combinatorial) };
    for fold in make_folds(&FoldSpace { seq_len: 3, warm_up: 5, ..space(10, 400, 4) }, &config).unwrap() {
        let schema = fold.fit_schema(&features, 3, &times, Schema::fit).unwrap();
        let read: Vec<f64> = fold.fitted_rows(3).into_iter().flatten().map(|t| f64::from(features.data[t])).collect();
        let InputKind::Scaled { median, .. } = schema.inputs[0].kind else { panic!("{:?}", schema.inputs) };
        assert!((median - crate::stats::median(&read)).abs() < 1e-6 * median);
        let (first, last) = (fold.train[0].start - 2, fold.train[fold.train.len() - 1].end);
        assert_eq!((schema.fitted_on.start, schema.fitted_on.end), (first, last));
        assert_eq!(schema.fitted_on.last_timestamp, times[last - 1]);
    }
}

/// What must hold of any fold, bar by bar.
fn check(fold: &Fold, space: &FoldSpace, embargo: usize) -> Result<(), TestCaseError> {
    let h = space.horizon;
    let owner: Vec<Option<Slice>> = (0..space.bars).map(|t| fold.slice_of(t)).collect();
    let mut places = vec![0; space.bars];
    let outside = fold.left_out.iter().flat_map(|(range, _)| range.clone());
    for t in Slice::ALL.into_iter().flat_map(|slice| fold.bars(slice)).chain(outside) {
        places[t] += 1;
    }
    prop_assert!(places.iter().all(|&n| n == 1), "a bar stands in two places or in none");
    for (t, slice) in owner.iter().enumerate() {
        prop_assert_eq!(fold.left_out_at(t).is_some(), slice.is_none());
        let usable = space.usable.contains(&t) && t < space.labelled_until;
        prop_assert!(usable || slice.is_none(), "bar {} has no window or label", t);
        let Some(slice) = *slice else { continue };
        let reach = (t + 1..=t + h + embargo).filter_map(|s| owner.get(s).copied().flatten());
        if slice != Slice::Test {
            prop_assert!(reach.clone().all(|other| other == slice), "the label of bar {} meets another slice", t);
            // From the other side: what this bar's window reads was no test bar, nor looked at by one.
            let first = (t + 1).saturating_sub(space.seq_len).saturating_sub(space.warm_up).saturating_sub(h + embargo);
            let test = (first..t).any(|s| owner[s] == Some(Slice::Test));
            prop_assert!(!test, "the window of bar {} reads test bars", t);
        } else {
            prop_assert!(reach.clone().all(|other| other == slice), "the label of test bar {} meets another slice", t);
        }
    }
    let ordered = fold.left_out.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start);
    prop_assert!(ordered && fold.left_out.iter().all(|(range, _)| !range.is_empty()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_fold_leaks(
        start in 0_usize..60, labelled in 1_usize..900, tail in 0_usize..9, h in 1_usize..20, embargo in 0_usize..15,
        (seq_len, warm_up) in (1_usize..12, 0_usize..20), method in 0_usize..4, folds in 1_usize..6,
        (groups, tested) in (2_usize..7).prop_flat_map(|groups| (Just(groups), 1..groups)),
        weights in prop::array::uniform4(0.05_f64..1.0),
    ) {
        let total: f64 = weights.iter().sum();
        let [train, validation, calibration, test] = weights.map(|w| w / total);
        let method = [SplitMethod::Chronological, SplitMethod::Rolling, SplitMethod::Anchored, SplitMethod::Combinatorial][method];
        let config =
            SplitsConfig { method, folds, fold: 0, groups, test_groups: tested, train, validation, calibration, test, embargo };
        let end = start + labelled;
        let space =
            FoldSpace { bars: end + tail + 3, usable: start..end + tail, labelled_until: end, horizon: h, seq_len, warm_up };
        match make_folds(&space, &config) {
            Ok(found) => {
                for fold in &found {
                    check(fold, &space, embargo)?;
                }
                let tests: Vec<Vec<usize>> = found.iter().map(|fold| fold.bars(Slice::Test).collect()).collect();
                let often = |t: usize| tests.iter().filter(|bars| bars.binary_search(&t).is_ok()).count();
                if method == SplitMethod::Combinatorial {
                        let ways = path_count(groups, tested);
                        prop_assert_eq!(found.len() * tested, ways * groups);
                        prop_assert!((start..end).all(|t| often(t) == ways), "a bar is tested too often or too rarely");
                } else {
                        prop_assert_eq!(found.len(), if method == SplitMethod::Chronological { 1 } else { folds });
                        let first = tests[0][0];
                        prop_assert!((first..end).all(|t| often(t) == 1), "test slices do not lie end to end");
                        prop_assert!(tests.iter().all(|bars| bars.len() == tests[0].len()));
                        prop_assert!(found.iter().all(|fold| fold.splits().is_some_and(|s| s.test == fold.test[0])));
                        let rolls = method == SplitMethod::Rolling;
                        let window = |fold: &Fold| fold.test[0].end - fold.train[0].start;
                        prop_assert!(!rolls || found.iter().all(|fold| window(fold) == window(&found[0])));
                        prop_assert!(rolls || found.iter().all(|fold| fold.train[0].start == start));
                }
            }
            Err(DatasetError::EmptySlice { needed, available, .. } | DatasetError::EmptyFold { needed, available, .. }) => {
                prop_assert!(available == labelled && needed > available);
                let end = start + needed;
                let space = FoldSpace { bars: end, usable: start..end, labelled_until: end, ..space };
                prop_assert!(make_folds(&space, &config).is_ok(), "{} bars were said to do", needed);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn one_fold_of_a_walk_forward_is_the_chronological_one(labelled in 150_usize..3000, h in 1_usize..6, anchored in any::<bool>()) {
        let method = if anchored { SplitMethod::Anchored } else { SplitMethod::Rolling };
        let one = make_folds(&space(40, labelled, h), &SplitsConfig { folds: 1, ..config(method) });
        prop_assert_eq!(one.unwrap(), make_folds(&space(40, labelled, h), &config(SplitMethod::Chronological)).unwrap());
    }
}
