//! The causality firewall: does a stored value depend on bars after its own?
//!
//! Every column gets a verdict by replay. Bars are cut at random places, one in each of as many equal parts of the
//! series, and the values before a cut are made again from the bars before it: first with nothing behind, then with
//! other bars behind than the real ones. A column is causal as far as this can show if the stored values come out again,
//! to the last bit.
//!
//! Lines are replayed on every bar: their machines take one bar after the other, so one run from the first bar on, in
//! portions that end at the cuts, has for each portion only seen the bars of it and before. A stored line that was not
//! made that way (tampered with, imported, computed over whole columns) differs somewhere. Features are replayed on the
//! [`ROWS`] bars before each cut, from replayed lines; what leaks from further ahead than the next cut shows there.
//!
//! What it cannot show: a leak that no cut and no altered bar happens to touch, for instance one that looks ahead on a few
//! rare bars only; and it says nothing of values that were not computed here, which [`crate::dataset::leaks`] tests
//! against the future.

mod features;
mod gate;
mod lines;
mod scene;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use features::{FeatureReplay, judge_features};
pub use gate::{Barred, admitted, bar, name_reasons, withhold};
pub use lines::{LineReplay, Replayed};
pub use scene::Tail;

/// Bars before each cut on which features are compared.
pub const ROWS: usize = 96;
/// Cuts of a check that runs by itself.
pub const CUTS: usize = 4;

/// Where a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A line of an indicator of the catalogue.
    Line,
    /// A line of a formula file.
    Formula,
    /// A feature.
    Feature,
    /// A column of a file, joined by time.
    External,
}

/// What replay says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CausalVerdict {
    /// Has values from the first bar on, none of which depends on a later bar.
    Causal,
    /// The same after some bars without values.
    NeedsWarmUp,
    /// Never has a value, so nothing to check.
    NeverDefined,
    /// Values that a replay without the later bars, or with others, does not give.
    Leaks,
    /// A stored value is infinite.
    NotFinite,
    /// Not made here, or too few bars to cut: nothing to compare with.
    Unverifiable,
}

impl CausalVerdict {
    /// One word for a table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Causal => "causal",
            Self::NeedsWarmUp => "warm-up",
            Self::NeverDefined => "empty",
            Self::Leaks => "LEAKS",
            Self::NotFinite => "INFINITE",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// What gave a leak away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakCause {
    /// The stored values are not those that a replay of the indicator gives.
    Stored,
    /// Values change when later bars are cut away.
    Cut,
    /// Values change when later bars are others.
    Altered,
    /// Values that were not made here know what the following bars bring.
    Future,
}

/// The verdict on one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnCausality {
    /// Name of the line or feature.
    pub column: String,
    /// Where it comes from.
    pub kind: ColumnKind,
    /// What replay says.
    pub verdict: CausalVerdict,
    /// Bars before the first value; all bars without one.
    pub warm_up: usize,
    /// First bar whose value is wrong: it leaks, or is infinite.
    pub leaks_at: Option<usize>,
    /// What gave a leak away.
    pub cause: Option<LeakCause>,
    /// Cuts it was replayed at.
    pub cuts: usize,
}

impl ColumnCausality {
    /// True for a column that must not teach a network unless it is admitted by name.
    pub const fn is_bad(&self) -> bool {
        matches!(self.verdict, CausalVerdict::Leaks | CausalVerdict::NotFinite)
    }

    /// The verdict in words.
    pub fn sentence(&self) -> String {
        let Self { verdict, warm_up, leaks_at, cause, .. } = self;
        let at = leaks_at.unwrap_or(0);
        match (verdict, cause) {
            (CausalVerdict::Causal, _) => "causal".to_owned(),
            (CausalVerdict::NeedsWarmUp, _) => format!("causal, needs {warm_up} warm-up bars"),
            (CausalVerdict::NeverDefined, _) => "has no value on any bar".to_owned(),
            (CausalVerdict::NotFinite, _) => format!("infinite at bar {at}"),
            (CausalVerdict::Unverifiable, _) if self.kind == ColumnKind::Feature => {
                "unverifiable: there are too few bars to cut".to_owned()
            }
            (CausalVerdict::Unverifiable, _) => "unverifiable: it was not computed here".to_owned(),
            (CausalVerdict::Leaks, Some(LeakCause::Stored)) => {
                format!("leaks: stored values differ from a replay at bar {at}")
            }
            (CausalVerdict::Leaks, Some(LeakCause::Future)) => {
                "leaks: it knows what the following bars bring".to_owned()
            }
            (CausalVerdict::Leaks, Some(LeakCause::Altered)) => {
                format!("leaks at bar {at}: its value changes when later bars are others")
            }
            (CausalVerdict::Leaks, _) => format!("leaks at bar {at}: its value changes when later bars are cut away"),
        }
    }

    /// Of a column with its first value at `warm_up` (at `bars`: none) and nothing against it.
    fn sound(column: &str, kind: ColumnKind, warm_up: usize, bars: usize, cuts: usize) -> Self {
        let verdict = match warm_up {
            0 if bars > 0 => CausalVerdict::Causal,
            _ if warm_up >= bars => CausalVerdict::NeverDefined,
            _ => CausalVerdict::NeedsWarmUp,
        };
        Self { column: column.to_owned(), kind, verdict, warm_up, leaks_at: None, cause: None, cuts }
    }

    /// Of a column that was not made here.
    pub fn unverifiable(column: impl Into<String>, kind: ColumnKind, values: &[f64]) -> Self {
        let warm_up = values.iter().position(|value| !value.is_nan()).unwrap_or(values.len());
        let verdict = CausalVerdict::Unverifiable;
        let infinite = values.iter().position(|value| value.is_infinite());
        Self {
            column: column.into(),
            kind,
            verdict: if infinite.is_some() { CausalVerdict::NotFinite } else { verdict },
            warm_up,
            leaks_at: infinite,
            cause: None,
            cuts: 0,
        }
    }
}

/// One random cut in each of `count` equal parts of `range`, ascending: the bars before a cut are kept. Fewer where there
/// are not as many bars.
pub fn random_cuts(range: Range<usize>, count: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (start, bars) = (range.start, range.len());
    let count = count.min(bars);
    (0..count).map(|k| start + rng.random_range(k * bars / count..(k + 1) * bars / count)).collect()
}

/// Equal, or both missing. The two zeros are one.
fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}
