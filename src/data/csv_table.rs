use std::path::Path;

use polars::prelude::{CsvParseOptions, CsvReadOptions, DataType, SerReader as _};

use super::{Column, DataError, Table};

/// The columns of numbers in a CSV, as [`Column::Float`]; empty fields are missing, columns of anything else are left out.
///
/// # Errors
/// A missing file, and one that is no CSV.
pub fn read_csv_table(path: &Path) -> Result<Table, DataError> {
    read(path, false)
}

/// The same with columns of texts, in the file's order.
pub(super) fn read_csv_columns(path: &Path) -> Result<Table, DataError> {
    read(path, true)
}

fn read(path: &Path, texts: bool) -> Result<Table, DataError> {
    let damaged = |err: polars::prelude::PolarsError| {
        let reason = err.to_string().lines().next().unwrap_or_default().to_owned();
        DataError::Damaged { path: path.to_owned(), kind: "CSV", reason }
    };
    let options = CsvReadOptions::default().with_has_header(true).with_infer_schema_length(None);
    let options = options.with_parse_options(CsvParseOptions::default());
    let reader = options.try_into_reader_with_file_path(Some(path.to_owned())).map_err(damaged)?;
    let mut table = Table::new();
    for column in reader.finish().map_err(damaged)?.into_columns() {
        if !column.dtype().is_primitive_numeric() {
            if texts {
                let text = column.cast(&DataType::String).map_err(damaged)?;
                let text = text.str().map_err(damaged)?.iter().map(|text| text.unwrap_or_default().to_owned());
                table.push(column.name().as_str(), Column::Text(text.collect()));
            }
            continue;
        }
        if texts && column.dtype().is_integer() {
            let whole = column.cast(&DataType::Int64).map_err(damaged)?;
            table.push(column.name().as_str(), Column::Int(whole.i64().map_err(damaged)?.iter().collect()));
            continue;
        }
        let floats = column.cast(&DataType::Float64).map_err(damaged)?;
        let values = floats.f64().map_err(damaged)?.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        table.push(column.name().as_str(), Column::Float(values));
    }
    Ok(table)
}
