use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Sma, TrueRange, Wilder, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "pretty_good_osc",
    title: "Pretty good oscillator",
    family: Family::Momentum,
    formula: "pgo = (c - SMA(c, period)) / EMA(tr, period), tr the true range",
    source: "M. Johnson, in the public description for TradingView by LazyBear (2014)",
    params: &[Param::bars("period", "Length of both averages", 14, 2)],
    lines: &[
        LineSpec::output("pgo", "Distance from the mean in average ranges", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("range", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<PrettyGood<false>>(),
};

/// Wilder's average of the range instead of the exponential one; 0 where there is no range.
static ORIGINAL: Definition = Definition {
    formula: "pgo = (c - SMA(c, period)) / W(tr, period), W Wilder's average; 0 where there is no range",
    compat: Compat::Same,
    engine: Engine::of::<PrettyGood<true>>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct PrettyGood<const ORIGINAL: bool> {
    mean: Sma,
    range: TrueRange,
    average: Ema,
    wilder: Wilder,
}

impl<const ORIGINAL: bool> Build for PrettyGood<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let n = p.bars(0);
        Self { mean: Sma::new(n), range: TrueRange::default(), average: Ema::new(n), wilder: Wilder::new(n) }
    }
}

impl<const ORIGINAL: bool> Indicator for PrettyGood<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mean = self.mean.next(bar.close);
        let range = self.range.next(bar).range;
        let (range, pgo) = if ORIGINAL {
            let range = self.wilder.next(range);
            (range, ratio_or_zero(bar.close - mean, range))
        } else {
            let range = self.average.next(range);
            (range, ratio(bar.close - mean, range))
        };
        put(lines, [pgo, range]);
    }
}
