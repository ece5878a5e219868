use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{CompatLevel, IpcCompression, IpcReader, IpcWriter, PolarsError, SerReader as _, SerWriter as _};

use super::frame::{self, ColumnView, check_rows, convert, guarded};
use super::parquet::GROUP_ROWS;
use super::{Column, DataError, arrow_file};
use crate::files::AtomicFile;

const KIND: &str = "Feather";

/// Writes columns as a Feather file (Arrow IPC, LZ4), one batch after the other, through a temporary file.
pub(super) fn write(
    path: &Path,
    columns: &[(&str, ColumnView<'_>)],
    metadata: &BTreeMap<String, String>,
) -> Result<(), DataError> {
    let rows = frame::check(path, columns)?;
    let mut file = AtomicFile::create(path).map_err(|err| DataError::write(path, err))?;
    write_batches(&mut file, columns, rows, metadata).map_err(|err| DataError::write(path, err))?;
    file.commit().map_err(|err| DataError::write(path, err))
}

fn write_batches(
    file: &mut AtomicFile,
    columns: &[(&str, ColumnView<'_>)],
    rows: usize,
    metadata: &BTreeMap<String, String>,
) -> Result<(), PolarsError> {
    let pairs = metadata.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
    // Other readers of Feather do not know the newest layout of texts.
    let mut writer =
        IpcWriter::new(file).with_compression(Some(IpcCompression::LZ4)).with_compat_level(CompatLevel::oldest());
    writer.set_custom_schema_metadata(Arc::new(pairs));
    // Chunks of a frame become batches of the file.
    let mut all = frame::frame(columns, 0..rows.min(GROUP_ROWS))?;
    for from in (GROUP_ROWS..rows).step_by(GROUP_ROWS) {
        all.vstack_mut(&frame::frame(columns, from..rows.min(from + GROUP_ROWS))?)?;
    }
    writer.finish(&mut all)
}

/// An opened Feather file whose columns are fetched by name.
pub(super) struct Source {
    path: PathBuf,
    bytes: Vec<u8>,
    names: Vec<String>,
    zones: Vec<Option<String>>,
    metadata: BTreeMap<String, String>,
}

impl Source {
    /// Opens what was read already.
    pub(super) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, DataError> {
        let damage = |reason: String| DataError::Damaged { path: path.to_owned(), kind: KIND, reason };
        arrow_file::check(&bytes).map_err(damage)?;
        let (names, zones, metadata) = guarded(path, KIND, || {
            let mut reader = IpcReader::new(Cursor::new(&bytes));
            let schema = reader.schema()?;
            let names = schema.iter_names().map(ToString::to_string).collect();
            let zones = schema.iter_values().map(|field| frame::zone(&field.dtype)).collect();
            let pairs = reader.custom_metadata()?;
            let pairs = pairs.iter().flat_map(|pairs| pairs.iter());
            Ok((names, zones, pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect()))
        })?;
        Ok(Self { path: path.to_owned(), bytes, names, zones, metadata })
    }

    /// Column names, in file order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The zone that a column of times names.
    pub(super) fn zone(&self, column: usize) -> Option<&str> {
        self.zones.get(column)?.as_deref()
    }

    /// Key-value pairs of the schema.
    pub(super) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The named columns, in the order asked for.
    pub(super) fn columns(&self, names: &[&str]) -> Result<Vec<Column>, DataError> {
        let wanted = names.iter().map(|name| (*name).to_owned()).collect();
        let frame = guarded(&self.path, KIND, || {
            Ok(IpcReader::new(Cursor::new(&self.bytes)).with_columns(Some(wanted)).finish()?)
        })?;
        let fetch = |name: &str| {
            guarded(&self.path, KIND, || {
                let values = frame.column(name)?.as_materialized_series();
                check_rows(values.len(), frame.height())?;
                convert(&self.path, name, values)
            })
        };
        names.iter().map(|name| fetch(name)).collect()
    }
}
