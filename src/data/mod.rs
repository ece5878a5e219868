//! Bars and tables in files: CSV and Parquet in, Parquet out, and the cache of computed indicator lines.
//!
//! The only room that knows polars; no polars type leaves it. Readers never repair in silence: what is wrong is named
//! with file, row and column, and what was changed is in the [`ReadReport`].

mod bars;
mod capture;
mod csv;
mod error;
mod footer;
mod layout;
mod parquet;
mod report;
mod series_file;
mod table;
#[cfg(test)]
mod tests;
mod time_text;

pub use capture::{CaptureKey, CaptureState, CaptureWriter, capture_path, read_capture, write_capture};
pub use error::{DataError, Row};
pub use report::{Gap, Gaps, ReadReport};
pub use series_file::{ReadOptions, read_series, write_series};
pub use table::{Column, Table, read_table, write_table};
pub use time_text::{parse_time, time_text};
