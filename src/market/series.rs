use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{Bar, Calendar, Extra, Flow, Schedule, Timeframe};

/// The bars of one symbol at one timeframe, oldest first, strictly increasing in time, all values finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Ticker as the user names it, for example `BTCUSDT`.
    pub symbol: String,
    /// Nominal bar length.
    pub timeframe: Timeframe,
    bars: Vec<Bar>,
    extras: BTreeMap<Extra, Vec<f64>>,
}

/// Why bars do not form a series.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// Times that do not increase.
    #[error("bar {index} opens at {timestamp} ms, not after the bar before it")]
    NotIncreasing {
        /// Position of the offending bar.
        index: usize,
        /// Its open time.
        timestamp: i64,
    },
    /// NaN or infinite OHLCV.
    #[error("bar {index}: {column} is not a finite number")]
    NotFinite {
        /// Position of the offending bar.
        index: usize,
        /// OHLCV column name.
        column: &'static str,
    },
    /// A high that is not the highest or a low that is not the lowest price.
    #[error("bar {index}: high {high} and low {low} do not enclose open {open} and close {close}")]
    Inverted {
        /// Position of the offending bar.
        index: usize,
        /// Its open.
        open: f64,
        /// Its high.
        high: f64,
        /// Its low.
        low: f64,
        /// Its close.
        close: f64,
    },
    /// A zero or negative price, or a negative volume.
    #[error("bar {index}: {column} is {value}, which no bar can have")]
    OutOfRange {
        /// Position of the offending bar.
        index: usize,
        /// OHLCV column name.
        column: &'static str,
        /// Its value.
        value: f64,
    },
    /// An extra column of another length.
    #[error("column {column} has {found} values for {bars} bars")]
    Ragged {
        /// Column name.
        column: &'static str,
        /// Values found.
        found: usize,
        /// Bars in the series.
        bars: usize,
    },
}

impl Series {
    /// Checks the bars and takes them.
    pub fn new(symbol: impl Into<String>, timeframe: Timeframe, bars: Vec<Bar>) -> Result<Self, SeriesError> {
        for (index, bar) in bars.iter().enumerate() {
            if index > 0 && bar.timestamp <= bars[index - 1].timestamp {
                return Err(SeriesError::NotIncreasing { index, timestamp: bar.timestamp });
            }
            check_bar(index, bar)?;
        }
        Ok(Self { symbol: symbol.into(), timeframe, bars, extras: BTreeMap::new() })
    }

    /// Adds a kept column beyond OHLCV; NaN marks missing values.
    pub fn with_extra(mut self, extra: Extra, values: Vec<f64>) -> Result<Self, SeriesError> {
        if values.len() != self.bars.len() {
            return Err(SeriesError::Ragged { column: extra.name(), found: values.len(), bars: self.bars.len() });
        }
        self.extras.insert(extra, values);
        Ok(self)
    }

    /// All bars, oldest first.
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// Number of bars.
    pub fn len(&self) -> usize {
        self.bars.len()
    }

    /// True without bars.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// A kept column beyond OHLCV.
    pub fn extra(&self, extra: Extra) -> Option<&[f64]> {
        self.extras.get(&extra).map(Vec::as_slice)
    }

    /// All kept columns, in name order.
    pub fn extras(&self) -> impl Iterator<Item = (Extra, &[f64])> {
        self.extras.iter().map(|(&extra, values)| (extra, values.as_slice()))
    }

    /// The kept columns bar by bar; empty when there are none.
    pub fn flows(&self) -> Vec<Flow> {
        if self.extras.is_empty() {
            return Vec::new();
        }
        let at = |extra: Extra, i: usize| self.extras.get(&extra).map_or(f64::NAN, |values| values[i]);
        let flow = |i: usize| Flow {
            quote_volume: at(Extra::QuoteVolume, i),
            trades: at(Extra::Trades, i),
            taker_buy_volume: at(Extra::TakerBuyVolume, i),
            taker_buy_quote_volume: at(Extra::TakerBuyQuoteVolume, i),
            funding_rate: at(Extra::FundingRate, i),
            open_interest: at(Extra::OpenInterest, i),
        };
        (0..self.bars.len()).map(flow).collect()
    }

    /// Open times, UTC milliseconds.
    pub fn timestamps(&self) -> Vec<i64> {
        self.bars.iter().map(|b| b.timestamp).collect()
    }

    /// Closes.
    pub fn closes(&self) -> Vec<f64> {
        self.bars.iter().map(|b| b.close).collect()
    }

    /// The trading calendar the open times show.
    pub fn calendar(&self) -> Calendar {
        self.schedule().calendar()
    }

    /// The hours the market keeps, as the open times show them.
    pub fn schedule(&self) -> Schedule {
        Schedule::learn(&self.timestamps(), self.timeframe.millis())
    }

    /// Bars per year as they really came: bars divided by the time they span. NaN for fewer than two bars.
    pub fn bars_per_year(&self) -> f64 {
        const YEAR_MS: f64 = 365.25 * 86_400_000.0;
        let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) else { return f64::NAN };
        (self.bars.len() - 1) as f64 / ((last.timestamp - first.timestamp) as f64 / YEAR_MS)
    }

    /// The first `n` bars (all if there are fewer).
    pub fn truncated(&self, n: usize) -> Self {
        self.sliced(0..n)
    }

    /// The bars of `range`, cut to those there are.
    pub fn sliced(&self, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(self.bars.len());
        let range = range.start.min(end)..end;
        Self {
            symbol: self.symbol.clone(),
            timeframe: self.timeframe,
            bars: self.bars[range.clone()].to_vec(),
            extras: self.extras.iter().map(|(&e, v)| (e, v[range.clone()].to_vec())).collect(),
        }
    }

    /// SHA-256 over symbol, timeframe and every value's bits, in hex: equal exactly for equal data.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.symbol.as_bytes());
        hash.update(self.timeframe.millis().to_le_bytes());
        for b in &self.bars {
            hash.update(b.timestamp.to_le_bytes());
            for value in [b.open, b.high, b.low, b.close, b.volume] {
                hash.update(value.to_bits().to_le_bytes());
            }
        }
        for (extra, values) in &self.extras {
            hash.update(extra.name().as_bytes());
            for value in values {
                hash.update(value.to_bits().to_le_bytes());
            }
        }
        format!("{:x}", hash.finalize())
    }
}

fn check_bar(index: usize, bar: &Bar) -> Result<(), SeriesError> {
    let Bar { timestamp: _, open, high, low, close, volume } = *bar;
    let columns = [("open", open), ("high", high), ("low", low), ("close", close), ("volume", volume)];
    if let Some((column, _)) = columns.into_iter().find(|(_, value)| !value.is_finite()) {
        return Err(SeriesError::NotFinite { index, column });
    }
    if let Some((column, value)) = columns[..4].iter().copied().find(|(_, value)| *value <= 0.0) {
        return Err(SeriesError::OutOfRange { index, column, value });
    }
    if volume < 0.0 {
        return Err(SeriesError::OutOfRange { index, column: "volume", value: volume });
    }
    if high < open.max(close).max(low) || low > open.min(close) {
        return Err(SeriesError::Inverted { index, open, high, low, close });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(timestamp: i64, close: f64) -> Bar {
        Bar { timestamp, open: 1.0, high: 3.0, low: 0.5, close, volume: 1.0 }
    }

    fn hour() -> Timeframe {
        "1h".parse().unwrap()
    }

    #[test]
    fn bad_bars_are_named() {
        let err = |bars| Series::new("X", hour(), bars).unwrap_err();
        assert!(matches!(err(vec![bar(5, 1.0), bar(5, 1.0)]), SeriesError::NotIncreasing { index: 1, .. }));
        assert!(matches!(err(vec![bar(5, f64::NAN)]), SeriesError::NotFinite { column: "close", .. }));
        assert!(matches!(err(vec![bar(5, 9.0)]), SeriesError::Inverted { .. }));
        assert!(matches!(err(vec![bar(5, 0.0)]), SeriesError::OutOfRange { column: "close", .. }));
    }

    #[test]
    fn the_fingerprint_sees_every_value() {
        let one = Series::new("X", hour(), vec![bar(0, 1.0), bar(1, 2.0)]).unwrap();
        let other = Series::new("X", hour(), vec![bar(0, 1.0), bar(1, 2.0 + 1e-15)]).unwrap();
        assert_eq!(one.fingerprint(), one.clone().fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_ne!(one.fingerprint(), one.truncated(1).fingerprint());
    }
}
