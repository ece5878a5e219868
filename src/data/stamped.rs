use std::path::{Path, PathBuf};

use super::csv_table::read_csv_columns;
use super::{Column, DataError, parse_time, read_table, time_text};
use crate::indicators::formula::nearest;

/// Names by which a column of times is known, in the order they are looked for.
const TIMES: [&str; 9] = ["timestamp", "time", "datetime", "date", "date_time", "open_time", "stamp", "day", "ts"];

/// Columns of numbers with the time each row is stamped with.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// UTC milliseconds, strictly increasing.
    pub times: Vec<i64>,
    /// Names and values, in the order asked for; NaN is missing.
    pub columns: Vec<(String, Vec<f64>)>,
}

/// Why a file gives no stamped columns.
#[derive(Debug, thiserror::Error)]
pub enum StampedError {
    /// The file itself.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Nothing tells when a row is from.
    #[error("{} has no column of times: call one of its columns timestamp, time or date", path.display())]
    NoTimes {
        /// The file.
        path: PathBuf,
    },
    /// A text that is no time.
    #[error("{}, row {row}: {text:?} in column {column} is no time: write ISO times or numbers since 1970", path.display())]
    NoTime {
        /// The file.
        path: PathBuf,
        /// Row behind the column names, from 1.
        row: usize,
        /// The column of times.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Times that do not increase.
    #[error("{}, row {row}: the time {time} {problem}: sort the rows by time and keep one of each", path.display())]
    Disorder {
        /// The file.
        path: PathBuf,
        /// Row behind the column names, from 1.
        row: usize,
        /// Its time.
        time: String,
        /// "comes before the one above it" or "stands twice".
        problem: &'static str,
    },
    /// No such column.
    #[error("{} has no column {column:?}{}", path.display(), hint(near.as_deref(), known))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        column: String,
        /// The column most likely meant.
        near: Option<String>,
        /// Columns of numbers there are.
        known: Vec<String>,
    },
    /// A column of something else.
    #[error("{}: column {column} holds {found}, not numbers", path.display())]
    NotNumbers {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds.
        found: &'static str,
    },
}

fn hint(near: Option<&str>, known: &[String]) -> String {
    match near {
        Some(near) => format!(": did you mean {near:?}?"),
        None => format!(": it holds {}", known.join(", ")),
    }
}

/// Reads `columns` of a CSV or Parquet file with the times of its rows, which must increase.
///
/// # Errors
/// A file without times or without one of the columns, times that are none or do not increase, columns of no numbers.
pub fn read_stamped(path: &Path, columns: &[String]) -> Result<Stamped, StampedError> {
    let parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let table = if parquet { read_table(path)?.0 } else { read_csv_columns(path)? };
    let is_called = |wanted: &str| table.columns().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let (time_name, times) =
        TIMES.iter().find_map(|name| is_called(name)).ok_or_else(|| StampedError::NoTimes { path: path.to_owned() })?;
    let times = times_of(path, time_name, times)?;
    let columns = columns.iter().map(|name| {
        let column = table.column(name).ok_or_else(|| {
            let number = |(known, column): (&str, &Column)| {
                (known != time_name && matches!(column, Column::Float(_) | Column::Int(_))).then(|| known.to_owned())
            };
            let known: Vec<String> = table.columns().filter_map(number).collect();
            let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            StampedError::NoColumn { path: path.to_owned(), column: name.clone(), near, known }
        })?;
        let values = match column {
            Column::Float(values) => values.clone(),
            Column::Int(values) => values.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),
            // A column without any value has no type.
            Column::Text(texts) if texts.iter().all(String::is_empty) => vec![f64::NAN; texts.len()],
            other => {
                return Err(StampedError::NotNumbers {
                    path: path.to_owned(),
                    column: name.clone(),
                    found: other.kind(),
                });
            }
        };
        Ok((name.clone(), values))
    });
    Ok(Stamped { times, columns: columns.collect::<Result<_, _>>()? })
}

fn times_of(path: &Path, name: &str, column: &Column) -> Result<Vec<i64>, StampedError> {
    let texts: Vec<String> = match column {
        Column::Time(times) => return increasing(path, times.clone()),
        Column::Int(values) => values.iter().map(|value| value.map_or_else(String::new, |v| v.to_string())).collect(),
        Column::Float(values) => values.iter().map(|value| value.to_string()).collect(),
        Column::Text(texts) => texts.clone(),
        Column::Bool(_) => return Err(StampedError::NoTimes { path: path.to_owned() }),
    };
    let parse = |(i, text): (usize, &String)| {
        let (path, column) = (path.to_owned(), name.to_owned());
        parse_time(text).ok_or_else(|| StampedError::NoTime { path, row: i + 1, column, text: text.clone() })
    };
    increasing(path, texts.iter().enumerate().map(parse).collect::<Result<_, _>>()?)
}

fn increasing(path: &Path, times: Vec<i64>) -> Result<Vec<i64>, StampedError> {
    match times.windows(2).position(|pair| pair[1] <= pair[0]) {
        Some(at) => Err(StampedError::Disorder {
            path: path.to_owned(),
            row: at + 2,
            time: time_text(times[at + 1]),
            problem: if times[at + 1] == times[at] { "stands twice" } else { "comes before the one above it" },
        }),
        None => Ok(times),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::{Table, write_table};

    fn csv(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("values.csv");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn read(text: &str, columns: &[&str]) -> Result<Stamped, String> {
        let (_dir, path) = csv(text);
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        read_stamped(&path, &columns).map_err(|err| err.to_string())
    }

    #[test]
    fn times_of_any_usual_form_are_read() {
        let day = 86_400_000;
        for times in
            [["2024-01-01", "2024-01-02"], ["1704067200", "1704153600"], ["2024-01-01T00:00:00Z", "2024-01-02 00:00"]]
        {
            let found = read(&format!("Date,a,b\n{},1.5,x\n{},,y\n", times[0], times[1]), &["a"]).unwrap();
            assert_eq!(found.times, [1_704_067_200_000, 1_704_067_200_000 + day], "{times:?}");
            assert_eq!(found.columns[0].1[0], 1.5);
            assert!(found.columns[0].1[1].is_nan());
        }
    }

    #[test]
    fn parquet_gives_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("values.parquet");
        let mut table = Table::new();
        table.push("time", Column::Time(vec![1000, 2000]));
        table.push("n", Column::Int(vec![Some(3), None]));
        write_table(&path, &table, &BTreeMap::new()).unwrap();
        let found = read_stamped(&path, &["n".to_owned()]).unwrap();
        assert_eq!((found.times, found.columns[0].1[0]), (vec![1000, 2000], 3.0));
        assert!(found.columns[0].1[1].is_nan());
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence() {
        let error = |text: &str, columns: &[&str]| read(text, columns).unwrap_err();
        assert!(error("a,b\n1,2\n", &["a"]).contains("has no column of times"));
        let near = error("date,sentiment,n\n2024-01-01,1,2\n", &["sentimnt"]);
        assert!(near.contains("no column \"sentimnt\": did you mean \"sentiment\"?"), "{near}");
        assert!(error("date,n\n2024-01-01,2\n", &["quite_else"]).contains("it holds n"));
        assert!(error("date,n\n2024-01-01,x\n", &["n"]).contains("column n holds texts, not numbers"));
        assert!(error("date,n\nsoon,1\n", &["n"]).contains("row 1: \"soon\" in column date is no time"));
        let twice = error("date,n\n2024-01-01,1\n2024-01-01,2\n", &["n"]);
        assert!(twice.contains("row 2") && twice.contains("stands twice"), "{twice}");
        assert!(error("date,n\n2024-01-02,1\n2024-01-01,2\n", &["n"]).contains("comes before the one above it"));
        assert!(read_stamped(Path::new("/nowhere/x.csv"), &[]).is_err());
    }
}
