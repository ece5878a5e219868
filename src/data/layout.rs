use std::path::Path;

use super::DataError;
use crate::market::Extra;

/// Names a time column goes by, the best first.
const TIME: [&str; 8] = ["timestamp", "datetime", "open_time", "opentime", "time", "date", "unix", "ts"];
/// Names of open, high, low, close and volume, the best first.
const PRICES: [&[&str]; 5] = [
    &["open", "o", "open_price"],
    &["high", "h", "high_price"],
    &["low", "l", "low_price"],
    &["close", "c", "close_price"],
    &["volume", "vol", "v"],
];

/// OHLCV as they are named in our files and in sentences.
pub(super) const OHLCV: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Which column of a file is what, as positions in its header.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) time: usize,
    pub(super) prices: [usize; 5],
    pub(super) extras: Vec<(Extra, usize)>,
    /// Names of all other columns, as the file spells them.
    pub(super) dropped: Vec<String>,
}

impl Layout {
    pub(super) fn find(path: &Path, names: &[String]) -> Result<Self, DataError> {
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let position = |column: &'static str, synonyms: &[&str]| {
            let best = synonyms.iter().find(|synonym| plain.iter().any(|name| name == *synonym));
            let Some(best) = best else {
                return Err(DataError::MissingColumn { path: path.to_owned(), column, found: names.to_vec() });
            };
            let mut hits = (0..plain.len()).filter(|&i| plain[i] == *best);
            match (hits.next(), hits.next()) {
                (Some(at), None) => Ok(at),
                _ => Err(DataError::RepeatedColumn { path: path.to_owned(), column: (*best).to_owned() }),
            }
        };
        let time = position("timestamp", &TIME)?;
        let mut prices = [0; 5];
        for (slot, (column, synonyms)) in prices.iter_mut().zip(OHLCV.into_iter().zip(PRICES)) {
            *slot = position(column, synonyms)?;
        }
        let mut extras = Vec::new();
        for extra in Extra::ALL {
            match position(extra.name(), &[extra.name()]) {
                Ok(at) => extras.push((extra, at)),
                Err(DataError::MissingColumn { .. }) => {}
                Err(repeated) => return Err(repeated),
            }
        }
        let kept = |i: &usize| *i == time || prices.contains(i) || extras.iter().any(|(_, at)| at == i);
        let dropped = (0..names.len()).filter(|i| !kept(i)).map(|i| names[i].clone()).collect();
        Ok(Self { time, prices, extras, dropped })
    }
}

/// Lower case, without surrounding blanks, `_` for inner ones: `Adj Close` is `adj_close`.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace(' ', "_")
}
