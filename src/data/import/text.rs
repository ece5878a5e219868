//! A table of text: comma-separated values and their relatives, and JSON turned into such.

use super::super::DataError;
use super::super::error::clean;
use super::dialect::{Delimiter, Dialect, texts};
use super::form::Form;
use super::layout::Layout;
use super::number::{decimal_sign, is_missing};
use super::rows::Rows;
use super::sample::{HEAD, Kind, SPREAD, Sample, SampleColumn};
use super::scan::{Action, Plan, scan};
use super::{Decimal, ReadOptions, Role, moment};
use std::path::Path;

/// Bytes that show how a text is encoded.
const LOOKED_AT: usize = 1 << 16;
/// Longest line that is looked at in a sample.
const LONGEST: usize = 1 << 16;

/// Text with its layout.
#[derive(Debug)]
pub(super) struct TextTable {
    pub(super) bytes: Vec<u8>,
    pub(super) dialect: Dialect,
    /// Rows are lines of a file, not records of a JSON text.
    pub(super) lines: bool,
}

impl TextTable {
    /// Decodes the text and finds its layout; `None` if there is no line.
    pub(super) fn open(path: &Path, bytes: Vec<u8>) -> Result<Option<Self>, DataError> {
        let bytes = decoded(path, bytes)?;
        Ok(Dialect::find(&bytes).map(|dialect| Self { bytes, dialect, lines: true }))
    }

    fn body(&self) -> &[u8] {
        &self.bytes[self.dialect.first_byte.min(self.bytes.len())..]
    }

    /// The first rows and some from everywhere.
    pub(super) fn sample(&self) -> Sample {
        let body = self.body();
        let width = self.dialect.names.len();
        let mut columns: Vec<SampleColumn> = (self.dialect.names.iter())
            .map(|name| SampleColumn { name: clean(name), kind: Kind::Text, texts: Vec::new() })
            .collect();
        let mut push = |line: &[u8]| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() || line.starts_with(b"#") || line.len() > LONGEST {
                return false;
            }
            let fields = texts(line, self.dialect.delimiter);
            let whole = fields.len() >= width;
            if whole {
                columns.iter_mut().zip(fields).for_each(|(column, text)| column.texts.push(text));
            }
            whole
        };
        let mut at = 0;
        let mut head = 0;
        while head < HEAD && at < body.len() {
            let end = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |end| at + end);
            head += usize::from(push(&body[at..end]));
            at = end + 1;
        }
        let rest = body.get(at..).unwrap_or_default();
        let mut last = 0;
        for place in 1..=SPREAD {
            // The start of the line after an evenly spaced byte.
            let Some(start) = memchr::memchr(b'\n', &rest[rest.len() * place / (SPREAD + 1)..]) else { break };
            let start = rest.len() * place / (SPREAD + 1) + start + 1;
            if start > last && start < rest.len() {
                let end = memchr::memchr(b'\n', &rest[start..]).map_or(rest.len(), |end| start + end);
                push(&rest[start..end]);
                last = start;
            }
        }
        Sample { columns, head }
    }

    /// The sign between decimals.
    pub(super) fn decimal(path: &Path, sample: &Sample, options: &ReadOptions) -> Result<Decimal, DataError> {
        if let Some(decimal) = options.decimal {
            return Ok(decimal);
        }
        let is_date = |column: &&SampleColumn| {
            let dates =
                column.present().filter(|text| moment::written(text.as_bytes(), super::DateOrder::DayFirst).is_some());
            dates.count() * 2 > column.texts.len()
        };
        let numbers = sample.columns.iter().filter(|column| !is_date(column));
        let texts = numbers.flat_map(|column| column.present());
        decimal_sign(texts.filter(|text| !is_missing(text.as_bytes())))
            .map_err(|text| DataError::AmbiguousDecimal { path: path.to_owned(), text: text.to_owned() })
    }

    /// All rows by role.
    pub(super) fn rows(&self, layout: &Layout) -> Rows {
        let extras = layout.extras();
        let mut actions = vec![Action::Skip; self.dialect.names.len()];
        for (role, &at) in &layout.of {
            actions[at] = match role {
                Role::Time => Action::Time,
                Role::Clock => Action::Clock,
                Role::Symbol => Action::Symbol,
                Role::Extra(extra) => {
                    Action::Number(5 + extras.iter().position(|(known, _)| known == extra).unwrap_or(0))
                }
                price => Action::Number(Role::OHLCV.iter().position(|known| known == price).unwrap_or(0)),
            };
        }
        let kept = extras.iter().map(|(extra, _)| Role::Extra(*extra));
        let header = self.dialect.header_line.map_or(&[][..], |line| {
            let line = self.bytes.split(|&byte| byte == b'\n').nth(line - 1).unwrap_or_default();
            line.strip_suffix(b"\r").unwrap_or(line)
        });
        let plan = Plan {
            delimiter: self.dialect.delimiter,
            actions,
            form: layout.time.form,
            decimal: layout.decimal,
            extras: extras.iter().map(|(extra, _)| *extra).collect(),
            zones: layout.time.zones,
            header,
            time_name: layout.shown(Role::Time),
            number_names: Role::OHLCV.into_iter().chain(kept).map(|role| layout.shown(role)).collect(),
            lines: self.lines,
            no_volume: layout.no_volume,
        };
        scan(self.body(), self.dialect.first_line, &plan)
    }

    /// The separator in words.
    pub(super) fn delimiter_words(&self) -> String {
        match self.dialect.delimiter {
            Delimiter::Byte(b',') => "comma".to_owned(),
            Delimiter::Byte(b';') => "semicolon".to_owned(),
            Delimiter::Byte(b'\t') => "tab".to_owned(),
            Delimiter::Byte(byte) => char::from(byte).to_string(),
            Delimiter::Blanks => "blanks".to_owned(),
        }
    }
}

/// UTF-8 (or anything that agrees with it in ASCII) without byte-order mark; UTF-16 by its mark.
fn decoded(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
    let little = match bytes[..] {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        [0xef, 0xbb, 0xbf, ..] => return Ok(bytes[3..].to_vec()),
        [..] => {
            // Zero bytes are no text; neither is a file of them a table.
            if memchr::memchr(0, &bytes[..bytes.len().min(4096)]).is_some() {
                let reason = "holds bytes that are no text".to_owned();
                return Err(DataError::Unreadable { path: path.to_owned(), reason });
            }
            return Ok(unix_lines(western(bytes)));
        }
    };
    let unit = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text = char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_lone| DataError::Unreadable {
        path: path.to_owned(),
        reason: "begins like UTF-16 text but is none".to_owned(),
    })?;
    Ok(text.into_bytes())
}

/// Text of old Windows programs, told by what UTF-8 cannot be, becomes UTF-8.
fn western(bytes: Vec<u8>) -> Vec<u8> {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let garbled = std::str::from_utf8(start).is_err_and(|err| err.error_len().is_some());
    if !garbled {
        return bytes;
    }
    // Windows-1252 differs from Latin-1 in signs that no name or number needs, but for the euro.
    let character = |byte: u8| if byte == 0x80 { '€' } else { char::from(byte) };
    bytes.into_iter().map(character).collect::<String>().into_bytes()
}

/// Lines that end in a carriage return alone, as old Macs wrote them, end like others.
fn unix_lines(mut bytes: Vec<u8>) -> Vec<u8> {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    if memchr::memchr(b'\n', start).is_none() && memchr::memchr(b'\r', start).is_some() {
        bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    }
    bytes
}

/// Epoch times that a spreadsheet rounded, as in `1.70027E+12`; an example.
pub(super) fn rounded_epoch(sample: &Sample, layout: &Layout) -> Option<String> {
    let column = sample.columns.get(*layout.of.get(&Role::Time)?)?;
    if layout.time.form != Form::Epoch {
        return None;
    }
    let rounded = |text: &&str| {
        text.split_once(['e', 'E']).is_some_and(|(digits, _)| digits.bytes().filter(u8::is_ascii_digit).count() < 10)
    };
    let first = column.present().find(rounded)?;
    (column.present().filter(rounded).count() * 2 > column.present().count()).then(|| first.to_owned())
}
