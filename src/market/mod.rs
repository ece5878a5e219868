//! What a market is: bars, series, timeframes, calendars, and markets with a planted truth. Knows nothing else of Glassbox.

mod align;
mod bar;
mod calendar;
mod flow;
mod schedule;
mod series;
pub mod synth;
mod timeframe;

pub use align::{Aligned, align, align_series};
pub use bar::{Bar, Extra};
pub use calendar::Calendar;
pub(crate) use calendar::weekday;
pub use flow::Flow;
pub use schedule::{Absences, Gap, Period, PeriodError, Periods, Schedule};
pub use series::{Series, SeriesError};
pub use timeframe::{Timeframe, TimeframeError};

#[cfg(test)]
pub(crate) use schedule::hours;
