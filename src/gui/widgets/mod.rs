//! Parts that several panels use.

mod curves;
mod decimate;
mod frame;
mod parts;
mod time_axis;
mod words;

pub(super) use curves::{Curve, CurveView, Figure, curves};
pub(super) use decimate::MinMax;
pub(super) use frame::{header, message, run_or_message};
pub(super) use parts::{badge, chip, number};
pub(super) use time_axis::{price_ticks, short_time, time_ticks};
pub(super) use words::{clock, figure, thousands};
