//! Size of movements.

family! {
    atr,
    natr,
    atr_percentile,
    standardized_atr,
    true_range_expansion,
    range_ratio,
    gap,
    candle_anatomy,
    bollinger,
    bandwidth_percentile,
    squeeze_volatility,
    damiani_volatmeter,
    waddah_attar_explosion,
    chaikin_volatility,
    mass_index,
    realized_volatility,
    ewma_volatility,
    parkinson_volatility,
    garman_klass_volatility,
    rogers_satchell_volatility,
    yang_zhang_volatility,
    downside_deviation,
    historical_volatility_ratio,
    volatility_of_volatility,
    jump_variation,
    realized_moments,
    relative_volatility_index,
    ulcer_index,
    drawdown,
    high_low_spread,
    roll_spread,
}

#[cfg(test)]
mod tests;
