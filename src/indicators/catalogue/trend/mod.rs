//! Direction of the market.

family! {
    adaptive_laguerre, adx, aroon_osc, dema, dpo, ema, hma, instantaneous_trend, kama, laguerre_filter, mama,
    parabolic_sar, schaff_trend_cycle, sma, ssl_channel, ssma, supertrend, tdfi, tema, trend_trigger_factor, vortex,
    williams_alligator, zero_lag_ec, zlema
}
