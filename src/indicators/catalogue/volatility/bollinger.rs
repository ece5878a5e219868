use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Arithmetic, Exact, Original, Sma, Spread as _};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "bollinger",
    title: "Bollinger bands",
    family: Family::Volatility,
    formula: "mid = SMA(c, period); std = population deviation of the same closes; top, bot = mid +- width std; pctb = \
              (c - bot) / (top - bot); bandwidth = (top - bot) / mid",
    source: "J. Bollinger, Bollinger on Bollinger Bands (2001)",
    params: &[
        Param::bars("period", "Closes in the mean and the deviation", 20, 2),
        Param::real("width", "Deviations from the mean to a band", 2.0, 0.1, 20.0),
    ],
    lines: &[
        LineSpec::output("mid", "Mean close", Unit::PRICE, first),
        LineSpec::output("top", "Upper band", Unit::PRICE, first),
        LineSpec::output("bot", "Lower band", Unit::PRICE, first),
        LineSpec::output("pctb", "Close between the bands: 0 at the lower, 1 at the upper", Unit::RATIO, first),
        LineSpec::output("bandwidth", "Distance of the bands over the mean", Unit::RATIO, first),
        LineSpec::internal("std", "Deviation of the closes", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Bollinger<Exact>>(),
};

/// The original's deviation cancels digits of price-sized values.
static ORIGINAL: Definition =
    Definition { compat: Compat::Absent, engine: Engine::of::<Bollinger<Original>>(), ..DEFINITION };

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Bollinger<A: Arithmetic> {
    mean: Sma,
    deviation: A::Deviation,
    width: f64,
}

impl<A: Arithmetic> Build for Bollinger<A> {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), deviation: A::Deviation::new(p.bars(0)), width: p.real(1) }
    }
}

impl<A: Arithmetic> Indicator for Bollinger<A> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (mid, std) = (self.mean.next(bar.close), self.deviation.next(bar.close));
        let half = self.width * std;
        let (top, bot) = (mid + half, mid - half);
        let pctb = A::ratio(bar.close - bot, 2.0 * half);
        put(lines, [mid, top, bot, pctb, A::ratio(2.0 * half, mid), std]);
    }
}
