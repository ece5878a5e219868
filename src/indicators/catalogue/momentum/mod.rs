//! Speed and strength of movements.

mod moves;
#[cfg(test)]
mod tests;

family! {
    absolute_strength, accelerator_oscillator, awesome_osc, balance_of_power, cci, chande_forecast, chande_momentum,
    connors_rsi, coppock, derivative_oscillator, disparity_index, dv2, dynamic_momentum_index, elder_ray,
    intraday_momentum, kst, laguerre_rsi, linear_regression, macd, momentum, polarized_fractal_efficiency, ppo,
    pretty_good_osc, price_momentum_oscillator, psychological_line, qqe_mod, random_walk_index, relative_vigor_index,
    rmi, roc, rsi, rsx, stoch_rsi, stochastic_momentum, stochastic_slow, trix, tsi, ultimate_osc, wavetrend, williams_r,
}
