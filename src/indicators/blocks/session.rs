use serde::{Deserialize, Serialize};

const HOUR: f64 = 3_600_000.0;

/// Stretches of equal length, laid from 1970-01-01 00:00 UTC on: of 24 hours, the UTC days.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sessions {
    length: i64,
    /// The session of the last bar: from its begin up to its end.
    current: Option<(i64, i64)>,
}

impl Sessions {
    /// Of `hours` each.
    pub fn new(hours: f64) -> Self {
        Self { length: ((hours * HOUR) as i64).max(1), current: None }
    }

    /// Takes the open time of the next bar, in milliseconds; true when it opens in another session than the bar before.
    pub fn begins(&mut self, timestamp: i64) -> bool {
        if self.current.is_some_and(|(begin, end)| (begin..end).contains(&timestamp)) {
            return false;
        }
        let begin = timestamp.div_euclid(self.length).saturating_mul(self.length);
        self.current = Some((begin, begin.saturating_add(self.length)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_begin_on_their_hours() {
        let begins = |hours: f64, times: &[i64]| {
            let mut sessions = Sessions::new(hours);
            times.iter().map(|t| sessions.begins(*t)).collect::<Vec<_>>()
        };
        let day = 86_400_000;
        assert_eq!(
            begins(24.0, &[5, day - 1, day, day + 1, 4 * day + 7, 5 * day]),
            [true, false, true, false, true, true]
        );
        assert_eq!(begins(1.0, &[-1, 0, 3_599_999, 3_600_000]), [true, true, false, true]);
    }
}
