//! indicators
mod lines;
mod unit;
pub use lines::{Line, Lines};
pub use unit::{Kind, Unit};
