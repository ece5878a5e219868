use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "relative_volatility_index",
    title: "Relative volatility index",
    family: Family::Volatility,
    formula: "std = population deviation of c over period; up = W(std where c > c[-1], else 0); down = W(std where c < \
              c[-1], else 0), W Wilder's average over smooth; rvi = 100 up / (up + down), 50 when both are 0; \
              rvi_high, rvi_low: the same of h, of l; revised = (rvi_high + rvi_low) / 2",
    source: "D. Dorsey, The Relative Volatility Index, Technical Analysis of Stocks & Commodities (June 1993); \
             Refining the Relative Volatility Index (September 1995)",
    params: &[
        Param::bars("period", "Prices in the deviation", 10, 2),
        Param::bars("smooth", "Length of Wilder's averages", 14, 1),
    ],
    lines: &[
        LineSpec::output("rvi", "Share of rising bars in volatility, percent", Unit::PERCENT, first_index),
        LineSpec::output("revised", "Mean of the indices of high and low, percent", Unit::PERCENT, first_index),
        LineSpec::internal("rvi_high", "Index of the high, percent", Unit::PERCENT, first_index),
        LineSpec::internal("rvi_low", "Index of the low, percent", Unit::PERCENT, first_index),
        LineSpec::internal("up", "Average deviation on rising bars", Unit::PRICE_DIFFERENCE, first_index),
        LineSpec::internal("down", "Average deviation on falling bars", Unit::PRICE_DIFFERENCE, first_index),
        LineSpec::internal("std", "Deviation of the closes", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_index(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct State {
    close: Index,
    high: Index,
    low: Index,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let index = || Index {
            previous: f64::NAN,
            deviation: Deviation::new(p.bars(0)),
            up: Wilder::new(p.bars(1)),
            down: Wilder::new(p.bars(1)),
        };
        Self { close: index(), high: index(), low: index() }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [rvi, up, down, std] = self.close.next(bar.close);
        let ([high, ..], [low, ..]) = (self.high.next(bar.high), self.low.next(bar.low));
        put(lines, [rvi, f64::midpoint(high, low), high, low, up, down, std]);
    }
}

#[derive(Serialize, Deserialize)]
struct Index {
    previous: f64,
    deviation: Deviation,
    up: Wilder,
    down: Wilder,
}

impl Index {
    /// Index, its averages on rising and falling bars, deviation.
    fn next(&mut self, price: f64) -> [f64; 4] {
        let previous = std::mem::replace(&mut self.previous, price);
        let std = self.deviation.next(price);
        if std.is_nan() {
            return [f64::NAN; 4];
        }
        let up = self.up.next(if price > previous { std } else { 0.0 });
        let down = self.down.next(if price < previous { std } else { 0.0 });
        let total = up + down;
        let rvi = if total == 0.0 { 50.0 } else { 100.0 * (up / total) };
        [rvi, up, down, std]
    }
}
