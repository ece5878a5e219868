//! Formula files from outside: checked, computed, captured, kept with a run and traded.

use std::fs;
use std::path::Path;

use glassbox::data::read_table;
use serde_json::{Value, json};

use crate::args;
use crate::common::{BARS, Lab, Output, command, finish, glassbox, walk};

const SPAN: &str = "title \"Span\"\nparam n = 4 from 1 to 50  # Bars\n\n\
                    high_n = highest(high, n)  # Highest high\nlow_n = lowest(low, n)\n\
                    output share = (close - low_n) / (high_n - low_n)  # Place of the close\n";

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/formulas")
}

#[test]
fn a_formula_is_checked_with_line_and_column() {
    let lab = Lab::new();
    let file = lab.write("span.indicator", SPAN);
    let sound = glassbox(args!["indicators", "check", file]).ok().event("formula");
    let names: Vec<&Value> = sound["lines"].as_array().unwrap().iter().map(|line| &line["name"]).collect();
    assert_eq!(names, ["span.high_n", "span.low_n", "span.share"]);
    let share = &sound["lines"][2];
    assert_eq!(
        (&share["unit"], &share["meaning"], &share["internal"]),
        (&json!("ratio"), &json!("Place of the close"), &json!(false))
    );
    assert_eq!(
        (&share["first_bar"], &share["first_bar_exact"], &sound["rule"]),
        (&json!(3), &json!(true), &json!(false))
    );

    let bad = lab.write("bad.indicator", "a = clsoe\nb = close[-1]\nc = 1 / 0\nd = close + volume\ne = (close\n");
    let refused = glassbox(args!["indicators", "check", bad]);
    assert_eq!(refused.code, Some(1));
    let places: Vec<(u64, u64)> = refused
        .events("formula_error")
        .iter()
        .map(|error| (error["line"].as_u64().unwrap(), error["column"].as_u64().unwrap()))
        .collect();
    assert_eq!(places, [(1, 5), (2, 11), (3, 7), (4, 11), (5, 5)]);
    let text = finish(command(args!["indicators", "check", bad]));
    assert!(text.stdout.contains("bad.indicator:2:11: this looks ahead"), "{}", text.stdout);

    let endless = lab.write("endless.indicator", "a = close\n".repeat(60_000));
    let refused = glassbox(args!["indicators", "check", endless]);
    let error = refused.event("formula_error");
    assert_eq!((refused.code, &error["line"], &error["column"]), (Some(1), &json!(26_215), &json!(5)));
    let noise: Vec<u8> = (0..5000_u32).map(|i| (i * 7919 % 251) as u8).collect();
    let refused = glassbox(args!["indicators", "check", lab.write("noise.indicator", noise)]);
    assert_eq!((refused.code, refused.events("formula_error").is_empty()), (Some(1), false));
    assert_eq!(glassbox(args!["indicators", "check", lab.path("gone.indicator")]).code, Some(1));
    for entry in fs::read_dir(shipped()).unwrap().flatten() {
        glassbox(args!["indicators", "check", entry.path()]).ok();
    }
    assert!(glassbox(["indicators", "functions"]).ok().events("function").len() > 30);
}

#[test]
fn every_assignment_is_a_line_like_any_other() {
    let lab = Lab::new();
    let file = lab.write("span.indicator", SPAN);
    let list = glassbox(args!["indicators", "list", "--formulas", file, "--formulas", shipped()]).ok();
    let ours = list.events("indicator").into_iter().find(|record| record["id"] == "span").unwrap();
    assert_eq!(
        (&ours["title"], &ours["lines"][2], &ours["warm_up"]),
        (&json!("Span"), &json!("span.share"), &json!(3))
    );
    assert!(list.events("indicator").iter().any(|record| record["id"] == "rsi_swing_divergence"));
    let shown = glassbox(args!["indicators", "show", "span(n=9)", "--formulas", file]).ok().event("indicator");
    assert_eq!((&shown["lines"][0]["name"], &shown["lines"][0]["first_bar"]), (&json!("span_9.high_n"), &json!(8)));
    assert_eq!(glassbox(args!["indicators", "show", "span"]).code, Some(2));

    let out = lab.path("lines.parquet");
    let only = "span,span(n=9),rsi";
    let compute =
        args!["indicators", "compute", "--data", lab.bars(), "--out", out, "--only", only, "--formulas", file];
    assert_eq!(glassbox(compute).ok().event("lines")["lines"], 11);
    let (table, _) = read_table(&out).unwrap();
    let bars = walk(1, BARS);
    for (id, n) in [("span", 4), ("span_9", 9)] {
        let column = |line: &str| table.float(&format!("{id}.{line}")).unwrap();
        for t in 0..BARS {
            let found = [column("high_n")[t], column("low_n")[t], column("share")[t]];
            if t + 1 < n {
                assert!(found.iter().all(|v| v.is_nan()), "{id} at {t}");
                continue;
            }
            let window = &bars[t + 1 - n..=t];
            let high = window.iter().map(|b| b.high).fold(f64::MIN, f64::max);
            let low = window.iter().map(|b| b.low).fold(f64::MAX, f64::min);
            assert_eq!(found, [high, low, (bars[t].close - low) / (high - low)], "{id} at {t}");
        }
    }
}

#[test]
fn a_workspaces_formulas_are_captured_until_they_change() {
    let lab = Lab::new();
    let workspace = lab.path("w");
    fs::create_dir_all(workspace.join("formulas")).unwrap();
    let file = workspace.join("formulas/span.indicator");
    let collect = || glassbox(args!["collect", lab.bars(), "--workspace", workspace]);
    let found = |output: Output| {
        let stage = output.ok().stage("collect");
        (
            stage["reused"].as_bool().unwrap(),
            stage["lines"].as_u64().unwrap(),
            stage["reason"].as_str().unwrap().to_owned(),
        )
    };
    let plain = found(collect());
    fs::write(&file, SPAN).unwrap();
    let first = found(collect());
    assert_eq!((first.0, first.1), (false, plain.1 + 3), "{}", first.2);
    assert!(found(collect()).0);
    fs::write(&file, SPAN.replace("close - low_n", "open - low_n")).unwrap();
    let changed = found(collect());
    assert!(!changed.0 && changed.2.starts_with("parameters or catalogue changed"), "{}", changed.2);
    assert!(found(collect()).0);
    fs::write(&file, "a = 1 / 0").unwrap();
    let broken = collect();
    assert_eq!(broken.code, Some(1));
    assert!(broken.stderr.contains("span.indicator: line 1, column 7: division by zero"), "{}", broken.stderr);
}

#[test]
fn a_run_keeps_its_formulas_and_its_rule() {
    let lab = Lab::new();
    let workspace = lab.path("w");
    fs::create_dir_all(workspace.join("formulas")).unwrap();
    fs::write(workspace.join("formulas/span.indicator"), SPAN).unwrap();
    let rule = "long_entry = span.share > 0.8 and span.share[1] <= 0.8\nlong_exit = span.share < 0.2\nsize = 0.5\n";
    lab.write("mine.indicator", rule);
    let config = fs::read_to_string(lab.config()).unwrap();
    fs::write(lab.config(), format!("{config}[backtest]\nrule = \"mine.indicator\"\nstop_atr = 0\n")).unwrap();
    let output = glassbox(args!["run", lab.config(), "--workspace", workspace]).ok();
    let run = output.run();
    assert_eq!(fs::read_to_string(run.join("rule.indicator")).unwrap(), rule);
    assert_eq!(fs::read_to_string(run.join("formulas/span.indicator")).unwrap(), SPAN);
    let trades = |output: &Output| {
        let report = output.events("backtest").into_iter().find(|report| report["strategy"] == "rule").unwrap();
        report["statistics"].clone()
    };
    assert!(trades(&output)["trades"].as_u64().unwrap() > 0);
    let (table, _) = read_table(&run.join("backtest/rule_trades.parquet")).unwrap();
    assert!(table.float("size").unwrap().iter().all(|size| *size == 0.5));

    // The run stands on its own copies.
    fs::remove_file(lab.path("mine.indicator")).unwrap();
    fs::write(workspace.join("formulas/span.indicator"), "a = close").unwrap();
    let again = glassbox(args!["backtest", run, "--workspace", workspace]).ok();
    assert_eq!(trades(&again), trades(&output));
    glassbox(args!["predict", run, "--data", lab.bars(), "--last", "2", "--workspace", workspace]).ok();
    let other = lab.write("other.indicator", "long_entry = close > open\nlong_exit = close < open");
    let set = format!("backtest.rule={}", other.display());
    let other = glassbox(args!["backtest", run, "--workspace", workspace, "--set", set]).ok();
    assert_ne!(trades(&other), trades(&output));

    for (text, words) in
        [("long_entry = clsoe > open", "line 1, column 14: there is no `clsoe`"), ("a = close", "assigns long_entry")]
    {
        lab.write("mine.indicator", text);
        let refused = glassbox(args!["run", lab.config(), "--workspace", lab.path("v")]);
        assert!(refused.code == Some(1) && refused.stderr.contains(words), "{}", refused.stderr);
        assert!(refused.events("epoch").is_empty(), "nothing was trained");
    }
    let config = fs::read_to_string(lab.config()).unwrap().replace("mine.indicator", "mine.txt");
    fs::write(lab.config(), config).unwrap();
    let refused = glassbox(args!["run", lab.config(), "--workspace", lab.path("v")]);
    assert!(refused.code == Some(2) && refused.stderr.contains("backtest.rule"), "{}", refused.stderr);
}
