//! Character of the market.

family! { hurst_exponent }
