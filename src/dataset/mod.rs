//! From bars and indicator lines to what the network reads: named stationary features, the schema fitted on the training
//! slice, scaled inputs and their windows, labels, and the slices that teach, select, calibrate and judge.
//!
//! Row t of everything here belongs to bar t. Features and inputs at t use bars <= t only; labels look at t+1..=t+h.

mod cache;
pub mod causality;
mod columns;
mod components;
mod error;
mod external;
mod extract;
mod folds;
mod groups;
mod inputs;
mod labels;
pub mod leaks;
mod line_features;
mod products;
mod scales;
mod scaling;
mod schema;
mod sources;
mod splits;
mod stationary;
mod weights;
mod window_stats;

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod feature_tests;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;

pub use cache::{CacheNote, FeatureCache, FeatureContent};
pub use components::Components;
pub use error::DatasetError;
pub use external::{ExternalError, ExternalValues};
pub use extract::{FEATURE_VERSION, FeatureSpec, Features, check_named, extract, extract_rows, least_bars};
pub use folds::{Fold, FoldSpace, LeftOut, backtest_paths, make_folds, path_count};
pub use inputs::Inputs;
pub use labels::{BaseRate, ContextScores, Labels, make_labels};
pub use schema::{FittedRange, InputColumn, InputKind, Schema, SchemaMismatch};
pub use sources::{ExtraColumns, Foreign, SourceError, SourceNote, resampled_bars};
pub use splits::{Slice, Splits, effective_n};
pub use weights::{concurrency, recency, sample_weights, uniqueness};
