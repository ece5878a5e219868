use std::collections::{BTreeMap, BTreeSet};

use super::{ColumnCausality, ColumnKind};
use crate::dataset::{FeatureSpec, Features, Schema};

/// Features that must not enter a network, with the reason.
pub type Barred = BTreeMap<String, String>;

/// The features of `features` that leak, or come from a line that leaks or is infinite, unless they or one of their
/// lines are named in `admit`.
pub fn bar(features: &Features, verdicts: &[ColumnCausality], admit: &[String]) -> Barred {
    let bad = |kinds: [ColumnKind; 2]| -> BTreeMap<&str, &ColumnCausality> {
        let bad = verdicts.iter().filter(|found| found.is_bad() && kinds.contains(&found.kind));
        bad.map(|found| (found.column.as_str(), found)).collect()
    };
    let lines = bad([ColumnKind::Line, ColumnKind::Formula]);
    let own = bad([ColumnKind::Feature, ColumnKind::External]);
    let admit: BTreeSet<&str> = admit.iter().map(String::as_str).collect();
    let mut barred = Barred::new();
    for spec in features.specs.iter().filter(|spec| spec.group.is_some()) {
        if admit.contains(spec.name.as_str()) || admit.iter().any(|line| is_from(spec, line)) {
            continue;
        }
        let line = lines.iter().find(|(line, _)| is_from(spec, line));
        let reason = match (line, own.get(spec.name.as_str())) {
            (Some((line, found)), _) => format!("{line} {}", found.sentence()),
            (None, Some(found)) => found.sentence(),
            (None, None) => continue,
        };
        barred.insert(spec.name.clone(), reason);
    }
    barred
}

/// The features that are not barred only because they or their lines are named in `admit`, with what is against them.
pub fn admitted(features: &Features, verdicts: &[ColumnCausality], admit: &[String]) -> Barred {
    let barred = bar(features, verdicts, admit);
    bar(features, verdicts, &[]).into_iter().filter(|(name, _)| !barred.contains_key(name)).collect()
}

/// Whether a feature is computed from `line`: as its source, or as the second of a pair `a~b.part`.
fn is_from(spec: &FeatureSpec, line: &str) -> bool {
    let second = || spec.name.split_once('~').and_then(|(_, rest)| rest.strip_prefix(line));
    spec.source.as_deref() == Some(line) || second().is_some_and(|behind| behind.starts_with('.'))
}

/// Makes the barred features missing on every bar, so that no schema takes them.
pub fn withhold(features: &mut Features, barred: &Barred) {
    let columns: Vec<usize> = (0..features.width()).filter(|&i| barred.contains_key(&features.specs[i].name)).collect();
    let width = features.width();
    if columns.is_empty() {
        return;
    }
    for row in features.data.chunks_exact_mut(width) {
        for &column in &columns {
            row[column] = f32::NAN;
        }
    }
}

/// Puts the reasons of `barred` beside the features that `schema` dropped for being missing.
pub fn name_reasons(schema: &mut Schema, barred: &Barred) {
    for (name, reason) in &mut schema.dropped {
        if let Some(why) = barred.get(name) {
            *reason = format!("{why}; features.admit lets it in");
        }
    }
}
