//! What kind of table bytes are, by their first bytes before their name.

use std::path::Path;

use super::super::DataError;

/// A kind of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Parquet,
    Feather,
    Json,
    Text,
}

/// Endings of files that are read; what they hold decides how.
const KNOWN: [&str; 20] = [
    "csv", "tsv", "txt", "dat", "prn", "psv", "tab", "asc", "json", "jsonl", "ndjson", "json5", "parquet", "pq",
    "feather", "arrow", "ipc", "gz", "zst", "zip",
];
/// First bytes of files that are no table we read, with what they are and what helps.
const FOREIGN: [(&[u8], &str); 14] = [
    (b"FEA1", "is Feather of version 1: write it again as version 2"),
    (b"\x89HDF", "is an HDF5 file: save the table as CSV, Parquet or Feather"),
    (b"\xd0\xcf\x11\xe0", "is an old office document: save the sheet as CSV"),
    (b"SQLite format 3", "is an SQLite database: export the table as CSV"),
    (b"BZh", "is packed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "is packed with xz: unpack it first"),
    (b"7z\xbc\xaf", "is packed with 7-Zip: unpack it first"),
    (b"Rar!", "is packed with RAR: unpack it first"),
    (b"\x04\x22\x4d\x18", "is packed with LZ4: unpack it first"),
    (b"\x93NUMPY", "is a NumPy array, which names no columns: save it as CSV"),
    (b"\x80\x04", "is a Python pickle, which can run any program: save the table as CSV, Parquet or Feather"),
    (b"\x80\x05", "is a Python pickle, which can run any program: save the table as CSV, Parquet or Feather"),
    (b"%PDF", "is a PDF document"),
    (b"ORC", "is an ORC file: save the table as Parquet"),
];

impl Format {
    pub(super) fn of(path: &Path, name: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let unreadable = |reason: &str| DataError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
        let ending = ending(name);
        let misnamed = is_table_of_text(bytes);
        if bytes.starts_with(b"PAR1") || matches!(ending.as_str(), "parquet" | "pq") && !misnamed {
            return Ok(Self::Parquet); // the reader says what is wrong with it
        }
        if bytes.starts_with(b"ARROW1")
            || matches!(ending.as_str(), "feather" | "arrow" | "ipc") && !bytes.starts_with(b"FEA1") && !misnamed
        {
            return Ok(Self::Feather);
        }
        if let Some((_, reason)) = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            return Err(unreadable(reason));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        match text.first() {
            Some(b'[' | b'{') => Ok(Self::Json),
            Some(b'<') if is_markup(text) => Err(unreadable("is a web page, not data: the download may have failed")),
            _ => Ok(Self::Text),
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Feather => "Feather",
            Self::Json => "JSON",
            Self::Text => "CSV",
        }
    }
}

/// True if files with such an ending are expected to hold tables.
pub(super) fn is_known(name: &str) -> bool {
    let ending = ending(name);
    ending.is_empty() || ending.bytes().all(|byte| byte.is_ascii_digit()) || KNOWN.contains(&ending.as_str())
}

fn ending(name: &str) -> String {
    Path::new(name).extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}

/// Lines of several fields, whatever the file is called.
fn is_table_of_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let fields = |line: &[u8]| line.iter().filter(|byte| b",;\t|".contains(byte)).count() >= 4;
    !start.iter().any(control) && start.split(|&byte| byte == b'\n').take(20).filter(|line| fields(line)).count() > 1
}

fn is_markup(text: &[u8]) -> bool {
    let start = text[..text.len().min(256)].to_ascii_lowercase();
    [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body"].iter().any(|tag| start.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Result<Format, String> {
        Format::of(Path::new(name), name, bytes).map_err(|err| err.to_string())
    }

    #[test]
    fn contents_decide_before_names() {
        assert_eq!(of("a.csv", b"PAR1...."), Ok(Format::Parquet));
        assert_eq!(of("a.parquet", b"date,open\n"), Ok(Format::Parquet));
        assert_eq!(of("a.parquet", b"date,open,high,low,close\n1,2,3,4,5\n"), Ok(Format::Text));
        assert_eq!(of("a.csv", b"ARROW1\0\0"), Ok(Format::Feather));
        assert_eq!(of("a.txt", b"\xef\xbb\xbf [[1]]"), Ok(Format::Json));
        assert_eq!(of("a.txt", b"<DATE>\t<OPEN>\n"), Ok(Format::Text));
        for (bytes, part) in [
            (&b"<!DOCTYPE html><html>"[..], "web page"),
            (b"\x89HDF\r\n", "HDF5"),
            (b"FEA1", "version 1"),
            (b"\x80\x04\x95", "pickle"),
        ] {
            assert!(of("a.x", bytes).unwrap_err().contains(part));
        }
        assert!(is_known("A.CSV") && is_known("BINANCE.0") && is_known("bars") && !is_known("bars.xlsx"));
    }
}
