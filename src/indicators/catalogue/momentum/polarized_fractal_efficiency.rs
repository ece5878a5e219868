use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Lag, RollingSum};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "polarized_fractal_efficiency",
    title: "Polarized fractal efficiency",
    family: Family::Momentum,
    formula: "x = 100 ln c, so that nothing depends on the unit of price; path = SUM(sqrt((x - x[-1])^2 + 1), period); \
              straight = sqrt((x - x[-period])^2 + period^2); raw = 100 straight / path with the sign of x - \
              x[-period]; pfe = EMA(raw, smoothing)",
    source: "H. Hannula, Polarized Fractal Efficiency, Technical Analysis of Stocks & Commodities (1994)",
    params: &[
        Param::bars("period", "Bars of the path", 10, 1),
        Param::bars("smoothing", "Length of the average", 5, 1),
    ],
    lines: &[
        LineSpec::output("pfe", "Efficiency with the sign of the movement, averaged", BOUNDS, |p| {
            p.bars(0) + p.bars(1) - 1
        }),
        LineSpec::internal("raw", "Straight way over path, percent, with the sign of the movement", BOUNDS, |p| {
            p.bars(0)
        }),
        LineSpec::internal("path", "Length of the path, bars and percents alike", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("straight", "Length of the straight way", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<FractalEfficiency>(),
};

const BOUNDS: Unit = Unit::bounded(-100.0, 100.0);

#[derive(Serialize, Deserialize)]
struct FractalEfficiency {
    x: f64,
    before: Lag,
    path: RollingSum,
    smoothing: Ema,
    n: f64,
}

impl Build for FractalEfficiency {
    fn build(p: Args<'_>) -> Self {
        Self {
            x: f64::NAN,
            before: Lag::new(p.bars(0)),
            path: RollingSum::new(p.bars(0)),
            smoothing: Ema::new(p.bars(1)),
            n: p.real(0),
        }
    }
}

impl Indicator for FractalEfficiency {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let x = 100.0 * bar.close.ln();
        if !x.is_finite() {
            return;
        }
        let step = x - self.x;
        self.x = x;
        let path = self.path.next((step * step + 1.0).sqrt());
        let way = x - self.before.next(x);
        let straight = (way * way + self.n * self.n).sqrt();
        let sign = if way == 0.0 { 0.0 } else { way.signum() };
        let raw = (100.0 * sign * (straight / path)).clamp(-100.0, 100.0);
        let pfe = self.smoothing.next(raw).clamp(-100.0, 100.0);
        put(lines, [pfe, raw, path, straight]);
    }
}
