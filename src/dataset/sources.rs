//! Features from beyond the series itself: longer timeframes, other symbols, earlier bars and external values, each as
//! it was known at a bar's close.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

use crate::config::{FeatureGroup, FeaturesConfig};
use crate::data::{Partial, ResampleError, ResampleRequest, resample};
use crate::indicators::{Line, Lines};
use crate::market::{Period, Series, align};

use super::columns::Column;
use super::extract::chosen;
use super::scales::Scales;
use super::stationary::stationary;
use super::{DatasetError, ExternalValues};

/// How long after its close the newest bar of another series still counts, unless the bar itself is longer: a weekend
/// with a holiday.
const FRESH_MS: i64 = 4 * 86_400_000;

/// Columns that do not come from a series' own lines, one value per bar of the series.
#[derive(Debug, Default)]
pub struct ExtraColumns {
    columns: Vec<Column>,
}

/// What else than its bars a model learned from, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceNote {
    /// Symbol of other bars, or `external`.
    pub name: String,
    /// SHA-256 of what was read.
    pub fingerprint: String,
}

/// Bars of another symbol or timeframe with lines over them.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// What stands behind `@` in the names of its features: `1d`, or a symbol.
    pub tag: String,
    /// Its bars.
    pub series: Series,
    /// Lines over these bars.
    pub lines: Lines,
}

/// Why another series cannot be a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Its bars are longer than those of the series.
    #[error(
        "features.symbols: the bars of {symbol} are {found} long, those of the run {base}; take bars of {base} or shorter"
    )]
    Longer {
        /// The other symbol.
        symbol: String,
        /// Its timeframe.
        found: String,
        /// The timeframe of the series.
        base: String,
    },
    /// No bar of it was known, and fresh, at the close of any bar of the series.
    #[error(
        "features.symbols: {symbol} (to {other_end}) has no bar that was known within the bars of the run ({start} to \
         {end}); take a file that covers them"
    )]
    NoOverlap {
        /// The other symbol.
        symbol: String,
        /// Its last bar.
        other_end: String,
        /// First bar of the series.
        start: String,
        /// Last bar of the series.
        end: String,
    },
    /// Bars that cannot be gathered.
    #[error("{field}: {source}")]
    Resample {
        /// Key of the configuration.
        field: &'static str,
        /// Why.
        source: ResampleError,
    },
}

impl ExtraColumns {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// True without columns.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The columns, checked to be as long as there are bars.
    pub(super) fn columns(&self, bars: usize) -> Result<&[Column], DatasetError> {
        match self.columns.iter().find(|column| column.values.len() != bars) {
            Some(column) => {
                Err(DatasetError::Ragged { line: column.spec.name.clone(), found: column.values.len(), bars })
            }
            None => Ok(&self.columns),
        }
    }

    /// Adds the lines of `series` as they were `shifts` bars ago, called `line.shift_k`: the stationary column of every
    /// line that `config` chooses.
    ///
    /// # Errors
    /// An indicator of `config` without lines.
    pub fn add_shifts(&mut self, series: &Series, lines: &Lines, config: &FeaturesConfig) -> Result<(), DatasetError> {
        if config.shifts.is_empty() {
            return Ok(());
        }
        let mut shifts = config.shifts.clone();
        shifts.sort_unstable();
        shifts.dedup();
        let scales = Scales::new(series.bars());
        let bars = series.len();
        let mut x = Vec::with_capacity(bars);
        for line in chosen(lines, &config.indicators)? {
            for column in stationary(line) {
                column.values(&line.values, &scales, 0..bars, &mut x);
                for &k in &shifts {
                    let name = format!("{}.shift_{k}", column.name);
                    let formula = format!("x[-{k}], x = {}", column.formula);
                    let values = (0..bars).map(|t| t.checked_sub(k).map_or(f64::NAN, |from| x[from]));
                    let texts = [formula.as_str(), column.unit.as_str()];
                    let (source, warm_up) = (Some(line.name.as_str()), column.warm_up + k);
                    self.columns.push(Column::new(FeatureGroup::Lines, source, name, texts, warm_up, values));
                }
            }
        }
        Ok(())
    }

    /// Adds the stationary columns of another series' lines, called `line@tag`: at each bar of `base` those of the newest
    /// bar of `foreign` that had closed. They are made there, with that series' own range and volume; a value older than
    /// four days, or than one of its bars where that is longer, is missing.
    ///
    /// # Errors
    /// An indicator of `config` without lines.
    pub fn add_foreign(
        &mut self,
        base: &Series,
        foreign: &Foreign,
        config: &FeaturesConfig,
    ) -> Result<(), DatasetError> {
        let Foreign { tag, series, lines } = foreign;
        let rows = known_rows(base, series);
        let scales = Scales::new(series.bars());
        let begins = |warm_up: usize| rows.iter().position(|row| row.is_some_and(|row| row >= warm_up));
        let mut x = Vec::with_capacity(series.len());
        for line in chosen(lines, &config.indicators)? {
            for column in stationary(line) {
                column.values(&line.values, &scales, 0..series.len(), &mut x);
                let values = rows.iter().map(|row| row.map_or(f64::NAN, |row| x[row]));
                let name = format!("{}@{tag}", column.name);
                let source = format!("{}@{tag}", line.name);
                let formula = format!("{} of the newest closed bar of {tag}", column.formula);
                let texts = [formula.as_str(), column.unit.as_str()];
                let warm_up = begins(column.warm_up).unwrap_or(rows.len());
                self.columns.push(Column::new(FeatureGroup::Lines, Some(&source), name, texts, warm_up, values));
            }
        }
        Ok(())
    }

    /// Adds external values as they are, called `external.column`: at each bar the newest that was known at its close.
    pub fn add_external(&mut self, base: &Series, external: &[impl Borrow<ExternalValues>]) {
        for values in external.iter().map(Borrow::borrow) {
            let name = format!("external.{}", values.name);
            let formula = "the newest value known at the bar's close; cannot be verified";
            let column = values.at_closes(base);
            let begins = column.iter().position(|x| x.is_finite()).unwrap_or(column.len());
            let texts = [formula, "as given"];
            self.columns.push(Column::new(FeatureGroup::Lines, Some(&name), name.clone(), texts, begins, column));
        }
    }
}

/// For each bar of `base` the position of the newest bar of `other` that had closed and is fresh.
fn known_rows(base: &Series, other: &Series) -> Vec<Option<usize>> {
    let (step, times) = (other.timeframe.millis(), other.timestamps());
    let bases = base.timestamps();
    let aligned = align(&bases, base.timeframe, &times, other.timeframe);
    let fresh = |(found, open): (Option<crate::market::Aligned>, &i64)| {
        let row = found?.index;
        let age = open + base.timeframe.millis() - (times[row] + step);
        (age <= FRESH_MS.max(step)).then_some(row)
    };
    aligned.into_iter().zip(&bases).map(fresh).collect()
}

/// Longer bars of `series` that depend on no later bar: periods begin on a fixed UTC grid (weeks on Mondays), and the
/// first one is left out if it began before the series. The last one may still be forming; [`align`] hides it.
///
/// # Errors
/// A period that is no longer multiple of the timeframe, or no bar left. `field` names the key it came from.
pub fn resampled_bars(series: &Series, to: Period, field: &'static str) -> Result<Series, SourceError> {
    let fail = |source| SourceError::Resample { field, source };
    // What the whole series shows of its hours, sessions and ends must not decide: a prefix would show less.
    let request = ResampleRequest { to, partial: Partial::Keep, offset: Some(0) };
    let made = resample(series, &request).map_err(fail)?.series;
    let starts = |of: &Series| of.bars().first().map(|bar| bar.timestamp);
    let skip = usize::from(starts(&made) < starts(series));
    Ok(made.sliced(skip..made.len()))
}

impl Foreign {
    /// `series` at the timeframe of `base`, if it is another symbol that can be a source.
    ///
    /// # Errors
    /// Longer bars, bars that are no divisor, and none known at any bar of `base`.
    pub fn bars_for(base: &Series, series: Series) -> Result<Series, SourceError> {
        let symbol = series.symbol.clone();
        if series.timeframe > base.timeframe {
            let (found, base) = (series.timeframe.to_string(), base.timeframe.to_string());
            return Err(SourceError::Longer { symbol, found, base });
        }
        let series = if series.timeframe < base.timeframe {
            resampled_bars(&series, Period::Time(base.timeframe), "features.symbols")?
        } else {
            series
        };
        if known_rows(base, &series).iter().all(Option::is_none) {
            let text = |bar: Option<&crate::market::Bar>| {
                bar.map_or_else(|| "no bars".to_owned(), |bar| crate::data::time_text(bar.timestamp))
            };
            return Err(SourceError::NoOverlap {
                symbol,
                other_end: text(series.bars().last()),
                start: text(base.bars().first()),
                end: text(base.bars().last()),
            });
        }
        Ok(series)
    }

    /// The bars that had closed at `time` (UTC milliseconds), with their lines.
    #[must_use]
    pub fn until(&self, time: i64) -> Self {
        let step = self.series.timeframe.millis();
        let known = self.series.bars().partition_point(|bar| bar.timestamp + step <= time);
        let cut = |line: &Line| Line { values: line.values[..known].to_vec(), ..line.clone() };
        Self {
            tag: self.tag.clone(),
            series: self.series.truncated(known),
            lines: Lines { columns: self.lines.columns.iter().map(cut).collect() },
        }
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
