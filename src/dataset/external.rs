//! Values that Glassbox did not compute: stamped, known some time after their stamp, joined as of a bar's close.

use crate::data::time_text;
use crate::market::Series;

/// A column of stamped values.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalValues {
    /// Name of the column.
    pub name: String,
    /// Stamps, UTC milliseconds, strictly increasing.
    pub times: Vec<i64>,
    /// One value per stamp; NaN is missing.
    pub values: Vec<f64>,
    /// How long after its stamp a value is known, in milliseconds.
    pub delay: i64,
}

/// Why external values cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExternalError {
    /// Nothing was known at any bar.
    #[error(
        "features.external: no value of {column} was known before the last bar closed ({bars_end}): the first is stamped \
         {start}; take a file that covers the bars, or a shorter delay"
    )]
    NoOverlap {
        /// The column.
        column: String,
        /// First stamp.
        start: String,
        /// Close of the last bar.
        bars_end: String,
    },
    /// Only missing values.
    #[error("features.external: all values of {column} are missing; leave it out of features.external.columns")]
    AllMissing {
        /// The column.
        column: String,
    },
}

impl ExternalValues {
    /// At each bar the newest value whose stamp and delay end no later than the bar's close (open time plus timeframe);
    /// NaN before the first. A missing value is missing until the next one; nothing is interpolated.
    pub fn at_closes(&self, base: &Series) -> Vec<f64> {
        let step = base.timeframe.millis();
        let mut known = 0;
        let newest = |bar: &crate::market::Bar| {
            let now = bar.timestamp.saturating_add(step);
            while self.times.get(known).is_some_and(|time| time.saturating_add(self.delay) <= now) {
                known += 1;
            }
            known.checked_sub(1).map_or(f64::NAN, |row| self.values[row])
        };
        base.bars().iter().map(newest).collect()
    }

    /// Whether there is anything to join.
    ///
    /// # Errors
    /// Only missing values, and none known at any bar.
    pub fn check(&self, base: &Series) -> Result<(), ExternalError> {
        let column = self.name.clone();
        if self.values.iter().all(|value| value.is_nan()) {
            return Err(ExternalError::AllMissing { column });
        }
        if self.at_closes(base).iter().all(|value| value.is_nan()) {
            let text = |time: Option<i64>| time.map_or_else(|| "never".to_owned(), time_text);
            let bars_end = base.bars().last().map(|bar| bar.timestamp + base.timeframe.millis());
            let start = text(self.times.first().copied());
            return Err(ExternalError::NoOverlap { column, start, bars_end: text(bars_end) });
        }
        Ok(())
    }

    /// What was known at `time` (UTC milliseconds).
    #[must_use]
    pub fn until(&self, time: i64) -> Self {
        let known = self.times.partition_point(|stamp| stamp.saturating_add(self.delay) <= time);
        Self {
            name: self.name.clone(),
            times: self.times[..known].to_vec(),
            values: self.values[..known].to_vec(),
            delay: self.delay,
        }
    }

    /// Bars at the end that closed after the last value was known and so carry it on.
    pub fn carried(&self, base: &Series) -> usize {
        let Some(&last) = self.times.last() else { return 0 };
        let known = last.saturating_add(self.delay);
        base.len() - base.bars().partition_point(|bar| bar.timestamp.saturating_add(base.timeframe.millis()) <= known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Bar;

    const HOUR: i64 = 3_600_000;

    fn bars(n: i64) -> Series {
        let bar = |t: i64| Bar { timestamp: t * HOUR, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
        Series::new("X", "1h".parse().unwrap(), (0..n).map(bar).collect()).unwrap()
    }

    fn values(times: &[i64], values: &[f64], delay: i64) -> ExternalValues {
        ExternalValues { name: "x".to_owned(), times: times.to_vec(), values: values.to_vec(), delay }
    }

    #[track_caller]
    fn check(external: &ExternalValues, expected: &[f64]) {
        let found = external.at_closes(&bars(expected.len() as i64));
        assert!(found.iter().zip(expected).all(|(a, b)| a == b || a.is_nan() && b.is_nan()), "{found:?}");
    }

    #[test]
    fn a_value_shows_at_the_first_bar_that_closes_when_it_is_known() {
        let nan = f64::NAN;
        // Bar t closes at (t + 1) h. The stamp 2 h is known at the close of bar 1, one ms later only at that of bar 2.
        check(&values(&[2 * HOUR], &[7.0], 0), &[nan, 7.0, 7.0]);
        check(&values(&[2 * HOUR + 1], &[7.0], 0), &[nan, nan, 7.0]);
        check(&values(&[2 * HOUR], &[7.0], HOUR), &[nan, nan, 7.0]);
        check(&values(&[0, 2 * HOUR], &[3.0, nan], 0), &[3.0, nan, nan]);
        check(&values(&[-9 * HOUR, HOUR, HOUR + 1, 3 * HOUR], &[1.0, 2.0, 3.0, 4.0], 0), &[2.0, 3.0, 4.0, 4.0]);
    }

    #[test]
    fn what_cannot_be_joined_is_named() {
        let error = |external: ExternalValues| external.check(&bars(3)).unwrap_err().to_string();
        assert!(error(values(&[0, 1], &[f64::NAN; 2], 0)).contains("all values of x are missing"));
        assert!(error(values(&[9 * HOUR], &[1.0], 0)).contains("no value of x was known"));
        assert!(error(values(&[0], &[1.0], 4 * HOUR)).contains("shorter delay"));
        assert_eq!(values(&[0, HOUR], &[1.0, 2.0], 0).check(&bars(3)), Ok(()));
    }

    #[test]
    fn bars_behind_the_last_value_are_counted() {
        assert_eq!(values(&[HOUR], &[1.0], 0).carried(&bars(5)), 4);
        assert_eq!(values(&[HOUR], &[1.0], HOUR).carried(&bars(5)), 3);
        assert_eq!(values(&[9 * HOUR], &[1.0], 0).carried(&bars(5)), 0);
        let cut = values(&[0, HOUR, 2 * HOUR], &[1.0, 2.0, 3.0], HOUR).until(2 * HOUR);
        assert_eq!(cut.times, [0, HOUR]);
    }
}
