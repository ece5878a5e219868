//! Paper trading: fill rules, accounting, strategies and the figures that judge them.
//!
//! A decision is taken at the close of bar t from bars up to t alone and fills at the open of t + 1. Fees, half-spread
//! and slippage always count against the trader, and whatever one bar cannot tell is settled against the trader and
//! counted. The network is known only through [`Predictor`]; a rule written as a formula, buy and hold and random
//! entries run through the same [`simulate`] beside it.

mod atr;
mod baselines;
mod broker;
mod engine;
mod error;
mod kelly;
mod network;
mod report;
mod rule;
mod sharpe;
mod signals;
mod statistics;
mod subset;
mod summary;
#[cfg(test)]
mod tests;
mod verdict;

pub use baselines::{BuyAndHold, RandomEntries};
pub use broker::{Costs, Direction, EquityPoint, ExitReason, OpenPosition, Trade};
pub use engine::{Decision, Simulation, Strategy, simulate};
pub use error::BacktestError;
pub use kelly::{Kelly, KellyBin};
pub use network::{Calibrated, NetworkStrategy, Prediction, Predictor};
pub use report::{RegimeRow, StrategyReport, comparison_table, regime_table};
pub use rule::{Rule, RuleStrategy};
pub use sharpe::{deflated_sharpe, probabilistic_sharpe};
pub use signals::{Signal, SignalStrategy};
pub use statistics::{Statistics, Yardstick, underwater};
pub use subset::subset;
pub use summary::TradeSummary;
pub use verdict::{Difference, Verdict};
