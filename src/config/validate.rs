use super::field_error::Checks;
use super::{
    AnalysisConfig, BacktestConfig, DevicePreference, Encoder, FeaturesConfig, FieldError, LabelMode, LabelsConfig,
    ModelConfig, Pooling, Precision, RunConfig, SplitMethod, SplitsConfig, TrainConfig,
};

impl RunConfig {
    /// All problems at once, so that a form can mark every field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let Self { data: _, features, labels, splits, model, train, analysis, backtest } = self;
        let mut c = Checks::default();
        check_features(features, &mut c);
        check_labels(labels, &mut c);
        check_splits(splits, &mut c);
        check_model(model, &mut c);
        check_train(train, &mut c);
        check_precision(train, model, &mut c);
        check_analysis(analysis, &mut c);
        check_backtest(backtest, &mut c);
        c.finish()
    }
}

fn at_least(c: &mut Checks, field: &str, value: usize, least: usize) {
    c.require(value >= least, field, format!("must be at least {least}, was {value}"));
}

fn not_negative(c: &mut Checks, field: &str, value: f64) {
    c.require(value.is_finite() && value >= 0.0, field, format!("must not be negative, was {value}"));
}

fn positive(c: &mut Checks, field: &str, value: f64) {
    c.require(value.is_finite() && value > 0.0, field, format!("must be positive, was {value}"));
}

fn share(c: &mut Checks, field: &str, value: f64) {
    c.require((0.0..1.0).contains(&value), field, format!("must be at least 0 and below 1, was {value}"));
}

fn check_features(features: &FeaturesConfig, c: &mut Checks) {
    let FeaturesConfig {
        groups,
        indicators: _,
        lookback_windows,
        timeframes: _,
        symbols: _,
        shifts,
        scaler: _,
        max_correlation,
        pca,
        noise,
        admit: _,
        external,
        feature_dim: _,
        fe_workers: _,
        fe_chunk,
        fe_parallel_threshold: _,
    } = features;
    c.require(!groups.is_empty(), "features.groups", "must name at least one group, or the network sees nothing");
    at_least(c, "features.fe_chunk", *fe_chunk, 1);
    let smallest = lookback_windows.iter().copied().min().unwrap_or(4);
    at_least(c, "features.lookback_windows", smallest, 4);
    at_least(c, "features.shifts", shifts.iter().copied().min().unwrap_or(1), 1);
    c.require(
        *max_correlation > 0.0 && *max_correlation <= 1.0,
        "features.max_correlation",
        format!("must be above 0 and at most 1, was {max_correlation}"),
    );
    share(c, "features.pca", *pca);
    not_negative(c, "features.noise", *noise);
    c.require(
        external.columns.is_empty() || !external.file.is_empty(),
        "features.external.file",
        "must name the file that holds features.external.columns",
    );
}

fn check_labels(labels: &LabelsConfig, c: &mut Checks) {
    let LabelsConfig { mode, base: _, prediction_horizon, entry_k, exit_k, barrier_width } = labels;
    at_least(c, "labels.prediction_horizon", *prediction_horizon, 1);
    c.require(
        *mode != LabelMode::Context || *prediction_horizon >= LabelsConfig::LEAST_CONTEXT,
        "labels.prediction_horizon",
        format!(
            "must be at least {} with labels.mode \"context\", was {prediction_horizon}",
            LabelsConfig::LEAST_CONTEXT
        ),
    );
    not_negative(c, "labels.entry_k", *entry_k);
    not_negative(c, "labels.exit_k", *exit_k);
    positive(c, "labels.barrier_width", *barrier_width);
}

fn check_splits(splits: &SplitsConfig, c: &mut Checks) {
    let SplitsConfig { method, folds, fold, groups, test_groups, train, validation, calibration, test, embargo: _ } =
        splits;
    c.require((1..=1000).contains(folds), "splits.folds", format!("must be 1 to 1000, was {folds}"));
    let walks = matches!(method, SplitMethod::Rolling | SplitMethod::Anchored);
    let least = if walks {
        format!("must be at most {folds}, the number of folds")
    } else {
        "has a meaning in a walk-forward only".to_owned()
    };
    c.require(*fold == 0 || walks && fold <= folds, "splits.fold", format!("{least}; was {fold}"));
    c.require(
        (2..=16).contains(groups) && (1..*groups).contains(test_groups),
        "splits.test_groups",
        format!("needs at least 1 and fewer than splits.groups, which is 2 to 16; was {test_groups} of {groups}"),
    );
    for (field, value) in [
        ("splits.train", *train),
        ("splits.validation", *validation),
        ("splits.calibration", *calibration),
        ("splits.test", *test),
    ] {
        c.require(value > 0.0 && value < 1.0, field, format!("must lie between 0 and 1, was {value}"));
    }
    let sum = train + validation + calibration + test;
    c.require((sum - 1.0).abs() < 1e-9, "splits", format!("must sum to 1, was {sum}"));
}

fn check_model(model: &ModelConfig, c: &mut Checks) {
    let ModelConfig {
        seq_len,
        d_model,
        num_heads,
        num_layers,
        d_ff,
        dropout,
        latent_dim,
        pooling,
        norm: _,
        encoder,
        positions: _,
        causal: _,
        tcn_kernel,
        tpa_filters,
    } = model;
    at_least(c, "model.seq_len", *seq_len, 2);
    at_least(c, "model.num_heads", *num_heads, 1);
    at_least(c, "model.num_layers", *num_layers, 1);
    at_least(c, "model.d_ff", *d_ff, 1);
    at_least(c, "model.latent_dim", *latent_dim, 1);
    at_least(c, "model.d_model", *d_model, 2);
    c.require(d_model % 2 == 0, "model.d_model", format!("must be even for the position code, was {d_model}"));
    c.require(
        *encoder != Encoder::Transformer || *num_heads == 0 || d_model % num_heads == 0,
        "model.num_heads",
        format!("must divide d_model {d_model}, was {num_heads}"),
    );
    share(c, "model.dropout", *dropout);
    at_least(c, "model.tcn_kernel", *tcn_kernel, 2);
    at_least(c, "model.tpa_filters", *tpa_filters, 1);
    c.require(
        *encoder != Encoder::Tpa || *pooling == Pooling::Last,
        "model.pooling",
        "must be last with the encoder tpa, which makes its own vector of the last bar",
    );
}

fn check_train(train: &TrainConfig, c: &mut Checks) {
    let TrainConfig {
        batch_size,
        num_epochs,
        learning_rate,
        min_lr,
        warmup,
        restarts,
        restart_growth,
        weight_decay,
        accumulation_steps,
        max_grad_norm,
        kl_beta,
        patience,
        seed,
        device: _,
        precision: _,
        run_name,
        recency,
        uniqueness: _,
        class_weights: _,
        focal_gamma,
        use_wandb: _,
    } = train;
    not_negative(c, "train.recency", *recency);
    c.require(
        *focal_gamma == 0.0 || (1.0..=10.0).contains(focal_gamma),
        "train.focal_gamma",
        format!("must be 0, or at least 1 and at most 10, was {focal_gamma}"),
    );
    c.require(
        restarts < num_epochs || *num_epochs == 0,
        "train.restarts",
        format!("must be fewer than num_epochs {num_epochs}, was {restarts}"),
    );
    c.require(
        (1.0..=10.0).contains(restart_growth),
        "train.restart_growth",
        format!("must be at least 1 and at most 10, was {restart_growth}"),
    );
    at_least(c, "train.batch_size", *batch_size, 1);
    at_least(c, "train.num_epochs", *num_epochs, 1);
    at_least(c, "train.accumulation_steps", *accumulation_steps, 1);
    at_least(c, "train.patience", *patience, 1);
    positive(c, "train.learning_rate", *learning_rate);
    not_negative(c, "train.min_lr", *min_lr);
    c.require(
        min_lr <= learning_rate,
        "train.min_lr",
        format!("must not exceed learning_rate {learning_rate}, was {min_lr}"),
    );
    share(c, "train.warmup", *warmup);
    not_negative(c, "train.weight_decay", *weight_decay);
    not_negative(c, "train.max_grad_norm", *max_grad_norm);
    not_negative(c, "train.kl_beta", *kl_beta);
    c.require(i64::try_from(*seed).is_ok(), "train.seed", format!("must be at most {}, was {seed}", i64::MAX));
    let plain = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.');
    c.require(
        !run_name.is_empty() && run_name.len() <= 64 && run_name.chars().all(plain),
        "train.run_name",
        format!("must be 1 to 64 letters, digits, '-', '_' or '.', was {run_name:?}"),
    );
}

/// bfloat16 is for the transformer on a CUDA device, which the training itself makes sure of.
fn check_precision(train: &TrainConfig, model: &ModelConfig, c: &mut Checks) {
    if train.precision == Precision::F32 {
        return;
    }
    let field = "train.precision";
    c.require(train.device != DevicePreference::Cpu, field, "must be f32 with train.device cpu");
    let encoder = model.encoder == Encoder::Transformer;
    c.require(encoder, field, "must be f32 with the encoders lstm, tcn and tpa, which have no bfloat16 version");
    let even = model.d_model.is_multiple_of(2) && model.d_ff.is_multiple_of(2);
    c.require(even, field, format!("needs even d_model and d_ff, was {} and {}", model.d_model, model.d_ff));
}

fn check_analysis(analysis: &AnalysisConfig, c: &mut Checks) {
    let AnalysisConfig { regimes, windows } = analysis;
    c.require(*regimes <= 32, "analysis.regimes", format!("must be at most 32, was {regimes}"));
    at_least(c, "analysis.windows", *windows, 8);
}

fn check_backtest(backtest: &BacktestConfig, c: &mut Checks) {
    let BacktestConfig {
        initial_cash,
        fee_bps,
        half_spread_bps,
        slippage_bps,
        side: _,
        sizing: _,
        max_size,
        volatility_target,
        threshold,
        exit_threshold,
        max_bars: _,
        stop_atr,
        target_atr,
        regimes: _,
        regime_scale,
        rule,
    } = backtest;
    positive(c, "backtest.initial_cash", *initial_cash);
    not_negative(c, "backtest.fee_bps", *fee_bps);
    not_negative(c, "backtest.half_spread_bps", *half_spread_bps);
    not_negative(c, "backtest.slippage_bps", *slippage_bps);
    c.require(
        *max_size > 0.0 && *max_size <= 1.0,
        "backtest.max_size",
        format!("must be above 0 and at most 1 (no leverage), was {max_size}"),
    );
    positive(c, "backtest.volatility_target", *volatility_target);
    share(c, "backtest.threshold", *threshold);
    share(c, "backtest.exit_threshold", *exit_threshold);
    not_negative(c, "backtest.stop_atr", *stop_atr);
    not_negative(c, "backtest.target_atr", *target_atr);
    for (regime, scale) in regime_scale {
        let good = regime.parse::<usize>().is_ok() && (0.0..=1.0).contains(scale);
        c.require(
            good,
            "backtest.regime_scale",
            format!("needs regime ids with shares from 0 to 1, was {regime} = {scale}"),
        );
    }
    c.require(
        rule.is_empty() || rule.ends_with(".indicator"),
        "backtest.rule",
        format!("must name a formula file, name.indicator, was {rule:?}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(change: impl Fn(&mut ModelConfig)) -> Vec<String> {
        let mut config = RunConfig::default();
        change(&mut config.model);
        config.validate().err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn encoders_are_asked_for_what_they_use() {
        assert_eq!(problems(|m| m.num_heads = 7), ["model.num_heads"]);
        assert!(problems(|m| (m.encoder, m.num_heads) = (Encoder::Lstm, 7)).is_empty());
        assert_eq!(problems(|m| m.encoder = Encoder::Tpa), ["model.pooling"]);
        assert!(problems(|m| (m.encoder, m.pooling) = (Encoder::Tpa, Pooling::Last)).is_empty());
        assert_eq!(problems(|m| (m.tcn_kernel, m.tpa_filters) = (1, 0)), ["model.tcn_kernel", "model.tpa_filters"]);
    }

    #[test]
    fn bfloat16_is_refused_where_there_is_none() {
        let problems = |device, encoder, d_ff| {
            let mut config = RunConfig::default();
            (config.train.precision, config.train.device) = (Precision::Bf16, device);
            (config.model.encoder, config.model.d_ff) = (encoder, d_ff);
            config.validate().err().unwrap_or_default().into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let (cuda, cpu) = (DevicePreference::Cuda, DevicePreference::Cpu);
        assert!(problems(cuda, Encoder::Transformer, 512).is_empty());
        for (device, encoder, d_ff) in
            [(cpu, Encoder::Transformer, 512), (cuda, Encoder::Lstm, 512), (cuda, Encoder::Transformer, 511)]
        {
            assert_eq!(problems(device, encoder, d_ff), ["train.precision"]);
        }
    }

    #[test]
    fn a_model_written_before_there_was_a_choice_is_a_transformer() {
        let old = r#"{"seq_len":32,"d_model":32,"num_heads":4,"num_layers":2,"d_ff":128,"dropout":0.1,"latent_dim":4,
            "pooling":"mean","norm":"pre","encoder":"transformer"}"#;
        let model: ModelConfig = serde_json::from_str(old).unwrap();
        assert_eq!((model.positions, model.causal), (crate::config::Positions::Sinusoidal, false));
    }
}
