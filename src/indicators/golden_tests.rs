//! Values from outside: `tests/golden/indicators.md` says where they come from and how they were made.

use super::*;
use crate::market::{Bar, Extra, Series};

const TALIB: &str = include_str!("../../tests/golden/indicators_talib.csv");

/// Published definitions written out independently, one table per family.
const DEFINITIONS: &[&str] = &[
    include_str!("../../tests/golden/cycle.csv"),
    include_str!("../../tests/golden/indicators_definitions.csv"),
    include_str!("../../tests/golden/momentum.csv"),
    include_str!("../../tests/golden/other.csv"),
    include_str!("../../tests/golden/regime.csv"),
    include_str!("../../tests/golden/trend.csv"),
    include_str!("../../tests/golden/volatility.csv"),
    include_str!("../../tests/golden/volume.csv"),
];

/// The Python original's own output on its own bars.
const SEED_BARS: &str = include_str!("../../tests/golden/seed_bars.csv");
const SEED: &str = include_str!("../../tests/golden/seed.csv");

/// Header and rows; an empty cell is NaN.
fn table(text: &str) -> (Vec<&str>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',').collect();
    let cell = |c: &str| if c.is_empty() { f64::NAN } else { c.parse().unwrap() };
    (header, lines.map(|line| line.split(',').map(cell).collect()).collect())
}

/// One bar a minute from rows of OHLCV.
fn bars(text: &str) -> Vec<Bar> {
    let bar = |(i, row): (usize, Vec<f64>)| Bar {
        timestamp: i as i64 * 60_000,
        open: row[0],
        high: row[1],
        low: row[2],
        close: row[3],
        volume: row[4],
    };
    table(text).1.into_iter().enumerate().map(bar).collect()
}

fn minutes(bars: Vec<Bar>) -> Series {
    Series::new("GOLDEN", "1m".parse().unwrap(), bars).unwrap()
}

fn golden_series() -> Series {
    let series = minutes(bars(TALIB));
    let share = |i: usize| (i * 37 % 101) as f64 / 100.0;
    let quote = |b: &Bar| b.volume * f64::midpoint(b.high, b.low);
    let numbered = || series.bars().iter().enumerate();
    let columns = [
        (Extra::QuoteVolume, series.bars().iter().map(quote).collect()),
        (Extra::TakerBuyQuoteVolume, numbered().map(|(i, b)| share(i) * quote(b)).collect()),
        (Extra::TakerBuyVolume, numbered().map(|(i, b)| share(i) * b.volume).collect()),
        (Extra::Trades, (0..series.len()).map(|i| 1.0 + (i * 53 % 211) as f64).collect::<Vec<f64>>()),
    ];
    columns.into_iter().fold(series.clone(), |s, (extra, values)| s.with_extra(extra, values).unwrap())
}

/// Compares `wanted` with our value relative to the size of the line, and gives the number of cells compared.
fn check(lines: &Lines, name: &str, cells: impl Iterator<Item = (usize, f64)>, tolerance: f64) -> usize {
    let line = lines.get(name).unwrap_or_else(|| panic!("no line {name}"));
    let mut compared = 0;
    for (bar, wanted) in cells.filter(|(_, wanted)| !wanted.is_nan()) {
        let found = line.values[bar];
        let error = (found - wanted).abs();
        assert!(error <= tolerance * wanted.abs().max(1e-2), "{name} at {bar}: {found} for {wanted}");
        compared += 1;
    }
    compared
}

#[test]
fn standard_lines_equal_ta_lib() {
    let mut instances = default_catalogue();
    instances.push(parse_instance("kama(period=10)").unwrap());
    let lines = compute(&instances, &golden_series());
    let (header, rows) = table(TALIB);
    for (column, name) in header.iter().enumerate().skip(5) {
        // What is left of another start (see the note) is below 1e-7 where the table begins.
        let tolerance = if name.starts_with("adx") || name.starts_with("kama") { 1e-7 } else { 1e-9 };
        let cells = rows.iter().enumerate().map(|(bar, row)| (bar, row[column]));
        assert!(check(&lines, name, cells, tolerance) >= 20, "{name}");
    }
}

#[test]
fn lines_equal_their_definitions_written_out() {
    let lines = compute(&default_catalogue(), &golden_series());
    for text in DEFINITIONS {
        let (header, rows) = table(text);
        for (column, name) in header.iter().enumerate().skip(1) {
            let cells = rows.iter().map(|row| (row[0] as usize, row[column]));
            assert!(check(&lines, name, cells, 1e-8) >= 20, "{name}");
            // The table is blank exactly where the line is missing.
            let values = &lines.get(name).unwrap().values;
            assert!(rows.iter().all(|row| row[column].is_nan() == values[row[0] as usize].is_nan()), "{name}");
        }
    }
}

/// Our line for a column of the original's output; none where there is nothing to compare with.
fn compat_line(column: &str) -> Option<String> {
    let (id, line) = column.split_once('.')?;
    let line = match column {
        "rmi.rsi" => "rmi",
        "madr_v2.int_madr" => "madr_raw",
        // Never set, constant, a bar counter, the high again, or another column again.
        "qqe_mod.rsi_ma"
        | "qqe_mod.long_band"
        | "qqe_mod.short_band"
        | "qqe_mod.trend"
        | "rsx.int_f88"
        | "rsx.int_f90"
        | "madr_v2.int_src"
        | "madr_v2.int_madr_smoothed"
        | "supertrend.int_st" => return None,
        _ if id == "qqe_legacy" => return None,
        _ => line.strip_prefix("int_").unwrap_or(line),
    };
    Some(format!("{id}.{line}"))
}

#[test]
fn compat_lines_equal_the_originals_output() {
    let lines = compute(&catalogue(Mode::Compat), &minutes(bars(SEED_BARS)));
    let (header, rows) = table(SEED);
    let mut compared = 0;
    for (column, name) in header.iter().enumerate().skip(1) {
        let Some(name) = compat_line(name) else { continue };
        check(&lines, &name, rows.iter().map(|row| (row[0] as usize, row[column])), 1e-8);
        let values = &lines.get(&name).unwrap().values;
        assert!(rows.iter().all(|row| row[column].is_nan() == values[row[0] as usize].is_nan()), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 252);
}

#[test]
fn every_indicator_has_a_golden() {
    let outside = DEFINITIONS.iter().chain(&[TALIB]).flat_map(|text| table(text).0);
    let known: Vec<&str> = outside.filter_map(|name| name.split_once('.')).map(|(id, _)| id).collect();
    for instance in default_catalogue() {
        assert!(known.contains(&instance.id()) || instance.definition().numbered, "{}", instance.id());
    }
    for definition in definitions() {
        assert!(known.iter().any(|id| id.starts_with(definition.id)), "{}", definition.id);
    }
}
