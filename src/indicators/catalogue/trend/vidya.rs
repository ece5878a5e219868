use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, RollingSum};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "vidya",
    title: "Variable index dynamic average",
    family: Family::Trend,
    formula: "up, down = sums of rises and falls of c over cmo_period changes; cmo = (up - down) / (up + down), 0 when nothing \
              moved; gain = 2 / (period + 1) |cmo|; vidya = vidya[-1] + gain (c - vidya[-1]), starting from c[-1]",
    source: "T. S. Chande, Adapting Moving Averages to Market Volatility, TASC (March 1992); with his momentum oscillator in \
             The New Technical Trader (1994)",
    params: &[
        Param::bars("period", "Length of the average in a perfect trend", 20, 1),
        Param::bars("cmo_period", "Changes in the momentum oscillator", 9, 1),
    ],
    lines: &[
        LineSpec::output("vidya", "Average that follows momentum", Unit::PRICE, first),
        LineSpec::internal("cmo", "Rises over falls in all movement", Unit::bounded(-1.0, 1.0), first),
        LineSpec::internal("gain", "Gain in use", Unit::bounded(0.0, 1.0), first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Vidya>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(1)
}

#[derive(Serialize, Deserialize)]
struct Vidya {
    gain: f64,
    previous: f64,
    start: Lag,
    total: RollingSum,
    value: f64,
}

impl Build for Vidya {
    fn build(p: Args<'_>) -> Self {
        Self {
            gain: 2.0 / (p.real(0) + 1.0),
            previous: f64::NAN,
            start: Lag::new(p.bars(1)),
            total: RollingSum::new(p.bars(1)),
            value: f64::NAN,
        }
    }
}

impl Indicator for Vidya {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        // Rises less falls is the net change, rises and falls the way there.
        let net = bar.close - self.start.next(bar.close);
        let way = self.total.next((bar.close - self.previous).abs());
        let before = if self.value.is_nan() { self.previous } else { self.value };
        self.previous = bar.close;
        if way.is_nan() {
            return;
        }
        let cmo = if net == 0.0 { 0.0 } else { (net / way).clamp(-1.0, 1.0) };
        let gain = self.gain * cmo.abs();
        self.value = before + gain * (bar.close - before);
        put(lines, [self.value, cmo, gain]);
    }
}
