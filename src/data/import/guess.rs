use serde::{Serialize, Serializer};

use super::Role;

/// How much a guess can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The file says it, or nothing else is possible.
    Sure,
    /// The values fit and nothing speaks against it.
    Likely,
    /// One of several readings: look at it.
    Doubtful,
}

/// What one column of a file was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnGuess {
    /// As the file spells it; `#3` where the third column has no name.
    pub column: String,
    /// What it is; `None` for columns that are left out.
    #[serde(serialize_with = "role_or_ignored")]
    pub role: Option<Role>,
    /// Why.
    pub reason: String,
    /// How sure that is.
    pub confidence: Confidence,
}

/// How the times of a file were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeGuess {
    /// Such as `day, month, year`.
    pub form: String,
    /// Why.
    pub reason: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// Clock of the times.
    pub zone: String,
    /// Who says so.
    pub zone_reason: String,
}

/// Everything that was guessed about a file of bars, for a preview before it is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// Such as `CSV in gzip`.
    pub format: String,
    /// Files inside an archive that hold bars.
    pub members: Vec<String>,
    /// What separates the fields of a text file.
    pub delimiter: Option<String>,
    /// `,` or `.` in a text file.
    pub decimal: Option<String>,
    /// Line of the column names.
    pub header_line: Option<usize>,
    /// Lines above the table.
    pub banner: Vec<String>,
    /// Ticker.
    pub symbol: String,
    /// Where it was found.
    pub symbol_reason: String,
    /// All tickers of the file.
    pub symbols: Vec<String>,
    /// How times were read.
    pub time: TimeGuess,
    /// Every column, in file order.
    pub columns: Vec<ColumnGuess>,
    /// The first rows as the file holds them, a text per column.
    pub preview: Vec<Vec<String>>,
}

impl Guess {
    /// The column taken for `role`.
    pub fn column(&self, role: Role) -> Option<&ColumnGuess> {
        self.columns.iter().find(|column| column.role == Some(role))
    }
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn role_or_ignored<S: Serializer>(role: &Option<Role>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(role.map_or("ignored", Role::name))
}
