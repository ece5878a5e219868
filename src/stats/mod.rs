//! Statistics shared by training, analysis and backtest: moments, quantiles, intervals, resampling. Pure functions of
//! slices; every random one takes a seed. Knows nothing else of Glassbox.

mod bootstrap;
mod descriptive;
mod drift;
mod intervals;

pub use bootstrap::{Interval, block_bootstrap, block_length};
pub use descriptive::{
    auc, autocorrelation_time, correlation, mean, median, quantile, quantile_sorted, ranks, std_population, std_sample,
};
pub use drift::{population_stability_index, standardized_mean_difference};
pub use intervals::{normal_cdf, normal_quantile, wilson};
