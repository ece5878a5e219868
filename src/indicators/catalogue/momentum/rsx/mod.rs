mod original;

use serde::{Deserialize, Serialize};

use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const DIFFERENCE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "rsx",
    title: "RSX",
    family: Family::Momentum,
    formula: "f8 = 100 c; v8 = f8 - f8[-1]; a stage S(x) is 1.5 a - 0.5 b with a smoothing x and b smoothing a, both y \
              = y[-1] + g (x - y[-1]) from 0, g = 3 / (period + 2); v14 = S(S(S(v8))); v20 = S(S(S(|v8|))); v4 = 50 \
              (v14 / v20 + 1), 50 where v20 <= 0; rsx = v4 held within 0 and 100, from period changes on",
    source: "After M. Jurik's RSX, in the public translation for TradingView by Everget (2018)",
    params: &[Param::bars("period", "Length", 14, 1)],
    lines: &[
        LineSpec::output("rsx", "Smooth share of upward movement, percent", Unit::PERCENT, |p| p.bars(0)),
        // 100 c does not lie on the price axis, so it is no level.
        LineSpec::internal("f8", "100 times the close", Unit::PRICE_COPY, |_| 0),
        LineSpec::internal("f10", "100 times the previous close", Unit::PRICE_COPY, |_| 1),
        LineSpec::internal("v8", "100 times the change of the close", DIFFERENCE, |_| 1),
        LineSpec::internal("f28", "Change: first stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f30", "Change: first stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("vC", "Change after the first stage", DIFFERENCE, |_| 1),
        LineSpec::internal("f38", "Change: second stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f40", "Change: second stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("v10", "Change after the second stage", DIFFERENCE, |_| 1),
        LineSpec::internal("f48", "Change: third stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f50", "Change: third stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("v14", "Change after three stages", DIFFERENCE, |_| 1),
        LineSpec::internal("f58", "Size of change: first stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f60", "Size of change: first stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("v18", "Size of change after the first stage", DIFFERENCE, |_| 1),
        LineSpec::internal("f68", "Size of change: second stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f70", "Size of change: second stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("v1C", "Size of change after the second stage", DIFFERENCE, |_| 1),
        LineSpec::internal("f78", "Size of change: third stage, smoothed once", DIFFERENCE, |_| 1),
        LineSpec::internal("f80", "Size of change: third stage, smoothed twice", DIFFERENCE, |_| 1),
        LineSpec::internal("v20", "Size of change after three stages", DIFFERENCE, |_| 1),
        LineSpec::internal("v4", "rsx before it is held within its bounds", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&original::ORIGINAL),
    engine: Engine::of::<Rsx>(),
};

#[derive(Serialize, Deserialize)]
struct Rsx {
    previous: f64,
    period: usize,
    changes: usize,
    signed: [Stage; 3],
    absolute: [Stage; 3],
}

impl Build for Rsx {
    fn build(p: Args<'_>) -> Self {
        let stage = Stage { gain: 3.0 / (p.bars(0) as f64 + 2.0), once: 0.0, twice: 0.0 };
        Self { previous: f64::NAN, period: p.bars(0), changes: 0, signed: [stage; 3], absolute: [stage; 3] }
    }
}

impl Indicator for Rsx {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let f8 = 100.0 * bar.close;
        let f10 = std::mem::replace(&mut self.previous, f8);
        lines[1] = f8;
        if f10.is_nan() {
            return;
        }
        self.changes += 1;
        let v8 = f8 - f10;
        lines[2..4].copy_from_slice(&[f10, v8]);
        let v14 = cascade(&mut self.signed, v8, &mut lines[4..13]);
        let v20 = cascade(&mut self.absolute, v8.abs(), &mut lines[13..22]);
        if self.changes >= self.period {
            let v4 = if v20 > 0.0 { 50.0 * (v14 / v20 + 1.0) } else { 50.0 };
            lines[0] = v4.clamp(0.0, 100.0);
            lines[22] = v4;
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Stage {
    gain: f64,
    once: f64,
    twice: f64,
}

/// Runs the stages in turn and writes (once, twice, result) of each.
#[inline(always)]
fn cascade(stages: &mut [Stage; 3], x: f64, lines: &mut [f64]) -> f64 {
    let mut value = x;
    for (stage, out) in stages.iter_mut().zip(lines.chunks_exact_mut(3)) {
        stage.once += stage.gain * (value - stage.once);
        stage.twice += stage.gain * (stage.once - stage.twice);
        value = 1.5 * stage.once - 0.5 * stage.twice;
        out.copy_from_slice(&[stage.once, stage.twice, value]);
    }
    value
}
