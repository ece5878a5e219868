use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Lag;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "obv",
    title: "On-balance volume",
    family: Family::Volume,
    formula: "flow = v if c > c[-1], -v if c < c[-1], else 0; obv = running sum of flow, starting from the first volume",
    source: "J. Granville, New Key to Stock Market Profits (1963); start as in TA-Lib",
    params: &[],
    lines: &[
        LineSpec::output("obv", "Volume of rising minus falling bars so far", Unit::CUMULATIVE_VOLUME, |_| 0),
        LineSpec::internal("flow", "Volume with the sign of the bar's change", Unit::VOLUME_DIFFERENCE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Obv>(),
};

#[derive(Serialize, Deserialize)]
struct Obv {
    previous: Lag,
    total: f64,
}

impl Build for Obv {
    fn build(_: Args<'_>) -> Self {
        Self { previous: Lag::new(1), total: f64::NAN }
    }
}

impl Indicator for Obv {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.previous.next(bar.close);
        if change.is_nan() {
            self.total = bar.volume;
        } else {
            let flow = if change == 0.0 { 0.0 } else { bar.volume.copysign(change) };
            self.total += flow;
            lines[1] = flow;
        }
        lines[0] = self.total;
    }
}
