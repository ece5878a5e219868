use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use polars::io::mmap::MmapBytesReader;
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{FileMetadataRef, KeyValueMetadata, ParquetReader, ParquetWriter, PolarsError, SerReader as _};
use rayon::prelude::*;

use super::frame::{self, ColumnView, Fault, guarded};
use super::{Column, DataError, footer};
use crate::files::AtomicFile;

const KIND: &str = "Parquet";

/// Rows per row group: what is held encoded at once while writing.
pub(super) const GROUP_ROWS: usize = 65_536;
/// A damaged footer may promise any number of rows; memory for them would be asked for before they are missed.
pub(super) const MOST_ROWS: usize = 100_000_000;
/// Rows that any file may have, however small.
const LEAST_ROWS: usize = 1_000_000;
/// Added by the writer for its own schema.
const SCHEMA_KEY: &str = "ARROW:schema";

/// Rows that a file of this size can hold; one that promises more would take memory without end.
pub(super) const fn most_rows(bytes: usize) -> usize {
    let most = LEAST_ROWS.saturating_add(bytes.saturating_mul(4));
    if most < MOST_ROWS { most } else { MOST_ROWS }
}

/// Writes columns as zstd Parquet, one row group after the other, through a temporary file.
///
/// The same input gives the same bytes.
pub(super) fn write(
    path: &Path,
    columns: &[(&str, ColumnView<'_>)],
    metadata: &BTreeMap<String, String>,
) -> Result<(), DataError> {
    let mut writer = PortionWriter::create(path, columns, metadata)?;
    writer.write(&columns.iter().map(|(_, column)| *column).collect::<Vec<_>>())?;
    writer.finish()
}

/// A zstd Parquet file written a portion of rows at a time; it appears when finished.
pub(super) struct PortionWriter {
    path: PathBuf,
    names: Vec<String>,
    file: SharedFile,
    writer: BatchedWriter<SharedFile>,
}

impl PortionWriter {
    /// With the names and kinds of `columns`; their values are not written yet.
    pub(super) fn create(
        path: &Path,
        columns: &[(&str, ColumnView<'_>)],
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, DataError> {
        frame::check_names(path, columns.iter().map(|(name, _)| *name))?;
        let file = AtomicFile::create(path).map_err(|err| DataError::write(path, err))?;
        let file = SharedFile(Rc::new(RefCell::new(file)));
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let schema = frame::frame(columns, 0..0);
        let writer = schema.and_then(|frame| {
            let metadata = Some(KeyValueMetadata::from_static(pairs));
            ParquetWriter::new(file.clone()).with_key_value_metadata(metadata).batched(frame.schema())
        });
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Self { path: path.to_owned(), names, file, writer: writer.map_err(|err| DataError::write(path, err))? })
    }

    /// Appends rows; `columns` are those of the beginning, in that order.
    pub(super) fn write(&mut self, columns: &[ColumnView<'_>]) -> Result<(), DataError> {
        let columns: Vec<_> = self.names.iter().map(String::as_str).zip(columns.iter().copied()).collect();
        let rows = frame::check(&self.path, &columns)?;
        for from in (0..rows).step_by(GROUP_ROWS) {
            let frame = frame::frame(&columns, from..rows.min(from + GROUP_ROWS));
            let written = frame.and_then(|frame| self.writer.write_batch(&frame));
            written.map_err(|err| DataError::write(&self.path, err))?;
        }
        Ok(())
    }

    /// Closes the file and lets it appear.
    pub(super) fn finish(self) -> Result<(), DataError> {
        let Self { path, file, writer, .. } = self;
        writer.finish().map_err(|err| DataError::write(&path, err))?;
        drop(writer);
        match Rc::try_unwrap(file.0) {
            Ok(file) => file.into_inner().commit().map_err(|err| DataError::write(&path, err)),
            Err(_) => Err(DataError::write(&path, io::Error::other("the file is still being written"))),
        }
    }
}

/// The file, kept in reach of whoever must commit it once polars is done.
#[derive(Clone)]
struct SharedFile(Rc<RefCell<AtomicFile>>);

impl Write for SharedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// An opened Parquet file whose columns are fetched by name.
pub(super) struct Source {
    path: PathBuf,
    content: Content,
    footer: FileMetadataRef,
    names: Vec<String>,
    zones: Vec<Option<String>>,
    metadata: BTreeMap<String, String>,
}

enum Content {
    /// Read whole, so that nobody can change it under the reader.
    Bytes(Vec<u8>),
    /// Mapped: only for our own files, which are replaced and never changed.
    Mapped(File),
}

impl Source {
    /// Opens a file of unknown origin.
    pub(super) fn read(path: &Path) -> Result<Self, DataError> {
        let bytes = std::fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        if bytes.is_empty() {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        Self::of_bytes(path, bytes)
    }

    /// Opens what was read already.
    pub(super) fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, DataError> {
        Self::open(path, Content::Bytes(bytes))
    }

    /// Opens a file written by [`write`] without loading it.
    pub(super) fn map(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        Self::open(path, Content::Mapped(file))
    }

    fn open(path: &Path, content: Content) -> Result<Self, DataError> {
        let damage = |reason: &str| DataError::Damaged { path: path.to_owned(), kind: KIND, reason: reason.to_owned() };
        let (footer, names, zones) = guarded(path, KIND, || {
            let tail = content.tail()?.ok_or_else(|| damage("it does not end as one"))?;
            if !footer::is_sound(&tail) {
                return Err(Fault::Named(damage("its footer is garbled")));
            }
            let mut reader = content.reader()?;
            let footer = reader.get_metadata()?.clone();
            let schema = reader.schema()?;
            let names = schema.iter_names().map(ToString::to_string).collect();
            Ok((footer, names, schema.iter_values().map(|field| frame::zone(&field.dtype)).collect()))
        })?;
        let grouped = footer.row_groups.iter().try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
        let mut chunks = footer.row_groups.iter().flat_map(|group| group.parquet_columns());
        let too_many = chunks.any(|chunk| !(0..=MOST_ROWS as i64).contains(&chunk.num_values()));
        let most = if let Content::Bytes(bytes) = &content { most_rows(bytes.len()) } else { MOST_ROWS };
        if grouped != Some(footer.num_rows) || footer.num_rows > most || too_many {
            return Err(damage("its footer promises rows that it cannot hold"));
        }
        let pairs = footer.key_value_metadata.iter().flatten().filter(|pair| pair.key != SCHEMA_KEY);
        let metadata = pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect();
        Ok(Self { path: path.to_owned(), content, footer, names, zones, metadata })
    }

    /// Column names, in file order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The zone that a column of times names.
    pub(super) fn zone(&self, column: usize) -> Option<&str> {
        self.zones.get(column)?.as_deref()
    }

    /// Key-value pairs of the footer.
    pub(super) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.footer.num_rows
    }

    /// The named columns, in the order asked for.
    pub(super) fn columns(&self, names: &[&str]) -> Result<Vec<Column>, DataError> {
        self.rows_of(names, 0..self.rows())
    }

    /// Some rows of the named columns, in the order asked for; other row groups are not decoded.
    pub(super) fn rows_of(&self, names: &[&str], rows: Range<usize>) -> Result<Vec<Column>, DataError> {
        let mut unique = names.to_vec();
        unique.sort_unstable();
        unique.dedup();
        if unique.len() < names.len() {
            let columns = self.rows_of(&unique, rows)?;
            return Ok(names
                .iter()
                .filter_map(|name| Some(columns[unique.binary_search(name).ok()?].clone()))
                .collect());
        }
        let wanted = names.iter().map(|name| (*name).to_owned()).collect();
        guarded(&self.path, KIND, || {
            self.check_pages(names)?;
            let mut reader = self.content.reader()?.with_columns(Some(wanted));
            if rows != (0..self.rows()) {
                reader = reader.with_slice(Some((rows.start, rows.len())));
            }
            reader.set_metadata(self.footer.clone());
            let mut found: BTreeMap<String, _> =
                reader.finish()?.into_columns().into_iter().map(|column| (column.name().to_string(), column)).collect();
            let mut columns = Vec::with_capacity(names.len());
            for &name in names {
                let column = found.remove(name).ok_or_else(|| PolarsError::ColumnNotFound(name.to_owned().into()))?;
                let values = column.take_materialized_series();
                frame::check_rows(values.len(), rows.len())?;
                columns.push((name, values));
            }
            // Whole columns change hands without work; only pieces must be copied together.
            if columns.iter().all(|(_, values)| values.n_chunks() == 1) {
                let convert = |(name, values)| frame::convert_owned(&self.path, name, values);
                return columns.into_iter().map(convert).collect();
            }
            columns.into_par_iter().map(|(name, values)| frame::convert_owned(&self.path, name, values)).collect()
        })
    }

    /// A page says how much it unpacks to, and as much memory would be filled before the lie is found.
    fn check_pages(&self, names: &[&str]) -> Result<(), Fault> {
        let Content::Bytes(bytes) = &self.content else { return Ok(()) };
        for group in &self.footer.row_groups {
            for chunk in group.parquet_columns() {
                let path = &chunk.descriptor().path_in_schema;
                if !path.first().is_some_and(|name| names.contains(&name.as_str())) {
                    continue;
                }
                let range = chunk.byte_range();
                let pages = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let pages = pages.and_then(|(start, end)| bytes.get(start..end));
                if !pages.is_some_and(|pages| footer::pages_are_sound(pages, chunk.num_values())) {
                    let reason = format!("the pages of column {} are garbled", path[0]);
                    return Err(DataError::Damaged { path: self.path.clone(), kind: KIND, reason }.into());
                }
            }
        }
        Ok(())
    }
}

impl Content {
    fn reader(&self) -> Result<ParquetReader<Box<dyn MmapBytesReader + '_>>, PolarsError> {
        Ok(ParquetReader::new(self.bytes()?))
    }

    fn bytes(&self) -> Result<Box<dyn MmapBytesReader + '_>, PolarsError> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::Mapped(file) => Box::new(file.try_clone()?),
        })
    }

    /// The encoded footer; `None` if the file does not end with one.
    fn tail(&self) -> Result<Option<Vec<u8>>, PolarsError> {
        let mut bytes = self.bytes()?;
        let size = bytes.seek(SeekFrom::End(0))?;
        if size < 12 {
            return Ok(None);
        }
        let mut end = [0; 8];
        bytes.seek(SeekFrom::End(-8))?;
        bytes.read_exact(&mut end)?;
        let [a, b, c, d, magic @ ..] = end;
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        if magic != *b"PAR1" || length + 12 > size {
            return Ok(None);
        }
        bytes.seek(SeekFrom::End(-8 - length as i64))?;
        let mut footer = vec![0; length as usize];
        bytes.read_exact(&mut footer)?;
        Ok(Some(footer))
    }
}
