use super::Direction;
use crate::config::BacktestConfig;
use crate::market::Bar;

/// Bars of the average, Wilder's own choice.
const PERIOD: usize = 14;

/// Wilder's average true range over 14 bars, fed with a growing prefix of the series.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978).
#[derive(Debug, Clone, Default)]
pub(super) struct Atr {
    seen: usize,
    value: f64,
}

impl Atr {
    /// The average at the last of `bars`, in price; `None` until 14 true ranges are known. Later calls must bring the
    /// same bars with or without more behind them.
    pub(super) fn at(&mut self, bars: &[Bar]) -> Option<f64> {
        for i in self.seen.max(1)..bars.len() {
            let (bar, before) = (&bars[i], bars[i - 1].close);
            let range = bar.high.max(before) - bar.low.min(before);
            let weight = 1.0 / i.min(PERIOD) as f64;
            self.value += weight * (range - self.value);
        }
        self.seen = bars.len();
        (self.seen > PERIOD).then_some(self.value)
    }
}

/// Stop and target of an entry decided at `close`, at the configured multiples of the average true range; `None` while
/// one is wanted and the average is not known.
pub(super) fn brackets(
    config: &BacktestConfig,
    side: Direction,
    close: f64,
    atr: Option<f64>,
) -> Option<(Option<f64>, Option<f64>)> {
    let place = |multiple: f64| {
        if multiple == 0.0 { Some(None) } else { atr.map(|atr| Some(close + side.sign() * multiple * atr)) }
    };
    Some((place(-config.stop_atr)?, place(config.target_atr)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(i: i64, high: f64, low: f64, close: f64) -> Bar {
        Bar { timestamp: i, open: close, high, low, close, volume: 1.0 }
    }

    #[test]
    fn the_first_value_is_a_mean_and_the_next_is_smoothed() {
        // Bar 0 has no true range; bars 1..=14 have ranges 1..=14, mean 7.5; then a gap of 20 above the close before.
        let mut bars = vec![bar(0, 100.0, 100.0, 100.0)];
        bars.extend((1..=14).map(|i| bar(i, 100.0 + i as f64, 100.0, 100.0)));
        let mut atr = Atr::default();
        assert_eq!(atr.at(&bars[..14]), None);
        assert!((atr.at(&bars).unwrap() - 7.5).abs() < 1e-12);
        bars.push(bar(15, 120.0, 119.0, 119.0));
        assert!((atr.at(&bars).unwrap() - (13.0 * 7.5 + 20.0) / 14.0).abs() < 1e-12);
        assert_eq!(atr.at(&bars), Atr::default().at(&bars));
    }
}
