use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LineFit, median_price, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "center_of_gravity",
    title: "Centre of gravity oscillator",
    family: Family::Cycle,
    formula: "p = (h + l) / 2; cg = (period + 1) / 2 - sum((1 + k) p[-k]) / sum(p[-k]) for k from 0 to period - 1; \
              trigger = cg[-1]",
    source: "J. F. Ehlers, The CG oscillator, Technical Analysis of Stocks & Commodities (May 2002)",
    params: &[Param::bars("period", "Prices in the window", 10, 2)],
    lines: &[
        LineSpec::output("cg", "Bars by which the prices' centre of mass lies after the middle", Unit::RATIO, |p| {
            p.bars(0) - 1
        }),
        LineSpec::output("trigger", "cg one bar before", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Gravity>(),
};

#[derive(Serialize, Deserialize)]
struct Gravity {
    fit: LineFit,
    centre: f64,
    /// (period^2 - 1) / 12: the lever of the fitted slope.
    lever: f64,
    cg: f64,
}

impl Build for Gravity {
    fn build(p: Args<'_>) -> Self {
        let n = p.real(0);
        Self { fit: LineFit::new(p.bars(0)), centre: (n - 1.0) / 2.0, lever: (n * n - 1.0) / 12.0, cg: f64::NAN }
    }
}

impl Indicator for Gravity {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        // The line's slope holds the same weighted sum, free of cancellation; its middle is the mean.
        let line = self.fit.next(median_price(bar));
        let mean = line.end - line.slope * self.centre;
        let trigger = std::mem::replace(&mut self.cg, ratio(self.lever * line.slope, mean));
        put(lines, [self.cg, trigger]);
    }
}
