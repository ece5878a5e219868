use serde::{Deserialize, Serialize};

use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "signal_filler",
    title: "Signal filler",
    family: Family::Other,
    formula: "signal = c, the last other than 0; as prices are never 0, a copy of the close",
    source: "The Python original, which feeds it the price in place of a signal",
    params: &[],
    lines: &[LineSpec::output("signal", "The close", Unit::PRICE_COPY, |_| 0)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<SignalFiller>(),
};

#[derive(Serialize, Deserialize)]
struct SignalFiller {
    last: f64,
}

impl Build for SignalFiller {
    fn build(_: Args<'_>) -> Self {
        Self { last: f64::NAN }
    }
}

impl Indicator for SignalFiller {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if bar.close != 0.0 {
            self.last = bar.close;
        }
        lines[0] = self.last;
    }
}
