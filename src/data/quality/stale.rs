//! Prices that stand still.

use super::super::finding::{Finding, Place, Severity, counted};
use super::View;
use crate::market::{Bar, weekday};

const DAY: i64 = 86_400_000;
/// Bars without any change that no market shows by chance, if it moves at all.
const DAILY: usize = 5;
const INTRADAY: usize = 10;

pub(super) fn all(view: &View<'_>) -> Vec<Finding> {
    [stale(view), repeated(view)].into_iter().flatten().collect()
}

fn same_prices(a: &Bar, b: &Bar) -> bool {
    (a.open, a.high, a.low, a.close) == (b.open, b.high, b.low, b.close)
}

/// Runs of bars with the same four prices, longer than chance makes them in this market.
fn stale(view: &View<'_>) -> Option<Finding> {
    let bars = view.bars;
    let mut runs: Vec<Place> = Vec::new();
    let mut start = 0;
    for i in 1..=bars.len() {
        if i < bars.len() && same_prices(&bars[i], &bars[i - 1]) {
            continue;
        }
        if i - start > 1 {
            runs.push(view.place(start, i - start));
        }
        start = i;
    }
    let usual = if view.is_daily() { DAILY } else { INTRADAY };
    // The share of repeated bars without the longest runs: those are what is looked for.
    let typical: usize = runs.iter().map(|run| run.bars.min(usual) - 1).sum();
    let chance = typical as f64 / bars.len() as f64;
    // A run that one series in a hundred of this length would show if bars repeated independently.
    let rare = if chance > 0.0 { (100.0 * bars.len() as f64).ln() / -chance.ln() } else { 0.0 };
    let long = usual.max(rare.ceil() as usize + 1);
    runs.retain(|run| run.bars >= long);
    let longest = runs.iter().max_by_key(|run| run.bars)?;
    let count: usize = runs.iter().map(|run| run.bars).sum();
    if count == bars.len() {
        return None; // one price throughout is told as a constant column
    }
    let of = |run: &Place| &bars[run.bar..run.bar + run.bars];
    let traded = runs.iter().filter(|run| of(run).iter().skip(1).any(|bar| bar.volume > 0.0)).count();
    let weekends = runs.iter().filter(|run| of(run).iter().any(|bar| weekday(bar.timestamp) >= 5)).count();
    let mut sentence = format!(
        "prices stand still for {long} bars or more in {} ({}), at most {} together from {}",
        counted(runs.len(), "place"),
        counted(count, "bar"),
        longest.bars,
        super::super::time_text(longest.timestamp)
    );
    sentence.push_str(&match traded {
        0 => "; none has volume".to_owned(),
        all if all == runs.len() => "; all have volume nonetheless".to_owned(),
        some => format!("; {some} have volume nonetheless"),
    });
    if runs.len() > 3 && weekends * 10 >= runs.len() * 8 && !view.is_daily() {
        sentence.push_str("; most are on weekends: the file may fill closed hours with flat bars");
    }
    let filled = longest.bars as i64 * view.step >= DAY;
    let severity = if traded > 0 || filled { Severity::Warning } else { Severity::Note };
    let action = "they are used as they are: returns and ranges are zero there";
    Some(Finding::in_series("stale", severity, count, runs, (sentence, action)))
}

/// Bars that equal the one before them in every value although prices moved within.
fn repeated(view: &View<'_>) -> Option<Finding> {
    let same = |a: &Bar, b: &Bar| same_prices(a, b) && a.volume == b.volume && a.volume > 0.0 && a.high > a.low;
    let places: Vec<usize> = (1..view.bars.len()).filter(|&i| same(&view.bars[i - 1], &view.bars[i])).collect();
    if places.is_empty() {
        return None;
    }
    let sentence = format!(
        "{} equal the bar before them in every value, range and volume included: one bar under two times",
        counted(places.len(), "bar")
    );
    let action = "they are used as they are";
    let count = places.len();
    Some(Finding::in_series("repeated", Severity::Warning, count, view.places(places.into_iter()), (sentence, action)))
}
