use serde::{Deserialize, Serialize};

use crate::indicators::blocks::median_price;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "instantaneous_trend",
    title: "Instantaneous trendline",
    family: Family::Trend,
    formula: "p = (h + l) / 2; itrend = (a - a^2/4) p + a^2/2 p[-1] - (a - 3a^2/4) p[-2] + 2 (1 - a) itrend[-1] - (1 - a)^2 \
              itrend[-2], a = alpha, started on bars 2 to 5 from (p + 2 p[-1] + p[-2]) / 4; trigger = 2 itrend - itrend[-2]",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 3",
    params: &[Param::real("alpha", "Gain of the filter", 0.07, 0.001, 0.999)],
    lines: &[
        LineSpec::output("itrend", "Price without its cyclic part", Unit::PRICE, |_| START),
        LineSpec::output("trigger", "The trendline carried on by its own change", Unit::PRICE, |_| START),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Trendline<false>>(),
};

/// Runs on the close, with a gain of its own making, and shows the start values.
static ORIGINAL: Definition = Definition {
    formula: "itrend = (a - a^2/4) c + a^2/2 c[-1] - (a - 3a^2/4) c[-2] + 2 (1 - a) itrend[-1] - (1 - a)^2 itrend[-2], a = 2 \
              / (period + 1), before bar period - 1 (c + 2 c[-1] + c[-2]) / 4; trigger = 2 itrend - itrend[-2]",
    params: &[Param::bars("period", "Length that sets the gain, and bars of the start", 20, 5)],
    lines: &[
        LineSpec::output("itrend", "Price without its cyclic part", Unit::PRICE, |_| 2),
        LineSpec::output("trigger", "The trendline carried on by its own change", Unit::PRICE, |p| p.bars(0) - 1),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Trendline<true>>(),
    ..DEFINITION
};

/// First bar of the recursion.
const START: usize = 6;

#[derive(Serialize, Deserialize)]
struct Trendline<const ORIGINAL: bool> {
    alpha: f64,
    start: usize,
    bar: usize,
    /// Prices and trendline of the last two bars, newest first.
    prices: [f64; 2],
    trends: [f64; 2],
}

impl<const ORIGINAL: bool> Build for Trendline<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let (alpha, start) = if ORIGINAL { (2.0 / (p.real(0) + 1.0), p.bars(0) - 1) } else { (p.real(0), START) };
        Self { alpha, start, bar: 0, prices: [f64::NAN; 2], trends: [f64::NAN; 2] }
    }
}

impl<const ORIGINAL: bool> Indicator for Trendline<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = if ORIGINAL { bar.close } else { median_price(bar) };
        let ([p1, p2], [t1, t2]) = (self.prices, self.trends);
        let (a, keep) = (self.alpha, 1.0 - self.alpha);
        let running = self.bar >= self.start;
        let trend = if running {
            (a - a * a / 4.0) * price + a * a / 2.0 * p1 - (a - 0.75 * a * a) * p2 + 2.0 * keep * t1 - keep * keep * t2
        } else {
            (price + 2.0 * p1 + p2) / 4.0
        };
        self.prices = [price, p1];
        self.trends = [trend, t1];
        self.bar += 1;
        if running || ORIGINAL {
            lines[0] = trend;
        }
        if running {
            lines[1] = 2.0 * trend - t2;
        }
    }
}
