use super::axes::{Plot, Ticks, padded};
use super::colormap::{LINE, TEXT, WARNING, WEAK, diverging, regime_colour};
use super::svg::{Anchor, Style, Svg};
use crate::stats::{median, quantile};

const MOST_POINTS: usize = 2500;
/// A hull holds this share of its regime, the rest being the farthest from the regime's median.
const HULL_SHARE: f64 = 0.8;

/// One bar in the plane of the first two principal components.
#[derive(Debug, Clone, Copy)]
pub struct RegimePoint {
    /// First and second coordinate.
    pub at: [f64; 2],
    /// Forward return as a fraction; NaN where there is no label.
    pub forward_return: f64,
    /// Most probable regime.
    pub regime: usize,
    /// Whether the bar lies outside what the train slice showed.
    pub outlier: bool,
}

/// What [`regime_space`] draws.
#[derive(Debug, Clone, Copy)]
pub struct RegimeSpaceFigure<'a> {
    /// Name of the run or model.
    pub name: &'a str,
    /// Slice in words.
    pub slice: &'a str,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Bars in time order.
    pub points: &'a [RegimePoint],
    /// Share of variance along the two components.
    pub explained: [f64; 2],
    /// Number of regimes.
    pub k: usize,
}

/// Latent space coloured by forward return, with a hull and a number for each regime.
pub fn regime_space(figure: &RegimeSpaceFigure<'_>) -> String {
    let mut svg = Svg::new(1080.0, 720.0);
    svg.text([24.0, 32.0], &format!("Regime space: {}", figure.name), Style::TITLE);
    let points: Vec<&RegimePoint> = figure.points.iter().filter(|p| p.at.iter().all(|v| v.is_finite())).collect();
    let drawn: Vec<&RegimePoint> = points.iter().step_by(points.len().div_ceil(MOST_POINTS).max(1)).copied().collect();
    let about = format!(
        "{}; {} bars, {} drawn; principal components of the latent means; hulls hold the central {:.0} % of a regime",
        figure.slice,
        points.len(),
        drawn.len(),
        100.0 * HULL_SHARE
    );
    svg.text([24.0, 52.0], &about, Style::LABEL);
    let plot = Plot {
        area: [84.0, 74.0, 760.0, 580.0],
        x: padded(points.iter().map(|p| p.at[0])),
        y: padded(points.iter().map(|p| p.at[1])),
    };
    let [x, y] = figure.explained.map(|share| 100.0 * share);
    let titles = [format!("component 1 ({x:.1} % of variance)"), format!("component 2 ({y:.1} % of variance)")];
    plot.draw(&mut svg, (&titles[0], Ticks::Number), (&titles[1], Ticks::Number));
    let members: Vec<Vec<[f64; 2]>> =
        (0..figure.k).map(|regime| points.iter().filter(|p| p.regime == regime).map(|p| p.at).collect()).collect();
    let hulls: Vec<Vec<[f64; 2]>> =
        members.iter().map(|m| hull(&central(m)).into_iter().map(|[x, y]| plot.at(x, y)).collect()).collect();
    for (regime, hull) in hulls.iter().enumerate() {
        svg.polygon(hull, regime_colour(regime), 0.10, None);
    }
    let sizes: Vec<f64> = points.iter().map(|p| p.forward_return.abs()).filter(|r| r.is_finite()).collect();
    let reach = if sizes.is_empty() { 1.0 } else { quantile(&sizes, 0.95).max(f64::MIN_POSITIVE) };
    for point in &drawn {
        let at = plot.at(point.at[0], point.at[1]);
        if point.forward_return.is_finite() {
            svg.circle(at, 2.6, diverging(point.forward_return / reach), 0.8);
        } else {
            svg.ring(at, 2.2, WEAK);
        }
        if point.outlier {
            svg.ring(at, 5.0, WARNING);
        }
    }
    for (regime, hull) in hulls.iter().enumerate() {
        svg.polygon(hull, regime_colour(regime), 0.0, Some(regime_colour(regime)));
    }
    for (regime, member) in members.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let [x, y] = plot.at(coordinate_median(member, 0), coordinate_median(member, 1));
        svg.circle([x, y], 11.0, regime_colour(regime), 1.0);
        let style = Style { colour: super::colormap::BACKGROUND, size: 13.0, bold: true, ..Style::TICK };
        svg.text([x, y + 4.5], &regime.to_string(), style.at(Anchor::Middle));
    }
    legend(&mut svg, figure, &members, &points, reach);
    svg.finish()
}

fn legend(
    svg: &mut Svg,
    figure: &RegimeSpaceFigure<'_>,
    members: &[Vec<[f64; 2]>],
    points: &[&RegimePoint],
    reach: f64,
) {
    let x = 872.0;
    svg.text([x, 90.0], "Regime, share of bars", Style::HEADING);
    for (regime, member) in members.iter().enumerate() {
        let y = 112.0 + 22.0 * regime as f64;
        let share = 100.0 * member.len() as f64 / points.len().max(1) as f64;
        svg.circle([x + 8.0, y - 4.0], 7.0, regime_colour(regime), 1.0);
        svg.text([x + 26.0, y], &regime.to_string(), Style::TICK.coloured(TEXT));
        svg.text([x + 96.0, y], &format!("{share:.1} %"), Style::TICK.coloured(TEXT).at(Anchor::End));
        svg.text([x + 176.0, y], &format!("n {}", member.len()), Style::TICK.at(Anchor::End));
    }
    let y = 140.0 + 22.0 * figure.k as f64;
    svg.text([x, y], "Forward return", Style::HEADING);
    svg.text([x, y + 17.0], &format!("over {} bars", figure.horizon), Style::LABEL);
    let steps: Vec<f64> = (0..=32).rev().map(|i| f64::from(i) / 16.0 - 1.0).collect();
    let (top, height) = (y + 30.0, 150.0);
    svg.cells([x, top], [14.0, height / 33.0], 1, &steps, diverging);
    svg.frame([x, top, 14.0, height], LINE);
    for (at, text) in [
        (top + 8.0, format!("+{:.2} % and more", 100.0 * reach)),
        (top + height / 2.0 + 4.0, "0 %".to_owned()),
        (top + height, format!("-{:.2} % and less", 100.0 * reach)),
    ] {
        svg.text([x + 24.0, at], &text, Style::TICK);
    }
    let outliers = points.iter().filter(|p| p.outlier).count();
    let open = points.iter().filter(|p| !p.forward_return.is_finite()).count();
    svg.ring([x + 7.0, top + height + 52.0], 2.2, WEAK);
    svg.text([x + 24.0, top + height + 56.0], &format!("no return yet, n {open}"), Style::TICK);
    svg.ring([x + 7.0, top + height + 30.0], 5.0, WARNING);
    svg.text([x + 24.0, top + height + 34.0], &format!("outlier, n {outliers}"), Style::TICK);
}

fn coordinate_median(points: &[[f64; 2]], axis: usize) -> f64 {
    median(&points.iter().map(|p| p[axis]).collect::<Vec<_>>())
}

/// The points nearest their coordinate-wise median.
fn central(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let centre = [coordinate_median(points, 0), coordinate_median(points, 1)];
    let mut sorted = points.to_vec();
    let far = |p: &[f64; 2]| (p[0] - centre[0]).hypot(p[1] - centre[1]);
    sorted.sort_by(|a, b| far(a).total_cmp(&far(b)));
    sorted.truncate((HULL_SHARE * points.len() as f64).ceil() as usize);
    sorted
}

/// Convex hull, counter-clockwise (Andrew's monotone chain, 1979).
fn hull(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let left_turn =
        |o: [f64; 2], a: [f64; 2], b: [f64; 2]| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]) > 0.0;
    let chain = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut out: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while out.len() >= 2 && !left_turn(out[out.len() - 2], out[out.len() - 1], point) {
                out.pop();
            }
            out.push(point);
        }
        out.pop();
        out
    };
    let mut lower = chain(&mut sorted.iter().copied());
    lower.extend(chain(&mut sorted.iter().rev().copied()));
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_of_a_square_with_points_inside_and_on_its_edge() {
        let points = [[0.0, 0.0], [2.0, 2.0], [1.0, 1.0], [2.0, 0.0], [1.0, 0.0], [0.0, 2.0]];
        assert_eq!(hull(&points), [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]);
        assert!(hull(&[]).is_empty());
    }

    #[test]
    fn the_centre_leaves_far_points_out() {
        let mut points = vec![[0.0, 0.0]; 8];
        points.extend([[50.0, 0.0], [0.0, 50.0]]);
        assert_eq!(central(&points), [[0.0, 0.0]; 8]);
    }
}
