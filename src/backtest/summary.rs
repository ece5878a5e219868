use super::Trade;
use crate::stats::{Interval, mean, normal_quantile, std_sample, wilson};

/// What stays true of any set of trades.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeSummary {
    /// Trades.
    pub n: usize,
    /// Share that gains after costs, with its 95 % Wilson interval: trades do not overlap.
    pub win_rate: Option<Interval>,
    /// Mean net return with its 95 % normal interval; bounds are NaN for fewer than two trades.
    pub mean_return: Option<Interval>,
    /// Profit after costs, money.
    pub pnl: f64,
}

impl TradeSummary {
    /// Sums up `trades`.
    pub fn new<'a>(trades: impl Iterator<Item = &'a Trade>) -> Self {
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
}
