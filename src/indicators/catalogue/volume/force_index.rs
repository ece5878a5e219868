use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Lag};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

const MONEY: Unit = Unit { kind: Kind::Difference, price: 1, volume: 1 };

pub(super) static DEFINITION: Definition = Definition {
    id: "force_index",
    title: "Force index",
    family: Family::Volume,
    formula: "raw = v (c - c[-1]); force = EMA(raw, period); short = EMA(raw, short)",
    source: "A. Elder, Trading for a Living (1993)",
    params: &[
        Param::bars("period", "Length of the average", 13, 1),
        Param::bars("short", "Length of the short average", 2, 1),
    ],
    lines: &[
        LineSpec::output("force", "Average change times volume", MONEY, |p| p.bars(0)),
        LineSpec::output("short", "Short average of change times volume", MONEY, |p| p.bars(1)),
        LineSpec::internal("raw", "Change times volume", MONEY, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ForceIndex>(),
};

#[derive(Serialize, Deserialize)]
struct ForceIndex {
    previous: Lag,
    long: Ema,
    short: Ema,
}

impl Build for ForceIndex {
    fn build(p: Args<'_>) -> Self {
        Self { previous: Lag::new(1), long: Ema::new(p.bars(0)), short: Ema::new(p.bars(1)) }
    }
}

impl Indicator for ForceIndex {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let raw = bar.volume * (bar.close - self.previous.next(bar.close));
        // An infinite product would stay in the averages for good.
        if raw.is_finite() {
            put(lines, [self.long.next(raw), self.short.next(raw), raw]);
        }
    }
}
