use serde::{Deserialize, Serialize};

use super::statistics::known;
use super::{Statistics, Trade};
use crate::stats::{Interval, wilson};

/// Trades taken in one regime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegimeRow {
    /// Regime at the decision; `None` gathers trades without one.
    pub regime: Option<usize>,
    /// Trades.
    pub trades: usize,
    /// Share that gains after costs, with its 95 % Wilson interval.
    pub win_rate: Option<Interval>,
    /// Mean net return of a trade.
    pub mean_return: Option<f64>,
    /// Profit after costs, money.
    pub pnl: f64,
}

/// One row per regime `0..regimes`, traded or not, and a last one for trades of no or another regime if there are any.
pub fn regime_table(trades: &[Trade], regimes: usize) -> Vec<RegimeRow> {
    let named = |trade: &Trade| trade.regime.filter(|&regime| regime < regimes);
    (0..regimes)
        .map(Some)
        .chain(trades.iter().any(|trade| named(trade).is_none()).then_some(None))
        .map(|regime| {
            let (mut n, mut wins, mut returns, mut pnl) = (0, 0, 0.0, 0.0);
            for trade in trades.iter().filter(|trade| named(trade) == regime) {
                n += 1;
                wins += usize::from(trade.pnl > 0.0);
                returns += trade.net_return;
                pnl += trade.pnl;
            }
            RegimeRow {
                regime,
                trades: n,
                win_rate: known(wilson(wins, n, 0.95)),
                mean_return: (n > 0).then(|| returns / n as f64),
                pnl,
            }
        })
        .collect()
}

/// One strategy's line in the honest table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyReport {
    /// Strategy.
    pub name: String,
    /// True if any of the bars taught or tuned it; none where that cannot be known.
    pub in_sample: Option<bool>,
    /// Its figures.
    pub statistics: Statistics,
    /// The same trades by regime.
    pub per_regime: Vec<RegimeRow>,
}

/// The strategies side by side as plain text: win rate, Sharpe ratio, drawdown and false signals with n and 95 %
/// intervals; `-` where a figure cannot be known.
pub fn comparison_table(reports: &[StrategyReport]) -> String {
    let header = ["strategy", "slice", "trades", "win rate", "Sharpe", "max drawdown", "return", "false signals"];
    let rows: Vec<[String; 8]> = std::iter::once(header.map(str::to_owned)).chain(reports.iter().map(row)).collect();
    let widths: Vec<usize> =
        (0..header.len()).map(|c| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(report: &StrategyReport) -> [String; 8] {
    let StrategyReport { name, in_sample, statistics: s, per_regime: _ } = report;
    let missing = || "-".to_owned();
    let share = |i: Interval| format!("{:.0} % [{:.0}, {:.0}]", 100.0 * i.estimate, 100.0 * i.low, 100.0 * i.high);
    [
        name.clone(),
        match in_sample {
            Some(true) => "in-sample",
            Some(false) => "out-of-sample",
            None => "unknown",
        }
        .to_owned(),
        s.trades.to_string(),
        s.win_rate.map_or_else(missing, share),
        s.sharpe_interval.map_or_else(missing, |i| format!("{:.2} [{:.2}, {:.2}]", i.estimate, i.low, i.high)),
        format!("{:.1} %", 100.0 * s.max_drawdown),
        s.total_return.map_or_else(missing, |r| format!("{:+.1} %", 100.0 * r)),
        s.false_signal_share
            .map_or_else(missing, |i| format!("{} of {}: {}", s.false_signals, s.judged_signals, share(i))),
    ]
}
