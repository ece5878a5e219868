use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ma_envelope",
    title: "Moving-average envelope",
    family: Family::Trend,
    formula: "mid = SMA(c, period); bands at mid (1 +- width / 100); position = (c - lower) / (upper - lower)",
    source: "J. M. Hurst, The Profit Magic of Stock Transaction Timing (1970)",
    params: &[
        Param::bars("period", "Closes in the mean", 100, 1),
        Param::real("width", "Percent from the mean to a band", 2.5, 0.01, 99.0),
    ],
    lines: &[
        LineSpec::output("position", "Close between the bands: 0 at the lower, 1 at the upper", Unit::RATIO, first),
        LineSpec::internal("mid", "Mean close", Unit::PRICE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Envelope>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    mean: Sma,
    share: f64,
}

impl Build for Envelope {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), share: p.real(1) / 100.0 }
    }
}

impl Indicator for Envelope {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mid = self.mean.next(bar.close);
        let half = self.share * mid;
        put(lines, [ratio(bar.close - (mid - half), 2.0 * half), mid]);
    }
}
