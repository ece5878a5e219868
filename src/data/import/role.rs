use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::options::ChoiceError;
use crate::market::Extra;

/// What a column of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Open time, or its date if the time of day has a column of its own.
    Time,
    /// Time of day beside a date.
    Clock,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Base-asset volume.
    Volume,
    /// Ticker.
    Symbol,
    /// A column that is kept beside the bars.
    Extra(Extra),
}

impl Role {
    /// Open, high, low, close and volume.
    pub(super) const OHLCV: [Self; 5] = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];

    /// As users write it: the column's name in our own files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "timestamp",
            Self::Clock => "time_of_day",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
            Self::Symbol => "symbol",
            Self::Extra(extra) => extra.name(),
        }
    }

    /// Every role.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Time, Self::Clock]
            .into_iter()
            .chain(Self::OHLCV)
            .chain([Self::Symbol])
            .chain(Extra::ALL.into_iter().map(Self::Extra))
    }
}

impl FromStr for Role {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let text = text.trim().to_ascii_lowercase();
        let text = match text.as_str() {
            "time" | "date" | "datetime" => "timestamp",
            other => other,
        };
        Self::all().find(|role| role.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::all().map(Self::name).collect();
            ChoiceError(format!("{text:?} is not something a column can be: {}", known.join(", ")))
        })
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
