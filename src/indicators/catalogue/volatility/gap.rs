use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "gap",
    title: "Opening gap",
    family: Family::Volatility,
    formula: "gap = o - c[-1]; gap_atr = gap / ATR(period)[-1]; fill = share of the gap the bar itself covers, (o - l) \
              / gap or (h - o) / -gap held within 0 and 1, 1 without a gap; void = distance left open between the \
              ranges of the two bars over ATR(period)[-1], negative when this bar lies below",
    source: "R. D. Edwards and J. Magee, Technical Analysis of Stock Trends (1948), on gaps; common usage",
    params: &[Param::bars("period", "Length of Wilder's average", 14, 1)],
    lines: &[
        LineSpec::output("gap_atr", "Gap in average ranges", Unit::RATIO, |p| p.bars(0) + 1),
        LineSpec::output("fill", "Share of the gap covered by the bar", Unit::bounded(0.0, 1.0), |_| 1),
        LineSpec::output("void", "Distance between the two bars in average ranges", Unit::RATIO, |p| p.bars(0) + 1),
        LineSpec::internal("gap", "Open over the previous close", Unit::PRICE_DIFFERENCE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    range: TrueRange,
    average: Wilder,
    last_average: f64,
    /// High, low and close of the bar before.
    previous: [f64; 3],
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            average: Wilder::new(p.bars(0)),
            last_average: f64::NAN,
            previous: [f64::NAN; 3],
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let average = std::mem::replace(&mut self.last_average, self.average.next(self.range.next(bar).range));
        let [high, low, close] = std::mem::replace(&mut self.previous, [bar.high, bar.low, bar.close]);
        let gap = bar.open - close;
        if gap.is_nan() {
            return;
        }
        let covered = if gap > 0.0 { bar.open - bar.low } else { bar.high - bar.open };
        let fill = if gap == 0.0 { 1.0 } else { (covered / gap.abs()).clamp(0.0, 1.0) };
        let void = (bar.low - high).max(0.0) - (low - bar.high).max(0.0);
        put(lines, [ratio(gap, average), fill, ratio(void, average), gap]);
    }
}
