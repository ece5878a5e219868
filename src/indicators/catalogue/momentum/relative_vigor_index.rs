use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "relative_vigor_index",
    title: "Relative vigor index",
    family: Family::Momentum,
    formula: "F(x) = (x + 2 x[-1] + 2 x[-2] + x[-3]) / 6; vigor = SMA(F(c - o), period); range = SMA(F(h - l), \
              period); rvi = vigor / range; signal = F(rvi)",
    source: "J. F. Ehlers, Relative Vigor Index, Technical Analysis of Stocks & Commodities (2002)",
    params: &[Param::bars("period", "Length of the averages", 10, 1)],
    lines: &[
        LineSpec::output("rvi", "Average body over average range", Unit::bounded(-1.0, 1.0), first),
        LineSpec::output("signal", "rvi, smoothed over four bars", Unit::bounded(-1.0, 1.0), |p| first(p) + 3),
        LineSpec::internal("vigor", "Average body, smoothed", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("range", "Average range, smoothed", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RelativeVigor>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + 2
}

#[derive(Serialize, Deserialize)]
struct RelativeVigor {
    bodies: Four,
    ranges: Four,
    vigor: Sma,
    range: Sma,
    signal: Four,
}

impl Build for RelativeVigor {
    fn build(p: Args<'_>) -> Self {
        let (vigor, range) = (Sma::new(p.bars(0)), Sma::new(p.bars(0)));
        Self { bodies: Four::default(), ranges: Four::default(), vigor, range, signal: Four::default() }
    }
}

impl Indicator for RelativeVigor {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let vigor = self.vigor.next(self.bodies.next(bar.close - bar.open));
        let range = self.range.next(self.ranges.next(bar.high - bar.low));
        let rvi = ratio(vigor, range).clamp(-1.0, 1.0);
        let signal = self.signal.next(rvi).clamp(-1.0, 1.0);
        put(lines, [rvi, signal, vigor, range]);
    }
}

/// The symmetrically weighted mean of four values.
#[derive(Serialize, Deserialize)]
struct Four([f64; 3]);

impl Default for Four {
    fn default() -> Self {
        Self([f64::NAN; 3])
    }
}

impl Four {
    #[inline(always)]
    fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let [a, b, c] = self.0;
        self.0 = [x, a, b];
        (x + 2.0 * a + 2.0 * b + c) / 6.0
    }
}
