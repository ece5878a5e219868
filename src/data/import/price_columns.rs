//! Which columns are open, high, low and close.

use super::super::DataError;
use super::guess::Confidence::{Doubtful, Likely, Sure};
use super::layout::Search;
use super::names::price_word;
use super::{Role, values};
use crate::market::Extra;

impl Search<'_> {
    pub(super) fn prices_by_name(&mut self) -> Result<(), DataError> {
        let prices = [Role::Open, Role::High, Role::Low, Role::Close];
        for role in prices {
            if self.is_open(role)
                && let Some(at) = self.named(role)?
            {
                let exact = price_word(&self.plain[at]).is_some();
                let reason =
                    if exact { "called so".to_owned() } else { format!("{:?} is another word for it", self.name(at)) };
                self.take(role, at, reason, if exact { Sure } else { Likely });
            }
        }
        let missing: Vec<Role> = prices.into_iter().filter(|role| self.is_open(*role)).collect();
        match missing.len() {
            0 => Ok(()),
            4 => self.prices_by_value(),
            _ => Err(self.missing(missing[0].name())),
        }
    }

    fn prices_by_value(&mut self) -> Result<(), DataError> {
        self.time_by_value();
        let known_shape = self.binance();
        let free: Vec<usize> = (0..self.plain.len()).filter(|&at| self.is_free(at)).collect();
        let found = values::prices(&self.numbers, self.sample.head, &free, self.falls());
        let Some(found) = found.filter(|_| self.of.contains_key(&Role::Time)) else {
            // Without a single known name this is another kind of table.
            return Err(DataError::NotBars { path: self.path.to_owned(), found: self.names() });
        };
        let named = self.sample.columns.iter().any(|column| !column.name.is_empty());
        let confidence = if named { Doubtful } else { Likely };
        self.take(Role::High, found.high, "never below the other prices", confidence);
        self.take(Role::Low, found.low, "never above the other prices", confidence);
        self.take(Role::Open, found.open, "begins where the bar before ended", confidence);
        self.take(Role::Close, found.close, "ends where the next bar begins", confidence);
        if known_shape && found == (values::Prices { open: 1, high: 2, low: 3, close: 4 }) {
            let reason = "its place in Binance's klines";
            self.take(Role::Volume, 5, reason, Likely);
            self.take(Role::Extra(Extra::QuoteVolume), 7, reason, Likely);
            self.take(Role::Extra(Extra::Trades), 8, reason, Likely);
            self.take(Role::Extra(Extra::TakerBuyVolume), 9, reason, Likely);
            self.take(Role::Extra(Extra::TakerBuyQuoteVolume), 10, reason, Likely);
            self.why[6] = Some(("close time: known from the open time and the bar length".to_owned(), Likely));
        }
        Ok(())
    }

    /// The newest row comes first, as far as the first rows show.
    fn falls(&self) -> bool {
        let Some(column) = self.of.get(&Role::Time).map(|&at| &self.sample.columns[at]) else { return false };
        let Some(found) = values::found_times(column, self.options.date_order) else { return false };
        let head = column.texts.iter().take(self.sample.head);
        let times: Vec<i64> = head.filter_map(|text| Some(found.form.read(text.as_bytes())?.utc())).collect();
        times.windows(2).filter(|pair| pair[1] < pair[0]).count() * 2 > times.len()
    }

    /// Eleven or twelve columns without names, of which the seventh is a time within or after the first.
    fn binance(&self) -> bool {
        let nameless = self.sample.columns.iter().all(|column| column.name.is_empty());
        let ahead = || self.numbers[0].iter().zip(&self.numbers[6]).all(|(open, close)| close >= open);
        nameless && matches!(self.plain.len(), 11 | 12) && self.of.get(&Role::Time) == Some(&0) && ahead()
    }
}
