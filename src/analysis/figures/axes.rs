//! Axes of a plot: a rectangle, two ranges, round ticks.

use super::colormap::{LINE, PANEL};
use super::svg::{Anchor, Style, Svg};

/// How tick values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticks {
    Number,
    /// Fractions shown in per cent.
    Percent,
}

/// A plot area that maps data to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    /// `[x, y, width, height]` in pixels.
    pub(super) area: [f64; 4],
    /// Data range left to right.
    pub(super) x: [f64; 2],
    /// Data range bottom to top.
    pub(super) y: [f64; 2],
}

impl Plot {
    pub(super) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, top, width, height] = self.area;
        let part = |v: f64, [low, high]: [f64; 2]| ((v - low) / (high - low)).clamp(0.0, 1.0);
        [left + part(x, self.x) * width, top + (1.0 - part(y, self.y)) * height]
    }

    pub(super) fn contains(&self, x: f64, y: f64) -> bool {
        (self.x[0]..=self.x[1]).contains(&x) && (self.y[0]..=self.y[1]).contains(&y)
    }

    /// Panel, grid, ticks and axis titles.
    pub(super) fn draw(&self, svg: &mut Svg, x: (&str, Ticks), y: (&str, Ticks)) {
        let [left, top, width, height] = self.area;
        svg.rect(self.area, PANEL, 1.0);
        for (value, text) in ticks(self.x, (width / 80.0) as usize, x.1) {
            let [px, _] = self.at(value, self.y[0]);
            svg.line([px, top], [px, top + height], LINE, 1.0);
            svg.text([px, top + height + 16.0], &text, Style::TICK.at(Anchor::Middle));
        }
        for (value, text) in ticks(self.y, (height / 45.0) as usize, y.1) {
            let [_, py] = self.at(self.x[0], value);
            svg.line([left, py], [left + width, py], LINE, 1.0);
            svg.text([left - 8.0, py + 4.0], &text, Style::TICK.at(Anchor::End));
        }
        svg.frame(self.area, LINE);
        svg.text([left + width / 2.0, top + height + 36.0], x.0, Style::LABEL.at(Anchor::Middle));
        svg.text_up([left - 58.0, top + height / 2.0], y.0, Style::LABEL.at(Anchor::Middle));
    }
}

/// Round values inside `range`, about `count` of them, with their texts.
pub(super) fn ticks([low, high]: [f64; 2], count: usize, style: Ticks) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(2) as f64;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let magnitude = 10.0_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(rough);
    let factor = if style == Ticks::Percent { 100.0 } else { 1.0 };
    let shown = step * factor;
    // As many decimals as the step needs, 2.5 needing one more.
    let decimals = (0..9).find(|d| ((shown * 10.0_f64.powi(*d)).fract() - 0.5).abs() > 0.499_999).unwrap_or(9) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|i| {
            let value = i as f64 * step;
            let unit = if style == Ticks::Percent { " %" } else { "" };
            (value, format!("{:.decimals$}{unit}", value * factor))
        })
        .collect()
}

/// The range of the finite values with a margin; -1..1 without any.
pub(super) fn padded(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values.filter(|v| v.is_finite()) {
        low = low.min(v);
        high = high.max(v);
    }
    if low > high {
        return [-1.0, 1.0];
    }
    let margin = (0.06 * (high - low)).max(1e-9 + 1e-6 * low.abs());
    [low - margin, high + margin]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(range: [f64; 2], count: usize, style: Ticks) -> Vec<String> {
        ticks(range, count, style).into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(texts([0.0, 1.0], 5, Ticks::Number), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts([-0.011, 0.012], 4, Ticks::Percent), ["-1 %", "0 %", "1 %"]);
        assert_eq!(texts([0.0, 0.1], 4, Ticks::Number), ["0.000", "0.025", "0.050", "0.075", "0.100"]);
        assert!(ticks([1.0, 1.0], 4, Ticks::Number).is_empty());
    }

    #[test]
    fn data_land_where_they_belong() {
        let plot = Plot { area: [10.0, 20.0, 100.0, 50.0], x: [0.0, 1.0], y: [-1.0, 1.0] };
        assert_eq!(plot.at(0.0, 1.0), [10.0, 20.0]);
        assert_eq!(plot.at(1.0, 0.0), [110.0, 45.0]);
        assert!(plot.contains(0.5, 0.5) && !plot.contains(0.5, f64::NAN));
    }
}
