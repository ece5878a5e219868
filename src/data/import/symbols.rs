//! Whose bars they are.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::DataError;
use super::groups::same_ticker;
use super::names::plain;
use super::rows::Rows;
use super::table::{Part, Table};
use super::{ReadOptions, Role};
use crate::market::Timeframe;

/// Words in file names that are no ticker.
const WORDS: [&str; 55] = [
    "forex",
    "fx",
    "stocks",
    "stock",
    "crypto",
    "coin",
    "futures",
    "spot",
    "um",
    "cm",
    "yahoofinance",
    "yahoo",
    "binance",
    "coinbase",
    "bitstamp",
    "kraken",
    "bitfinex",
    "bybit",
    "okx",
    "okex",
    "huobi",
    "kucoin",
    "gemini",
    "poloniex",
    "bitmex",
    "deribit",
    "gateio",
    "oanda",
    "dukascopy",
    "histdata",
    "mt4",
    "mt5",
    "stooq",
    "nasdaqcom",
    "alphavantage",
    "tiingo",
    "polygon",
    "quandl",
    "wiki",
    "original",
    "data",
    "ohlc",
    "ohlcv",
    "klines",
    "kline",
    "candles",
    "candle",
    "bars",
    "dat",
    "ascii",
    "hist",
    "export",
    "firstrate",
    "tradingview",
    "candlestick",
];

/// Bar lengths as MetaTrader puts them behind a ticker, as names and in minutes.
const META: [&str; 17] =
    ["M15", "M30", "M1", "M5", "H1", "H4", "D1", "W1", "MN1", "10080", "1440", "240", "60", "30", "15", "5", "1"];

/// A ticker and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) symbol: String,
    pub(super) reason: String,
    /// All tickers there are.
    pub(super) all: Vec<String>,
}

/// Names the symbol and leaves only its rows, or lists those there are.
pub(super) fn choose(
    path: &Path,
    parts: &mut Vec<(Part, Rows)>,
    archived: bool,
    options: &ReadOptions,
) -> Result<Named, DataError> {
    one_length(path, parts, archived, options)?;
    if parts.iter().any(|(_, rows)| rows.symbols.too_many) {
        let reason = "holds too many different tickers: leave their column out with --map symbol=none".to_owned();
        return Err(DataError::Unreadable { path: path.to_owned(), reason });
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, rows) in parts.iter() {
        let mut own = vec![0_usize; rows.symbols.names.len()];
        rows.symbols.ids.iter().for_each(|&id| own[id as usize] += 1);
        for (name, count) in rows.symbols.names.iter().zip(own).filter(|(_, count)| *count > 0) {
            *counts.entry(name.clone()).or_default() += count;
        }
    }
    let column: Vec<String> = counts.into_keys().collect();
    let members: Vec<String> =
        if archived { distinct(parts.iter().map(|(part, _)| of_name(&part.member))) } else { Vec::new() };
    let (all, by_member) = if column.len() > 1 || members.len() < 2 { (column, false) } else { (members, true) };
    if all.len() > 1 {
        let wanted = options.symbol.as_ref();
        let wanted = wanted.ok_or_else(|| DataError::SeveralSymbols { path: path.to_owned(), found: all.clone() })?;
        let exact = all.iter().find(|name| *name == wanted);
        let symbol = exact.or_else(|| all.iter().find(|name| same_ticker(name, wanted))).cloned();
        let symbol = symbol.ok_or_else(|| DataError::UnknownSymbol {
            path: path.to_owned(),
            wanted: wanted.clone(),
            found: all.clone(),
        })?;
        if by_member {
            parts.retain(|(part, _)| of_name(&part.member) == symbol);
        } else {
            for (_, rows) in parts.iter_mut() {
                keep(rows, &symbol);
            }
        }
        let reason = format!("asked for, out of {}", all.len());
        return Ok(Named { symbol, reason, all });
    }
    let first = parts.first().map(|(part, _)| part);
    let tickers = first.map_or_else(Vec::new, |part| part.layout.tickers.clone());
    if tickers.len() > 1 {
        let symbol = first.and_then(|part| part.layout.ticker.clone()).unwrap_or_default();
        let reason = format!("asked for, out of {}", tickers.len());
        return Ok(Named { symbol, reason, all: tickers });
    }
    let named = single(path, first, all.into_iter().next(), archived, options);
    Ok(Named { all: vec![named.symbol.clone()], ..named })
}

/// The symbols that a look at the first rows shows.
pub(super) fn glance(path: &Path, part: Option<&Part>, archived: bool, options: &ReadOptions) -> Named {
    let column = part.and_then(|part| part.sample.columns.get(*part.layout.of.get(&Role::Symbol)?));
    let column = column.map_or_else(Vec::new, |column| distinct(column.present().map(str::to_owned)));
    let named = single(path, part, column.first().cloned(), archived, options);
    let tickers = part.map_or_else(Vec::new, |part| part.layout.tickers.clone());
    let all =
        [column, tickers, vec![named.symbol.clone()]].into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    Named { all, ..named }
}

/// The only symbol: asked for, stored by us, in a column, in front of the names, or in the file's name.
fn single(path: &Path, part: Option<&Part>, column: Option<String>, archived: bool, options: &ReadOptions) -> Named {
    let named = |symbol: String, reason: &str| Named { symbol, reason: reason.to_owned(), all: Vec::new() };
    if let Some(symbol) = &options.symbol {
        return named(symbol.clone(), "given");
    }
    let stored = part.and_then(|part| if let Table::Typed(table) = &part.table { table.symbol() } else { None });
    if let Some(symbol) = stored {
        return named(symbol, "written in the file");
    }
    if let Some(symbol) = column.filter(|name| !name.trim().is_empty()) {
        return named(symbol, "the column of tickers");
    }
    if let Some(ticker) = part.and_then(|part| part.layout.ticker.clone()) {
        return named(ticker, "stands in front of the column names");
    }
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let name = if archived { part.map_or(file, |part| part.member.clone()) } else { file };
    named(of_name(&name), "the file name")
}

/// Files of one archive must hold bars of one length.
fn one_length(
    path: &Path,
    parts: &mut Vec<(Part, Rows)>,
    archived: bool,
    options: &ReadOptions,
) -> Result<(), DataError> {
    if !archived {
        return Ok(());
    }
    let lengths = distinct(parts.iter().filter_map(|(part, _)| length_of(&part.member)).map(|frame| frame.to_string()));
    if lengths.len() < 2 {
        return Ok(());
    }
    let wanted = options.timeframe.filter(|frame| lengths.contains(&frame.to_string()));
    let Some(wanted) = wanted else {
        let reason = format!("holds bars of several lengths ({}): name one with --timeframe", lengths.join(", "));
        return Err(DataError::Unreadable { path: path.to_owned(), reason });
    };
    parts.retain(|(part, _)| length_of(&part.member) == Some(wanted));
    Ok(())
}

fn keep(rows: &mut Rows, symbol: &str) {
    let names = &rows.symbols.names;
    let kept: Vec<bool> = rows.symbols.ids.iter().map(|&id| names[id as usize] == symbol).collect();
    if kept.len() == rows.len() {
        rows.retain(&kept);
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<std::collections::BTreeSet<String>>().into_iter().collect()
}

/// The parts of a file name without folders and endings.
fn tokens(name: &str) -> Vec<String> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut stem = file;
    while let Some((front, ending)) = stem.rsplit_once('.') {
        let is_ending = !front.is_empty() && ending.len() <= 8 && ending.chars().all(char::is_alphanumeric);
        if !is_ending || ending.chars().all(|c| c.is_ascii_digit()) && ending.len() > 1 {
            break;
        }
        stem = front;
    }
    stem.split(['_', ' ', ',']).filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

/// `1h`, `H4`, `d1`, `15min`, `Hourly`.
fn frame(token: &str) -> Option<Timeframe> {
    let lower = token.to_lowercase();
    let digits: String = lower.chars().filter(char::is_ascii_digit).collect();
    let letters: String = lower.chars().filter(|c| !c.is_ascii_digit()).collect();
    if digits.is_empty() {
        return match letters.as_str() {
            "hourly" => "1h".parse().ok(),
            "daily" | "d" => "1d".parse().ok(),
            "weekly" => "1w".parse().ok(),
            "minute" => "1m".parse().ok(),
            _ => None,
        };
    }
    let unit = match letters.as_str() {
        "s" | "sec" => "s",
        "m" | "min" | "mn" => "m",
        "h" | "hour" | "hr" => "h",
        "d" | "day" => "d",
        "w" | "week" => "w",
        _ => return None,
    };
    let joined = lower == format!("{digits}{letters}") || lower == format!("{letters}{digits}");
    if joined { format!("{digits}{unit}").parse().ok() } else { None }
}

fn length_of(name: &str) -> Option<Timeframe> {
    tokens(name).iter().flat_map(|token| token.split('-')).find_map(frame)
}

/// `BTCUSDT` of `BTCUSDT_4h_binance.csv` and `BTCUSDT-1h-2021.csv`, `BTC-USD` of `BTC-USD_1d.csv`, `BTC/USDT` of
/// freqtrade's `BTC_USDT-4h.feather`, `EURUSD` of `EURUSDd1.csv` and `FOREX_EURUSD_1H_ASK.csv`.
pub(crate) fn of_name(name: &str) -> String {
    let tokens = tokens(name);
    if let [base, rest] = &tokens[..]
        && let Some((quote, length)) = rest.split_once('-')
        && frame(length).is_some()
        && is_ticker(base)
        && is_ticker(quote)
    {
        return format!("{base}/{quote}");
    }
    let useless = |token: &str| {
        WORDS.contains(&plain(token).as_str()) || frame(token).is_some() || token.chars().all(|c| !c.is_alphabetic())
    };
    let candidates = tokens.iter().map(|token| without_frame(token)).filter(|token| !useless(token));
    let first = candidates.map(|token| without_words(&token)).find(|token| !useless(token));
    first.or_else(|| tokens.first().cloned()).unwrap_or_else(|| "unnamed".to_owned())
}

fn is_ticker(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// `BTCUSDT-1h-2021-01` and `EURUSDd1` without what follows the ticker.
fn without_frame(token: &str) -> String {
    let parts: Vec<&str> = token.split('-').collect();
    let end = (1..parts.len()).find(|&at| frame(parts[at]).is_some() || is_date(parts[at]));
    let token = parts[..end.unwrap_or(parts.len())].join("-");
    let letters = token.bytes().take_while(u8::is_ascii_uppercase).count();
    for length in META {
        let Some(ticker) = token.strip_suffix(length).or_else(|| token.strip_suffix(&length.to_lowercase())) else {
            continue;
        };
        let digits = length.bytes().all(|b| b.is_ascii_digit());
        if ticker.len() >= 3 && ticker.bytes().all(|b| b.is_ascii_uppercase()) && (!digits || letters == 6) {
            return ticker.to_owned();
        }
    }
    token
}

/// `yahoofinance-AAPL` without the words that are no ticker.
fn without_words(token: &str) -> String {
    let parts: Vec<&str> = token.split('-').filter(|part| !WORDS.contains(&plain(part).as_str())).collect();
    if parts.is_empty() { token.to_owned() } else { parts.join("-") }
}

fn is_date(text: &str) -> bool {
    matches!(text.len(), 4 | 6 | 8) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_are_found_in_file_names() {
        for (name, symbol) in [
            ("x/BTCUSDT_4h_binance_20170817.csv", "BTCUSDT"),
            ("BTCUSDT-1h-2021-01.parquet", "BTCUSDT"),
            ("BTC-USD_1d.csv", "BTC-USD"),
            ("AAPL.csv", "AAPL"),
            ("_.csv", "unnamed"),
            ("BTC_USDT-4h.feather", "BTC/USDT"),
            ("EURUSDd1.csv", "EURUSD"),
            ("GBPUSDH1.csv", "GBPUSD"),
            ("EURUSDM15.csv", "EURUSD"),
            ("EURUSD60.csv", "EURUSD"),
            ("SP500.csv", "SP500"),
            ("FOREX_EURUSD_1H_ASK.csv", "EURUSD"),
            ("STOCKS_GOOGL.csv", "GOOGL"),
            ("yahoofinance-AAPL-20040819-20180120.csv", "AAPL"),
            ("ORIGINAL_binance_spot_BTCUSDT-1h_20140101-20240101_v2.10.0_gapped.csv.zst", "BTCUSDT"),
            ("Coinbase_BTCUSD_1h.csv", "BTCUSD"),
            ("nasdaq.csv.gz", "nasdaq"),
            ("DAT_ASCII_EURUSD_M1_201202.csv", "EURUSD"),
            ("SYN_4h_back.csv", "SYN"),
            ("data/spot/ETHUSDT-1m-2024-01.csv", "ETHUSDT"),
            ("1h.csv", "1h"),
            ("BINANCE_BTCUSDT, 60.csv", "BTCUSDT"),
            ("firstrate_SPY.txt", "SPY"),
            ("BRK.B.csv", "BRK"),
            ("", "unnamed"),
        ] {
            assert_eq!(of_name(name), symbol, "{name}");
        }
        assert_eq!(length_of("BTCUSDT-4h-2021-01.csv").unwrap().to_string(), "4h");
        assert_eq!(length_of("BTC_USD-Hourly.csv").unwrap().to_string(), "1h");
        assert_eq!(length_of("BTCUSDT.csv"), None);
    }
}
