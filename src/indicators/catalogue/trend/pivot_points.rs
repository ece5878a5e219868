use serde::{Deserialize, Serialize};

use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "pivot_points",
    title: "Pivot points of the day before",
    family: Family::Trend,
    formula: "with high H, low L and close C of the last completed day in UTC: pivot = (H + L + C) / 3; r1 = 2 pivot - L; s1 = 2 \
              pivot - H; r2, s2 = pivot +- (H - L); r3 = H + 2 (pivot - L); s3 = L - 2 (H - pivot); until a day is complete, \
              the bars before this one stand for it",
    source: "Floor traders; J. L. Person, A Complete Guide to Technical Trading Tactics (2004)",
    params: &[],
    lines: &[
        LineSpec::output("pivot", "Middle of the day before", Unit::PRICE, |_| 1),
        LineSpec::output("r1", "First resistance", Unit::PRICE, |_| 1),
        LineSpec::output("s1", "First support", Unit::PRICE, |_| 1),
        LineSpec::output("r2", "Second resistance", Unit::PRICE, |_| 1),
        LineSpec::output("s2", "Second support", Unit::PRICE, |_| 1),
        LineSpec::output("r3", "Third resistance", Unit::PRICE, |_| 1),
        LineSpec::output("s3", "Third support", Unit::PRICE, |_| 1),
        LineSpec::internal("day_high", "High of the day before", Unit::PRICE, |_| 1),
        LineSpec::internal("day_low", "Low of the day before", Unit::PRICE, |_| 1),
        LineSpec::internal("day_close", "Close of the day before", Unit::PRICE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Pivots>(),
};

const DAY_MS: i64 = 86_400_000;

/// What is known of a day so far.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Day {
    number: i64,
    high: f64,
    low: f64,
    close: f64,
}

#[derive(Serialize, Deserialize)]
struct Pivots {
    completed: Option<Day>,
    begun: Option<Day>,
}

impl Build for Pivots {
    fn build(_: Args<'_>) -> Self {
        Self { completed: None, begun: None }
    }
}

impl Indicator for Pivots {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let number = bar.timestamp.div_euclid(DAY_MS);
        let mut today = Day { number, high: bar.high, low: bar.low, close: bar.close };
        if let Some(begun) = self.begun {
            if begun.number == number {
                today.high = today.high.max(begun.high);
                today.low = today.low.min(begun.low);
            } else {
                self.completed = Some(begun);
            }
            let Day { high, low, close, .. } = self.completed.unwrap_or(begun);
            let pivot = (high + low + close) / 3.0;
            let (r1, s1) = (2.0 * pivot - low, 2.0 * pivot - high);
            let (r2, s2) = (pivot + (high - low), pivot - (high - low));
            let (r3, s3) = (high + 2.0 * (pivot - low), low - 2.0 * (high - pivot));
            put(lines, [pivot, r1, s1, r2, s2, r3, s3, high, low, close]);
        }
        self.begun = Some(today);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completed_day_stands_until_the_next_is_complete() {
        let bar = |hour: i64, high: f64, low: f64, close: f64| Bar {
            timestamp: hour * 3_600_000,
            open: close,
            high,
            low,
            close,
            volume: 1.0,
        };
        let bars = [
            bar(-2, 7.0, 5.0, 6.0),
            bar(-1, 9.0, 6.0, 7.0),
            bar(0, 20.0, 10.0, 12.0),
            bar(23, 30.0, 11.0, 13.0),
            // A day without bars is no day.
            bar(49, 14.0, 12.0, 13.0),
            bar(50, 15.0, 12.0, 14.0),
        ];
        let mut pivots = Pivots::build(Args(&[]));
        let found: Vec<[f64; 10]> = bars
            .iter()
            .map(|bar| {
                let mut lines = [f64::NAN; 10];
                pivots.next(bar, &mut lines);
                lines
            })
            .collect();
        assert!(found[0].iter().all(|v| v.is_nan()));
        assert_eq!(found[1][7..], [7.0, 5.0, 6.0]);
        assert_eq!(found[2], [7.0, 9.0, 5.0, 11.0, 3.0, 13.0, 1.0, 9.0, 5.0, 7.0]);
        assert_eq!(found[3], found[2]);
        assert_eq!(found[4][7..], [30.0, 10.0, 13.0]);
        assert_eq!(found[5], found[4]);
    }
}
