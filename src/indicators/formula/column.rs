use super::quantity::Quantity;
use crate::indicators::blocks::{median_price, typical_price};
use crate::indicators::{Kind, Unit};
use crate::market::{Bar, Extra, Flow};

/// What a bar offers by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Open,
    High,
    Low,
    Close,
    Volume,
    Hl2,
    Hlc3,
    Ohlc4,
    QuoteVolume,
    Trades,
    TakerBuyVolume,
    TakerBuyQuoteVolume,
    FundingRate,
    OpenInterest,
}

impl Column {
    pub(super) const ALL: [Self; 14] = [
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::Volume,
        Self::Hl2,
        Self::Hlc3,
        Self::Ohlc4,
        Self::QuoteVolume,
        Self::Trades,
        Self::TakerBuyVolume,
        Self::TakerBuyQuoteVolume,
        Self::FundingRate,
        Self::OpenInterest,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
            Self::Hl2 => "hl2",
            Self::Hlc3 => "hlc3",
            Self::Ohlc4 => "ohlc4",
            Self::QuoteVolume => Extra::QuoteVolume.name(),
            Self::Trades => Extra::Trades.name(),
            Self::TakerBuyVolume => Extra::TakerBuyVolume.name(),
            Self::TakerBuyQuoteVolume => Extra::TakerBuyQuoteVolume.name(),
            Self::FundingRate => Extra::FundingRate.name(),
            Self::OpenInterest => Extra::OpenInterest.name(),
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The column beyond OHLCV that it is.
    pub(super) fn extra(self) -> Option<Extra> {
        Extra::ALL.into_iter().find(|extra| extra.name() == self.name())
    }

    pub(super) const fn quantity(self) -> Quantity {
        match self {
            Self::Open | Self::High | Self::Low | Self::Close => Quantity::of_unit(Unit::PRICE_COPY),
            Self::Hl2 | Self::Hlc3 | Self::Ohlc4 => Quantity::of_unit(Unit::PRICE),
            Self::Volume => Quantity::of_unit(Unit { kind: Kind::Copy, ..Unit::VOLUME }),
            Self::TakerBuyVolume | Self::OpenInterest => Quantity::of_unit(Unit::VOLUME),
            Self::QuoteVolume | Self::TakerBuyQuoteVolume => Quantity::of_unit(Unit { volume: 1, ..Unit::PRICE }),
            Self::Trades | Self::FundingRate => Quantity::of_unit(Unit::RATIO),
        }
    }

    pub(super) fn of(self, bar: &Bar, flow: &Flow) -> f64 {
        match self {
            Self::Open => bar.open,
            Self::High => bar.high,
            Self::Low => bar.low,
            Self::Close => bar.close,
            Self::Volume => bar.volume,
            Self::Hl2 => median_price(bar),
            Self::Hlc3 => typical_price(bar),
            Self::Ohlc4 => (bar.open + bar.high + bar.low + bar.close) / 4.0,
            Self::QuoteVolume => flow.quote_volume,
            Self::Trades => flow.trades,
            Self::TakerBuyVolume => flow.taker_buy_volume,
            Self::TakerBuyQuoteVolume => flow.taker_buy_quote_volume,
            Self::FundingRate => flow.funding_rate,
            Self::OpenInterest => flow.open_interest,
        }
    }
}
