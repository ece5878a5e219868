use serde::{Deserialize, Serialize};

use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const GAMMA: Param = Param::real("gamma", "Damping: 0 none, towards 1 ever slower", 0.5, 0.0, 0.99);

pub(super) static DEFINITION: Definition = Definition {
    id: "laguerre_rsi",
    title: "Laguerre RSI",
    family: Family::Momentum,
    formula: "L0 = (1 - gamma) c + gamma L0[-1]; Lk = -gamma Lk-1 + Lk-1[-1] + gamma Lk[-1] for k = 1, 2, 3, all \
              started at the first close; cu and cd are the sums of the positive and of the negative differences L0 - \
              L1, L1 - L2, L2 - L3; lrsi = cu / (cu + cd), its last value when all four are equal",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 14",
    params: &[GAMMA],
    lines: &[
        LineSpec::output("lrsi", "Share of upward steps between the four filters", Unit::bounded(0.0, 1.0), |_| 1),
        LineSpec::internal("l0", "First filter: an exponential average", Unit::PRICE, |_| 0),
        LineSpec::internal("l1", "Second filter", Unit::PRICE, |_| 0),
        LineSpec::internal("l2", "Third filter", Unit::PRICE, |_| 0),
        LineSpec::internal("l3", "Fourth filter", Unit::PRICE, |_| 0),
        LineSpec::internal("cu", "Sum of upward steps", Unit::PRICE_DIFFERENCE, |_| 0),
        LineSpec::internal("cd", "Sum of downward steps", Unit::PRICE_DIFFERENCE, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<LaguerreRsi<false>>(),
};

/// The filters start at 0 at the end of a warm-up, so about twenty bars are a transient; 1 when all four are equal.
static ORIGINAL: Definition = Definition {
    formula: "As the published form, but the filters start at 0 on bar period - 1 and lrsi is 1 when all four are \
              equal",
    params: &[GAMMA, Param::bars("period", "Bars of warm-up", 14, 1)],
    lines: &[
        LineSpec::output("lrsi", "Share of upward steps between the four filters", Unit::bounded(0.0, 1.0), start),
        LineSpec::internal("l0", "First filter: an exponential average", Unit::PRICE, start),
        LineSpec::internal("l1", "Second filter", Unit::PRICE, start),
        LineSpec::internal("l2", "Third filter", Unit::PRICE, start),
        LineSpec::internal("l3", "Fourth filter", Unit::PRICE, start),
        LineSpec::internal("cu", "Sum of upward steps", Unit::PRICE_DIFFERENCE, start),
        LineSpec::internal("cd", "Sum of downward steps", Unit::PRICE_DIFFERENCE, start),
    ],
    compat: Compat::Same,
    engine: Engine::of::<LaguerreRsi<true>>(),
    ..DEFINITION
};

fn start(p: Args<'_>) -> usize {
    p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct LaguerreRsi<const ORIGINAL: bool> {
    gamma: f64,
    wait: u64,
    filters: [f64; 4],
    value: f64,
}

impl<const ORIGINAL: bool> Build for LaguerreRsi<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let wait = if ORIGINAL { start(p) as u64 } else { 0 };
        let filters = if ORIGINAL { [0.0; 4] } else { [f64::NAN; 4] };
        Self { gamma: p.real(0), wait, filters, value: f64::NAN }
    }
}

impl<const ORIGINAL: bool> Indicator for LaguerreRsi<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if self.wait > 0 {
            self.wait -= 1;
            return;
        }
        if self.filters[0].is_nan() {
            self.filters = [bar.close; 4];
        }
        let g = self.gamma;
        let [a, b, c, d] = self.filters;
        // Written so that equal values stay equal to the last bit.
        let l0 = bar.close + g * (a - bar.close);
        let l1 = a + g * (b - l0);
        let l2 = b + g * (c - l1);
        let l3 = c + g * (d - l2);
        self.filters = [l0, l1, l2, l3];
        let steps = [l0 - l1, l1 - l2, l2 - l3];
        let sum_of = |sign: f64| steps.iter().map(|s| if sign * s > 0.0 { sign * s } else { 0.0 }).sum::<f64>();
        let (cu, cd) = (sum_of(1.0), sum_of(-1.0));
        if cu + cd > 0.0 {
            self.value = cu / (cu + cd);
        } else if ORIGINAL {
            self.value = 1.0;
        }
        put(lines, [self.value, l0, l1, l2, l3, cu, cd]);
    }
}
