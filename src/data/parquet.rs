use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use polars::io::mmap::MmapBytesReader;
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    BooleanChunked, DataFrame, DataType, FileMetadataRef, Float64Chunked, Int64Chunked, IntoColumn as _,
    KeyValueMetadata, NamedFrom as _, NewChunkedArray as _, ParquetReader, ParquetWriter, PolarsError, SerReader as _,
    Series as PolarsSeries, TimeUnit, TimeZone,
};

use super::{Column, DataError, Row, footer};
use crate::files::AtomicFile;

/// Rows per row group: what is held encoded at once while writing.
const GROUP_ROWS: usize = 65_536;
/// A damaged footer may promise any number of rows; memory for them would be asked for before they are missed.
const MOST_ROWS: usize = 100_000_000;
/// Added by the writer for its own schema.
const SCHEMA_KEY: &str = "ARROW:schema";
const DAY: i64 = 86_400_000;

/// Values to be written as one column.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnView<'a> {
    Time(&'a [i64]),
    Float(&'a [f64]),
    Int(&'a [Option<i64>]),
    Text(&'a [String]),
    Bool(&'a [bool]),
}

impl ColumnView<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Time(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    fn column(&self, name: &str, rows: Range<usize>) -> polars::prelude::Column {
        let name = name.into();
        match self {
            Self::Time(values) => Int64Chunked::from_slice(name, &values[rows])
                .into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))
                .into_column(),
            Self::Float(values) => {
                let values = values[rows].iter().map(|value| (!value.is_nan()).then_some(*value));
                Float64Chunked::from_iter_options(name, values).into_column()
            }
            Self::Int(values) => Int64Chunked::from_slice_options(name, &values[rows]).into_column(),
            Self::Text(values) => PolarsSeries::new(name, &values[rows]).into_column(),
            Self::Bool(values) => BooleanChunked::from_slice(name, &values[rows]).into_column(),
        }
    }
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
        let mut seen = BTreeSet::new();
        if let Some((name, _)) = columns.iter().find(|(name, _)| !seen.insert(name)) {
            return Err(DataError::RepeatedColumn { path: path.to_owned(), column: (*name).to_owned() });
        }
        let file = AtomicFile::create(path).map_err(|err| DataError::write(path, err))?;
        let file = SharedFile(Rc::new(RefCell::new(file)));
        let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let schema = DataFrame::new(0, columns.iter().map(|(name, column)| column.column(name, 0..0)).collect());
        let writer = schema.and_then(|frame| {
            let metadata = Some(KeyValueMetadata::from_static(pairs));
            ParquetWriter::new(file.clone()).with_key_value_metadata(metadata).batched(frame.schema())
        });
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Self { path: path.to_owned(), names, file, writer: writer.map_err(|err| DataError::write(path, err))? })
    }

    /// Appends rows; `columns` are those of the beginning, in that order.
    pub(super) fn write(&mut self, columns: &[ColumnView<'_>]) -> Result<(), DataError> {
        let rows = columns.first().map_or(0, ColumnView::len);
        if let Some((name, column)) = self.names.iter().zip(columns).find(|(_, column)| column.len() != rows) {
            let (path, column, found) = (self.path.clone(), name.clone(), column.len());
            return Err(DataError::Ragged { path, column, found, rows });
        }
        for from in (0..rows).step_by(GROUP_ROWS) {
            let range = from..rows.min(from + GROUP_ROWS);
            let named = self.names.iter().zip(columns);
            let frame = DataFrame::new(range.len(), named.map(|(name, c)| c.column(name, range.clone())).collect());
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
        Self::open(path, Content::Bytes(bytes))
    }

    /// Opens a file written by [`write`] without loading it.
    pub(super) fn map(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        Self::open(path, Content::Mapped(file))
    }

    fn open(path: &Path, content: Content) -> Result<Self, DataError> {
        let damage = |reason: &str| DataError::Parquet { path: path.to_owned(), reason: reason.to_owned() };
        let (footer, names) = guarded(path, || {
            let tail = content.tail()?.ok_or_else(|| damage("it does not end as one"))?;
            if !footer::is_sound(&tail) {
                return Err(Fault::Named(damage("its footer is garbled")));
            }
            let mut reader = content.reader()?;
            let footer = reader.get_metadata()?.clone();
            let names = reader.schema()?.iter_names().map(ToString::to_string).collect();
            Ok((footer, names))
        })?;
        let grouped = footer.row_groups.iter().try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
        let mut chunks = footer.row_groups.iter().flat_map(|group| group.parquet_columns());
        let too_many = chunks.any(|chunk| !(0..=MOST_ROWS as i64).contains(&chunk.num_values()));
        if grouped != Some(footer.num_rows) || footer.num_rows > MOST_ROWS || too_many {
            return Err(damage("its footer promises rows that it cannot hold"));
        }
        let pairs = footer.key_value_metadata.iter().flatten().filter(|pair| pair.key != SCHEMA_KEY);
        let metadata = pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect();
        Ok(Self { path: path.to_owned(), content, footer, names, metadata })
    }

    /// Column names, in file order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Key-value pairs of the footer.
    pub(super) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The named columns, in the order asked for.
    pub(super) fn columns(&self, names: &[&str]) -> Result<Vec<Column>, DataError> {
        let wanted = names.iter().map(|name| (*name).to_owned()).collect();
        let frame = guarded(&self.path, || {
            let mut reader = self.content.reader()?.with_columns(Some(wanted));
            reader.set_metadata(self.footer.clone());
            Ok(reader.finish()?)
        })?;
        let fetch =
            |name: &str| guarded(&self.path, || self.convert(name, frame.column(name)?.as_materialized_series()));
        names.iter().map(|name| fetch(name)).collect()
    }

    fn convert(&self, name: &str, values: &PolarsSeries) -> Result<Column, Fault> {
        let missing = |row: usize, wanted| DataError::Cell {
            path: self.path.clone(),
            row: Row::Row(row + 1),
            column: name.to_owned(),
            text: String::new(),
            wanted,
        };
        let times = |to_millis: &dyn Fn(i64) -> i64| {
            let counts = values.to_physical_repr().cast(&DataType::Int64)?;
            let counts = counts.i64()?.iter().enumerate();
            let times = counts.map(|(i, count)| count.map(to_millis).ok_or_else(|| missing(i, "a time")));
            Ok::<_, Fault>(Column::Time(times.collect::<Result<_, _>>()?))
        };
        Ok(match values.dtype() {
            DataType::Datetime(TimeUnit::Milliseconds, _) => times(&|count| count)?,
            DataType::Datetime(TimeUnit::Microseconds, _) => times(&|count| count.div_euclid(1000))?,
            DataType::Datetime(TimeUnit::Nanoseconds, _) => times(&|count| count.div_euclid(1_000_000))?,
            DataType::Date => times(&|days| days * DAY)?,
            DataType::Float32 | DataType::Float64 => {
                let values = values.cast(&DataType::Float64)?;
                Column::Float(values.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
            }
            dtype if dtype.is_integer() => Column::Int(values.strict_cast(&DataType::Int64)?.i64()?.iter().collect()),
            DataType::String => {
                Column::Text(values.str()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
            }
            DataType::Boolean => {
                let flags = values.bool()?.iter().enumerate();
                let flags = flags.map(|(i, flag)| flag.ok_or_else(|| missing(i, "yes or no")));
                Column::Bool(flags.collect::<Result<_, _>>()?)
            }
            other => {
                return Err(Fault::Named(DataError::ColumnType {
                    path: self.path.clone(),
                    column: name.to_owned(),
                    found: format!("type {other}"),
                    wanted: "times, numbers, texts or yes/no values",
                }));
            }
        })
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

/// What stopped a reader: polars, or a value that has its own sentence.
enum Fault {
    Polars(PolarsError),
    Named(DataError),
}

impl From<PolarsError> for Fault {
    fn from(err: PolarsError) -> Self {
        Self::Polars(err)
    }
}

impl From<DataError> for Fault {
    fn from(err: DataError) -> Self {
        Self::Named(err)
    }
}

/// polars panics on some damaged files where it should return an error; both become the same sentence.
fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, DataError> {
    let reason = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(Fault::Named(err))) => return Err(err),
        // The first line says it; more would be hints for polars users.
        Ok(Err(Fault::Polars(err))) => err.to_string().lines().next().unwrap_or_default().to_owned(),
        Err(_panic) => "its contents contradict each other".to_owned(),
    };
    Err(DataError::Parquet { path: path.to_owned(), reason })
}
