use serde::{Deserialize, Serialize};

use super::moves::{share, split};
use crate::indicators::blocks::RollingSum;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "intraday_momentum",
    title: "Intraday momentum index",
    family: Family::Momentum,
    formula: "gains = SUM(max(c - o, 0), period); losses = SUM(max(o - c, 0), period); imi = 100 gains / (gains + \
              losses), 50 when no bar has a body",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[Param::bars("period", "Bars summed", 14, 1)],
    lines: &[
        LineSpec::output("imi", "Share of rising bodies in all bodies, percent", Unit::PERCENT, |p| p.bars(0) - 1),
        LineSpec::internal("gains", "Sum of rising bodies", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("losses", "Sum of falling bodies", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<IntradayMomentum>(),
};

#[derive(Serialize, Deserialize)]
struct IntradayMomentum {
    gains: RollingSum,
    losses: RollingSum,
}

impl Build for IntradayMomentum {
    fn build(p: Args<'_>) -> Self {
        Self { gains: RollingSum::new(p.bars(0)), losses: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for IntradayMomentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [gain, loss] = split(bar.close - bar.open);
        let (gains, losses) = (self.gains.next(gain), self.losses.next(loss));
        put(lines, [share(gains, gains + losses).clamp(0.0, 100.0), gains, losses]);
    }
}
