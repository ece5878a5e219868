use crate::backtest::TradeSummary;
use crate::gui::widgets::{grouped, percent_interval, signed_percent_interval};

/// `win rate 39 % [32, 47] · mean return -0.13 % [-0.33, +0.08] · P&L -1,401`; nothing without trades.
pub(super) fn summary_words(summary: &TradeSummary) -> Option<String> {
    let (wins, returns) = (summary.win_rate?, summary.mean_return?);
    Some(format!(
        "win rate {} · mean return {} · P&L {}",
        percent_interval(wins, 0),
        signed_percent_interval(returns, 2),
        grouped(summary.pnl, 0)
    ))
}
