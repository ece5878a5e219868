use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "gann_hilo",
    title: "Gann HiLo activator",
    family: Family::Trend,
    formula: "mean_high = SMA(h, period); mean_low = SMA(l, period); direction turns up on a close above mean_high[-1] and down \
              on one below mean_low[-1], starting on the close's side of their middle; activator = mean_low when up, mean_high \
              when down",
    source: "R. Krausz, The New Gann Swing Chartist, TASC (February 1998)",
    params: &[Param::bars("period", "Bars of both means", 3, 1)],
    lines: &[
        LineSpec::output("activator", "Trailing stop: below the price when up", Unit::PRICE, |p| p.bars(0)),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, |p| p.bars(0)),
        LineSpec::internal("mean_high", "Mean high", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("mean_low", "Mean low", Unit::PRICE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<HiLo>(),
};

#[derive(Serialize, Deserialize)]
struct HiLo {
    high: Sma,
    low: Sma,
    /// Mean high and low of the bar before.
    before: Option<(f64, f64)>,
    up: Option<bool>,
}

impl Build for HiLo {
    fn build(p: Args<'_>) -> Self {
        Self { high: Sma::new(p.bars(0)), low: Sma::new(p.bars(0)), before: None, up: None }
    }
}

impl Indicator for HiLo {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (high, low) = (self.high.next(bar.high), self.low.next(bar.low));
        if high.is_nan() {
            return;
        }
        [lines[2], lines[3]] = [high, low];
        let Some((high_before, low_before)) = self.before.replace((high, low)) else { return };
        let up = match self.up {
            None => bar.close > f64::midpoint(high_before, low_before),
            Some(up) => bar.close > high_before || up && bar.close >= low_before,
        };
        self.up = Some(up);
        [lines[0], lines[1]] = if up { [low, 1.0] } else { [high, -1.0] };
    }
}
