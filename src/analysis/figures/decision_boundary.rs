use super::axes::{Plot, Ticks, padded};
use super::colormap::{ACCENT, DOWN, LINE, PANEL, Rgb, TEXT, UP, WARNING, WEAK};
use super::svg::{Style, Svg};
use crate::analysis::calibration::{CalibrationReport, CalibrationVerdict};
use crate::analysis::decision::{DecisionBoundary, DecisionGroup, HIGH, LOW};
use crate::stats::{Interval, quantile};

const MOST_POINTS: usize = 2500;

/// What [`decision_boundary`] draws.
#[derive(Debug, Clone, Copy)]
pub struct DecisionFigure<'a> {
    /// Name of the run or model.
    pub name: &'a str,
    /// Slice in words.
    pub slice: &'a str,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Entry probability per bar; NaN without a prediction.
    pub probability: &'a [f64],
    /// Forward return per bar as a fraction; NaN without a label.
    pub forward_return: &'a [f64],
    /// Their summary.
    pub decision: &'a DecisionBoundary,
    /// Calibration of the same probabilities.
    pub calibration: &'a CalibrationReport,
}

/// Probability against forward return and lift on the left, reliability and the spread of forecasts on the right.
pub fn decision_boundary(figure: &DecisionFigure<'_>) -> String {
    let mut svg = Svg::new(1360.0, 860.0);
    svg.text([24.0, 32.0], &format!("Decision boundary and calibration: {}", figure.name), Style::TITLE);
    let decision = figure.decision;
    let about = format!(
        "{}; {} bars with a label, worth about {:.0} independent ones; forward return over {} bars; a win is above the round-trip cost of {:.2} %; intervals 95 %",
        figure.slice,
        decision.n,
        decision.n_eff,
        figure.horizon,
        100.0 * decision.cost
    );
    svg.text([24.0, 52.0], &about, Style::LABEL);
    returns(&mut svg, figure);
    lift(&mut svg, decision);
    reliability(&mut svg, figure.calibration);
    spread(&mut svg, figure);
    svg.finish()
}

fn returns(svg: &mut Svg, figure: &DecisionFigure<'_>) {
    let decision = figure.decision;
    let pairs: Vec<(f64, f64)> = figure
        .probability
        .iter()
        .zip(figure.forward_return)
        .filter(|(p, r)| p.is_finite() && r.is_finite())
        .map(|(p, r)| (*p, *r))
        .collect();
    let sizes: Vec<f64> = pairs.iter().map(|(_, r)| r.abs()).collect();
    let bounds = decision.bins.iter().flat_map(|b| [b.mean_return.low.abs(), b.mean_return.high.abs()]);
    let reach = bounds.filter(|v| v.is_finite()).fold(quantile(&sizes, 0.97), f64::max).max(1e-9);
    let plot = Plot { area: [90.0, 124.0, 560.0, 400.0], x: [0.0, 1.0], y: [-reach, reach] };
    svg.text([90.0, 84.0], "Forward return by entry probability", Style::HEADING);
    svg.text([90.0, 103.0], &group_text("p > 0.7", decision.high.as_ref()), Style::TICK.coloured(UP));
    svg.text([90.0, 118.0], &group_text("p < 0.3", decision.low.as_ref()), Style::TICK.coloured(DOWN));
    plot.draw(svg, ("entry probability p", Ticks::Number), ("forward return", Ticks::Percent));
    let mut beyond = 0;
    for (i, (p, r)) in pairs.iter().enumerate() {
        if !plot.contains(*p, *r) {
            beyond += 1;
        } else if i % pairs.len().div_ceil(MOST_POINTS) == 0 {
            svg.circle(plot.at(*p, *r), 1.7, if *r > decision.cost { UP } else { DOWN }, 0.35);
        }
    }
    svg.line(plot.at(0.0, 0.0), plot.at(1.0, 0.0), WEAK, 1.0);
    for threshold in [LOW, HIGH] {
        svg.dashed(plot.at(threshold, -reach), plot.at(threshold, reach), WEAK);
    }
    for bin in &decision.bins {
        mark(svg, plot, bin.p_mean, bin.mean_return, TEXT);
    }
    let [x, y, ..] = plot.area;
    svg.rect([x + 4.0, y + 5.0, 170.0, 18.0], PANEL, 0.85);
    svg.rect([x + 4.0, y + 377.0, 228.0, 18.0], PANEL, 0.85);
    svg.text([x + 8.0, y + 18.0], &format!("{beyond} bars beyond the frame"), Style::TICK);
    svg.text([x + 8.0, y + 390.0], "white: mean per tenth of the bars", Style::TICK.coloured(TEXT));
}

fn group_text(name: &str, group: Option<&DecisionGroup>) -> String {
    group.map_or_else(
        || format!("{name}: no bar"),
        |g| {
            let (r, w) = (g.mean_return, g.win_rate);
            format!(
                "{name}: n {}, mean {:+.2} % ({:+.2} to {:+.2}), wins {:.0} % ({:.0} to {:.0})",
                g.n,
                100.0 * r.estimate,
                100.0 * r.low,
                100.0 * r.high,
                100.0 * w.estimate,
                100.0 * w.low,
                100.0 * w.high
            )
        },
    )
}

fn mark(svg: &mut Svg, plot: Plot, x: f64, y: Interval, colour: Rgb) {
    if y.low.is_finite() && y.high.is_finite() {
        svg.line(plot.at(x, y.low), plot.at(x, y.high), colour, 2.0);
    }
    svg.circle(plot.at(x, y.estimate), 4.0, colour, 1.0);
}

fn lift(svg: &mut Svg, decision: &DecisionBoundary) {
    let base = decision.all.mean_return.estimate;
    // The first per cent or so is a handful of bars and would set the scale.
    let settled = decision.lift.iter().filter(|p| p.share >= 0.02);
    let y = padded(settled.map(|p| p.mean_return).chain([base, 0.0]));
    let plot = Plot { area: [90.0, 636.0, 560.0, 160.0], x: [0.0, 1.0], y };
    let ic = decision.rank_ic.map_or_else(String::new, |ic| {
        format!("; rank correlation with p {:+.3} ({:+.3} to {:+.3})", ic.estimate, ic.low, ic.high)
    });
    svg.text([90.0, 604.0], "Lift: mean return of the bars with the highest p", Style::HEADING);
    svg.text([90.0, 623.0], &format!("dashed: all bars {:+.3} %{ic}", 100.0 * base), Style::TICK);
    plot.draw(svg, ("share of bars taken", Ticks::Percent), ("mean return", Ticks::Percent));
    svg.dashed(plot.at(0.0, base), plot.at(1.0, base), WEAK);
    let curve: Vec<[f64; 2]> = decision.lift.iter().map(|p| plot.at(p.share, p.mean_return)).collect();
    svg.polyline(&curve, ACCENT, 2.0);
}

fn reliability(svg: &mut Svg, report: &CalibrationReport) {
    let plot = Plot { area: [770.0, 124.0, 560.0, 400.0], x: [0.0, 1.0], y: [0.0, 1.0] };
    let colour = if report.verdict == CalibrationVerdict::WellCalibrated { TEXT } else { WARNING };
    svg.text([770.0, 84.0], "Reliability: stated probability against what happened", Style::HEADING);
    // The last part repeats the calibration error, which stands in the corner.
    for (i, part) in report.sentence.split("; ").take(2).enumerate() {
        let style = if i == 0 { Style::TICK.coloured(colour) } else { Style::TICK };
        svg.text([770.0, 103.0 + 15.0 * i as f64], part, style);
    }
    plot.draw(svg, ("mean entry probability of the bin", Ticks::Number), ("share of positive labels", Ticks::Number));
    let upper = report.bins.iter().map(|b| plot.at(b.mean_p, b.band_high));
    let lower = report.bins.iter().rev().map(|b| plot.at(b.mean_p, b.band_low));
    svg.polygon(&upper.chain(lower).collect::<Vec<_>>(), ACCENT, 0.16, None);
    svg.dashed(plot.at(0.0, 0.0), plot.at(1.0, 1.0), WEAK);
    let curve: Vec<[f64; 2]> = report.bins.iter().map(|b| plot.at(b.mean_p, b.frequency)).collect();
    svg.polyline(&curve, ACCENT, 1.5);
    for (bin, at) in report.bins.iter().zip(curve) {
        let inside = (bin.band_low..=bin.band_high).contains(&bin.frequency);
        svg.circle(at, 4.5, if inside { ACCENT } else { WARNING }, 1.0);
    }
    let lines = [
        format!("n {} (effective {:.0})", report.n, report.n_eff),
        format!("ECE {:.4}, chance {:.4}", report.ece, report.ece_null95),
        format!("Brier {:.4}, in bins:", report.brier),
        format!("+ reliability {:.4}", report.reliability),
        format!("\u{2212} resolution {:.4}", report.resolution),
        format!("+ uncertainty {:.4}", report.uncertainty),
        format!("log loss {:.4}", report.log_loss),
    ];
    let [x, y, ..] = plot.area;
    svg.rect([x + 6.0, y + 6.0, 190.0, 120.0], PANEL, 0.85);
    for (i, line) in lines.iter().enumerate() {
        svg.text([x + 12.0, y + 22.0 + 16.0 * i as f64], line, Style::TICK.coloured(TEXT));
    }
    let note = "band: 95 % of calibrated forecasters, all bins at once";
    svg.text([x + 552.0, y + 390.0], note, Style::TICK.at(super::svg::Anchor::End));
}

fn spread(svg: &mut Svg, figure: &DecisionFigure<'_>) {
    let mut counts = [0_usize; 40];
    for p in figure.probability.iter().filter(|p| p.is_finite()) {
        counts[((p * 40.0) as usize).min(39)] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    let plot = Plot { area: [770.0, 636.0, 560.0, 160.0], x: [0.0, 1.0], y: [0.0, 1.05 * most] };
    svg.text([770.0, 604.0], "How the forecasts are spread", Style::HEADING);
    svg.text([770.0, 623.0], &format!("{} bars with a prediction", counts.iter().sum::<usize>()), Style::TICK);
    plot.draw(svg, ("entry probability p", Ticks::Number), ("bars", Ticks::Number));
    for (i, count) in counts.iter().enumerate() {
        let [left, top] = plot.at(i as f64 / 40.0, *count as f64);
        let [right, bottom] = plot.at((i + 1) as f64 / 40.0, 0.0);
        svg.rect([left + 0.5, top, right - left - 1.0, bottom - top], ACCENT, 0.75);
    }
    svg.frame(plot.area, LINE);
}
