//! Parts that several panels use.

mod decimate;
mod frame;
mod heat;
mod parts;
mod readout;
mod time_axis;

pub(super) use decimate::MinMax;
pub(super) use frame::{header, message, run_or_message};
pub(super) use heat::{Heat, heat_image};
pub(super) use parts::{badge, chip, number};
pub(super) use readout::{
    explained, name_galley, pair, percent, price_text, section, signed_percent, signed_text, slice_badge, slice_words,
};
pub(super) use time_axis::{price_ticks, short_time, time_ticks};
