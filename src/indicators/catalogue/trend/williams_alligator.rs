use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Sma, Wilder, median_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "williams_alligator",
    title: "Williams alligator",
    family: Family::Trend,
    formula: "p = (h + l) / 2; jaw = W(p, jaw)[-jaw_shift], teeth and lips alike, W Wilder's average",
    source: "B. Williams, Trading Chaos (1995)",
    params: &[
        Param::bars("jaw", "Length of the slow average", 13, 1),
        Param::bars("jaw_shift", "Bars the slow average is shifted by", 8, 1),
        Param::bars("teeth", "Length of the middle average", 8, 1),
        Param::bars("teeth_shift", "Bars the middle average is shifted by", 5, 1),
        Param::bars("lips", "Length of the fast average", 5, 1),
        Param::bars("lips_shift", "Bars the fast average is shifted by", 3, 1),
    ],
    lines: &[
        LineSpec::output("jaw", "Slow average, shifted", Unit::PRICE, |p| p.bars(0) - 1 + p.bars(1)),
        LineSpec::output("teeth", "Middle average, shifted", Unit::PRICE, |p| p.bars(2) - 1 + p.bars(3)),
        LineSpec::output("lips", "Fast average, shifted", Unit::PRICE, |p| p.bars(4) - 1 + p.bars(5)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Alligator>(),
};

/// Simple means of the close.
static ORIGINAL: Definition = Definition {
    formula: "jaw = SMA(c, jaw)[-jaw_shift], teeth and lips alike",
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// Parameters of length and shift, slow to fast.
const PLACES: [(usize, usize); 3] = [(0, 1), (2, 3), (4, 5)];

#[derive(Serialize, Deserialize)]
struct Alligator {
    averages: [Wilder; 3],
    shifts: [Lag; 3],
}

impl Build for Alligator {
    fn build(p: Args<'_>) -> Self {
        Self { averages: PLACES.map(|(n, _)| Wilder::new(p.bars(n))), shifts: shifts(p) }
    }
}

impl Indicator for Alligator {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = median_price(bar);
        for (k, (average, shift)) in self.averages.iter_mut().zip(&mut self.shifts).enumerate() {
            lines[k] = shift.next(average.next(price));
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    averages: [Sma; 3],
    shifts: [Lag; 3],
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { averages: PLACES.map(|(n, _)| Sma::new(p.bars(n))), shifts: shifts(p) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        for (k, (average, shift)) in self.averages.iter_mut().zip(&mut self.shifts).enumerate() {
            lines[k] = shift.next(average.next(bar.close));
        }
    }
}

fn shifts(p: Args<'_>) -> [Lag; 3] {
    PLACES.map(|(_, shift)| Lag::new(p.bars(shift)))
}
