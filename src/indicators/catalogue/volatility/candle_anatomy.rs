use serde::{Deserialize, Serialize};

use crate::indicators::blocks::ratio;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

const SHARE: Unit = Unit::bounded(0.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "candle_anatomy",
    title: "Candle anatomy",
    family: Family::Volatility,
    formula: "in shares of the range h - l: body = c - o; upper_shadow = h - max(o, c); lower_shadow = min(o, c) - l; \
              position = c - l; overlap = what the ranges of this bar and the one before share, of what they span \
              together; missing where the range is 0",
    source: "S. Nison, Japanese Candlestick Charting Techniques (1991), as proportions",
    params: &[],
    lines: &[
        LineSpec::output("body", "Close minus open in the range", Unit::bounded(-1.0, 1.0), |_| 0),
        LineSpec::output("upper_shadow", "Range above the body", SHARE, |_| 0),
        LineSpec::output("lower_shadow", "Range below the body", SHARE, |_| 0),
        LineSpec::output("position", "Close in the range: 0 at the low, 1 at the high", SHARE, |_| 0),
        LineSpec::output("overlap", "Common part of this range and the one before", SHARE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    high: f64,
    low: f64,
}

impl Build for State {
    fn build(_: Args<'_>) -> Self {
        Self { high: f64::NAN, low: f64::NAN }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let high = std::mem::replace(&mut self.high, bar.high);
        let low = std::mem::replace(&mut self.low, bar.low);
        let range = bar.high - bar.low;
        let share = |part: f64| ratio(part, range).clamp(-1.0, 1.0);
        let upper = share(bar.high - bar.open.max(bar.close));
        let lower = share(bar.open.min(bar.close) - bar.low);
        let overlap = if high.is_nan() {
            f64::NAN
        } else {
            let common = bar.high.min(high) - bar.low.max(low);
            ratio(common.max(0.0), bar.high.max(high) - bar.low.min(low))
        };
        put(lines, [share(bar.close - bar.open), upper, lower, share(bar.close - bar.low), overlap]);
    }
}
