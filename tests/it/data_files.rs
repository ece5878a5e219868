//! Files of bars on the command line: inspect, import, export; and an import that is killed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use glassbox::data::{ReadOptions, read_series};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::args;
use crate::bad_input::{one_line, refuse};
use crate::common::{BARS, Lab, command, csv, files_below, glassbox, walk};

/// Kills of an import.
const KILLS: u32 = 24;

#[test]
fn inspection_says_what_was_guessed_and_why() {
    let lab = Lab::new();
    let record = glassbox(args!["data", "inspect", lab.bars()]).ok().event("data");
    assert_eq!(
        (&record["rows"], &record["timeframe"], &record["calendar"]),
        (&json!(BARS), &json!("4h"), &json!("24/7"))
    );
    assert_eq!(record["findings"], json!([]));
    let columns = record["guess"]["columns"].as_array().unwrap();
    assert_eq!((&columns[4]["role"], &columns[4]["confidence"]), (&json!("close"), &json!("sure")));
    assert!(columns.iter().all(|column| column["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
    assert_eq!(record["preview"][0][0], "2020-01-01T00:00:00Z");
}

#[test]
fn any_file_is_imported_and_exported() {
    let lab = Lab::new();
    let bars = walk(1, BARS);
    let text = csv(&bars);
    let (header, rows) = text.split_once('\n').unwrap();
    assert_eq!(header, "timestamp,open,high,low,close,volume");
    let turned: Vec<&str> = rows.lines().rev().collect();
    let messy = format!("made by hand, no warranty\nwhen;o;h;l;last;v\n{}\n", turned.join("\n").replace(',', ";"));
    let file = lab.write("messy.txt", messy);
    let out = lab.path("bars.parquet");
    let report =
        glassbox(args!["data", "import", file, "--out", out, "--map", "timestamp=when,close=last", "--symbol", "SYN"])
            .ok()
            .event("data");
    assert_eq!(
        (&report["rows"], &report["symbol"], &report["findings"][0]["name"]),
        (&json!(BARS), &json!("SYN"), &json!("order"))
    );
    for name in ["SYN.feather", "SYN.csv", "SYN_2.parquet"] {
        let path = lab.path(name);
        glassbox(args!["data", "export", out, "--out", path]).ok();
        assert_eq!(read_series(&path, &ReadOptions::default()).unwrap().0.bars(), bars, "{name}");
    }
    assert_eq!(fs::read(lab.path("SYN_2.parquet")).unwrap(), fs::read(&out).unwrap());
}

#[test]
fn files_of_every_kind_are_looked_at_and_taken_or_refused() {
    let lab = Lab::new();
    let out = lab.path("out.feather");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/data");
    for file in files_below(&corpus) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let import = args!["data", "import", file, "--out", out, "--drop-bad-rows"];
        if name.starts_with("good") {
            let looked = glassbox(args!["data", "inspect", file]).ok().event("data");
            let taken = glassbox(import).ok().event("data");
            for field in ["symbol", "timeframe", "calendar", "start", "end", "rows"] {
                assert_eq!(looked[field], taken[field], "{name}: {field}");
            }
            assert_eq!(read_series(&out, &ReadOptions::default()).unwrap().0.len() as u64, taken["rows"], "{name}");
            fs::remove_file(&out).unwrap();
        } else {
            one_line(&refuse(import, 1, &[&name]));
            assert!(!out.exists(), "{name}");
        }
    }
}

#[test]
fn choices_change_what_is_read() {
    let lab = Lab::new();
    let out = lab.path("x.parquet");
    let text = "Date,open,high,low,close,Adj Close,volume\n2024-07-01 09:30,100,120,90,110,55,7\n\
                2024-07-01 10:30,50,60,40,55,55,7\n";
    let file = lab.write("X.csv", text);
    let read = |choices: &[&str]| {
        let mut arguments = args!["data", "import", file, "--out", out].to_vec();
        arguments.extend(choices.iter().map(Into::into));
        let report = glassbox(arguments).ok().event("data");
        (read_series(&out, &ReadOptions::default()).unwrap().0, report)
    };
    let (series, report) = read(&[]);
    assert_eq!((series.bars()[0].close, &report["findings"][0]["name"]), (55.0, &json!("adjusted")));
    let (series, _) = read(&["--no-adjust", "--price-scale", "1/100", "--timezone", "America/New_York"]);
    assert_eq!((series.bars()[0].close, series.bars()[0].timestamp), (1.1, 1_719_840_600_000)); // 13:30 UTC
    let (series, report) = read(&["--map", "volume=none,adj_close=none", "--timeframe", "30m", "--symbol", "A/B"]);
    assert_eq!((series.bars()[0].volume, series.symbol.as_str()), (0.0, "A/B"));
    assert_eq!((&report["timeframe"], &report["findings"][0]["name"]), (&json!("30m"), &json!("no_volume")));
}

#[test]
fn the_speed_of_an_import_is_measured() {
    let output = glassbox(args!["bench", "data", "--bars", "2000", "--repeats", "1"]).ok();
    let records: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let record = records.iter().find(|record| record["bench"] == "data").expect("a record");
    assert_eq!(record["bars"], 2000);
    assert!(["import_s", "polars_s", "ratio"].iter().all(|field| record[*field].as_f64().is_some_and(|x| x > 0.0)));
}

#[test]
fn the_speed_of_features_is_measured() {
    let output = glassbox(args!["bench", "features", "--bars", "500", "--lines", "8", "--repeats", "1"]).ok();
    let records: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let record = records.iter().find(|record| record["bench"] == "features").expect("a record");
    assert_eq!((&record["bars"], &record["lines"]), (&json!(500), &json!(8)));
    let fields = ["rows_per_s", "windows_values_per_s", "inputs_width", "gather_gbs", "copy_gbs"];
    assert!(fields.iter().all(|field| record[*field].as_f64().is_some_and(|x| x > 0.0)));
}

#[test]
fn choices_that_make_no_sense_are_refused() {
    let lab = Lab::new();
    let out = lab.path("x.parquet");
    for (choice, code, part) in [
        (["--map", "close"], 2, "ROLE=COLUMN"),
        (["--map", "closing=close"], 2, "\"closing\" is not something a column can be"),
        (["--map", "close=Last"], 1, "there is no column \"Last\""),
        (["--timezone", "Mars"], 2, "America/New_York"),
        (["--price-scale", "0"], 2, "positive factor"),
        (["--decimal", "dot"], 2, "neither point nor comma"),
        (["--timeframe", "4x"], 2, "4x"),
    ] {
        let mut arguments = args!["data", "import", lab.bars(), "--out", out].to_vec();
        arguments.extend(choice.map(Into::into));
        one_line(&refuse(arguments, code, &[part]));
        assert!(!out.exists());
    }
    let two = "date,symbol,open,high,low,close,volume\n2024-01-01,A,1,2,0.5,1.5,1\n2024-01-01,B,2,3,1.5,2.5,1\n\
               2024-01-02,A,1,2,0.5,1.5,1\n2024-01-02,B,2,3,1.5,2.5,1\n";
    let file = lab.write("two.csv", two);
    one_line(&refuse(args!["data", "import", file, "--out", out], 1, &["2 symbols (A, B)", "--symbol"]));
    glassbox(args!["data", "import", file, "--out", out, "--symbol", "B"]).ok();
    assert_eq!(read_series(&out, &ReadOptions::default()).unwrap().0.bars()[1].close, 2.5);
    one_line(&refuse(args!["data", "import", file, "--out", lab.path("x.xlsx"), "--symbol", "B"], 1, &[".feather"]));
}

#[test]
fn a_killed_import_leaves_the_old_file_or_the_new_one() {
    let lab = Lab::new();
    let old = lab.write("old.csv", csv(&walk(1, 50)));
    let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
    for i in 0..200_000 {
        writeln!(text, "{},{},{},1,{},{i}", 1_577_836_800_000_i64 + i * 60_000, i % 7 + 2, i % 7 + 9, i % 5 + 2)
            .unwrap();
    }
    let new = lab.write("new.csv", text);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for ending in ["parquet", "feather", "csv"] {
        let out = lab.path(&format!("bars.{ending}"));
        let start = Instant::now();
        glassbox(args!["data", "import", new, "--out", out]).ok();
        let whole = start.elapsed();
        let mut seen = [0, 0];
        for kill in 0..KILLS {
            glassbox(args!["data", "import", old, "--out", out]).ok();
            let mut child = command(args!["data", "import", new, "--out", out])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let share = (f64::from(kill) + rng.random::<f64>()) / f64::from(KILLS);
            std::thread::sleep(whole.mul_f64(share) + Duration::from_millis(2));
            child.kill().ok();
            child.wait().unwrap();
            let bars = read_series(&out, &ReadOptions::default()).unwrap().0.len();
            assert!(matches!(bars, 50 | 200_000), "{ending}, kill {kill} after {share:.2} of the import: {bars} bars");
            seen[usize::from(bars > 50)] += 1;
        }
        assert!(seen[0] > 0, "{ending}: {seen:?}");
    }
}

#[test]
fn a_training_is_refused_until_what_blocks_is_accepted_by_name() {
    let lab = Lab::new();
    let apple = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/AAPL_1d_quandl_wiki_20000301-20130301.csv");
    let keep = "data.keep_unadjusted=true";
    let train = |more: &str| {
        args!["train", "--preset", "demo", "--data", apple, "--workspace", lab.path("w"), "--set", keep, "--set", more]
    };
    refuse(train("data.accept=[]"), 1, &["split", "data.accept = [\"split\"]"]);
    refuse(train("data.accept=[\"spilt\"]"), 1, &["no finding is called \"spilt\"", "split"]);
    assert!(!lab.path("w").join("runs").exists(), "nothing was begun");
    let seen = glassbox(args!["data", "inspect", apple, "--no-adjust"]).ok().event("data");
    let split = seen["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == "split").unwrap();
    assert_eq!((&split["severity"], &split["count"]), (&json!("blocking"), &json!(2)));
    assert_eq!(split["places"].as_array().unwrap().len(), 2);
    let seen = glassbox(args!["data", "inspect", apple]).ok().event("data");
    assert!(seen["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] != "blocking"));
}

#[test]
fn hours_become_the_exchanges_own_longer_bars() {
    let lab = Lab::new();
    let sample = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data").join(name);
    let (hours, made) = (sample("BTCUSDT_1h_binance_20170817-20240101.parquet"), lab.path("BTCUSDT_4h.parquet"));
    let record = glassbox(args!["data", "resample", hours, "--to", "4h", "--out", made]).ok().event("data");
    let incomplete = record["incomplete"].as_u64().unwrap() as usize;
    let read = |path: &Path| read_series(path, &ReadOptions::default()).unwrap().0;
    let (made, theirs) = (read(&made), read(&sample("BTCUSDT_4h_binance_20170817-20240101.csv")));
    let same = theirs.bars().iter().filter(|bar| {
        let found = made.bars().binary_search_by_key(&bar.timestamp, |made| made.timestamp);
        found.is_ok_and(|i| {
            let made = made.bars()[i];
            (made.open, made.high, made.low, made.close) == (bar.open, bar.high, bar.low, bar.close)
                && (made.volume - bar.volume).abs() <= 1e-9 * bar.volume
        })
    });
    assert!(theirs.len() - same.count() <= incomplete, "of {} bars {incomplete} lack hours", theirs.len());
    refuse(args!["data", "resample", hours, "--to", "90m", "--out", lab.path("x.csv")], 1, &["multiple"]);
    refuse(args!["data", "resample", hours, "--to", "soon", "--out", lab.path("x.csv")], 2, &["period"]);
}
