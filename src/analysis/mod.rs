//! What the network learned and whether to believe it: regimes, principal components, calibration, decision boundary,
//! the verdict against trivial baselines, and the pictures of them.
//!
//! Everything here is a pure function of slices that gives plain structs; nothing reads files, draws widgets or asks
//! the clock. Every random step takes a seed, so the same run gives the same report.

pub mod attention;
pub mod attribution;
mod bins;
pub mod calibration;
pub mod decision;
pub mod effective;
pub mod figures;
pub mod honesty;
pub mod pca;
pub mod regimes;
pub mod verdict;
