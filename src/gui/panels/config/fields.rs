//! The form's fields: one per key of the configuration file, with what it means and the widget that fits.

/// The widget of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Widget {
    /// A whole number.
    Count,
    /// A number of any size; 1e-4 is shown as such.
    Real,
    /// A number between 0 and 1.
    Share,
    /// Words.
    Text,
    /// The file of bars.
    File,
    /// Yes or no.
    Switch,
    /// One of these, as written in the file.
    Choice(&'static [&'static str]),
    /// Any of these, as written in the file.
    Several(&'static [&'static str]),
    /// Whole numbers with commas.
    Counts,
    /// Names with commas between them.
    Names,
    /// `3 = 0.5, 4 = 0`.
    Shares,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// As in the file, without its section.
    pub(super) key: &'static str,
    pub(super) widget: Widget,
    pub(super) help: &'static str,
}

const fn field(key: &'static str, widget: Widget, help: &'static str) -> Field {
    Field { key, widget, help }
}

use Widget::{Choice, Count, Counts, File, Names, Real, Several, Share, Shares, Switch, Text};

/// Sections in the order of the configuration file, with their heading and fields.
pub(super) const SECTIONS: [(&str, &str, &[Field]); 8] = [
    (
        "data",
        "Data",
        &[
            field("file", File, "CSV or Parquet file of bars"),
            field("symbol", Text, "Ticker; guessed from the file name when empty"),
            field("timeframe", Text, "Bar length such as 4h; inferred when empty"),
            field("start", Text, "First bar's open time (ISO date, UTC); the file's first when empty"),
            field("end", Text, "Bars open before this time (ISO date, UTC); all when empty"),
            field("map", Names, "Columns named by hand, such as close=Last; the others are guessed"),
            field("timezone", Text, "Clock of times that name none, such as America/New_York; UTC when empty"),
            field("price_scale", Text, "Factor of every price, such as 1/100000; 1 when empty"),
            field("keep_unadjusted", Switch, "Keeps prices as traded although the file has adjusted closes"),
            field("accept", Names, "Blocking findings in the bars that are accepted, such as split"),
        ],
    ),
    (
        "features",
        "Features",
        &[
            field(
                "groups",
                Several(&[
                    "lines",
                    "changes",
                    "windows",
                    "pairs",
                    "spectral",
                    "hurst",
                    "volatility",
                    "squeeze",
                    "returns",
                    "calendar",
                ]),
                "Families of features the network sees",
            ),
            field("indicators", Names, "Ids of the indicators the network sees; empty takes the whole catalogue"),
            field("lookback_windows", Counts, "Bars of each statistics window, for example 5, 10, 20"),
            field("timeframes", Names, "Longer timeframes, such as 1d, whose lines are features too"),
            field("symbols", Names, "Files of bars of other symbols whose lines are features too"),
            field("shifts", Counts, "Bars back whose lines are features once more"),
            field("scaler", Choice(&["robust", "standard"]), "Median and quartiles, or mean and deviation"),
            field("max_correlation", Real, "Drops the later of two features that correlate above this; 1 keeps all"),
            field("pca", Share, "Share of variance kept by principal components in the features' place; 0 for none"),
            field("noise", Real, "Deviation of noise added to features while training; 0 adds none"),
            field("admit", Names, "Lines and features that may enter although they failed the causality check"),
            field("external.file", Text, "File with times and further columns of numbers"),
            field("external.columns", Names, "Its columns that become features; none when empty"),
            field("external.delay", Text, "How long after its stamp a value is known, such as 1d; at once when empty"),
            field("feature_dim", Count, "Exact width to pad to; 0 keeps the natural width"),
            field("fe_workers", Count, "Extraction threads; 0 takes all"),
            field("fe_chunk", Count, "Rows per parallel chunk"),
            field("fe_parallel_threshold", Count, "Bars below which extraction stays on one thread"),
        ],
    ),
    (
        "labels",
        "Labels",
        &[
            field(
                "mode",
                Choice(&["fixed", "volatility", "triple_barrier", "context"]),
                "How entry and exit labels are drawn",
            ),
            field("base", Choice(&["next_open", "close"]), "Price the forward return starts from"),
            field("prediction_horizon", Count, "Bars ahead"),
            field("entry_k", Real, "Entry threshold in units of volatility over the horizon"),
            field("exit_k", Real, "Exit threshold in units of volatility over the horizon"),
            field(
                "barrier_width",
                Real,
                "Barrier distance of the triple barrier in units of volatility over the horizon",
            ),
        ],
    ),
    (
        "splits",
        "Slices",
        &[
            field(
                "method",
                Choice(&["chronological", "rolling", "anchored", "combinatorial"]),
                "How bars are shared out",
            ),
            field("folds", Count, "Folds of a walk-forward"),
            field("fold", Count, "The fold of it that one run teaches, from 1; 0 for the last"),
            field("groups", Count, "Blocks of combinatorial cross-validation"),
            field("test_groups", Count, "Blocks among them tested at once"),
            field("train", Share, "Share that teaches"),
            field("validation", Share, "Share that stops the training"),
            field("calibration", Share, "Share that calibrates probabilities and sizes"),
            field("test", Share, "Share that judges"),
            field("embargo", Count, "Bars left out at each boundary beyond the horizon"),
        ],
    ),
    (
        "model",
        "Model",
        &[
            field("seq_len", Count, "Bars the network sees at once"),
            field("d_model", Count, "Width of a token"),
            field("num_heads", Count, "Attention heads; must divide the width (transformer)"),
            field("num_layers", Count, "Encoder layers"),
            field("d_ff", Count, "Width inside the feed-forward part (transformer)"),
            field("dropout", Share, "Dropout probability"),
            field("latent_dim", Count, "Width of the latent that regimes are found in"),
            field(
                "pooling",
                Choice(&["mean", "last", "attention"]),
                "How a sequence becomes one vector; last with tpa",
            ),
            field("norm", Choice(&["pre", "post"]), "Where layer normalisation sits"),
            field("encoder", Choice(&["transformer", "lstm", "tcn", "tpa"]), "Sequence encoder"),
            field("positions", Choice(&["sinusoidal", "learned"]), "How the transformer learns the order of bars"),
            field("causal", Switch, "Hides later bars of the window from earlier ones (transformer)"),
            field("tcn_kernel", Count, "Taps of a dilated convolution (tcn)"),
            field("tpa_filters", Count, "Filters over the history of each state (tpa)"),
        ],
    ),
    (
        "train",
        "Training",
        &[
            field("batch_size", Count, "Windows per forward pass"),
            field("num_epochs", Count, "Passes over the training slice at most"),
            field("learning_rate", Real, "Peak learning rate, reached after the warm-up"),
            field("min_lr", Real, "Learning rate at the end of the cosine"),
            field("warmup", Share, "Share of all steps spent warming up"),
            field("restarts", Count, "Times the cosine starts again at the peak"),
            field("restart_growth", Real, "Length of each cosine over that of the one before; 1 for equal lengths"),
            field("weight_decay", Real, "Decoupled weight decay, on matrices only"),
            field("accumulation_steps", Count, "Batches whose gradients are summed per step"),
            field("max_grad_norm", Real, "Norm gradients are clipped to; 0 turns clipping off"),
            field("kl_beta", Real, "Weight of the KL term after its warm-up"),
            field("patience", Count, "Epochs without improvement before stopping"),
            field("seed", Count, "Seeds weights, dropout, latent noise and shuffling"),
            field("device", Choice(&["auto", "cpu", "cuda"]), "Where tensors live"),
            field("precision", Choice(&["f32", "bf16"]), "Numbers of matrix products; bf16 on a CUDA device only"),
            field("recency", Real, "Weight of old windows falls as exp(-age / (this x training bars)); 0 for none"),
            field("uniqueness", Switch, "Weighs each window by the average uniqueness of its label"),
            field("class_weights", Switch, "Lets entries count together as much as other bars; exits likewise"),
            field("focal_gamma", Real, "Exponent of the focal loss of entry and exit, at least 1; 0 for none"),
            field("run_name", Text, "Name in the run folder"),
            field("use_wandb", Switch, "Asks for a Weights & Biases directory; not written, and said so at start"),
        ],
    ),
    (
        "analysis",
        "Analysis",
        &[
            field("regimes", Count, "Number of regimes; 0 chooses 2 to 8"),
            field("windows", Count, "Test windows used for attention and attribution"),
        ],
    ),
    (
        "backtest",
        "Trading on paper",
        &[
            field("initial_cash", Real, "Cash at the start"),
            field("fee_bps", Real, "Fee per side, basis points of the traded value"),
            field("half_spread_bps", Real, "Half the bid-ask spread, basis points"),
            field("slippage_bps", Real, "Slippage beyond the spread, basis points"),
            field("side", Choice(&["long", "short", "both"]), "Allowed direction"),
            field("sizing", Choice(&["fixed", "volatility", "kelly", "size_head"]), "Position sizing"),
            field("max_size", Real, "Largest position as a share of equity"),
            field("volatility_target", Real, "Annualised volatility aimed at by volatility sizing"),
            field(
                "threshold",
                Share,
                "Calibrated entry probability needed; 0 takes what a fifth of calibration bars reached",
            ),
            field("exit_threshold", Share, "Exit probability that closes a position; 0 turns the exit off"),
            field("max_bars", Count, "Bars after which a position is closed; 0 takes the horizon"),
            field("stop_atr", Real, "Stop distance in ATR(14); 0 for none"),
            field("target_atr", Real, "Target distance in ATR(14); 0 for none"),
            field("regimes", Counts, "Regimes traded; empty trades all"),
            field("regime_scale", Shares, "Share of the size per regime, for example 3 = 0.5; 0 skips"),
            field("rule", Text, "Formula file of the rule traded beside the network; the standard rule when empty"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;

    #[test]
    fn the_form_has_every_key_and_no_other() {
        let config = serde_json::to_value(RunConfig::default()).unwrap();
        let mut keys = Vec::new();
        for (section, fields) in config.as_object().unwrap() {
            for (key, value) in fields.as_object().unwrap() {
                match value.as_object().filter(|_| section == "features") {
                    Some(inner) => keys.extend(inner.keys().map(|part| format!("{section}.{key}.{part}"))),
                    None => keys.push(format!("{section}.{key}")),
                }
            }
        }
        let mut form: Vec<String> = SECTIONS
            .iter()
            .flat_map(|(section, _, fields)| fields.iter().map(move |field| format!("{section}.{}", field.key)))
            .collect();
        keys.sort();
        form.sort();
        assert_eq!(form, keys);
    }

    #[test]
    fn every_choice_can_be_read_and_no_variant_is_missing() {
        for (section, _, fields) in SECTIONS {
            for field in fields {
                let (Choice(names) | Several(names)) = field.widget else { continue };
                for name in names {
                    let mut value = serde_json::to_value(RunConfig::default()).unwrap();
                    let new =
                        if matches!(field.widget, Several(_)) { serde_json::json!([name]) } else { (*name).into() };
                    value[section][field.key] = new;
                    serde_json::from_value::<RunConfig>(value)
                        .unwrap_or_else(|err| panic!("{section}.{} {err}", field.key));
                }
                let mut value = serde_json::to_value(RunConfig::default()).unwrap();
                let bad = serde_json::Value::from("unheard-of");
                value[section][field.key] =
                    if matches!(field.widget, Several(_)) { serde_json::json!([bad]) } else { bad };
                let problem = serde_json::from_value::<RunConfig>(value).unwrap_err().to_string();
                let known = problem.matches('`').count() / 2 - 1;
                assert_eq!(known, names.len(), "{section}.{}: {problem}", field.key);
            }
        }
    }
}
