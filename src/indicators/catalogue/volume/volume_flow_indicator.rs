use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, Ema, Lag, RollingSum, ratio, typical_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "volume_flow_indicator",
    title: "Volume flow indicator",
    family: Family::Volume,
    formula: "tp = (h + l + c) / 3; cutoff = coef STD(ln(tp / tp[-1]), inter) c; vave = SMA(v, period)[-1]; vc = min(v, \
              vcoef vave); vcp = vc if tp - tp[-1] > cutoff, -vc if tp - tp[-1] < -cutoff, else 0; raw = SUM(vcp, period) \
              / vave; vfi = EMA(raw, smooth)",
    source: "M. Katsanos, Using Money Flow to Stay with the Trend, Technical Analysis of Stocks & Commodities (June 2004)",
    params: &[
        Param::bars("period", "Bars summed", 130, 1),
        Param::bars("inter", "Bars of the deviation behind the cutoff", 30, 2),
        Param::real("coef", "Deviations a move must exceed", 0.2, 0.0, 10.0),
        Param::real("vcoef", "Average volumes counted at most", 2.5, 0.1, 100.0),
        Param::bars("smooth", "Length of the last average", 3, 1),
    ],
    lines: &[
        LineSpec::output("vfi", "Average volumes of net flow, smoothed", Unit::RATIO, |p| first_sum(p) + p.bars(4) - 1),
        LineSpec::internal("raw", "Average volumes of net flow", Unit::RATIO, first_sum),
        LineSpec::internal("vcp", "Capped volume with the sign of the move", Unit::VOLUME_DIFFERENCE, first_flow),
        LineSpec::internal("cutoff", "Move that counts", Unit::PRICE_DIFFERENCE, |p| p.bars(1)),
        LineSpec::internal("vave", "Average volume up to the bar before", Unit::VOLUME, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<VolumeFlow>(),
};

fn first_flow(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1))
}

fn first_sum(p: Args<'_>) -> usize {
    first_flow(p) + p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct VolumeFlow {
    price: Lag,
    deviation: Deviation,
    coef: f64,
    vcoef: f64,
    volume: RollingSum,
    period: f64,
    average: f64,
    flow: RollingSum,
    smooth: Ema,
}

impl Build for VolumeFlow {
    fn build(p: Args<'_>) -> Self {
        Self {
            price: Lag::new(1),
            deviation: Deviation::new(p.bars(1)),
            coef: p.real(2),
            vcoef: p.real(3),
            volume: RollingSum::new(p.bars(0)),
            period: p.real(0),
            average: f64::NAN,
            flow: RollingSum::new(p.bars(0)),
            smooth: Ema::new(p.bars(4)),
        }
    }
}

impl Indicator for VolumeFlow {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        let before = self.price.next(price);
        let cutoff = self.coef * self.deviation.next((price / before).ln()) * bar.close;
        let average = std::mem::replace(&mut self.average, self.volume.next(bar.volume) / self.period);
        lines[3] = cutoff;
        lines[4] = average;
        if cutoff.is_nan() || average.is_nan() {
            return;
        }
        let (change, capped) = (price - before, bar.volume.min(self.vcoef * average));
        let flow = if change > cutoff {
            capped
        } else if change < -cutoff {
            -capped
        } else {
            0.0
        };
        let raw = ratio(self.flow.next(flow), average);
        lines[..3].copy_from_slice(&[self.smooth.next(raw), raw, flow]);
    }
}
