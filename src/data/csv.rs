use std::fmt::Write as _;

use super::time_text;
use crate::market::Series;

/// OHLCV as they are named in our files.
pub(super) const OHLCV: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// A series as text; every number has the shortest form that reads back to the same bits, NaN is an empty field.
///
/// `notes` become columns that say the same in every row.
pub(super) fn text(series: &Series, notes: &[(&str, &str)]) -> String {
    let extras: Vec<_> = series.extras().collect();
    let mut out = String::from("timestamp");
    for name in OHLCV.into_iter().chain(extras.iter().map(|(extra, _)| extra.name())) {
        out.push(',');
        out.push_str(name);
    }
    let mut end = String::new();
    for (name, value) in notes {
        out.push(',');
        out.push_str(name);
        end.push(',');
        end.push_str(&quoted(value));
    }
    out.push('\n');
    end.push('\n');
    for (i, bar) in series.bars().iter().enumerate() {
        out.push_str(&time_text(bar.timestamp));
        let prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
        for value in prices.into_iter().chain(extras.iter().map(|(_, values)| values[i])) {
            out.push(',');
            if !value.is_nan() {
                // `{:?}` rather than `{}`: it writes 1e300 in five characters. A String takes every write.
                write!(out, "{value:?}").ok();
            }
        }
        out.push_str(&end);
    }
    out
}

/// A text as a field.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', ';', '\t', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"").replace(['\n', '\r'], " "))
    } else {
        text.to_owned()
    }
}
