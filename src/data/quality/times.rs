//! When the bars are: missing, off the grid, in the future, irregular, unfinished.

use super::super::finding::{Finding, Place, Severity, counted};
use super::{View, percent};
use crate::market::Gap;
use crate::stats;

const DAY: i64 = 86_400_000;
/// Share of the bars missing below which gaps are a note, if none is long; more if hardly two are missing together, as in
/// hours without a trade.
const FEW: f64 = 0.002;
const THIN: f64 = 0.01;
/// Bars typical of a market that a last bar is held against.
const RECENT: usize = 50;

pub(super) fn all(view: &View<'_>, now: Option<i64>) -> Vec<Finding> {
    let found = [gaps(view), holidays(view), off_grid(view), irregular(view), unfinished(view, now)];
    found.into_iter().flatten().chain(now.and_then(|now| future(view, now))).collect()
}

fn places(gaps: &[Gap]) -> Vec<Place> {
    gaps.iter().map(|gap| Place { bar: gap.index, timestamp: gap.first, bars: gap.missing }).collect()
}

fn gaps(view: &View<'_>) -> Option<Finding> {
    let gaps = &view.absences.gaps;
    let missing: usize = gaps.iter().map(|gap| gap.missing).sum();
    let longest = gaps.iter().max_by_key(|gap| gap.missing)?.missing;
    let share = missing as f64 / (missing + view.bars.len()) as f64;
    let long = if view.is_daily() { 5 } else { 24 };
    let minor = share < FEW && longest < long || share < THIN && longest <= 2;
    let severity = if minor { Severity::Note } else { Severity::Warning };
    let sentence = format!(
        "{} missing in {} ({} of those that the {} calendar has), at most {longest} together",
        counted(missing, "bar"),
        counted(gaps.len(), "gap"),
        percent(missing, missing + view.bars.len()),
        view.schedule.calendar()
    );
    let action = "nothing is filled in: the bar behind a gap follows the bar in front of it";
    Some(Finding::in_series("gaps", severity, missing, places(gaps), (sentence, action)))
}

fn holidays(view: &View<'_>) -> Option<Finding> {
    let (closed, short) = (&view.absences.holidays, &view.absences.short_days);
    if closed.is_empty() && short.is_empty() {
        return None;
    }
    let mut all: Vec<Gap> = closed.iter().chain(short).copied().collect();
    all.sort_by_key(|gap| gap.index);
    let mut parts = Vec::new();
    if !closed.is_empty() {
        parts.push(format!("the market was closed {}", times(closed.len())));
    }
    if !short.is_empty() {
        parts.push(format!("a session was cut short {}", times(short.len())));
    }
    let sentence = format!("{}: so few that they look like holidays", parts.join(" and "));
    Some(Finding::in_series("holidays", Severity::Note, all.len(), places(&all), (sentence, "they are no gaps")))
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn off_grid(view: &View<'_>) -> Option<Finding> {
    let off = view.schedule.off_grid(&view.timestamps);
    if off.is_empty() {
        return None;
    }
    let share = percent(off.len(), view.bars.len());
    let sentence = format!("{} ({share}) off the grid of whole bars", counted(off.len(), "bar"));
    let action = "they are used as they are, at their own time";
    let count = off.len();
    Some(Finding::in_series("off_grid", Severity::Warning, count, view.places(off.into_iter()), (sentence, action)))
}

/// Bars that are no bars of time at all, or very thin ones.
fn irregular(view: &View<'_>) -> Option<Finding> {
    // Beyond a day months and holidays make steps differ.
    let near = if view.is_daily() { view.step + view.step / 2 } else { DAY / 4 };
    if view.step > 7 * DAY {
        return None;
    }
    let steps = view.timestamps.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step <= near.max(view.step));
    let (mut regular, mut all) = (0, 0);
    for step in steps {
        regular += usize::from(step == view.step);
        all += 1;
    }
    if all < 20 || regular * 2 >= all {
        return None;
    }
    let sentence = format!(
        "only {} of the bars follow the bar before them by one timeframe: are they bars of ticks or volume, or is it another timeframe?",
        percent(regular, all)
    );
    let action = "every bar counts as one, whatever time it took";
    Some(Finding::in_series("irregular", Severity::Warning, all - regular, Vec::new(), (sentence, action)))
}

fn future(view: &View<'_>, now: i64) -> Option<Finding> {
    let from = view.timestamps.partition_point(|&time| time <= now);
    let count = view.bars.len() - from;
    let last = *view.timestamps.last()?;
    if count == 0 {
        return None;
    }
    // A day is what a wrong time zone can do.
    let severity = if last - now > DAY { Severity::Blocking } else { Severity::Warning };
    let sentence = format!(
        "{} after the present: are day and month exchanged, or is it another time zone?",
        counted(count, "bar")
    );
    let action = match severity {
        Severity::Blocking => {
            "training is refused until the times are right or the finding is accepted with data.accept = [\"future\"]"
        }
        _ => "they are used as they are",
    };
    Some(Finding::in_series("future", severity, count, view.places(from..view.bars.len()), (sentence, action)))
}

fn unfinished(view: &View<'_>, now: Option<i64>) -> Option<Finding> {
    let at = view.bars.len().checked_sub(1)?;
    let last = &view.bars[at];
    let (severity, sentence) = if now.is_some_and(|now| last.timestamp <= now && now < last.timestamp + view.step) {
        (Severity::Warning, "the last bar is still forming")
    } else {
        let recent = &view.bars[at.saturating_sub(RECENT)..at];
        let median = |value: &dyn Fn(usize) -> f64| stats::median(&(0..recent.len()).map(value).collect::<Vec<_>>());
        let volume = median(&|i| recent[i].volume);
        let range = median(&|i| recent[i].high - recent[i].low);
        let small = last.volume < 0.05 * volume && last.high - last.low < 0.25 * range;
        if recent.len() < RECENT || !small {
            return None;
        }
        (Severity::Note, "the last bar has hardly any volume and range: it may have been forming still")
    };
    let action = "it is used as it is: leave it out with an earlier end";
    let places = view.places(std::iter::once(at));
    Some(Finding::in_series("unfinished", severity, 1, places, (sentence.to_owned(), action)))
}
