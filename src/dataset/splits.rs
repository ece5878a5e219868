use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::{SplitMethod, SplitsConfig};

use super::{DatasetError, Fold, FoldSpace, make_folds};

/// The role of a bar, in time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// Teaches.
    Train,
    /// Stops the training.
    Validation,
    /// Calibrates probabilities and sizes.
    Calibration,
    /// Judges.
    Test,
}

impl Slice {
    /// All roles, in time order.
    pub const ALL: [Self; 4] = [Self::Train, Self::Validation, Self::Calibration, Self::Test];

    /// One letter for places where colour is not enough.
    pub const fn letter(self) -> char {
        match self {
            Self::Train => 'T',
            Self::Validation => 'V',
            Self::Calibration => 'C',
            Self::Test => 'E',
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Calibration => "calibration",
            Self::Test => "test",
        })
    }
}

/// Decision bars t of each slice: the inputs of t end at t, its label uses t+1..=t+h.
///
/// A slice's labels end before the next slice begins (purge) with `embargo` bars to spare, after Lopez de Prado, "Advances
/// in Financial Machine Learning" (2018), section 7.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splits {
    /// Bars that teach.
    pub train: Range<usize>,
    /// Bars that stop the training.
    pub validation: Range<usize>,
    /// Bars that calibrate.
    pub calibration: Range<usize>,
    /// Bars that judge; the last is the last labelled bar.
    pub test: Range<usize>,
    /// Bars with a full window whose label is not known yet.
    pub live: Range<usize>,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Bars left out at each boundary beyond the purge.
    pub embargo: usize,
    /// Bars left out at the three boundaries, by purge and embargo.
    pub purged: [Range<usize>; 3],
}

impl Splits {
    /// Cuts the labelled bars of `usable` by the shares of `config`.
    ///
    /// `usable`: bars with a full window; `labelled_until`: the first bar without a label. The method of `config` does not
    /// matter; see [`make_folds`] for the others.
    pub fn chronological(
        usable: Range<usize>,
        labelled_until: usize,
        config: &SplitsConfig,
        horizon: usize,
    ) -> Result<Self, DatasetError> {
        let space = FoldSpace { bars: usable.end, usable, labelled_until, horizon, seq_len: 1, warm_up: 0 };
        let config = SplitsConfig { method: SplitMethod::Chronological, ..config.clone() };
        let folds = make_folds(&space, &config)?;
        Ok(folds.first().and_then(Fold::splits).expect("a chronological fold has one range per slice"))
    }

    /// The decision bars of `slice`.
    pub fn range(&self, slice: Slice) -> Range<usize> {
        match slice {
            Slice::Train => self.train.clone(),
            Slice::Validation => self.validation.clone(),
            Slice::Calibration => self.calibration.clone(),
            Slice::Test => self.test.clone(),
        }
    }

    /// The slice that bar `t` decides in; `None` for purged, live and unusable bars.
    pub fn slice_of(&self, t: usize) -> Option<Slice> {
        Slice::ALL.into_iter().find(|&slice| self.range(slice).contains(&t))
    }
}

/// Effective number of labels at the ascending bars `rows`: the sum of their average uniqueness.
///
/// A label at t covers the h bars after t; its uniqueness on a bar is one over the labels covering that bar. Summed over all
/// labels the shares of each bar add up to one, so the sum is the number of covered bars over h.
///
/// Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), sections 4.2 and 4.3.
pub fn effective_n(rows: impl IntoIterator<Item = usize>, horizon: usize) -> f64 {
    let mut covered = 0;
    let mut until = 0;
    for t in rows {
        let end = t + 1 + horizon;
        covered += end - until.clamp(t + 1, end);
        until = end;
    }
    if horizon == 0 { 0.0 } else { covered as f64 / horizon as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thousand_bars_by_the_default_shares() {
        let config = SplitsConfig { embargo: 3, ..Default::default() };
        let splits = Splits::chronological(100..1105, 1100, &config, 5).unwrap();
        assert_eq!(splits.train, 100..792);
        assert_eq!(splits.validation, 800..892);
        assert_eq!(splits.calibration, 900..942);
        assert_eq!(splits.test, 950..1100);
        assert_eq!(splits.live, 1100..1105);
        assert_eq!(splits.purged, [792..800, 892..900, 942..950]);
        assert_eq!(splits.slice_of(791), Some(Slice::Train));
        assert_eq!(splits.slice_of(792), None);
        assert_eq!(splits.slice_of(1099), Some(Slice::Test));
        assert_eq!(splits.slice_of(1100), None);
    }

    #[test]
    fn an_empty_slice_is_a_sentence() {
        let error = Splits::chronological(10..90, 1000, &SplitsConfig::default(), 5).unwrap_err();
        assert!(matches!(error, DatasetError::EmptySlice { slice: Slice::Calibration, available: 80, needed: 140 }));
        assert!(error.to_string().starts_with("the calibration slice would be empty: the splits need about 140"));
        assert!(Splits::chronological(10..150, 1000, &SplitsConfig::default(), 5).is_ok());
        assert!(Splits::chronological(50..90, 20, &SplitsConfig::default(), 5).is_err());
    }

    #[test]
    fn slices_have_names_and_letters() {
        let text: Vec<String> = Slice::ALL.iter().map(|s| format!("{s}{}", s.letter())).collect();
        assert_eq!(text, ["trainT", "validationV", "calibrationC", "testE"]);
        assert_eq!(serde_json::to_string(&Slice::Calibration).unwrap(), "\"calibration\"");
    }

    proptest! {
        #[test]
        fn no_label_meets_another_slice(
            start in 0_usize..300, bars in 0_usize..4000, tail in 0_usize..20, h in 1_usize..40, embargo in 0_usize..40,
            weights in prop::array::uniform4(0.05_f64..1.0),
        ) {
            let total: f64 = weights.iter().sum();
            let [train, validation, calibration, test] = weights.map(|w| w / total);
            let config = SplitsConfig { train, validation, calibration, test, embargo, ..Default::default() };
            let labelled = start + bars;
            match Splits::chronological(start..labelled + tail, labelled, &config, h) {
                Ok(splits) => {
                    let ranges = Slice::ALL.map(|s| splits.range(s));
                    for pair in ranges.windows(2) {
                        prop_assert!(!pair[0].is_empty());
                        let last = pair[0].end - 1;
                        prop_assert!(last + h + embargo < pair[1].start);
                        prop_assert!(last + h + embargo + 1 == pair[1].start, "more is left out than need be");
                    }
                    prop_assert_eq!(ranges[0].start, start);
                    prop_assert_eq!(ranges[3].end, labelled);
                    prop_assert!(!ranges[3].is_empty());
                }
                Err(DatasetError::EmptySlice { needed, available, .. }) => {
                    prop_assert_eq!(available, bars);
                    let enough = Splits::chronological(start..start + needed, start + needed, &config, h);
                    prop_assert!(enough.is_ok(), "{} bars were said to do", needed);
                }
                Err(other) => prop_assert!(bars == 0 && matches!(other, DatasetError::NoLabels { .. }), "{}", other),
            }
        }

        #[test]
        fn effective_n_is_the_sum_of_average_uniqueness(gaps in prop::collection::vec(1_usize..9, 0..40), h in 1_usize..12) {
            let rows: Vec<usize> = gaps.iter().scan(0, |t, gap| { *t += gap; Some(*t) }).collect();
            let covers = |t: usize, s: usize| t < s && s <= t + h;
            let uniqueness: f64 = rows.iter().map(|&t| {
                let shares = (t + 1..=t + h).map(|s| 1.0 / rows.iter().filter(|&&u| covers(u, s)).count() as f64);
                shares.sum::<f64>() / h as f64
            }).sum();
            prop_assert!((effective_n(rows, h) - uniqueness).abs() < 1e-9);
        }
    }

    #[test]
    fn separate_labels_count_fully() {
        assert_eq!(effective_n([0, 5, 10], 5), 3.0);
        assert_eq!(effective_n(0..10, 5), 2.8);
    }
}
