use super::RunCheck;

/// Figures that a choice of bars gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The bars, in words.
    pub bars: String,
    /// The figures, in the order of the recorded ones; NaN where undefined.
    pub figures: Vec<f64>,
}

/// Which bars gave the `recorded` figures, within the relative `tolerance`: `honest`, or others, which is a leak.
///
/// `what`: what the figures belong to, as the subject of a sentence.
pub fn selected_on(
    check: &'static str,
    what: &str,
    recorded: &[f64],
    honest: &Candidate,
    others: &[Candidate],
    tolerance: f64,
) -> RunCheck {
    let same = |candidate: &Candidate| {
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance * a.abs().max(b.abs()) || (a.is_nan() && b.is_nan());
        let known = candidate.figures.iter().any(|figure| figure.is_finite());
        known
            && candidate.figures.len() == recorded.len()
            && recorded.iter().zip(&candidate.figures).all(|(&a, &b)| near(a, b))
    };
    if same(honest) {
        return RunCheck::ok(check, format!("{what} comes from {}", honest.bars));
    }
    match others.iter().find(|candidate| same(candidate)) {
        Some(other) => RunCheck::leak(check, format!("{what} comes from {}, not from {}", other.bars, honest.bars)),
        None => RunCheck::not_checkable(
            check,
            format!("{what} cannot be found again on {} nor on other slices", honest.bars),
        ),
    }
}
