use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LineFit, Sma};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chande_forecast",
    title: "Chande forecast oscillator",
    family: Family::Momentum,
    formula: "forecast = value of the least-squares line through the period closes before this bar, one step on; cfo = \
              100 (c - forecast) / c; signal = SMA(cfo, signal)",
    source: "T. S. Chande, Forecasting Tomorrow's Trading Day, Technical Analysis of Stocks & Commodities (1992)",
    params: &[
        Param::bars("period", "Closes of the line", 5, 2),
        Param::bars("signal", "Length of the signal average", 3, 1),
    ],
    lines: &[
        LineSpec::output("cfo", "Distance of the close from its forecast, percent", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("signal", "Average of cfo", Unit::RATIO, |p| p.bars(0) + p.bars(1) - 1),
        LineSpec::internal("forecast", "What the line before this bar said for it", Unit::PRICE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ChandeForecast>(),
};

#[derive(Serialize, Deserialize)]
struct ChandeForecast {
    line: LineFit,
    forecast: f64,
    signal: Sma,
}

impl Build for ChandeForecast {
    fn build(p: Args<'_>) -> Self {
        Self { line: LineFit::new(p.bars(0)), forecast: f64::NAN, signal: Sma::new(p.bars(1)) }
    }
}

impl Indicator for ChandeForecast {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let line = self.line.next(bar.close);
        let forecast = std::mem::replace(&mut self.forecast, line.end + line.slope);
        let cfo = 100.0 * ((bar.close - forecast) / bar.close);
        put(lines, [cfo, self.signal.next(cfo), forecast]);
    }
}
