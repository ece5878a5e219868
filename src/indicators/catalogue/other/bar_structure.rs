use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Highest, Lowest};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "bar_structure",
    title: "Bar structure",
    family: Family::Other,
    formula: "inside = h < h[-1] and l > l[-1]; outside = h > h[-1] and l < l[-1]; up_run, down_run = bars in a row with c > \
              c[-1], c < c[-1]; high_run = bars in a row with h > h[-1]; low_run = bars in a row with l < l[-1]; narrow, wide \
              = h - l is the smallest, the largest of the last period",
    source: "T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout (1990)",
    params: &[Param::bars("period", "Bars a narrow or wide bar is compared with", 7, 2)],
    lines: &[
        LineSpec::output("inside", "1 when the bar lies within the one before", Unit::FLAG, |_| 1),
        LineSpec::output("outside", "1 when the bar reaches beyond the one before on both sides", Unit::FLAG, |_| 1),
        LineSpec::output("up_run", "Rising closes in a row", Unit::BARS, |_| 1),
        LineSpec::output("down_run", "Falling closes in a row", Unit::BARS, |_| 1),
        LineSpec::output("high_run", "Higher highs in a row", Unit::BARS, |_| 1),
        LineSpec::output("low_run", "Lower lows in a row", Unit::BARS, |_| 1),
        LineSpec::output("narrow", "1 when the range is the smallest", Unit::FLAG, |p| p.bars(0) - 1),
        LineSpec::output("wide", "1 when the range is the largest", Unit::FLAG, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<BarStructure>(),
};

#[derive(Serialize, Deserialize)]
struct BarStructure {
    /// High, low and close of the bar before.
    before: Option<(f64, f64, f64)>,
    /// Up, down, high and low.
    runs: [f64; 4],
    largest: Highest,
    smallest: Lowest,
}

impl Build for BarStructure {
    fn build(p: Args<'_>) -> Self {
        Self { before: None, runs: [0.0; 4], largest: Highest::new(p.bars(0)), smallest: Lowest::new(p.bars(0)) }
    }
}

impl Indicator for BarStructure {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = bar.high - bar.low;
        let (largest, smallest) = (self.largest.next(range), self.smallest.next(range));
        if !largest.is_nan() {
            lines[6..].copy_from_slice(&[f64::from(range == smallest), f64::from(range == largest)]);
        }
        let Some((high, low, close)) = self.before.replace((bar.high, bar.low, bar.close)) else { return };
        let grows = [bar.close > close, bar.close < close, bar.high > high, bar.low < low];
        for (run, grows) in self.runs.iter_mut().zip(grows) {
            *run = if grows { *run + 1.0 } else { 0.0 };
        }
        lines[0] = f64::from(bar.high < high && bar.low > low);
        lines[1] = f64::from(bar.high > high && bar.low < low);
        lines[2..6].copy_from_slice(&self.runs);
    }
}
