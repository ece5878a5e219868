use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::event::Job;
use crate::data::{Column, Table, time_text, write_table};
use crate::files::write_atomic;
use crate::market::synth::{Market, MarketOptions, Planted, synth};
use crate::stats::auc;

/// Metadata key of the planted market, as JSON.
const MARKET_KEY: &str = "synth";
const SEED_KEY: &str = "synth_seed";
/// Column of [`Market::chance_of_rise`].
const OPTIMUM: &str = "optimal_rise";

/// A planted market to be drawn and written.
#[derive(Debug, Clone, PartialEq)]
pub struct SynthRequest {
    /// One of [`Market::KINDS`].
    pub kind: String,
    /// Its parameters.
    pub options: MarketOptions,
    /// Bars to draw.
    pub bars: usize,
    /// What the draw depends on.
    pub seed: u64,
    /// Parquet or CSV file, told by its extension.
    pub out: PathBuf,
}

/// Draws a planted market and writes its bars with the truth columns and, as `optimal_rise`, the best forecast of a rise of
/// the next bar; gives the record for scripts.
///
/// Parquet keeps symbol, timeframe, the market's parameters and the seed beside the columns; a CSV holds the columns only.
///
/// # Errors
/// An unknown kind, a parameter it does not have or out of range, another extension, and whatever the disk refuses.
pub fn synthesize(request: &SynthRequest, job: &Job) -> Result<Value> {
    let SynthRequest { kind, options, bars, seed, out } = request;
    let extension = out.extension().map(|e| e.to_string_lossy().to_lowercase());
    let csv = match extension.as_deref() {
        Some("csv") => true,
        Some("parquet") => false,
        _ => bail!("{} must end in .parquet or .csv", out.display()),
    };
    let market = Market::named(kind, options)?;
    job.progress(0, 0, "drawing bars");
    let planted = synth(&market, *bars, *seed)?;
    job.check()?;
    let optimum = market.chance_of_rise(planted.series.bars());
    let auc = auc_of_rises(&planted, &optimum);
    let table = table(&planted, optimum);
    job.check()?;
    job.progress(0, 0, "writing bars");
    if csv {
        let text = csv_text(&table);
        write_atomic(out, text.as_bytes()).with_context(|| format!("cannot write {}", out.display()))?;
    } else {
        let metadata = BTreeMap::from([
            ("symbol".to_owned(), planted.series.symbol.clone()),
            ("timeframe".to_owned(), planted.series.timeframe.to_string()),
            (MARKET_KEY.to_owned(), serde_json::to_string(&market)?),
            (SEED_KEY.to_owned(), seed.to_string()),
        ]);
        write_table(out, &table, &metadata)?;
    }
    Ok(json!({
        "event": "synth",
        "market": market,
        "bars": bars,
        "seed": seed,
        "symbol": planted.series.symbol,
        "timeframe": planted.series.timeframe.to_string(),
        "fingerprint": planted.series.fingerprint(),
        // NaN, where the bars all rise or all fall, is null.
        "optimal_auc": auc,
        "out": out,
    }))
}

/// The planted market a Parquet file's metadata names; `None` if it names none.
///
/// # Errors
/// A description that this version does not read.
pub fn planted_market(path: &Path, metadata: &BTreeMap<String, String>) -> Result<Option<Market>> {
    let parse = |text: &String| {
        serde_json::from_str(text).with_context(|| format!("{}: unreadable planted market {text}", path.display()))
    };
    metadata.get(MARKET_KEY).map(parse).transpose()
}

/// AUC of the forecast for a rise of the next bar.
fn auc_of_rises(planted: &Planted, forecast: &[f64]) -> f64 {
    let rises: Vec<f64> =
        planted.series.bars().windows(2).map(|w| f64::from(u8::from(w[1].close > w[0].close))).collect();
    auc(&forecast[..rises.len()], &rises)
}

fn table(planted: &Planted, optimum: Vec<f64>) -> Table {
    let bars = planted.series.bars();
    let mut table = Table::new();
    table.push("timestamp", Column::Time(planted.series.timestamps()));
    table.push("open", Column::Float(bars.iter().map(|b| b.open).collect()));
    table.push("high", Column::Float(bars.iter().map(|b| b.high).collect()));
    table.push("low", Column::Float(bars.iter().map(|b| b.low).collect()));
    table.push("close", Column::Float(planted.series.closes()));
    table.push("volume", Column::Float(bars.iter().map(|b| b.volume).collect()));
    for (name, values) in &planted.truth {
        table.push(*name, Column::Float(values.clone()));
    }
    table.push(OPTIMUM, Column::Float(optimum));
    table
}

/// Times and numbers as text; numbers in the shortest form that reads back to the same bits, NaN as an empty field.
fn csv_text(table: &Table) -> String {
    let names: Vec<&str> = table.columns().map(|(name, _)| name).collect();
    let mut out = names.join(",");
    out.push('\n');
    for row in 0..table.rows() {
        for (i, (_, column)) in table.columns().enumerate() {
            if i > 0 {
                out.push(',');
            }
            match column {
                Column::Time(times) => out.push_str(&time_text(times[row])),
                // A String takes every write.
                Column::Float(values) if !values[row].is_nan() => {
                    write!(out, "{:?}", values[row]).ok();
                }
                _ => {}
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ReadOptions, read_series, read_table};
    use crate::jobs::JobContext;

    fn request(kind: &str, out: PathBuf) -> SynthRequest {
        SynthRequest { kind: kind.to_owned(), options: MarketOptions::default(), bars: 700, seed: 11, out }
    }

    #[test]
    fn both_formats_read_back_to_the_drawn_bits() {
        let folder = tempfile::tempdir().unwrap();
        for kind in Market::KINDS {
            let planted = synth(&Market::named(kind, &MarketOptions::default()).unwrap(), 700, 11).unwrap();
            for extension in ["parquet", "csv"] {
                let path = folder.path().join(format!("SYNTH-{}.{extension}", kind.to_uppercase()));
                let record = synthesize(&request(kind, path.clone()), &JobContext::detached()).unwrap();
                let (series, _) = read_series(&path, &ReadOptions::default()).unwrap();
                assert_eq!(record["fingerprint"], series.fingerprint());
                assert_eq!(series, planted.series);
            }
            let path = folder.path().join(format!("SYNTH-{}.parquet", kind.to_uppercase()));
            let (table, metadata) = read_table(&path).unwrap();
            let market = planted_market(&path, &metadata).unwrap().unwrap();
            assert_eq!(market.kind(), kind);
            for (name, values) in &planted.truth {
                let read = table.float(name).unwrap();
                assert!(read.iter().zip(values).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{name}");
            }
            assert_eq!(table.float(OPTIMUM).unwrap(), market.chance_of_rise(series_of(&table).bars()));
        }
    }

    fn series_of(table: &Table) -> crate::market::Series {
        let column = |name| table.float(name).unwrap();
        let times = table.time("timestamp").unwrap();
        let bar = |i: usize| crate::market::Bar {
            timestamp: times[i],
            open: column("open")[i],
            high: column("high")[i],
            low: column("low")[i],
            close: column("close")[i],
            volume: column("volume")[i],
        };
        crate::market::Series::new("X", "1h".parse().unwrap(), (0..times.len()).map(bar).collect()).unwrap()
    }

    #[test]
    fn a_wrong_wish_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let said = |kind: &str, name: &str| {
            let path = folder.path().join(name);
            let text = format!("{:#}", synthesize(&request(kind, path.clone()), &JobContext::detached()).unwrap_err());
            assert!(!path.exists());
            text
        };
        assert!(said("noise", "a.txt").ends_with("a.txt must end in .parquet or .csv"));
        assert!(said("trend", "a.csv").starts_with("there is no planted market \"trend\""));
    }
}
