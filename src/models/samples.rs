//! Small networks of every kind for tests.

use crate::config::{Encoder, ModelConfig, Norm, Pooling, Positions};

/// A small shape: 5 bars, width 8, 2 layers, no dropout.
pub(crate) fn small() -> ModelConfig {
    ModelConfig {
        seq_len: 5,
        d_model: 8,
        num_heads: 2,
        num_layers: 2,
        d_ff: 12,
        dropout: 0.0,
        latent_dim: 3,
        tpa_filters: 4,
        ..ModelConfig::default()
    }
}

/// Every encoder with every option that changes it, by name.
pub(crate) fn variants() -> Vec<(String, ModelConfig)> {
    let mut all = Vec::new();
    let poolings = [Pooling::Mean, Pooling::Last, Pooling::Attention];
    for norm in [Norm::Pre, Norm::Post] {
        let mut add = |config: ModelConfig| {
            let ModelConfig { encoder, norm, pooling, positions, causal, .. } = &config;
            all.push((format!("{encoder:?} {norm:?} {pooling:?} {positions:?} causal {causal}"), config));
        };
        for (i, pooling) in poolings.into_iter().enumerate() {
            for (positions, causal) in [(Positions::Sinusoidal, i == 2), (Positions::Learned, i != 2)] {
                add(ModelConfig { pooling, norm, positions, causal, ..small() });
            }
            for encoder in [Encoder::Lstm, Encoder::Tcn] {
                add(ModelConfig { pooling, norm, encoder, ..small() });
            }
        }
        add(ModelConfig { norm, pooling: Pooling::Last, encoder: Encoder::Tpa, ..small() });
    }
    all
}

/// One network of each encoder.
pub(crate) fn encoders() -> Vec<(String, ModelConfig)> {
    let mut seen = Vec::new();
    variants()
        .into_iter()
        .filter(|(_, config)| {
            !seen.contains(&config.encoder) && {
                seen.push(config.encoder);
                true
            }
        })
        .collect()
}
