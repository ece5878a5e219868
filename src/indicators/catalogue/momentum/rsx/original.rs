use serde::{Deserialize, Serialize};

use super::DIFFERENCE;
use crate::indicators::blocks::Ema;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

/// Ordinary exponential averages, each started from a mean, instead of the smoothing of RSX; begins six averages late.
pub(super) static ORIGINAL: Definition = Definition {
    id: "rsx",
    title: "RSX",
    family: Family::Momentum,
    formula: "f8 = 100 c; v8 = f8 - f8[-1]; a stage S(x) is 1.5 a - 0.5 b, a = EMA(x, period), b = EMA(a, period); v14 \
              = S(S(S(v8))); v20 = S(S(S(|v8|))); v4 = 50 (v14 / v20 + 1), 50 where v20 <= 0; rsx = v4 held within 0 \
              and 100",
    source: "After M. Jurik's RSX",
    params: &[Param::bars("period", "Length", 14, 1)],
    lines: &[
        LineSpec::output("rsx", "Smooth share of upward movement, percent", Unit::PERCENT, |p| after(p, 6)),
        LineSpec::internal("f8", "100 times the close", Unit::PRICE_COPY, |_| 0),
        LineSpec::internal("f10", "100 times the previous close", Unit::PRICE_COPY, |_| 1),
        LineSpec::internal("v8", "100 times the change of the close", DIFFERENCE, |_| 1),
        LineSpec::internal("f28", "Change: first stage, smoothed once", DIFFERENCE, |p| after(p, 1)),
        LineSpec::internal("f30", "Change: first stage, smoothed twice", DIFFERENCE, |p| after(p, 2)),
        LineSpec::internal("vC", "Change after the first stage", DIFFERENCE, |p| after(p, 2)),
        LineSpec::internal("f38", "Change: second stage, smoothed once", DIFFERENCE, |p| after(p, 3)),
        LineSpec::internal("f40", "Change: second stage, smoothed twice", DIFFERENCE, |p| after(p, 4)),
        LineSpec::internal("v10", "Change after the second stage", DIFFERENCE, |p| after(p, 4)),
        LineSpec::internal("f48", "Change: third stage, smoothed once", DIFFERENCE, |p| after(p, 5)),
        LineSpec::internal("f50", "Change: third stage, smoothed twice", DIFFERENCE, |p| after(p, 6)),
        LineSpec::internal("v14", "Change after three stages", DIFFERENCE, |p| after(p, 6)),
        LineSpec::internal("f58", "Size of change: first stage, smoothed once", DIFFERENCE, |p| after(p, 1)),
        LineSpec::internal("f60", "Size of change: first stage, smoothed twice", DIFFERENCE, |p| after(p, 2)),
        LineSpec::internal("v18", "Size of change after the first stage", DIFFERENCE, |p| after(p, 2)),
        LineSpec::internal("f68", "Size of change: second stage, smoothed once", DIFFERENCE, |p| after(p, 3)),
        LineSpec::internal("f70", "Size of change: second stage, smoothed twice", DIFFERENCE, |p| after(p, 4)),
        LineSpec::internal("v1C", "Size of change after the second stage", DIFFERENCE, |p| after(p, 4)),
        LineSpec::internal("f78", "Size of change: third stage, smoothed once", DIFFERENCE, |p| after(p, 5)),
        LineSpec::internal("f80", "Size of change: third stage, smoothed twice", DIFFERENCE, |p| after(p, 6)),
        LineSpec::internal("v20", "Size of change after three stages", DIFFERENCE, |p| after(p, 6)),
        LineSpec::internal("v4", "rsx before it is held within its bounds", Unit::RATIO, |p| after(p, 6)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Rsx>(),
};

/// First value of the n-th average of the change.
fn after(p: Args<'_>, n: usize) -> usize {
    1 + n * (p.bars(0) - 1)
}

#[derive(Serialize, Deserialize)]
struct Rsx {
    previous: f64,
    period: u64,
    bars: u64,
    signed: [[Ema; 2]; 3],
    absolute: [[Ema; 2]; 3],
}

impl Build for Rsx {
    fn build(p: Args<'_>) -> Self {
        let stages = || std::array::from_fn(|_| std::array::from_fn(|_| Ema::new(p.bars(0))));
        Self { previous: f64::NAN, period: p.bars(0) as u64, bars: 0, signed: stages(), absolute: stages() }
    }
}

impl Indicator for Rsx {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let f8 = 100.0 * bar.close;
        let f10 = std::mem::replace(&mut self.previous, f8);
        let v8 = f8 - f10;
        lines[1..4].copy_from_slice(&[f8, f10, v8]);
        let v14 = cascade(&mut self.signed, v8, &mut lines[4..13]);
        let v20 = cascade(&mut self.absolute, v8.abs(), &mut lines[13..22]);
        self.bars += 1;
        if !v20.is_nan() {
            let f80 = lines[20];
            let f88 = if f80 == 0.0 { self.period - 1 } else { 5 };
            let v4 = if f88 < self.bars && v20 > 0.0 { (v14 / v20 + 1.0) * 50.0 } else { 50.0 };
            lines[0] = v4.clamp(0.0, 100.0);
            lines[22] = v4;
        }
    }
}

/// Runs the stages in turn and writes (once, twice, result) of each.
#[inline(always)]
fn cascade(stages: &mut [[Ema; 2]; 3], x: f64, lines: &mut [f64]) -> f64 {
    let mut value = x;
    for ([once, twice], out) in stages.iter_mut().zip(lines.chunks_exact_mut(3)) {
        let a = once.next(value);
        let b = twice.next(a);
        value = 1.5 * a - 0.5 * b;
        out.copy_from_slice(&[a, b, value]);
    }
    value
}
