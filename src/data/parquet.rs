use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use polars::io::mmap::MmapBytesReader;
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
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    let mut names = BTreeSet::new();
    for (name, column) in columns {
        let (path, column_name, found) = (path.to_owned(), (*name).to_owned(), column.len());
        if !names.insert(name) {
            return Err(DataError::RepeatedColumn { path, column: column_name });
        }
        if found != rows {
            return Err(DataError::Ragged { path, column: column_name, found, rows });
        }
    }
    let mut file = AtomicFile::create(path).map_err(|err| DataError::write(path, err))?;
    write_groups(&mut file, columns, rows, metadata).map_err(|err| DataError::write(path, err))?;
    file.commit().map_err(|err| DataError::write(path, err))
}

fn write_groups(
    file: &mut AtomicFile,
    columns: &[(&str, ColumnView<'_>)],
    rows: usize,
    metadata: &BTreeMap<String, String>,
) -> Result<(), PolarsError> {
    let frame = |rows: Range<usize>| {
        let height = rows.len();
        DataFrame::new(height, columns.iter().map(|(name, column)| column.column(name, rows.clone())).collect())
    };
    let pairs = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut writer = ParquetWriter::new(file)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
        .batched(frame(0..0)?.schema())?;
    for from in (0..rows).step_by(GROUP_ROWS) {
        writer.write_batch(&frame(from..rows.min(from + GROUP_ROWS))?)?;
    }
    writer.finish()?;
    Ok(())
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
