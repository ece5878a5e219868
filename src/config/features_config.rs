use serde::{Deserialize, Serialize};

/// A switchable family of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGroup {
    /// Every indicator line, made stationary by its unit.
    Lines,
    /// Velocity and acceleration of every line over 1, 3, 5 and 10 bars.
    Changes,
    /// Mean, deviation, skew, kurtosis and quartiles per look-back window.
    Windows,
    /// Correlation, ratio and spread of chosen line pairs over 20 bars.
    Pairs,
    /// Dominant period and spectral entropy of 64 closes.
    Spectral,
    /// Hurst exponent's regime flags.
    Hurst,
    /// Current, relative and varying ATR over 20 bars.
    Volatility,
    /// Run length of the volatility squeeze.
    Squeeze,
    /// Log returns over several horizons.
    Returns,
    /// Hour and weekday as sine and cosine.
    Calendar,
}

/// Unit a feature is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaler {
    /// Distance from the median in interquartile ranges.
    Robust,
    /// Distance from the mean in standard deviations.
    Standard,
}

/// Columns that Glassbox did not compute and cannot replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalConfig {
    /// File with a column of times and columns of numbers; relative paths start at the configuration's folder.
    pub file: String,
    /// Names of the columns that become features; none when empty.
    pub columns: Vec<String>,
    /// How long after its stamp a value is known, such as `1d`; at once when empty.
    pub delay: String,
}

/// What the network sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeaturesConfig {
    /// Feature families to compute.
    pub groups: Vec<FeatureGroup>,
    /// Ids of the indicators whose lines become features, with all their lines; when empty those of the whole catalogue
    /// that do not restate another line.
    pub indicators: Vec<String>,
    /// Bars of each statistics window.
    pub lookback_windows: Vec<usize>,
    /// Longer timeframes, such as `1d`, whose lines are features too, known when their bar has closed.
    pub timeframes: Vec<String>,
    /// Files of bars of other symbols whose lines are features too; relative paths start at the configuration's folder.
    pub symbols: Vec<String>,
    /// Bars back whose lines are features once more.
    pub shifts: Vec<usize>,
    /// Unit every feature is measured in.
    pub scaler: Scaler,
    /// Absolute correlation on the training rows above which the later of two features is dropped; 1 keeps all.
    pub max_correlation: f64,
    /// Share of the variance that principal components, put in the features' place, explain; 0 keeps the features.
    pub pca: f64,
    /// Standard deviation of noise added to scaled features while training; 0 adds none.
    pub noise: f64,
    /// Names of lines and features that may enter although they know the future or could not be checked.
    pub admit: Vec<String>,
    /// Columns of a file, joined by time.
    pub external: ExternalConfig,
    /// Exact width to pad to with named `pad_k` features; 0 keeps the natural width.
    pub feature_dim: usize,
    /// Extraction threads; 0 takes all.
    pub fe_workers: usize,
    /// Rows per parallel chunk.
    pub fe_chunk: usize,
    /// Bars below which extraction stays on one thread.
    pub fe_parallel_threshold: usize,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        use FeatureGroup::{Calendar, Changes, Hurst, Lines, Pairs, Returns, Spectral, Squeeze, Volatility, Windows};
        Self {
            groups: vec![Lines, Changes, Windows, Pairs, Spectral, Hurst, Volatility, Squeeze, Returns, Calendar],
            indicators: Vec::new(),
            lookback_windows: vec![5, 10, 20, 50, 100],
            timeframes: Vec::new(),
            symbols: Vec::new(),
            shifts: Vec::new(),
            scaler: Scaler::Robust,
            max_correlation: 1.0,
            pca: 0.0,
            noise: 0.0,
            admit: Vec::new(),
            external: ExternalConfig::default(),
            feature_dim: 0,
            fe_workers: 0,
            fe_chunk: 1024,
            fe_parallel_threshold: 5000,
        }
    }
}
