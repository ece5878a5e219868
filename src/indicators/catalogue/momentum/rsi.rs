use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "rsi",
    title: "Relative strength index",
    family: Family::Momentum,
    formula: "up = max(c - c[-1], 0); down = max(c[-1] - c, 0); rsi = 100 W(up) / (W(up) + W(down)), W Wilder's \
              average; 50 when nothing moved",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
    params: &[Param::bars("period", "Length of Wilder's averages", 14, 1)],
    lines: &[
        LineSpec::output("rsi", "Share of upward movement in all movement, percent", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("up", "Rise of the close, else 0", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("down", "Fall of the close, else 0", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("maup", "Average rise", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("madown", "Average fall", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: true,
    also: &[&[7.0], &[21.0]],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Rsi<false>>(),
};

/// 0 instead of 100 without a fall, and instead of 50 when nothing moved.
static ORIGINAL: Definition = Definition {
    formula: "up = max(c - c[-1], 0); down = max(c[-1] - c, 0); rsi = 100 - 100 / (1 + W(up) / W(down)), W Wilder's \
              average; 0 when W(down) is 0",
    compat: Compat::Same,
    engine: Engine::of::<Rsi<true>>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Rsi<const ORIGINAL: bool> {
    previous: f64,
    moves: Moves,
}

impl<const ORIGINAL: bool> Build for Rsi<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { previous: f64::NAN, moves: Moves::new(p.bars(0)) }
    }
}

impl<const ORIGINAL: bool> Indicator for Rsi<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let step = self.moves.next(bar.close - self.previous);
        self.previous = bar.close;
        let rsi = if ORIGINAL { step.index_of_the_original() } else { step.index() };
        put(lines, [rsi, step.up, step.down, step.average_up, step.average_down]);
    }
}
