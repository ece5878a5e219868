use crate::gui::widgets::MinMax;
use crate::market::Bar;
use eframe::egui;

/// Bars in view, in fractions of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    pub(super) first: f64,
    pub(super) count: f64,
}

const FEWEST: f64 = 12.0;
/// Bars of empty room to the right of the last one.
const ROOM: f64 = 4.0;

impl View {
    pub(super) fn ending_at(bars: usize, count: f64) -> Self {
        Self { first: bars as f64 + ROOM - count, count }
    }

    pub(super) fn center(&mut self, bar: usize) {
        self.first = bar as f64 - 0.6 * self.count;
    }

    pub(super) fn reveal(&mut self, bar: usize) {
        let bar = bar as f64;
        if bar < self.first + 1.0 {
            self.first = bar - 0.1 * self.count;
        } else if bar > self.first + self.count - 2.0 {
            self.first = bar - 0.9 * self.count;
        }
    }

    pub(super) fn clamp(&mut self, bars: usize) {
        self.count = self.count.clamp(FEWEST, (bars as f64 + ROOM).max(FEWEST));
        self.first = self.first.clamp(0.0, (bars as f64 + ROOM - self.count).max(0.0));
    }

    /// Scales by `factor` around the place `share` of the width.
    fn zoom(&mut self, factor: f64, share: f64) {
        let at = self.first + share * self.count;
        self.count = (self.count * factor).max(FEWEST);
        self.first = at - share * self.count;
    }

    pub(super) fn interact(&mut self, ui: &egui::Ui, response: &egui::Response, plot: egui::Rect, bars: usize) {
        let per_point = self.count / f64::from(plot.width().max(1.0));
        if response.dragged() {
            self.first -= f64::from(response.drag_delta().x) * per_point;
        }
        if response.double_clicked() {
            *self = Self::ending_at(bars, super::FIRST_BARS);
        }
        if let Some(pos) = response.hover_pos() {
            let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
            let share = f64::from((pos.x - plot.left()) / plot.width().max(1.0));
            let factor = f64::from(-scroll.y * 0.004).exp() / f64::from(zoom);
            if factor != 1.0 {
                self.zoom(factor.min((bars as f64 + ROOM) / self.count), share);
            }
            self.first -= f64::from(scroll.x) * per_point;
        }
        self.clamp(bars);
    }
}

/// Bars to points and prices to points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    view: View,
    left: f32,
    width: f32,
    top: f32,
    height: f32,
    pub(super) low: f64,
    pub(super) high: f64,
    bars: usize,
}

impl Scale {
    pub(super) fn new(view: &View, plot: egui::Rect, bars: &[Bar], range: &MinMax) -> Self {
        let mut scale = Self {
            view: *view,
            left: plot.left(),
            width: plot.width(),
            top: plot.top(),
            height: plot.height(),
            low: 0.0,
            high: 1.0,
            bars: bars.len(),
        };
        let shown = scale.shown();
        let (low, high) = range.range(shown, |i| (bars[i].low, bars[i].high)).unwrap_or((0.0, 1.0));
        let margin = ((high - low) * 0.06).max(high.abs() * 1e-6);
        (scale.low, scale.high) = (low - margin, high + margin);
        scale
    }

    /// The same bars on another height with another range.
    pub(super) fn with_range(self, rect: egui::Rect, low: f64, high: f64) -> Self {
        Self { top: rect.top(), height: rect.height(), low, high, ..self }
    }

    /// Bars at least partly in view.
    pub(super) fn shown(&self) -> std::ops::Range<usize> {
        let first = self.view.first.floor().max(0.0) as usize;
        let end = (self.view.first + self.view.count).ceil().max(0.0) as usize;
        first.min(self.bars)..end.min(self.bars)
    }

    /// Points per bar.
    pub(super) fn step(&self) -> f32 {
        self.width / self.view.count as f32
    }

    /// Middle of a bar.
    pub(super) fn x(&self, bar: usize) -> f32 {
        self.x_of(bar as f64 + 0.5)
    }

    /// Left edge of a bar, or any place between bars.
    pub(super) fn x_of(&self, bar: f64) -> f32 {
        self.left + ((bar - self.view.first) / self.view.count) as f32 * self.width
    }

    pub(super) fn y(&self, value: f64) -> f32 {
        self.top + ((self.high - value) / (self.high - self.low)) as f32 * self.height
    }

    pub(super) fn bar_at(&self, x: f32) -> Option<usize> {
        let bar = self.view.first + f64::from((x - self.left) / self.width) * self.view.count;
        (bar >= 0.0 && bar < self.bars as f64 && x >= self.left).then_some(bar as usize)
    }

    /// Groups of bars, one per point of width when bars are narrower than a point: (middle, bars).
    pub(super) fn columns(&self) -> Vec<(f32, std::ops::Range<usize>)> {
        let shown = self.shown();
        if self.step() >= 1.0 {
            return shown.map(|bar| (self.x(bar), bar..bar + 1)).collect();
        }
        // Groups start at multiples of their size, so that they do not flicker while panning.
        let size = (1.0 / self.step()).ceil() as usize;
        (shown.start / size..shown.end.div_ceil(size))
            .map(|group| {
                let bars = group * size..((group + 1) * size).min(self.bars);
                (self.x_of(f64::midpoint(bars.start as f64, bars.end as f64)), bars)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_bars_are_a_screen_of_columns() {
        let bars = 1_000_000;
        let mut view = View { first: 0.0, count: 1e9 };
        view.clamp(bars);
        let scale = Scale { view, left: 0.0, width: 1200.0, top: 0.0, height: 100.0, low: 0.0, high: 1.0, bars };
        let columns = scale.columns();
        assert!((600..=1201).contains(&columns.len()), "{}", columns.len());
        assert_eq!((columns[0].1.start, columns.last().unwrap().1.end), (0, bars));
        assert!(columns.windows(2).all(|pair| pair[0].1.end == pair[1].1.start));
    }

    #[test]
    fn places_round_trip() {
        let view = View { first: 10.5, count: 20.0 };
        let scale = Scale { view, left: 5.0, width: 400.0, top: 0.0, height: 100.0, low: 0.0, high: 1.0, bars: 40 };
        for bar in scale.shown() {
            if scale.x(bar) > 5.0 && scale.x(bar) < 405.0 {
                assert_eq!(scale.bar_at(scale.x(bar)), Some(bar));
            }
        }
        assert_eq!(scale.bar_at(0.0), None);
        let mut view = View::ending_at(100, 50.0);
        view.reveal(10);
        assert!(view.first < 10.0 && view.first + view.count > 10.0);
    }
}
