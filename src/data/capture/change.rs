//! What differs between two catalogues, in words.

use std::collections::BTreeSet;

use serde_json::json;

use crate::indicators::{Line, Lines};

const SHOWN: usize = 3;

/// How a catalogue differs from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct CatalogueChange {
    /// The same indicators with other parameters.
    pub(in crate::data) parameters: bool,
    /// For people.
    pub(in crate::data) words: String,
}

/// The difference between the catalogue a capture was made with and the present one, as [`crate::indicators::catalogue_key`]
/// writes them; nothing if there is none.
pub(in crate::data) fn catalogue_change(stored: &str, present: &str) -> Option<CatalogueChange> {
    if stored == present {
        return None;
    }
    let parts = |key: &str| -> (String, Vec<String>) {
        let mut parts = key.split(';').map(str::to_owned);
        (parts.next().unwrap_or_default(), parts.collect())
    };
    let ((old_version, old), (version, new)) = (parts(stored), parts(present));
    if old_version != version {
        let words = format!("the catalogue changed: version {} instead of {}", bare(&version), bare(&old_version));
        return Some(CatalogueChange { parameters: false, words });
    }
    let name = |instance: &str| instance.split('(').next().unwrap_or_default().to_owned();
    let only = |these: &[String], those: &[String]| -> BTreeSet<String> {
        these.iter().filter(|instance| !those.contains(instance)).map(|instance| name(instance)).collect()
    };
    let (gone, added) = (only(&old, &new), only(&new, &old));
    let tuned: Vec<&str> = gone.intersection(&added).map(String::as_str).collect();
    let list = |names: Vec<&str>| {
        let more = names.len().saturating_sub(SHOWN);
        let shown = names[..names.len() - more].join(", ");
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    };
    if !tuned.is_empty() {
        let words = format!("parameters changed: {}", list(tuned));
        return Some(CatalogueChange { parameters: true, words });
    }
    let words = |what: &str, names: &BTreeSet<String>| {
        (!names.is_empty()).then(|| format!("{what} {}", list(names.iter().map(String::as_str).collect())))
    };
    let changes: Vec<String> = [words("new is", &added), words("gone is", &gone)].into_iter().flatten().collect();
    // The same indicators in another order.
    let changes = if changes.is_empty() { "another order".to_owned() } else { changes.join(", ") };
    Some(CatalogueChange { parameters: false, words: format!("the catalogue changed: {changes}") })
}

fn bare(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Everything about a line but its values.
pub(super) fn header(line: &Line) -> serde_json::Value {
    json!({
        "name": line.name,
        "meaning": line.meaning,
        "unit": line.unit.to_string(),
        "internal": line.internal,
    })
}

/// The first difference between the stored line headers and the expected ones, in words.
pub(super) fn line_change(stored: &str, expected: &Lines) -> Option<String> {
    let stored: Vec<serde_json::Value> = serde_json::from_str(stored).unwrap_or_default();
    let known: std::collections::BTreeMap<&str, &serde_json::Value> =
        stored.iter().map(|header| (header["name"].as_str().unwrap_or_default(), header)).collect();
    for line in &expected.columns {
        match known.get(line.name.as_str()) {
            None => return Some(format!("line {} is new", line.name)),
            Some(known) if **known != header(line) => return Some(format!("line {} is declared anew", line.name)),
            Some(_) => {}
        }
    }
    let wanted: BTreeSet<&str> = expected.columns.iter().map(|line| line.name.as_str()).collect();
    let gone = stored.iter().filter_map(|header| header["name"].as_str()).find(|name| !wanted.contains(name));
    gone.map(|name| format!("line {name} is gone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_the_catalogue_in_words() {
        let change = |old, new| catalogue_change(old, new).map(|change| change.words).unwrap_or_default();
        assert_eq!(change("v3;rsi(period=14)", "v3;rsi(period=14)"), "");
        assert_eq!(change("v3;rsi(period=14)", "v4;rsi(period=14)"), "the catalogue changed: version 4 instead of 3");
        assert_eq!(change("v3;rsi(period=14);atr()", "v3;rsi(period=9);atr()"), "parameters changed: rsi");
        assert_eq!(change("v3;a()", "v3;a();b();c()"), "the catalogue changed: new is b, c");
        assert_eq!(change("v3;a();b()", "v3;c();b()"), "the catalogue changed: new is c, gone is a");
        assert_eq!(change("v3;a();b()", "v3;b();a()"), "the catalogue changed: another order");
        let many = "v3;a();b();c();d();e()";
        assert_eq!(change("v3", many), "the catalogue changed: new is a, b, c and 2 more");
    }
}
