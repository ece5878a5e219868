//! Formula files: indicators without recompiling.
//!
//! `name.indicator` is an indicator `name`. Every assignment is a line, captured on every bar like those of the
//! catalogue; `output` marks those that matter (else the last one does). A comment behind a statement or above it is
//! its meaning.
//!
//! ```text
//! title "Distance from the mean"
//! family momentum
//! source "Who thought of it, where, when"
//! param period = 20 from 2 to 500    # Length of the mean
//!
//! mean = sma(close, period)          # Mean of the closes
//! spread = stdev(close, period)      # Their standard deviation
//! output score = if spread > 0 * close then (close - mean) / spread else na
//! ```
//!
//! - Names: columns of the bars (`open high low close volume hl2 hlc3 ohlc4 quote_volume trades taker_buy_volume
//!   taker_buy_quote_volume funding_rate open_interest`), parameters, earlier assignments, lines of other indicators
//!   (`macd.hist`, `rsi(period=9).rsi`, `rsi_21.rsi`). A parameter whose three numbers are written without a point is
//!   whole.
//! - Operators, loosest first: `or`, `and`, `not`, `== != < <= > >=`, `+ -`, `* /`, `-x`, `x[n]`; `if c then a else b`.
//!   A line that ends or begins with an operator goes on; so does what is between brackets.
//! - `x[n]` is the value n bars ago, n a constant from 0. The past of any assignment can be read anywhere, its own
//!   included: `own = 0.1 * close + 0.9 * nz(own[1], close)`.
//! - Functions: [`functions`] lists them. Lengths are constants: whole, from 1 to 10,000.
//!
//! # Rules
//!
//! A missing value makes everything missing that it enters, but for `nz`, the branch not chosen and the future: a
//! function that remembers forgets missing values, so nothing is poisoned for good. Division by zero and overflow are
//! missing. Both branches of an `if` are computed on every bar.
//!
//! Units follow from the formula (`quantity.rs`): what is added, compared or chosen between must have one unit, so that
//! every line scales with prices and volumes as declared. `bare`, `as_price` and `as_volume` override this on the
//! user's word.
//!
//! # Way through this module
//!
//! text → `token` → `statement`, `expression` → `tree` → `lower` (names, calls) → `plan` (a flat list of operations)
//! → `infer` (units, lengths) → `machine` (instructions over registers, one bar at a time). Nothing walks a tree or
//! allocates per bar, and no operation can name a later bar.

mod call;
mod column;
mod expression;
mod fault;
mod file;
mod function;
mod infer;
mod limits;
mod lower;
mod machine;
mod memory;
mod plan;
mod pure;
mod quantity;
mod rules;
mod statement;
mod token;
mod tree;

pub use fault::{FormulaError, FormulaErrors};
pub use file::{Formula, LARGEST};
pub use function::functions;
pub(crate) use function::nearest;
pub use plan::First;

#[cfg(test)]
mod tests;
