use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Correlation, Lag, Total, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, FlowIndicator, LineSpec, Param, Unit};
use crate::market::{Bar, Extra, Flow};

pub(super) static DEFINITION: Definition = Definition {
    id: "cumulative_delta",
    title: "Cumulative volume delta",
    family: Family::Volume,
    formula: "delta = 2 buy - v, buy the volume bought by takers; cvd = running sum of delta; change = cvd - cvd[-period]; \
              divergence = 1 when c < c[-period] and change > 0, -1 when c > c[-period] and change < 0, else 0; agreement = \
              Pearson's corr(c / c[-1] - 1, delta) over period",
    source: "Common market practice on exchanges that mark the taker's side",
    params: &[Param::bars("period", "Bars of the divergence", 30, 3)],
    lines: &[
        LineSpec::output("cvd", "Volume bought less sold by takers, so far", Unit::CUMULATIVE_VOLUME, |_| 0),
        LineSpec::output("divergence", "1 when takers bought a fall, -1 when they sold a rise", Unit::FLAG, |p| {
            p.bars(0)
        }),
        LineSpec::output("agreement", "Correlation of return and delta", Unit::bounded(-1.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("change", "Change of cvd over the period", Unit::VOLUME_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[Extra::TakerBuyVolume],
    compat: Compat::Absent,
    engine: Engine::of_flow::<CumulativeDelta>(),
};

#[derive(Serialize, Deserialize)]
struct CumulativeDelta {
    total: Total,
    total_before: Lag,
    close_before: Lag,
    previous: Lag,
    agreement: Correlation,
}

impl Build for CumulativeDelta {
    fn build(p: Args<'_>) -> Self {
        Self {
            total: Total::default(),
            total_before: Lag::new(p.bars(0)),
            close_before: Lag::new(p.bars(0)),
            previous: Lag::new(1),
            agreement: Correlation::new(p.bars(0)),
        }
    }
}

impl FlowIndicator for CumulativeDelta {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        let delta = 2.0 * flow.taker_buy_volume - bar.volume;
        if !delta.is_finite() {
            return;
        }
        let cvd = self.total.next(delta);
        let change = cvd - self.total_before.next(cvd);
        let moved = bar.close - self.close_before.next(bar.close);
        let before = self.previous.next(bar.close);
        let agreement = self.agreement.next(ratio(bar.close - before, before), delta);
        lines[0] = cvd;
        if change.is_nan() {
            return;
        }
        let divergence = f64::from(moved < 0.0 && change > 0.0) - f64::from(moved > 0.0 && change < 0.0);
        lines[1..].copy_from_slice(&[divergence, agreement, change]);
    }
}
