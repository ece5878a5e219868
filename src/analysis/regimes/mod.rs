//! Market regimes: a Gaussian mixture on the latent means `mu` with a transition matrix, both fitted on the train slice
//! and then frozen, and a causal filter that gives each bar its regime probabilities.

mod assignment;
mod filter;
mod mixture;
mod model;
mod table;
mod transition;

pub use assignment::{hungarian, match_regimes};
pub use filter::RegimeFilter;
pub use model::{BicRow, RegimeError, RegimeModel};
pub use table::{RegimeRow, RegimeTableInput, regime_table};

#[cfg(test)]
mod tests;
