//! Files of bars on the command line: inspect, import, export; and an import that is killed.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use glassbox::data::{ReadOptions, read_series};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::args;
use crate::bad_input::{one_line, refuse};
use crate::common::{BARS, Lab, command, csv, glassbox, walk};

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
