//! Every way a file can be wrong, and the sentence it gets.

use std::path::Path;

use super::super::{Column, Table, write_series, write_table};
use super::{HEADER, START, awkward, refusal, write};

const GOOD: &str = "2024-01-01,1,2,0.5,1.5,10\n";

fn csv_refusal(rows: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    refusal(&write(folder.path(), "A.csv", format!("{HEADER}{GOOD}{rows}")))
}

#[test]
fn bad_cells_are_quoted_with_line_and_column() {
    for (row, part) in [
        ("2024-01-02,1,abc,0.5,1.5,10", "A.csv, line 3: high is \"abc\", not a finite number"),
        ("2024-01-02,1,2,0.5,,10", "A.csv, line 3: close is missing, not a finite number"),
        ("2024-01-02,1,2,0.5,NaN,10", "line 3: close is missing"),
        ("2024-01-02,,,,,10", "line 3: open is missing"),
        ("2024-01-02,-inf,2,0.5,1,10", "line 3: open is \"-inf\""),
        ("2024-01-02,1,2,0.5,1.5,", "line 3: volume is missing"),
        ("\n2024-01-02,1,2,0.5,\"1,5\",10", "line 4: close is \"1,5\""),
        ("yesterday,1,2,0.5,1.5,10", "line 3: timestamp is \"yesterday\", not a time"),
        (",1,2,0.5,1.5,10", "line 3: timestamp is missing"),
        ("2024-01-02,1,2,0.5", "line 3: has 4 fields where the header names 6"),
        ("2024-01-02,1,2,0.5,1.5,\"10", "line 3: opens a quote that it does not close"),
        (
            "2024-01-02,1,0.4,0.5,1.5,10",
            "line 3: high 0.4 and low 0.5 do not enclose open 1 and close 1.5: correct or remove the row, or widen",
        ),
        ("2024-01-02,0,2,0.5,1.5,10", "line 3: open is 0, which no bar can have"),
        ("2024-01-02,1,2,0.5,1.5,-1", "line 3: volume is -1, which no bar can have"),
    ] {
        let sentence = csv_refusal(row);
        assert!(sentence.contains(part) && sentence.lines().count() == 1, "{row}: {sentence}");
    }
}

#[test]
fn bad_csv_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let latin = [HEADER.as_bytes(), b"2024-01-01,\xe9,2,0.5,1.5,10\n"].concat();
    for (content, part) in [
        (&b""[..], "is empty"),
        (b"\n \r\n", "is empty"),
        (HEADER.as_bytes(), "has column names but no rows"),
        (
            b"timestamp,open,high,low,close\n2024-01-01,1,2,0.5,1.5\n",
            "column volume is missing; the first line or schema names timestamp, open, high, low, close;",
        ),
        (b"timestamp,open,high,low,close\n2024-01-01,1,2,0.5,1.5\n", "--map volume=none"),
        (b"2024-01-01,1.4,1.6,1.3,1.5,10\n", "one bar does not show the timeframe"),
        (b"time,price,size,side\n2024-01-01,1,2,buy\n2024-01-02,1,2,buy\n", "column open is missing"),
        (b"time,size,side\n2024-01-01,1,buy\n2024-01-02,1,buy\n", "are missing among its columns time, size, side;"),
        (b"time,open,high,low,close,volume\n2024-01-01,0,0,0,0,0\n2024-01-02,0,0,0,0,0\n", "every one of them is zero"),
        (b"open_time,open,high,low,close,volume\n1.70027E+12,1,2,0.5,1.5,10\n1.70028E+12,1,2,0.5,1.5,10\n", "rounded by a spreadsheet"),
        (b"date;open;high;low;close;volume\n2024-01-01;1,234;1,250;1,200;1,240;1\n2024-01-02;1,234;1,250;1,200;1,240;1\n", "--decimal comma"),
        (b"date,open,high,low,close,volume\n2024-01-01,1,1,2,1.5,10\n2024-01-02,1,1,2,1.5,10\n2024-01-03,1,1,2,1.5,10\n", "3 of 3 bars: the columns are not what they are called"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        (b"a\0b\0c\0\n", "bytes that are no text"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "UTF-16"),
        (b"{\"a\": [1, 2", "is not valid JSON"),
        (b"{\"price\": \"1.5\", \"symbol\": \"X\"}", "holds no bars"),
        (b"time,open,Open,high,low,close,volume\n", "column open occurs twice"),
        (b"time,open,high,low,close,volume,trades,trades\n", "column trades occurs twice"),
        (b"time,open,high,low,close,volume\n2024-01-01,1,2,0.5,1.5,10\n", "one bar does not show the timeframe"),
        (&latin, "line 2: open is"),
    ] {
        let sentence = refusal(&write(folder.path(), "A.csv", content));
        assert!(sentence.contains(part) && sentence.lines().count() == 1, "{part}: {sentence}");
    }
}

#[test]
fn bad_parquet_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.parquet");
    write_series(&path, &awkward(300)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for (content, part) in [
        (&b""[..], "is empty"),
        (HEADER.as_bytes(), "is not a readable Parquet file"),
        (&whole[..whole.len() / 2], "is not a readable Parquet file"),
        (&whole[whole.len() / 2..], "is not a readable Parquet file"),
    ] {
        let sentence = refusal(&write(folder.path(), "A.parquet", content));
        assert!(sentence.contains("A.parquet") && sentence.contains(part), "{sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
}

#[test]
fn bad_parquet_cells_are_named_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.parquet");
    let sentence = |name: &str, column: Column| {
        let mut table = Table::new();
        for known in ["open", "high", "low", "close", "volume"] {
            table.push(known, if known == name { column.clone() } else { Column::Float(vec![1.0; 3]) });
        }
        let time = Column::Time((0..3).map(|i| START + i).collect());
        table.push("time", if name == "time" { column } else { time });
        write_table(&path, &table, &Default::default()).unwrap();
        refusal(&path)
    };
    let texts = |texts: [&str; 3]| Column::Text(texts.map(str::to_owned).to_vec());
    for (name, column, part) in [
        ("low", Column::Float(vec![1.0, f64::NAN, 1.0]), "A.parquet, row 2: low is missing"),
        ("low", Column::Float(vec![1.0, 1.0, f64::INFINITY]), "row 3: low is \"inf\""),
        ("volume", Column::Int(vec![Some(1), Some(1), None]), "row 3: volume is missing"),
        ("high", texts(["1", "1", "much"]), "row 3: high is \"much\""),
        ("high", Column::Float(vec![1.0, 0.5, 1.0]), "row 2: high 0.5 and low 1 do not enclose"),
        ("close", Column::Bool(vec![true; 3]), "row 1: close is \"true\", not a finite number"),
        ("time", Column::Bool(vec![true; 3]), "row 1: time is \"true\", not a time"),
        ("time", Column::Int(vec![Some(START), None, Some(START + 1)]), "row 2: time is missing, not a time"),
        ("time", texts(["2024-01-01", "soon", ""]), "row 2: time is \"soon\""),
        ("time", Column::Time(vec![START, i64::MAX, START]), "row 2: time is \"9223372036854775807 ms since 1970\""),
        ("time", Column::Time(vec![START + 1, START, START + 2]), "row 2: 2024-01-01T00:00:00Z comes after row 1"),
        ("time", Column::Time(vec![START, START + 1, START + 1]), "row 3: repeats the bar"),
    ] {
        let sentence = sentence(name, column);
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
}

#[test]
fn files_that_are_not_there_or_not_ours_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["gone.csv", "gone.parquet"] {
        let sentence = refusal(&folder.path().join(name));
        assert!(sentence.starts_with("cannot read") && sentence.contains(name), "{sentence}");
    }
    for name in ["bars.xlsx", "bars"] {
        let path = folder.path().join(name);
        assert!(
            write_series(&path, &awkward(2)).unwrap_err().to_string().contains("neither .csv, .parquet nor .feather")
        );
    }
    assert!(refusal(&write(folder.path(), "bars.xlsx", "x")).contains("is neither .csv nor .parquet"));
    assert!(refusal(folder.path()).contains("it is a folder"));
    let under_a_file = write(folder.path(), "file", "x").join("A.csv");
    for path in [&under_a_file, &under_a_file.with_extension("parquet"), Path::new("/")] {
        if path.extension().is_some() {
            assert!(write_series(path, &awkward(2)).unwrap_err().to_string().starts_with("cannot write"));
        }
    }
}
