//! What is the same and what differs: lines and catalogues.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::json;

use crate::indicators::{Line, Lines};

const SHOWN: usize = 3;

/// How a catalogue differs from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct CatalogueChange {
    /// The same indicators with other parameters.
    pub(in crate::data) parameters: bool,
    /// What differs, for people.
    pub(in crate::data) words: String,
}

/// The difference between the catalogue a capture was made with and the present one, as
/// [`crate::indicators::catalogue_key`] writes them; nothing if there is none.
pub(in crate::data) fn catalogue_change(stored: &str, present: &str) -> Option<CatalogueChange> {
    if stored == present {
        return None;
    }
    let change = |parameters, words| Some(CatalogueChange { parameters, words });
    let (old_version, old) = parts(stored);
    let (version, new) = parts(present);
    if old_version != version {
        return change(false, format!("version {} instead of {}", bare(version), bare(old_version)));
    }
    let gone: BTreeSet<&str> = old.difference(&new).copied().collect();
    let added: BTreeSet<&str> = new.difference(&old).copied().collect();
    let both = |part: fn(&str) -> &str| -> BTreeSet<&str> {
        let gone: BTreeSet<&str> = gone.iter().map(|instance| part(instance)).collect();
        gone.intersection(&added.iter().map(|instance| part(instance)).collect()).copied().collect()
    };
    let rewritten = both(|instance| instance.split('#').next().unwrap_or_default());
    if !rewritten.is_empty() {
        return change(false, format!("other text of {}", listed(rewritten.into_iter().map(id))));
    }
    let tuned = both(id);
    if !tuned.is_empty() {
        return change(true, listed(tuned.into_iter()));
    }
    let words = |what: &str, instances: &BTreeSet<&str>| {
        let ids: BTreeSet<&str> = instances.iter().map(|instance| id(instance)).collect();
        (!ids.is_empty()).then(|| format!("{what} {}", listed(ids.into_iter())))
    };
    let changes: Vec<String> = [words("new is", &added), words("gone is", &gone)].into_iter().flatten().collect();
    // The same indicators in another order.
    change(false, if changes.is_empty() { "another order".to_owned() } else { changes.join(", ") })
}

/// Version and instances of a key.
fn parts(key: &str) -> (&str, BTreeSet<&str>) {
    let mut parts = key.split(';');
    (parts.next().unwrap_or_default(), parts.collect())
}

/// The id in `id(name=value)#hash`.
fn id(instance: &str) -> &str {
    instance.split('(').next().unwrap_or_default()
}

fn listed<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let ids: Vec<&str> = ids.collect();
    let more = ids.len().saturating_sub(SHOWN);
    let shown = ids[..ids.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn bare(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Gives values the bits they have when read again: zero without a sign, one kind of missing.
pub(in crate::data) fn canonical(lines: &mut Lines) {
    lines.columns.par_iter_mut().for_each(|line| {
        for value in &mut line.values {
            *value = if value.is_nan() { f64::NAN } else { *value + 0.0 };
        }
    });
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
        assert_eq!(change("v3;rsi(period=14)", "v4;rsi(period=14)"), "version 4 instead of 3");
        assert_eq!(change("v3;rsi(period=14);atr()", "v3;rsi(period=9);atr()"), "rsi");
        assert!(catalogue_change("v3;rsi(period=14)", "v3;rsi(period=9)").unwrap().parameters);
        assert_eq!(change("v3;mine(n=3)#ab", "v3;mine(n=3)#cd"), "other text of mine");
        assert_eq!(change("v3;a()", "v3;a();b();c()"), "new is b, c");
        assert_eq!(change("v3;a();b()", "v3;c();b()"), "new is c, gone is a");
        assert_eq!(change("v3;a();b()", "v3;b();a()"), "another order");
        assert_eq!(change("v3", "v3;a();b();c();d();e()"), "new is a, b, c and 2 more");
    }
}
