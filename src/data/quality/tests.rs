//! Planted defects are found at their place, and nothing else is.

use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{QualityRequest, gate, judge, quality, quality_with, unknown_names};
use crate::data::{Finding, Severity};
use crate::market::hours::{MARKETS, Market, times};
use crate::market::{Bar, Extra, Series, Timeframe};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const SHAPES: [(i64, i64); 6] =
    [(MINUTE, 20), (5 * MINUTE, 60), (15 * MINUTE, 200), (HOUR, 900), (DAY, 1500), (7 * DAY, 4000)];

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Bars of a market without a flaw: volatility and volume come in clusters, nights move prices.
fn bars(market: Market, step: i64, days: i64, seed: u64) -> Vec<Bar> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let usual = 0.012 * (step as f64 / DAY as f64).sqrt();
    let (mut close, mut mood, mut before) = (100.0_f64, 0.0_f64, 0);
    let bar = |timestamp: i64| {
        mood = 0.95 * mood + 0.06 * normal(&mut rng);
        let sigma = usual * mood.exp();
        let night = if timestamp - before > step && before > 0 { 0.006 } else { 0.02 * usual };
        before = timestamp;
        let open = close * (night * normal(&mut rng)).exp();
        close = open * (sigma * normal(&mut rng)).exp();
        let mut reach = || (0.4 * sigma * normal(&mut rng).abs()).exp();
        let (high, low) = (open.max(close) * reach(), open.min(close) / reach());
        let volume = 1000.0 * (0.5 * mood + 0.4 * normal(&mut rng)).exp();
        Bar { timestamp, open, high, low, close, volume }
    };
    times(market, step, days).into_iter().map(bar).collect()
}

fn series(step: i64, bars: Vec<Bar>) -> Series {
    Series::new("TEST", Timeframe::from_millis(step).unwrap(), bars).unwrap()
}

/// Findings above a note.
fn alarms(step: i64, bars: Vec<Bar>) -> Vec<Finding> {
    let found = quality(&series(step, bars)).findings;
    found.into_iter().filter(|finding| finding.severity > Severity::Note).collect()
}

fn names(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.name.as_str()).collect()
}

/// Bars and a place among them that has bars before and behind it.
fn planted(which: usize, shape: usize, at: f64, seed: u64) -> (i64, Vec<Bar>, usize) {
    let (market, (step, days)) = (MARKETS[which], SHAPES[shape]);
    let bars = bars(market, step, days, seed);
    let at = (bars.len() as f64 * at) as usize;
    (step, bars, at)
}

/// A week without bars is a holiday only if several years have one.
fn told((which, shape): (usize, usize)) -> bool {
    MARKETS[which] != Market::Shanghai || SHAPES[shape].1 >= 900
}

fn any_place() -> impl Strategy<Value = ((usize, usize), f64, u64)> {
    (((0..MARKETS.len(), 0..SHAPES.len()).prop_filter("told", |place| told(*place))), 0.1..0.9_f64, 0..1000_u64)
}

fn scale(bars: &mut [Bar], factor: f64, volume: f64) {
    for bar in bars {
        let Bar { open, high, low, close, .. } = bar;
        for price in [open, high, low, close] {
            *price *= factor;
        }
        bar.volume *= volume;
    }
}

/// Gives a bar the range and the volume that its neighbours have in the middle, and no move over the night before it.
fn ordinary(bars: &mut [Bar], at: usize, sessions: bool) {
    let night = bars[at].open / bars[at - 1].close;
    scale(&mut bars[at..], 1.0 / night, 1.0);
    // Where there are sessions, bars that open one are like each other and not like the rest.
    let step = bars[1].timestamp - bars[0].timestamp;
    let opens = |i: &usize| !sessions || bars[*i].timestamp - bars[i - 1].timestamp > step;
    let mut places: Vec<usize> = (1..bars.len()).filter(|&i| i != at).filter(opens).collect();
    places.sort_by_key(|i| i.abs_diff(at));
    let mut near: Vec<Bar> = places.into_iter().take(21).map(|i| bars[i]).collect();
    let middle = near.len() / 2;
    near.sort_by(|a, b| (a.high / a.low).total_cmp(&(b.high / b.low)));
    let like = near[middle];
    near.sort_by(|a, b| a.volume.total_cmp(&b.volume));
    let by = bars[at].open / like.open;
    let next = bars[at + 1].open / bars[at].close;
    let close = like.close * by;
    let lift = close * next / bars[at + 1].open;
    scale(&mut bars[at + 1..], lift, 1.0);
    let Bar { timestamp, open, .. } = bars[at];
    bars[at] = Bar { timestamp, open, high: like.high * by, low: like.low * by, close, volume: near[middle].volume };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn clean_bars_raise_no_alarm((place, at, seed) in any_place()) {
        let (step, bars, _) = planted(place.0, place.1, at, seed);
        let found = quality(&series(step, bars)).findings;
        let allowed = |finding: &Finding| finding.name == "holidays" && finding.severity == Severity::Note;
        prop_assert!(found.iter().all(allowed), "{:?}", names(&found));
    }

    #[test]
    fn a_jump_is_found((place, at, seed) in any_place(), size in 0.3..0.45_f64) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        prop_assume!(step <= DAY);
        // Within the bar, so that it is no split; its volume is that of a crash.
        let by = if step >= DAY { 1.0 - 1.4 * size } else { 1.0 - size / 2.0 };
        let bar = &mut bars[at];
        bar.close *= by;
        bar.low = bar.low.min(bar.close);
        bar.volume *= 20.0;
        scale(&mut bars[at + 1..], by, 1.0);
        let quality = quality(&series(step, bars));
        let found: Vec<&Finding> = quality.findings.iter().filter(|finding| finding.name != "holidays").collect();
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        prop_assert_eq!(found[0].name.as_str(), "jumps");
        prop_assert_eq!(found[0].places.iter().map(|place| place.bar).collect::<Vec<_>>(), [at]);
    }

    #[test]
    fn a_split_blocks((place, at, seed) in any_place(), ratio in prop::sample::select(vec![2.0, 3.0, 1.5, 4.0, 10.0, 0.5, 0.1])) {
        let (step, mut bars, mut at) = planted(place.0, place.1, at, seed);
        // Sessions split over night.
        while step < DAY && MARKETS[place.0] != Market::Crypto && bars[at].timestamp - bars[at - 1].timestamp == step {
            at += 1;
            prop_assume!(at + 20 < bars.len());
        }
        prop_assume!(step <= DAY || MARKETS[place.0] != Market::Crypto);
        ordinary(&mut bars, at, step < DAY && MARKETS[place.0] != Market::Crypto);
        // A market that moves as far within days hides the tear.
        let level = |bars: &[Bar]| crate::stats::median(&bars.iter().map(|bar| bar.close).collect::<Vec<_>>());
        let stays = |level: f64, price: f64| (level / price).ln().abs() < f64::ln(ratio).abs() / 4.0;
        prop_assume!(stays(level(&bars[at - 10..at]), bars[at - 1].close));
        prop_assume!(stays(level(&bars[at..at + 10]), bars[at].open));
        scale(&mut bars[at..], 1.0 / ratio, ratio);
        let found = alarms(step, bars);
        prop_assert_eq!(names(&found), ["split"], "{:?}", found);
        prop_assert_eq!((found[0].severity, found[0].places[0].bar), (Severity::Blocking, at));
    }

    #[test]
    fn a_crash_to_half_the_price_does_not_block((place, at, seed) in any_place()) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        scale(&mut bars[at..], 0.51, 1.0);
        bars[at].volume *= 12.0;
        bars[at].low *= 0.9;
        prop_assert!(alarms(step, bars).iter().all(|finding| finding.name == "jumps"));
    }

    #[test]
    fn prices_that_stand_still_are_found((place, at, seed) in any_place(), length in 12..40_usize) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        let still = bars[at - 1].close;
        for bar in &mut bars[at..at + length] {
            *bar = Bar { open: still, high: still, low: still, close: still, ..*bar };
        }
        let next = bars[at + length].open;
        scale(&mut bars[at + length..], still / next, 1.0);
        let found = alarms(step, bars);
        prop_assert_eq!(names(&found), ["stale"], "{:?}", found);
        prop_assert_eq!((found[0].places.len(), found[0].places[0].bar, found[0].places[0].bars), (1, at, length));
    }

    #[test]
    fn bars_without_volume_are_noted((place, at, seed) in any_place(), length in 1..40_usize) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        bars[at..at + length].iter_mut().for_each(|bar| bar.volume = 0.0);
        let quality = quality(&series(step, bars));
        let found: Vec<&Finding> = quality.findings.iter().filter(|finding| finding.name != "holidays").collect();
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        prop_assert_eq!((found[0].name.as_str(), found[0].count), ("zero_volume", length));
        prop_assert_eq!((found[0].places[0].bar, found[0].places[0].bars), (at, length));
    }

    #[test]
    fn a_bar_under_two_times_is_found((place, at, seed) in any_place()) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        bars[at] = Bar { timestamp: bars[at].timestamp, ..bars[at - 1] };
        let found = alarms(step, bars);
        prop_assert_eq!(names(&found), ["repeated"], "{:?}", found);
        prop_assert_eq!(found[0].places[0].bar, at);
    }

    #[test]
    fn impossible_bars_block((place, at, seed) in any_place(), kind in 0..4) {
        let (step, mut bars, at) = planted(place.0, place.1, at, seed);
        let name = match kind {
            0 => { bars[at].high = bars[at].low / 2.0; "ohlc" }
            1 => { bars[at].close = -1.0; "nonpositive" }
            2 => { bars[at].volume = f64::NAN; "nonpositive" }
            _ => { bars[at].timestamp = bars[at - 1].timestamp; "order" }
        };
        let timeframe = Timeframe::from_millis(step).unwrap();
        let request = QualityRequest { symbol: "TEST", timeframe, bars: &bars, adjusted: None, reading: &[], now: None };
        let found = judge(&request).findings;
        let blocking = found.iter().find(|finding| finding.severity == Severity::Blocking).unwrap();
        prop_assert_eq!((blocking.name.as_str(), blocking.count, blocking.places[0].bar), (name, 1, at));
    }
}

fn daily(seed: u64) -> Vec<Bar> {
    bars(Market::Stocks, DAY, 600, seed)
}

/// Names of what is found in bars that need not form a series.
fn of_columns(change: impl Fn(&mut Bar)) -> Vec<String> {
    let mut bars = daily(1);
    bars.iter_mut().for_each(change);
    let timeframe = Timeframe::from_millis(DAY).unwrap();
    let request = QualityRequest { symbol: "TEST", timeframe, bars: &bars, adjusted: None, reading: &[], now: None };
    let found = judge(&request).findings;
    found.into_iter().filter(|finding| finding.severity == Severity::Blocking).map(|finding| finding.name).collect()
}

#[test]
fn exchanged_columns_are_told() {
    assert_eq!(of_columns(|_| ()), [""; 0]);
    assert_eq!(of_columns(|bar| std::mem::swap(&mut bar.high, &mut bar.low)), ["swapped"]);
    assert_eq!(of_columns(|bar| std::mem::swap(&mut bar.volume, &mut bar.close)), ["swapped"]);
    assert_eq!(of_columns(|bar| std::mem::swap(&mut bar.volume, &mut bar.open)), ["swapped"]);
    // Bars by the hour open where the one before closed.
    let mut bars = bars(Market::Crypto, HOUR, 30, 1);
    for bar in &mut bars {
        std::mem::swap(&mut bar.open, &mut bar.close);
    }
    assert_eq!(names(&alarms(HOUR, bars)), ["swapped"]);
}

#[test]
fn constant_columns_are_told() {
    let mut bars = daily(2);
    for bar in &mut bars {
        bar.volume = 7.0;
    }
    assert_eq!(names(&alarms(DAY, bars.clone())), ["constant"]);
    for bar in &mut bars {
        *bar = Bar { open: bar.close, high: bar.close, low: bar.close, volume: bar.close, ..*bar };
    }
    assert_eq!(names(&alarms(DAY, bars)), ["constant"]);
}

#[test]
fn the_present_shows_what_is_too_new() {
    let series = series(DAY, daily(3));
    let last = series.bars()[series.len() - 1].timestamp;
    let at = |now: i64| {
        let found = quality_with(&series, &[], Some(now)).findings;
        found.into_iter().filter(|f| f.severity > Severity::Note).map(|f| (f.name, f.count)).collect::<Vec<_>>()
    };
    assert_eq!(at(last + DAY), []);
    assert_eq!(at(last + HOUR), [("unfinished".to_owned(), 1)]);
    assert_eq!(at(last - HOUR), [("future".to_owned(), 1)]);
    assert_eq!(at(last - 14 * DAY)[0].0, "future");
    let refused = gate(&quality_with(&series, &[], Some(last - 14 * DAY)).findings, &[]);
    assert_eq!(refused.unwrap_err().findings[0].name, "future");
}

#[test]
fn adjusted_closes_prove_a_split_and_disprove_one() {
    let mut bars = daily(4);
    scale(&mut bars[200..], 0.5, 30.0); // a volume that says crash
    let adjusted: Vec<f64> =
        bars.iter().enumerate().map(|(i, b)| if i < 200 { 0.5 * b.close } else { b.close }).collect();
    let torn = series(DAY, bars.clone()).with_extra(Extra::AdjClose, adjusted).unwrap();
    let found = quality(&torn).findings;
    assert_eq!((found[0].name.as_str(), found[0].places[0].bar), ("split", 200));
    let mut bars = daily(4);
    scale(&mut bars[200..], 0.5, 2.0);
    let dividend: Vec<f64> =
        bars.iter().enumerate().map(|(i, b)| if i < 100 { 0.99 * b.close } else { b.close }).collect();
    let crashed = series(DAY, bars).with_extra(Extra::AdjClose, dividend).unwrap();
    assert!(quality(&crashed).findings.iter().all(|finding| finding.severity < Severity::Blocking));
}

#[test]
fn bad_ticks_and_quiet_prices_are_told_apart() {
    let mut bars = bars(Market::Crypto, MINUTE, 10, 5);
    bars[5000].close *= 1.2;
    bars[5000].high = bars[5000].close;
    let found = alarms(MINUTE, bars);
    assert_eq!(names(&found), ["jumps"]);
    assert!(found[0].sentence.contains("1 of them came straight back"), "{}", found[0].sentence);
    // A price of three digits moves by whole ticks or not at all.
    let mut bars = daily(6);
    for (i, bar) in bars.iter_mut().enumerate() {
        let price = f64::from(u32::from(i % 37 == 0) + 120) * 1e-8;
        *bar = Bar { open: price, high: price, low: price, close: price + 1e-9 * (i % 2) as f64, ..*bar };
        (bar.high, bar.low) = (bar.open.max(bar.close), bar.open.min(bar.close));
    }
    assert!(!names(&alarms(DAY, bars)).contains(&"jumps"));
}

#[test]
fn the_gate_names_what_blocks_and_how_to_accept_it() {
    let mut bars = daily(7);
    scale(&mut bars[300..], 0.5, 2.0);
    let findings = quality(&series(DAY, bars)).findings;
    let text = gate(&findings, &["gaps".to_owned()]).unwrap_err().to_string();
    assert!(text.contains("2:1 at 2022-") && text.ends_with("data.accept = [\"split\"]"), "{text}");
    assert_eq!(gate(&findings, &["split".to_owned()]), Ok(()));
    assert_eq!(unknown_names(&["split".to_owned(), "spilt".to_owned()]), ["spilt"]);
    assert!(findings.iter().all(|finding| unknown_names(std::slice::from_ref(&finding.name)).is_empty()));
}

#[test]
fn what_the_reading_found_is_kept_and_not_told_twice() {
    let mut bars = bars(Market::Stocks, DAY, 600, 8);
    for bar in &mut bars {
        bar.volume = 0.0;
    }
    let told = Finding::new("zero_volume", Severity::Warning, 3, "told before");
    let found = quality_with(&series(DAY, bars), std::slice::from_ref(&told), None).findings;
    assert_eq!(found.iter().filter(|finding| finding.name == "zero_volume").collect::<Vec<_>>(), [&told]);
}

#[test]
fn currencies_in_points_are_told() {
    let mut bars = bars(Market::Currencies, HOUR, 60, 9);
    for bar in &mut bars {
        let Bar { open, high, low, close, .. } = bar;
        for price in [open, high, low, close] {
            *price = (*price * 1300.0).round();
        }
    }
    let series = Series::new("EURUSD", Timeframe::from_millis(HOUR).unwrap(), bars).unwrap();
    let found = quality(&series).findings;
    assert!(names(&found).contains(&"price_scale"), "{:?}", names(&found));
}

#[test]
fn hardly_any_bars_are_judged_without_a_fuss() {
    for count in 0..5 {
        let bars: Vec<Bar> = daily(10).into_iter().take(count).collect();
        assert_eq!(names(&alarms(DAY, bars)), [""; 0]);
    }
}
