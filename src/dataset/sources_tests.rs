use proptest::prelude::*;

use super::*;
use crate::dataset::{Features, extract, extract_rows};
use crate::indicators::{Instance, compute, parse_instance};
use crate::market::Bar;

const HOUR: i64 = 3_600_000;
/// A Monday.
const START: i64 = 1_704_067_200_000;

fn instances() -> Vec<Instance> {
    ["rsi(period=2)", "ema(period=3)"].iter().map(|name| parse_instance(name).unwrap()).collect()
}

/// Bars at the given hours after the start, walking by their number.
fn series(symbol: &str, frame: &str, hours: impl IntoIterator<Item = i64>) -> Series {
    let bar = |hour: i64| {
        let close = 100.0 + 10.0 * (hour as f64 * 0.7).sin() + hour.rem_euclid(13) as f64;
        let open = close - 1.0 + hour.rem_euclid(3) as f64;
        let (high, low) = (open.max(close) + 1.0, open.min(close) - 1.0);
        Bar { timestamp: START + hour * HOUR, open, high, low, close, volume: 5.0 + hour.rem_euclid(7) as f64 }
    };
    Series::new(symbol, frame.parse().unwrap(), hours.into_iter().map(bar).collect()).unwrap()
}

fn foreign(tag: &str, series: Series) -> Foreign {
    let lines = compute(&instances(), &series);
    Foreign { tag: tag.to_owned(), series, lines }
}

fn lines_only() -> FeaturesConfig {
    FeaturesConfig { groups: vec![FeatureGroup::Lines], shifts: vec![2, 1], ..FeaturesConfig::default() }
}

/// Own lines, two shifts, days and another symbol, all as of `known`.
fn sources(base: &Series, other: &Series) -> ExtraColumns {
    let mut extra = ExtraColumns::default();
    let config = lines_only();
    let lines = compute(&instances(), base);
    extra.add_shifts(base, &lines, &config).unwrap();
    if let Ok(days) = resampled_bars(base, "1d".parse().unwrap(), "features.timeframes") {
        extra.add_foreign(base, &foreign("1d", days), &config).unwrap();
    } else {
        let none = Series::new("X", "1d".parse().unwrap(), Vec::new()).unwrap();
        extra.add_foreign(base, &foreign("1d", none), &config).unwrap();
    }
    extra.add_foreign(base, &foreign("ETH/USDT", other.clone()), &config).unwrap();
    extra
}

fn features(base: &Series, other: &Series) -> Features {
    let lines = compute(&instances(), base);
    extract_rows(base, &lines, &lines_only(), &sources(base, other), 0..base.len()).unwrap()
}

#[test]
fn a_day_shows_when_it_has_closed() {
    // From Monday 00:00: bar 5 opens at 20:00 and closes with the day.
    let base = series("BTC", "4h", (0..18).map(|i| i * 4));
    let days = resampled_bars(&base, "1d".parse().unwrap(), "features.timeframes").unwrap();
    assert_eq!(days.len(), 3);
    let rows = known_rows(&base, &days);
    let expected: Vec<Option<usize>> = (0..18)
        .map(|t| {
            if t < 5 {
                None
            } else {
                Some(if t < 11 {
                    0
                } else if t < 17 {
                    1
                } else {
                    2
                })
            }
        })
        .collect();
    assert_eq!(rows, expected);
    let close = |t: usize| base.bars()[t].close;
    assert_eq!(days.closes(), [close(5), close(11), close(17)]);

    // A series that begins at noon has no whole first day.
    let late = base.sliced(3..18);
    let days = resampled_bars(&late, "1d".parse().unwrap(), "features.timeframes").unwrap();
    assert_eq!(days.bars()[0].timestamp, START + 24 * HOUR);
    let daily = foreign("1d", days);
    let mut extra = ExtraColumns::default();
    extra.add_foreign(&late, &daily, &lines_only()).unwrap();
    let column = extra.columns.iter().find(|column| column.spec.name == "ema_3.ema@1d").unwrap_or(&extra.columns[0]);
    assert!(column.values[..8].iter().all(|value| value.is_nan()), "the first whole day ends with bar 8");
}

#[test]
fn other_symbols_with_gaps_give_what_was_known() {
    let base = series("BTC", "4h", (0..60).map(|i| i * 4));
    // Two bars of it are missing, then it ends.
    let other = series("ETH/USDT", "4h", (0..24).filter(|i| ![6, 7].contains(i)).map(|i| i * 4));
    let rows = known_rows(&base, &other);
    assert_eq!(rows[5], Some(5));
    assert_eq!((rows[6], rows[7], rows[8]), (Some(5), Some(5), Some(6)), "the newest closed bar stands in the gap");
    // Its last bar (number 21) closes at 96 h and counts for four days.
    assert_eq!(rows[23 + 24], Some(21));
    assert_eq!(rows[23 + 25], None, "after four days it is missing");
}

#[test]
fn names_and_shifts_say_where_values_come_from() {
    let base = series("BTC", "4h", (0..120).map(|i| i * 4));
    let other = series("ETH/USDT", "1h", 0..480);
    let other = Foreign::bars_for(&base, other).unwrap();
    assert_eq!(other.timeframe, base.timeframe);
    let features = features(&base, &other);
    let own: Vec<String> = {
        let lines = compute(&instances(), &base);
        extract(&base, &lines, &lines_only()).unwrap().specs.into_iter().map(|spec| spec.name).collect()
    };
    assert_eq!(features.width(), own.len() * 5);
    for name in &own {
        let now = features.column(name).unwrap();
        let before = features.column(&format!("{name}.shift_2")).unwrap();
        assert!(before[..2].iter().all(|x| x.is_nan()));
        assert_eq!(before[60].to_bits(), now[58].to_bits());
        assert!(features.column(&format!("{name}@1d")).unwrap()[110].is_finite(), "{name}");
        assert!(features.column(&format!("{name}@ETH/USDT")).unwrap()[110].is_finite(), "{name}");
        let spec = features.specs.iter().find(|spec| spec.name == format!("{name}@1d")).unwrap();
        assert!(spec.source.as_deref().unwrap().ends_with("@1d") && spec.formula.contains("newest closed bar of 1d"));
    }
}

#[test]
fn a_symbol_that_cannot_be_a_source_is_named() {
    let base = series("BTC", "4h", (0..30).map(|i| i * 4));
    let error = |other: Series| Foreign::bars_for(&base, other).unwrap_err().to_string();
    assert!(
        error(series("ETH", "1d", (0..30).map(|i| i * 24)))
            .contains("the bars of ETH are 1d long, those of the run 4h")
    );
    assert!(error(series("ETH", "4h", (900..930).map(|i| i * 4))).contains("ETH"), "all later");
    assert!(error(series("ETH", "4h", (-930..-900).map(|i| i * 4))).contains("no bar that was known"), "long gone");
    assert!(error(series("ETH", "3h", (0..30).map(|i| i * 3))).contains("features.symbols"), "no divisor");
    let short = resampled_bars(&base, "1h".parse().unwrap(), "features.timeframes").unwrap_err().to_string();
    assert!(short.starts_with("features.timeframes: bars of 4h cannot be gathered into 1h"), "{short}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Later bars of either series change no earlier feature.
    #[test]
    fn foreign_features_of_a_prefix_are_those_of_the_whole(
        gone in proptest::collection::btree_set(0..90_i64, 0..40),
        lost in proptest::collection::btree_set(0..360_i64, 0..150),
        cut in 2..50_usize, first in 0..6_i64,
    ) {
        let base = series("BTC", "4h", (first..90).filter(|i| !gone.contains(i)).map(|i| i * 4));
        prop_assume!(base.len() > cut + 2);
        let other = series("ETH/USDT", "1h", (0..360).filter(|i| !lost.contains(i)));
        let gathered = |other: &Series| resampled_bars(other, "4h".parse().unwrap(), "features.symbols").unwrap();
        let whole = features(&base, &gathered(&other));
        let prefix = base.truncated(cut);
        let known = base.bars()[cut - 1].timestamp + 4 * HOUR;
        let heard = other.bars().partition_point(|bar| bar.timestamp + HOUR <= known);
        prop_assume!(heard > 0);
        let part = features(&prefix, &gathered(&other.truncated(heard)));
        let names = |f: &Features| f.specs.iter().map(|spec| spec.name.clone()).collect::<Vec<_>>();
        prop_assert_eq!(names(&whole), names(&part));
        for t in 0..cut {
            let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(whole.row(t)), bits(part.row(t)), "bar {}", t);
        }
    }
}
