use super::{FeatureGroup, FeaturesConfig, LabelsConfig, ModelConfig, RunConfig, TrainConfig};

/// Preset names with what they are for.
pub const PRESETS: [(&str, &str); 7] = [
    ("demo", "two minutes on two cores with 4 h bars"),
    ("readme-debug", "the original's smallest example: 10 bars, one layer"),
    ("debug", "small: 50 bars of indicator lines, width 128, two layers"),
    ("baseline", "100 bars, width 256, four layers"),
    ("elite", "100 bars, width 512, six layers"),
    ("experimental", "150 bars, width 768, twelve layers"),
    ("seed", "the original's own defaults"),
];

/// Indicators the presets learn from: trend, momentum, cycle, volatility, regime and volume, each by a few that differ.
const INDICATORS: [&str; 17] = [
    "cyber_cycle",
    "hurst_exponent",
    "atr_14",
    "damiani_volatmeter",
    "squeeze_volatility",
    "bollinger",
    "rsi_14",
    "rsi_7",
    "rsi_21",
    "rsx",
    "wavetrend",
    "macd",
    "kama",
    "schaff_trend_cycle",
    "supertrend",
    "adx",
    "obv",
];

/// What a sequence network cannot make itself of the bars it reads. Changes and window statistics restate its own window a
/// dozen times over: among thousands of such inputs a planted effect of 0.7 AUC stays unlearnt that these features show at once.
const LEAN: [FeatureGroup; 6] = [
    FeatureGroup::Lines,
    FeatureGroup::Hurst,
    FeatureGroup::Volatility,
    FeatureGroup::Squeeze,
    FeatureGroup::Returns,
    FeatureGroup::Calendar,
];

/// The preset called `name`.
pub fn preset(name: &str) -> Option<RunConfig> {
    let mut config = match name {
        "demo" => RunConfig {
            features: FeaturesConfig {
                groups: vec![
                    FeatureGroup::Lines,
                    FeatureGroup::Changes,
                    FeatureGroup::Hurst,
                    FeatureGroup::Volatility,
                    FeatureGroup::Squeeze,
                    FeatureGroup::Returns,
                    FeatureGroup::Calendar,
                ],
                lookback_windows: vec![20],
                ..FeaturesConfig::default()
            },
            labels: horizon(6),
            model: shape([32, 32, 4, 2, 128, 4], 0.2),
            train: TrainConfig {
                num_epochs: 15,
                patience: 4,
                weight_decay: 0.1,
                run_name: "demo".to_owned(),
                ..TrainConfig::default()
            },
            ..RunConfig::default()
        },
        "readme-debug" => RunConfig {
            features: FeaturesConfig { lookback_windows: vec![5, 10], ..FeaturesConfig::default() },
            labels: horizon(1),
            model: shape([10, 256, 8, 1, 1024, 8], 0.1),
            train: training(4, 10, 1e-4, "readme-debug"),
            ..RunConfig::default()
        },
        "debug" => RunConfig {
            features: FeaturesConfig { groups: LEAN.to_vec(), ..FeaturesConfig::default() },
            labels: horizon(1),
            model: shape([50, 128, 4, 2, 512, 8], 0.1),
            train: training(32, 20, 5e-4, "debug"),
            ..RunConfig::default()
        },
        "baseline" => RunConfig {
            model: shape([100, 256, 8, 4, 1024, 8], 0.1),
            train: training(64, 100, 1e-4, "baseline"),
            ..RunConfig::default()
        },
        "elite" => RunConfig {
            features: lookbacks(&[5, 10, 20, 50, 100, 200]),
            model: shape([100, 512, 16, 8, 2048, 16], 0.15),
            train: TrainConfig {
                min_lr: 1e-7,
                weight_decay: 1e-4,
                accumulation_steps: 2,
                patience: 25,
                ..training(128, 200, 3e-4, "elite")
            },
            ..RunConfig::default()
        },
        "experimental" => RunConfig {
            features: lookbacks(&[5, 10, 20, 50, 100, 200, 500]),
            labels: horizon(10),
            model: shape([150, 768, 24, 12, 3072, 32], 0.2),
            train: training(256, 300, 5e-4, "experimental"),
            ..RunConfig::default()
        },
        "seed" => RunConfig {
            features: lookbacks(&[5, 10, 20, 50, 100, 200]),
            model: shape([100, 512, 8, 6, 2048, 16], 0.05),
            train: TrainConfig {
                min_lr: 1e-7,
                weight_decay: 1e-4,
                accumulation_steps: 2,
                patience: 25,
                ..training(16, 200, 2e-5, "seed")
            },
            ..RunConfig::default()
        },
        _ => return None,
    };
    config.features.indicators = INDICATORS.map(str::to_owned).to_vec();
    Some(config)
}

fn horizon(bars: usize) -> LabelsConfig {
    LabelsConfig { prediction_horizon: bars, ..LabelsConfig::default() }
}

fn lookbacks(windows: &[usize]) -> FeaturesConfig {
    FeaturesConfig { lookback_windows: windows.to_vec(), ..FeaturesConfig::default() }
}

fn training(batch_size: usize, num_epochs: usize, learning_rate: f64, run_name: &str) -> TrainConfig {
    TrainConfig { batch_size, num_epochs, learning_rate, run_name: run_name.to_owned(), ..TrainConfig::default() }
}

fn shape([seq_len, d_model, num_heads, num_layers, d_ff, latent_dim]: [usize; 6], dropout: f64) -> ModelConfig {
    ModelConfig { seq_len, d_model, num_heads, num_layers, d_ff, dropout, latent_dim, ..ModelConfig::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid() {
        for (name, _) in PRESETS {
            let config = preset(name).expect("listed");
            assert_eq!(config.validate(), Ok(()), "{name}");
        }
        assert_eq!(preset("unheard-of"), None);
    }
}
