use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sessions, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "session_range",
    title: "Range of the session before",
    family: Family::Other,
    formula: "sessions begin every `hours` from 1970-01-01 00:00 UTC on; high, low, close = those of the last session that \
              ended, and until one has, high and low so far and the first open; position = (c - low) / (high - low); change \
              = c / close - 1; breakout = 1 when c > high, -1 when c < low, else 0; session_high, session_low = extremes of \
              the running session; session_position = (c - session_low) / (session_high - session_low), 0.5 without range",
    source: "Common market practice",
    params: &[Param::whole("hours", "Hours of a session; 24 are the UTC days", 24, 1, 8760)],
    lines: &[
        LineSpec::output("high", "High of the session before", Unit::PRICE, |_| 0),
        LineSpec::output("low", "Low of the session before", Unit::PRICE, |_| 0),
        LineSpec::output("close", "Close of the session before", Unit::PRICE, |_| 0),
        LineSpec::output("position", "Place of the close in the range before", Unit::RATIO, |_| 0),
        LineSpec::output("change", "Close above the close before, fraction", Unit::RATIO, |_| 0),
        LineSpec::output("breakout", "1 above the range before, -1 below", Unit::FLAG, |_| 0),
        LineSpec::output("session_high", "High of the session so far", Unit::PRICE, |_| 0),
        LineSpec::output("session_low", "Low of the session so far", Unit::PRICE, |_| 0),
        LineSpec::output(
            "session_position",
            "Place of the close in the session so far",
            Unit::bounded(0.0, 1.0),
            |_| 0,
        ),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<SessionRange>(),
};

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Range {
    high: f64,
    low: f64,
    close: f64,
}

#[derive(Serialize, Deserialize)]
struct SessionRange {
    sessions: Sessions,
    first_open: f64,
    before: Option<Range>,
    running: Option<Range>,
}

impl Build for SessionRange {
    fn build(p: Args<'_>) -> Self {
        Self { sessions: Sessions::new(p.real(0)), first_open: f64::NAN, before: None, running: None }
    }
}

impl Indicator for SessionRange {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if self.sessions.begins(bar.timestamp) {
            self.before = self.running.take();
        }
        let running = match self.running {
            Some(range) => Range { high: range.high.max(bar.high), low: range.low.min(bar.low), close: bar.close },
            None => Range { high: bar.high, low: bar.low, close: bar.close },
        };
        self.running = Some(running);
        if self.first_open.is_nan() {
            self.first_open = bar.open;
        }
        let before = self.before.unwrap_or(Range { close: self.first_open, ..running });
        let breakout = f64::from(bar.close > before.high) - f64::from(bar.close < before.low);
        let span = running.high - running.low;
        let place = if span > 0.0 { ((bar.close - running.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        put(
            lines,
            [
                before.high,
                before.low,
                before.close,
                ratio(bar.close - before.low, before.high - before.low),
                ratio(bar.close, before.close) - 1.0,
                breakout,
                running.high,
                running.low,
                place,
            ],
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::indicators::{compute, parse_instance};
    use crate::market::{Bar, Series};

    #[test]
    fn the_session_before_is_the_last_with_bars() {
        // Half-hour bars from 01:30 with a pause; sessions of two hours.
        let prices = [(3, 10.0), (4, 14.0), (5, 12.0), (6, 13.0), (7, 11.0), (8, 16.0), (20, 15.0), (21, 9.0)];
        let bar = |(half, close): (i64, f64)| Bar {
            timestamp: half * 1_800_000,
            open: close - 0.5,
            high: close + 1.0,
            low: close - 2.0,
            close,
            volume: 1.0,
        };
        let series = Series::new("X", "30m".parse().unwrap(), prices.map(bar).to_vec()).unwrap();
        let lines = compute(&[parse_instance("session_range(hours=2)").unwrap()], &series);
        let line = |name: &str| lines.get(&format!("session_range_2.{name}")).unwrap().values.clone();
        assert_eq!(line("high"), [11.0, 11.0, 11.0, 11.0, 11.0, 15.0, 17.0, 17.0]);
        assert_eq!(line("low"), [8.0, 8.0, 8.0, 8.0, 8.0, 9.0, 14.0, 14.0]);
        assert_eq!(line("close"), [9.5, 10.0, 10.0, 10.0, 10.0, 11.0, 16.0, 16.0]);
        assert_eq!(line("breakout"), [0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, -1.0]);
        assert_eq!(line("session_high"), [11.0, 15.0, 15.0, 15.0, 15.0, 17.0, 16.0, 16.0]);
        assert_eq!(line("session_low"), [8.0, 12.0, 10.0, 10.0, 9.0, 14.0, 13.0, 7.0]);
        assert_eq!(line("position")[5..], [7.0 / 6.0, 1.0 / 3.0, -5.0 / 3.0]);
        assert_eq!(line("change")[6..], [15.0 / 16.0 - 1.0, 9.0 / 16.0 - 1.0]);
        assert_eq!(line("session_position")[6..], [2.0 / 3.0, 2.0 / 9.0]);
    }
}
