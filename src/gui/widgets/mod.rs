//! Parts that several panels use.

mod decimate;
mod frame;
mod parts;
mod time_axis;

pub(super) use decimate::MinMax;
pub(super) use frame::{header, message, run_or_message};
pub(super) use parts::{badge, chip, number};
pub(super) use time_axis::{price_ticks, short_time, time_ticks};
