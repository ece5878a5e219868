use crate::backtest::Trade;
use crate::gui::widgets::{grouped, percent_interval, signed_percent_interval};
use crate::stats::{Interval, mean, normal_quantile, std_sample, wilson};

/// What stays true of any set of trades.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gui::panels) struct TradeSummary {
    /// Trades.
    pub(in crate::gui::panels) n: usize,
    /// Share that gains after costs, with its 95 % Wilson interval: trades do not overlap.
    pub(in crate::gui::panels) win_rate: Option<Interval>,
    /// Mean net return with its 95 % normal interval; bounds are NaN for fewer than two trades.
    pub(in crate::gui::panels) mean_return: Option<Interval>,
    /// Profit after costs, money.
    pub(in crate::gui::panels) pnl: f64,
}

impl TradeSummary {
    pub(in crate::gui::panels) fn new<'a>(trades: impl Iterator<Item = &'a Trade>) -> Self {
        let (mut wins, mut pnl, mut returns) = (0, 0.0, Vec::new());
        for trade in trades {
            wins += usize::from(trade.pnl > 0.0);
            pnl += trade.pnl;
            returns.push(trade.net_return);
        }
        let n = returns.len();
        let estimate = mean(&returns);
        let half = normal_quantile(0.975) * std_sample(&returns) / (n as f64).sqrt();
        Self {
            n,
            win_rate: (n > 0).then(|| wilson(wins, n, 0.95)),
            mean_return: (n > 0).then_some(Interval { estimate, low: estimate - half, high: estimate + half }),
            pnl,
        }
    }

    /// `win rate 39 % [32, 47] · mean return -0.13 % [-0.33, +0.08] · P&L -1,401`; nothing without trades.
    pub(in crate::gui::panels) fn words(&self) -> Option<String> {
        let (wins, returns) = (self.win_rate?, self.mean_return?);
        Some(format!(
            "win rate {} · mean return {} · P&L {}",
            percent_interval(wins, 0),
            signed_percent_interval(returns, 2),
            grouped(self.pnl, 0)
        ))
    }
}
