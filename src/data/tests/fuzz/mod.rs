//! Damaged files get a sentence, never a panic, never memory without end: arbitrary bytes, and valid files with bytes
//! changed, cut, moved, repeated and spliced; plus every file that once went wrong (`tests/corpus/data`).

mod damage;
mod seeds;

use std::path::{Path, PathBuf};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::super::{
    CaptureKey, CaptureState, DataError, ReadOptions, guess_file, inspect_file, read_capture, read_series, read_table,
};
use super::{repaired, write};
use crate::indicators::Lines;
use damage::{damaged, noise};
use seeds::{KINDS, Kind};

/// Cases of each kind of file in the suite; the long run has a hundred times as many.
const CASES: u64 = 2000;

/// True if the file was read; otherwise the refusal must be one line that names the file.
fn read_or_refuse<T>(path: &Path, case: &str, result: Result<T, DataError>) -> bool {
    let Err(err) = result else { return true };
    let sentence = err.to_string();
    assert!(sentence.contains(path.to_str().unwrap()), "{case}: {sentence}");
    assert_eq!(sentence.lines().count(), 1, "{case}: {sentence}");
    assert!(sentence.len() < 4000, "{case}: {} bytes", sentence.len());
    false
}

/// Puts a file before every reader that takes its kind; true if it held bars.
fn try_all(path: &Path, case: &str) -> bool {
    let options = ReadOptions { drop_bad_rows: true, ..repaired() };
    let bars = read_or_refuse(path, case, read_series(path, &options));
    let strict = read_or_refuse(path, case, read_series(path, &ReadOptions::default()));
    assert!(bars || !strict, "{case}: more care reads more");
    let looked = read_or_refuse(path, case, inspect_file(path, &ReadOptions::default()));
    assert!(looked || !bars || options.symbol.is_some(), "{case}: inspection shows what an import takes");
    read_or_refuse(path, case, guess_file(path, &ReadOptions::default()));
    if path.extension().is_some_and(|ending| ending == "parquet") {
        read_or_refuse(path, case, read_table(path));
        let key = CaptureKey { fingerprint: "none".to_owned(), catalogue: String::new() };
        assert!(matches!(read_capture(path, &key, &Lines::default()), CaptureState::Stale(_)), "{case}");
    }
    bars
}

/// Reads `cases` damaged files of a kind and gives how many still held bars.
fn run(kind: &Kind, folder: &Path, cases: u64) -> u64 {
    let seeds = kind.seeds();
    let mut held = 0;
    for case in 0..cases {
        let mut rng =
            ChaCha8Rng::seed_from_u64(case ^ (kind.name.len() as u64) << 48 ^ u64::from(kind.name.as_bytes()[0]) << 56);
        let content = if rng.random_range(0..8) == 0 {
            noise(kind, &mut rng)
        } else {
            let inner = damaged(&seeds, kind, &mut rng);
            // Damage inside what is packed, or to the packing, or both.
            match kind.pack {
                Some(pack) if rng.random() => pack(&inner),
                Some(pack) => damage::bytes(&pack(&inner), &mut rng),
                None => inner,
            }
        };
        let path = write(folder, kind.file, content);
        held += u64::from(try_all(&path, &format!("{} case {case}", kind.name)));
    }
    held
}

/// Some damage leaves bars, some does not: otherwise the generator proves nothing.
fn check(kind: &Kind, cases: u64) {
    let folder = tempfile::tempdir().unwrap();
    let held = run(kind, folder.path(), cases);
    assert!(held > 0 && held < cases, "{}: {held} of {cases}", kind.name);
}

#[test]
fn damaged_files_never_panic() {
    for kind in &KINDS {
        check(kind, CASES);
    }
}

/// Each under a limit of memory: `cargo test --lib -- --ignored --test-threads 1 two_hundred_thousand_cases_of`.
mod two_hundred_thousand_cases_of {
    use super::{CASES, KINDS, check};

    macro_rules! long {
        ($($kind:ident),*) => {
            const NAMES: &[&str] = &[$(stringify!($kind)),*];
            $(
                #[test]
                #[ignore = "takes long"]
                fn $kind() {
                    check(KINDS.iter().find(|kind| kind.name == stringify!($kind)).unwrap(), 100 * CASES);
                }
            )*
        };
    }

    long!(csv, json, parquet, feather, gzip, zstd, zip);

    #[test]
    fn every_kind() {
        assert_eq!(NAMES, KINDS.map(|kind| kind.name));
    }
}

#[test]
fn what_once_went_wrong_stays_right() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/data");
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{files:?}");
    for file in files {
        let bars = try_all(&file, &file.display().to_string());
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(bars, name.starts_with("good"), "{name}");
    }
}
