use serde::{Deserialize, Serialize};

use super::moves::share;
use crate::indicators::blocks::{Deviation, Sma, Window, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "dynamic_momentum_index",
    title: "Dynamic momentum index",
    family: Family::Momentum,
    formula: "v = STD(c, deviation) / SMA(STD(c, deviation), average); length = whole part of period / v, from lower \
              to upper; dmi = 100 up / (up + down), up and down the sums of the rises and falls of the last length \
              changes of the close, 50 when nothing moved",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[
        Param::bars("period", "Length at ordinary volatility", 14, 1),
        Param::bars("deviation", "Closes of the deviation", 5, 2),
        Param::bars("average", "Length of its average", 10, 1),
        Param::bars("lower", "Smallest length", 5, 1),
        Param::bars("upper", "Largest length", 30, 1),
    ],
    lines: &[
        LineSpec::output(
            "dmi",
            "Share of the rises in all movement of a length that shrinks with volatility, percent",
            Unit::PERCENT,
            |p| first(p).max(p.bars(4)),
        ),
        LineSpec::internal("v", "Deviation over its average", Unit::RATIO, first),
        LineSpec::internal("length", "Changes summed", Unit::BARS, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<DynamicMomentum>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(1) + p.bars(2) - 2
}

#[derive(Serialize, Deserialize)]
struct DynamicMomentum {
    close: f64,
    changes: Window,
    // Oldest first, as the changes.
    ages: Vec<f64>,
    deviation: Deviation,
    average: Sma,
    period: f64,
    lower: f64,
    upper: f64,
}

impl Build for DynamicMomentum {
    fn build(p: Args<'_>) -> Self {
        Self {
            close: f64::NAN,
            changes: Window::new(p.bars(4)),
            ages: (1..=p.bars(4)).rev().map(|age| age as f64).collect(),
            deviation: Deviation::new(p.bars(1)),
            average: Sma::new(p.bars(2)),
            period: p.real(0),
            lower: p.real(3),
            upper: p.real(4),
        }
    }
}

impl Indicator for DynamicMomentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.close;
        self.close = bar.close;
        let deviation = self.deviation.next(bar.close);
        let v = ratio(deviation, self.average.next(deviation));
        if !change.is_nan() {
            self.changes.push(change);
        }
        if v.is_nan() {
            return;
        }
        // The upper bound comes last, so that it holds where the two contradict each other.
        let length = (self.period / v).trunc().max(self.lower).min(self.upper);
        lines[1..3].copy_from_slice(&[v, length]);
        if self.changes.is_full() {
            let [net, all] = recent(self.changes.as_slice(), &self.ages, length);
            lines[0] = share(0.5 * (all + net), all).clamp(0.0, 100.0);
        }
    }
}

/// Sums of the changes of an age up to `length` and of their sizes. The length changes with every bar, so no sum can be
/// carried on; all changes are looked at, as a loop of changing length costs more.
#[inline(always)]
fn recent(changes: &[f64], ages: &[f64], length: f64) -> [f64; 2] {
    let (mut net, mut all) = ([0.0; 4], [0.0; 4]);
    let (fours, rest) = changes.as_chunks::<4>();
    let (four_ages, rest_ages) = ages.as_chunks::<4>();
    for (changes, ages) in fours.iter().zip(four_ages) {
        for k in 0..4 {
            // A product rather than a choice, which would become a branch.
            let change = changes[k] * f64::from(ages[k] <= length);
            net[k] += change;
            all[k] += change.abs();
        }
    }
    for (change, age) in rest.iter().zip(rest_ages) {
        let change = change * f64::from(*age <= length);
        net[0] += change;
        all[0] += change.abs();
    }
    [net, all].map(|sums| (sums[0] + sums[1]) + (sums[2] + sums[3]))
}
