//! Direction of the market.

family! { adx, kama, schaff_trend_cycle, supertrend }
