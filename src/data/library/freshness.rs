use serde::Serialize;

use super::{SERIES, SeriesEntry, StoredFile};
use crate::data::capture::{CaptureFile, catalogue_change};

/// Whether a capture would be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Freshness {
    /// It holds what would be computed now.
    Fresh,
    /// Its series grew: only the new bars would be computed, if those before are as they were.
    Continuable {
        /// For people.
        reason: String,
    },
    /// It would be computed again.
    Stale {
        /// The kind of reason.
        cause: StaleCause,
        /// For people.
        reason: String,
    },
    /// Only reading the bars would tell.
    Unknown {
        /// For people.
        reason: String,
    },
}

/// Why a capture is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleCause {
    /// Its series holds other bars now.
    BarsChanged,
    /// The catalogue has another version or other indicators.
    CatalogueChanged,
    /// Indicators have other parameters.
    ParametersChanged,
    /// Its series is not in the workspace.
    SourceMissing,
    /// The file is damaged or no capture.
    Unreadable,
}

impl Freshness {
    fn stale(cause: StaleCause, reason: impl Into<String>) -> Self {
        Self::Stale { cause, reason: reason.into() }
    }

    pub(super) fn unreadable(problem: &str) -> Self {
        Self::stale(StaleCause::Unreadable, format!("unreadable: {problem}"))
    }

    /// Of a capture whose footer was read; `states` tells whether its indicator states are there.
    pub(super) fn of(
        stored: &StoredFile,
        file: &CaptureFile,
        states: bool,
        series: &[SeriesEntry],
        catalogue: &str,
    ) -> Self {
        let (Some(fingerprint), Some(made_with)) = (file.fingerprint(), file.catalogue()) else {
            return Self::unreadable("it is no capture");
        };
        if let Some(change) = catalogue_change(made_with, catalogue) {
            let (cause, what) = if change.parameters {
                (StaleCause::ParametersChanged, "parameters")
            } else {
                (StaleCause::CatalogueChanged, "catalogue")
            };
            return Self::stale(cause, format!("{what} changed: {}", change.words));
        }
        let own = |entry: &&SeriesEntry| {
            entry.problem.is_none() && entry.file.symbol == stored.symbol && entry.file.timeframe == stored.timeframe
        };
        let sources: Vec<&SeriesEntry> = series.iter().filter(own).collect();
        if sources.is_empty() {
            let reason = format!("source missing: no series {} {} in {SERIES}/", stored.symbol, stored.timeframe);
            return Self::stale(StaleCause::SourceMissing, reason);
        }
        if sources.iter().any(|source| source.fingerprint.as_deref() == Some(fingerprint)) {
            return Self::Fresh;
        }
        if sources.iter().any(|source| source.fingerprint.is_none()) {
            return Self::Unknown { reason: "its source does not tell whether it changed: import it again".to_owned() };
        }
        let new = |source: &&SeriesEntry| source.file.bars.checked_sub(stored.bars).filter(|new| *new > 0);
        let grown = sources
            .iter()
            .filter(|source| source.file.start_ms == stored.start_ms && source.file.end_ms > stored.end_ms);
        match grown.filter_map(new).max() {
            Some(new) => {
                let plural = if new == 1 { "" } else { "s" };
                let grew = format!("{new} new bar{plural}");
                if states {
                    Self::Continuable { reason: format!("{grew}; the others are kept if they did not change") }
                } else {
                    Self::stale(StaleCause::BarsChanged, format!("{grew}, and it has no saved indicator states"))
                }
            }
            None => Self::stale(StaleCause::BarsChanged, "the input bars changed"),
        }
    }
}
