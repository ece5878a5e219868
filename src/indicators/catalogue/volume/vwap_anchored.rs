use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sessions, ratio, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "vwap_anchored",
    title: "Anchored volume-weighted average price",
    family: Family::Volume,
    formula: "p = (h + l + c) / 3; vwap and std = mean and deviation of p weighted by v over the bars since the anchor; \
              anchors lie every `hours` from 1970-01-01 00:00 UTC on; top and bot = vwap +- deviations std; distance = c / \
              vwap - 1; missing until something is traded",
    source: "S. A. Berkowitz, D. E. Logue and E. A. Noser, The Total Cost of Transactions on the NYSE, Journal of Finance \
             43 (1988); moments by D. H. D. West, Communications of the ACM 22 (1979)",
    params: &[
        Param::whole("hours", "Hours from anchor to anchor; 24 are the UTC days", 24, 1, 8760),
        Param::real("deviations", "Deviations from the mean to a band", 2.0, 0.1, 20.0),
    ],
    lines: &[
        LineSpec::output("vwap", "Volume-weighted average price since the anchor", Unit::PRICE, |_| 0),
        LineSpec::output("top", "Upper band", Unit::PRICE, |_| 0),
        LineSpec::output("bot", "Lower band", Unit::PRICE, |_| 0),
        LineSpec::output("distance", "Close above the average, fraction", Unit::RATIO, |_| 0),
        LineSpec::internal("std", "Volume-weighted deviation", Unit::PRICE_DIFFERENCE, |_| 0),
        LineSpec::internal("volume", "Volume since the anchor", Unit::VOLUME, |_| 0),
        LineSpec::internal("age", "Bars since the anchor", Unit::BARS, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<AnchoredVwap>(),
};

#[derive(Serialize, Deserialize)]
struct AnchoredVwap {
    sessions: Sessions,
    deviations: f64,
    age: f64,
    volume: f64,
    mean: f64,
    /// Sum of squared distances from the mean, by volume.
    spread: f64,
}

impl Build for AnchoredVwap {
    fn build(p: Args<'_>) -> Self {
        let sessions = Sessions::new(p.real(0));
        Self { sessions, deviations: p.real(1), age: 0.0, volume: 0.0, mean: f64::NAN, spread: 0.0 }
    }
}

impl Indicator for AnchoredVwap {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.age += 1.0;
        if self.sessions.begins(bar.timestamp) {
            (self.age, self.volume, self.mean, self.spread) = (0.0, 0.0, f64::NAN, 0.0);
        }
        if bar.volume > 0.0 {
            let price = typical_price(bar);
            let step = if self.volume > 0.0 { price - self.mean } else { 0.0 };
            let before = self.volume;
            self.volume += bar.volume;
            self.mean = if before > 0.0 { self.mean + step * (bar.volume / self.volume) } else { price };
            self.spread += step * step * (before * (bar.volume / self.volume));
        }
        let std = ratio(self.spread, self.volume).sqrt();
        let half = self.deviations * std;
        let distance = ratio(bar.close, self.mean) - 1.0;
        put(lines, [self.mean, self.mean + half, self.mean - half, distance, std, self.volume, self.age]);
    }
}

#[cfg(test)]
mod tests {
    use crate::indicators::{compute, parse_instance};
    use crate::market::{Bar, Series};

    #[test]
    fn every_anchor_starts_afresh() {
        let bar = |i: i64| {
            let close = 100.0 + (i * 7 % 13) as f64;
            let volume = if i % 12 < 2 { 0.0 } else { (1 + i * 5 % 11) as f64 };
            Bar { timestamp: i * 600_000, open: close, high: close + 1.0, low: close - 2.0, close, volume }
        };
        let bars: Vec<Bar> = (3..60).map(bar).collect();
        let series = Series::new("X", "10m".parse().unwrap(), bars.clone()).unwrap();
        let lines = compute(&[parse_instance("vwap_anchored(hours=2)").unwrap()], &series);
        let line = |name: &str, i: usize| lines.get(&format!("vwap_anchored_2_2.{name}")).unwrap().values[i];
        for (i, bar) in bars.iter().enumerate() {
            let session = bar.timestamp / 7_200_000;
            let since: Vec<&Bar> = bars[..=i].iter().filter(|b| b.timestamp / 7_200_000 == session).collect();
            let price = |b: &Bar| (b.high + b.low + b.close) / 3.0;
            let volume: f64 = since.iter().map(|b| b.volume).sum();
            let vwap = since.iter().map(|b| price(b) * b.volume).sum::<f64>() / volume;
            let square = since.iter().map(|b| (price(b) - vwap).powi(2) * b.volume).sum::<f64>() / volume;
            assert_eq!((line("age", i), line("volume", i)), ((since.len() - 1) as f64, volume));
            if volume == 0.0 {
                assert!(line("vwap", i).is_nan() && line("top", i).is_nan());
            } else {
                assert!((line("vwap", i) - vwap).abs() < 1e-11 && (line("std", i) - square.sqrt()).abs() < 1e-10);
                assert!((line("top", i) - vwap - 2.0 * square.sqrt()).abs() < 1e-10);
                assert!((line("distance", i) - (bar.close / vwap - 1.0)).abs() < 1e-13);
            }
        }
    }
}
