//! Any file of bars into a series: what is in it is guessed with reasons, shown, and can be said by hand.

mod bars;
mod container;
mod dialect;
mod fields;
mod file;
mod form;
mod format;
mod groups;
mod guess;
mod json;
mod json_tree;
mod layout;
mod moment;
mod names;
mod number;
mod options;
mod plain_time;
mod price_columns;
mod repair;
mod role;
mod rows;
mod sample;
mod scan;
mod suspect;
mod symbols;
mod table;
mod text;
mod typed;
mod values;
mod volume_columns;
mod volumes;
mod zone;

use std::path::Path;

use serde::Serialize;

pub use guess::{ColumnGuess, Confidence, Guess, TimeGuess};
pub use options::{ChoiceError, DateOrder, Decimal, Mapping, PriceScale, ReadOptions};
pub use role::Role;
pub use zone::Zone;

use super::finding::{Finding, Severity, counted};
use super::report::Repairs;
use super::{DataError, ReadReport, time_text};
use crate::market::{Series, Timeframe};
use bars::Ordered;
use file::File;
use repair::Adjustment;
use rows::Rows;
use table::{Part, Places, place};

/// Our own note in a file whose prices somebody refused to adjust.
pub(super) const ADJUSTMENT: &str = "adjustment";
pub(super) const REFUSED: &str = "refused";
/// Our own notes of what a series is, in metadata or, in a CSV, in columns.
pub(super) const SYMBOL: &str = "symbol";
pub(super) const TIMEFRAME: &str = "timeframe";

/// How much is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Nothing: whatever is wrong is an error.
    Strict,
    /// What has one right answer.
    Repair,
    /// The same, and rows that no bar can be made of are left out.
    Drop,
    /// Everything is told and nothing refused that leaves bars to look at.
    Look,
}

/// What is in a file of bars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// What an import would make of it.
    #[serde(flatten)]
    pub report: ReadReport,
    /// What was taken for what, and why.
    pub guess: Guess,
    /// Its bars.
    #[serde(skip)]
    pub series: Series,
}

/// Reads the bars of a file of any supported kind, told by its contents; `options` overrule what is guessed.
///
/// # Errors
/// A file that is missing, damaged or holds no bars, a value that no bar can have, two bars of one time that differ
/// and, without `repair`, disorder and duplicates: each in a sentence that names file, row and column.
pub fn read_series(path: &Path, options: &ReadOptions) -> Result<(Series, ReadReport), DataError> {
    let care = match options {
        ReadOptions { drop_bad_rows: true, .. } => Care::Drop,
        ReadOptions { repair: true, .. } => Care::Repair,
        _ => Care::Strict,
    };
    let read = read(path, options, care)?;
    Ok((read.series, read.report))
}

/// Looks at a file of bars: what an import would make of it, and what it would refuse.
///
/// # Errors
/// A file that is missing, damaged or holds no bars that could be shown.
pub fn inspect_file(path: &Path, options: &ReadOptions) -> Result<Inspection, DataError> {
    let read = read(path, options, Care::Look)?;
    Ok(Inspection { report: read.report, guess: read.guess, series: read.series })
}

/// Tells what is in a file without reading its rows: for a preview while options are chosen.
///
/// A file of several symbols is shown for the first of them.
///
/// # Errors
/// A file that is missing, damaged or holds no bars.
pub fn guess_file(path: &Path, options: &ReadOptions) -> Result<Guess, DataError> {
    let file = match File::open(path, options) {
        Err(DataError::SeveralSymbols { found, .. }) if options.symbol.is_none() => {
            let options = ReadOptions { symbol: found.first().cloned(), ..options.clone() };
            File::open(path, &options)?
        }
        opened => opened?,
    };
    let named = symbols::glance(path, file.parts.first(), file.archived, options);
    Ok(file.guess(&named, options))
}

struct Read {
    series: Series,
    report: ReadReport,
    guess: Guess,
}

fn read(path: &Path, options: &ReadOptions, care: Care) -> Result<Read, DataError> {
    let file = File::open(path, options)?;
    let mut findings = Vec::new();
    let refused = options.keep_unadjusted || file.parts.iter().any(Part::keeps_unadjusted);
    let archived = file.archived;
    let stored = file.timeframe();
    let mut parts: Vec<(Part, Rows)> = Vec::new();
    let File { parts: opened, wrappings, .. } = file;
    for part in opened {
        let rows = part.rows();
        parts.push((part, rows));
    }
    let named = symbols::choose(path, &mut parts, archived, options)?;
    let (mut rows, places) = join(path, &mut parts, archived, care, &mut findings)?;
    if rows.len() == 0 {
        return Err(DataError::NoRows { path: path.to_owned() });
    }
    let adjustment = repair::all(&mut rows, options, refused, care, &mut findings);
    let naive = rows.naive == rows.len();
    let mut ordered = Ordered::new(path, rows, &places, care, &mut findings)?;
    ordered.check(path, &places, care, &mut findings)?;
    let repairs = Repairs { sorted_rows: ordered.sorted_rows, duplicates_dropped: ordered.duplicates_dropped };
    let series = series(path, &named.symbol, ordered, stored, options)?;
    if naive && options.timezone.is_none() {
        findings.extend(suspect::zone(&series));
    }
    findings.extend(suspect::scale(&series));
    let file = File { parts: parts.into_iter().map(|(part, _)| part).collect(), wrappings, archived };
    findings.extend(file.doubts());
    let guess = file.guess(&named, options);
    let mut report = ReadReport::new(&series, repairs, file.dropped(), findings);
    report.unadjusted = adjustment == Adjustment::Refused;
    Ok(Read { series, report, guess })
}

/// Rows of all tables one after the other; what no bar can be made of is settled.
fn join(
    path: &Path,
    parts: &mut [(Part, Rows)],
    archived: bool,
    care: Care,
    findings: &mut Vec<Finding>,
) -> Result<(Rows, Places), DataError> {
    let mut all: Option<Rows> = None;
    let mut places = Places::default();
    for (part, rows) in parts {
        let rows = std::mem::take(rows);
        let member = archived.then(|| std::sync::Arc::from(part.member.as_str()));
        let numbers = rows.numbers.clone();
        let at = |line: usize| place(member.as_ref(), &numbers, line);
        bad_rows(path, &rows, &at, care, findings)?;
        unpriced(path, part, &rows, &at, care, findings)?;
        places.push(all.as_ref().map_or(0, Rows::len), archived.then_some(part.member.as_str()), numbers.clone());
        match &mut all {
            None => all = Some(rows),
            Some(all) => all.append(rows, 0),
        }
    }
    Ok((all.unwrap_or_default(), places))
}

/// Rows with a cell or a shape that cannot be used.
fn bad_rows(
    path: &Path,
    rows: &Rows,
    at: &dyn Fn(usize) -> super::Row,
    care: Care,
    findings: &mut Vec<Finding>,
) -> Result<(), DataError> {
    let problems = &rows.problems;
    let Some(first) = problems.first.first() else { return Ok(()) };
    let mostly = problems.count > rows.len();
    if matches!(care, Care::Strict | Care::Repair) || mostly {
        return Err(first.error(path, at));
    }
    let count = counted(problems.count, "row");
    let (severity, sentence) = if care == Care::Look {
        (
            Severity::Blocking,
            format!("no bar can be made of {count}: an import refuses the file; --drop-bad-rows leaves them out"),
        )
    } else {
        (Severity::Warning, format!("{count} of which no bar can be made were left out"))
    };
    let places = problems.first.iter().map(|problem| problem.error(path, at).place_and_reason());
    findings.push(Finding::new("bad_rows", severity, problems.count, sentence).at(places));
    Ok(())
}

/// Rows without any price: holidays in some files, other listings in others.
fn unpriced(
    path: &Path,
    part: &Part,
    rows: &Rows,
    at: &dyn Fn(usize) -> super::Row,
    care: Care,
    findings: &mut Vec<Finding>,
) -> Result<(), DataError> {
    let unpriced = &rows.unpriced;
    let Some(&first) = unpriced.first.first() else { return Ok(()) };
    if care == Care::Strict && part.layout.tickers.len() < 2 {
        let (path, column) = (path.to_owned(), part.layout.shown(Role::Open));
        return Err(DataError::Cell { path, row: at(first), column, text: String::new(), wanted: scan::A_NUMBER });
    }
    let sentence = format!("{} without any price were left out", counted(unpriced.count, "row"));
    let places = unpriced.first.iter().map(|&line| at(line).to_string());
    findings.push(Finding::new("unpriced", Severity::Note, unpriced.count, sentence).at(places));
    Ok(())
}

fn series(
    path: &Path,
    symbol: &str,
    ordered: Ordered,
    stored: Option<Timeframe>,
    options: &ReadOptions,
) -> Result<Series, DataError> {
    let times: Vec<i64> = ordered.bars.iter().map(|bar| bar.timestamp).collect();
    let timeframe = options.timeframe.or(stored).or_else(|| Timeframe::infer(&times));
    let timeframe = timeframe.ok_or_else(|| DataError::NoTimeframe { path: path.to_owned() })?;
    let from = options.start.map_or(0, |start| times.partition_point(|&t| t < start));
    let to = options.end.map_or(times.len(), |end| times.partition_point(|&t| t < end));
    if from >= to {
        let (first, last) = (time_text(times[0]), time_text(times[times.len() - 1]));
        return Err(DataError::NoBarsInRange { path: path.to_owned(), first, last });
    }
    // Everything a series refuses was settled before.
    let refused =
        |err: crate::market::SeriesError| DataError::Unreadable { path: path.to_owned(), reason: err.to_string() };
    let mut series = Series::new(symbol, timeframe, ordered.bars).map_err(refused)?;
    for (extra, values) in ordered.extras {
        series = series.with_extra(extra, values).map_err(refused)?;
    }
    Ok(if (from, to) == (0, times.len()) { series } else { series.sliced(from..to) })
}

/// The ticker in the name of a file.
pub(super) fn symbol_of_name(path: &Path) -> String {
    symbols::of_name(&file_name(path))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
