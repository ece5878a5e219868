use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, TrueRange, Wilder, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "supertrend",
    title: "SuperTrend",
    family: Family::Trend,
    formula: "upperband, lowerband = (h + l) / 2 +- width atr; the final upper band only falls until a close above it, \
              the final lower band only rises until a close below it; direction turns up on a close above the upper and \
              down on a close below the lower; super_trend = lower band when up, upper when down; starts down",
    source: "O. Seban, Tout le monde merite d'etre riche (2008)",
    params: &[
        Param::bars("period", "Length of Wilder's average of the true range", 10, 1),
        Param::real("width", "Average ranges from the median price to a band", 3.0, 0.1, 100.0),
    ],
    lines: &[
        LineSpec::output("super_trend", "Trailing stop: below the price when up", Unit::PRICE, first),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, first),
        LineSpec::internal("upperband", "Upper band of this bar alone", Unit::PRICE, first),
        LineSpec::internal("lowerband", "Lower band of this bar alone", Unit::PRICE, first),
        LineSpec::internal("finalupband", "Upper band that only falls", Unit::PRICE, first),
        LineSpec::internal("finallowband", "Lower band that only rises", Unit::PRICE, first),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<SuperTrend<false>>(),
};

/// Its final bands are 0 before there are any.
static ORIGINAL: Definition = Definition {
    lines: &[
        LineSpec::output("super_trend", "Trailing stop: below the price when up", Unit::PRICE, first),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, first),
        LineSpec::internal("upperband", "Upper band of this bar alone", Unit::PRICE, first),
        LineSpec::internal("lowerband", "Lower band of this bar alone", Unit::PRICE, first),
        LineSpec::internal("finalupband", "Upper band that only falls", Unit::PRICE, |_| 0),
        LineSpec::internal("finallowband", "Lower band that only rises", Unit::PRICE, |_| 0),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, first),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<SuperTrend<true>>(),
    ..DEFINITION
};

fn first(p: Args<'_>) -> usize {
    p.bars(0)
}

#[derive(Serialize, Deserialize)]
struct SuperTrend<const ORIGINAL: bool> {
    previous: Lag,
    range: TrueRange,
    atr: Wilder,
    width: f64,
    /// Final upper and lower band of the bar before.
    bands: Option<(f64, f64)>,
    up: bool,
}

impl<const ORIGINAL: bool> Build for SuperTrend<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self {
            previous: Lag::new(1),
            range: TrueRange::default(),
            atr: Wilder::new(p.bars(0)),
            width: p.real(1),
            bands: None,
            up: false,
        }
    }
}

impl<const ORIGINAL: bool> Indicator for SuperTrend<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let previous_close = self.previous.next(bar.close);
        let atr = self.atr.next(self.range.next(bar).range);
        if atr.is_nan() {
            if ORIGINAL {
                [lines[4], lines[5]] = [0.0; 2];
            }
            return;
        }
        let middle = median_price(bar);
        let (upper, lower) = (middle + self.width * atr, middle - self.width * atr);
        let (final_upper, final_lower) = match self.bands {
            None => (upper, lower),
            Some((above, below)) => (
                if upper < above || previous_close > above { upper } else { above },
                if lower > below || previous_close < below { lower } else { below },
            ),
        };
        self.bands = Some((final_upper, final_lower));
        self.up = if self.up { bar.close >= final_lower } else { bar.close > final_upper };
        let (stop, direction) = if self.up { (final_lower, 1.0) } else { (final_upper, -1.0) };
        put(lines, [stop, direction, upper, lower, final_upper, final_lower, atr]);
    }
}
