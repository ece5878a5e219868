use eframe::egui::Color32;
use serde::{Deserialize, Serialize};

use super::words::{clock, figure, thousands};

/// What curves stand over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::gui) enum XAxis {
    /// Optimiser steps.
    Step,
    /// Epochs, with fractions within one.
    #[default]
    Epoch,
    /// Seconds of training.
    Time,
}

impl XAxis {
    pub(in crate::gui) const ALL: [Self; 3] = [Self::Step, Self::Epoch, Self::Time];

    /// The word on its button.
    pub(in crate::gui) const fn title(self) -> &'static str {
        match self {
            Self::Step => "Step",
            Self::Epoch => "Epoch",
            Self::Time => "Time",
        }
    }

    /// A place in words: `epoch 2.31`.
    pub(in crate::gui) fn words(self, x: f64) -> String {
        match self {
            Self::Step => format!("step {}", thousands(x.round() as usize)),
            Self::Epoch => format!("epoch {}", (x * 100.0).round() / 100.0),
            Self::Time => self.tick(x),
        }
    }

    /// A place below the axis.
    pub(in crate::gui) fn tick(self, x: f64) -> String {
        match self {
            Self::Step if x >= 10_000.0 => format!("{}k", (x / 100.0).round() / 10.0),
            Self::Step | Self::Epoch => format!("{}", (x * 1e3).round() / 1e3),
            Self::Time if x < 120.0 => format!("{} s", (x * 1e2).round() / 1e2),
            Self::Time => clock(x),
        }
    }

    /// Distance of the labels, at least `step`.
    pub(in crate::gui) fn round(self, step: f64) -> f64 {
        const CLOCK: [f64; 9] = [60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0];
        match self {
            Self::Time if step > 30.0 => {
                CLOCK.into_iter().find(|known| *known >= step).unwrap_or_else(|| 3600.0 * nice(step / 3600.0))
            }
            Self::Time => nice(step),
            Self::Step | Self::Epoch => nice(step).max(1.0),
        }
    }
}

/// 1, 2 or 5 times a power of ten, at least `step`.
pub(in crate::gui) fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1e-300).log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|t| t * power >= 0.999 * step).unwrap_or(10.0);
    times * power
}

/// One line: points are (place, value), by rising place; values that do not exist are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::gui) struct Curve {
    /// For legend and tooltip.
    pub(in crate::gui) name: String,
    pub(in crate::gui) color: Color32,
    /// Exact values.
    pub(in crate::gui) raw: Vec<[f64; 2]>,
    /// The same values smoothed over all of them; empty to draw the exact ones alone.
    pub(in crate::gui) smooth: Vec<[f64; 2]>,
    /// Least and largest of the runs whose mean it is, at the places of `raw`; empty for one run.
    pub(in crate::gui) band: Vec<[f64; 2]>,
    /// Of other runs.
    pub(in crate::gui) foreign: bool,
    /// Has points within epochs.
    pub(in crate::gui) fine: bool,
}

impl Curve {
    /// The point that stands for place `x`: an own curve's last one up to there, another run's nearest one unless the run
    /// ended before. Always an exact value with its own place, never an invented one.
    pub(in crate::gui) fn at(&self, x: f64) -> Option<usize> {
        let points = &self.raw;
        let after = points.partition_point(|point| point[0] <= x);
        if !self.foreign {
            return after.checked_sub(1);
        }
        let gap = |i: usize| if i == 0 { points[0][0] } else { points[i][0] - points[i - 1][0] };
        let last = points.len().checked_sub(1)?;
        let near = match after {
            0 => 0,
            after if after > last => last,
            after if points[after][0] - x < x - points[after - 1][0] => after,
            after => after - 1,
        };
        let reach = if x < points[near][0] { gap(near) } else { gap((near + 1).min(last)) };
        ((x - points[near][0]).abs() <= 0.5 * reach).then_some(near)
    }
}

/// A small chart of curves.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gui) struct Figure {
    pub(in crate::gui) title: String,
    /// One sentence: what it means, with its unit.
    pub(in crate::gui) help: String,
    pub(in crate::gui) curves: Vec<Curve>,
    /// A level to compare with.
    pub(in crate::gui) reference: Option<(f64, &'static str)>,
}

impl Figure {
    /// Names and exact values at a place in words; a value of another place says which.
    pub(in crate::gui) fn words(&self, axis: XAxis, x: f64) -> String {
        let here = axis.words(x);
        let word = |curve: &Curve| {
            let [at, value] = curve.raw[curve.at(x)?];
            let there = axis.words(at);
            let place = if there == here { String::new() } else { format!(" ({there})") };
            Some(format!("{} {}{place}", curve.name, figure(value)))
        };
        let values: Vec<String> = self.curves.iter().filter_map(word).collect();
        format!("{} at {here}: {}", self.title, values.join(", "))
    }

    /// The place of a point nearest to `x`, of the own curves if there are any.
    pub(super) fn nearest(&self, x: f64) -> Option<f64> {
        let near = |foreign: bool| {
            let curves = self.curves.iter().filter(move |curve| curve.foreign == foreign);
            let places = curves.flat_map(|curve| {
                let after = curve.raw.partition_point(|point| point[0] <= x);
                curve.raw[after.saturating_sub(1)..].iter().take(2).map(|point| point[0])
            });
            places.min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
        };
        near(false).or_else(|| near(true))
    }

    /// Least and largest of everything drawn.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let points = self.curves.iter().flat_map(|c| c.raw.iter().chain(&c.smooth)).map(|point| point[1]);
        let bands = self.curves.iter().flat_map(|c| &c.band).flatten().copied();
        let all = points.chain(bands).chain(self.reference.map(|(level, _)| level)).filter(|v| v.is_finite());
        all.fold(None, |range, v| Some(range.map_or((v, v), |(lo, hi): (f64, f64)| (lo.min(v), hi.max(v)))))
    }

    /// First and last place.
    pub(super) fn places(&self) -> Option<(f64, f64)> {
        let ends = self.curves.iter().filter_map(|c| Some((c.raw.first()?[0], c.raw.last()?[0])));
        ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_exact_values_only() {
        let curve = |foreign, xs: &[f64]| Curve {
            name: if foreign { "other" } else { "own" }.to_owned(),
            raw: xs.iter().map(|x| [*x, 10.0 * x]).collect(),
            foreign,
            ..Curve::default()
        };
        let own = curve(false, &[0.5, 1.0, 1.5]);
        assert_eq!([0.4, 0.5, 0.9, 9.0].map(|x| own.at(x)), [None, Some(0), Some(0), Some(2)]);
        let other = curve(true, &[1.0, 2.0]);
        assert_eq!(
            [0.4, 0.6, 1.4, 1.6, 2.5, 2.6].map(|x| other.at(x)),
            [None, Some(0), Some(0), Some(1), Some(1), None],
            "it ended"
        );
        assert_eq!(curve(true, &[]).at(1.0), None);
        let curves = vec![own, other];
        let fig = Figure { title: "Entry".to_owned(), help: String::new(), curves, reference: None };
        assert_eq!([0.0, 0.7, 0.8, 7.0].map(|x| fig.nearest(x)), [Some(0.5), Some(0.5), Some(1.0), Some(1.5)]);
        assert_eq!(fig.words(XAxis::Epoch, 1.5), "Entry at epoch 1.5: own 15.00, other 10.00 (epoch 1)");
        assert_eq!((fig.range(), fig.places()), (Some((5.0, 20.0)), Some((0.5, 2.0))));
    }

    #[test]
    fn places_read_well() {
        let words = |axis: XAxis, xs: [f64; 2]| xs.map(|x| axis.words(x));
        assert_eq!(words(XAxis::Epoch, [3.0, 2.3149]), ["epoch 3", "epoch 2.31"]);
        assert_eq!(words(XAxis::Step, [64.0, 12_800.0]), ["step 64", "step 12,800"]);
        assert_eq!(words(XAxis::Time, [3.456, 3723.0]), ["3.46 s", "1:02:03"]);
        assert_eq!(
            [0.03, 7.0, 45.0, 4000.0, 20_000.0].map(|x| XAxis::Time.round(x)),
            [0.05, 10.0, 60.0, 7200.0, 36_000.0]
        );
        assert_eq!([0.3, 7.0].map(|x| XAxis::Epoch.round(x)), [1.0, 10.0]);
        assert_eq!([0.03, 1.2, 7.0, 20.0].map(nice), [0.05, 2.0, 10.0, 20.0]);
    }
}
