use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, TrueRange, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "keltner",
    title: "Keltner channel",
    family: Family::Trend,
    formula: "mid = EMA(c, period); top, bot = mid +- width atr, atr = W(tr, atr_period), W Wilder's average",
    source: "C. W. Keltner, How to Make Money in Commodities (1960), in the form of L. Bradford Raschke (1980s)",
    params: &[
        Param::bars("period", "Length of the average", 60, 1),
        Param::bars("atr_period", "Length of the average range", 70, 1),
        Param::real("width", "Ranges from the average to a band", 2.0, 0.1, 20.0),
    ],
    lines: &[
        LineSpec::output("mid", "Average close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::output("top", "Upper band", Unit::PRICE, first),
        LineSpec::output("bot", "Lower band", Unit::PRICE, first),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Keltner>(),
};

fn first(p: Args<'_>) -> usize {
    (p.bars(0) - 1).max(p.bars(1))
}

#[derive(Serialize, Deserialize)]
struct Keltner {
    average: Ema,
    range: TrueRange,
    atr: Wilder,
    width: f64,
}

impl Build for Keltner {
    fn build(p: Args<'_>) -> Self {
        Self {
            average: Ema::new(p.bars(0)),
            range: TrueRange::default(),
            atr: Wilder::new(p.bars(1)),
            width: p.real(2),
        }
    }
}

impl Indicator for Keltner {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (mid, atr) = (self.average.next(bar.close), self.atr.next(self.range.next(bar).range));
        let half = self.width * atr;
        put(lines, [mid, mid + half, mid - half, atr]);
    }
}
