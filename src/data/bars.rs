use std::collections::BTreeMap;
use std::path::Path;

use super::layout::{Layout, OHLCV};
use super::time_text::{epoch_time, parse_time, plausible};
use super::{Column, DataError, ReadOptions, ReadReport, Row, time_text};
use crate::market::{Bar, Extra, Series, SeriesError, Timeframe};

const A_NUMBER: &str = "a finite number";
const A_TIME: &str = "a time (ISO 8601 or a number since 1970)";

/// Bars as a file holds them: every value read, but in the file's order and unchecked against each other.
#[derive(Debug)]
pub(super) struct RawBars {
    /// Line number of each row in a text file; `None` for a binary table.
    pub(super) lines: Option<Vec<usize>>,
    pub(super) time: Vec<i64>,
    /// Open, high, low, close, volume.
    pub(super) prices: [Vec<f64>; 5],
    pub(super) extras: BTreeMap<Extra, Vec<f64>>,
    pub(super) dropped: Vec<String>,
    /// As written into the file by us.
    pub(super) symbol: Option<String>,
    /// As written into the file by us.
    pub(super) timeframe: Option<Timeframe>,
}

impl RawBars {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            lines: None,
            time: Vec::new(),
            prices: Default::default(),
            extras: layout.extras.iter().map(|&(extra, _)| (extra, Vec::new())).collect(),
            dropped: layout.dropped.clone(),
            symbol: None,
            timeframe: None,
        }
    }

    fn row(&self, index: usize) -> Row {
        match &self.lines {
            Some(lines) => Row::Line(lines[index]),
            None => Row::Row(index + 1),
        }
    }

    /// The first column in which two rows differ; missing equals missing.
    fn difference(&self, a: usize, b: usize) -> Option<&'static str> {
        let same = |values: &[f64]| values[a] == values[b] || values[a].is_nan() && values[b].is_nan();
        let prices = OHLCV.into_iter().zip(self.prices.iter());
        let extras = self.extras.iter().map(|(extra, values)| (extra.name(), values));
        prices.chain(extras).find(|(_, values)| !same(values)).map(|(name, _)| name)
    }

    fn bar(&self, i: usize) -> Bar {
        let [open, high, low, close, volume] = &self.prices;
        Bar { timestamp: self.time[i], open: open[i], high: high[i], low: low[i], close: close[i], volume: volume[i] }
    }

    /// Puts the rows in order, checks them as bars and cuts the asked range out.
    pub(super) fn into_series(
        self,
        path: &Path,
        symbol: &str,
        options: &ReadOptions,
    ) -> Result<(Series, ReadReport), DataError> {
        if self.time.is_empty() {
            return Err(DataError::NoRows { path: path.to_owned() });
        }
        let (order, sorted_rows) = self.order(path, options.repair)?;
        let (kept, duplicates_dropped) = self.without_duplicates(path, &order, options.repair)?;
        let times: Vec<i64> = kept.iter().map(|&i| self.time[i]).collect();
        let timeframe = options
            .timeframe
            .or(self.timeframe)
            .or_else(|| Timeframe::infer(&times))
            .ok_or_else(|| DataError::NoTimeframe { path: path.to_owned() })?;
        let bars = kept.iter().map(|&i| self.bar(i)).collect();
        let bars = Series::new("", timeframe, bars).map_err(|err| self.bar_error(path, &kept, err))?;

        let from = options.start.map_or(0, |start| times.partition_point(|&t| t < start));
        let to = options.end.map_or(times.len(), |end| times.partition_point(|&t| t < end));
        if from >= to {
            let (first, last) = (time_text(times[0]), time_text(times[times.len() - 1]));
            return Err(DataError::NoBarsInRange { path: path.to_owned(), first, last });
        }
        let symbol = options.symbol.as_deref().or(self.symbol.as_deref()).unwrap_or(symbol);
        let wrong = |err: SeriesError| self.bar_error(path, &kept, err);
        let mut series = Series::new(symbol, timeframe, bars.bars()[from..to].to_vec()).map_err(wrong)?;
        for (&extra, values) in &self.extras {
            let values = kept[from..to].iter().map(|&i| values[i]).collect();
            series = series.with_extra(extra, values).map_err(wrong)?;
        }
        let report = ReadReport::new(&series, sorted_rows, duplicates_dropped, self.dropped);
        Ok((series, report))
    }

    /// Row indices in time order and how many rows stood behind a later one.
    fn order(&self, path: &Path, repair: bool) -> Result<(Vec<usize>, usize), DataError> {
        let mut order: Vec<usize> = (0..self.time.len()).collect();
        let mut latest = i64::MIN;
        let mut late = 0;
        for (i, &time) in self.time.iter().enumerate() {
            if time >= latest {
                latest = time;
                continue;
            }
            if !repair {
                return Err(DataError::Disorder {
                    path: path.to_owned(),
                    row: self.row(i),
                    time: time_text(time),
                    before_row: self.row(i - 1),
                    before: time_text(latest),
                });
            }
            late += 1;
        }
        if late > 0 {
            order.sort_by_key(|&i| self.time[i]); // stable: of two equal rows the file's first stays first
        }
        Ok((order, late))
    }

    fn without_duplicates(&self, path: &Path, order: &[usize], repair: bool) -> Result<(Vec<usize>, usize), DataError> {
        let mut kept: Vec<usize> = Vec::with_capacity(order.len());
        for &i in order {
            let Some(&before) = kept.last().filter(|&&before| self.time[before] == self.time[i]) else {
                kept.push(i);
                continue;
            };
            let (path, time) = (path.to_owned(), time_text(self.time[i]));
            if let Some(column) = self.difference(before, i) {
                return Err(DataError::Conflict { path, first: self.row(before), second: self.row(i), time, column });
            }
            if !repair {
                return Err(DataError::Duplicate { path, row: self.row(i), time, before_row: self.row(before) });
            }
        }
        let dropped = order.len() - kept.len();
        Ok((kept, dropped))
    }

    fn bar_error(&self, path: &Path, kept: &[usize], err: SeriesError) -> DataError {
        let (index, problem) = match err {
            SeriesError::Inverted { index, open, high, low, close } => {
                (index, format!("high {high} and low {low} do not enclose open {open} and close {close}"))
            }
            SeriesError::OutOfRange { index, column, value } => {
                (index, format!("{column} is {value}, which no bar can have"))
            }
            SeriesError::NotFinite { index, column } => (index, format!("{column} is not a finite number")),
            // Order and lengths were settled before.
            other @ (SeriesError::NotIncreasing { .. } | SeriesError::Ragged { .. }) => (0, other.to_string()),
        };
        DataError::Bar { path: path.to_owned(), row: self.row(kept[index]), problem }
    }
}

/// A price or volume from text: missing, NaN and infinite are errors.
pub(super) fn price_number(path: &Path, row: Row, column: &str, text: &str) -> Result<f64, DataError> {
    let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| cell_error(path, row, column, text, A_NUMBER))
}

/// A kept extra from text: missing values are NaN, anything else that is no finite number is an error.
pub(super) fn extra_number(path: &Path, row: Row, column: &str, text: &str) -> Result<f64, DataError> {
    let text = text.trim();
    if ["", "nan", "null", "na", "n/a", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(f64::NAN);
    }
    price_number(path, row, column, text)
}

/// UTC milliseconds from text.
pub(super) fn time_number(path: &Path, row: Row, column: &str, text: &str) -> Result<i64, DataError> {
    parse_time(text).ok_or_else(|| cell_error(path, row, column, text, A_TIME))
}

/// The numbers of a binary column; `missing` allows NaN and null.
pub(super) fn numbers(path: &Path, name: &'static str, column: Column, missing: bool) -> Result<Vec<f64>, DataError> {
    let check = |i: usize, value: f64| {
        if value.is_finite() || missing && value.is_nan() {
            return Ok(value);
        }
        let text = if value.is_nan() { String::new() } else { value.to_string() };
        Err(cell_error(path, Row::Row(i + 1), name, &text, A_NUMBER))
    };
    match column {
        Column::Float(values) => values.into_iter().enumerate().map(|(i, v)| check(i, v)).collect(),
        Column::Int(values) => {
            values.into_iter().enumerate().map(|(i, v)| check(i, v.map_or(f64::NAN, |v| v as f64))).collect()
        }
        Column::Text(values) => {
            let parse = if missing { extra_number } else { price_number };
            values.iter().enumerate().map(|(i, text)| parse(path, Row::Row(i + 1), name, text)).collect()
        }
        other => Err(type_error(path, name, &other, "numbers")),
    }
}

/// The open times of a binary column.
pub(super) fn times(path: &Path, name: &str, column: Column) -> Result<Vec<i64>, DataError> {
    let wrong = |i: usize, text: &str| cell_error(path, Row::Row(i + 1), name, text, A_TIME);
    match column {
        Column::Time(values) => values
            .into_iter()
            .enumerate()
            .map(|(i, t)| plausible(t).ok_or_else(|| wrong(i, &format!("{t} ms since 1970"))))
            .collect(),
        Column::Int(values) => values
            .into_iter()
            .enumerate()
            .map(|(i, v)| {
                v.and_then(epoch_time).ok_or_else(|| wrong(i, &v.map_or_else(String::new, |v| v.to_string())))
            })
            .collect(),
        Column::Text(values) => {
            values.iter().enumerate().map(|(i, text)| parse_time(text).ok_or_else(|| wrong(i, text))).collect()
        }
        other => Err(type_error(path, name, &other, "times")),
    }
}

fn cell_error(path: &Path, row: Row, column: &str, text: &str, wanted: &'static str) -> DataError {
    DataError::Cell { path: path.to_owned(), row, column: column.to_owned(), text: text.trim().to_owned(), wanted }
}

fn type_error(path: &Path, column: &str, found: &Column, wanted: &'static str) -> DataError {
    let found = found.kind().to_owned();
    DataError::ColumnType { path: path.to_owned(), column: column.to_owned(), found, wanted }
}
