//! Streaming building blocks: one value in, one value out, NaN until enough is known.
//!
//! Missing input (NaN) gives missing output and leaves the state as it was, so a block that follows another starts
//! counting at that block's first value, and one missing value in mid-series never poisons what comes after.

mod average;
mod deviation;
mod extreme;
mod fit;
mod lanes;
mod original;
mod price;
mod sorted;
mod sum;
mod window;

pub use average::{Ema, Sma, Wilder, ratio};
pub use deviation::Deviation;
pub use extreme::{Extreme, Highest, Lowest};
pub use fit::{Line, LineFit, Wma};
pub use lanes::{CompensatedSums, dot, total, total_of_logs, width_about};
pub use original::{TwoMomentDeviation, ratio_or_zero};
pub use price::{Cross, TrueRange, TrueRangeBar, median_price, typical_price};
pub use sorted::SortedWindow;
pub use sum::{CompensatedSum, RollingSum};
pub use window::{Lag, Window};

#[cfg(test)]
mod tests;
