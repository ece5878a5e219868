use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Sma, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "kst",
    title: "Know sure thing",
    family: Family::Momentum,
    formula: "rcma_k = SMA(100 (c / c[-rp_k] - 1), rma_k); kst = rcma1 + 2 rcma2 + 3 rcma3 + 4 rcma4; signal = \
              SMA(kst, signal)",
    source: "M. Pring, Summed Rate of Change (KST), Technical Analysis of Stocks & Commodities (1992)",
    params: &[RP1, RP2, RP3, RP4, RMA1, RMA2, RMA3, RMA4, SIGNAL],
    lines: &[
        LineSpec::output("kst", "Weighted sum of four smoothed rates of change", Unit::RATIO, first),
        LineSpec::output("signal", "Average of kst", Unit::RATIO, |p| first(p) + p.bars(8) - 1),
        LineSpec::internal("rcma1", "First rate of change, smoothed, percent", Unit::RATIO, |p| first_part(p, 0)),
        LineSpec::internal("rcma2", "Second rate of change, smoothed, percent", Unit::RATIO, |p| first_part(p, 1)),
        LineSpec::internal("rcma3", "Third rate of change, smoothed, percent", Unit::RATIO, |p| first_part(p, 2)),
        LineSpec::internal("rcma4", "Fourth rate of change, smoothed, percent", Unit::RATIO, |p| first_part(p, 3)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Kst>(),
};

/// The fourth average is as short as the others.
static ORIGINAL: Definition = Definition {
    params: &[RP1, RP2, RP3, RP4, RMA1, RMA2, RMA3, rma4(10), SIGNAL],
    compat: Compat::Same,
    ..DEFINITION
};

const RP1: Param = Param::bars("rp1", "Bars of the first rate of change", 10, 1);
const RP2: Param = Param::bars("rp2", "Bars of the second rate of change", 15, 1);
const RP3: Param = Param::bars("rp3", "Bars of the third rate of change", 20, 1);
const RP4: Param = Param::bars("rp4", "Bars of the fourth rate of change", 30, 1);
const RMA1: Param = Param::bars("rma1", "Length of the first average", 10, 1);
const RMA2: Param = Param::bars("rma2", "Length of the second average", 10, 1);
const RMA3: Param = Param::bars("rma3", "Length of the third average", 10, 1);
const RMA4: Param = rma4(15);

const fn rma4(default: u16) -> Param {
    Param::bars("rma4", "Length of the fourth average", default, 1)
}

const SIGNAL: Param = Param::bars("signal", "Length of the signal average", 9, 1);

fn first_part(p: Args<'_>, k: usize) -> usize {
    p.bars(k) + p.bars(k + 4) - 1
}

fn first(p: Args<'_>) -> usize {
    (0..4).map(|k| first_part(p, k)).max().unwrap_or(0)
}

#[derive(Serialize, Deserialize)]
struct Kst {
    before: [Lag; 4],
    averages: [Sma; 4],
    signal: Sma,
}

impl Build for Kst {
    fn build(p: Args<'_>) -> Self {
        Self {
            before: std::array::from_fn(|k| Lag::new(p.bars(k))),
            averages: std::array::from_fn(|k| Sma::new(p.bars(k + 4))),
            signal: Sma::new(p.bars(8)),
        }
    }
}

impl Indicator for Kst {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mut kst = 0.0;
        for k in 0..4 {
            let before = self.before[k].next(bar.close);
            let part = self.averages[k].next(100.0 * ratio(bar.close - before, before));
            kst += (k + 1) as f64 * part;
            lines[k + 2] = part;
        }
        lines[0] = kst;
        lines[1] = self.signal.next(kst);
    }
}
