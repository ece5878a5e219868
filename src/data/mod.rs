//! Bars and tables in files: any file of bars in; CSV, Parquet and Feather out; and the cache of computed indicator lines.
//!
//! The only room that knows polars; no polars type leaves it. Readers never repair in silence: what is wrong is named
//! with file, row and column, and what was changed is in the [`ReadReport`].

mod arrow_file;
mod capture;
mod csv;
mod csv_table;
mod error;
mod feather;
mod finding;
mod footer;
mod frame;
mod import;
mod library;
mod parquet;
mod peer;
mod quality;
mod report;
mod resample;
mod series_file;
mod stamped;
mod table;
#[cfg(test)]
mod tests;
mod time_text;

pub use capture::{
    CaptureBuilder, CaptureFile, CaptureKey, CaptureLock, CaptureState, CaptureWriter, capture_path, causality_path,
    check_capture, read_capture, read_capture_lines, write_capture,
};
pub use csv_table::read_csv_table;
pub use error::{DataError, Row};
pub use finding::{Finding, KEPT, Place, Severity};
pub use import::{
    ChoiceError, ColumnGuess, Confidence, DateOrder, Decimal, Guess, Inspection, Mapping, PriceScale, ReadOptions,
    Role, TimeGuess, Zone, guess_file, inspect_file, read_series,
};
pub use library::{
    CaptureEntry, DeleteError, Freshness, LibraryListing, SeriesEntry, StaleCause, StoredFile, delete_stored,
    list_stored,
};
pub use peer::read_csv_plainly;
pub use quality::{ACCEPTABLE, Blocked, Quality, QualityRequest, gate, judge, quality, quality_with, unknown_names};
pub use report::{Gap, Gaps, ReadReport};
pub use resample::{Partial, ResampleError, ResampleReport, ResampleRequest, Resampled, resample};
pub use series_file::{write_imported, write_series};
pub use stamped::{Stamped, StampedError, read_stamped};
pub use table::{Column, Table, read_table, write_table};
pub use time_text::{parse_time, time_text};
