use serde::{Deserialize, Serialize};

use super::moves::split;
use crate::indicators::blocks::RollingSum;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chande_momentum",
    title: "Chande momentum oscillator",
    family: Family::Momentum,
    formula: "up = SUM(max(c - c[-1], 0), period); down = SUM(max(c[-1] - c, 0), period); cmo = 100 (up - down) / (up \
              + down), 0 when nothing moved",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[Param::bars("period", "Changes summed", 20, 1)],
    lines: &[
        LineSpec::output("cmo", "Net movement in percent of all movement", Unit::bounded(-100.0, 100.0), |p| p.bars(0)),
        LineSpec::internal("up", "Sum of rises", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("down", "Sum of falls", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ChandeMomentum>(),
};

#[derive(Serialize, Deserialize)]
struct ChandeMomentum {
    close: f64,
    up: RollingSum,
    down: RollingSum,
}

impl Build for ChandeMomentum {
    fn build(p: Args<'_>) -> Self {
        Self { close: f64::NAN, up: RollingSum::new(p.bars(0)), down: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for ChandeMomentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [up, down] = split(bar.close - self.close);
        self.close = bar.close;
        let (up, down) = (self.up.next(up), self.down.next(down));
        let total = up + down;
        let cmo = if total == 0.0 { 0.0 } else { (100.0 * ((up - down) / total)).clamp(-100.0, 100.0) };
        put(lines, [cmo, up, down]);
    }
}
