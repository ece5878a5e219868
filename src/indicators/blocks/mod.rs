//! Streaming building blocks: one value in, one value out, NaN until enough is known.
//!
//! Missing input (NaN) gives missing output and leaves the state as it was, so a block that follows another starts
//! counting at that block's first value, and one missing value in mid-series never poisons what comes after.

mod arithmetic;
mod average;
mod covariance;
mod deviation;
mod drawdown;
mod extreme;
mod fit;
pub(in crate::indicators) mod ladder;
mod lanes;
mod log;
mod original;
mod positive;
mod price;
mod rank;
mod sorted;
mod sum;
mod window;

pub use arithmetic::{Arithmetic, Exact, Original, Spread};
pub(in crate::indicators) use average::{Divisor, smooth};
pub use average::{Ema, Sma, Wilder, ratio};
pub use covariance::Covariance;
pub use deviation::Deviation;
pub(in crate::indicators) use deviation::{EqualRun, deviation_of};
pub use drawdown::MaxDrawdown;
pub use extreme::{Extreme, Highest, Lowest};
pub use fit::{Line, LineFit, Wma};
pub(in crate::indicators) use fit::{LineValue, WmaValue};
pub use lanes::{CompensatedSums, dot, total, total_of_logs, width_about};
pub use log::{LogReturn, log_ratio};
pub use original::{TwoMomentDeviation, ratio_or_zero};
pub use positive::PositiveSum;
pub use price::{Cross, TrueRange, TrueRangeBar, median_price, typical_price};
pub use rank::RankWindow;
pub use sorted::SortedWindow;
pub use sum::{CompensatedSum, RollingSum};
pub use window::{Lag, Window};

#[cfg(test)]
mod tests;
