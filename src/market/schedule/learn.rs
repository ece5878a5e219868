use chrono::{DateTime, Datelike as _};

use super::{Calendar, Clock, DAY, Grid, MINUTE, MONDAY, Schedule, Summer, Week, common_phase};

/// Share of all steps with a bar above which nothing is closed.
const ROUND_THE_CLOCK: f64 = 0.9;
/// Hours are judged in bins at least this long, so that thin minutes do not look closed one by one.
const BIN: i64 = 15 * MINUTE;
/// Open has at least this share of the bars of the busy bins.
const HALF: f64 = 0.5;
/// Share of the bins that are open in a market that never closes; an hour a week may be for upkeep.
const OPEN: f64 = 0.97;
/// A summer rule must explain the hours this much better than none.
const BETTER: f64 = 0.8;
/// Weeks from which on each weekday has hours of its own.
const WEEKS: i64 = 4;

impl Schedule {
    /// Learns the hours from the open times (UTC milliseconds, increasing) of bars `step` ms long.
    pub fn learn(timestamps: &[i64], step: i64) -> Self {
        let make = |calendar, grid| Self { calendar, step: step.max(1), grid };
        let (Some(&first), Some(&last)) = (timestamps.first(), timestamps.last()) else {
            return make(Calendar::Continuous, Grid::Steps { phase: 0 });
        };
        if step <= 0 {
            return make(Calendar::Continuous, Grid::Steps { phase: 0 });
        }
        let span = last - first;
        if step > DAY || DAY % step != 0 {
            if let Some(months) = months(timestamps, step) {
                return make(Calendar::Continuous, Grid::Months(months));
            }
            let weekend = timestamps.iter().filter(|&&t| super::super::calendar::weekday(t) >= 5).count();
            let weekends = span < 7 * DAY || weekend * 50 > timestamps.len() || step >= 7 * DAY;
            let calendar = if weekends { Calendar::Continuous } else { Calendar::Weekdays };
            return make(calendar, Grid::Counted { weekends });
        }
        let phase = common_phase(timestamps, step);
        let round_the_clock = make(Calendar::Continuous, Grid::Steps { phase });
        if timestamps.len() as f64 > ROUND_THE_CLOCK * (span / step + 1) as f64 || span < 2 * DAY {
            return round_the_clock;
        }
        let week = if step == DAY { daily(timestamps, phase) } else { intraday(timestamps, step) };
        let Some(week) = week else { return round_the_clock };
        let days = (0..7).filter(|&day| week.open_between(day * week.per_day, (day + 1) * week.per_day) > 0).count();
        let open = week.open.iter().filter(|&&open| open).count();
        let whole = open as f64 >= 0.97 * (days as i64 * week.per_day) as f64;
        match (whole, days) {
            (true, 7) => round_the_clock,
            (true, _) => make(Calendar::Weekdays, Grid::Week(week)),
            (false, _) => make(Calendar::Sessions, Grid::Week(week)),
        }
    }
}

/// Months a bar lasts, where bars that long open on one day of the month.
fn months(timestamps: &[i64], step: i64) -> Option<i64> {
    if step < 28 * DAY {
        return None;
    }
    let day = |t: &i64| DateTime::from_timestamp_millis(*t).map(|time| time.day());
    let first = timestamps.first().and_then(day)?;
    let same = timestamps.iter().filter(|t| day(t) == Some(first)).count();
    (same * 10 >= timestamps.len() * 8).then(|| ((step as f64 / DAY as f64 / 30.44).round() as i64).max(1))
}

/// Which days of the week have a bar.
fn daily(timestamps: &[i64], phase: i64) -> Option<Week> {
    // Half a day of play: the hour of a daily bar may move with summer time.
    let origin = MONDAY + phase - DAY / 2;
    let days: Vec<i64> = timestamps.iter().map(|t| (t - origin).div_euclid(DAY)).collect();
    let open = open_weekdays(&days)?;
    Some(Week::new(Summer::None, origin, 1, open.to_vec()))
}

/// Weekdays (by number of day modulo 7) with at least half as many of their days as the fullest; `days` in order.
fn open_weekdays(days: &[i64]) -> Option<[bool; 7]> {
    let (first, last) = (*days.first()?, *days.last()?);
    let mut met = [0_i64; 7];
    let mut before = None;
    for &day in days {
        if before != Some(day) {
            met[day.rem_euclid(7) as usize] += 1;
        }
        before = Some(day);
    }
    let share: Vec<f64> = (0..7)
        .map(|weekday| {
            let there = (last - weekday).div_euclid(7) - (first - 1 - weekday).div_euclid(7);
            if there > 0 { met[weekday as usize] as f64 / there as f64 } else { 0.0 }
        })
        .collect();
    let most = share.iter().copied().fold(0.0, f64::max);
    Some(std::array::from_fn(|weekday| share[weekday] > 0.0 && share[weekday] >= HALF * most))
}

/// Bars by bin of the week, seen under one rule of summer time.
struct Bins {
    summer: Summer,
    phase: i64,
    length: i64,
    counts: Vec<usize>,
    /// What the busy bins hold.
    busy: f64,
    /// Bars in bins that are neither open nor closed, and bars off the grid.
    doubt: usize,
}

impl Bins {
    fn count(timestamps: &[i64], step: i64, summer: Summer) -> Self {
        let mut clock = Clock::new(summer);
        let times: Vec<i64> = timestamps.iter().map(|&t| clock.local(t)).collect();
        let phase = common_phase(&times, step);
        let length = if step < BIN && BIN % step == 0 { BIN } else { step };
        let mut counts = vec![0; (7 * DAY / length) as usize];
        let mut off = 0;
        for time in times {
            let within = (time - MONDAY - phase).rem_euclid(7 * DAY);
            counts[(within / length) as usize] += 1;
            off += usize::from(within % step != 0);
        }
        let mut met: Vec<usize> = counts.iter().copied().filter(|&n| n > 0).collect();
        let busy = ninth_tenth(&mut met);
        let doubt = counts.iter().map(|&n| n.min((busy as usize).saturating_sub(n))).sum::<usize>() + off;
        Self { summer, phase, length, counts, busy, doubt }
    }

    fn is_open(&self, bin: usize) -> bool {
        self.counts[bin] as f64 >= HALF * self.busy && self.counts[bin] > 0
    }

    /// Share of the bins between the first and the last bar that are open.
    fn open_share(&self, first: i64, last: i64) -> f64 {
        let bins = self.counts.len() as i64;
        let from = (first - MONDAY - self.phase).div_euclid(self.length);
        let to = ((last - MONDAY - self.phase).div_euclid(self.length) + 1).min(from + bins);
        let open = (from..to).filter(|bin| self.is_open(bin.rem_euclid(bins) as usize)).count();
        open as f64 / (to - from) as f64
    }

    /// The first open bin after the longest closed time of the week; `None` if nothing is closed.
    fn opening(&self) -> Option<i64> {
        let bins = self.counts.len();
        let any = (0..bins).find(|&bin| self.is_open(bin))?;
        let (mut longest, mut closed, mut opening) = (0, 0, None);
        for bin in any + 1..=any + bins {
            if !self.is_open(bin % bins) {
                closed += 1;
                continue;
            }
            if closed > longest {
                (longest, opening) = (closed, Some((bin % bins) as i64));
            }
            closed = 0;
        }
        opening
    }
}

/// The value that a tenth exceeds; 0 of nothing.
fn ninth_tenth(values: &mut [usize]) -> f64 {
    values.sort_unstable();
    values.get(values.len() * 9 / 10).map_or(0.0, |&value| value as f64)
}

/// Bars on every date, and at every time of day: with few weeks a gap makes a bin of the week look closed.
fn every_day(timestamps: &[i64], length: i64) -> bool {
    let mut bins = vec![0_usize; (DAY / length) as usize];
    for time in timestamps {
        bins[(time.rem_euclid(DAY) / length) as usize] += 1;
    }
    let mut met: Vec<usize> = bins.iter().copied().filter(|&n| n > 0).collect();
    let busy = ninth_tenth(&mut met);
    let open = bins.iter().filter(|&&n| n > 0 && n as f64 >= HALF * busy).count();
    let dates = timestamps.windows(2).all(|pair| pair[1].div_euclid(DAY) - pair[0].div_euclid(DAY) <= 1);
    dates && open as f64 >= OPEN * bins.len() as f64
}

fn intraday(timestamps: &[i64], step: i64) -> Option<Week> {
    let (first, last) = (*timestamps.first()?, *timestamps.last()?);
    let plain = Bins::count(timestamps, step, Summer::None);
    if plain.open_share(first, last) >= OPEN || last - first < WEEKS * 7 * DAY && every_day(timestamps, plain.length) {
        return None;
    }
    let least = BETTER * plain.doubt as f64;
    let other = Summer::ALL[1..].iter().map(|&summer| Bins::count(timestamps, step, summer));
    let bins = other.min_by_key(|bins| bins.doubt).filter(|bins| (bins.doubt as f64) < least).unwrap_or(plain);
    let opening = bins.opening()?;
    let origin = MONDAY + bins.phase + opening * bins.length;
    let per_day = DAY / step;
    let mut clock = Clock::new(bins.summer);
    let mut days = Vec::with_capacity(timestamps.len());
    let mut slots = vec![0_usize; per_day as usize];
    for &time in timestamps {
        let local = clock.local(time);
        let bin = (local - MONDAY - bins.phase).rem_euclid(7 * DAY) / bins.length;
        if !bins.is_open(bin as usize) {
            continue;
        }
        let slot = (local - origin).div_euclid(step);
        days.push(slot.div_euclid(per_day));
        slots[slot.rem_euclid(per_day) as usize] += 1;
    }
    let weekdays = open_weekdays(&days)?;
    let mut met: Vec<usize> = slots.iter().copied().filter(|&n| n > 0).collect();
    let busy = ninth_tenth(&mut met);
    let own_hours = last - first >= WEEKS * 7 * DAY;
    let of_week = bins.counts.len() as i64;
    let open = (0..7 * per_day).map(|slot| {
        let bin = (slot * step / bins.length + opening).rem_euclid(of_week);
        let in_day = slots[(slot % per_day) as usize];
        weekdays[(slot / per_day) as usize]
            && in_day > 0
            && in_day as f64 >= HALF * busy
            && (!own_hours || bins.is_open(bin as usize))
    });
    Some(Week::new(bins.summer, origin, per_day, open.collect()))
}
