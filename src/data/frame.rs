//! The border to polars: our columns become frames and frames become our columns; nothing of polars goes further.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::prelude::{
    ArrowDataType, BooleanChunked, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn as _, NamedFrom as _,
    NewChunkedArray as _, PolarsError, Series as PolarsSeries, TimeUnit, TimeZone,
};

use super::error::clean;
use super::{Column, DataError, Row};

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

/// Refuses columns of different lengths or of one name; gives the number of rows.
pub(super) fn check(path: &Path, columns: &[(&str, ColumnView<'_>)]) -> Result<usize, DataError> {
    check_names(path, columns.iter().map(|(name, _)| *name))?;
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
        return Err(DataError::Ragged { path: path.to_owned(), column: (*name).to_owned(), found: column.len(), rows });
    }
    Ok(rows)
}

/// Refuses two columns of one name.
pub(super) fn check_names<'a>(path: &Path, names: impl Iterator<Item = &'a str>) -> Result<(), DataError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(DataError::RepeatedColumn { path: path.to_owned(), column: clean(name) });
        }
    }
    Ok(())
}

/// Some rows of the columns.
pub(super) fn frame(columns: &[(&str, ColumnView<'_>)], rows: Range<usize>) -> Result<DataFrame, PolarsError> {
    let height = rows.len();
    DataFrame::new(height, columns.iter().map(|(name, column)| column.column(name, rows.clone())).collect())
}

/// The zone that times of an Arrow type name.
pub(super) fn zone(dtype: &ArrowDataType) -> Option<String> {
    if let ArrowDataType::Timestamp(_, Some(zone)) = dtype { Some(zone.to_string()) } else { None }
}

/// A column of a frame as one of ours.
pub(super) fn convert(path: &Path, name: &str, values: &PolarsSeries) -> Result<Column, Fault> {
    let missing = |row: usize, wanted| DataError::Cell {
        path: path.to_owned(),
        row: Row::Record(row + 1),
        column: clean(name),
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
                path: path.to_owned(),
                column: clean(name),
                found: format!("type {}", clean(&other.to_string())),
                wanted: "times, numbers, texts or yes/no values",
            }));
        }
    })
}

/// The same, taking over the memory of numbers where nobody else holds it.
pub(super) fn convert_owned(path: &Path, name: &str, values: PolarsSeries) -> Result<Column, Fault> {
    if *values.dtype() != DataType::Float64 {
        return convert(path, name, &values);
    }
    let chunked = values.f64()?.clone();
    drop(values);
    let rows = chunked.len();
    let mut all = Vec::new();
    for array in chunked.downcast_into_iter() {
        let (_, numbers, validity) = array.into_inner();
        let from = all.len();
        if from == 0 && numbers.len() == rows {
            all = numbers.into_mut().either(|shared| shared.to_vec(), |own| own);
        } else {
            all.reserve_exact(rows - from);
            all.extend_from_slice(&numbers);
        }
        let Some(validity) = validity.filter(|validity| validity.unset_bits() > 0) else { continue };
        // Most lines are missing at their beginning only.
        let leading = validity.leading_zeros();
        all[from..from + leading].fill(f64::NAN);
        if leading < validity.unset_bits() {
            for (value, known) in all[from..].iter_mut().zip(validity.iter()) {
                *value = if known { *value } else { f64::NAN };
            }
        }
    }
    Ok(Column::Float(all))
}

/// What stopped a reader: polars, or a value that has its own sentence.
pub(super) enum Fault {
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

/// Pages of a damaged file need not hold as many values as the file says.
pub(super) fn check_rows(found: usize, promised: usize) -> Result<(), PolarsError> {
    let reason = || format!("a column holds {found} of {promised} values");
    if found == promised { Ok(()) } else { Err(PolarsError::ShapeMismatch(reason().into())) }
}

/// polars panics on some damaged files where it should return an error; both become the same sentence.
pub(super) fn guarded<T>(
    path: &Path,
    kind: &'static str,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, DataError> {
    let reason = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(Fault::Named(err))) => return Err(err),
        // The first line says it; more would be hints for polars users.
        Ok(Err(Fault::Polars(err))) => err.to_string().lines().next().unwrap_or_default().chars().take(200).collect(),
        Err(_panic) => "its contents contradict each other".to_owned(),
    };
    Err(DataError::Damaged { path: path.to_owned(), kind, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_several_lines_stays_within_one_sentence() {
        let values = PolarsSeries::new("".into(), [Some(true), None]);
        let Err(Fault::Named(err)) = convert(Path::new("a.parquet"), "of\nlines", &values) else {
            panic!("a missing flag")
        };
        assert_eq!(
            err.to_string(),
            "a.parquet, row 2: of lines is missing, not yes or no: correct or remove the row, or import with --drop-bad-rows"
        );
    }
}
