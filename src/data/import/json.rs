//! JSON down to rows of text, so that everything behind it is the same as for CSV.

use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

use super::super::DataError;
use super::dialect::{Delimiter, Dialect};
use super::json_tree;
use super::names::is_known;
use super::text::TextTable;

/// Between cells; no number or name holds it.
pub(super) const UNIT: u8 = 0x1f;
/// Columns of a table; a record of more is no bar.
const MOST_COLUMNS: usize = 256;
/// Documents whose rows are not at the top are read whole as a tree, which takes many times their size.
const MOST_TREE: usize = 64 << 20;

/// The rows at the top of the document, if that is what it is made of.
pub(super) fn top(bytes: &[u8]) -> Option<TextTable> {
    rows_at_the_top(without_mark(bytes)).ok()
}

/// The tables anywhere in the document that may hold bars, the best first.
pub(super) fn inside(path: &Path, bytes: &[u8]) -> Result<Vec<TextTable>, DataError> {
    let bytes = without_mark(bytes);
    let unreadable = |reason| Err(DataError::Unreadable { path: path.to_owned(), reason });
    if bytes.len() > MOST_TREE {
        return unreadable(format!("hides its rows in {} MB of JSON: keep only the array of bars", bytes.len() >> 20));
    }
    match json_tree::tables(bytes) {
        Ok(tables) => Ok(tables),
        Err(reason) => unreadable(format!("is not valid JSON ({reason}): it may be cut off, get it again")),
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// An array of rows, or one row after the other.
fn rows_at_the_top(bytes: &[u8]) -> Result<TextTable, serde_json::Error> {
    let mut builder = Builder::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let nested = bytes.trim_ascii_start().first() == Some(&b'[')
        && matches!(bytes.trim_ascii_start()[1..].trim_ascii_start().first(), Some(b'[' | b'{'));
    if nested {
        reader.deserialize_seq(Rows(&mut builder))?;
        reader.end()?;
    } else {
        while reader.end().is_err() {
            Row(&mut builder).deserialize(&mut reader)?;
        }
        if builder.rows < 2 {
            return Err(serde_json::Error::custom("one record"));
        }
    }
    Ok(builder.finish())
}

/// Rows as text, growing.
#[derive(Debug, Default)]
pub(super) struct Builder {
    text: Vec<u8>,
    names: Vec<String>,
    /// Rows have names for their cells.
    named: bool,
    rows: usize,
    /// Cells of the present row by column.
    cells: Vec<Vec<u8>>,
    /// Rows were written before the last column came.
    ragged: bool,
}

impl Builder {
    fn column(&mut self, name: &str, guess: usize) -> Option<usize> {
        self.named = true;
        if self.names.get(guess).is_some_and(|known| known == name) {
            return Some(guess);
        }
        if let Some(at) = self.names.iter().position(|known| known == name) {
            return Some(at);
        }
        if self.names.len() == MOST_COLUMNS {
            return None;
        }
        self.ragged |= self.rows > 0;
        self.names.push(name.to_owned());
        Some(self.names.len() - 1)
    }

    /// Puts a cell into the present row.
    pub(super) fn named_cell(&mut self, name: &str, text: &[u8]) {
        if let Some(at) = self.column(name, usize::MAX) {
            self.cell(at, text);
        }
    }

    /// Puts a cell into column `at` of the present row.
    pub(super) fn cell(&mut self, at: usize, text: &[u8]) {
        if at >= MOST_COLUMNS {
            return;
        }
        if self.cells.len() <= at {
            self.cells.resize_with(at + 1, Vec::new);
        }
        let cell = &mut self.cells[at];
        cell.clear();
        cell.extend(text.iter().map(|&byte| if byte == UNIT || byte == b'\n' || byte == b'\r' { b' ' } else { byte }));
    }

    /// Ends the present row, which had `width` cells if they have no names.
    pub(super) fn end_row(&mut self, width: usize) {
        let width = if self.named { self.names.len() } else { width };
        for at in 0..width {
            if at > 0 {
                self.text.push(UNIT);
            }
            if let Some(cell) = self.cells.get_mut(at) {
                self.text.extend_from_slice(cell);
                cell.clear();
            }
        }
        self.text.push(b'\n');
        self.rows += 1;
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn finish(mut self) -> TextTable {
        if self.ragged {
            self.pad();
        }
        let line = self.text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let mut names = self.names;
        let mut first_byte = 0;
        if names.is_empty() {
            let cells: Vec<String> =
                line.split(|&byte| byte == UNIT).map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            if cells.iter().filter(|cell| is_known(cell)).count() >= 3 {
                first_byte = line.len() + 1;
                names = cells;
            } else {
                names = vec![String::new(); cells.len()];
            }
        }
        let dialect = Dialect {
            delimiter: Delimiter::Byte(UNIT),
            names,
            header_line: None,
            first_line: if first_byte > 0 { 2 } else { 1 },
            first_byte,
            banner: Vec::new(),
        };
        TextTable { bytes: self.text, dialect, lines: false }
    }

    /// Gives rows written before the last column came their empty cells.
    fn pad(&mut self) {
        let mut padded = Vec::with_capacity(self.text.len() + self.rows * 2);
        for line in self.text.split(|&byte| byte == b'\n').take(self.rows) {
            let cells = memchr::memchr_iter(UNIT, line).count() + 1;
            padded.extend_from_slice(line);
            padded.extend(std::iter::repeat_n(UNIT, self.names.len().saturating_sub(cells)));
            padded.push(b'\n');
        }
        self.text = padded;
    }
}

/// An array of rows.
struct Rows<'b>(&'b mut Builder);

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of bars")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row(self.0))?.is_some() {}
        Ok(())
    }
}

/// One bar: an array or a record of plain values.
struct Row<'b>(&'b mut Builder);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bar")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        let mut at = 0;
        while cells.next_element_seed(Cell { builder: self.0, at, name: None })?.is_some() {
            at += 1;
            if at > MOST_COLUMNS {
                return Err(A::Error::custom("too many cells"));
            }
        }
        self.0.end_row(at);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut guess = 0;
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value_seed(Cell { builder: self.0, at: guess, name: Some(name) })?;
            guess += 1;
        }
        self.0.end_row(0);
        Ok(())
    }
}

/// One value of a row; a record within the row gives its fields as `outer.inner`, a list within a record is passed over.
struct Cell<'b> {
    builder: &'b mut Builder,
    at: usize,
    name: Option<String>,
}

impl Cell<'_> {
    fn put<E: serde::de::Error>(self, text: &[u8]) -> Result<(), E> {
        let at = match &self.name {
            Some(name) => self.builder.column(name, self.at).ok_or_else(|| E::custom("too many fields"))?,
            None => self.at,
        };
        self.builder.cell(at, text);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.put(if value { b"true" } else { b"false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.put(value.to_string().as_bytes())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.put(value.to_string().as_bytes())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.put(format!("{value:?}").as_bytes())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.put(value.as_bytes())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.put(b"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.name.is_none() {
            return Err(A::Error::custom("a list within a row"));
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Some(outer) = self.name else { return Err(A::Error::custom("a record within a row")) };
        while let Some(inner) = fields.next_key::<String>()? {
            let name = Some(format!("{outer}.{inner}"));
            fields.next_value_seed(Cell { builder: self.builder, at: usize::MAX, name })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> (Vec<String>, String) {
        let table = rows_at_the_top(json.as_bytes()).unwrap();
        let body = String::from_utf8(table.bytes[table.dialect.first_byte..].to_vec()).unwrap();
        (table.dialect.names, body.replace('\u{1f}', "|"))
    }

    #[test]
    fn rows_become_lines() {
        let nameless = |n: usize| vec![String::new(); n];
        assert_eq!(text("[[1,2.5,\"3\"],[4,null,true]]"), (nameless(3), "1|2.5|3\n4||true\n".to_owned()));
        let (names, body) = text(r#"[{"a":1,"b":"x"},{"b":2,"a":1e300,"c":[1],"d":{"e":5}}]"#);
        assert_eq!((names.join(","), body.as_str()), ("a,b,d.e".to_owned(), "1|x|\n1e300|2|5\n"));
        let (names, body) = text(r#"[["date","open","high","low"],["2024-01-01",1,2,3]]"#);
        assert_eq!((names[1].as_str(), body.as_str()), ("open", "2024-01-01|1|2|3\n"));
        assert_eq!(text("{\"a\":1}\n{\"a\":2}\n").1, "1\n2\n");
        assert_eq!(text("[1,\"line\\nbreak\\u001f\"]\n[2,3]").1, "1|line break \n2|3\n");
        for json in ["{\"a\":1}", "[[1,[2]]]", "[[1],", "[[1]] x", "[3,4]", ""] {
            assert!(rows_at_the_top(json.as_bytes()).is_err(), "{json}");
        }
    }
}
