//! One table of a file, opened and understood.

use std::path::Path;
use std::sync::Arc;

use super::super::{DataError, Row};
use super::container::Piece;
use super::format::Format;
use super::layout::Layout;
use super::rows::{Numbers, Rows};
use super::sample::Sample;
use super::text::{TextTable, rounded_epoch};
use super::typed::TypedTable;
use super::{Decimal, ReadOptions, json};

/// The rows of a table, still in its form.
pub(super) enum Table {
    Text(TextTable),
    Typed(TypedTable),
}

/// A table with what its columns are.
pub(super) struct Part {
    /// Its name within an archive.
    pub(super) member: String,
    pub(super) format: Format,
    pub(super) table: Table,
    pub(super) sample: Sample,
    pub(super) layout: Layout,
}

impl Part {
    /// Opens a table and finds out what its columns are.
    pub(super) fn open(path: &Path, piece: Piece, options: &ReadOptions) -> Result<Self, DataError> {
        let format = Format::of(path, &piece.name, &piece.bytes)?;
        let member = piece.name;
        let (table, sample, layout) = match format {
            Format::Text => {
                let table = TextTable::open(path, piece.bytes)?;
                let table = table.ok_or_else(|| DataError::Empty { path: path.to_owned() })?;
                text(path, table, options)?
            }
            Format::Json => {
                let found = json::top(&piece.bytes).map(|table| text(path, table, options));
                match found {
                    Some(Err(DataError::NotBars { .. } | DataError::MissingColumn { .. })) | None => {
                        inside_json(path, &piece.bytes, options)?
                    }
                    Some(found) => found?,
                }
            }
            Format::Parquet | Format::Feather => {
                let table = TypedTable::open(path, piece.bytes, format == Format::Parquet, options)?;
                let sample = table.sample();
                let layout = Layout::find(path, &sample, Decimal::Point, options)?;
                (Table::Typed(table), sample, layout)
            }
        };
        Ok(Self { member, format, table, sample, layout })
    }

    /// Our own note that somebody refused to adjust these prices.
    pub(super) fn keeps_unadjusted(&self) -> bool {
        match &self.table {
            Table::Typed(table) => table.keeps_unadjusted(),
            Table::Text(_) => self.sample.same(super::ADJUSTMENT) == Some(super::REFUSED),
        }
    }

    pub(super) fn rows(&self) -> Rows {
        match &self.table {
            Table::Text(table) => table.rows(&self.layout),
            Table::Typed(table) => table.rows(&self.layout),
        }
    }
}

/// The first table in a document that holds bars.
fn inside_json(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<(Table, Sample, Layout), DataError> {
    let mut refusal = DataError::NotBars { path: path.to_owned(), found: Vec::new() };
    for table in json::inside(path, bytes)? {
        match text(path, table, options) {
            // A table that is nearly bars says more than one that is not.
            Err(DataError::NotBars { .. }) => {}
            Err(err @ DataError::MissingColumn { .. }) => {
                if matches!(refusal, DataError::NotBars { .. }) {
                    refusal = err;
                }
            }
            found => return found,
        }
    }
    Err(refusal)
}

fn text(path: &Path, table: TextTable, options: &ReadOptions) -> Result<(Table, Sample, Layout), DataError> {
    let sample = table.sample();
    let decimal = TextTable::decimal(path, &sample, options)?;
    let layout = Layout::find(path, &sample, decimal, options)?;
    if let Some(text) = rounded_epoch(&sample, &layout) {
        return Err(DataError::RoundedTimes { path: path.to_owned(), text });
    }
    Ok((Table::Text(table), sample, layout))
}

/// Where rows stand: which file of an archive, which line.
#[derive(Debug, Default)]
pub(super) struct Places {
    parts: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    first_row: usize,
    member: Option<Arc<str>>,
    numbers: Numbers,
}

impl Places {
    /// Rows from `first_row` on come from this table.
    pub(super) fn push(&mut self, first_row: usize, member: Option<&str>, numbers: Numbers) {
        self.parts.push(Place { first_row, member: member.map(Arc::from), numbers });
    }

    pub(super) fn row(&self, row: usize) -> Row {
        let at = self.parts.partition_point(|part| part.first_row <= row);
        let Some(part) = at.checked_sub(1).map(|at| &self.parts[at]) else { return Row::Record(row + 1) };
        place(part.member.as_ref(), &part.numbers, part.numbers.line(row - part.first_row))
    }
}

/// A line or row number as a place.
pub(super) fn place(member: Option<&Arc<str>>, numbers: &Numbers, line: usize) -> Row {
    match (member, numbers.lines) {
        (Some(member), _) => Row::Member(Arc::clone(member), u32::try_from(line).unwrap_or(u32::MAX)),
        (None, true) => Row::Line(line),
        (None, false) => Row::Record(line),
    }
}
