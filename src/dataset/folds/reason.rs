use serde::{Deserialize, Serialize};

use super::Fold;
use crate::dataset::Slice;

/// Why a bar decides in no slice of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum LeftOut {
    /// Before the first full window behind the warm-up of the features, or before the start asked for.
    TooEarly,
    /// Its label looks into another slice.
    Purged {
        /// The slice it looks into.
        into: Slice,
        /// That slice's first bar.
        from: usize,
    },
    /// Its label ends too close to another slice.
    Embargo {
        /// The slice it comes close to.
        into: Slice,
        /// That slice's first bar.
        from: usize,
    },
    /// Its window would read test bars or what they look at.
    ReadsTest {
        /// The bar after the last of those test bars.
        until: usize,
    },
    /// Its label is not known yet.
    Unlabelled,
    /// After the end asked for.
    TooLate,
    /// Before the window of this fold.
    BeforeFold,
    /// After the test slice of this fold.
    AfterFold,
}

impl Fold {
    /// Why bar `t` is left out; `None` for a bar of a slice and beyond the series.
    pub fn left_out_at(&self, t: usize) -> Option<LeftOut> {
        let at = self.left_out.partition_point(|(range, _)| range.end <= t);
        self.left_out.get(at).filter(|(range, _)| range.contains(&t)).map(|(_, reason)| *reason)
    }

    /// The same in a sentence.
    pub fn why_left_out(&self, t: usize) -> Option<String> {
        let (h, embargo) = (self.horizon, self.embargo);
        let end = t + h;
        Some(match self.left_out_at(t)? {
            LeftOut::TooEarly => {
                "there is no full window yet behind the warm-up of the features, or it is before data.start".to_owned()
            }
            LeftOut::Purged { into, from } => {
                format!("purged: its label reaches to bar {end}, and the {into} slice begins at bar {from}")
            }
            LeftOut::Embargo { into, from } => format!(
                "embargo: its label ends at bar {end}, within {embargo} bars of the {into} slice, which begins at bar {from}"
            ),
            LeftOut::ReadsTest { until } => format!(
                "its window, with the warm-up of the features, reaches back to the test bars before bar {until} or to the \
                 {h} bars their labels look at"
            ),
            LeftOut::Unlabelled => format!("its label looks {h} bars ahead, further than the bars go"),
            LeftOut::TooLate => "it is after data.end".to_owned(),
            LeftOut::BeforeFold => "it is before the bars of this fold".to_owned(),
            LeftOut::AfterFold => "it is after the test slice of this fold".to_owned(),
        })
    }
}
