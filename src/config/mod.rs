//! The run configuration: TOML text, presets and `--set` overrides become one checked [`RunConfig`].

mod backtest_config;
mod features_config;
mod field_error;
mod labels_config;
mod layers;
mod presets;
mod run_config;
mod validate;

pub use backtest_config::{BacktestConfig, RegimePolicy, Side, Sizing};
pub use features_config::{ExternalConfig, FeatureGroup, FeaturesConfig, Scaler};
pub use field_error::{ConfigError, FieldError};
pub use labels_config::{LabelBase, LabelMode, LabelsConfig, SplitMethod, SplitsConfig};
pub use layers::{load, overlay};
pub use presets::{PRESETS, preset};
pub use run_config::{
    AnalysisConfig, DataConfig, DevicePreference, Encoder, ModelConfig, Norm, Pooling, Positions, Precision, RunConfig,
    TrainConfig,
};
