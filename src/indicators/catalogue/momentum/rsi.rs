use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Wilder};
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
    compat: Compat::Absent,
    engine: Engine::of::<Rsi>(),
};

#[derive(Serialize, Deserialize)]
struct Rsi {
    previous: Lag,
    up: Wilder,
    down: Wilder,
}

impl Build for Rsi {
    fn build(p: Args<'_>) -> Self {
        Self { previous: Lag::new(1), up: Wilder::new(p.bars(0)), down: Wilder::new(p.bars(0)) }
    }
}

impl Indicator for Rsi {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.previous.next(bar.close);
        if change.is_nan() {
            return;
        }
        let (up, down) = (change.max(0.0), (-change).max(0.0));
        let (average_up, average_down) = (self.up.next(up), self.down.next(down));
        let total = average_up + average_down;
        let rsi = if total == 0.0 { 50.0 } else { 100.0 * (average_up / total) };
        lines.copy_from_slice(&[rsi, up, down, average_up, average_down]);
    }
}
