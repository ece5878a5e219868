//! How a text file is laid out: what separates fields, which line names them, where the rows begin.

use super::moment;
use super::names::is_known;
use super::number::{self, Cell};
use super::{DateOrder, Decimal};

/// Lines looked at.
const LINES: usize = 200;
/// Bytes looked at.
const BYTES: usize = 1 << 18;
/// Header lines below the names: tickers, index names, units.
const SUBHEADERS: usize = 3;

/// What stands between fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One character.
    Byte(u8),
    /// Any run of blanks.
    Blanks,
}

/// The layout of a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    /// Names of the columns; empty texts where there is no header.
    pub(super) names: Vec<String>,
    /// Line of the names.
    pub(super) header_line: Option<usize>,
    /// Line of the first row.
    pub(super) first_line: usize,
    /// Byte of the first row.
    pub(super) first_byte: usize,
    /// Lines above the names that are no part of the table.
    pub(super) banner: Vec<String>,
}

/// A line with its number and place.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    text: &'a [u8],
    number: usize,
    start: usize,
}

impl Dialect {
    /// Finds the layout; `None` for a file without lines.
    pub(super) fn find(bytes: &[u8]) -> Option<Self> {
        let (fixed, lines) = lines(bytes);
        let first = lines.first()?;
        let delimiter = fixed.unwrap_or_else(|| delimiter(&lines));
        let split = |line: &Line<'_>| texts(line.text, delimiter);
        let known = |line: &Line<'_>| split(line).iter().filter(|name| is_known(name)).count();

        let header = lines.iter().take(LINES / 2).position(|line| known(line) >= 3);
        let header = header.or_else(|| unknown_header(&lines, delimiter));
        let Some(header) = header else {
            let width = usual_width(&lines, delimiter);
            let start = lines.iter().position(|line| split(line).len() == width).unwrap_or(0);
            return Some(Self {
                delimiter,
                names: vec![String::new(); width],
                header_line: None,
                first_line: lines[start].number,
                first_byte: lines[start].start,
                banner: banner(first, &lines[..start]),
            });
        };
        let mut names: Vec<String> = split(&lines[header]).into_iter().map(|name| name.trim().to_owned()).collect();
        let mut rows = header + 1;
        while rows < lines.len() && rows <= header + SUBHEADERS && is_subheader(&split(&lines[rows])) {
            name_tickers(&mut names, &split(&lines[rows]));
            rows += 1;
        }
        if let Some(row) = lines.get(rows) {
            let width = split(row).len();
            if width == names.len() + 1 && !split(row)[width - 1].is_empty() {
                names.insert(0, String::new()); // R leaves the names of rows without a name
            }
        }
        let end = lines[header].start + lines[header].text.len();
        let (first_line, first_byte) =
            lines.get(rows).map_or((lines[header].number + 1, end), |line| (line.number, line.start));
        Some(Self {
            delimiter,
            names,
            header_line: Some(lines[header].number),
            first_line,
            first_byte: first_byte.min(bytes.len()),
            banner: banner(first, &lines[..header]),
        })
    }
}

/// The first lines that hold anything but comments, and the separator that an Excel hint (`sep=;`) fixes.
fn lines(bytes: &[u8]) -> (Option<Delimiter>, Vec<Line<'_>>) {
    let mut lines = Vec::new();
    let mut fixed = None;
    let mut start = 0;
    for (at, text) in bytes[..bytes.len().min(BYTES)].split(|&byte| byte == b'\n').enumerate() {
        let here = start;
        start += text.len() + 1;
        let trimmed = text.trim_ascii();
        if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] = trimmed
            && lines.is_empty()
        {
            fixed = Some(Delimiter::Byte(*sign));
        } else if !trimmed.is_empty() && !is_comment(trimmed) {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            lines.push(Line { text, number: at + 1, start: here });
        }
        if lines.len() == LINES {
            break;
        }
    }
    // A line cut by the limit says nothing about the layout.
    if bytes.len() > BYTES && lines.len() > 1 && lines.len() < LINES {
        lines.pop();
    }
    (fixed, lines)
}

/// True for lines that every reader skips.
pub(super) fn is_comment(trimmed: &[u8]) -> bool {
    trimmed.starts_with(b"#") || trimmed.starts_with(b"//")
}

fn banner(first: &Line<'_>, above: &[Line<'_>]) -> Vec<String> {
    let text = |line: &Line<'_>| String::from_utf8_lossy(line.text).trim().chars().take(120).collect();
    let skipped = above.iter().map(text);
    // Comments above the first line are part of the banner too, but nobody needs to see them.
    if first.number > 1 && above.is_empty() {
        vec![format!("{} lines of comments", first.number - 1)]
    } else {
        skipped.collect()
    }
}

/// Fields of a line, quotes taken off; a garbled line gives what it holds.
pub(super) fn texts(line: &[u8], delimiter: Delimiter) -> Vec<String> {
    let mut fields = Vec::new();
    if super::fields::split(line, delimiter, &mut fields).is_err() {
        return vec![String::from_utf8_lossy(line).into_owned()];
    }
    fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
}

/// The separator that most lines agree on, the one that gives most columns first.
fn delimiter(lines: &[Line<'_>]) -> Delimiter {
    // Banners stand at the top: the lower half speaks for the table.
    let body = &lines[if lines.len() > 3 { lines.len() / 2 } else { 0 }..];
    let mut candidates: Vec<u8> = b";\t|,".to_vec();
    let odd = |byte: &u8| {
        byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric() && !b"\"'.:-+/$#<>()[]{}\\_".contains(byte)
    };
    for &byte in body.first().map_or(&[][..], |line| line.text) {
        if (odd(&byte) || byte.is_ascii_control()) && !candidates.contains(&byte) && byte != b'\r' {
            candidates.push(byte);
        }
    }
    let mut best = (0.0, Delimiter::Byte(b','));
    for byte in candidates {
        let counts: Vec<usize> = body.iter().map(|line| count(line.text, byte)).collect();
        let score = agreement(&counts);
        if score > best.0 {
            best = (score, Delimiter::Byte(byte));
        }
    }
    if best.0 < 3.0 {
        let counts: Vec<usize> = body
            .iter()
            .map(|line| line.text.split(|b| b.is_ascii_whitespace()).filter(|f| !f.is_empty()).count() - 1)
            .collect();
        if agreement(&counts) >= 4.0 {
            return Delimiter::Blanks;
        }
    }
    best.1
}

/// The commonest count times the share of lines that have it.
fn agreement(counts: &[usize]) -> f64 {
    let same = |count: usize| counts.iter().filter(|&&other| other == count).count();
    counts.iter().map(|&count| count as f64 * same(count) as f64 / counts.len() as f64).fold(0.0, f64::max)
}

/// Occurrences outside quotes.
fn count(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for &b in line {
        quoted ^= b == b'"';
        count += usize::from(b == byte && !quoted);
    }
    count
}

fn usual_width(lines: &[Line<'_>], delimiter: Delimiter) -> usize {
    let widths: Vec<usize> = lines.iter().map(|line| texts(line.text, delimiter).len()).collect();
    let same = |width: usize| widths.iter().filter(|&&other| other == width).count();
    widths.iter().copied().max_by_key(|&width| (same(width), width)).unwrap_or(1)
}

/// A line of the usual width without any number or time, above lines that have some.
fn unknown_header(lines: &[Line<'_>], delimiter: Delimiter) -> Option<usize> {
    let width = usual_width(lines, delimiter);
    let at = lines.iter().position(|line| texts(line.text, delimiter).len() == width)?;
    let words = |line: &Line<'_>| !texts(line.text, delimiter).iter().any(|text| is_value(text));
    let row = lines.get(at + 1)?;
    (words(&lines[at]) && !words(row)).then_some(at)
}

fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(number::number(bytes, Decimal::Point), Cell::Value(_))
        || matches!(number::number(bytes, Decimal::Comma), Cell::Value(_))
        || moment::written(bytes, DateOrder::DayFirst).is_some()
        || moment::written(bytes, DateOrder::MonthFirst).is_some()
}

/// A line between the names and the rows: no value in it, and it begins like one.
fn is_subheader(fields: &[String]) -> bool {
    let first = fields.first().map_or("", |field| field.trim());
    let begins = ["ticker", "tickers", "date", "datetime", "symbol", "symbols", "units", "unit", ""];
    begins.contains(&first.to_lowercase().as_str())
        && !fields.iter().any(|field| is_value(field))
        && !(first.is_empty() && fields.iter().all(|field| field.trim().is_empty()))
}

/// Puts the tickers of a line `Ticker,AAPL,AAPL,..` in front of the names.
fn name_tickers(names: &mut [String], fields: &[String]) {
    let first = fields.first().map_or("", |field| field.trim()).to_lowercase();
    if !matches!(first.as_str(), "ticker" | "tickers" | "symbol" | "symbols") {
        return;
    }
    if let Some(name) = names.first_mut() {
        "date".clone_into(name); // pandas names this column after the whole header
    }
    for (name, ticker) in names.iter_mut().zip(fields).skip(1) {
        let ticker = ticker.trim();
        if !ticker.is_empty() {
            *name = format!("{ticker}:{name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Dialect {
        Dialect::find(text.as_bytes()).unwrap()
    }

    #[test]
    fn separators_are_found() {
        for (text, want) in [
            ("date,open,high,low,close\n2024-01-01,1,2,3,4\n", b','),
            ("date;open;high;low;close\n01.01.2024;1,5;2,5;0,5;1,5\n", b';'),
            ("20120201 000000;1.3066;1.3066;1.3065;1.3066;0\n", b';'),
            ("date\topen\thigh\tlow\tclose\n1\t2\t3\t4\t5\n", b'\t'),
            ("date|open|high|low|close\n1|2|3|4|5\n", b'|'),
            ("date^open^high^low^close\n1^2^3^4^5\n", b'^'),
            ("sep=;\ndate;open;high\n", b';'),
            ("\"Jan 05, 2024\",\"1,000.5\",\"2\",\"3\"\n\"Jan 06, 2024\",\"1,000.5\",\"2\",\"3\"\n", b','),
        ] {
            assert_eq!(found(text).delimiter, Delimiter::Byte(want), "{text}");
        }
        assert_eq!(found("2024-01-01 12:00 1 2 3 4 5\n").delimiter, Delimiter::Blanks);
        assert_eq!(Dialect::find(b"\n \r\n# only this\n"), None);
    }

    #[test]
    fn headers_are_found_below_banners() {
        let dialect =
            found("Created on 10-17-2019,https://example.org\ndate,symbol,open,high,low,close\n2019-10-17,B,1,2,3,4\n");
        assert_eq!((dialect.header_line, dialect.first_line, dialect.names.len()), (Some(2), 3, 6));
        assert_eq!(dialect.banner, ["Created on 10-17-2019,https://example.org"]);
        let dialect = found("# made by x\n#\n\ndate,open,high,low\n\n2024-01-01,1,2,3\n");
        assert_eq!((dialect.header_line, dialect.first_line), (Some(4), 6));
        assert_eq!(dialect.first_byte, "# made by x\n#\n\ndate,open,high,low\n\n".len());
        let dialect = found("Datum;Erster;Spitze;Boden;Ende\n01.01.2024;1;2;3;4\n");
        assert_eq!((dialect.header_line, dialect.names[1].as_str()), (Some(1), "Erster"));
    }

    #[test]
    fn files_without_header_keep_their_first_row() {
        let dialect = found("2017.01.02,00:00,1.05,1.06,1.04,1.05,100\n");
        assert_eq!((dialect.header_line, dialect.first_line, dialect.names.len()), (None, 1, 7));
        let dialect = found(
            "1502942400000,4261.48,4313.62,4261.32,4308.83,47.1\n1502946000000,4308.83,4328.69,4291.37,4315.32,23.2\n",
        );
        assert_eq!((dialect.header_line, dialect.first_byte), (None, 0));
    }

    #[test]
    fn lines_below_the_header_are_told_from_rows() {
        let dialect = found(
            "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n2024-01-02,185,188,183,187,82488700\n",
        );
        assert_eq!((dialect.header_line, dialect.first_line), (Some(1), 4));
        assert_eq!(dialect.names[..2], ["date", "AAPL:Close"]);
        // A row that is only empty is a row.
        let dialect = found("date,open,high,low,close\n,,,,\n2024-01-02,1,2,3,4\n");
        assert_eq!(dialect.first_line, 2);
    }

    #[test]
    fn names_of_rows_may_have_no_name() {
        let dialect = found("open,high,low,close\n2024-01-02,1,2,3,4\n2024-01-03,1,2,3,4\n");
        assert_eq!(dialect.names, ["", "open", "high", "low", "close"]);
        let dialect = found("date,open,high,low,close\n2024-01-02,1,2,3,4,\n");
        assert_eq!(dialect.names.len(), 5);
    }
}
