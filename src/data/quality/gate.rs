//! What stands between bars and a training.

use super::super::finding::{Finding, Severity};

/// Names of everything that a judgement or a reading may find, and what each means.
pub const ACCEPTABLE: [(&str, &str); 31] = [
    ("adjusted", "prices adjusted by adjusted closes"),
    ("bad_rows", "rows of which no bar can be made"),
    ("columns", "columns that could be taken for something else"),
    ("conflicts", "two bars of one time that differ"),
    ("constant", "a column that never changes"),
    ("date_order", "dates that could be read in two orders"),
    ("dates", "midnights of another zone, taken as dates"),
    ("duplicates", "rows that repeat a bar"),
    ("future", "bars that open after the present"),
    ("gaps", "bars missing from the calendar"),
    ("holidays", "days on which the market was closed"),
    ("irregular", "bars that do not follow each other by the timeframe"),
    ("jumps", "prices that moved further than the market around them explains"),
    ("no_volume", "a file without volume"),
    ("nonpositive", "prices of zero or below, or volumes below zero"),
    ("off_grid", "open times off the grid of whole bars"),
    ("ohlc", "highs and lows that do not enclose open and close"),
    ("order", "times that do not increase"),
    ("price_scale", "prices in points"),
    ("repeated", "bars that equal the bar before them in every value"),
    ("scaled", "prices multiplied on request"),
    ("skipped_hour", "times in an hour that summer time skips"),
    ("split", "prices torn by a split that they are not adjusted for"),
    ("stale", "prices that stand still for long"),
    ("swapped", "columns that look exchanged"),
    ("swapped_volumes", "base and quote volume in each other's column"),
    ("timezone", "times that look like another clock than UTC"),
    ("unadjusted", "prices as traded beside adjusted closes"),
    ("unfinished", "a last bar that was still forming"),
    ("unpriced", "rows without any price"),
    ("zero_volume", "bars without volume"),
];

/// Findings that refuse a training, in one sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(.findings))]
pub struct Blocked {
    /// The blocking findings that nobody accepted.
    pub findings: Vec<Finding>,
}

/// Lets bars through whose blocking findings are all accepted by name.
///
/// # Errors
/// What blocks, where, and how to accept it.
pub fn gate(findings: &[Finding], accepted: &[String]) -> Result<(), Blocked> {
    let blocks = |finding: &&Finding| finding.severity == Severity::Blocking && !accepted.contains(&finding.name);
    let findings: Vec<Finding> = findings.iter().filter(blocks).cloned().collect();
    if findings.is_empty() { Ok(()) } else { Err(Blocked { findings }) }
}

/// Accepted names that no finding has.
pub fn unknown_names(accepted: &[String]) -> Vec<&str> {
    let known = |name: &&String| ACCEPTABLE.iter().any(|(known, _)| known == name);
    accepted.iter().filter(|name| !known(name)).map(String::as_str).collect()
}

fn sentence(findings: &[Finding]) -> String {
    let each = findings.iter().map(|finding| {
        let first = finding.first.first().map_or_else(String::new, |first| format!(", first {first}"));
        format!("{} ({} found{first}): {}", finding.name, finding.count, finding.sentence)
    });
    let names: Vec<String> = findings.iter().map(|finding| format!("\"{}\"", finding.name)).collect();
    let (them, names) = (if findings.len() == 1 { "it" } else { "them" }, names.join(", "));
    let each: Vec<String> = each.collect();
    format!(
        "the bars are not fit for training: {}; put {them} right, or accept {them} with data.accept = [{names}]",
        each.join("; ")
    )
}
