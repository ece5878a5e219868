//! The run configuration: TOML text, presets and `--set` overrides become one checked [`RunConfig`].

mod backtest_config;
mod field_error;
mod layers;
mod presets;
mod run_config;
mod validate;

pub use backtest_config::{BacktestConfig, RegimePolicy, Side, Sizing};
pub use field_error::{ConfigError, FieldError};
pub use layers::{load, overlay};
pub use presets::{PRESETS, preset};
pub use run_config::{
    AnalysisConfig, DataConfig, DevicePreference, Encoder, FeatureGroup, FeaturesConfig, LabelBase, LabelMode,
    LabelsConfig, ModelConfig, Norm, Pooling, RunConfig, SplitsConfig, TrainConfig,
};
