//! Numbers as people and spreadsheets write them.

use super::Decimal;

/// Longer texts are no numbers.
const LONGEST: usize = 64;

/// A cell that should hold a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// A finite number.
    Value(f64),
    /// Nothing, or a word for nothing.
    Missing,
    /// Anything else.
    Bad,
}

/// Reads `1.5`, `1e3`, `$1,234.50`, `1.234,50`, `1 234`, `1'234`, `12.3K` and words for missing values.
pub(super) fn number(text: &[u8], decimal: Decimal) -> Cell {
    let text = text.trim_ascii();
    if decimal == Decimal::Point
        && let Ok(value) = fast_float2::parse::<f64, _>(text)
        && value.is_finite()
    {
        return Cell::Value(value);
    }
    if is_missing(text) {
        return Cell::Missing;
    }
    match plain(text, decimal) {
        Some(value) => Cell::Value(value),
        None => Cell::Bad,
    }
}

/// True for nothing and for words that stand for nothing.
pub(super) fn is_missing(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [b"nan", b"null", b"na", b"n/a", b"none", b"-", b"--", b"#n/a", b"<na>"];
    text.is_empty() || text.len() <= 4 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The number behind currency signs, group separators and a suffix of size.
fn plain(text: &[u8], decimal: Decimal) -> Option<f64> {
    let (point, group) = if decimal == Decimal::Comma { (b',', b'.') } else { (b'.', b',') };
    let mut clean = [0_u8; LONGEST + 4];
    let mut length = 0;
    let mut push = |byte: u8| {
        *clean.get_mut(length)? = byte;
        length += 1;
        Some(())
    };
    let mut rest = text;
    if let Some(after) = rest.strip_prefix(b"-") {
        push(b'-')?;
        rest = after;
    } else if let Some(after) = rest.strip_prefix(b"+") {
        rest = after;
    }
    rest = without_currency(rest);
    if rest.len() > LONGEST {
        return None;
    }
    let mut digits = 0; // of the present group
    let mut groups = 0;
    let mut whole = true;
    while let Some((&byte, after)) = rest.split_first() {
        let separator = group_separator(rest, group);
        if byte.is_ascii_digit() {
            push(byte)?;
            digits += 1;
        } else if byte == point && whole {
            full_group(groups, digits)?;
            push(b'.')?;
            whole = false;
        } else if separator > 0 && whole {
            // Groups after the first are of three digits.
            if groups > 0 {
                full_group(groups, digits)?;
            } else {
                (1..=3).contains(&digits).then_some(())?;
            }
            groups += 1;
            digits = 0;
            rest = &rest[separator..];
            continue;
        } else {
            break;
        }
        rest = after;
    }
    if whole {
        full_group(groups, digits)?;
    }
    match rest.trim_ascii() {
        [] => {}
        [b'K' | b'k'] => push_all(&mut push, b"e3")?,
        [b'M' | b'm'] => push_all(&mut push, b"e6")?,
        [b'B' | b'b'] => push_all(&mut push, b"e9")?,
        [b'T' | b't'] => push_all(&mut push, b"e12")?,
        exponent @ [b'e' | b'E', ..] if groups == 0 => push_all(&mut push, exponent)?,
        _ => return None,
    }
    fast_float2::parse::<f64, _>(&clean[..length]).ok().filter(|value| value.is_finite())
}

fn push_all(push: &mut impl FnMut(u8) -> Option<()>, bytes: &[u8]) -> Option<()> {
    bytes.iter().try_for_each(|&byte| push(byte))
}

fn full_group(groups: usize, digits: usize) -> Option<()> {
    (groups == 0 || digits == 3).then_some(())
}

/// Length of the group separator that `text` begins with: `group`, an apostrophe, a blank of any width.
fn group_separator(text: &[u8], group: u8) -> usize {
    match text {
        [b'\'' | b' ', b'0'..=b'9', ..] => 1,
        [0xc2, 0xa0, b'0'..=b'9', ..] => 2,
        [0xe2, 0x80, 0x89 | 0xaf | 0x99, b'0'..=b'9', ..] => 3,
        [byte, ..] if *byte == group => 1,
        _ => 0,
    }
}

fn without_currency(text: &[u8]) -> &[u8] {
    for sign in ["$", "€", "£", "¥"] {
        if let Some(rest) = text.strip_prefix(sign.as_bytes()) {
            return rest.trim_ascii_start();
        }
    }
    text
}

/// Which sign separates decimals in `texts`, or the first text that could be read both ways.
///
/// A sign with anything but three digits behind it, or behind a lone zero, separates decimals; one that occurs twice or
/// stands in front of the other separates thousands. Where no text decides and some need it, nobody can.
pub(super) fn decimal_sign<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Decimal, &'a str> {
    let (mut commas, mut points) = (0, 0);
    let mut doubtful = None;
    for text in texts {
        match vote(text.trim()) {
            Vote::Comma => commas += 1,
            Vote::Point => points += 1,
            Vote::Doubt => doubtful = doubtful.or(Some(text)),
            Vote::Silent => {}
        }
    }
    match (commas > points, points > 0, doubtful) {
        (true, ..) => Ok(Decimal::Comma),
        (false, false, Some(text)) => Err(text),
        _ => Ok(Decimal::Point),
    }
}

/// What one text says about the decimal sign.
enum Vote {
    Comma,
    Point,
    /// A comma that could be either.
    Doubt,
    Silent,
}

fn vote(text: &str) -> Vote {
    let number = |b: u8| b.is_ascii_digit() || matches!(b, b',' | b'.' | b'-' | b'+' | b'$' | b' ' | b'\'');
    if !text.bytes().all(number) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vote::Silent;
    }
    let (commas, points) = (text.matches(',').count(), text.matches('.').count());
    let Some(last) = text.rfind([',', '.']) else { return Vote::Silent };
    let decimals = text.len() - last - 1 != 3 || text.trim_start_matches(['-', '+', '$']).starts_with(['0', ',', '.']);
    match (commas, points) {
        (1.., 1..) if text.as_bytes()[last] == b',' => {
            if commas == 1 {
                Vote::Comma
            } else {
                Vote::Silent
            }
        }
        (1.., 1..) => {
            if points == 1 {
                Vote::Point
            } else {
                Vote::Silent
            }
        }
        (2.., _) => {
            if grouped(text, ',') {
                Vote::Point
            } else {
                Vote::Silent
            }
        }
        (_, 2..) => {
            if grouped(text, '.') {
                Vote::Comma
            } else {
                Vote::Silent
            }
        } // or a date
        (1, _) => {
            if decimals {
                Vote::Comma
            } else {
                Vote::Doubt
            }
        }
        _ => {
            if decimals {
                Vote::Point
            } else {
                Vote::Silent
            }
        }
    }
}

fn grouped(text: &str, group: char) -> bool {
    text.split(group).skip(1).all(|part| part.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_spelling() {
        for (text, value) in [
            ("1.5", 1.5),
            (" -2e3 ", -2000.0),
            ("+7", 7.0),
            (".5", 0.5),
            ("1,234", 1234.0),
            ("1,234,567.25", 1_234_567.25),
            ("$185.64", 185.64),
            ("-$1,000", -1000.0),
            ("1 234 567.5", 1_234_567.5),
            ("1\u{a0}234", 1234.0),
            ("1'234", 1234.0),
            ("45.6K", 45_600.0),
            ("1.23M", 1_230_000.0),
            ("2B", 2e9),
            ("€ 3", 3.0),
        ] {
            assert_eq!(number(text.as_bytes(), Decimal::Point), Cell::Value(value), "{text}");
        }
        for (text, value) in
            [("1,5", 1.5), ("1.234,5", 1234.5), ("1.234.567", 1_234_567.0), ("12", 12.0), ("1e-3", 0.001)]
        {
            assert_eq!(number(text.as_bytes(), Decimal::Comma), Cell::Value(value), "{text}");
        }
    }

    #[test]
    fn missing_and_bad_cells_are_told_apart() {
        for text in ["", " ", "NaN", "null", "N/A", "-", "None", "#N/A"] {
            assert_eq!(number(text.as_bytes(), Decimal::Point), Cell::Missing, "{text}");
        }
        for text in
            ["abc", "inf", "-inf", "1,23", "1,2345", "1.2.3", "12,34,567", "1e999", "5x", "1,234e3", "$", "1 2", "0x10"]
        {
            assert_eq!(number(text.as_bytes(), Decimal::Point), Cell::Bad, "{text}");
        }
        assert_eq!(number(&[b'1'; 500], Decimal::Comma), Cell::Bad);
        assert_eq!(number(&[0xff, b'1'], Decimal::Point), Cell::Bad);
    }

    #[test]
    fn the_decimal_sign_is_found_where_it_shows() {
        let sign = |texts: &[&'static str]| decimal_sign(texts.iter().copied());
        assert_eq!(sign(&["1.5", "2024-01-01", "x"]), Ok(Decimal::Point));
        assert_eq!(sign(&["1,5"]), Ok(Decimal::Comma));
        assert_eq!(sign(&["1,234", "1,2345"]), Ok(Decimal::Comma));
        assert_eq!(sign(&["0,123"]), Ok(Decimal::Comma));
        assert_eq!(sign(&["1.234.567", "1,234"]), Ok(Decimal::Comma));
        assert_eq!(sign(&["1,234", "1,234.5"]), Ok(Decimal::Point));
        assert_eq!(sign(&["1.234,5"]), Ok(Decimal::Comma));
        assert_eq!(sign(&["31.01.2024", "1.5"]), Ok(Decimal::Point));
        assert_eq!(sign(&["1,234", "12"]), Err("1,234"));
        assert_eq!(sign(&["1.5", "1,5", "2.25"]), Ok(Decimal::Point));
    }
}
