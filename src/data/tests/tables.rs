use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Column, Table, read_table, write_table};

fn table() -> Table {
    let mut table = Table::new();
    table.push("timestamp", Column::Time(vec![0, -1, 1_704_067_200_123]));
    table.push("regime_p0.x", Column::Float(vec![-0.0, f64::MIN_POSITIVE / 3.0, f64::NEG_INFINITY]));
    table.push("regime", Column::Int(vec![Some(i64::MIN), None, Some(i64::MAX)]));
    table.push("reason", Column::Text(vec!["stop, \"gap\"".to_owned(), String::new(), "é".to_owned()]));
    table.push("long", Column::Bool(vec![true, false, true]));
    table
}

fn metadata() -> BTreeMap<String, String> {
    ["z", "a", "m", "run"].into_iter().map(|key| (key.to_owned(), format!("{{\"{key}\": 1}}"))).collect()
}

#[test]
fn a_table_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write_table(&path, &table(), &metadata()).unwrap();
    let (back, stored) = read_table(&path).unwrap();
    assert_eq!((&back, stored), (&table(), metadata()));
    assert_eq!(back.rows(), 3);
    let bits = |t: &Table| -> Vec<u64> { t.float("regime_p0.x").unwrap().iter().map(|v| v.to_bits()).collect() };
    assert_eq!(bits(&back), bits(&table()));
    assert_eq!(back.int("regime").unwrap()[1], None);
    assert_eq!(back.text("reason").unwrap()[0], "stop, \"gap\"");
    assert_eq!((back.bool("long").unwrap()[1], back.time("timestamp").unwrap()[1]), (false, -1));
    assert_eq!((back.time("long"), back.float("gone")), (None, None));
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str| {
        let path = folder.path().join(name);
        write_table(&path, &table(), &metadata()).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = bytes("a.parquet");
    for _ in 0..8 {
        assert_eq!(bytes("b.parquet"), first);
    }
}

#[test]
fn tables_without_rows_or_columns_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut empty = Table::new();
    for (name, column) in table().columns() {
        let none = match column {
            Column::Time(_) => Column::Time(vec![]),
            Column::Float(_) => Column::Float(vec![]),
            Column::Int(_) => Column::Int(vec![]),
            Column::Text(_) => Column::Text(vec![]),
            Column::Bool(_) => Column::Bool(vec![]),
        };
        empty.push(name, none);
    }
    for table in [empty, Table::new()] {
        write_table(&path, &table, &metadata()).unwrap();
        assert_eq!(read_table(&path).unwrap(), (table, metadata()));
    }
}

#[test]
fn columns_that_do_not_fit_are_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut ragged = table();
    ragged.push("short", Column::Bool(vec![true]));
    let sentence = write_table(&path, &ragged, &BTreeMap::new()).unwrap_err().to_string();
    assert!(sentence.ends_with("column short has 1 values where the others have 3"), "{sentence}");
    let mut twice = table();
    twice.push("long", Column::Bool(vec![true; 3]));
    assert!(write_table(&path, &twice, &BTreeMap::new()).unwrap_err().to_string().contains("column long occurs twice"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_number_survives(bits in prop::collection::vec(any::<u64>(), 1..200)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let values: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).collect();
        let mut table = Table::new();
        table.push("x", Column::Float(values.clone()));
        write_table(&path, &table, &BTreeMap::new()).unwrap();
        let (back, _) = read_table(&path).unwrap();
        for (a, b) in values.iter().zip(back.float("x").unwrap()) {
            prop_assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan());
        }
    }
}
