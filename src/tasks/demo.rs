use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::files::write_atomic;

/// Name and bytes of one embedded file; `tests/make_demo.sh` rebuilds them.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../sample_data/demo/", $name)).as_slice())),*]
    };
}

const BARS: (&str, &[u8]) = (
    "BTCUSDT_4h_binance_20170817-20240101.csv",
    include_bytes!("../../sample_data/BTCUSDT_4h_binance_20170817-20240101.csv"),
);

/// The manifest comes last: a folder that has it has everything.
const FILES: &[(&str, &[u8])] = embedded![
    "metrics.jsonl",
    "timing.jsonl",
    "model.safetensors",
    "predictions.parquet",
    "analysis/attention.json",
    "analysis/calibration.json",
    "analysis/decision.json",
    "analysis/fitted.json",
    "analysis/importance.json",
    "analysis/latent.parquet",
    "analysis/regimes.json",
    "analysis/verdict.json",
    "backtest/buy_and_hold_equity.parquet",
    "backtest/buy_and_hold_trades.parquet",
    "backtest/equity.parquet",
    "backtest/random_equity.parquet",
    "backtest/random_trades.parquet",
    "backtest/report.json",
    "backtest/rule_equity.parquet",
    "backtest/rule_trades.parquet",
    "backtest/trades.parquet",
    "run.json",
];

/// Unpacks the embedded demo run below `cache` (once per version of its files) and gives its run folder.
pub fn extract_demo(cache: &Path) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for (name, bytes) in FILES.iter().chain([&BARS]) {
        hash.update(name.as_bytes());
        hash.update(bytes);
    }
    let mut id = format!("{:x}", hash.finalize());
    id.truncate(12);
    let folder = cache.join(format!("demo-{id}"));
    if folder.join("run.json").is_file() {
        return Ok(folder);
    }
    for (name, bytes) in [&BARS].into_iter().chain(FILES) {
        let path = folder.join(name);
        write_atomic(&path, bytes).with_context(|| format!("cannot unpack the demo to {}", path.display()))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::{Explainer, Job, open_view};

    #[test]
    fn the_embedded_demo_opens_and_explains() {
        let size: usize = FILES.iter().chain([&BARS]).map(|(_, bytes)| bytes.len()).sum();
        assert!(size <= 6 << 20, "{size} bytes");
        let cache = tempfile::tempdir().unwrap();
        let folder = extract_demo(cache.path()).unwrap();
        assert_eq!(extract_demo(cache.path()).unwrap(), folder);
        let view = std::sync::Arc::new(open_view(&folder, &Job::detached()).unwrap());
        assert_eq!(view.problems, Vec::<String>::new());
        assert!(view.attention.is_some() && view.importance.len() == 4 && view.calibration.calibrated.is_some());
        assert!(view.decision.is_some() && view.verdict.is_some() && !view.curves.epochs.is_empty());
        assert_eq!(view.simulations.len(), 4);
        assert_eq!(view.trades().len(), view.backtest.as_ref().unwrap().strategies[0].statistics.trades);

        let explainer = Explainer::load(std::sync::Arc::clone(&view), &Job::detached()).unwrap();
        let trade = &view.trades()[0];
        let why = explainer.explain(trade.decision_bar).unwrap();
        assert_eq!(why.problem, None);
        assert!(why.gates.iter().all(|gate| gate.passed), "a trade passed every gate: {:?}", why.gates);
        assert_eq!(why.size, Some(trade.size));
        let maps = why.attention.as_ref().unwrap();
        let row: f32 = maps.head(0, 0)[..maps.seq_len].iter().sum();
        assert!((row - 1.0).abs() < 1e-4, "{row}");
        let sum: f64 = why.contributions.iter().map(|c| c.value).sum();
        let cells: f64 = why.cells.iter().map(|&v| f64::from(v)).sum();
        assert!((sum - cells).abs() < 1e-6 * cells.abs().max(1.0), "{sum} against {cells}");
        let why_not = explainer.explain(3).unwrap();
        assert!(why_not.problem.is_some() && why_not.attention.is_none());
    }
}
