//! The rows of a table by role, before they are bars.

use std::collections::BTreeMap;

use super::super::error::clean;
use super::super::{DataError, Row};
use crate::market::Extra;
use std::path::Path;

/// Places kept of each kind of trouble; the count covers all.
const KEPT: usize = 20;
/// Tickers in one column.
const MOST_SYMBOLS: usize = 4096;

/// Rows as the file holds them: every value read, but in the file's order and unchecked against each other.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) numbers: Numbers,
    /// UTC where the text named its zone, otherwise the wall clock's.
    pub(super) time: Vec<i64>,
    /// Rows whose time names no zone.
    pub(super) naive: usize,
    /// Minutes ahead of UTC of each row, where the sample showed offsets.
    pub(super) offsets: Option<Vec<i16>>,
    /// Open, high, low, close, volume.
    pub(super) prices: [Vec<f64>; 5],
    pub(super) extras: Vec<(Extra, Vec<f64>)>,
    pub(super) symbols: Symbols,
    /// Rows that no bar can be made of.
    pub(super) problems: Problems,
    /// Rows without any price.
    pub(super) unpriced: Places,
}

/// Which row stands where in the file: runs of neighbouring lines.
#[derive(Debug, Default, Clone)]
pub(super) struct Numbers {
    /// True for lines of text, false for records or rows of a table.
    pub(super) lines: bool,
    /// (row, line) where a run begins.
    runs: Vec<(usize, usize)>,
}

impl Numbers {
    pub(super) fn new(lines: bool) -> Self {
        Self { lines, runs: Vec::new() }
    }

    /// Row `row` stands on line `line`.
    pub(super) fn push(&mut self, row: usize, line: usize) {
        let follows = self.runs.last().is_some_and(|&(r, l)| line.wrapping_sub(l) == row - r);
        if !follows {
            self.runs.push((row, line));
        }
    }

    /// Appends runs of rows that come after `rows` rows and `lines` lines.
    fn append(&mut self, other: &Self, rows: usize, lines: usize) {
        for &(row, line) in &other.runs {
            self.push(row + rows, line + lines);
        }
    }

    pub(super) fn line(&self, row: usize) -> usize {
        let at = self.runs.partition_point(|&(start, _)| start <= row);
        at.checked_sub(1).map_or(row + 1, |at| self.runs[at].1 + row - self.runs[at].0)
    }

    fn keep(&self, kept: &[bool]) -> Self {
        let mut numbers = Self::new(self.lines);
        let rows = (0..kept.len()).filter(|&row| kept[row]);
        rows.enumerate().for_each(|(at, row)| numbers.push(at, self.line(row)));
        numbers
    }
}

/// How often something was met, and where first.
#[derive(Debug, Default, Clone)]
pub(super) struct Places {
    pub(super) count: usize,
    pub(super) first: Vec<usize>,
}

impl Places {
    pub(super) fn push(&mut self, line: usize) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(line);
        }
    }

    fn append(&mut self, other: &Self, lines: usize) {
        self.count += other.count;
        let room = KEPT - self.first.len();
        self.first.extend(other.first.iter().take(room).map(|line| line + lines));
    }
}

/// Tickers met, and whose row each is.
#[derive(Debug, Default, Clone)]
pub(super) struct Symbols {
    pub(super) names: Vec<String>,
    pub(super) ids: Vec<u16>,
    /// There were more than a column of tickers has.
    pub(super) too_many: bool,
    known: BTreeMap<Vec<u8>, u16>,
}

impl Symbols {
    /// Number of the ticker; `None` beyond what a file of bars can hold.
    pub(super) fn id(&mut self, name: &[u8], guess: u16) -> Option<u16> {
        if self.names.get(guess as usize).is_some_and(|known| known.as_bytes() == name) {
            return Some(guess);
        }
        if let Some(id) = self.known.get(name) {
            return Some(*id);
        }
        // A column with this many values holds no tickers.
        if self.names.len() >= MOST_SYMBOLS {
            self.too_many = true;
            return None;
        }
        let id = self.names.len() as u16;
        self.known.insert(name.to_owned(), id);
        self.names.push(clean(&String::from_utf8_lossy(name)));
        Some(id)
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// A cell of this column (by name) does not hold what it should.
    Cell { column: String, text: String, wanted: &'static str },
    /// The line is no record.
    Line(String),
}

#[derive(Debug, Default, Clone)]
pub(super) struct Problems {
    pub(super) count: usize,
    pub(super) first: Vec<Problem>,
}

impl Problems {
    pub(super) fn push(&mut self, line: usize, what: impl FnOnce() -> What) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(Problem { line, what: what() });
        }
    }

    fn append(&mut self, other: Self, lines: usize) {
        self.count += other.count;
        let room = KEPT - self.first.len();
        self.first.extend(other.first.into_iter().take(room).map(|p| Problem { line: p.line + lines, ..p }));
    }
}

impl Problem {
    /// The refusal of a whole file for this row.
    pub(super) fn error(&self, path: &Path, row: impl Fn(usize) -> Row) -> DataError {
        let path = path.to_owned();
        match &self.what {
            What::Cell { column, text, wanted } => DataError::Cell {
                path,
                row: row(self.line),
                column: column.clone(),
                text: text.trim().to_owned(),
                wanted,
            },
            What::Line(reason) => DataError::Line { path, row: row(self.line), reason: reason.clone() },
        }
    }
}

impl Rows {
    pub(super) fn new(lines: bool, extras: &[Extra]) -> Self {
        Self {
            numbers: Numbers::new(lines),
            extras: extras.iter().map(|&extra| (extra, Vec::new())).collect(),
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    /// Makes room for so many rows.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.time.reserve(rows);
        self.prices.iter_mut().chain(self.extras.iter_mut().map(|(_, values)| values)).for_each(|v| v.reserve(rows));
    }

    /// Appends what was read `lines` lines further down.
    pub(super) fn append(&mut self, other: Self, lines: usize) {
        let rows = self.len();
        self.numbers.append(&other.numbers, rows, lines);
        self.naive += other.naive;
        if let Some(more) = other.offsets {
            self.offsets.get_or_insert_with(|| vec![0; rows]).extend(more);
        } else if let Some(offsets) = &mut self.offsets {
            offsets.resize(rows + other.time.len(), 0);
        }
        let count = other.time.len();
        self.time.extend(other.time);
        for (values, more) in self.prices.iter_mut().zip(other.prices) {
            values.extend(more);
        }
        let mut more = other.extras;
        for (extra, values) in &mut self.extras {
            match more.iter().position(|(known, _)| known == extra) {
                Some(at) => values.extend(more.swap_remove(at).1),
                None => values.resize(rows + count, f64::NAN),
            }
        }
        for (extra, new) in more {
            let mut values = vec![f64::NAN; rows];
            values.extend(new);
            self.extras.push((extra, values));
        }
        let map: Vec<u16> =
            other.symbols.names.iter().map(|name| self.symbols.id(name.as_bytes(), 0).unwrap_or(0)).collect();
        self.symbols.ids.extend(other.symbols.ids.iter().map(|&id| map[id as usize]));
        self.problems.append(other.problems, lines);
        self.unpriced.append(&other.unpriced, lines);
    }

    /// Leaves only the rows marked in `kept`.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        fn filter<T: Copy>(values: &mut Vec<T>, kept: &[bool]) {
            let mut at = 0;
            values.retain(|_| {
                at += 1;
                kept[at - 1]
            });
        }
        self.numbers = self.numbers.keep(kept);
        filter(&mut self.time, kept);
        self.prices.iter_mut().for_each(|values| filter(values, kept));
        self.extras.iter_mut().for_each(|(_, values)| filter(values, kept));
        if let Some(offsets) = &mut self.offsets {
            filter(offsets, kept);
        }
        if !self.symbols.ids.is_empty() {
            filter(&mut self.symbols.ids, kept);
        }
        self.naive = self.naive.min(self.time.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_again() {
        let mut numbers = Numbers::new(true);
        for (row, line) in [2, 3, 4, 7, 8, 20].into_iter().enumerate() {
            numbers.push(row, line);
        }
        assert_eq!(numbers.runs.len(), 3);
        assert_eq!([0, 2, 3, 4, 5].map(|row| numbers.line(row)), [2, 4, 7, 8, 20]);
        let kept = numbers.keep(&[true, false, true, false, true, true]);
        assert_eq!([0, 1, 2, 3].map(|row| kept.line(row)), [2, 4, 8, 20]);
        let mut all = Numbers::new(true);
        all.append(&numbers, 0, 0);
        all.append(&numbers, 6, 20);
        assert_eq!((all.line(6), all.line(11)), (22, 40));
    }
}
