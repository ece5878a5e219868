use serde::{Deserialize, Serialize};

use crate::config::BacktestConfig;
use crate::market::Bar;

/// Which way a position gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From rising prices.
    Long,
    /// From falling prices.
    Short,
}

impl Direction {
    /// 1 for long, -1 for short.
    pub const fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

/// Why a position was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The exit probability rose over its threshold.
    Probability,
    /// The position was held for its full time.
    Horizon,
    /// A rule or a signal said so.
    Signal,
    /// An entry the other way.
    Reverse,
    /// The stop price was reached.
    Stop,
    /// The target price was reached.
    Target,
    /// Equity at a close was zero or less.
    Ruin,
    /// The bars ended.
    End,
}

impl ExitReason {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probability => "probability",
            Self::Horizon => "horizon",
            Self::Signal => "signal",
            Self::Reverse => "reverse",
            Self::Stop => "stop",
            Self::Target => "target",
            Self::Ruin => "ruin",
            Self::End => "end",
        }
    }
}

/// What trading costs, as fractions of the traded value; both count against the trader on every fill, stops and targets
/// included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Fee per side.
    pub fee: f64,
    /// Half-spread plus slippage per side: a buy fills this much above the market price, a sale below.
    pub slip: f64,
}

impl Costs {
    /// From basis points.
    pub fn new(config: &BacktestConfig) -> Self {
        Self { fee: config.fee_bps / 1e4, slip: (config.half_spread_bps + config.slippage_bps) / 1e4 }
    }

    fn fill(self, market: f64, side: Direction) -> f64 {
        market * (1.0 + side.sign() * self.slip)
    }
}

/// A position between its entry and its exit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenPosition {
    /// Which way.
    pub side: Direction,
    /// Share of the equity taken at the entry, entry fee included.
    pub size: f64,
    /// Units of the base asset, negative when short.
    pub units: f64,
    /// Fill price of the entry, spread and slippage included.
    pub entry_price: f64,
    /// Bar at whose open the entry filled.
    pub entry_bar: usize,
    /// Bar at whose close the entry was decided.
    pub decision_bar: usize,
    /// Stop price.
    pub stop: Option<f64>,
    /// Target price.
    pub target: Option<f64>,
    /// Regime at the decision.
    pub regime: Option<usize>,
    fee: f64,
    slippage: f64,
    lowest: f64,
    highest: f64,
}

impl OpenPosition {
    fn touch(&mut self, price: f64) {
        self.lowest = self.lowest.min(price);
        self.highest = self.highest.max(price);
    }

    /// Market price, reason and whether stop and target were both within reach, if `bar` ends the position.
    ///
    /// A gap through either price fills at the open, which is also known to come first; else the stop comes first.
    fn bracket(&self, bar: &Bar) -> Option<(f64, ExitReason, bool)> {
        if self.stop.is_none() && self.target.is_none() {
            return None;
        }
        let sign = self.side.sign();
        let (worst, best) = match self.side {
            Direction::Long => (bar.low, bar.high),
            Direction::Short => (bar.high, bar.low),
        };
        let stopped = |price: f64| self.stop.filter(|stop| sign * (price - stop) <= 0.0);
        let reached = |price: f64| self.target.filter(|target| sign * (price - target) >= 0.0);
        if stopped(bar.open).is_some() {
            return Some((bar.open, ExitReason::Stop, false));
        }
        if reached(bar.open).is_some() {
            return Some((bar.open, ExitReason::Target, false));
        }
        match (stopped(worst), reached(best)) {
            (Some(stop), target) => Some((stop, ExitReason::Stop, target.is_some())),
            (None, Some(target)) => Some((target, ExitReason::Target, false)),
            (None, None) => None,
        }
    }
}

/// One finished round trip. Times are open times of the bars in which the fills happened, UTC milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// Open time of the entry bar.
    pub entry_time: i64,
    /// Open time of the exit bar.
    pub exit_time: i64,
    /// Bar at whose close the entry was decided.
    pub decision_bar: usize,
    /// Bar at whose open the entry filled.
    pub entry_bar: usize,
    /// Bar in which the exit filled.
    pub exit_bar: usize,
    /// Which way.
    pub side: Direction,
    /// Share of the equity taken at the entry, entry fee included.
    pub size: f64,
    /// Units of the base asset, negative when short.
    pub units: f64,
    /// Fill price of the entry, spread and slippage included.
    pub entry_price: f64,
    /// Fill price of the exit, spread and slippage included.
    pub exit_price: f64,
    /// Fees of both sides, money.
    pub fees: f64,
    /// Spread and slippage of both sides, money.
    pub slippage: f64,
    /// Profit after all costs, money.
    pub pnl: f64,
    /// Profit after all costs over the value of the position at the entry.
    #[serde(rename = "return")]
    pub net_return: f64,
    /// Why it was closed.
    pub reason: ExitReason,
    /// Regime at the decision.
    pub regime: Option<usize>,
    /// Worst unrealised return, at most 0; of the exit bar only prices known to come before the exit count.
    pub mae: f64,
    /// Best unrealised return, at least 0; same bound.
    pub mfe: f64,
}

/// The account at the close of one bar: equity = cash + position x price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// Open time of the bar, UTC milliseconds.
    pub timestamp: i64,
    /// Worth of the account at the close.
    pub equity: f64,
    /// Money, short sales' proceeds included.
    pub cash: f64,
    /// Units held, negative when short.
    pub position: f64,
    /// The close.
    pub price: f64,
}

/// An entry waiting for the next open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) side: Direction,
    pub(super) size: f64,
    pub(super) stop: Option<f64>,
    pub(super) target: Option<f64>,
    pub(super) regime: Option<usize>,
}

/// Cash, at most one position, and the trades so far.
#[derive(Debug)]
pub(super) struct Broker {
    costs: Costs,
    cash: f64,
    pub(super) position: Option<OpenPosition>,
    pub(super) trades: Vec<Trade>,
    pub(super) ambiguous_bars: usize,
}

impl Broker {
    pub(super) fn new(costs: Costs, cash: f64) -> Self {
        Self { costs, cash, position: None, trades: Vec::new(), ambiguous_bars: 0 }
    }

    /// Opens at the open of bar `t`. Units are chosen so that value and fee together take `size` of the equity: a full
    /// long position leaves no cash and no debt. Sizes above 1 are cut to 1; others that are not positive do nothing.
    pub(super) fn open(&mut self, order: &Order, t: usize, bar: &Bar) {
        if self.position.is_some() || !(order.size > 0.0 && self.cash > 0.0) {
            return;
        }
        let Order { side, size, stop, target, regime } = *order;
        let size = size.min(1.0);
        let price = self.costs.fill(bar.open, side);
        let amount = size * self.cash / (price * (1.0 + self.costs.fee));
        let units = side.sign() * amount;
        let fee = amount * price * self.costs.fee;
        self.cash -= units * price + fee;
        self.position = Some(OpenPosition {
            side,
            size,
            units,
            entry_price: price,
            entry_bar: t,
            decision_bar: t - 1,
            stop,
            target,
            regime,
            fee,
            slippage: amount * (price - bar.open).abs(),
            lowest: bar.open,
            highest: bar.open,
        });
    }

    /// Closes at a market price within bar `t`.
    pub(super) fn close(&mut self, bars: &[Bar], t: usize, market: f64, reason: ExitReason) {
        let Some(mut position) = self.position.take() else { return };
        position.touch(market);
        let OpenPosition { side, size, units, entry_price, entry_bar, decision_bar, regime, .. } = position;
        let closing = if side == Direction::Long { Direction::Short } else { Direction::Long };
        let price = self.costs.fill(market, closing);
        let amount = units.abs();
        let fee = amount * price * self.costs.fee;
        self.cash += units * price - fee;
        let fees = position.fee + fee;
        let pnl = units * (price - entry_price) - fees;
        let worth = |price: f64| side.sign() * (price / entry_price - 1.0);
        let (low, high) = (worth(position.lowest), worth(position.highest));
        self.trades.push(Trade {
            entry_time: bars[entry_bar].timestamp,
            exit_time: bars[t].timestamp,
            decision_bar,
            entry_bar,
            exit_bar: t,
            side,
            size,
            units,
            entry_price,
            exit_price: price,
            fees,
            slippage: position.slippage + amount * (price - market).abs(),
            pnl,
            net_return: pnl / (amount * entry_price),
            reason,
            regime,
            mae: low.min(high).min(0.0),
            mfe: low.max(high).max(0.0),
        });
    }

    /// Plays bar `t` from its open to its close against stop and target.
    pub(super) fn hold(&mut self, bars: &[Bar], t: usize) {
        let Some(position) = &mut self.position else { return };
        let bar = &bars[t];
        if let Some((market, reason, ambiguous)) = position.bracket(bar) {
            position.touch(bar.open);
            self.ambiguous_bars += usize::from(ambiguous);
            self.close(bars, t, market, reason);
        } else {
            position.touch(bar.low);
            position.touch(bar.high);
        }
    }

    /// The account at the close of `bar`.
    pub(super) fn mark(&self, bar: &Bar) -> EquityPoint {
        let position = self.position.map_or(0.0, |p| p.units);
        let equity = self.cash + position * bar.close;
        EquityPoint { timestamp: bar.timestamp, equity, cash: self.cash, position, price: bar.close }
    }
}
