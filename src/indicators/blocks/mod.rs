//! Streaming building blocks: one value in, one value out, NaN until enough is known.
//!
//! Missing input (NaN) gives missing output and leaves the state as it was, so a block that follows another starts
//! counting at that block's first value, and one missing value in mid-series never poisons what comes after.

mod average;
mod correlation;
mod deviation;
mod extreme;
mod fit;
mod money;
mod original;
mod price;
mod score;
mod session;
mod sorted;
mod stochastic;
mod strength;
mod sum;
mod swing;
mod weighted;
mod window;

pub use average::{Ema, Sma, Wilder, ratio};
pub use correlation::Correlation;
pub use deviation::Deviation;
pub use extreme::{Extreme, Highest, Lowest};
pub use fit::{Line, LineFit, Wma};
pub use money::{SteadySum, Total, close_location};
pub use original::{TwoMomentDeviation, ratio_or_zero};
pub use price::{Cross, TrueRange, TrueRangeBar, median_price, typical_price};
pub use score::{RollingScore, Score};
pub use session::Sessions;
pub use sorted::SortedWindow;
pub use stochastic::SmoothStochastic;
pub use strength::Strength;
pub use sum::{CompensatedSum, RollingSum};
pub use swing::Swings;
pub use weighted::WeightedDeviation;
pub use window::{Lag, Window};

#[cfg(test)]
mod tests;
