//! Character of the market.

mod log_price;
mod slope;
#[cfg(test)]
mod tests;

family! {
    hurst_exponent, hurst_rs, dfa, permutation_entropy, spectral_entropy, autocorrelation, variance_ratio,
    fractal_dimension, efficiency_ratio, choppiness, z_score, percent_rank, streak, half_life,
}
