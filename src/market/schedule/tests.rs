use proptest::prelude::*;

use super::hours::{MARKETS, Market, times};
use super::{DAY, HOUR, MINUTE, Schedule};
use crate::market::{Calendar, Gap};

fn gaps(times: &[i64], step: i64) -> Vec<Gap> {
    Schedule::learn(times, step).absences(times).gaps
}

/// Length of a series at each step, in days, and the markets that have whole bars of it.
const SHAPES: [(i64, i64); 6] =
    [(MINUTE, 40), (5 * MINUTE, 90), (15 * MINUTE, 380), (30 * MINUTE, 800), (HOUR, 900), (DAY, 1500)];

/// A week without bars is a holiday only if several years have one.
fn told(market: Market, days: i64) -> bool {
    market != Market::Shanghai || days >= 800
}

fn kind(market: Market, step: i64) -> Calendar {
    match market {
        Market::Crypto => Calendar::Continuous,
        Market::Currencies => Calendar::Weekdays,
        _ if step == DAY => Calendar::Weekdays,
        _ => Calendar::Sessions,
    }
}

#[test]
fn clean_markets_have_holidays_but_no_gaps() {
    for market in MARKETS {
        for (step, days) in SHAPES {
            if !told(market, days) {
                continue;
            }
            let times = times(market, step, days);
            let schedule = Schedule::learn(&times, step);
            assert_eq!(schedule.calendar(), kind(market, step), "{market:?} {step}");
            let absences = schedule.absences(&times);
            assert_eq!(absences.gaps, [], "{market:?} {step}");
            assert_eq!(schedule.off_grid(&times), [0_usize; 0], "{market:?} {step}");
            assert!(market != Market::Crypto || absences.holidays.is_empty(), "{step}");
            assert!(market != Market::Stocks || !absences.holidays.is_empty(), "{step}");
        }
    }
}

#[test]
fn holidays_and_early_closes_are_counted() {
    let times = times(Market::Stocks, 30 * MINUTE, 800);
    let absences = Schedule::learn(&times, 30 * MINUTE).absences(&times);
    // By the calendar on the wall: five days of the list on weekdays in 2021 and in 2022, and three early closes.
    let missing: Vec<usize> = absences.holidays.iter().map(|gap| gap.missing).collect();
    assert_eq!(missing, [13; 10]);
    assert!(absences.short_days.iter().all(|gap| gap.missing == 6), "{:?}", absences.short_days);
    assert_eq!(absences.short_days.len(), 3);
}

#[test]
fn a_week_without_bars_every_year_is_a_holiday_and_once_it_is_a_gap() {
    let all = times(Market::Stocks, DAY, 1500);
    let week = |year: i64| {
        let from = 1_609_718_400_000 + 364 * DAY * year + 63 * DAY; // a Monday in March
        move |t: &i64| !(from..from + 5 * DAY).contains(t)
    };
    let once: Vec<i64> = all.iter().copied().filter(week(1)).collect();
    let found = gaps(&once, DAY);
    assert_eq!(found.iter().map(|gap| gap.missing).collect::<Vec<_>>(), [5]);
    let yearly: Vec<i64> = once.into_iter().filter(week(2)).collect();
    assert_eq!(gaps(&yearly, DAY), []);
}

#[test]
fn days_missing_too_often_are_gaps() {
    let all = times(Market::Stocks, DAY, 1500);
    let thin: Vec<i64> = all.iter().copied().enumerate().filter(|(i, _)| i % 9 != 4).map(|(_, t)| t).collect();
    let missing: usize = gaps(&thin, DAY).iter().map(|gap| gap.missing).sum();
    assert!(missing > 80, "{missing}");
}

#[test]
fn thin_trading_round_the_clock_is_no_session() {
    // Three minutes of five have a trade, as if by chance.
    let thin: Vec<i64> = (0..40 * 1440).filter(|i| (i * 7919 + i * i % 1009) % 5 < 3).map(|i| i * MINUTE).collect();
    let schedule = Schedule::learn(&thin, MINUTE);
    assert_eq!(schedule.calendar(), Calendar::Continuous);
    let missing: usize = schedule.absences(&thin).gaps.iter().map(|gap| gap.missing).sum();
    let span = (thin[thin.len() - 1] - thin[0]) / MINUTE + 1;
    assert_eq!(missing as i64, span - thin.len() as i64);
}

#[test]
fn months_and_weeks_are_counted_as_such() {
    let month = |m: i64| chrono::NaiveDate::from_ymd_opt(2000 + (m / 12) as i32, (m % 12) as u32 + 1, 1).unwrap();
    let months: Vec<i64> = (0..60).filter(|m| *m != 30).map(|m| i64::from(month(m).to_epoch_days()) * DAY).collect();
    let found = gaps(&months, 31 * DAY);
    assert_eq!(found.iter().map(|gap| (gap.index, gap.missing)).collect::<Vec<_>>(), [(30, 1)]);
    let mut weeks: Vec<i64> = (0..60).filter(|w| !(20..23).contains(w)).map(|w| w * 7 * DAY + 4 * DAY).collect();
    weeks[10] += DAY; // Monday was a holiday
    let schedule = Schedule::learn(&weeks, 7 * DAY);
    assert_eq!(schedule.absences(&weeks).gaps.iter().map(|g| (g.index, g.missing)).collect::<Vec<_>>(), [(20, 3)]);
    assert_eq!(schedule.off_grid(&weeks), [10]);
}

#[test]
fn little_is_learned_from_little() {
    for times in [vec![], vec![5], vec![0, HOUR], vec![0, HOUR, 30 * HOUR]] {
        assert_eq!(Schedule::learn(&times, HOUR).calendar(), Calendar::Continuous);
        assert!(Schedule::learn(&times, 0).absences(&times).holidays.is_empty());
    }
}

#[test]
fn four_days_of_a_session_are_enough() {
    let mut days = times(Market::Stocks, MINUTE, 5);
    days.retain(|t| *t >= 1_609_718_400_000 + DAY);
    let schedule = Schedule::learn(&days, MINUTE);
    assert_eq!((schedule.calendar(), schedule.absences(&days).gaps.len()), (Calendar::Sessions, 0));
    let lost = days.remove(1000);
    let found = Schedule::learn(&days, MINUTE).absences(&days).gaps;
    assert_eq!(found, [Gap { index: 1000, after: lost - MINUTE, before: lost + MINUTE, first: lost, missing: 1 }]);
}

/// Weeks in which clocks change, and the turn of the year: hours are odd then, and a gap may pass for a short day.
fn odd_season(time: i64) -> bool {
    let day = chrono::DateTime::from_timestamp_millis(time).map_or(0, |time| chrono::Datelike::ordinal(&time));
    !(8..348).contains(&day) || (66..94).contains(&day) || (297..318).contains(&day)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Bars taken out of a session, or whole days in one, are found there and nowhere else.
    #[test]
    fn planted_gaps_are_found_at_their_place(which in 0..MARKETS.len(), shape in 0..SHAPES.len(), at in 0.1..0.9_f64, length in 1..40_usize) {
        let (market, (step, days)) = (MARKETS[which], SHAPES[shape]);
        prop_assume!(told(market, days));
        let mut times = times(market, step, days);
        let from = (times.len() as f64 * at) as usize;
        // A whole day without currencies would be a holiday.
        let length = if step == DAY { length + 9 } else { length.min(20) };
        let run = (from + 1..times.len()).take_while(|&i| step == DAY || times[i] - times[i - 1] == step).count();
        let run = if step == DAY { length } else { run.saturating_sub(1).min(length) };
        prop_assume!(run > 0 && times[from] - times[from - 1] == step);
        prop_assume!(!odd_season(times[from]));
        let lost: Vec<i64> = times.drain(from..from + run).collect();
        let found = gaps(&times, step);
        prop_assert_eq!(found.len(), 1);
        let Gap { index, after, before, first, missing } = found[0];
        prop_assert_eq!(first, lost[0]);
        prop_assert_eq!((index, after, before), (from, times[from - 1], times[from]));
        // Holidays within a gap cannot be told from it.
        let most = lost.len() + if step == DAY && market != Market::Crypto { 12 } else { 0 };
        prop_assert!((lost.len()..=most).contains(&missing), "{} {}", missing, lost.len());
    }

    #[test]
    fn stamps_off_the_grid_are_found_at_their_place(which in 0..MARKETS.len(), shape in 0..SHAPES.len() - 1, at in 0.1..0.9_f64) {
        let (market, (step, days)) = (MARKETS[which], SHAPES[shape]);
        prop_assume!(told(market, days));
        let mut times = times(market, step, days);
        let i = (times.len() as f64 * at) as usize;
        times[i] += step / 7;
        let schedule = Schedule::learn(&times, step);
        prop_assert_eq!(schedule.off_grid(&times), [i]);
        prop_assert_eq!(schedule.absences(&times).gaps, []);
    }
}
