//! Which columns are volume and quote volume.

use std::collections::BTreeSet;

use super::super::DataError;
use super::guess::Confidence::{Likely, Sure};
use super::layout::Search;
use super::names::names_of;
use super::{Role, volumes};
use crate::market::Extra;

impl Search<'_> {
    pub(super) fn volume(&mut self) -> Result<(), DataError> {
        let quote = Role::Extra(Extra::QuoteVolume);
        let names = |role: Role| names_of(role).iter().copied().collect::<BTreeSet<&str>>();
        let (bases, quotes) = (names(Role::Volume), names(quote));
        let candidates: Vec<usize> = (0..self.plain.len())
            .filter(|&at| self.is_free(at))
            .filter(|&at| {
                let name = self.plain[at].as_str();
                bases.contains(name) || quotes.contains(name) || volumes::is_volume_in(&self.name(at))
            })
            .collect();
        let close = self.of.get(&Role::Close).copied();
        let exact = |at: &usize| matches!(self.plain[*at].as_str(), "quote_volume" | "quote_asset_volume");
        let said = candidates.iter().any(exact) && candidates.iter().any(|&at| self.plain[at] == "volume");
        if !said
            && self.is_open(Role::Volume)
            && self.is_open(quote)
            && let Some(close) = close
            && let Some(pair) = volumes::pair(&self.numbers, close, &candidates)
        {
            let (base, value) = (self.name(pair.base), self.name(pair.quote));
            let lots = if pair.lot > 1.0 { format!(" in lots of {}", pair.lot) } else { String::new() };
            let reason = format!("{base} times close is about {value}{lots}");
            self.take(Role::Volume, pair.base, reason.clone(), Sure);
            self.take(quote, pair.quote, reason, Sure);
            return Ok(());
        }
        if self.is_open(Role::Volume) {
            self.volume_alone(&candidates)?;
        }
        if self.is_open(quote)
            && let Some(at) = self.named(quote)?.filter(|&at| self.plain[at].contains("quote"))
        {
            self.take(quote, at, "called so", Sure);
        }
        if !self.of.contains_key(&Role::Volume) && !self.without.contains(&Role::Volume) {
            return Err(self.missing("volume"));
        }
        Ok(())
    }

    fn volume_alone(&mut self, candidates: &[usize]) -> Result<(), DataError> {
        let traded = |at: usize| self.numbers[at].iter().any(|&volume| volume > 0.0);
        let ticks = |at: usize| self.plain[at].starts_with("tick");
        if let Some(named) = self.named(Role::Volume)? {
            let other = candidates.iter().copied().find(|&at| at != named && ticks(at) && traded(at));
            match other.filter(|_| !traded(named)) {
                Some(at) => self.take(
                    Role::Volume,
                    at,
                    format!("{} is empty: ticks stand for volume", self.name(named)),
                    Likely,
                ),
                None if ticks(named) => self.take(Role::Volume, named, "ticks stand for volume", Likely),
                None => self.take(Role::Volume, named, "called so", Sure),
            }
            return Ok(());
        }
        if let Some(&at) = candidates.iter().find(|&&at| volumes::is_volume_in(&self.name(at))) {
            self.take(Role::Volume, at, "a volume by its name", Likely);
            return Ok(());
        }
        let nameless = |at: &usize| self.sample.columns[*at].name.is_empty() && self.is_free(*at);
        let is_volume = |at: &usize| {
            let values = || self.numbers[*at].iter().filter(|value| !value.is_nan());
            values().count() > 0 && values().all(|&value| value >= 0.0)
        };
        let free: Vec<usize> = (0..self.plain.len()).filter(nameless).filter(is_volume).collect();
        let Some(&first) = free.first() else { return Ok(()) };
        self.take(Role::Volume, first, "the first number beside the prices", Likely);
        let quote = Role::Extra(Extra::QuoteVolume);
        if let (Some(&close), true) = (self.of.get(&Role::Close), self.is_open(quote))
            && let Some(pair) = volumes::pair(&self.numbers, close, &free)
        {
            self.why[first] = None;
            let reason = "one times close is about the other";
            self.take(Role::Volume, pair.base, reason, Likely);
            self.take(quote, pair.quote, reason, Likely);
        }
        Ok(())
    }
}
