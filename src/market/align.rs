//! What was known of other series when a bar closed: other symbols, longer and shorter timeframes, without look-ahead.

use super::{Series, Timeframe};

/// The newest bar of another series that had closed when a bar of the base series did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aligned {
    /// Position of the bar in the other series.
    pub index: usize,
    /// Whole bars of the other series that could have closed since: 0 for a fresh one, more over gaps and weekends.
    pub stale: usize,
}

/// For each base bar the newest other bar whose close (open time plus timeframe) is no later than the base bar's own;
/// `None` before the first. Open times are UTC milliseconds, increasing.
///
/// A bar is known at its close and not before, so a bar of a longer timeframe shows only after it has ended, and no
/// later bar of either series can change an earlier answer.
pub fn align(base: &[i64], base_frame: Timeframe, other: &[i64], other_frame: Timeframe) -> Vec<Option<Aligned>> {
    let step = other_frame.millis();
    let mut closed = 0;
    let newest = |&open: &i64| {
        let now = open + base_frame.millis();
        while other.get(closed).is_some_and(|&open| open + step <= now) {
            closed += 1;
        }
        let index = closed.checked_sub(1)?;
        Some(Aligned { index, stale: ((now - other[index] - step) / step) as usize })
    };
    base.iter().map(newest).collect()
}

/// [`align`] for each of several series, in their order.
pub fn align_series(base: &Series, others: &[&Series]) -> Vec<Vec<Option<Aligned>>> {
    let times = base.timestamps();
    others.iter().map(|other| align(&times, base.timeframe, &other.timestamps(), other.timeframe)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    fn frame(ms: i64) -> Timeframe {
        Timeframe::from_millis(ms).unwrap()
    }

    #[test]
    fn an_hour_shows_only_after_it_has_ended() {
        let minutes: Vec<i64> = (0..9).map(|i| i * 15).collect();
        let hours = [0, 60];
        let aligned = align(&minutes, frame(15), &hours, frame(60));
        let index: Vec<Option<usize>> = aligned.iter().map(|a| a.map(|a| a.index)).collect();
        assert_eq!(index, [None, None, None, Some(0), Some(0), Some(0), Some(0), Some(1), Some(1)]);
        let late = align(&[1000], frame(15), &hours, frame(60));
        assert_eq!(late, [Some(Aligned { index: 1, stale: 14 })]); // (1015 - 120) / 60
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_the_newest_bar_already_closed(
            base in btree_set(0..500_i64, 0..60), other in btree_set(0..500_i64, 0..60), a in 1..50_i64, b in 1..50_i64
        ) {
            let (base, other): (Vec<i64>, Vec<i64>) = (base.into_iter().collect(), other.into_iter().collect());
            let found = align(&base, frame(a), &other, frame(b));
            for (open, found) in base.iter().zip(found) {
                let known = (0..other.len()).filter(|&i| other[i] + b <= open + a).max();
                prop_assert_eq!(found.map(|f| f.index), known);
                if let Some(found) = found {
                    let age = open + a - (other[found.index] + b);
                    prop_assert!((found.stale as i64 * b..(found.stale as i64 + 1) * b).contains(&age));
                }
            }
        }

        #[test]
        fn later_bars_change_nothing_earlier(
            base in btree_set(0..500_i64, 1..60), other in btree_set(0..500_i64, 1..60), a in 1..50_i64, b in 1..50_i64,
            cut in 0..500_i64, shift in 1..100_i64
        ) {
            let (base, other): (Vec<i64>, Vec<i64>) = (base.into_iter().collect(), other.into_iter().collect());
            let whole = align(&base, frame(a), &other, frame(b));
            // Only bars that close after `cut` are changed: moved, and half of them left out.
            let kept = other.partition_point(|open| open + b <= cut);
            let mut changed = other[..kept].to_vec();
            changed.extend(other[kept..].iter().step_by(2).map(|open| open + shift));
            let known = base.partition_point(|open| open + a <= cut);
            let again = align(&base[..known], frame(a), &changed, frame(b));
            prop_assert_eq!(&again[..], &whole[..known]);
        }
    }
}
