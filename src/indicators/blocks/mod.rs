//! Streaming building blocks: one value in, one value out, NaN until enough is known.
//!
//! Missing input (NaN) gives missing output and leaves the state as it was, so a block that follows another starts
//! counting at that block's first value, and one missing value in mid-series never poisons what comes after.

mod arithmetic;
mod average;
mod correlation;
mod covariance;
mod deviation;
mod drawdown;
mod exchange;
mod extreme;
mod fit;
mod high_low;
pub(in crate::indicators) mod ladder;
mod laguerre;
mod lanes;
mod log;
mod money;
mod original;
mod pass;
mod price;
mod rank;
mod score;
mod session;
mod sliding;
mod smooth;
mod sorted;
mod stochastic;
mod strength;
mod sum;
mod swing;
mod weighted;
mod window;

pub use arithmetic::{Arithmetic, Exact, Original, Spread};
pub(in crate::indicators) use average::Divisor;
pub use average::{Ema, Sma, Wilder, ratio};
pub use correlation::Correlation;
pub use covariance::Covariance;
pub use deviation::Deviation;
pub(in crate::indicators) use deviation::{EqualRun, deviation_of};
pub use drawdown::MaxDrawdown;
pub use exchange::{ExchangeSum, SlidingSum};
pub use extreme::{Extreme, Highest, Lowest};
pub use fit::{Line, LineFit, Wma};
pub(in crate::indicators) use fit::{LineValue, WmaValue};
pub use high_low::HighLow;
pub use laguerre::Laguerre;
pub use lanes::{CompensatedSums, dot, total_of_logs, width_about};
pub use log::{LogReturn, log_ratio};
pub use money::{Total, close_location};
pub use original::{TwoMomentDeviation, ratio_or_zero};
pub use pass::{count_below, sum_of};
pub use price::{Cross, TrueRange, TrueRangeBar, median_price, typical_price};
pub use rank::RankWindow;
pub use score::{RollingScore, Score};
pub use session::Sessions;
pub use sliding::{AgedHigh, AgedLow, Sliding, SlidingHigh, SlidingLow};
pub use smooth::{Blend, Cascade, Smooth};
pub use sorted::SortedWindow;
pub use stochastic::SmoothStochastic;
pub use strength::Strength;
pub use sum::{CompensatedSum, RollingSum};
pub use swing::Swings;
pub use weighted::WeightedDeviation;
pub use window::{Lag, Window};

#[cfg(test)]
mod tests;
