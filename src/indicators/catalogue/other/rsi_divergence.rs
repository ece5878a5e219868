use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Strength, Swings, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const STEP: Unit = Unit::bounded(-100.0, 100.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "rsi_divergence",
    title: "Divergence of price and relative strength",
    family: Family::Other,
    formula: "swings: highs and lows with side lower highs or higher lows on either side (see swing_points), known only on the \
              last of these, each with RSI(c, period) of its own bar; low_step = low / low before - 1, low_rsi_step = rsi - rsi \
              before of the last two swing lows, 0 until there are two; bullish = 1 on the bar that confirms a low with \
              low_step < 0 < low_rsi_step, hidden_bullish with low_rsi_step < 0 < low_step, both at most reach bars after the \
              low before; highs alike: bearish with high_rsi_step < 0 < high_step, hidden_bearish with high_step < 0 < \
              high_rsi_step; bull_age, bear_age = bars since bullish, bearish, until there was one since the first bar",
    source: "Divergence: J. W. Wilder, New Concepts in Technical Trading Systems (1978); hidden divergence: common practice",
    params: &[
        Param::bars("period", "Length of the relative strength index", 14, 1),
        Param::bars("side", "Bars on either side of a swing", 5, 1),
        Param::bars("reach", "Bars between two swings at most", 60, 1),
    ],
    lines: &[
        LineSpec::output("bullish", "1 when a lower low meets a higher RSI", Unit::FLAG, first),
        LineSpec::output("bearish", "1 when a higher high meets a lower RSI", Unit::FLAG, first),
        LineSpec::output("hidden_bullish", "1 when a higher low meets a lower RSI", Unit::FLAG, first),
        LineSpec::output("hidden_bearish", "1 when a lower high meets a higher RSI", Unit::FLAG, first),
        LineSpec::output("bull_age", "Bars since a bullish divergence", Unit::BARS, first),
        LineSpec::output("bear_age", "Bars since a bearish divergence", Unit::BARS, first),
        LineSpec::internal("low_step", "Step between the last two swing lows, fraction", Unit::RATIO, first),
        LineSpec::internal("low_rsi_step", "Step of RSI between the last two swing lows", STEP, first),
        LineSpec::internal("high_step", "Step between the last two swing highs, fraction", Unit::RATIO, first),
        LineSpec::internal("high_rsi_step", "Step of RSI between the last two swing highs", STEP, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RsiDivergence>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + 2 * p.bars(1)
}

/// The last swing of one side and the step to it from the one before.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Side {
    /// Price, RSI and bars since.
    last: Option<(f64, f64, f64)>,
    step: f64,
    rsi_step: f64,
}

impl Side {
    /// Takes the next bar, on which the swing `found` was confirmed; true when it came within `reach` of the one before.
    fn next(&mut self, found: Option<f64>, rsi: f64, side: f64, reach: f64) -> bool {
        if let Some((_, _, age)) = &mut self.last {
            *age += 1.0;
        }
        let Some(price) = found else { return false };
        let Some((before, rsi_before, age)) = self.last.replace((price, rsi, side)) else { return false };
        self.step = ratio(price, before) - 1.0;
        self.rsi_step = rsi - rsi_before;
        age - side <= reach
    }
}

#[derive(Serialize, Deserialize)]
struct RsiDivergence {
    strength: Strength,
    then: Lag,
    swings: Swings,
    side: f64,
    reach: f64,
    bars: f64,
    high: Side,
    low: Side,
    bull_age: f64,
    bear_age: f64,
}

impl Build for RsiDivergence {
    fn build(p: Args<'_>) -> Self {
        Self {
            strength: Strength::new(p.bars(0)),
            then: Lag::new(p.bars(1)),
            swings: Swings::new(p.bars(1)),
            side: p.real(1),
            reach: p.real(2),
            bars: 0.0,
            high: Side::default(),
            low: Side::default(),
            bull_age: -1.0,
            bear_age: -1.0,
        }
    }
}

impl Indicator for RsiDivergence {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let rsi = self.strength.index(bar.close);
        if rsi.is_nan() {
            return;
        }
        let then = self.then.next(rsi);
        let (high, low) = self.swings.next(bar.high, bar.low);
        self.bars += 1.0;
        if self.bars <= 2.0 * self.side {
            return;
        }
        let fresh_high = self.high.next(high, then, self.side, self.reach);
        let fresh_low = self.low.next(low, then, self.side, self.reach);
        let (low, high) = (self.low, self.high);
        let bullish = fresh_low && low.step < 0.0 && low.rsi_step > 0.0;
        let bearish = fresh_high && high.step > 0.0 && high.rsi_step < 0.0;
        self.bull_age = if bullish { 0.0 } else { self.bull_age + 1.0 };
        self.bear_age = if bearish { 0.0 } else { self.bear_age + 1.0 };
        put(
            lines,
            [
                f64::from(bullish),
                f64::from(bearish),
                f64::from(fresh_low && low.step > 0.0 && low.rsi_step < 0.0),
                f64::from(fresh_high && high.step < 0.0 && high.rsi_step > 0.0),
                self.bull_age,
                self.bear_age,
                low.step,
                low.rsi_step,
                high.step,
                high.rsi_step,
            ],
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::indicators::{Lines, compute, parse_instance};
    use crate::market::{Bar, Series};

    fn lines_of(bars: Vec<Bar>) -> Lines {
        compute(&[parse_instance("rsi_divergence").unwrap()], &Series::new("X", "1m".parse().unwrap(), bars).unwrap())
    }

    #[test]
    fn a_market_upside_down_diverges_the_other_way() {
        let bar = |i: i64| {
            let wave = |x: f64, size: f64| size * (i as f64 / x).sin();
            let close = 100.0 + wave(5.0, 4.0) + wave(13.7, 3.0) + wave(41.3, 8.0);
            Bar { timestamp: i * 60_000, open: close, high: close + 0.5, low: close - 0.25, close, volume: 1.0 }
        };
        let bars: Vec<Bar> = (0..1500).map(bar).collect();
        let turn = |b: &Bar| Bar {
            open: 200.0 - b.open,
            high: 200.0 - b.low,
            low: 200.0 - b.high,
            close: 200.0 - b.close,
            ..*b
        };
        let turned = lines_of(bars.iter().map(turn).collect());
        let plain = lines_of(bars);
        let line =
            |lines: &Lines, name: &str| lines.get(&format!("rsi_divergence.{name}")).unwrap().values[24..].to_vec();
        for (name, other) in [("bullish", "bearish"), ("hidden_bullish", "hidden_bearish"), ("bull_age", "bear_age")] {
            assert_eq!(line(&plain, name), line(&turned, other));
            assert_eq!(line(&plain, other), line(&turned, name));
        }
        for name in ["bullish", "bearish", "hidden_bullish", "hidden_bearish"] {
            assert!(line(&plain, name).contains(&1.0), "{name}");
        }
    }
}
