//! One line of text into its fields.

use std::borrow::Cow;

use super::dialect::Delimiter;

/// Splits `line` into `fields`. A quoted field may hold the delimiter (`""` is one quote) but no line break, so that a
/// record is a line and every message can name it.
///
/// # Errors
/// What is wrong with the quotes, in words.
pub(super) fn split<'a>(
    line: &'a [u8],
    delimiter: Delimiter,
    fields: &mut Vec<Cow<'a, [u8]>>,
) -> Result<(), &'static str> {
    fields.clear();
    let Delimiter::Byte(delimiter) = delimiter else {
        let words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        fields.extend(words.map(Cow::Borrowed));
        return Ok(());
    };
    if !line.contains(&b'"') {
        fields.extend(line.split(|&byte| byte == delimiter).map(Cow::Borrowed));
        return Ok(());
    }
    let mut rest = line;
    loop {
        let after = if let Some(quoted) = blanks_off(rest).strip_prefix(b"\"") {
            let (field, after) = quoted_field(quoted).ok_or("opens a quote that it does not close")?;
            fields.push(Cow::Owned(field));
            blanks_off(after)
        } else {
            let end = memchr::memchr(delimiter, rest).unwrap_or(rest.len());
            fields.push(Cow::Borrowed(&rest[..end]));
            &rest[end..]
        };
        match after.split_first() {
            Some((&next, behind)) if next == delimiter => rest = behind,
            None => return Ok(()),
            Some(_) => return Err("has text behind a closing quote"),
        }
    }
}

fn blanks_off(text: &[u8]) -> &[u8] {
    let start = text.iter().take_while(|&&byte| byte == b' ').count();
    &text[start..]
}

/// The text up to the closing quote and what follows it.
fn quoted_field(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut field = Vec::new();
    let mut rest = text;
    loop {
        let end = memchr::memchr(b'"', rest)?;
        field.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(next) = rest.strip_prefix(b"\"") else { return Some((field, rest)) };
        field.push(b'"');
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_quotes() {
        let mut fields = Vec::new();
        let comma = Delimiter::Byte(b',');
        split(br#"a,"b,c" ,"d ""e""",,f"#, comma, &mut fields).unwrap();
        assert_eq!(fields, [&b"a"[..], b"b,c", b"d \"e\"", b"", b"f"]);
        split(br#""a","#, comma, &mut fields).unwrap();
        assert_eq!(fields, [&b"a"[..], b""]);
        assert!(split(br#"a,"b"#, comma, &mut fields).is_err());
        assert!(split(br#""a"b,c"#, comma, &mut fields).is_err());
        split(b"  a \t b  ", Delimiter::Blanks, &mut fields).unwrap();
        assert_eq!(fields, [&b"a"[..], b"b"]);
    }
}
