//! What a market is: bars, series, timeframes, calendars, and markets with a planted truth. Knows nothing else of Glassbox.

mod bar;
mod calendar;
mod flow;
mod series;
pub mod synth;
mod timeframe;

pub use bar::{Bar, Extra};
pub use calendar::Calendar;
pub use flow::Flow;
pub use series::{Series, SeriesError};
pub use timeframe::{Timeframe, TimeframeError};
