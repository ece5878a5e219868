//! Rows into bars: order, duplicates, and what no bar can have.

use std::path::Path;

use rayon::prelude::*;

use super::super::finding::{Finding, Severity, counted};
use super::super::{DataError, Row, time_text};
use super::Care;
use super::rows::Rows;
use super::table::Places;
use crate::market::{Bar, Extra};

/// Share of the bars whose high or low may be widened: with more of them the columns are likely not what they seem.
const MOST_WIDENED: f64 = 0.1;

/// Columns in time order, each time once.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) bars: Vec<Bar>,
    pub(super) extras: Vec<(Extra, Vec<f64>)>,
    /// Row of each bar; `None` where they are the same.
    order: Option<Vec<usize>>,
    pub(super) sorted_rows: usize,
    pub(super) duplicates_dropped: usize,
}

impl Ordered {
    /// Row that bar `index` came from.
    pub(super) fn row(&self, index: usize) -> usize {
        self.order.as_ref().map_or(index, |order| order[index])
    }

    /// Sorts the rows and drops exact duplicates, or refuses them without repair.
    pub(super) fn new(
        path: &Path,
        rows: Rows,
        places: &Places,
        care: Care,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, DataError> {
        let time = &rows.time;
        if time.windows(2).all(|pair| pair[0] < pair[1]) {
            let bars = (0..time.len()).into_par_iter().map(|row| bar(&rows, row)).collect();
            return Ok(Self { bars, extras: rows.extras, order: None, sorted_rows: 0, duplicates_dropped: 0 });
        }
        let (order, sorted_rows) = sorted(path, time, places, care)?;
        let rises = time.windows(2).filter(|pair| pair[0] < pair[1]).count();
        if sorted_rows > 0 {
            let sentence = if rises == 0 {
                "the newest bar came first: the rows were turned round".to_owned()
            } else if rises * 10 < time.len() {
                format!("the newest bar came first: the rows were turned round, and sorted where {rises} of them rose")
            } else {
                format!("{} stood behind a later one and were sorted in", counted(sorted_rows, "row"))
            };
            findings.push(Finding::new("order", Severity::Note, sorted_rows, sentence));
        }
        let (order, duplicates) = unique(path, &rows, &order, places, care, findings)?;
        let bars = order.iter().map(|&row| bar(&rows, row)).collect();
        let pick = |values: &[f64]| order.iter().map(|&row| values[row]).collect();
        let extras = rows.extras.iter().map(|(extra, values)| (*extra, pick(values))).collect();
        Ok(Self { bars, extras, order: Some(order), sorted_rows, duplicates_dropped: duplicates })
    }

    /// Leaves out the bars marked `false`.
    pub(super) fn retain(&mut self, kept: &[bool]) {
        let rows: Vec<usize> = (0..kept.len()).filter(|&i| kept[i]).collect();
        self.order = Some(rows.iter().map(|&i| self.row(i)).collect());
        self.bars = rows.iter().map(|&i| self.bars[i]).collect();
        for (_, values) in &mut self.extras {
            *values = rows.iter().map(|&i| values[i]).collect();
        }
    }

    /// Settles prices and volumes that no bar can have: refused, left out, or widened where the answer is plain.
    pub(super) fn check(
        &mut self,
        path: &Path,
        places: &Places,
        care: Care,
        findings: &mut Vec<Finding>,
    ) -> Result<(), DataError> {
        self.impossible(path, places, care, findings)?;
        let inverted: Vec<usize> = (0..self.bars.len()).filter(|&i| is_inverted(&self.bars[i])).collect();
        let Some(&first) = inverted.first() else { return Ok(()) };
        let count = inverted.len();
        let many = count > 1 && count as f64 > MOST_WIDENED * self.bars.len() as f64;
        if care == Care::Strict || many && care != Care::Look {
            let Bar { open, high, low, close, .. } = self.bars[first];
            let problem = format!("high {high} and low {low} do not enclose open {open} and close {close}");
            let row = places.row(self.row(first));
            return Err(if many {
                DataError::SwappedColumns { path: path.to_owned(), row, problem, count, bars: self.bars.len() }
            } else {
                DataError::Bar { path: path.to_owned(), row, problem, widen: true }
            });
        }
        for &i in &inverted {
            let bar = &mut self.bars[i];
            bar.high = bar.high.max(bar.open).max(bar.close).max(bar.low);
            bar.low = bar.low.min(bar.open).min(bar.close);
        }
        let (severity, what) = if many {
            (
                Severity::Blocking,
                "an import refuses the file: the columns may not be what they seem, say which is which with --map",
            )
        } else {
            (Severity::Warning, "they were widened to the outermost price")
        };
        let sentence = format!("high or low of {} did not enclose open and close; {what}", counted(count, "bar"));
        let at =
            inverted.iter().map(|&i| format!("{} ({})", time_text(self.bars[i].timestamp), places.row(self.row(i))));
        findings.push(Finding::new("ohlc", severity, count, sentence).at(at));
        Ok(())
    }

    /// Prices of zero or below and volumes below zero.
    fn impossible(
        &mut self,
        path: &Path,
        places: &Places,
        care: Care,
        findings: &mut Vec<Finding>,
    ) -> Result<(), DataError> {
        let bad: Vec<usize> = (0..self.bars.len()).filter(|&i| impossible(&self.bars[i]).is_some()).collect();
        let Some(&first) = bad.first() else { return Ok(()) };
        let zero = |bar: &Bar| [bar.open, bar.high, bar.low, bar.close].iter().all(|&price| price == 0.0);
        if self.bars.iter().all(zero) {
            return Err(DataError::AllZero { path: path.to_owned() });
        }
        if matches!(care, Care::Strict | Care::Repair) {
            let (column, value) = impossible(&self.bars[first]).unwrap_or_default();
            let problem = format!("{column} is {value}, which no bar can have");
            return Err(DataError::Bar {
                path: path.to_owned(),
                row: places.row(self.row(first)),
                problem,
                widen: false,
            });
        }
        let at = bad.iter().map(|&i| format!("{} ({})", time_text(self.bars[i].timestamp), places.row(self.row(i))));
        let finding = match care {
            Care::Look => Finding::new(
                "nonpositive",
                Severity::Blocking,
                bad.len(),
                format!(
                    "{} have a price of zero or below or a volume below zero: an import refuses them; --drop-bad-rows leaves them out",
                    counted(bad.len(), "bar")
                ),
            ),
            _ => Finding::new(
                "nonpositive",
                Severity::Warning,
                bad.len(),
                format!(
                    "{} with a price of zero or below or a volume below zero were left out",
                    counted(bad.len(), "bar")
                ),
            ),
        };
        findings.push(finding.at(at));
        let kept: Vec<bool> = self.bars.iter().map(|bar| impossible(bar).is_none()).collect();
        self.retain(&kept);
        if self.bars.is_empty() {
            return Err(DataError::NoRows { path: path.to_owned() });
        }
        Ok(())
    }
}

fn bar(rows: &Rows, row: usize) -> Bar {
    let [open, high, low, close, volume] = &rows.prices;
    Bar {
        timestamp: rows.time[row],
        open: open[row],
        high: high[row],
        low: low[row],
        close: close[row],
        volume: volume[row],
    }
}

/// The first column with a value that no bar can have.
fn impossible(bar: &Bar) -> Option<(&'static str, f64)> {
    let prices = [("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close)];
    let bad = prices.into_iter().find(|(_, price)| *price <= 0.0);
    bad.or((bar.volume < 0.0).then_some(("volume", bar.volume)))
}

fn is_inverted(bar: &Bar) -> bool {
    bar.high < bar.open.max(bar.close).max(bar.low) || bar.low > bar.open.min(bar.close)
}

/// Row indices in time order and how many rows stood behind a later one.
fn sorted(path: &Path, time: &[i64], places: &Places, care: Care) -> Result<(Vec<usize>, usize), DataError> {
    let mut order: Vec<usize> = (0..time.len()).collect();
    let mut latest = i64::MIN;
    let mut late = 0;
    for (row, &at) in time.iter().enumerate() {
        if at >= latest {
            latest = at;
            continue;
        }
        if care == Care::Strict {
            return Err(DataError::Disorder {
                path: path.to_owned(),
                row: places.row(row),
                time: time_text(at),
                before_row: places.row(row - 1),
                before: time_text(latest),
            });
        }
        late += 1;
    }
    if late > 0 {
        order.sort_by_key(|&row| time[row]); // stable: of two equal rows the file's first stays first
    }
    Ok((order, late))
}

/// The rows without repetitions and how many were dropped.
fn unique(
    path: &Path,
    rows: &Rows,
    order: &[usize],
    places: &Places,
    care: Care,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<usize>, usize), DataError> {
    let mut kept: Vec<usize> = Vec::with_capacity(order.len());
    let mut repeated = Vec::new();
    let mut conflicts: Vec<(usize, usize, &'static str)> = Vec::new();
    for &row in order {
        let Some(&before) = kept.last().filter(|&&before| rows.time[before] == rows.time[row]) else {
            kept.push(row);
            continue;
        };
        if let Some(column) = difference(rows, before, row) {
            if care != Care::Look {
                return Err(conflict(path, places, rows, (before, row, column)));
            }
            conflicts.push((before, row, column));
        } else if care == Care::Strict {
            let (path, time) = (path.to_owned(), time_text(rows.time[row]));
            return Err(DataError::Duplicate { path, row: places.row(row), time, before_row: places.row(before) });
        } else {
            repeated.push(row);
        }
    }
    if !repeated.is_empty() {
        let sentence = format!("{} repeated the bar of another row and were dropped", counted(repeated.len(), "row"));
        let at = repeated.iter().map(|&row| format!("{} ({})", time_text(rows.time[row]), places.row(row)));
        findings.push(Finding::new("duplicates", Severity::Note, repeated.len(), sentence).at(at));
    }
    if !conflicts.is_empty() {
        let sentence = format!(
            "{} have the time of another bar but other values: an import refuses the file, remove the wrong ones",
            counted(conflicts.len(), "row")
        );
        let at = conflicts.iter().map(|&(before, row, column)| {
            format!("{} ({} and {} differ in {column})", time_text(rows.time[row]), places.row(before), places.row(row))
        });
        findings.push(Finding::new("conflicts", Severity::Blocking, conflicts.len(), sentence).at(at));
    }
    Ok((kept, repeated.len()))
}

fn conflict(
    path: &Path,
    places: &Places,
    rows: &Rows,
    (first, second, column): (usize, usize, &'static str),
) -> DataError {
    let (first_row, second_row): (Row, Row) = (places.row(first), places.row(second));
    let time = time_text(rows.time[second]);
    DataError::Conflict { path: path.to_owned(), first: first_row, second: second_row, time, column }
}

/// The first column in which two rows differ; missing equals missing.
fn difference(rows: &Rows, a: usize, b: usize) -> Option<&'static str> {
    let same = |values: &[f64]| values[a] == values[b] || values[a].is_nan() && values[b].is_nan();
    let prices = ["open", "high", "low", "close", "volume"].into_iter().zip(rows.prices.iter());
    let extras = rows.extras.iter().map(|(extra, values)| (extra.name(), values));
    prices.chain(extras).find(|(_, values)| !same(values)).map(|(name, _)| name)
}
