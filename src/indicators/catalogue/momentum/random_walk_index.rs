use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Window};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "random_walk_index",
    title: "Random walk index",
    family: Family::Momentum,
    formula: "over k bars the true range averages a_k and a random walk is expected to cover a_k sqrt(k); rwi_high = \
              largest (h - l[-k]) / (a_k sqrt(k)) for k = 2 to period, rwi_low = largest (h[-k] - l) / (a_k sqrt(k)); \
              high_length and low_length are the k where they are found",
    source: "M. Poulos, Of Trends and Random Walks, Technical Analysis of Stocks & Commodities (1991)",
    params: &[Param::bars("period", "Most bars back", 9, 2)],
    lines: &[
        LineSpec::output("rwi_high", "Rise in random-walk distances", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("rwi_low", "Fall in random-walk distances", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("high_length", "Bars of the rise", Unit::BARS, |p| p.bars(0)),
        LineSpec::internal("low_length", "Bars of the fall", Unit::BARS, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RandomWalk>(),
};

#[derive(Serialize, Deserialize)]
struct RandomWalk {
    range: TrueRange,
    highs: Window,
    lows: Window,
    ranges: Window,
    roots: Vec<f64>,
}

impl Build for RandomWalk {
    fn build(p: Args<'_>) -> Self {
        let n = p.bars(0);
        let window = || Window::new(n);
        Self {
            range: TrueRange::default(),
            highs: window(),
            lows: window(),
            ranges: window(),
            roots: (1..=n).map(|k| (k as f64).sqrt()).collect(),
        }
    }
}

impl Indicator for RandomWalk {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar).range;
        if !range.is_nan() {
            self.ranges.push(range);
        }
        if self.ranges.is_full() {
            self.search(bar, lines);
        }
        self.highs.push(bar.high);
        self.lows.push(bar.low);
    }
}

impl RandomWalk {
    /// Every bar back has its own range, so all are tried.
    #[inline(always)]
    fn search(&self, bar: &Bar, lines: &mut [f64]) {
        let back = |window: &'_ Window, k: usize| window.as_slice()[window.len() - k];
        let mut sum = back(&self.ranges, 1);
        let (mut up, mut down) = ((f64::NAN, f64::NAN), (f64::NAN, f64::NAN));
        for k in 2..=self.roots.len() {
            sum += back(&self.ranges, k);
            if sum <= 0.0 {
                continue;
            }
            let scale = self.roots[k - 1] / sum;
            let (rise, fall) = ((bar.high - back(&self.lows, k)) * scale, (back(&self.highs, k) - bar.low) * scale);
            if up.0.is_nan() || rise > up.0 {
                up = (rise, k as f64);
            }
            if down.0.is_nan() || fall > down.0 {
                down = (fall, k as f64);
            }
        }
        put(lines, [up.0, down.0, up.1, down.1]);
    }
}
