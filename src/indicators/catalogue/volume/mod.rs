//! Traded amounts.

family! {
    obv, accumulation_distribution, chaikin_money_flow, chaikin_oscillator, twiggs_money_flow, intraday_intensity, mfi,
    klinger_osc, volume_flow_indicator, price_volume_trend, force_index, ease_of_movement, market_facilitation_index,
    negative_volume_index, positive_volume_index, volume_osc, volume_zscore, relative_volume, price_volume_correlation,
    amihud_illiquidity, vwap_rolling, vwap_anchored, taker_imbalance, cumulative_delta, trade_size, trade_intensity,
    quote_vwap,
}
