use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "atr_trailing_stop",
    title: "Average-range trailing stop",
    family: Family::Trend,
    formula: "loss = width W(tr, period), W Wilder's average; with c and c[-1] both above stop[-1]: stop = max(stop[-1], c - \
              loss); both below: stop = min(stop[-1], c + loss); otherwise stop = c - loss when c > stop[-1], else c + loss; \
              starts at c - loss; direction = 1 when c > stop, else -1",
    source: "S. Vervoort, Average True Range Trailing Stops, TASC (June 2009)",
    params: &[
        Param::bars("period", "Length of the average range", 5, 1),
        Param::real("width", "Average ranges from the close to the stop", 3.5, 0.1, 100.0),
    ],
    lines: &[
        LineSpec::output("stop", "Trailing stop: below the price when up", Unit::PRICE, |p| p.bars(0)),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, |p| p.bars(0)),
        LineSpec::internal("loss", "Distance from the close to a new stop", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Trailing>(),
};

#[derive(Serialize, Deserialize)]
struct Trailing {
    range: TrueRange,
    average: Wilder,
    width: f64,
    previous: f64,
    stop: f64,
}

impl Build for Trailing {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            average: Wilder::new(p.bars(0)),
            width: p.real(1),
            previous: f64::NAN,
            stop: f64::NEG_INFINITY,
        }
    }
}

impl Indicator for Trailing {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let loss = self.width * self.average.next(self.range.next(bar).range);
        let previous = std::mem::replace(&mut self.previous, bar.close);
        if loss.is_nan() {
            return;
        }
        let (long, short) = (bar.close - loss, bar.close + loss);
        self.stop = if bar.close > self.stop {
            if previous > self.stop { long.max(self.stop) } else { long }
        } else if bar.close < self.stop && previous < self.stop {
            short.min(self.stop)
        } else {
            short
        };
        let direction = if bar.close > self.stop { 1.0 } else { -1.0 };
        put(lines, [self.stop, direction, loss]);
    }
}
