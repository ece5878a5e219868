use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const FLAG: Unit = Unit::FLAG;
const RANGE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "candle_patterns",
    title: "Candle patterns",
    family: Family::Other,
    formula: "B, R = mean body |c - o| and mean range h - l of the period bars before; s = sign(c - o); long: body > B; short: \
              body <= B/2; trend = c - SMA(c, period). doji: body <= R/10, h > l. marubozu: s of a long body with both wicks \
              <= R/10. hammer: lower wick >= 2 bodies and >= R/2, upper <= R/10; 1 after trend[-1] < 0, -1 (hanging man) \
              after > 0. shooting_star: hammer upside down; -1 after a rise, 1 (inverted hammer) after a fall. engulfing: s \
              of a long body that holds and exceeds an opposite one. harami: -s[-1] when a short body lies within a long \
              one. piercing: s when, after a long opposite body, the bar opens at or beyond its close and closes past its \
              middle but within it (-1: dark cloud). star: s when a long opposite body and a short one clear of its middle \
              come before and c passes that middle (1 morning, -1 evening). soldiers: s of three bodies of one sign, none \
              short, each closing further, opening within the one before, with a wick ahead <= body/2 (-1: crows). \
              tweezer: 1 on lows equal within R/20, falling then rising, after trend[-2] < 0; -1 mirrored. three_inside: \
              harami[-1] when c passes the open of its long body with the same sign",
    source: "Names after S. Nison, Japanese Candlestick Charting Techniques (1991); the measures are our own and need no gaps",
    params: &[Param::bars("period", "Bars before that set the usual size", 10, 1)],
    lines: &[
        LineSpec::output("doji", "1 on a bar almost without body", FLAG, |p| p.bars(0)),
        LineSpec::output("marubozu", "1 on a long rising bar without wicks, -1 falling", FLAG, |p| p.bars(0)),
        LineSpec::output("hammer", "1 on a hammer, -1 on a hanging man", FLAG, |p| p.bars(0)),
        LineSpec::output("shooting_star", "-1 on a shooting star, 1 on an inverted hammer", FLAG, |p| p.bars(0)),
        LineSpec::output("engulfing", "1 when a rising body engulfs a falling one, -1 reversed", FLAG, |p| p.bars(0)),
        LineSpec::output("harami", "1 on a short body within a long falling one, -1 rising", FLAG, |p| p.bars(0)),
        LineSpec::output("piercing", "1 on a piercing line, -1 on a dark cloud", FLAG, |p| p.bars(0)),
        LineSpec::output("star", "1 on a morning star, -1 on an evening star", FLAG, first_three),
        LineSpec::output("soldiers", "1 on three white soldiers, -1 on three black crows", FLAG, first_three),
        LineSpec::output("tweezer", "1 on a tweezer bottom, -1 on a top", FLAG, |p| p.bars(0) + 1),
        LineSpec::output("three_inside", "1 when a rise confirms a harami, -1 when a fall", FLAG, |p| p.bars(0) + 1),
        LineSpec::internal("body", "Body in usual bodies, with its sign", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("upper", "Upper wick in usual ranges", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("lower", "Lower wick in usual ranges", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("body_avg", "Usual body", RANGE, |p| p.bars(0)),
        LineSpec::internal("range_avg", "Usual range", RANGE, |p| p.bars(0)),
        LineSpec::internal("trend", "Close above its mean", RANGE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<CandlePatterns>(),
};

fn first_three(p: Args<'_>) -> usize {
    p.bars(0).max(2)
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Candle {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
}

impl Candle {
    const NONE: Self = Self { open: f64::NAN, high: f64::NAN, low: f64::NAN, close: f64::NAN };

    fn of(bar: &Bar) -> Self {
        Self { open: bar.open, high: bar.high, low: bar.low, close: bar.close }
    }

    fn body(&self) -> f64 {
        (self.close - self.open).abs()
    }

    fn sign(&self) -> f64 {
        f64::from(self.close > self.open) - f64::from(self.close < self.open)
    }

    fn top(&self) -> f64 {
        self.open.max(self.close)
    }

    fn bottom(&self) -> f64 {
        self.open.min(self.close)
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.open, self.close)
    }

    fn range(&self) -> f64 {
        self.high - self.low
    }

    fn upper(&self) -> f64 {
        self.high - self.top()
    }

    fn lower(&self) -> f64 {
        self.bottom() - self.low
    }

    /// Upside down, so that a pattern of falling bars is one of rising bars.
    fn mirrored(&self) -> Self {
        Self { open: -self.open, high: -self.low, low: -self.high, close: -self.close }
    }

    fn facing(&self, sign: f64) -> Self {
        if sign < 0.0 { self.mirrored() } else { *self }
    }
}

/// The usual body and range.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Usual {
    body: f64,
    range: f64,
}

impl Usual {
    fn is_long(self, candle: &Candle) -> bool {
        candle.body() > self.body
    }

    fn is_short(self, candle: &Candle) -> bool {
        candle.body() <= 0.5 * self.body
    }

    fn doji(self, candle: &Candle) -> f64 {
        f64::from(candle.body() <= 0.1 * self.range && candle.range() > 0.0)
    }

    fn marubozu(self, candle: &Candle) -> f64 {
        let bare = candle.upper().max(candle.lower()) <= 0.1 * self.range;
        if bare && self.is_long(candle) { candle.sign() } else { 0.0 }
    }

    /// The shape of a hammer: a long wick below, none above.
    fn is_hammer(self, candle: &Candle) -> bool {
        let wick = candle.lower();
        wick > 0.0 && wick >= 2.0 * candle.body() && wick >= 0.5 * self.range && candle.upper() <= 0.1 * self.range
    }

    fn engulfing(self, [before, now]: [&Candle; 2]) -> f64 {
        let holds = now.top() >= before.top() && now.bottom() <= before.bottom() && now.body() > before.body();
        if holds && now.sign() * before.sign() < 0.0 && self.is_long(now) { now.sign() } else { 0.0 }
    }

    fn harami(self, [before, now]: [&Candle; 2]) -> f64 {
        let within = now.top() <= before.top() && now.bottom() >= before.bottom();
        if within && self.is_long(before) && self.is_short(now) { -before.sign() } else { 0.0 }
    }

    fn piercing(self, [before, now]: [&Candle; 2]) -> f64 {
        let sign = now.sign();
        if sign * before.sign() >= 0.0 || !self.is_long(before) {
            return 0.0;
        }
        let (before, now) = (before.facing(sign), now.facing(sign));
        let pierces = now.open <= before.close && now.close > before.middle() && now.close < before.open;
        if pierces { sign } else { 0.0 }
    }

    fn star(self, [first, second, now]: [&Candle; 3]) -> f64 {
        let sign = now.sign();
        if sign * first.sign() >= 0.0 || !self.is_long(first) || !self.is_short(second) {
            return 0.0;
        }
        let (first, second, now) = (first.facing(sign), second.facing(sign), now.facing(sign));
        if second.top() <= first.middle() && now.close > first.middle() { sign } else { 0.0 }
    }

    fn soldiers(self, candles: [&Candle; 3]) -> f64 {
        let sign = candles[2].sign();
        if sign == 0.0 || candles.iter().any(|c| c.sign() != sign || self.is_short(c)) {
            return 0.0;
        }
        let [first, second, now] = candles.map(|c| c.facing(sign));
        let follows = |a: &Candle, b: &Candle| b.close > a.close && (a.bottom()..=a.top()).contains(&b.open);
        let firm = |c: &Candle| c.upper() <= 0.5 * c.body();
        let marches = follows(&first, &second) && follows(&second, &now) && firm(&first) && firm(&second) && firm(&now);
        if marches { sign } else { 0.0 }
    }

    fn tweezer(self, [before, now]: [&Candle; 2], trend: f64) -> f64 {
        let near = |a: f64, b: f64| (a - b).abs() <= 0.05 * self.range;
        let sign = now.sign();
        if sign * before.sign() >= 0.0 || sign * trend >= 0.0 {
            return 0.0;
        }
        let (before, now) = (before.facing(sign), now.facing(sign));
        if near(before.low, now.low) { sign } else { 0.0 }
    }
}

#[derive(Serialize, Deserialize)]
struct CandlePatterns {
    body: Sma,
    range: Sma,
    close: Sma,
    /// Two bars ago and one bar ago.
    candles: [Candle; 2],
    trends: [f64; 2],
    usual: Usual,
    harami: f64,
}

impl Build for CandlePatterns {
    fn build(p: Args<'_>) -> Self {
        let mean = || Sma::new(p.bars(0));
        Self {
            body: mean(),
            range: mean(),
            close: mean(),
            candles: [Candle::NONE; 2],
            trends: [f64::NAN; 2],
            usual: Usual { body: f64::NAN, range: f64::NAN },
            harami: f64::NAN,
        }
    }
}

impl Indicator for CandlePatterns {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let now = Candle::of(bar);
        let trend = bar.close - self.close.next(bar.close);
        let usual = Usual { body: self.body.next(now.body()), range: self.range.next(now.range()) };
        let usual = std::mem::replace(&mut self.usual, usual);
        let [first, second] = self.candles;
        let [trend_2, trend_1] = self.trends;
        (self.candles, self.trends) = ([second, now], [trend_1, trend]);
        lines[16] = trend;
        if usual.body.is_nan() {
            return;
        }
        let after = |shape: bool| if shape { -sign(trend_1) } else { 0.0 };
        let harami = usual.harami([&second, &now]);
        lines[..7].copy_from_slice(&[
            usual.doji(&now),
            usual.marubozu(&now),
            after(usual.is_hammer(&now)),
            after(usual.is_hammer(&now.mirrored())),
            usual.engulfing([&second, &now]),
            harami,
            usual.piercing([&second, &now]),
        ]);
        if !first.close.is_nan() {
            lines[7..9]
                .copy_from_slice(&[usual.star([&first, &second, &now]), usual.soldiers([&first, &second, &now])]);
        }
        let pending = std::mem::replace(&mut self.harami, harami);
        if !trend_2.is_nan() {
            lines[9] = usual.tweezer([&second, &now], trend_2);
        }
        if !pending.is_nan() {
            let passes = now.sign() == pending && pending * (now.close - first.open) > 0.0;
            lines[10] = if passes { pending } else { 0.0 };
        }
        lines[11..16].copy_from_slice(&[
            ratio(now.close - now.open, usual.body),
            ratio(now.upper(), usual.range),
            ratio(now.lower(), usual.range),
            usual.body,
            usual.range,
        ]);
    }
}

fn sign(x: f64) -> f64 {
    f64::from(x > 0.0) - f64::from(x < 0.0)
}

#[cfg(test)]
mod tests {
    use crate::indicators::{Lines, compute, parse_instance};
    use crate::market::{Bar, Series};

    /// Twelve ordinary bars of body 1 and range 2 that fall, or with `up` rise, then those given as (o, h, l, c) around 100.
    fn after_ordinary_bars(up: f64, candles: &[[f64; 4]]) -> Lines {
        let ordinary = (0..12).map(|i| {
            let open = 100.0 - up * (12.0 - f64::from(i));
            [open, open + 0.5 + up.max(0.0), open - 0.5 + up.min(0.0), open + up]
        });
        let shifted = candles.iter().map(|c| c.map(|p| 100.0 + p));
        let bars = ordinary.chain(shifted).enumerate().map(|(i, [open, high, low, close])| Bar {
            timestamp: i as i64 * 60_000,
            open,
            high,
            low,
            close,
            volume: 1.0,
        });
        let series = Series::new("X", "1m".parse().unwrap(), bars.collect()).unwrap();
        compute(&[parse_instance("candle_patterns").unwrap()], &series)
    }

    /// Candles, and patterns on the last of them with their signs.
    type Drawn = (&'static [[f64; 4]], &'static [(&'static str, f64)]);

    /// The patterns on the last bar, with their signs.
    fn last(lines: &Lines) -> Vec<(&str, f64)> {
        let flags = lines.columns.iter().filter(|line| !line.internal);
        let ends =
            flags.map(|line| (line.name.strip_prefix("candle_patterns.").unwrap(), *line.values.last().unwrap()));
        ends.filter(|(_, value)| *value != 0.0).collect()
    }

    #[test]
    fn each_pattern_is_found_on_candles_drawn_by_hand() {
        let falling: &[Drawn] = &[
            (&[[0.0, 1.0, -1.0, 0.1]], &[("doji", 1.0)]),
            (&[[0.0, 2.1, -0.1, 2.0]], &[("marubozu", 1.0)]),
            (&[[0.0, 0.5, -1.5, 0.4]], &[("hammer", 1.0)]),
            (&[[0.0, 1.5, -0.1, 0.4]], &[("shooting_star", 1.0)]),
            (&[[0.0, 0.5, -1.0, -0.8], [-0.9, 1.0, -1.3, 0.5]], &[("engulfing", 1.0)]),
            (&[[0.0, 0.5, -3.5, -3.0], [-2.0, -1.0, -2.6, -1.7]], &[("harami", 1.0)]),
            (&[[0.0, 0.5, -3.5, -3.0], [-3.2, -0.5, -4.2, -1.0]], &[("piercing", 1.0)]),
            (&[[0.0, 0.5, -3.5, -3.0], [-3.1, -2.0, -4.0, -2.9], [-2.9, 0.5, -3.3, 0.3]], &[("star", 1.0)]),
            (&[[0.0, 1.2, -0.8, 1.0], [0.8, 2.2, 0.2, 2.0], [1.8, 3.2, 1.2, 3.0]], &[("soldiers", 1.0)]),
            (&[[0.0, 0.5, -1.5, -1.0], [-1.0, 0.0, -1.55, -0.2]], &[("tweezer", 1.0)]),
            (&[[0.0, 0.5, -3.5, -3.0], [-2.0, -1.0, -2.6, -1.7], [-1.7, 0.9, -2.2, 0.4]], &[("three_inside", 1.0)]),
            (&[[0.0, 1.0, -1.5, -0.9]], &[]),
        ];
        for (candles, wanted) in falling {
            let found = after_ordinary_bars(-1.0, candles);
            assert!(wanted.iter().all(|w| last(&found).contains(w)), "{candles:?}: {:?}", last(&found));
            assert!(!wanted.is_empty() || last(&found).is_empty(), "{:?}", last(&found));
            // Upside down every sign turns, but that of the doji, which has none.
            let turned: Vec<[f64; 4]> = candles.iter().map(|[o, h, l, c]| [-o, -l, -h, -c]).collect();
            let mirrored = after_ordinary_bars(1.0, &turned);
            for &(name, value) in *wanted {
                let name = match name {
                    "hammer" => "shooting_star",
                    "shooting_star" => "hammer",
                    other => other,
                };
                let value = if name == "doji" { value } else { -value };
                assert!(last(&mirrored).contains(&(name, value)), "{turned:?}: {:?}", last(&mirrored));
            }
        }
    }
}
