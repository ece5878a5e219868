use std::fmt;

const DAY: i64 = 86_400_000;

/// When a market trades, inferred from the bars themselves: only bars missing from it are gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Around the clock, every day.
    Continuous,
    /// Monday to Friday.
    Weekdays,
    /// Sessions with pauses inside or between days.
    Sessions,
}

impl Calendar {
    /// Reads the calendar off the open times (UTC milliseconds, increasing) of bars `step` ms long.
    ///
    /// Weekdays: fewer than 2 % of bars open on Saturday or Sunday. Sessions: intraday bars whose commonest days
    /// hold clearly fewer bars than a full day.
    pub fn infer(timestamps: &[i64], step: i64) -> Self {
        if timestamps.len() < 2 || step <= 0 {
            return Self::Continuous;
        }
        let weekend = timestamps.iter().filter(|&&t| weekday(t) >= 5).count();
        let span_days = (timestamps[timestamps.len() - 1] - timestamps[0]) / DAY;
        let no_weekends = span_days >= 5 && weekend * 50 < timestamps.len() && step < 7 * DAY;
        if step < DAY {
            let day = |t: &i64| t.div_euclid(DAY);
            let mut counts: Vec<usize> = timestamps.chunk_by(|a, b| day(a) == day(b)).map(<[i64]>::len).collect();
            counts.sort_unstable();
            let typical = counts[counts.len() / 2];
            if span_days >= 2 && (typical as f64) < 0.9 * (DAY / step) as f64 {
                return Self::Sessions;
            }
        }
        if no_weekends { Self::Weekdays } else { Self::Continuous }
    }

    /// Bars missing between two neighbours `step` ms long, as far as the calendar tells.
    pub fn missing_between(self, before: i64, after: i64, step: i64) -> usize {
        let between = (after - before) / step - 1;
        if between <= 0 {
            return 0;
        }
        match self {
            Self::Continuous => between as usize,
            Self::Weekdays => {
                // The pattern of weekdays repeats every seven steps of whole days, or every week of shorter steps.
                let period = if step % DAY == 0 { 7 } else { (7 * DAY / step).max(1) };
                let open = |steps: i64| (1..=steps).filter(|k| weekday(before + k * step) < 5).count();
                let whole = if between > period { (between / period) as usize * open(period) } else { 0 };
                let rest = if between > period { between % period } else { between };
                whole + open(rest)
            }
            // Which pauses are regular needs the whole series; a pause within one day shorter than the bars around it
            // cannot be told from a lunch break, so only whole-series tools judge it.
            Self::Sessions => 0,
        }
    }
}

/// 0 = Monday … 6 = Sunday (the epoch was a Thursday).
pub(crate) const fn weekday(timestamp: i64) -> i64 {
    (timestamp.div_euclid(DAY) + 3).rem_euclid(7)
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Continuous => "24/7",
            Self::Weekdays => "weekdays",
            Self::Sessions => "sessions",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daily_stock_bars_keep_weekdays() {
        // 2024-01-01 was a Monday.
        let monday = 1_704_067_200_000;
        let days: Vec<i64> = (0..200).map(|d| monday + d * DAY).filter(|&t| weekday(t) < 5).collect();
        let calendar = Calendar::infer(&days, DAY);
        assert_eq!(calendar, Calendar::Weekdays);
        assert_eq!(calendar.missing_between(monday + 4 * DAY, monday + 7 * DAY, DAY), 0);
        assert_eq!(calendar.missing_between(monday, monday + 3 * DAY, DAY), 2);
        // Ten years of missing seconds are counted at once.
        let decade = calendar.missing_between(monday, monday + 3650 * DAY, 1000);
        assert!(decade.abs_diff(3650 * 86_400 * 5 / 7) < 2 * 86_400, "{decade}");
    }

    #[test]
    fn hours_around_the_clock_are_continuous() {
        let hours: Vec<i64> = (0..500).map(|h| h * 3_600_000).collect();
        assert_eq!(Calendar::infer(&hours, 3_600_000), Calendar::Continuous);
        assert_eq!(Calendar::Continuous.missing_between(0, 4 * 3_600_000, 3_600_000), 3);
    }
}
