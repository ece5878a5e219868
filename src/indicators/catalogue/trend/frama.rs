use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, SlidingHigh, SlidingLow, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "frama",
    title: "Fractal adaptive moving average",
    family: Family::Trend,
    formula: "over the last 2 half bars: n1 = range of h and l of the newer half / half, n2 of the older half alike, n3 = range \
              of both / (2 half); dimension = log2((n1 + n2) / n3), kept where a range is 0, at first 1; alpha = exp(-4.6 \
              (dimension - 1)) held within 0.01 and 1; frama = frama[-1] + alpha (p - frama[-1]), p = (h + l) / 2, starting \
              from p[-1]",
    source: "J. F. Ehlers, Fractal Adaptive Moving Average, TASC (October 2005)",
    params: &[Param::bars("half", "Bars of either half of the window", 8, 1)],
    lines: &[
        LineSpec::output("frama", "Average that follows straight moves fast", Unit::PRICE, first),
        LineSpec::output("dimension", "Fractal dimension: 1 straight, 2 filling the plane", Unit::RATIO, first),
        LineSpec::internal("alpha", "Gain in use", Unit::bounded(0.0, 1.0), first),
        LineSpec::internal("n1", "Range per bar of the newer half", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("n2", "Range per bar of the older half", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("n3", "Range per bar of both halves", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Frama>(),
};

fn first(p: Args<'_>) -> usize {
    2 * p.bars(0) - 1
}

/// How fast the gain falls with the dimension.
const DECAY: f64 = 4.6;

#[derive(Serialize, Deserialize)]
struct Frama {
    half: f64,
    highest: SlidingHigh,
    lowest: SlidingLow,
    older_highest: Lag,
    older_lowest: Lag,
    dimension: f64,
    alpha: f64,
    value: f64,
}

impl Build for Frama {
    fn build(p: Args<'_>) -> Self {
        let half = p.bars(0);
        Self {
            half: p.real(0),
            highest: SlidingHigh::new(half),
            lowest: SlidingLow::new(half),
            older_highest: Lag::new(half),
            older_lowest: Lag::new(half),
            dimension: 1.0,
            alpha: 1.0,
            value: f64::NAN,
        }
    }
}

impl Indicator for Frama {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        let (highest, lowest) = (self.highest.next(bar.high), self.lowest.next(bar.low));
        let (older_highest, older_lowest) = (self.older_highest.next(highest), self.older_lowest.next(lowest));
        let n1 = (highest - lowest) / self.half;
        lines[3] = n1;
        if older_highest.is_nan() {
            self.value = p;
            return;
        }
        let n2 = (older_highest - older_lowest) / self.half;
        let n3 = (highest.max(older_highest) - lowest.min(older_lowest)) / (2.0 * self.half);
        if n1 > 0.0 && n2 > 0.0 && n3 > 0.0 {
            let log = ((n1 + n2) / n3).ln();
            self.dimension = log / LN_2;
            self.alpha = (DECAY - DECAY / LN_2 * log).exp().clamp(0.01, 1.0);
        }
        self.value += self.alpha * (p - self.value);
        put(lines, [self.value, self.dimension, self.alpha, n1, n2, n3]);
    }
}
