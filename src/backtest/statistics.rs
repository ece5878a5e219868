use serde::{Deserialize, Serialize};

use super::sharpe::{probabilistic_sharpe, shape};
use super::{Simulation, Trade};
use crate::stats::{Interval, autocorrelation_time, block_bootstrap, block_length, mean, std_sample, wilson};

/// What every strategy on the same bars is measured with.
#[derive(Debug, Clone, Copy)]
pub struct Yardstick<'a> {
    /// Bars per year of the series, for annualising.
    pub bars_per_year: f64,
    /// Round-trip cost, fraction: an entry whose forward return earns less is a false signal.
    pub cost: f64,
    /// The labels' horizon h: the least block of the bootstrap.
    pub horizon: usize,
    /// The labels' forward return r per bar of the series, NaN where undefined.
    pub forward_returns: &'a [f64],
    /// Seeds the bootstrap.
    pub seed: u64,
}

impl Yardstick<'_> {
    /// 95 % block-bootstrap interval of `statistic` over the rows of `n` bars.
    pub(super) fn interval(&self, n: usize, statistic: impl Fn(&[usize]) -> f64) -> Interval {
        // Up to 20,000 bars get 1000 resamples, 100,000 and more get 200: long series stay quick.
        let resamples = (20_000_000 / n.max(1)).clamp(200, 1000);
        block_bootstrap(n, block_length(n, self.horizon), resamples, 0.95, self.seed, statistic)
    }
}

/// Figures of one simulation; what cannot be known (no trades, no loss, no variation) is `None`, null on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Bars simulated.
    pub bars: usize,
    /// Bars over the autocorrelation time of the returns: what they are worth as independent ones.
    pub effective_bars: Option<f64>,
    /// Final over initial equity, minus 1.
    pub total_return: Option<f64>,
    /// Compound annual growth rate.
    pub cagr: Option<f64>,
    /// Standard deviation of the bars' returns, annualised.
    pub volatility: Option<f64>,
    /// Mean over standard deviation (n - 1) of the bars' returns, annualised, risk-free rate 0.
    pub sharpe: Option<f64>,
    /// 95 % block-bootstrap interval of it.
    pub sharpe_interval: Option<Interval>,
    /// The same per bar, as the search ledger keeps it.
    pub sharpe_per_bar: Option<f64>,
    /// Skewness of the bars' returns.
    pub skewness: Option<f64>,
    /// Kurtosis of the bars' returns, 3 for normal ones.
    pub kurtosis: Option<f64>,
    /// Probability that the true Sharpe ratio is above 0 (Bailey & Lopez de Prado 2012).
    pub psr0: Option<f64>,
    /// Mean over root mean square of the negative returns, annualised.
    pub sortino: Option<f64>,
    /// Compound annual growth over the largest drawdown.
    pub calmar: Option<f64>,
    /// Largest fall from a peak, share of the peak, at closes; the starting cash is the first peak.
    pub max_drawdown: f64,
    /// Longest run of bars below a peak.
    pub drawdown_bars: usize,
    /// Share of bars that close with a position.
    pub exposure: Option<f64>,
    /// Value traded (both sides) over mean equity, per year.
    pub turnover: Option<f64>,
    /// Round trips.
    pub trades: usize,
    /// Share of trades that gain after costs, with its 95 % Wilson interval.
    pub win_rate: Option<Interval>,
    /// Sum of gains over sum of losses.
    pub profit_factor: Option<f64>,
    /// Mean net return of a trade on its own value.
    pub mean_trade_return: Option<f64>,
    /// Mean profit of a trade, money.
    pub expectancy: Option<f64>,
    /// Mean number of bars from entry to exit.
    pub mean_bars_held: Option<f64>,
    /// Fees, money.
    pub fees: f64,
    /// Spread and slippage, money.
    pub slippage: f64,
    /// Entries whose forward return (negated for shorts) is below the cost.
    pub false_signals: usize,
    /// Entries whose forward return is known.
    pub judged_signals: usize,
    /// False over judged entries, with its 95 % Wilson interval.
    pub false_signal_share: Option<Interval>,
    /// Bars that reached stop and target both, counted as stops.
    pub ambiguous_bars: usize,
}

impl Statistics {
    /// Measures a simulation.
    pub fn new(simulation: &Simulation, yardstick: &Yardstick<'_>) -> Self {
        let Simulation { trades, equity, ambiguous_bars, initial_cash } = simulation;
        let returns = simulation.returns();
        let n = returns.len();
        let per_year = yardstick.bars_per_year;
        let end = equity.last().map_or(*initial_cash, |point| point.equity);
        let cagr = finite((end / initial_cash).powf(per_year / n as f64) - 1.0);
        let sharpe_per_bar = finite(mean(&returns) / std_sample(&returns));
        let annual = |per_bar: f64| finite(per_bar * per_year.sqrt());
        let (skewness, kurtosis) = shape(&returns);
        let downside = mean(&returns.iter().map(|r| r.min(0.0).powi(2)).collect::<Vec<_>>()).sqrt();
        let (max_drawdown, drawdown_bars) = drawdown(*initial_cash, equity.iter().map(|point| point.equity));
        let mean_equity = equity.iter().map(|point| point.equity).sum::<f64>() / n as f64;
        let traded: f64 = trades.iter().map(|t| t.units.abs() * (t.entry_price + t.exit_price)).sum();
        let over_trades = |value: fn(&Trade) -> f64| finite(sum(trades, value) / trades.len() as f64);
        let (false_signals, judged_signals) = false_signals(trades, yardstick);
        Self {
            bars: n,
            effective_bars: finite(n as f64 / autocorrelation_time(&returns)).filter(|_| n > 0),
            total_return: finite(end / initial_cash - 1.0),
            cagr,
            volatility: annual(std_sample(&returns)),
            sharpe: sharpe_per_bar.and_then(annual),
            sharpe_interval: sharpe_per_bar
                .and_then(|_| known(yardstick.interval(n, |rows| sharpe(&returns, rows) * per_year.sqrt()))),
            sharpe_per_bar,
            skewness: finite(skewness),
            kurtosis: finite(kurtosis),
            psr0: sharpe_per_bar.and_then(|s| finite(probabilistic_sharpe(s, 0.0, n, skewness, kurtosis))),
            sortino: annual(mean(&returns) / downside),
            calmar: cagr.and_then(|growth| finite(growth / max_drawdown)),
            max_drawdown,
            drawdown_bars,
            exposure: finite(equity.iter().filter(|point| point.position != 0.0).count() as f64 / n as f64),
            turnover: finite(traded / mean_equity * per_year / n as f64),
            trades: trades.len(),
            win_rate: known(wilson(trades.iter().filter(|t| t.pnl > 0.0).count(), trades.len(), 0.95)),
            profit_factor: finite(sum(trades, |t| t.pnl.max(0.0)) / sum(trades, |t| (-t.pnl).max(0.0))),
            mean_trade_return: over_trades(|t| t.net_return),
            expectancy: over_trades(|t| t.pnl),
            mean_bars_held: over_trades(|t| (t.exit_bar - t.entry_bar) as f64),
            fees: sum(trades, |t| t.fees),
            slippage: sum(trades, |t| t.slippage),
            false_signals,
            judged_signals,
            false_signal_share: known(wilson(false_signals, judged_signals, 0.95)),
            ambiguous_bars: *ambiguous_bars,
        }
    }
}

fn sum(trades: &[Trade], value: fn(&Trade) -> f64) -> f64 {
    // A plain `sum` of nothing is -0, which would print as such.
    trades.iter().map(value).fold(0.0, |a, b| a + b)
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

pub(super) fn known(interval: Interval) -> Option<Interval> {
    (interval.estimate.is_finite() && interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
}

/// Sharpe ratio per bar of the chosen rows; NaN without variation.
fn sharpe(returns: &[f64], rows: &[usize]) -> f64 {
    let n = rows.len() as f64;
    let mean = rows.iter().map(|&i| returns[i]).sum::<f64>() / n;
    let squares: f64 = rows.iter().map(|&i| (returns[i] - mean) * (returns[i] - mean)).sum();
    if squares > 0.0 { mean / (squares / (n - 1.0)).sqrt() } else { f64::NAN }
}

/// Fall from the peak so far at each point as a share of it, 0 and below; the starting cash is the first peak.
pub fn underwater(start: f64, equity: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut peak = start;
    equity
        .map(|value| {
            peak = f64::max(peak, value);
            value / peak - 1.0
        })
        .collect()
}

/// Largest fall as a share of its peak, and the longest run of points below a peak.
fn drawdown(start: f64, equity: impl Iterator<Item = f64>) -> (f64, usize) {
    let (mut peak, mut deepest, mut run, mut longest) = (start, 0.0, 0, 0);
    for value in equity {
        if value >= peak {
            (peak, run) = (value, 0);
        } else {
            run += 1;
            longest = longest.max(run);
            deepest = f64::max(deepest, 1.0 - value / peak);
        }
    }
    (deepest, longest)
}

/// Entries whose forward return is below the cost, and entries whose forward return is known.
fn false_signals(trades: &[Trade], yardstick: &Yardstick<'_>) -> (usize, usize) {
    let judged = trades.iter().filter_map(|trade| {
        let r = yardstick.forward_returns.get(trade.decision_bar).copied().filter(|r| r.is_finite())?;
        Some(trade.side.sign() * r < yardstick.cost)
    });
    judged.fold((0, 0), |(wrong, n), is_false| (wrong + usize::from(is_false), n + 1))
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, EquityPoint, ExitReason};
    use super::*;

    fn close(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|x| (x - expected).abs() < 1e-9)
    }

    fn point(i: i64, equity: f64, position: f64) -> EquityPoint {
        EquityPoint { timestamp: i, equity, cash: equity, position, price: 1.0 }
    }

    fn trade(decision_bar: usize, side: Direction, pnl: f64) -> Trade {
        Trade {
            entry_time: 0,
            exit_time: 0,
            decision_bar,
            entry_bar: decision_bar + 1,
            exit_bar: decision_bar + 3,
            side,
            size: 1.0,
            units: side.sign(),
            entry_price: 100.0,
            exit_price: 100.0,
            fees: 1.0,
            slippage: 0.5,
            pnl,
            net_return: pnl / 100.0,
            reason: ExitReason::Signal,
            regime: None,
            mae: 0.0,
            mfe: 0.0,
        }
    }

    fn yardstick(forward_returns: &[f64]) -> Yardstick<'_> {
        Yardstick { bars_per_year: 100.0, cost: 0.01, horizon: 2, forward_returns, seed: 1 }
    }

    #[test]
    fn figures_by_hand() {
        // Equity 100 -> 110, 99, 99, 108.9, 108.9: returns 0.1, -0.1, 0, 0.1, 0.
        let equity = [110.0, 99.0, 99.0, 108.9, 108.9];
        let simulation = Simulation {
            trades: vec![
                trade(0, Direction::Long, 6.0),
                trade(1, Direction::Short, -4.0),
                trade(2, Direction::Long, 2.0),
                trade(3, Direction::Short, 0.0),
            ],
            equity: equity.iter().enumerate().map(|(i, &e)| point(i as i64, e, f64::from(i < 2))).collect(),
            ambiguous_bars: 3,
            initial_cash: 100.0,
        };
        // Long at 0.005 (false), short at 0.02 (false), long at 0.03 (true), short unknown.
        let s = Statistics::new(&simulation, &yardstick(&[0.005, 0.02, 0.03, f64::NAN]));
        assert_eq!((s.bars, s.trades, s.ambiguous_bars), (5, 4, 3));
        assert!(close(s.total_return, 0.089));
        assert!(close(s.cagr, 1.089_f64.powi(20) - 1.0));
        // Mean 0.02; squares 0.0064 + 0.0144 + 0.0004 + 0.0064 + 0.0004 = 0.028; / 4 = 0.007.
        assert!(close(s.sharpe_per_bar, 0.02 / 0.007_f64.sqrt()));
        assert!(close(s.sharpe, 0.2 / 0.007_f64.sqrt()));
        assert!(close(s.volatility, 0.7_f64.sqrt()));
        // Downside: root of 0.01 / 5.
        assert!(close(s.sortino, 0.2 / 0.002_f64.sqrt()));
        assert!((s.max_drawdown - 0.1).abs() < 1e-12 && s.drawdown_bars == 4);
        assert!(close(s.calmar, (1.089_f64.powi(20) - 1.0) / 0.1));
        assert!(close(s.exposure, 0.4));
        // 4 trades of 200 over mean equity 105.16 in 0.05 years.
        assert!(close(s.turnover, 800.0 / 105.16 * 20.0));
        assert!(close(s.profit_factor, 2.0) && close(s.expectancy, 1.0) && close(s.mean_trade_return, 0.01));
        assert!(close(s.mean_bars_held, 2.0));
        assert_eq!((s.fees, s.slippage), (4.0, 2.0));
        assert_eq!((s.false_signals, s.judged_signals), (2, 3));
        // Wilson 95 % for 2 of 4: (0.15004, 0.84996), for example from Agresti & Coull's formula.
        let win = s.win_rate.unwrap();
        assert!(win.estimate == 0.5 && (win.low - 0.15004).abs() < 1e-5 && (win.high - 0.84996).abs() < 1e-5);
        let interval = s.sharpe_interval.unwrap();
        assert!(interval.low <= interval.estimate && interval.estimate <= interval.high);
    }

    #[test]
    fn what_cannot_be_known_is_null() {
        let flat = Simulation {
            trades: Vec::new(),
            equity: (0..50).map(|i| point(i, 100.0, 0.0)).collect(),
            ambiguous_bars: 0,
            initial_cash: 100.0,
        };
        let s = Statistics::new(&flat, &yardstick(&[]));
        assert_eq!((s.total_return, s.max_drawdown, s.exposure), (Some(0.0), 0.0, Some(0.0)));
        assert_eq!((s.win_rate, s.sharpe, s.sharpe_interval, s.profit_factor), (None, None, None, None));
        let text = serde_json::to_string(&s).unwrap();
        assert!(text.contains("\"win_rate\":null") && text.contains("\"sharpe\":null"), "{text}");
        assert_eq!(serde_json::from_str::<Statistics>(&text).unwrap(), s);
        let nothing = Simulation { equity: Vec::new(), ..flat };
        assert_eq!(Statistics::new(&nothing, &yardstick(&[])).exposure, None);
    }
}
