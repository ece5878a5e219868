//! A look at a table: enough values of every column to tell what it is.

use super::Decimal;
use super::number::{self, Cell};

/// Rows in one piece from the start of the table.
pub(super) const HEAD: usize = 400;
/// Rows from evenly spaced places of the rest.
pub(super) const SPREAD: usize = 600;

/// What a column of a binary table holds; text tells nothing about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
    Flag,
    /// Not looked at, or of a type that bars have no use for.
    Unread,
}

/// Values of a column as text.
#[derive(Debug, Clone)]
pub(super) struct SampleColumn {
    /// As the file spells it; empty where there is none.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) texts: Vec<String>,
}

/// Values of some rows.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) columns: Vec<SampleColumn>,
    /// Rows at the beginning of every column that follow each other in the file.
    pub(super) head: usize,
}

impl SampleColumn {
    /// The values as numbers, NaN where they are none.
    pub(super) fn numbers(&self, decimal: Decimal) -> Vec<f64> {
        let value = |text: &String| match number::number(text.as_bytes(), decimal) {
            Cell::Value(value) => value,
            Cell::Missing | Cell::Bad => f64::NAN,
        };
        self.texts.iter().map(value).collect()
    }

    /// Values that are not missing.
    pub(super) fn present(&self) -> impl Iterator<Item = &str> + Clone {
        self.texts.iter().map(|text| text.trim()).filter(|text| !number::is_missing(text.as_bytes()))
    }
}

impl Sample {
    /// What the column of this name says in every row.
    pub(super) fn same(&self, name: &str) -> Option<&str> {
        let column = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
        let first = column.texts.first()?.trim();
        column.texts.iter().all(|text| text.trim() == first).then_some(first)
    }

    /// The first rows, for people.
    pub(super) fn preview(&self, rows: usize) -> Vec<Vec<String>> {
        let row =
            |i: usize| self.columns.iter().map(|column| column.texts.get(i).cloned().unwrap_or_default()).collect();
        (0..rows.min(self.head)).map(row).collect()
    }
}
