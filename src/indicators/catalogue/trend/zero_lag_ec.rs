use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Ema;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "zero_lag_ec",
    title: "Zero-lag average, error correcting",
    family: Family::Trend,
    formula: "ema = EMA(c, period); ec = a (ema + gain (c - ec[-1])) + (1 - a) ec[-1], a = 2 / (period + 1), with the gain \
              among -limit/10, ..., limit/10 in steps of 0.1 that brings ec closest to c, of equals the lowest; starts from \
              ema",
    source: "J. F. Ehlers and R. Way, Zero Lag (Well, Almost), TASC (November 2010)",
    params: &[
        Param::bars("period", "Length of the average", 30, 1),
        Param::whole("limit", "Greatest gain in tenths", 50, 1, 1000),
    ],
    lines: &[
        LineSpec::output("ec", "Average corrected by its own error", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("ema", "Exponential average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("gain", "Gain that brings the average closest", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Corrected>(),
};

#[derive(Serialize, Deserialize)]
struct Corrected {
    average: Ema,
    alpha: f64,
    limit: i32,
    value: f64,
}

impl Build for Corrected {
    fn build(p: Args<'_>) -> Self {
        Self { average: Ema::new(p.bars(0)), alpha: 2.0 / (p.real(0) + 1.0), limit: p.bars(1) as i32, value: f64::NAN }
    }
}

impl Indicator for Corrected {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ema = self.average.next(bar.close);
        lines[1] = ema;
        if self.value.is_nan() {
            self.value = ema;
            lines[0] = ema;
            return;
        }
        let step = Step { close: bar.close, ema, before: self.value, alpha: self.alpha };
        let tenths = step.best(self.limit);
        self.value = step.candidate(tenths);
        lines[0] = self.value;
        lines[2] = f64::from(tenths) / 10.0;
    }
}

/// What one bar's candidates are made of.
struct Step {
    close: f64,
    ema: f64,
    before: f64,
    alpha: f64,
}

impl Step {
    fn candidate(&self, tenths: i32) -> f64 {
        let gain = f64::from(tenths) / 10.0;
        self.alpha * (self.ema + gain * (self.close - self.before)) + (1.0 - self.alpha) * self.before
    }

    /// The lowest of the gains -limit, ..., limit, in tenths, whose candidate is closest to the close. The candidates lie
    /// on a line, so only the three gains about the one that would meet the close can be.
    fn best(&self, limit: i32) -> i32 {
        let slope = self.alpha * (self.close - self.before) / 10.0;
        let level = self.alpha * self.ema + (1.0 - self.alpha) * self.before;
        let size = self.close.abs().max(self.ema.abs()).max(self.before.abs());
        // Below this rounding, not the line, decides between neighbours; so does a number that overflowed.
        let clear = slope.abs() > 1e-13 * size && size < f64::MAX / 1e4;
        let (from, to) = if clear {
            let meeting = ((self.close - level) / slope).round().clamp(-f64::from(limit), f64::from(limit)) as i32;
            ((meeting - 1).max(-limit), (meeting + 1).min(limit))
        } else {
            (-limit, limit)
        };
        let error = |tenths: i32| (self.close - self.candidate(tenths)).abs();
        let (mut best, mut least) = (from, error(from));
        for tenths in from + 1..=to {
            let found = error(tenths);
            if found < least {
                (best, least) = (tenths, found);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every gain in turn, as published.
    fn by_trying(step: &Step, limit: i32) -> i32 {
        let (mut best, mut least) = (-limit, f64::INFINITY);
        for tenths in -limit..=limit {
            let error = (step.close - step.candidate(tenths)).abs();
            if error < least {
                (best, least) = (tenths, error);
            }
        }
        best
    }

    #[test]
    fn the_gain_found_at_once_is_the_one_found_by_trying_all() {
        let mut state = 7_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 32) as f64 / 4294967296.0
        };
        for i in 0..200_000 {
            // From wild to so calm that rounding decides, on round prices that make ties and on others.
            let calm = 10_f64.powi(-(i % 18));
            let mut price = |round: bool| {
                let x = 100.0 + 50.0 * calm * (uniform() - 0.5);
                if round { (8.0 * x).round() / 8.0 } else { x }
            };
            let round = i % 2 == 0;
            let (close, ema, before) = (price(round), price(round), price(round));
            for alpha in [2.0 / 31.0, 0.5, 1.0, 2.0 / 10_001.0] {
                let step = Step { close, ema, before, alpha };
                for limit in [1, 50] {
                    assert_eq!(step.best(limit), by_trying(&step, limit), "{close} {ema} {before} {alpha} {limit}");
                }
            }
        }
    }
}
