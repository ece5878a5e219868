//! Every way to write bars as text, and what is guessed of it.

use chrono::DateTime;

use super::super::{Confidence, Guess, ReadOptions, Role, guess_file, inspect_file, read_series};
use super::{HOUR, START, finding, import, read, repaired, walk, write};
use crate::market::{Bar, Extra};

const DAY: i64 = 24 * HOUR;

/// Rows of `bars` with times formatted by chrono.
fn rows(bars: &[Bar], time: &str, row: impl Fn(&str, &Bar) -> String) -> String {
    let text = |bar: &Bar| DateTime::from_timestamp_millis(bar.timestamp).unwrap().format(time).to_string();
    bars.iter().map(|bar| row(&text(bar), bar) + "\n").collect()
}

fn plain(time: &str, bar: &Bar) -> String {
    format!("{time},{},{},{},{},{}", bar.open, bar.high, bar.low, bar.close, bar.volume)
}

/// The bars read from `text` must be `bars`.
fn reads(name: &str, text: &str, bars: &[Bar]) -> Guess {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), name, text);
    let series =
        read_series(&path, &repaired()).unwrap_or_else(|err| panic!("{err}\n{}", &text[..text.len().min(300)])).0;
    assert_eq!(series.bars(), bars, "{}", &text[..text.len().min(300)]);
    guess_file(&path, &ReadOptions::default()).unwrap()
}

#[test]
fn times_of_every_spelling() {
    let hours = walk(60, HOUR);
    let days = walk(60, DAY);
    for (time, bars) in [
        ("%Y-%m-%dT%H:%M:%SZ", &hours),
        ("%Y-%m-%d %H:%M", &hours),
        ("%Y.%m.%d %H:%M:%S", &hours),
        ("%d.%m.%Y %H:%M:%S.000", &hours),
        ("%d/%m/%Y %H:%M", &days),
        ("%m/%d/%Y", &days),
        ("%m/%d/%y", &days),
        ("%-m/%-d/%Y %-H:%M", &hours),
        ("%Y%m%d", &days),
        ("%Y%m%d %H%M%S", &hours),
        ("%Y%m%d%H%M", &hours),
        ("%s", &hours),
        ("%s000", &hours),
        ("%s000000", &hours),
        ("%s000000000", &hours),
        ("%s.000", &hours),
        ("%Y-%m-%d %I-%p", &hours),
        ("%m/%d/%Y %I:%M:%S %p", &hours),
        ("\"%b %d, %Y\"", &days),
        ("%d-%b-%Y", &days),
        ("%a %b %d %Y %H:%M", &hours),
        ("%Y-%m-%dT%H:%M:%S+00:00", &hours),
    ] {
        reads("A.csv", &format!("date,open,high,low,close,volume\n{}", rows(bars, time, plain)), bars);
        let mut turned: Vec<Bar> = bars.clone();
        turned.reverse();
        reads("A.csv", &format!("date,open,high,low,close,volume\n{}", rows(&turned, time, plain)), bars);
    }
    let offset = rows(&hours, "%Y-%m-%dT%H:%M:%S+02:00", plain);
    let shifted: Vec<Bar> = hours.iter().map(|bar| Bar { timestamp: bar.timestamp - 2 * HOUR, ..*bar }).collect();
    reads("A.csv", &format!("date,open,high,low,close,volume\n{offset}"), &shifted);
}

#[test]
fn a_date_and_a_time_of_day_are_one_time() {
    let bars = walk(60, HOUR);
    let meta = |time: &str, bar: &Bar| plain(time, bar).replace(',', "\t");
    let header = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n";
    let guess = reads("EURUSD_H1.csv", &(header.to_owned() + &rows(&bars, "%Y.%m.%d\t%H:%M:%S", meta)), &bars);
    assert_eq!(guess.column(Role::Clock).unwrap().column, "<TIME>");
    assert_eq!((guess.symbol.as_str(), guess.delimiter.as_deref()), ("EURUSD", Some("tab")));
    // The same without header, as MetaTrader 4 and histdata.com write it.
    reads("EURUSD60.csv", &rows(&bars, "%Y.%m.%d,%H:%M", plain), &bars);
    let semicolons = |time: &str, bar: &Bar| plain(time, bar).replace(',', ";");
    let guess = reads("DAT_ASCII_EURUSD_M1_2024.csv", &rows(&bars, "%Y%m%d %H%M%S", semicolons), &bars);
    assert_eq!(guess.column(Role::High).unwrap().confidence, Confidence::Likely);
    assert_eq!(guess.column(Role::High).unwrap().column, "#3");
}

#[test]
fn numbers_of_every_spelling() {
    let bars = walk(60, DAY);
    let comma = |x: f64| x.to_string().replace('.', ",");
    let german = |time: &str, b: &Bar| {
        format!("{time};{};{};{};{};{}", comma(b.open), comma(b.high), comma(b.low), comma(b.close), comma(b.volume))
    };
    let header = "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n";
    let guess = reads("SAP.csv", &(header.to_owned() + &rows(&bars, "%d.%m.%Y", german)), &bars);
    assert_eq!((guess.decimal.as_deref(), guess.time.form.as_str()), (Some(","), "day, month, year"));
    let dollars = |time: &str, b: &Bar| format!("{time},${},{},${},${},${}", b.close, b.volume, b.open, b.high, b.low);
    reads(
        "AAPL.csv",
        &("Date,Close/Last,Volume,Open,High,Low\n".to_owned() + &rows(&bars, "%m/%d/%Y", dollars)),
        &bars,
    );
    let thousands = |time: &str, b: &Bar| {
        let volume = format!("{:.1}", b.volume);
        let volume = format!("\"{},{}\"", &volume[..1], &volume[1..]);
        format!("\"{time}\",\"{}\",\"{}\",\"{}\",\"{}\",{volume},\"1.2%\"", b.close, b.open, b.high, b.low)
    };
    reads(
        "X.csv",
        &("\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n".to_owned()
            + &rows(&bars, "%b %d, %Y", thousands)),
        &bars,
    );
    let kilo =
        |time: &str, b: &Bar| format!("{time},{},{},{},{},{}K", b.open, b.high, b.low, b.close, b.volume / 1000.0);
    reads("X.csv", &("Date,Open,High,Low,Close,Vol\n".to_owned() + &rows(&bars, "%Y-%m-%d", kilo)), &bars);
}

#[test]
fn banners_comments_and_byte_order_marks_are_passed_over() {
    let bars = walk(30, DAY);
    let body = rows(&bars, "%Y-%m-%d", plain);
    let header = "date,open,high,low,close,volume\n";
    let guess = reads("A.csv", &format!("Timestamps are UTC,https://example.org\n{header}{body}"), &bars);
    assert_eq!((guess.header_line, guess.banner.len()), (Some(2), 1));
    reads("A.csv", &format!("\u{feff}{header}{body}"), &bars);
    reads("A.csv", &format!("# a\n# b, c, d, e, f, g\n\n{header}\n{body}\n\n# the end\n"), &bars);
    reads("A.csv", &format!("{header}{body}{header}"), &bars);
    reads("A.tsv", &format!("{header}{body}").replace(',', "\t"), &bars);
    reads("A.txt", &format!("{header}{body}").replace(',', "|"), &bars);
    reads("A.dat", &format!("{header}{body}").replace(',', "   "), &bars);
    reads("A.csv", &format!("sep=;\n{}", format!("{header}{body}").replace(',', ";")), &bars);
    reads("A.csv", &format!("{header}{body}").replace('\n', ",\r\n"), &bars);
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(format!("{header}{body}").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(&write(folder.path(), "A.csv", utf16)).0.bars(), bars);
}

#[test]
fn klines_without_names_are_known_by_their_shape() {
    let bars = walk(60, HOUR);
    let row = |time: &str, b: &Bar| {
        let end = b.timestamp + HOUR - 1;
        format!(
            "{time},{},{},{},{},{},{end},{},{},{},{},0",
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume,
            b.volume * b.close,
            17,
            b.volume / 2.0,
            b.volume * b.close / 2.0
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "BTCUSDT-1h-2024-01.csv", rows(&bars, "%s000", row));
    let (series, report) = read(&path);
    assert_eq!((series.bars(), series.symbol.as_str()), (&bars[..], "BTCUSDT"));
    assert_eq!(report.extras, ["quote_volume", "taker_buy_quote_volume", "taker_buy_volume", "trades"]);
    assert_eq!(series.extra(Extra::Trades).unwrap()[3], 17.0);
    // Other exchanges put low before high, or close before high.
    let coinbase = |time: &str, b: &Bar| format!("{time},{},{},{},{},{}", b.low, b.high, b.open, b.close, b.volume);
    reads("A.csv", &rows(&bars, "%s", coinbase), &bars);
    let bitfinex = |time: &str, b: &Bar| format!("{time},{},{},{},{},{}", b.open, b.close, b.high, b.low, b.volume);
    reads("A.csv", &rows(&bars, "%s000", bitfinex), &bars);
}

#[test]
fn base_volume_is_told_from_quote_volume() {
    let bars = walk(60, HOUR);
    let row = |time: &str, b: &Bar| {
        format!("{time},BTCUSD,{},{},{},{},{},{}", b.open, b.high, b.low, b.close, b.volume, b.volume * b.close)
    };
    let text = "date,symbol,open,high,low,close,volume_btc,volume\n".to_owned() + &rows(&bars, "%Y-%m-%d %H:%M", row);
    let guess = reads("Coinbase_x_1h.csv", &text, &bars);
    assert_eq!(guess.column(Role::Volume).unwrap().column, "volume_btc");
    assert_eq!(guess.column(Role::Extra(Extra::QuoteVolume)).unwrap().column, "volume");
    assert_eq!(guess.column(Role::Volume).unwrap().reason, "volume_btc times close is about volume");
}

#[test]
fn volumes_in_each_others_column_are_swapped_back() {
    let bars = walk(300, HOUR);
    let row = |time: &str, b: &Bar| {
        let (base, quote) = (b.volume, b.volume * b.close);
        let (a, z) = if b.timestamp < START + 200 * HOUR { (base, quote) } else { (quote, base) };
        format!("{time},{},{},{},{},{a},{z}", b.open, b.high, b.low, b.close)
    };
    let text = "date,open,high,low,close,volume,Volume USD\n".to_owned() + &rows(&bars, "%Y-%m-%d %H:%M", row);
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "A.csv", &text);
    let (series, report) = import(&path);
    assert_eq!(series.bars(), bars);
    let found = finding(&report, "swapped_volumes");
    assert_eq!((found.count, found.first[0].as_str()), (100, "from 2024-01-09T08:00:00Z"));
    let (series, report) = read(&path); // without repair only told
    assert_ne!(series.bars(), bars);
    assert!(finding(&report, "swapped_volumes").sentence.contains("data import"));
}

#[test]
fn what_is_doubtful_is_said() {
    let bars = walk(6, HOUR);
    let folder = tempfile::tempdir().unwrap();
    // All in one day: 1 January or 1 January; 2 January or 1 February.
    let text = "date,open,high,low,close,volume\n".to_owned() + &rows(&bars, "02/01/2024 %H:%M", plain);
    let found = inspect_file(&write(folder.path(), "A.csv", &text), &ReadOptions::default()).unwrap();
    assert_eq!(found.guess.time.confidence, Confidence::Doubtful);
    assert!(finding(&found.report, "date_order").sentence.contains("--day-first"));
    assert_eq!(found.guess.preview[0][1], "100");
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["guess"]["columns"][5]["role"], "volume");
    assert_eq!(json["rows"], 6);
}

#[test]
fn letters_mean_what_their_case_says() {
    let bars = walk(30, HOUR);
    let record = |b: &Bar| {
        let end = b.timestamp + HOUR - 1;
        format!(
            "{{\"T\":{end},\"t\":{},\"s\":\"BTC\",\"o\":\"{}\",\"c\":\"{}\",\"h\":\"{}\",\"L\":2,\"l\":\"{}\",\"V\":1,\"v\":\"{}\",\"n\":7}}",
            b.timestamp, b.open, b.close, b.high, b.low, b.volume
        )
    };
    let records: Vec<String> = bars.iter().map(record).collect();
    let guess = reads("x.json", &format!("[{}]", records.join(",")), &bars);
    assert_eq!((guess.symbol.as_str(), guess.column(Role::Time).unwrap().column.as_str()), ("BTC", "t"));
    let message = |(k, b): (&String, &Bar)| format!("{{\"E\":{},\"k\":{k}}}", b.timestamp + 5);
    let messages: Vec<String> = records.iter().zip(&bars).map(message).collect();
    let guess = reads("x.jsonl", &messages.join("\n"), &bars);
    assert_eq!(guess.column(Role::Low).unwrap().column, "k.l");
    let nested = format!("{{\"data\":{{\"list\":[{}]}}}}", records.join(","));
    reads("x.json", &nested, &bars);
}

#[test]
fn rare_spellings_are_read() {
    let bars = walk(60, HOUR);
    let header = "date,open,high,low,close,volume\n";
    let text = format!("{header}{}", rows(&bars, "%Y-%m-%d %H:%M", plain));
    reads("A.csv", &text.replace('\n', "\r"), &bars);
    assert_eq!(reads("A.parquet", &text, &bars).format, "CSV");
    assert_eq!(reads("BINANCE_BTCUSDT, 60.csv", &text, &bars).symbol, "BTCUSDT");
    let shifted: Vec<Bar> = bars.iter().map(|bar| Bar { timestamp: bar.timestamp + 5 * HOUR, ..*bar }).collect();
    for zone in ["US/Eastern", "America/New_York", "EST"] {
        reads("A.csv", &format!("{header}{}", rows(&bars, &format!("%Y%m%d %H:%M:%S {zone}"), plain)), &shifted);
    }
    let serial = |_: &str, b: &Bar| plain(&format!("{:.6}", b.timestamp as f64 / 86_400_000.0 + 25_569.0), b);
    let guess = reads("A.csv", &format!("{header}{}", rows(&bars, "", serial)), &bars);
    assert!(guess.time.reason.contains("as spreadsheets do"), "{}", guess.time.reason);
    let traded = "Date ,Open Price,High Price,Low Price,Close Price,Total Traded Quantity\n";
    reads("A.csv", &format!("{traded}{}", rows(&bars, "%d-%b-%Y %H:%M", plain)), &bars);
    let folder = tempfile::tempdir().unwrap();
    let german = text.replace("open", "Er\u{f6}ffnung").chars().map(|c| c as u8).collect::<Vec<u8>>();
    let path = write(folder.path(), "A.csv", german);
    assert_eq!(read(&path).0.bars(), bars);
    assert_eq!(guess_file(&path, &ReadOptions::default()).unwrap().columns[1].column, "Er\u{f6}ffnung");
}

#[test]
fn numbers_near_1970_are_no_times() {
    let folder = tempfile::tempdir().unwrap();
    let text = "t,o,h,l,c,v\n4774,1,2,0.5,1.5,3\n9548,1,2,0.5,1.5,3\n";
    let sentence = read_series(&write(folder.path(), "A.csv", text), &repaired()).unwrap_err().to_string();
    assert!(sentence.contains("line 2: t is \"4774\", not a time"), "{sentence}");
}

#[test]
fn one_row_that_names_its_length_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = "date,open,high,low,close,volume,interval\n2024-01-01,1,2,0.5,1.5,3,4h\n";
    let (series, _) = read(&write(folder.path(), "A.csv", text));
    assert_eq!((series.len(), series.timeframe.to_string().as_str()), (1, "4h"));
}
