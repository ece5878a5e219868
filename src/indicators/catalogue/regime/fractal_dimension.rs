use serde::{Deserialize, Serialize};

use super::log_price::LogPrice;
use super::slope::slope_weights;
use crate::indicators::blocks::{CompensatedSum, Window, total_of_logs};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "fractal_dimension",
    title: "Fractal dimension (Higuchi)",
    family: Family::Regime,
    formula: "x(1) .. x(n): ln c of the last n = period bars; for k from 1 to longest: length(k) = mean over m from 1 \
              to k of sum(|x(m + i k) - x(m + (i - 1) k)|) for i from 1 to w, times (n - 1) / (w k^2), w = floor((n - \
              m) / k); dimension = -slope of the least-squares line of ln length(k) on ln k; missing where a length is \
              0",
    source: "T. Higuchi, Approach to an irregular time series on the basis of the fractal theory, Physica D 31 (1988)",
    params: &[Param::bars("period", "Closes in the window", 80, 24), Param::whole("longest", "Longest step", 8, 2, 12)],
    lines: &[LineSpec::output("dimension", "1.5 random, towards 1 trending, towards 2 reverting", Unit::RATIO, |p| {
        p.bars(0) - 1
    })],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Higuchi>(),
};

/// Length in ln c below which only rounding is left.
const NO_MOVE: f64 = 1e-12;

#[derive(Serialize, Deserialize)]
struct Higuchi {
    log: LogPrice,
    period: usize,
    /// Log prices of the last period + 1 bars.
    levels: Window,
    steps: Vec<Step>,
    /// Per step: length, and weight of its logarithm in the dimension.
    lengths: Vec<f64>,
    weights: Vec<f64>,
}

/// The walks of one step size, one per starting place.
#[derive(Serialize, Deserialize)]
struct Step {
    size: usize,
    /// Lengths of the walks; every bar belongs to the walk of its number modulo size.
    walks: Vec<CompensatedSum>,
    /// Walk of the newest bar, and of the bar that left the window.
    newest: usize,
    left: usize,
    /// How many walks, counted from the window's first bar on, are one step longer.
    longer: usize,
    /// What a walk contributes to length(k), of both kinds.
    gains: [f64; 2],
}

impl Build for Higuchi {
    fn build(p: Args<'_>) -> Self {
        let (period, longest) = (p.bars(0), p.bars(1));
        let sizes: Vec<usize> = (1..=longest).collect();
        let step = |size: usize| {
            let count = (period - 1) / size;
            let gain = |count: usize| (period - 1) as f64 / (count * size * size * size) as f64;
            Step {
                size,
                walks: vec![CompensatedSum::default(); size],
                newest: size - 1,
                left: size - 1,
                longer: (period - 1) % size + 1,
                gains: [gain(count), gain(count.max(2) - 1)],
            }
        };
        Self {
            log: LogPrice::default(),
            period,
            levels: Window::new(period + 1),
            steps: sizes.iter().copied().map(step).collect(),
            lengths: vec![1.0; longest],
            weights: slope_weights(&sizes).iter().map(|weight| -weight).collect(),
        }
    }
}

impl Indicator for Higuchi {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (_, level) = self.log.next(bar.close);
        self.levels.push(level);
        let levels = self.levels.as_slice();
        let is_full = self.levels.is_full();
        for (step, length) in self.steps.iter_mut().zip(&mut self.lengths) {
            step.next(levels, is_full);
            *length = step.length();
        }
        if levels.len() >= self.period && self.lengths.iter().all(|length| *length > NO_MOVE) {
            lines[0] = total_of_logs(&self.weights, &self.lengths);
        }
    }
}

impl Step {
    /// `levels`: the window, newest last, behind the bar that leaves it once full.
    #[inline(always)]
    fn next(&mut self, levels: &[f64], is_full: bool) {
        let last = levels.len() - 1;
        self.newest = self.after(self.newest);
        if last >= self.size {
            self.walks[self.newest].add((levels[last] - levels[last - self.size]).abs());
        }
        if is_full {
            self.left = self.after(self.left);
            self.walks[self.left].add(-(levels[self.size] - levels[0]).abs());
        }
    }

    fn after(&self, walk: usize) -> usize {
        if walk + 1 == self.size { 0 } else { walk + 1 }
    }

    #[inline(always)]
    fn length(&self) -> f64 {
        let mut walk = self.left;
        let mut sums = [0.0; 2];
        for m in 0..self.size {
            walk = self.after(walk);
            sums[usize::from(m >= self.longer)] += self.walks[walk].value();
        }
        sums[0] * self.gains[0] + sums[1] * self.gains[1]
    }
}
