//! Direction of the market.

family! {
    adaptive_laguerre, adx, alma, aroon_osc, atr_trailing_stop, chande_kroll_stop, chandelier_exit, dema, donchian, dpo,
    ehlers_decycler, ema, frama, gann_hilo, guppy, hma, ichimoku, instantaneous_trend, kama, keltner, laguerre_filter,
    ma_envelope, mama, mcginley_dynamic, parabolic_sar, pivot_points, qstick, schaff_trend_cycle, sma, ssl_channel, ssma,
    supertrend, t3, tdfi, tema, trend_intensity_index, trend_trigger_factor, vertical_horizontal_filter, vidya, vortex,
    williams_alligator, wma, zero_lag_ec, zlema
}

pub(in crate::indicators) use parabolic_sar::stops;
