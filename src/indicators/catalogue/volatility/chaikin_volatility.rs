use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Arithmetic, Ema, Exact, Lag, Original};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chaikin_volatility",
    title: "Chaikin volatility",
    family: Family::Volatility,
    formula: "ema = EMA(h - l, ema_period); cvi = 100 (ema - ema[-roc_period]) / ema[-roc_period]",
    source: "M. Chaikin, described in S. B. Achelis, Technical Analysis from A to Z (1995)",
    params: &[
        Param::bars("ema_period", "Length of the average range", 10, 1),
        Param::bars("roc_period", "Bars over which it changes", 10, 1),
    ],
    lines: &[
        LineSpec::output("cvi", "Change of the average range, percent", Unit::RATIO, first_change),
        LineSpec::internal("ema", "Average of high - low", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<ChaikinVolatility<Exact, 100>>(),
};

/// The original gives a fraction instead of percent, and its quotient by zero is 0.
static ORIGINAL: Definition = Definition {
    formula: "ema = EMA(h - l, ema_period); cvi = (ema - ema[-roc_period]) / ema[-roc_period]",
    compat: Compat::Absent,
    engine: Engine::of::<ChaikinVolatility<Original, 1>>(),
    ..DEFINITION
};

fn first_change(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

/// `WHOLE` is what a doubling reads as.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct ChaikinVolatility<A: Arithmetic, const WHOLE: u8> {
    average: Ema,
    earlier: Lag,
    arithmetic: PhantomData<A>,
}

impl<A: Arithmetic, const WHOLE: u8> Build for ChaikinVolatility<A, WHOLE> {
    fn build(p: Args<'_>) -> Self {
        Self { average: Ema::new(p.bars(0)), earlier: Lag::new(p.bars(1)), arithmetic: PhantomData }
    }
}

impl<A: Arithmetic, const WHOLE: u8> Indicator for ChaikinVolatility<A, WHOLE> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ema = self.average.next(bar.high - bar.low);
        let earlier = self.earlier.next(ema);
        let cvi = f64::from(WHOLE) * A::ratio(ema - earlier, earlier);
        put(lines, [cvi, ema]);
    }
}
