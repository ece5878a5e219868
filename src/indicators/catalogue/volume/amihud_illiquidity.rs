use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

const PER_MONEY: Unit = Unit { kind: Kind::Level, price: -1, volume: -1 };

pub(super) static DEFINITION: Definition = Definition {
    id: "amihud_illiquidity",
    title: "Amihud illiquidity",
    family: Family::Volume,
    formula: "raw = 1e6 |c / c[-1] - 1| / (c v), missing without volume; illiq = SMA(raw, period) over the bars with volume; \
              relative = raw / illiq",
    source: "Y. Amihud, Illiquidity and stock returns, Journal of Financial Markets 5 (2002)",
    params: &[Param::bars("period", "Length of the average", 21, 1)],
    lines: &[
        LineSpec::output("illiq", "Average return per million of money traded", PER_MONEY, |p| p.bars(0)),
        LineSpec::output("relative", "The bar's illiquidity in averages", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("raw", "Return per million of money traded", PER_MONEY, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Amihud>(),
};

#[derive(Serialize, Deserialize)]
struct Amihud {
    previous: Lag,
    average: Sma,
}

impl Build for Amihud {
    fn build(p: Args<'_>) -> Self {
        Self { previous: Lag::new(1), average: Sma::new(p.bars(0)) }
    }
}

impl Indicator for Amihud {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let before = self.previous.next(bar.close);
        let raw = ratio(1e6 * ratio(bar.close - before, before).abs(), bar.close * bar.volume);
        // An infinite quotient would stay in the average for good.
        if raw.is_finite() {
            let illiq = self.average.next(raw);
            put(lines, [illiq, ratio(raw, illiq), raw]);
        }
    }
}
