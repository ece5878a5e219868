//! Parts that several panels use.

mod axes;
mod cache;
mod curve;
mod curves;
mod decimate;
mod format;
mod frame;
mod heat;
mod missing;
mod parts;
mod readout;
mod rows;
mod time_axis;
mod words;

pub(super) use axes::{Axes, PLOT_MIN, PlotRoom, Zoom, labelled, tip};
pub(super) use cache::Cache;
pub(super) use curve::{Curve, Figure, XAxis};
pub(super) use curves::{CurveView, curves};
pub(super) use decimate::MinMax;
pub(super) use format::{grouped, percent, percent_interval, plain_interval, signed_percent, signed_percent_interval};
pub(super) use frame::{header, message, run_or_message};
pub(super) use heat::{Heat, heat_image};
pub(super) use missing::part_missing;
pub(super) use parts::{badge, chip, number};
pub(super) use readout::{explained, name_galley, pair, price_text, section, signed_text, slice_badge, slice_words};
pub(super) use rows::{Head, Look, Rows};
pub(super) use time_axis::{price_ticks, short_time, time_ticks};
pub(super) use words::{clock, figure, thousands};
