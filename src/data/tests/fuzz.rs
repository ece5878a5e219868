//! Damaged files get a sentence, never a panic: random bytes, and valid files with bytes changed, cut, moved or repeated.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::super::{CaptureKey, CaptureState, DataError, read_capture, read_series, read_table, write_series};
use super::{awkward, repaired, write};
use crate::indicators::Lines;

const CASES: u64 = 500;

fn damaged(valid: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..bytes.len().max(1));
        let end = bytes.len().min(at + rng.random_range(1..40));
        match rng.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => bytes.extend_from_within(at.min(end)..end),
            3 => bytes.insert(at.min(bytes.len()), b"\n,;\"\0-9e\xff"[rng.random_range(0..9)]),
            // The footer, where a Parquet file says what it holds, is at its end.
            4 => {
                let back = rng.random_range(1..700).min(bytes.len().max(1));
                let at = bytes.len().saturating_sub(back);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.random());
            }
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
        }
    }
    bytes
}

/// True if the file was read; otherwise the refusal must be one line that names the file.
fn read_or_refuse<T>(path: &Path, result: Result<T, DataError>) -> bool {
    let Err(err) = result else { return true };
    let sentence = err.to_string();
    assert!(sentence.contains(path.to_str().unwrap()), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    false
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, parquet) = (folder.path().join("A.csv"), folder.path().join("A.parquet"));
    write_series(&csv, &awkward(30)).unwrap();
    write_series(&parquet, &awkward(30)).unwrap();
    let (valid_csv, valid_parquet) = (std::fs::read(&csv).unwrap(), std::fs::read(&parquet).unwrap());
    let key = CaptureKey { fingerprint: String::new(), catalogue: String::new() };
    let (mut read, mut refused) = (0, 0);
    let mut count = |was_read: bool| if was_read { read += 1 } else { refused += 1 };
    for case in 0..CASES {
        let mut rng = ChaCha8Rng::seed_from_u64(case);
        let noise: Vec<u8> = (0..rng.random_range(0..300)).map(|_| rng.random()).collect();
        let framed = [b"PAR1", &noise[..], &(noise.len() as u32 / 2).to_le_bytes(), b"PAR1"].concat();
        for (name, content) in [
            ("A.csv", noise),
            ("A.csv", damaged(&valid_csv, &mut rng)),
            ("A.parquet", framed),
            ("A.parquet", damaged(&valid_parquet, &mut rng)),
        ] {
            let path = write(folder.path(), name, content);
            count(read_or_refuse(&path, read_series(&path, &repaired())));
            if name == "A.parquet" {
                count(read_or_refuse(&path, read_table(&path)));
                assert!(matches!(read_capture(&path, &key, &Lines::default()), CaptureState::Stale(_)));
            }
        }
    }
    // Both kinds of damage occurred: some that leaves the values readable, some that does not.
    assert!(read > 50 && refused > 50, "{read} read, {refused} refused");
}
