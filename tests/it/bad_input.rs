//! Bad input: one sentence that names file, row, column or key, exit code 1 or 2, nothing half-written.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::args;
use crate::common::{BARS, FINISHED, Lab, Output, TINY, csv, files_below, glassbox, walk};

/// Runs the program, which must refuse with `code` and a message that holds every part of `says`.
#[track_caller]
pub(super) fn refuse(arguments: impl IntoIterator<Item = OsString>, code: i32, says: &[&str]) -> String {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let output = glassbox(arguments.clone());
    let told = format!("{arguments:?} gave {:?}: {}", output.code, output.stderr);
    assert_eq!(output.code, Some(code), "{told}");
    let message = message(&output);
    for part in says {
        assert!(message.contains(part), "{part:?} is not in {message:?}; {told}");
    }
    message
}

/// The message of the error record, which must be a sentence for people and stand on standard error too.
#[track_caller]
pub(super) fn message(output: &Output) -> String {
    let message = output.event("error")["message"].as_str().expect("a text").to_owned();
    assert!(output.stderr.contains(&format!("error: {message}")), "{}", output.stderr);
    let code_like = ["panicked", "backtrace", "   0:", "Some(", "Err(", "Error(", "Error {", " { ", "::", "defect"];
    for word in code_like {
        assert!(!output.stderr.contains(word), "{word:?} in {}", output.stderr);
    }
    assert!(message.len() > 15 && !message.contains("\n\n"), "{message:?}");
    message
}

#[track_caller]
pub(super) fn one_line(message: &str) {
    assert_eq!(message.lines().count(), 1, "{message}");
}

/// What a workspace holds, locks apart.
fn written(workspace: &Path) -> Vec<PathBuf> {
    files_below(workspace).into_iter().filter(|path| !path.to_string_lossy().ends_with("lock")).collect()
}

/// `text` with line `line` (the header is 1) replaced.
fn with_line(text: &str, line: usize, new: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines[line - 1] = new;
    lines.join("\n")
}

#[test]
fn unusable_bars_are_refused_by_place() {
    let lab = Lab::new();
    let good = csv(&walk(1, 300));
    let row = good.lines().nth(6).unwrap().to_owned();
    let cells: Vec<&str> = row.split(',').collect();
    let cell = |at: usize, new: &str| {
        let mut cells = cells.clone();
        cells[at] = new;
        with_line(&good, 7, &cells.join(","))
    };
    let no_close: String =
        good.lines().map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",") + ",1\n").collect();
    let cases: [(&str, String, &[&str]); 17] = [
        ("a missing column", no_close.replace("low,1", "low,volume"), &["column close is missing"]),
        ("text in a price", cell(2, "abc"), &["line 7", "high", "\"abc\""]),
        ("no price", cell(4, ""), &["line 7", "close", "missing"]),
        ("a price that is no number", cell(1, "NaN"), &["line 7", "open"]),
        ("an endless price", cell(2, "inf"), &["line 7", "high"]),
        ("a price of zero", cell(3, "0"), &["line 7", "low"]),
        ("a negative volume", cell(5, "-1"), &["line 7", "volume"]),
        ("high below low", cell(2, "1"), &["line 7", "high"]),
        ("a time that is none", cell(0, "yesterday"), &["line 7", "timestamp", "\"yesterday\""]),
        ("one cell too few", with_line(&good, 7, &cells[..4].join(",")), &["line 7"]),
        (
            "disagreeing duplicates",
            with_line(&good, 8, cell(5, "9").lines().nth(6).unwrap()),
            &["line 7 and line 8", "volume"],
        ),
        ("exact duplicates", with_line(&good, 8, &row), &["line 8", "line 7", "data import"]),
        ("disorder", with_line(&good, 20, &row), &["line 2", "data import"]),
        ("an empty file", String::new(), &["is empty"]),
        ("only a header", good.lines().next().unwrap().to_owned() + "\n", &["no rows"]),
        ("one bar", good.lines().take(2).collect::<Vec<_>>().join("\n"), &["timeframe"]),
        ("no table", "no such thing\nas a table\n".to_owned(), &["missing"]),
    ];
    for (name, text, says) in cases {
        let file = lab.write("bad_4h.csv", text);
        let file_name = file.display().to_string();
        for verb in ["collect", "run"] {
            let mut arguments = args![verb, "--workspace", lab.path("w")].to_vec();
            if verb == "run" {
                arguments.push("--data".into());
            }
            arguments.push(file.clone().into());
            let message = refuse(arguments, 1, says);
            one_line(&message);
            assert!(message.contains(&file_name), "{name}: {message}");
        }
        assert_eq!(written(&lab.path("w")), Vec::<PathBuf>::new(), "{name}");
    }
}

#[test]
fn unusable_files_are_refused_by_name() {
    let lab = Lab::new();
    let whole = lab.path("whole.parquet");
    glassbox(args!["data", "import", lab.bars(), "--out", whole]).ok();
    let bytes = fs::read(&whole).unwrap();
    let garble = |range: std::ops::Range<usize>| {
        let mut bytes = bytes.clone();
        bytes[range].iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 131 % 251) as u8);
        bytes
    };
    // The last eight bytes are the footer's length and the magic word.
    let end = bytes.len() - 8;
    let footer = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
    let folder = lab.path("folder.csv");
    fs::create_dir(&folder).unwrap();
    let cases = [
        (lab.write("truncated_4h.parquet", &bytes[..bytes.len() * 2 / 3]), "Parquet"),
        (lab.write("ending_4h.parquet", garble(bytes.len() / 4..bytes.len() - 4)), "Parquet"),
        (lab.write("footer_4h.parquet", garble(end - footer..end)), "Parquet"),
        (lab.write("pages_4h.parquet", garble(4..end - footer)), "Parquet"),
        (lab.write("empty_4h.parquet", ""), "empty"),
        (lab.write("text_4h.parquet", "no table at all\n".repeat(50)), "Parquet"),
        (lab.write("binary_4h.csv", [0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28].repeat(50)), "binary_4h.csv"),
        (lab.write("bars.xlsx", "x"), "neither .csv nor .parquet"),
        (lab.path("absent.csv"), "cannot read"),
        (folder, "folder.csv"),
    ];
    for (file, says) in cases {
        for verb in [&["collect"][..], &["data", "inspect"], &["run", "--data"]] {
            let mut arguments = args!["--workspace", lab.path("w")].to_vec();
            arguments.extend(verb.iter().map(Into::into));
            arguments.push(file.clone().into());
            let message = refuse(arguments, 1, &[says, &file.display().to_string()]);
            one_line(&message);
        }
    }
    assert_eq!(written(&lab.path("w")), Vec::<PathBuf>::new());
}

#[test]
fn markets_without_anything_to_learn_are_refused() {
    let flat: Vec<_> = walk(1, BARS)
        .into_iter()
        .map(|mut bar| {
            (bar.open, bar.high, bar.low, bar.close) = (100.0, 100.0, 100.0, 100.0);
            bar
        })
        .collect();
    let mut rising = walk(1, BARS);
    let mut price = 100.0;
    for bar in &mut rising {
        (bar.open, bar.low, bar.high, bar.close) = (price, price, price * 1.01, price * 1.01);
        price *= 1.01;
    }
    let cases =
        [(rising, "always by the same step"), (walk(1, 2), "bars"), (walk(1, 60), "bars"), (flat, "prices never move")];
    for (bars, says) in cases {
        let lab = Lab::with(&bars, TINY);
        let message = refuse(args!["run", lab.config(), "--workspace", lab.path("w")], 1, &[says]);
        one_line(&message);
        assert!(!lab.path("w/runs").exists(), "a run folder in spite of: {message}");
    }
}

#[test]
fn bars_without_volume_are_fine() {
    let mut bars = walk(1, BARS);
    for bar in &mut bars {
        bar.volume = 0.0;
    }
    let lab = Lab::with(&bars, TINY);
    lab.run("w").ok();
}

#[test]
fn wrong_configurations_are_refused_by_key() {
    let lab = Lab::new();
    let cases: [(&str, &[&str]); 11] = [
        ("[model]\nd_modl = 8\n", &["model.d_modl", "unknown key", "d_model"]),
        (
            "[model]\nd_modl = 8\nseq_len = \"x\"\n[train]\nbatch_size = 0\n[nowhere]\na = 1\n",
            &["model.d_modl", "model.seq_len", "nowhere"],
        ),
        ("[model]\nd_model = 32\nnum_heads = 5\n", &["model.num_heads", "must divide d_model 32", "5"]),
        ("[model]\nseq_len = = 3\n", &["line 2"]),
        ("preset = \"grand\"\n", &["preset", "\"grand\"", "demo"]),
        ("[train]\nrun_name = \"a/b\"\n", &["train.run_name"]),
        ("[features]\ngroups = [\"tea leaves\"]\n", &["tea leaves"]),
        ("[labels]\nmode = \"hindsight\"\n", &["hindsight"]),
        ("[labels]\nmode = \"context\"\nprediction_horizon = 4\n", &["labels.prediction_horizon", "at least 5", "4"]),
        ("[splits]\ntest = 0.5\n", &["splits", "sum to 1"]),
        ("[splits]\nfolds = 5000\n", &["splits.folds", "1 to 1000", "5000"]),
    ];
    for (text, says) in cases {
        let file = lab.write("bad.toml", text);
        let message = refuse(args!["run", file, "--data", lab.bars(), "--workspace", lab.path("w")], 2, says);
        one_line(&message);
    }
    let with = |more: &[&str]| {
        let mut arguments = args!["run", lab.config(), "--workspace", lab.path("w")].to_vec();
        arguments.extend(more.iter().map(Into::into));
        arguments
    };
    one_line(&refuse(with(&["--set", "model.num_heads=3"]), 2, &["model.num_heads"]));
    one_line(&refuse(with(&["--set", "seed"]), 2, &["section.key=value"]));
    one_line(&refuse(with(&["--preset", "grand"]), 2, &["\"grand\"", "demo"]));
    one_line(&refuse(args!["run", lab.path("absent.toml")], 2, &["absent.toml"]));
    one_line(&refuse(args!["run", "--preset", "demo", lab.write("empty.toml", "")], 1, &["data.file"]));
    one_line(&refuse(with(&["--set", "data.start=soon"]), 1, &["data.start", "\"soon\""]));
    one_line(&refuse(with(&["--set", "data.timeframe=4x"]), 1, &["data.timeframe", "4x"]));
    one_line(&refuse(with(&["--set", "data.start=2030-01-01"]), 1, &["data.start"]));
    one_line(&refuse(with(&["--set", "features.feature_dim=3"]), 1, &["features.feature_dim"]));
    one_line(&refuse(
        with(&["--set", "labels.prediction_horizon=5000"]),
        1,
        &["labels.prediction_horizon", "5000 bars"],
    ));
    assert!(!lab.path("w/runs").exists());
    one_line(&refuse(with(&["--set", "backtest.sizing=kelly"]), 1, &["backtest.sizing", "splits.calibration"]));
    one_line(&refuse(with(&["--set", "train.batch_size=5000"]), 1, &["train.batch_size is 5000"]));
}

#[test]
fn wrong_arguments_are_refused() {
    let lab = Lab::new();
    let out = lab.path("out.parquet");
    let compute = |only: &str| args!["indicators", "compute", "--data", lab.bars(), "--out", out, "--only", only];
    one_line(&refuse(args!["indicators", "show", "crystal_ball"], 2, &["crystal_ball", "rsi"]));
    one_line(&refuse(compute("crystal_ball"), 2, &["crystal_ball"]));
    one_line(&refuse(compute("rsi(period=0)"), 2, &["period", "0"]));
    one_line(&refuse(compute("rsi(periods=9)"), 2, &["periods"]));
    let bars = fs::read(lab.bars()).unwrap();
    let over = args!["indicators", "compute", "--data", lab.bars(), "--out", lab.bars()];
    one_line(&refuse(over, 1, &["must end in .parquet"]));
    assert!(!out.exists() && fs::read(lab.bars()).unwrap() == bars);
    let window = args!["analyze", FINISHED.run, "--window", "noon", "--workspace", FINISHED.workspace];
    one_line(&refuse(window, 2, &["--window", "\"noon\""]));
    let signals = |text: &str| {
        let file = lab.write("signals.csv", text);
        args!["backtest", "--signals", file, "--data", lab.bars(), "--out", lab.path("out")]
    };
    for (text, says) in [
        ("timestamp,side\n2020-02-01,sideways\n", &["signals.csv", "line 2", "sideways"][..]),
        ("timestamp,side\n2020-02-01T00:17:00Z,long\n", &["signals.csv", "row 1"]),
        ("timestamp,side,size\n2020-02-01,long,7\n", &["signals.csv", "row 1", "size"]),
        ("timestamp,size\n2020-02-01,1\n", &["signals.csv", "side"]),
        ("", &["signals.csv", "empty"]),
    ] {
        one_line(&refuse(signals(text), 1, says));
    }
    assert!(!lab.path("out").exists());
}

#[test]
fn places_that_cannot_be_written_are_refused() {
    let lab = Lab::new();
    // Below a regular file not even root can write.
    let file = lab.write("file", "");
    let below = file.join("w");
    let name = file.display().to_string();
    for arguments in [
        args!["run", lab.config(), "--workspace", below].to_vec(),
        args!["collect", lab.bars(), "--workspace", below].to_vec(),
        args!["data", "import", lab.bars(), "--out", below.join("x.parquet")].to_vec(),
        args!["data", "export", lab.bars(), "--out", below.join("x.csv")].to_vec(),
        args!["indicators", "compute", "--data", lab.bars(), "--out", below.join("x.parquet")].to_vec(),
    ] {
        one_line(&refuse(arguments, 1, &[&name]));
    }
    let (_guard, run) = FINISHED.copy();
    let figures = args!["analyze", run, "--figures", below, "--workspace", FINISHED.workspace];
    one_line(&refuse(figures, 1, &[&name]));
    assert_eq!(fs::read(&file).unwrap(), b"");
}
