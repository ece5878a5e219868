/// What a bar carries beyond OHLCV; NaN where the file has no such column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Volume in the quote currency.
    pub quote_volume: f64,
    /// Number of trades.
    pub trades: f64,
    /// Base volume bought by takers.
    pub taker_buy_volume: f64,
    /// Quote volume bought by takers.
    pub taker_buy_quote_volume: f64,
    /// Perpetual-swap funding rate.
    pub funding_rate: f64,
    /// Open interest.
    pub open_interest: f64,
}

impl Flow {
    /// Nothing known.
    pub const MISSING: Self = Self {
        quote_volume: f64::NAN,
        trades: f64::NAN,
        taker_buy_volume: f64::NAN,
        taker_buy_quote_volume: f64::NAN,
        funding_rate: f64::NAN,
        open_interest: f64::NAN,
    };
}
