use std::fmt;
use std::path::{Path, PathBuf};

/// Where in a file a record stands, counted as people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Line of a text file; the header is line 1.
    Line(usize),
    /// Row of a binary table; the first is row 1.
    Row(usize),
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Row(n) => write!(f, "row {n}"),
        }
    }
}

/// Why bars or a table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// File asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written; an older one of the same name is untouched.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// File asked for.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file name that says neither CSV nor Parquet.
    #[error("{} is neither .csv nor .parquet: rename it or convert it to one of them", path.display())]
    Extension {
        /// File asked for.
        path: PathBuf,
    },
    /// A file without content.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Column names, but nothing below them.
    #[error("{} has column names but no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Not a whole Parquet file.
    #[error("{} is not a readable Parquet file ({reason}): it may be cut off or damaged, get or write it again", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader met.
        reason: String,
    },
    /// A text line that is not a record.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number; the header is line 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A column that bars cannot do without.
    #[error("{}: column {column} is missing; the first line or schema names {}", path.display(), found.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column sought.
        column: &'static str,
        /// The columns there.
        found: Vec<String>,
    },
    /// Two columns of one name.
    #[error("{}: column {column} occurs twice: rename or remove one", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// A column of a type that cannot hold what its name says.
    #[error("{}: column {column} holds {found}, not {wanted}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Type found.
        found: String,
        /// Type needed.
        wanted: &'static str,
    },
    /// A value that cannot be used.
    #[error("{}, {row}: {column} is {}, not {wanted}: correct or remove the row", path.display(), shown(text))]
    Cell {
        /// The file.
        path: PathBuf,
        /// Where.
        row: Row,
        /// In which column.
        column: String,
        /// The value as it stands in the file; empty if missing.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// Times that go back.
    #[error("{}, {row}: {time} comes after {before_row}, which is {before}: sort the file with `glassbox data import`", path.display())]
    Disorder {
        /// The file.
        path: PathBuf,
        /// The row that is too late.
        row: Row,
        /// Its open time.
        time: String,
        /// The row in front of it.
        before_row: Row,
        /// That row's open time.
        before: String,
    },
    /// The same bar twice.
    #[error("{}, {row}: repeats the bar {time} of {before_row}: drop duplicates with `glassbox data import`", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The later row.
        row: Row,
        /// The open time of both.
        time: String,
        /// The earlier row.
        before_row: Row,
    },
    /// Two bars of one time that differ, so neither can be trusted.
    #[error("{}: {first} and {second} are both the bar {time}, but their {column} differs: remove the wrong one", path.display())]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The earlier row.
        first: Row,
        /// The later row.
        second: Row,
        /// The open time of both.
        time: String,
        /// The first column that differs.
        column: &'static str,
    },
    /// Prices or volume that no bar can have.
    #[error("{}, {row}: {problem}: correct or remove the row", path.display())]
    Bar {
        /// The file.
        path: PathBuf,
        /// Where.
        row: Row,
        /// What is wrong.
        problem: String,
    },
    /// One bar alone does not tell its length.
    #[error("{}: one bar does not show the timeframe: name it (for example 4h)", path.display())]
    NoTimeframe {
        /// The file.
        path: PathBuf,
    },
    /// The asked range holds no bar.
    #[error("{}: no bar in the range asked for; the file runs from {first} to {last}", path.display())]
    NoBarsInRange {
        /// The file.
        path: PathBuf,
        /// Open time of the first bar.
        first: String,
        /// Open time of the last bar.
        last: String,
    },
    /// A table whose columns do not fit together.
    #[error("cannot write {}: column {column} has {found} values where the others have {rows}", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The column that differs from the first.
        column: String,
        /// Its length.
        found: usize,
        /// The first column's length.
        rows: usize,
    },
}

impl DataError {
    pub(super) fn write(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Write { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// A missing value in words, any other in quotes, cut where it stops being helpful.
fn shown(text: &str) -> String {
    match text {
        "" => "missing".to_owned(),
        _ => format!("{:?}", text.chars().take(60).collect::<String>()),
    }
}
