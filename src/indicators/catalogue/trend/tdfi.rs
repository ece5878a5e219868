use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Lag, SlidingHigh, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "tdfi",
    title: "Trend direction and force index",
    family: Family::Trend,
    formula: "mma = EMA(c, period); smma = EMA(mma, period); imp = ((mma - mma[-1]) + (smma - smma[-1])) / 2; tdf = |mma - \
              smma| imp^3; ntdf = tdf / HH(|tdf|, 3 period); the published factor 1000 on the close cancels and is left out",
    source: "Trend Direction Force Index, MetaTrader 4; on TradingView by causecelebre",
    params: &[Param::bars("period", "Length of both averages", 13, 2)],
    lines: &[
        LineSpec::output("ntdf", "Force over the greatest of late", Unit::bounded(-1.0, 1.0), |p| {
            first_force(p) + 3 * p.bars(0) - 1
        }),
        LineSpec::internal("mma", "Average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("smma", "Average of mma", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("tdf", "Force of the trend", Unit::price_power(4), first_force),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Force<false>>(),
};

/// The second average starts as late as the last line is declared to.
static ORIGINAL: Definition = Definition {
    formula: "mma = EMA(1000 c, period); smma = EMA(mma, period) counted from bar 3 period - 1; imp = ((mma - mma[-1]) + \
              (smma - smma[-1])) / 2; tdf = |mma - smma| imp^3; ntdf = tdf / HH(|tdf|, 3 period)",
    lines: &[
        LineSpec::output("ntdf", "Force over the greatest of late", Unit::bounded(-1.0, 1.0), |p| {
            first_original(p) + 3 * p.bars(0) - 1
        }),
        LineSpec::internal("mma", "1000 times the average of the close", Unit::PRICE_COPY, |p| p.bars(0) - 1),
        LineSpec::internal("smma", "Average of mma", Unit::PRICE_COPY, |p| first_original(p) - 1),
        LineSpec::internal("tdf", "Force of the trend", Unit::price_power(4), first_original),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Force<true>>(),
    ..DEFINITION
};

fn first_force(p: Args<'_>) -> usize {
    2 * (p.bars(0) - 1) + 1
}

fn first_original(p: Args<'_>) -> usize {
    late(p.bars(0)) + p.bars(0)
}

/// Bar on which the original's second average begins to count.
const fn late(period: usize) -> usize {
    3 * period - 1
}

#[derive(Serialize, Deserialize)]
struct Force<const ORIGINAL: bool> {
    first: Ema,
    second: Ema,
    before: Lag,
    second_before: Lag,
    greatest: SlidingHigh,
    /// Bars until the second average begins to count.
    wait: usize,
}

impl<const ORIGINAL: bool> Build for Force<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        Self {
            first: Ema::new(period),
            second: Ema::new(period),
            before: Lag::new(1),
            second_before: Lag::new(1),
            greatest: SlidingHigh::new(3 * period),
            wait: if ORIGINAL { late(period) } else { 0 },
        }
    }
}

impl<const ORIGINAL: bool> Indicator for Force<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mma = self.first.next(if ORIGINAL { 1000.0 * bar.close } else { bar.close });
        let smma = self.second.next(if self.wait > 0 { f64::NAN } else { mma });
        self.wait = self.wait.saturating_sub(1);
        let change = mma - self.before.next(mma);
        let imp = f64::midpoint(change, smma - self.second_before.next(smma));
        let tdf = (mma - smma).abs() * (imp * imp * imp);
        let ntdf = ratio(tdf, self.greatest.next(tdf.abs())).clamp(-1.0, 1.0);
        put(lines, [ntdf, mma, smma, tdf]);
    }
}
