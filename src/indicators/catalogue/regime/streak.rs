use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Window;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "streak",
    title: "Streaks of closes and runs test",
    family: Family::Regime,
    formula: "streak = number of rises of the close in a row, negative for falls, 0 on no change; runs test over the \
              last n = period changes, u of them rises and d not: R = 1 + turns between rise and no rise; mu = 2 u d / \
              n + 1; runs_z = (R - mu) / sqrt((mu - 1) (mu - 2) / (n - 1)), 0 when all are of one kind",
    source: "A. Wald and J. Wolfowitz, On a test whether two samples are from the same population, Annals of \
             Mathematical Statistics 11 (1940)",
    params: &[Param::bars("period", "Changes in the runs test", 50, 10)],
    lines: &[
        LineSpec::output("streak", "Rises in a row, negative for falls", Unit::BARS, |_| 1),
        LineSpec::output("runs_z", "Below 0 too few turns for chance, above 0 too many", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Streak>(),
};

#[derive(Serialize, Deserialize)]
struct Streak {
    close: f64,
    run: f64,
    /// 1 for a rise, 0 for none, of the last changes.
    rises: Window,
    rise_count: f64,
    turns: f64,
}

impl Build for Streak {
    fn build(p: Args<'_>) -> Self {
        Self { close: f64::NAN, run: 0.0, rises: Window::new(p.bars(0)), rise_count: 0.0, turns: 0.0 }
    }
}

impl Indicator for Streak {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let before = std::mem::replace(&mut self.close, bar.close);
        if before.is_nan() {
            return;
        }
        let direction = f64::from(bar.close > before) - f64::from(bar.close < before);
        self.run = direction + if direction * self.run > 0.0 { self.run } else { 0.0 };
        lines[0] = self.run;
        self.turn(f64::from(bar.close > before));
        if self.rises.is_full() {
            lines[1] = self.runs_z();
        }
    }
}

impl Streak {
    fn turn(&mut self, rise: f64) {
        if let Some(last) = self.rises.as_slice().last() {
            self.turns += f64::from(*last != rise);
        }
        self.rise_count += rise;
        if let Some(leaving) = self.rises.push(rise) {
            self.rise_count -= leaving;
            self.turns -= f64::from(leaving != self.rises.as_slice()[0]);
        }
    }

    fn runs_z(&self) -> f64 {
        let n = self.rises.len() as f64;
        // mu - 1
        let expected = 2.0 * self.rise_count * (n - self.rise_count) / n;
        let variance = expected * (expected - 1.0) / (n - 1.0);
        if variance > 0.0 { (self.turns - expected) / variance.sqrt() } else { 0.0 }
    }
}
