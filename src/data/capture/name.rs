use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime};

use crate::market::Timeframe;

const ENDING: &str = "_neural_data.parquet";
const MINUTE: &str = "%Y%m%dT%H%M";

/// Where the capture of a range of bars lives in a workspace: `neural_data/{symbol}_{timeframe}_{start}_{end}_neural_data.parquet`.
pub fn capture_path(workspace: &Path, symbol: &str, timeframe: Timeframe, start_ms: i64, end_ms: i64) -> PathBuf {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' };
    let symbol: String = symbol.chars().map(safe).collect();
    let minute =
        |ms: i64| DateTime::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |t| t.format(MINUTE).to_string());
    let name = format!("{symbol}_{timeframe}_{}_{}{ENDING}", minute(start_ms), minute(end_ms));
    workspace.join("neural_data").join(name)
}

/// Where the indicator states of a capture are.
pub(in crate::data) fn states_path(capture: &Path) -> PathBuf {
    capture.with_extension("states")
}

/// Where the verdicts on a capture's lines and their features are.
pub fn causality_path(capture: &Path) -> PathBuf {
    capture.with_extension("causality.json")
}

/// The file name of a capture, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) struct CaptureName<'a> {
    stem: &'a str,
    end: usize,
}

impl<'a> CaptureName<'a> {
    /// Nothing if no capture is called so.
    pub(in crate::data) fn of(name: &'a str) -> Option<Self> {
        let stem = name.strip_suffix(ENDING)?;
        let end = stem.rfind('_')?;
        (stem[..end].matches('_').count() == 2).then_some(Self { stem, end })
    }

    /// Symbol, timeframe and start, which all captures of one growing series have in common.
    pub(in crate::data) fn series(self) -> &'a str {
        &self.stem[..self.end]
    }

    /// Symbol, as far as file names can hold it.
    pub(in crate::data) fn symbol(self) -> &'a str {
        self.stem.split('_').next().unwrap_or_default()
    }

    /// The timeframe as text.
    pub(in crate::data) fn timeframe(self) -> &'a str {
        self.stem.split('_').nth(1).unwrap_or_default()
    }

    /// Open times of the first and last bar in UTC milliseconds, to the minute.
    pub(in crate::data) fn range(self) -> Option<(i64, i64)> {
        let time = |text: &str| Some(NaiveDateTime::parse_from_str(text, MINUTE).ok()?.and_utc().timestamp_millis());
        let start = self.stem[..self.end].rsplit('_').next()?;
        Some((time(start)?, time(&self.stem[self.end + 1..])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_they_were_put_together() {
        let (start, end) = (1_704_067_200_000, 1_704_157_200_000);
        let path = capture_path(Path::new("w"), "BTC/USDT_PERP", "4h".parse().unwrap(), start, end);
        let text = path.file_name().unwrap().to_str().unwrap();
        let name = CaptureName::of(text).unwrap();
        assert_eq!((name.symbol(), name.timeframe(), name.range()), ("BTC-USDT-PERP", "4h", Some((start, end))));
        assert_eq!(name.series(), "BTC-USDT-PERP_4h_20240101T0000");
        for other in ["a_neural_data.parquet", "a_1h_b_neural_data.parquet", "a_1h_b_c_d_neural_data.parquet", "a.csv"]
        {
            assert_eq!(CaptureName::of(other), None, "{other}");
        }
    }
}
