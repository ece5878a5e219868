//! A binary table: columns that have a type, from Parquet or Feather.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::error::clean;
use super::super::{Column, DataError, feather, parquet, time_text};
use super::form::Form;
use super::layout::Layout;
use super::moment::{self, Moment};
use super::names::{is_known, names_of, plain};
use super::number::{self, Cell};
use super::rows::{Rows, What};
use super::sample::{HEAD, Kind, SPREAD, Sample, SampleColumn};
use super::scan::{A_NUMBER, A_TIME};
use super::zone::Zone;
use super::{Decimal, ReadOptions, Role};
use crate::market::Timeframe;

/// Columns looked at when no name is known.
const LOOKED_AT: usize = 64;

enum Source {
    Parquet(parquet::Source),
    Feather(feather::Source),
}

/// An opened binary table.
pub(super) struct TypedTable {
    names: Vec<String>,
    /// Columns that were read; the others are not looked at.
    columns: Vec<Option<Column>>,
    zones: Vec<Option<String>>,
    metadata: BTreeMap<String, String>,
}

impl TypedTable {
    /// Opens the table and reads the columns that may matter.
    pub(super) fn open(
        path: &Path,
        bytes: Vec<u8>,
        is_parquet: bool,
        options: &ReadOptions,
    ) -> Result<Self, DataError> {
        let source = if is_parquet {
            Source::Parquet(parquet::Source::of_bytes(path, bytes)?)
        } else {
            Source::Feather(feather::Source::of_bytes(path, bytes)?)
        };
        let names = match &source {
            Source::Parquet(source) => source.names().to_vec(),
            Source::Feather(source) => source.names().to_vec(),
        };
        let mapped = |at: usize, name: &str| {
            options.mapping.iter().any(|map| {
                map.column == name || map.column == format!("#{}", at + 1) || plain(&map.column) == plain(name)
            })
        };
        let extras = |name: &str| Role::all().any(|role| names_of(role).contains(&plain(name).as_str()));
        let known: Vec<usize> = (0..names.len())
            .filter(|&at| is_known(&names[at]) || extras(&names[at]) || mapped(at, &names[at]))
            .collect();
        let wanted = if known.len() < 5 { (0..names.len().min(LOOKED_AT)).collect() } else { known };
        let columns = read(&source, &names, &wanted)?;
        let zones = (0..names.len())
            .map(|at| match &source {
                Source::Parquet(source) => source.zone(at),
                Source::Feather(source) => source.zone(at),
            })
            .map(|zone| zone.map(str::to_owned))
            .collect();
        let metadata = match source {
            Source::Parquet(source) => source.metadata().clone(),
            Source::Feather(source) => source.metadata().clone(),
        };
        Ok(Self { names, columns, zones, metadata })
    }

    /// As written into the file by us.
    pub(super) fn symbol(&self) -> Option<String> {
        self.metadata.get("symbol").cloned()
    }

    /// As written into the file by us.
    pub(super) fn timeframe(&self) -> Option<Timeframe> {
        self.metadata.get("timeframe")?.parse().ok()
    }

    /// Our own note that somebody refused to adjust these prices.
    pub(super) fn keeps_unadjusted(&self) -> bool {
        self.metadata.get(super::ADJUSTMENT).is_some_and(|text| text == super::REFUSED)
    }

    fn rows_count(&self) -> usize {
        self.columns.iter().flatten().map(Column::len).next().unwrap_or(0)
    }

    /// The first rows and some from everywhere.
    pub(super) fn sample(&self) -> Sample {
        let rows = self.rows_count();
        let head = rows.min(HEAD);
        let spread = (1..=SPREAD).map(|place| head + (rows - head) * place / (SPREAD + 1)).filter(|&row| row < rows);
        let mut shown: Vec<usize> = (0..head).chain(spread).collect();
        shown.dedup();
        let columns = self.names.iter().zip(&self.columns).map(|(name, column)| {
            let (kind, texts) = match column {
                Some(column) => (kind(column), shown.iter().map(|&row| text(column, row)).collect()),
                None => (Kind::Unread, vec![String::new(); shown.len()]),
            };
            SampleColumn { name: clean(name), kind, texts }
        });
        Sample { columns: columns.collect(), head }
    }

    /// All rows by role.
    pub(super) fn rows(&self, layout: &Layout) -> Rows {
        let extras = layout.extras();
        let mut rows = Rows::new(false, &extras.iter().map(|(extra, _)| *extra).collect::<Vec<_>>());
        let count = self.rows_count();
        let column = |role: Role| layout.of.get(&role).and_then(|&at| self.columns.get(at)?.as_ref());
        let numbers = |role: Role| column(role).map_or_else(|| Cow::Owned(vec![f64::NAN; count]), floats);
        let roles: Vec<Role> =
            Role::OHLCV.into_iter().chain(extras.iter().map(|(extra, _)| Role::Extra(*extra))).collect();
        let values: Vec<Cow<'_, [f64]>> = roles.iter().map(|&role| numbers(role)).collect();
        let times = self.times(layout, count);
        let zone = self.zone(layout);
        rows.offsets = zone.filter(|zone| *zone != Zone::Utc).map(|_| Vec::new());
        for row in 0..count {
            let line = row + 1;
            let time = match &times[row] {
                Ok(time) => *time,
                Err(text) => {
                    let what = What::Cell { column: layout.shown(Role::Time), text: text.clone(), wanted: A_TIME };
                    rows.problems.push(line, || what);
                    continue;
                }
            };
            if let Some(at) = values.iter().position(|values| values[row].is_infinite()) {
                let cell = column(roles[at]).map_or_else(String::new, |column| text(column, row));
                let column = layout.shown(roles[at]);
                rows.problems.push(line, || What::Cell { column, text: cell, wanted: A_NUMBER });
                continue;
            }
            let mut five = [0, 1, 2, 3, 4].map(|slot| values[slot][row]);
            if layout.no_volume {
                five[4] = 0.0;
            }
            if five[..4].iter().all(|price| price.is_nan()) {
                rows.unpriced.push(line);
                continue;
            }
            if let Some(slot) = five.iter().position(|price| price.is_nan()) {
                let column = layout.shown(Role::OHLCV[slot]);
                rows.problems.push(line, || What::Cell { column, text: String::new(), wanted: A_NUMBER });
                continue;
            }
            rows.numbers.push(rows.time.len(), line);
            rows.time.push(time.utc());
            rows.naive += usize::from(time.offset.is_none());
            if let (Some(offsets), Some(zone)) = (&mut rows.offsets, zone) {
                offsets.push(zone.ahead(time.utc()) as i16);
            }
            rows.prices.iter_mut().zip(five).for_each(|(values, value)| values.push(value));
            rows.extras.iter_mut().zip(&values[5..]).for_each(|((_, kept), values)| kept.push(values[row]));
            if let Some(symbols) = column(Role::Symbol) {
                let id = rows.symbols.id(text(symbols, row).trim().as_bytes(), 0).unwrap_or(0);
                rows.symbols.ids.push(id);
            }
        }
        rows
    }

    /// The zone that the time column names.
    fn zone(&self, layout: &Layout) -> Option<Zone> {
        self.zones.get(*layout.of.get(&Role::Time)?)?.as_deref()?.parse().ok()
    }

    /// Times row by row, or the text that is none.
    fn times(&self, layout: &Layout, count: usize) -> Vec<Result<Moment, String>> {
        let missing = || vec![Err(String::new()); count];
        let Some(&at) = layout.of.get(&Role::Time) else { return missing() };
        let clock = layout.of.get(&Role::Clock).and_then(|&at| self.columns.get(at)?.as_ref());
        let zoned = self.zones.get(at).is_some_and(Option::is_some);
        let form = layout.time.form;
        let mut times: Vec<Result<Moment, String>> = match self.columns.get(at) {
            Some(Some(Column::Time(values))) => values
                .iter()
                .map(|&wall| {
                    let moment = Moment { wall, offset: zoned.then_some(0) };
                    super::super::time_text::plausible(wall)
                        .map(|_| moment)
                        .ok_or_else(|| format!("{wall} ms since 1970"))
                })
                .collect(),
            Some(Some(Column::Int(values))) => values
                .iter()
                .map(|value| {
                    let text = value.map_or_else(String::new, |value| value.to_string());
                    form.read(text.as_bytes()).ok_or(text)
                })
                .collect(),
            Some(Some(Column::Float(values))) => values
                .iter()
                .map(|&value| {
                    let counted = moment::epoch_float(value).filter(|_| form == Form::Epoch);
                    let counted = counted.map(|wall| Moment { wall, offset: Some(0) });
                    let serial = || (form == Form::Serial).then(|| moment::serial(shown(value).as_bytes())).flatten();
                    counted.or_else(serial).ok_or_else(|| shown(value))
                })
                .collect(),
            Some(Some(Column::Text(values))) => {
                values.iter().map(|text| form.read(text.as_bytes()).ok_or_else(|| text.clone())).collect()
            }
            Some(Some(Column::Bool(values))) => values.iter().map(|flag| Err(flag.to_string())).collect(),
            _ => missing(),
        };
        if let Some(clock) = clock {
            for (row, time) in times.iter_mut().enumerate() {
                let part = text(clock, row);
                *time = match (time.clone(), moment::clock_only(part.as_bytes())) {
                    (Ok(date), Some(clock)) => Ok(Moment { wall: date.wall + clock, ..date }),
                    (Ok(_), None) => Err(part),
                    (err, _) => err,
                };
            }
        }
        times
    }
}

/// The wanted columns; those that cannot be read are passed over unless it is all of them.
fn read(source: &Source, names: &[String], wanted: &[usize]) -> Result<Vec<Option<Column>>, DataError> {
    let fetch = |names: &[&str]| match source {
        Source::Parquet(source) => source.columns(names),
        Source::Feather(source) => source.columns(names),
    };
    let mut columns: Vec<Option<Column>> = (0..names.len()).map(|_| None).collect();
    let list: Vec<&str> = wanted.iter().map(|&at| names[at].as_str()).collect();
    match fetch(&list) {
        Ok(found) => wanted.iter().zip(found).for_each(|(&at, column)| columns[at] = Some(column)),
        Err(all) => {
            for &at in wanted {
                columns[at] = fetch(&[names[at].as_str()]).ok().and_then(|found| found.into_iter().next());
            }
            let read = columns.iter().flatten().count();
            // Columns that were read apart need not agree on how many rows there are.
            let lengths: BTreeSet<usize> = columns.iter().flatten().map(Column::len).collect();
            if read < 5 || lengths.len() > 1 {
                return Err(all);
            }
        }
    }
    Ok(columns)
}

fn kind(column: &Column) -> Kind {
    match column {
        Column::Time(_) => Kind::Time,
        Column::Float(_) | Column::Int(_) => Kind::Number,
        Column::Text(_) => Kind::Text,
        Column::Bool(_) => Kind::Flag,
    }
}

fn shown(value: f64) -> String {
    if value.is_nan() { String::new() } else { format!("{value:?}") }
}

fn text(column: &Column, row: usize) -> String {
    match column {
        Column::Time(values) => values.get(row).map_or_else(String::new, |&time| time_text(time)),
        Column::Float(values) => values.get(row).map_or_else(String::new, |&value| shown(value)),
        Column::Int(values) => values.get(row).copied().flatten().map_or_else(String::new, |value| value.to_string()),
        Column::Text(values) => values.get(row).cloned().unwrap_or_default(),
        Column::Bool(values) => values.get(row).map_or_else(String::new, |value| value.to_string()),
    }
}

/// Numbers row by row: NaN where missing, infinite where the cell is no number.
fn floats(column: &Column) -> Cow<'_, [f64]> {
    const BAD: f64 = f64::INFINITY;
    match column {
        Column::Float(values) => Cow::Borrowed(values),
        Column::Int(values) => values.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),
        Column::Text(values) => values
            .iter()
            .map(|text| match number::number(text.as_bytes(), Decimal::Point) {
                Cell::Value(value) => value,
                Cell::Missing => f64::NAN,
                Cell::Bad => BAD,
            })
            .collect(),
        Column::Time(values) => Cow::Owned(vec![BAD; values.len()]),
        Column::Bool(values) => Cow::Owned(vec![BAD; values.len()]),
    }
}
