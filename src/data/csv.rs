use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use super::bars::{RawBars, extra_number, price_number, time_number};
use super::layout::{Layout, OHLCV};
use super::{DataError, Row, time_text};
use crate::market::Series;

/// Bars from text: one header line, then one record per line, split at commas, semicolons or tabs, whichever the
/// header has most of. A quoted field may hold the separator but no line break, so that a record is a line and every
/// message can name it.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<RawBars, DataError> {
    let text = std::str::from_utf8(bytes).map_err(|err| {
        let line = bytes[..err.valid_up_to()].split(|&b| b == b'\n').count();
        line_error(path, line, "is not UTF-8 text: save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((at, header)) = lines.next() else { return Err(DataError::Empty { path: path.to_owned() }) };
    let separator = separator(header);
    let mut fields = Vec::new();
    split(header, separator, &mut fields).map_err(|reason| line_error(path, at + 1, reason))?;
    let names: Vec<String> = fields.iter().map(|name| name.trim().to_owned()).collect();
    let layout = Layout::find(path, &names)?;

    let mut raw = RawBars::new(&layout);
    let mut numbers = Vec::new();
    for (at, line) in lines {
        let row = Row::Line(at + 1);
        split(line, separator, &mut fields).map_err(|reason| line_error(path, at + 1, reason))?;
        if fields.len() != names.len() {
            let reason = format!("has {} fields where the header names {}", fields.len(), names.len());
            return Err(line_error(path, at + 1, &reason));
        }
        raw.time.push(time_number(path, row, &names[layout.time], &fields[layout.time])?);
        for (values, (&i, column)) in raw.prices.iter_mut().zip(layout.prices.iter().zip(OHLCV)) {
            values.push(price_number(path, row, column, &fields[i])?);
        }
        for ((extra, i), values) in layout.extras.iter().zip(raw.extras.values_mut()) {
            values.push(extra_number(path, row, extra.name(), &fields[*i])?);
        }
        numbers.push(at + 1);
    }
    raw.lines = Some(numbers);
    Ok(raw)
}

/// A series as text; every number has the shortest form that reads back to the same bits, NaN is an empty field.
pub(super) fn text(series: &Series) -> String {
    let extras: Vec<_> = series.extras().collect();
    let mut out = String::from("timestamp");
    for name in OHLCV.into_iter().chain(extras.iter().map(|(extra, _)| extra.name())) {
        out.push(',');
        out.push_str(name);
    }
    out.push('\n');
    for (i, bar) in series.bars().iter().enumerate() {
        out.push_str(&time_text(bar.timestamp));
        let prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
        for value in prices.into_iter().chain(extras.iter().map(|(_, values)| values[i])) {
            out.push(',');
            if !value.is_nan() {
                // `{:?}` rather than `{}`: it writes 1e300 in five characters. A String takes every write.
                write!(out, "{value:?}").ok();
            }
        }
        out.push('\n');
    }
    out
}

fn separator(header: &str) -> char {
    let mut best = (0, ',');
    for candidate in [',', ';', '\t'] {
        let count = header.matches(candidate).count();
        if count > best.0 {
            best = (count, candidate);
        }
    }
    best.1
}

fn split<'a>(line: &'a str, separator: char, fields: &mut Vec<Cow<'a, str>>) -> Result<(), &'static str> {
    fields.clear();
    if !line.contains('"') {
        fields.extend(line.split(separator).map(Cow::Borrowed));
        return Ok(());
    }
    let mut rest = line;
    loop {
        let after = if let Some(quoted) = rest.trim_start().strip_prefix('"') {
            let (field, after) = quoted_field(quoted).ok_or("opens a quote that it does not close")?;
            fields.push(Cow::Owned(field));
            after.trim_start_matches(' ')
        } else {
            let end = rest.find(separator).unwrap_or(rest.len());
            fields.push(Cow::Borrowed(&rest[..end]));
            &rest[end..]
        };
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(()),
            None => return Err("has text behind a closing quote"),
        }
    }
}

/// The text up to the closing quote (`""` is one quote) and what follows it.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(next) = rest.strip_prefix('"') else { return Some((field, rest)) };
        field.push('"');
        rest = next;
    }
}

fn line_error(path: &Path, line: usize, reason: &str) -> DataError {
    DataError::Line { path: path.to_owned(), line, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_quotes() {
        let mut fields = Vec::new();
        split(r#"a,"b,c" ,"d ""e""",,f"#, ',', &mut fields).unwrap();
        assert_eq!(fields, ["a", "b,c", "d \"e\"", "", "f"]);
        split(r#""a","#, ',', &mut fields).unwrap();
        assert_eq!(fields, ["a", ""]);
        assert!(split(r#"a,"b"#, ',', &mut fields).is_err());
        assert!(split(r#""a"b,c"#, ',', &mut fields).is_err());
    }
}
