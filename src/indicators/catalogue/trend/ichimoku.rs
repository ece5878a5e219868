use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, SlidingHigh, SlidingLow};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ichimoku",
    title: "Ichimoku cloud",
    family: Family::Trend,
    formula: "M(n) = (HH(h, n) + LL(l, n)) / 2; tenkan = M(tenkan); kijun = M(kijun); lead_a = (tenkan + kijun) / 2; lead_b = \
              M(senkou); span_a, span_b = lead_a, lead_b of shift bars ago, so as drawn at this bar; thickness = span_a - \
              span_b; position = 1 when c is above both spans, -1 below both, else 0; without chikou, which is the close \
              drawn into the past",
    source: "G. Hosoda, Ichimoku Kinko Hyo (1969)",
    params: &[
        Param::bars("tenkan", "Bars of the conversion line", 9, 1),
        Param::bars("kijun", "Bars of the base line", 26, 1),
        Param::bars("senkou", "Bars of the slow span", 52, 1),
        Param::bars("shift", "Bars by which the spans are drawn ahead", 26, 1),
    ],
    lines: &[
        LineSpec::output("tenkan", "Conversion line", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::output("kijun", "Base line", Unit::PRICE, |p| p.bars(1) - 1),
        LineSpec::output("span_a", "Fast edge of the cloud at this bar", Unit::PRICE, |p| first_a(p) + p.bars(3)),
        LineSpec::output("span_b", "Slow edge of the cloud at this bar", Unit::PRICE, |p| p.bars(2) - 1 + p.bars(3)),
        LineSpec::output("thickness", "Fast over slow edge of the cloud", Unit::PRICE_DIFFERENCE, first_cloud),
        LineSpec::output(
            "position",
            "1 when the close is above the cloud, -1 below, 0 inside",
            Unit::FLAG,
            first_cloud,
        ),
        LineSpec::internal("lead_a", "Fast edge of the cloud ahead", Unit::PRICE, first_a),
        LineSpec::internal("lead_b", "Slow edge of the cloud ahead", Unit::PRICE, |p| p.bars(2) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Ichimoku>(),
};

fn first_a(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1)) - 1
}

fn first_cloud(p: Args<'_>) -> usize {
    first_a(p).max(p.bars(2) - 1) + p.bars(3)
}

/// Middle of the range of the last n bars.
#[derive(Serialize, Deserialize)]
struct Middle {
    highest: SlidingHigh,
    lowest: SlidingLow,
}

impl Middle {
    fn new(n: usize) -> Self {
        Self { highest: SlidingHigh::new(n), lowest: SlidingLow::new(n) }
    }

    #[inline(always)]
    fn next(&mut self, bar: &Bar) -> f64 {
        f64::midpoint(self.highest.next(bar.high), self.lowest.next(bar.low))
    }
}

#[derive(Serialize, Deserialize)]
struct Ichimoku {
    tenkan: Middle,
    kijun: Middle,
    senkou: Middle,
    span_a: Lag,
    span_b: Lag,
}

impl Build for Ichimoku {
    fn build(p: Args<'_>) -> Self {
        Self {
            tenkan: Middle::new(p.bars(0)),
            kijun: Middle::new(p.bars(1)),
            senkou: Middle::new(p.bars(2)),
            span_a: Lag::new(p.bars(3)),
            span_b: Lag::new(p.bars(3)),
        }
    }
}

impl Indicator for Ichimoku {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (tenkan, kijun, lead_b) = (self.tenkan.next(bar), self.kijun.next(bar), self.senkou.next(bar));
        let lead_a = f64::midpoint(tenkan, kijun);
        let (span_a, span_b) = (self.span_a.next(lead_a), self.span_b.next(lead_b));
        let thickness = span_a - span_b;
        let position = if thickness.is_nan() {
            f64::NAN
        } else if bar.close > span_a.max(span_b) {
            1.0
        } else if bar.close < span_a.min(span_b) {
            -1.0
        } else {
            0.0
        };
        put(lines, [tenkan, kijun, span_a, span_b, thickness, position, lead_a, lead_b]);
    }
}
