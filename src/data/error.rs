use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where in a file a record stands, counted as people count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Line of a text file; the header is line 1.
    Line(usize),
    /// Row of a binary table; the first is row 1.
    Record(usize),
    /// Line or row of a file within an archive.
    Member(Arc<str>, u32),
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Record(n) => write!(f, "row {n}"),
            Self::Member(name, n) => write!(f, "line {n} of {name}"),
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
    /// A file name that says nothing we know, on contents that are no bars.
    #[error("{} is neither .csv nor .parquet nor another file of bars (.tsv, .json, .feather, also in .gz, .zst or .zip): save it as one of them", path.display())]
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
    /// Not a whole file of its kind.
    #[error("{} is not a readable {kind} file ({reason}): it may be cut off or damaged, get or write it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: &'static str,
        /// What the reader met.
        reason: String,
    },
    /// A file that cannot be read as bars at all, with the remedy.
    #[error("{} {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what helps.
        reason: String,
    },
    /// A table of something else.
    #[error("{} holds no bars: open, high, low and close are missing{}; if they have other names, say which is which with --map open=COLUMN,high=..", path.display(), columns(found))]
    NotBars {
        /// The file.
        path: PathBuf,
        /// The columns there.
        found: Vec<String>,
    },
    /// Bars of nothing.
    #[error("{} holds no prices: every one of them is zero", path.display())]
    AllZero {
        /// The file.
        path: PathBuf,
    },
    /// Several symbols, of which one must be named.
    #[error("{} holds {} symbols ({}): name one with --symbol", path.display(), found.len(), listed(found))]
    SeveralSymbols {
        /// The file.
        path: PathBuf,
        /// The symbols.
        found: Vec<String>,
    },
    /// A symbol that is not in the file.
    #[error("{} has no symbol {wanted:?}: it holds {}", path.display(), listed(found))]
    UnknownSymbol {
        /// The file.
        path: PathBuf,
        /// The symbol asked for.
        wanted: String,
        /// The symbols there.
        found: Vec<String>,
    },
    /// A column named by hand that does not work.
    #[error("{}: {reason}", path.display())]
    Mapping {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Numbers that nobody can read with certainty.
    #[error("{}: {text:?} may be a thousand or a decimal comma: say --decimal point or --decimal comma", path.display())]
    AmbiguousDecimal {
        /// The file.
        path: PathBuf,
        /// An example.
        text: String,
    },
    /// Times that a spreadsheet made useless.
    #[error("{}: times such as {text} were rounded by a spreadsheet, so bars cannot be told apart: get the file again", path.display())]
    RoundedTimes {
        /// The file.
        path: PathBuf,
        /// An example.
        text: String,
    },
    /// Prices that contradict the names of their columns throughout.
    #[error("{}, {row}: {problem}, and so in {count} of {bars} bars: the columns are not what they are called, say which is which with --map open=COLUMN,high=..", path.display())]
    SwappedColumns {
        /// The file.
        path: PathBuf,
        /// The first such row.
        row: Row,
        /// What is wrong with it.
        problem: String,
        /// Such rows.
        count: usize,
        /// All rows.
        bars: usize,
    },
    /// A text line that is not a record.
    #[error("{}, {row}: {reason}: correct or remove the line, or import with --drop-bad-rows", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Where.
        row: Row,
        /// What is wrong with it.
        reason: String,
    },
    /// A column that bars cannot do without.
    #[error("{}: column {column} is missing; the first line or schema names {}{}", path.display(), listed(found), if *column == "volume" { "; bars without volume are read with --map volume=none" } else { "" })]
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
    #[error("{}, {row}: {column} is {}, not {wanted}: correct or remove the row, or import with --drop-bad-rows", path.display(), shown(text))]
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
    #[error("{}, {row}: {problem}: correct or remove the row{}", path.display(), if *widen { ", or widen it with `glassbox data import`" } else { ", or import with --drop-bad-rows" })]
    Bar {
        /// The file.
        path: PathBuf,
        /// Where.
        row: Row,
        /// What is wrong.
        problem: String,
        /// An import would put it right.
        widen: bool,
    },
    /// One bar alone does not tell its length.
    #[error("{}: one bar does not show the timeframe: name it (for example --timeframe 4h)", path.display())]
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

/// Characters of a name in a sentence.
const LONGEST_NAME: usize = 80;

/// A name as it can stand in a sentence: without control characters and not without end.
pub(super) fn clean(name: &str) -> String {
    name.trim().chars().take(LONGEST_NAME).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl DataError {
    /// The file it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::Extension { path }
            | Self::Empty { path }
            | Self::NoRows { path }
            | Self::Damaged { path, .. }
            | Self::Unreadable { path, .. }
            | Self::NotBars { path, .. }
            | Self::AllZero { path }
            | Self::SeveralSymbols { path, .. }
            | Self::UnknownSymbol { path, .. }
            | Self::Mapping { path, .. }
            | Self::AmbiguousDecimal { path, .. }
            | Self::RoundedTimes { path, .. }
            | Self::SwappedColumns { path, .. }
            | Self::Line { path, .. }
            | Self::MissingColumn { path, .. }
            | Self::RepeatedColumn { path, .. }
            | Self::ColumnType { path, .. }
            | Self::Cell { path, .. }
            | Self::Disorder { path, .. }
            | Self::Duplicate { path, .. }
            | Self::Conflict { path, .. }
            | Self::Bar { path, .. }
            | Self::NoTimeframe { path }
            | Self::NoBarsInRange { path, .. }
            | Self::Ragged { path, .. } => path,
        }
    }

    /// The sentence without the file it is about and without the remedy, where these are said already.
    pub(super) fn place_and_reason(&self) -> String {
        let text = self.to_string();
        let path = self.path().display().to_string();
        let text = text.strip_prefix(&path).map_or(text.as_str(), |rest| rest.trim_start_matches([',', ':', ' ']));
        text.rsplit_once(": correct or remove").map_or(text, |(reason, _)| reason).to_owned()
    }

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

/// The columns of a table that is something else.
fn columns(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(" among its columns {}", listed(found)) }
}

/// The first few of a list.
pub(super) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
