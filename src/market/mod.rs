//! What a market is: bars, series, timeframes, symbols, calendars. Knows nothing else of Glassbox.

mod bar;
mod calendar;
mod flow;
mod schedule;
mod series;
mod timeframe;

pub use bar::{Bar, Extra};
pub use calendar::Calendar;
pub use flow::Flow;
pub use schedule::{Absences, Gap, Schedule};
pub use series::{Series, SeriesError};
pub use timeframe::{Timeframe, TimeframeError};

#[cfg(test)]
pub(crate) use schedule::hours;
