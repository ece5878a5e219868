//! Prices that moved further than the market around them explains.

use super::super::finding::{Finding, Severity, counted};
use super::View;
use super::local::deviations;
use super::splits::{Split, Verdict};

/// Robust deviations of the returns before that are a jump.
const JUMP: f64 = 12.0;
/// And those that no market explains.
const ABSURD: f64 = 60.0;
/// Usual moves of a bar that a night or a weekend may make.
const NIGHT: f64 = 8.0;
/// Bars that show what is usual.
const ENOUGH: usize = 30;
/// A bad tick is so wide, and comes back to within this share of its move.
const TICK: f64 = 30.0;
const BACK: f64 = 0.2;

pub(super) fn find(view: &View<'_>, splits: &[Split]) -> Option<Finding> {
    let bars = view.bars;
    if bars.len() < ENOUGH {
        return None;
    }
    let returns: Vec<f64> = (1..bars.len()).map(|i| (bars[i].close / bars[i - 1].close).ln()).collect();
    let tick = tick(view);
    let apart = |i: usize| !view.is_daily() && view.after_pause(i);
    let mut jumps: Vec<(usize, f64)> = Vec::new();
    // A night or a weekend moves prices further than a bar does.
    let nights = (1..bars.len()).filter(|&i| apart(i)).count();
    for paused in [false, true] {
        // Too few nights are held against the bars, with allowance.
        let few = nights < ENOUGH;
        let group: Vec<usize> = (1..bars.len()).filter(|&i| if few { !paused } else { apart(i) == paused }).collect();
        let sizes: Vec<f64> = group.iter().map(|&i| returns[i - 1]).collect();
        for ((&i, size), usual) in group.iter().zip(&sizes).zip(deviations(&sizes)) {
            let usual = usual.max(tick / bars[i].close);
            let usual = if few && apart(i) { NIGHT * usual } else { usual };
            if usual > 0.0 && size.abs() > JUMP * usual {
                jumps.push((i, size.abs() / usual));
            }
        }
    }
    jumps.retain(|(i, _)| !splits.iter().any(|split| split.bar == *i && split.verdict == Verdict::Split));
    jumps.sort_by_key(|(i, _)| *i);
    let &(widest, deviations) = jumps.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let back = |i: usize| {
        let (there, after) = (returns[i - 1], returns.get(i).copied().unwrap_or(0.0));
        (there + after).abs() < BACK * there.abs()
    };
    let ticks = jumps.iter().filter(|&&(i, wide)| wide > TICK && back(i)).count();
    let doubtful: Vec<&Split> = splits.iter().filter(|split| split.verdict == Verdict::Unsure).collect();
    let mut sentence = format!(
        "{} closed more than {JUMP:.0} robust deviations of the returns before away from the last close; the widest, {:+.1} %, is \
         at {} ({deviations:.0} deviations)",
        counted(jumps.len(), "bar"),
        100.0 * returns[widest - 1].exp_m1(),
        super::super::time_text(bars[widest].timestamp)
    );
    if ticks > 0 {
        sentence.push_str(&format!("; {ticks} of them came straight back, as bad ticks do"));
    }
    for split in &doubtful {
        sentence.push_str(&format!(
            "; the one at {} is near a split {}, but {}",
            super::super::time_text(bars[split.bar].timestamp),
            split.name(),
            split.doubt
        ));
    }
    let grave = ticks > 0 || !doubtful.is_empty() || deviations > ABSURD;
    let severity = if grave { Severity::Warning } else { Severity::Note };
    let places = view.places(jumps.iter().map(|(i, _)| *i));
    let action = "they are used as they are: look at them in the chart";
    Some(Finding::in_series("jumps", severity, jumps.len(), places, (sentence, action)))
}

/// The smallest change of a close; a price of few ticks moves by whole ones.
fn tick(view: &View<'_>) -> f64 {
    let changes = view.bars.windows(2).map(|pair| (pair[1].close - pair[0].close).abs());
    let least = changes.filter(|change| *change > 0.0).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}
