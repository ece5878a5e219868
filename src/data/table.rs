use std::collections::BTreeMap;
use std::path::Path;

use super::frame::ColumnView;
use super::parquet::Source;
use super::{DataError, parquet};

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// UTC milliseconds since 1970.
    Time(Vec<i64>),
    /// Numbers; NaN is missing and null on disk.
    Float(Vec<f64>),
    /// Whole numbers; `None` is missing and null on disk.
    Int(Vec<Option<i64>>),
    /// Texts; a null on disk reads as an empty text.
    Text(Vec<String>),
    /// Yes or no.
    Bool(Vec<bool>),
}

impl Column {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Time(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds, for sentences.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Time(_) => "times",
            Self::Float(_) => "numbers",
            Self::Int(_) => "whole numbers",
            Self::Text(_) => "texts",
            Self::Bool(_) => "yes/no values",
        }
    }

    fn view(&self) -> ColumnView<'_> {
        match self {
            Self::Time(values) => ColumnView::Time(values),
            Self::Float(values) => ColumnView::Float(values),
            Self::Int(values) => ColumnView::Int(values),
            Self::Text(values) => ColumnView::Text(values),
            Self::Bool(values) => ColumnView::Bool(values),
        }
    }
}

/// Named columns of one length, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<(String, Column)>,
}

impl Table {
    /// Without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column at the end. Names and lengths are checked when the table is written.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        self.columns.push((name.into(), column));
    }

    /// Length of the first column; 0 without columns.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Names and columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// The times called `name`; `None` if there is no such column of that type.
    pub fn time(&self, name: &str) -> Option<&[i64]> {
        if let Column::Time(values) = self.column(name)? { Some(values) } else { None }
    }

    /// The numbers called `name`; `None` if there is no such column of that type.
    pub fn float(&self, name: &str) -> Option<&[f64]> {
        if let Column::Float(values) = self.column(name)? { Some(values) } else { None }
    }

    /// The whole numbers called `name`; `None` if there is no such column of that type.
    pub fn int(&self, name: &str) -> Option<&[Option<i64>]> {
        if let Column::Int(values) = self.column(name)? { Some(values) } else { None }
    }

    /// The texts called `name`; `None` if there is no such column of that type.
    pub fn text(&self, name: &str) -> Option<&[String]> {
        if let Column::Text(values) = self.column(name)? { Some(values) } else { None }
    }

    /// The yes/no values called `name`; `None` if there is no such column of that type.
    pub fn bool(&self, name: &str) -> Option<&[bool]> {
        if let Column::Bool(values) = self.column(name)? { Some(values) } else { None }
    }
}

/// Writes a table as Parquet with `metadata` beside it: the same table gives the same bytes, and the file appears whole or not at all.
///
/// # Errors
/// Columns of different lengths or of one name, and whatever the disk refuses.
pub fn write_table(path: &Path, table: &Table, metadata: &BTreeMap<String, String>) -> Result<(), DataError> {
    let views: Vec<_> = table.columns().map(|(name, column)| (name, column.view())).collect();
    parquet::write(path, &views, metadata)
}

/// Reads a Parquet table and the metadata beside it.
///
/// # Errors
/// A missing or damaged file, a column of a type that [`Column`] does not know, a missing time or yes/no value.
pub fn read_table(path: &Path) -> Result<(Table, BTreeMap<String, String>), DataError> {
    let source = Source::read(path)?;
    let names: Vec<&str> = source.names().iter().map(String::as_str).collect();
    let columns = source.columns(&names)?;
    let table = Table { columns: source.names().iter().cloned().zip(columns).collect() };
    Ok((table, source.metadata().clone()))
}
