use serde::Serialize;

use super::time_text;

/// Places named in a finding; its count covers all.
pub(super) const NAMED: usize = 5;
/// Places kept of a finding for a chart; its count covers all.
pub const KEPT: usize = 2000;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Look at it before you trust the bars.
    Warning,
    /// The bars cannot be used before this is settled.
    Blocking,
}

/// Something about a file of bars that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kind, such as `ohlc`: by this name it is accepted.
    pub name: String,
    /// How much it matters.
    pub severity: Severity,
    /// How often it was met.
    pub count: usize,
    /// The first few places: a line, a row or a time.
    pub first: Vec<String>,
    /// What was found, and what was or can be done about it.
    pub sentence: String,
    /// What the program does about it; empty where the sentence says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Where it is in the series, oldest first and at most [`KEPT`]; empty for what was settled while reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// Where in a series something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Position of the bar; of the bar behind a gap.
    pub bar: usize,
    /// Its open time, UTC milliseconds; that of the first missing bar in a gap.
    pub timestamp: i64,
    /// Bars it covers from there on; bars missing in a gap.
    pub bars: usize,
}

impl Finding {
    pub(super) fn new(name: &str, severity: Severity, count: usize, sentence: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            severity,
            count,
            first: Vec::new(),
            sentence: sentence.into(),
            action: String::new(),
            places: Vec::new(),
        }
    }

    /// A finding in a series: at `places`, and what the program does about it.
    pub(super) fn in_series(
        name: &str,
        severity: Severity,
        count: usize,
        mut places: Vec<Place>,
        (sentence, action): (String, &str),
    ) -> Self {
        places.truncate(KEPT);
        let text = |place: &Place| match place.bars {
            0 | 1 => time_text(place.timestamp),
            bars => format!("{} ({bars} bars)", time_text(place.timestamp)),
        };
        let first = places.iter().take(NAMED).map(text).collect();
        let (name, action) = (name.to_owned(), action.to_owned());
        Self { name, severity, count, first, sentence, action, places }
    }

    /// Names the first few places.
    pub(super) fn at(mut self, places: impl Iterator<Item = String>) -> Self {
        self.first = places.take(NAMED).collect();
        self
    }
}

/// `1 row` or `3 rows`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
