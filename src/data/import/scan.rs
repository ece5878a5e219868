//! Rows out of text: in parallel over chunks of bytes, a line at a time, without an allocation per cell.

use std::borrow::Cow;

use rayon::prelude::*;

use super::Decimal;
use super::dialect::{Delimiter, is_comment};
use super::fields;
use super::form::Form;
use super::moment::{self, Moment};
use super::number::{self, Cell};
use super::plain_time::TimeReader;
use super::rows::{Rows, What};
use crate::market::Extra;

/// Bytes per piece of work.
const CHUNK: usize = 1 << 20;
pub(super) const A_NUMBER: &str = "a finite number";
pub(super) const A_TIME: &str = "a time like the others";

/// What to do with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Skip,
    Time,
    Clock,
    Symbol,
    /// OHLCV are 0 to 4, extras follow.
    Number(usize),
}

/// How to read the lines of a table.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) delimiter: Delimiter,
    /// One per column.
    pub(super) actions: Vec<Action>,
    pub(super) form: Form,
    pub(super) decimal: Decimal,
    pub(super) extras: Vec<Extra>,
    /// Offsets from UTC are kept row by row.
    pub(super) zones: bool,
    /// The line of the names, which is skipped where it comes again.
    pub(super) header: &'a [u8],
    /// Names for messages: time, clock, OHLCV and extras as numbered by the actions.
    pub(super) time_name: String,
    pub(super) number_names: Vec<String>,
    /// Lines of text rather than records.
    pub(super) lines: bool,
    /// Bars without volume, as asked for.
    pub(super) no_volume: bool,
}

/// Reads all lines of `bytes`, the first of which has the number `first_line`.
pub(super) fn scan(bytes: &[u8], first_line: usize, plan: &Plan<'_>) -> Rows {
    let chunks = chunks(bytes);
    let parts: Vec<(Rows, usize)> =
        chunks.into_par_iter().map(|chunk| Scanner::new(plan, chunk.len()).run(chunk)).collect();
    let mut parts = parts.into_iter();
    let Some((mut rows, mut lines)) = parts.next() else { return Rows::new(plan.lines, &plan.extras) };
    if first_line > 1 {
        let mut shifted = Rows::new(plan.lines, &plan.extras);
        shifted.reserve(rows.len() + parts.as_slice().iter().map(|(more, _)| more.len()).sum::<usize>());
        shifted.append(rows, first_line - 1);
        rows = shifted;
    }
    for (more, count) in parts {
        rows.append(more, first_line - 1 + lines);
        lines += count;
    }
    rows
}

/// Pieces that end with a line.
fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    let mut chunks = Vec::with_capacity(bytes.len() / CHUNK + 1);
    let mut rest = bytes;
    while rest.len() > CHUNK {
        let end = memchr::memchr(b'\n', &rest[CHUNK..]).map_or(rest.len(), |at| CHUNK + at + 1);
        let (chunk, more) = rest.split_at(end);
        chunks.push(chunk);
        rest = more;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}

struct Scanner<'a> {
    plan: &'a Plan<'a>,
    rows: Rows,
    times: TimeReader,
    values: Vec<f64>,
    /// Ticker of the last row.
    symbol: u16,
    has_symbol: bool,
    line: usize,
}

/// One row, before it is taken.
struct Draft {
    time: Option<Moment>,
    clock: i64,
    symbol: u16,
}

impl<'a> Scanner<'a> {
    fn new(plan: &'a Plan<'a>, bytes: usize) -> Self {
        let mut rows = Rows::new(plan.lines, &plan.extras);
        // A guess: rows of OHLCV are longer than this.
        let room = bytes / 40;
        rows.time.reserve(room);
        rows.prices.iter_mut().for_each(|values| values.reserve(room));
        rows.offsets = plan.zones.then(Vec::new);
        let has_symbol = plan.actions.contains(&Action::Symbol);
        let values = vec![f64::NAN; 5 + plan.extras.len()];
        Self { plan, rows, times: TimeReader::new(plan.form), values, symbol: 0, has_symbol, line: 0 }
    }

    /// The rows and how many lines there were.
    fn run(mut self, chunk: &[u8]) -> (Rows, usize) {
        let mut start = 0;
        while start < chunk.len() {
            let end = memchr::memchr(b'\n', &chunk[start..]).map_or(chunk.len(), |at| start + at);
            let line = &chunk[start..end];
            self.line += 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !self.fast(line) {
                self.slow(line);
            }
            start = end + 1;
        }
        (self.rows, self.line)
    }

    /// Reads a line in which every cell has the plainest form; false if it has not.
    fn fast(&mut self, line: &[u8]) -> bool {
        let (Delimiter::Byte(delimiter), Decimal::Point) = (self.plan.delimiter, self.plan.decimal) else {
            return false;
        };
        let mut draft = Draft { time: None, clock: 0, symbol: self.symbol };
        let last = self.plan.actions.len() - 1;
        let mut at = 0;
        for (column, action) in self.plan.actions.iter().enumerate() {
            let rest = &line[at..];
            let length = match *action {
                Action::Number(slot) => match fast_float2::parse_partial::<f64, _>(rest) {
                    Ok((value, length)) if value.is_finite() => {
                        self.values[slot] = value;
                        length
                    }
                    _ => return false,
                },
                Action::Skip => match rest.first() {
                    Some(b'"') => return false,
                    _ => field_end(rest, delimiter),
                },
                Action::Time => {
                    let length = field_end(rest, delimiter);
                    let Some(time) = self.times.read(&rest[..length]) else { return false };
                    draft.time = Some(time);
                    length
                }
                Action::Clock => {
                    let length = field_end(rest, delimiter);
                    let Some(clock) = moment::clock_only(&rest[..length]) else { return false };
                    draft.clock = clock;
                    length
                }
                Action::Symbol => {
                    let length = field_end(rest, delimiter);
                    if rest[..length].contains(&b'"') {
                        return false;
                    }
                    let Some(id) = self.rows.symbols.id(rest[..length].trim_ascii(), self.symbol) else { return false };
                    draft.symbol = id;
                    length
                }
            };
            at += length;
            if column < last {
                if line.get(at) != Some(&delimiter) {
                    return false;
                }
                at += 1;
            }
        }
        if at != line.len() {
            return false;
        }
        self.take(&draft);
        true
    }

    /// Reads any line, or says what is wrong with it.
    fn slow(&mut self, line: &[u8]) {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() || is_comment(trimmed) || !self.plan.header.is_empty() && line == self.plan.header {
            return;
        }
        let mut fields: Vec<Cow<'_, [u8]>> = Vec::new();
        if let Err(reason) = fields::split(line, self.plan.delimiter, &mut fields) {
            return self.rows.problems.push(self.line, || What::Line(reason.to_owned()));
        }
        if fields.iter().all(|field| field.trim_ascii().is_empty()) {
            return;
        }
        let columns = self.plan.actions.len();
        let surplus = fields.get(columns..).unwrap_or_default();
        if fields.len() < columns || surplus.iter().any(|field| !field.trim_ascii().is_empty()) {
            let found = fields.len();
            return self
                .rows
                .problems
                .push(self.line, || What::Line(format!("has {found} fields where the header names {columns}")));
        }
        let mut draft = Draft { time: None, clock: 0, symbol: 0 };
        self.values.fill(f64::NAN);
        for (column, field) in fields.iter().take(columns).enumerate() {
            if let Err(what) = self.cell(self.plan.actions[column], field, &mut draft) {
                return self.rows.problems.push(self.line, || what);
            }
        }
        let missing = |slot: &usize| self.values[*slot].is_nan();
        if (0..4).all(|slot| missing(&slot)) {
            return self.rows.unpriced.push(self.line);
        }
        let needed = if self.plan.no_volume { 4 } else { 5 };
        if let Some(slot) = (0..needed).find(missing) {
            let column = self.plan.number_names[slot].clone();
            return self.rows.problems.push(self.line, || What::Cell { column, text: String::new(), wanted: A_NUMBER });
        }
        self.take(&draft);
    }

    fn cell(&mut self, action: Action, field: &[u8], draft: &mut Draft) -> Result<(), What> {
        let wrong = |column: &str, wanted| What::Cell {
            column: column.to_owned(),
            text: String::from_utf8_lossy(field).into_owned(),
            wanted,
        };
        match action {
            Action::Skip => {}
            Action::Time => {
                draft.time = Some(self.times.read(field).ok_or_else(|| wrong(&self.plan.time_name, A_TIME))?);
            }
            Action::Clock => {
                draft.clock = moment::clock_only(field).ok_or_else(|| wrong("time of day", "a time of day"))?;
            }
            Action::Symbol => {
                let id = self.rows.symbols.id(field.trim_ascii(), self.symbol);
                draft.symbol = id.ok_or_else(|| wrong("symbol", "one of a few tickers"))?;
            }
            Action::Number(slot) => match number::number(field, self.plan.decimal) {
                Cell::Value(value) => self.values[slot] = value,
                Cell::Missing => {}
                Cell::Bad => return Err(wrong(&self.plan.number_names[slot], A_NUMBER)),
            },
        }
        Ok(())
    }

    fn take(&mut self, draft: &Draft) {
        let Some(time) = draft.time else { return };
        let rows = &mut self.rows;
        rows.numbers.push(rows.time.len(), self.line);
        let wall = Moment { wall: time.wall + draft.clock, ..time };
        rows.naive += usize::from(time.offset.is_none());
        if let Some(offsets) = &mut rows.offsets {
            offsets.push(time.offset.unwrap_or(0));
        }
        rows.time.push(wall.utc());
        if self.plan.no_volume {
            self.values[4] = 0.0;
        }
        for (values, value) in rows.prices.iter_mut().zip(&self.values) {
            values.push(*value);
        }
        for ((_, values), value) in rows.extras.iter_mut().zip(&self.values[5..]) {
            values.push(*value);
        }
        if self.has_symbol {
            self.symbol = draft.symbol;
            rows.symbols.ids.push(draft.symbol);
        }
    }
}

#[inline]
fn field_end(rest: &[u8], delimiter: u8) -> usize {
    rest.iter().position(|&byte| byte == delimiter).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DateOrder;

    const HOUR: i64 = 3_600_000;

    fn plan() -> Plan<'static> {
        let number_names = ["open", "high", "low", "close", "volume"].map(str::to_owned).to_vec();
        Plan {
            delimiter: Delimiter::Byte(b','),
            actions: vec![
                Action::Time,
                Action::Number(0),
                Action::Number(1),
                Action::Number(2),
                Action::Number(3),
                Action::Number(4),
            ],
            form: Form::Written(DateOrder::YearFirst),
            decimal: Decimal::Point,
            extras: Vec::new(),
            zones: false,
            header: b"time,o,h,l,c,v",
            time_name: "time".to_owned(),
            number_names,
            lines: true,
            no_volume: false,
        }
    }

    #[test]
    fn rows_problems_and_lines_are_told_apart() {
        let text = "2024-01-01T01:00:00Z,1,2,0.5,1.5,10\r\n\n\
                    2024-01-01 02:00,\"1\", 2 ,$0.5,1.5,1K\n\
                    # a remark\n\
                    2024-01-01 03:00,,,,,\n\
                    2024-01-01 04:00,1,2,0.5,,10\n\
                    2024-01-01 05:00,1,2,0.5,abc,10\n\
                    never,1,2,0.5,1.5,10\n\
                    2024-01-01 05:00,1,2\n\
                    time,o,h,l,c,v\n\
                    2024-01-01 06:00:30,1,2,0.5,1.5,10,,\n\
                    ,,,,,\n\
                    2024-01-01 07:00,1,2,0.5,1.5,10,x";
        let rows = scan(text.as_bytes(), 2, &plan());
        let hour = |h: i64| 1_704_067_200_000 + h * HOUR;
        assert_eq!(rows.time, [hour(1), hour(2), hour(6) + 30_000]);
        assert_eq!(rows.prices[4], [10.0, 1000.0, 10.0]);
        assert_eq!([0, 1, 2].map(|row| rows.numbers.line(row)), [2, 4, 12]);
        assert_eq!((rows.naive, rows.unpriced.count, &rows.unpriced.first[..]), (2, 1, &[6][..]));
        let lines: Vec<usize> = rows.problems.first.iter().map(|problem| problem.line).collect();
        assert_eq!((rows.problems.count, lines), (5, vec![7, 8, 9, 10, 14]));
    }

    #[test]
    fn chunks_do_not_change_the_outcome() {
        let row = |i: i64| {
            format!("2024-01-{:02} {:02}:{:02},1.{i},2.5,0.5,1.5,{i}\n", 1 + i / 1440 % 28, i / 60 % 24, i % 60)
        };
        let text: String = (0..60_000).map(row).collect();
        assert!(text.len() > 2 * CHUNK);
        let rows = scan(text.as_bytes(), 5, &plan());
        assert_eq!((rows.len(), rows.problems.count), (60_000, 0));
        assert_eq!((rows.numbers.line(0), rows.numbers.line(59_999)), (5, 60_004));
        assert_eq!(rows.prices[4][59_999], 59_999.0);
    }
}
