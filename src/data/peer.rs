use std::path::Path;

use polars::prelude::{CsvParseOptions, CsvReadOptions, SerReader as _};

use super::DataError;

/// Reads a CSV with polars alone, times parsed, nothing checked: what an import is measured against. Gives the rows.
pub fn read_csv_plainly(path: &Path) -> Result<usize, DataError> {
    let damaged = |err: polars::prelude::PolarsError| {
        let reason = err.to_string().lines().next().unwrap_or_default().to_owned();
        DataError::Damaged { path: path.to_owned(), kind: "CSV", reason }
    };
    let options = CsvReadOptions::default().with_has_header(true);
    let options = options.with_parse_options(CsvParseOptions::default().with_try_parse_dates(true));
    let reader = options.try_into_reader_with_file_path(Some(path.to_owned())).map_err(damaged)?;
    Ok(reader.finish().map_err(damaged)?.height())
}
