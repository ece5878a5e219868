use super::super::finding::{Finding, Place, Severity, counted};
use super::{View, percent};

/// Bars without volume together that are a change of the market rather than a quiet hour.
const LONG: usize = 100;

/// Bars without volume.
pub(super) fn all(view: &View<'_>) -> Option<Finding> {
    let runs = runs(view);
    let count: usize = runs.iter().map(|run| run.bars).sum();
    let longest = runs.iter().max_by_key(|run| run.bars)?;
    let share = count as f64 / view.bars.len() as f64;
    if count == view.bars.len() {
        let sentence = "no bar has a volume".to_owned();
        let action = "what is computed from volume is missing, and its features are dropped by name";
        return Some(Finding::in_series("zero_volume", Severity::Note, count, Vec::new(), (sentence, action)));
    }
    // A volume that begins or ends within a series changes the meaning of every feature made of it.
    let torn = longest.bars >= LONG && longest.bars as f64 >= 0.02 * view.bars.len() as f64;
    let severity = if torn || share > 0.5 { Severity::Warning } else { Severity::Note };
    let mut sentence = format!(
        "no volume in {} ({}), at most {} together from {}",
        counted(count, "bar"),
        percent(count, view.bars.len()),
        longest.bars,
        super::super::time_text(longest.timestamp)
    );
    if torn && longest.bar == 0 {
        sentence.push_str(": volume begins only after them");
    }
    let action =
        "they are used as they are; where volume is zero throughout an indicator's window, its line is missing or flat";
    Some(Finding::in_series("zero_volume", severity, count, runs, (sentence, action)))
}

fn runs(view: &View<'_>) -> Vec<Place> {
    let mut runs: Vec<Place> = Vec::new();
    for (i, _) in view.bars.iter().enumerate().filter(|(_, bar)| bar.volume == 0.0) {
        match runs.last_mut() {
            Some(run) if run.bar + run.bars == i => run.bars += 1,
            _ => runs.push(view.place(i, 1)),
        }
    }
    runs
}
