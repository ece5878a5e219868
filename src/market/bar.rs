/// One candle. `timestamp` is the OPEN time in UTC milliseconds; the bar is known at `timestamp + timeframe`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Open time, milliseconds since the epoch, UTC.
    pub timestamp: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Base-asset volume.
    pub volume: f64,
}

/// Columns beyond OHLCV that are kept; every other column is reported and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extra {
    /// Close adjusted for splits and dividends.
    AdjClose,
    /// Perpetual-swap funding rate.
    FundingRate,
    /// Open interest.
    OpenInterest,
    /// Volume in the quote currency.
    QuoteVolume,
    /// Quote volume bought by takers.
    TakerBuyQuoteVolume,
    /// Base volume bought by takers.
    TakerBuyVolume,
    /// Number of trades.
    Trades,
}

impl Extra {
    /// Every kept column, in name order.
    pub const ALL: [Self; 7] = [
        Self::AdjClose,
        Self::FundingRate,
        Self::OpenInterest,
        Self::QuoteVolume,
        Self::TakerBuyQuoteVolume,
        Self::TakerBuyVolume,
        Self::Trades,
    ];

    /// The column name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdjClose => "adj_close",
            Self::FundingRate => "funding_rate",
            Self::OpenInterest => "open_interest",
            Self::QuoteVolume => "quote_volume",
            Self::TakerBuyQuoteVolume => "taker_buy_quote_volume",
            Self::TakerBuyVolume => "taker_buy_volume",
            Self::Trades => "trades",
        }
    }
}
