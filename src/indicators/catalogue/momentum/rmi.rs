use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::blocks::Lag;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "rmi",
    title: "Relative momentum index",
    family: Family::Momentum,
    formula: "up = max(c - c[-lookback], 0); down = max(c[-lookback] - c, 0); rmi = 100 W(up) / (W(up) + W(down)), W \
              Wilder's average; 50 when nothing moved",
    source: "R. Altman, Relative Momentum Index: Modifying RSI, Technical Analysis of Stocks & Commodities (1993)",
    params: &[
        Param::bars("period", "Length of Wilder's averages", 20, 1),
        Param::bars("lookback", "Bars over which the close changes", 5, 1),
    ],
    lines: &[
        LineSpec::output("rmi", "Share of upward movement in all movement, percent", Unit::PERCENT, first),
        LineSpec::internal("up", "Rise of the close over the look-back, else 0", Unit::PRICE_DIFFERENCE, |p| p.bars(1)),
        LineSpec::internal("down", "Fall of the close over the look-back, else 0", Unit::PRICE_DIFFERENCE, |p| {
            p.bars(1)
        }),
        LineSpec::internal("maup", "Average rise", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("madown", "Average fall", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Rmi<false>>(),
};

/// 0 instead of 100 without a fall, and instead of 50 when nothing moved.
static ORIGINAL: Definition = Definition {
    formula: "up = max(c - c[-lookback], 0); down = max(c[-lookback] - c, 0); rmi = 100 - 100 / (1 + W(up) / W(down)), \
              W Wilder's average; 0 when W(down) is 0",
    compat: Compat::Same,
    engine: Engine::of::<Rmi<true>>(),
    ..DEFINITION
};

fn first(p: Args<'_>) -> usize {
    p.bars(1) + p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Rmi<const ORIGINAL: bool> {
    before: Lag,
    moves: Moves,
}

impl<const ORIGINAL: bool> Build for Rmi<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { before: Lag::new(p.bars(1)), moves: Moves::new(p.bars(0)) }
    }
}

impl<const ORIGINAL: bool> Indicator for Rmi<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let step = self.moves.next(bar.close - self.before.next(bar.close));
        let rmi = if ORIGINAL { step.index_of_the_original() } else { step.index() };
        put(lines, [rmi, step.up, step.down, step.average_up, step.average_down]);
    }
}
