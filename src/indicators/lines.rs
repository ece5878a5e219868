use std::borrow::Cow;

use super::Unit;

/// One computed column: `id.line`, one value per bar, NaN where undefined.
#[derive(Debug, Clone)]
pub struct Line {
    /// `id.line`, for example `rsi_14.rsi`.
    pub name: String,
    /// One-line meaning.
    pub meaning: Cow<'static, str>,
    /// Kind and scale law.
    pub unit: Unit,
    /// True for an intermediate of the calculation rather than a usual output.
    pub internal: bool,
    /// One value per bar.
    pub values: Vec<f64>,
}

/// The lines of a set of indicators over one series, in catalogue order.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// The columns.
    pub columns: Vec<Line>,
}

impl Lines {
    /// The column called `name`.
    pub fn get(&self, name: &str) -> Option<&Line> {
        self.columns.iter().find(|line| line.name == name)
    }
}
