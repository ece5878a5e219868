use serde::Serialize;

/// Places named in a finding; its count covers all.
pub(super) const NAMED: usize = 5;

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
}

impl Finding {
    pub(super) fn new(name: &str, severity: Severity, count: usize, sentence: impl Into<String>) -> Self {
        Self { name: name.to_owned(), severity, count, first: Vec::new(), sentence: sentence.into() }
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
