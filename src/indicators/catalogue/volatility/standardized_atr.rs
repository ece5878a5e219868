use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Arithmetic, Exact, Original, Sma, Spread as _, TrueRange, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "standardized_atr",
    title: "Standardized average true range",
    family: Family::Volatility,
    formula: "satr = SMA(ATR(atr_period), std_period); stdev = population deviation of c over std_period; natr = satr \
              / stdev: range within bars over movement between them",
    source: "Of the Python original, after J. W. Wilder's average true range (1978)",
    params: &[
        Param::bars("atr_period", "Length of Wilder's average of the range", 14, 1),
        Param::bars("std_period", "Length of the second average and of the deviation", 20, 2),
    ],
    lines: &[
        LineSpec::output("natr", "Average range in deviations", Unit::RATIO, first_range),
        LineSpec::internal("satr", "Average range, smoothed again", Unit::PRICE_DIFFERENCE, first_range),
        LineSpec::internal("stdev", "Deviation of the closes", Unit::PRICE_DIFFERENCE, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<StandardizedAtr<Exact>>(),
};

/// The original's deviation cancels digits of price-sized values, and its quotient by zero is 0.
static ORIGINAL: Definition =
    Definition { compat: Compat::Absent, engine: Engine::of::<StandardizedAtr<Original>>(), ..DEFINITION };

fn first_range(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct StandardizedAtr<A: Arithmetic> {
    range: TrueRange,
    average: Wilder,
    mean: Sma,
    deviation: A::Deviation,
}

impl<A: Arithmetic> Build for StandardizedAtr<A> {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            average: Wilder::new(p.bars(0)),
            mean: Sma::new(p.bars(1)),
            deviation: A::Deviation::new(p.bars(1)),
        }
    }
}

impl<A: Arithmetic> Indicator for StandardizedAtr<A> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let satr = self.mean.next(self.average.next(self.range.next(bar).range));
        let stdev = self.deviation.next(bar.close);
        let natr = if satr.is_nan() { f64::NAN } else { A::ratio(satr, stdev) };
        put(lines, [natr, satr, stdev]);
    }
}
