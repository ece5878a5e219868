//! `walkforward`: every fold on a line, then all of them together.

use anyhow::Context as _;
use serde_json::json;

use super::print::{Failure, Printer};
use super::watch::watch;
use crate::data::time_text;
use crate::tasks::{FoldResult, RunRequest, walkforward};

pub(super) fn run(request: RunRequest, printer: Printer) -> Result<(), Failure> {
    let found = watch("walkforward", printer, move |job| walkforward(&request, job))?;
    printer
        .text("fold  test (UTC)                   bars  worth  entry AUC  Brier (constant)  return IC  network  hold");
    for fold in &found.folds {
        printer.text(&line(fold));
    }
    if let Some(all) = &found.stitched {
        let sharpe = all.sharpe.map_or_else(|| "-".to_owned(), |sharpe| format!("{sharpe:.2}"));
        printer.text(&format!(
            "all test slices: {} bars, {} trades, return {:+.1} % (buy and hold {:+.1} %), Sharpe {sharpe}, max drawdown {:.1} %",
            all.bars,
            all.trades,
            100.0 * all.total_return,
            100.0 * all.hold_return,
            100.0 * all.max_drawdown,
        ));
    }
    for (number, (folds, area)) in found.paths.iter().enumerate() {
        let folds: Vec<String> = folds.iter().map(ToString::to_string).collect();
        printer.text(&format!("path {}: entry AUC {}, folds {}", number + 1, figure(*area), folds.join(" ")));
    }
    let mut record = serde_json::to_value(&found).context("walk-forward")?;
    record["event"] = json!("walkforward");
    printer.record(&record);
    Ok(())
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn line(fold: &FoldResult) -> String {
    let day = |time: i64| time_text(time).chars().take(10).collect::<String>();
    let (first, last) = (fold.test.first().map_or(0, |range| range.0), fold.test.last().map_or(0, |range| range.1));
    let judged = &fold.judged;
    let (network, hold) = fold.returns.map_or_else(
        || ("-".to_owned(), "-".to_owned()),
        |(network, hold)| (format!("{:+.1} %", 100.0 * network), format!("{:+.1} %", 100.0 * hold)),
    );
    let stopped = if fold.stopped { format!("  stopped after {} epochs", fold.epochs.0) } else { String::new() };
    format!(
        "{:<5} {} to {}  {:>6} {:>6.0}  {:>9}  {:.4} ({:.4})   {:>9}  {network}  {hold}{stopped}",
        fold.fold,
        day(first),
        day(last),
        judged.bars,
        judged.n_eff,
        figure(judged.entry_auc),
        judged.entry_brier,
        judged.constant_brier,
        figure(judged.return_ic),
    )
}
