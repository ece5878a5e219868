use super::super::{read_series, write_series};
use super::{HEADER, read, refusal, repaired, write};

const ROWS: [&str; 3] = ["2024-01-01,1,2,0.5,1.5,10\n", "2024-01-02,2,3,1.5,2.5,10\n", "2024-01-03,3,4,2.5,3.5,10\n"];

fn file(folder: &std::path::Path, order: &[usize]) -> std::path::PathBuf {
    let rows: String = order.iter().map(|&i| ROWS[i]).collect();
    write(folder, "A.csv", format!("{HEADER}{rows}"))
}

#[test]
fn disorder_is_refused_by_line_or_sorted_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let right = read(&file(folder.path(), &[0, 1, 2])).0;
    let path = file(folder.path(), &[0, 2, 1]);
    let sentence = refusal(&path);
    assert!(
        sentence.contains("A.csv, line 4: 2024-01-02T00:00:00Z comes after line 3, which is 2024-01-03"),
        "{sentence}"
    );
    let (series, report) = read_series(&path, &repaired()).unwrap();
    assert_eq!(series, right);
    assert_eq!((report.sorted_rows, report.duplicates_dropped), (1, 0));
    let (series, report) = read_series(&file(folder.path(), &[2, 1, 0]), &repaired()).unwrap();
    assert_eq!((series, report.sorted_rows), (right, 2));
}

#[test]
fn duplicates_are_refused_by_line_or_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let right = read(&file(folder.path(), &[0, 1, 2])).0;
    let path = file(folder.path(), &[0, 1, 1, 1, 2]);
    let sentence = refusal(&path);
    assert!(sentence.contains("A.csv, line 4: repeats the bar 2024-01-02T00:00:00Z of line 3"), "{sentence}");
    let (series, report) = read_series(&path, &repaired()).unwrap();
    assert_eq!((series, report.duplicates_dropped, report.sorted_rows), (right.clone(), 2, 0));
    let (series, report) = read_series(&file(folder.path(), &[2, 0, 1, 0]), &repaired()).unwrap();
    assert_eq!((series, report.duplicates_dropped, report.sorted_rows), (right, 1, 3));
}

#[test]
fn duplicates_that_disagree_are_never_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}{}{}2024-01-01,1,2,0.5,1.75,10\n", ROWS[0], ROWS[1]);
    let sentence = read_series(&write(folder.path(), "A.csv", text), &repaired()).unwrap_err().to_string();
    assert!(
        sentence.contains("line 2 and line 4 are both the bar 2024-01-01T00:00:00Z, but their close differs"),
        "{sentence}"
    );
    let text = format!("{HEADER}{}2024-01-01,1,2,0.5,1.5,11\n{}", ROWS[0], ROWS[1]);
    assert!(refusal(&write(folder.path(), "A.csv", text)).contains("line 2 and line 3 are both"));
}

#[test]
fn a_missing_extra_equals_a_missing_extra() {
    let folder = tempfile::tempdir().unwrap();
    let header = HEADER.replace('\n', ",trades\n");
    let [a, b, _] = ROWS.map(|row| row.replace('\n', ",\n"));
    let text = format!("{header}{a}{a}{b}");
    assert_eq!(read_series(&write(folder.path(), "A.csv", text), &repaired()).unwrap().1.duplicates_dropped, 1);
    let text = format!("{header}{a}{}{b}", ROWS[0].replace('\n', ",3\n"));
    let sentence = read_series(&write(folder.path(), "A.csv", text), &repaired()).unwrap_err().to_string();
    assert!(sentence.contains("their trades differs"), "{sentence}");
}

#[test]
fn what_was_repaired_stays_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let (series, _) = read_series(&file(folder.path(), &[2, 0, 1, 0]), &repaired()).unwrap();
    let path = folder.path().join("A.parquet");
    write_series(&path, &series).unwrap();
    assert_eq!(read(&path).0, series);
}
