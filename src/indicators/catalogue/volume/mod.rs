//! Traded amounts.

family! { obv }
