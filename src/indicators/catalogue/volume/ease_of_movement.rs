use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Sma, median_price, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

const EASE: Unit = Unit { kind: Kind::Difference, price: 2, volume: -1 };

pub(super) static DEFINITION: Definition = Definition {
    id: "ease_of_movement",
    title: "Ease of movement",
    family: Family::Volume,
    formula: "distance = (h + l) / 2 - ((h + l) / 2)[-1]; raw = distance (h - l) / (v / 10000), missing without volume; eom \
              = SMA(raw, period) over the bars with volume",
    source: "R. W. Arms, Volume Cycles in the Stock Market (1983); 10,000 shares are his unit of volume",
    params: &[Param::bars("period", "Length of the average", 14, 1)],
    lines: &[
        LineSpec::output("eom", "Average move per volume", EASE, |p| p.bars(0)),
        LineSpec::internal("raw", "Move times range per volume", EASE, |_| 1),
        LineSpec::internal("distance", "Change of the bar's middle", Unit::PRICE_DIFFERENCE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<EaseOfMovement>(),
};

const VOLUME_UNIT: f64 = 10_000.0;

#[derive(Serialize, Deserialize)]
struct EaseOfMovement {
    previous: Lag,
    average: Sma,
}

impl Build for EaseOfMovement {
    fn build(p: Args<'_>) -> Self {
        Self { previous: Lag::new(1), average: Sma::new(p.bars(0)) }
    }
}

impl Indicator for EaseOfMovement {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let middle = median_price(bar);
        let distance = middle - self.previous.next(middle);
        let raw = ratio(distance * (bar.high - bar.low), bar.volume / VOLUME_UNIT);
        lines[2] = distance;
        // An infinite quotient would stay in the average for good.
        if raw.is_finite() {
            lines[0] = self.average.next(raw);
            lines[1] = raw;
        }
    }
}
