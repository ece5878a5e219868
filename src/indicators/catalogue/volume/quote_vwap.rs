use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, FlowIndicator, LineSpec, Param, Unit};
use crate::market::{Bar, Extra, Flow};

pub(super) static DEFINITION: Definition = Definition {
    id: "quote_vwap",
    title: "Average price paid within the bar",
    family: Family::Volume,
    formula: "vwap = quote volume / v, missing without volume; gap = c / vwap - 1; place = (vwap - l) / (h - l), held within \
              0 and 1, 0.5 where h = l; drift = SMA(gap, period) over the bars with volume",
    source: "Common market practice on exchanges that report the quote volume",
    params: &[Param::bars("period", "Length of the average of the gap", 20, 1)],
    lines: &[
        LineSpec::output("vwap", "Average price paid", Unit::PRICE, |_| 0),
        LineSpec::output("gap", "Close above the average price paid, fraction", Unit::RATIO, |_| 0),
        LineSpec::output("place", "Place of the average price in the bar's range", Unit::bounded(0.0, 1.0), |_| 0),
        LineSpec::output("drift", "Average gap", Unit::RATIO, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[Extra::QuoteVolume],
    compat: Compat::Absent,
    engine: Engine::of_flow::<QuoteVwap>(),
};

#[derive(Serialize, Deserialize)]
struct QuoteVwap {
    drift: Sma,
}

impl Build for QuoteVwap {
    fn build(p: Args<'_>) -> Self {
        Self { drift: Sma::new(p.bars(0)) }
    }
}

impl FlowIndicator for QuoteVwap {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        let vwap = ratio(flow.quote_volume, bar.volume);
        let gap = ratio(bar.close, vwap) - 1.0;
        if !gap.is_finite() {
            return;
        }
        let range = bar.high - bar.low;
        let place = if range > 0.0 { ((vwap - bar.low) / range).clamp(0.0, 1.0) } else { 0.5 };
        put(lines, [vwap, gap, place, self.drift.next(gap)]);
    }
}
