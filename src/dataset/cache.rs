use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::{FeatureGroup, FeaturesConfig};
use crate::files::{AtomicFile, remove_unfinished};
use crate::indicators::Lines;
use crate::market::Series;

use super::{FEATURE_VERSION, FeatureSpec, Features};

const MAGIC: &[u8; 8] = b"GBFEAT01";
const EXTENSION: &str = "features";
/// Values converted at once.
const BLOCK: usize = 1 << 16;
/// Values hashed together by one thread.
const PIECE: usize = 1 << 20;
/// Bytes a folder of matrices may take.
const LIMIT: u64 = 4 << 30;
/// Longest header that is believed.
const LONGEST_HEADER: u64 = 64 << 20;
/// Values from which a matrix with window statistics takes longer to compute than to read.
const WORTH: usize = 16 << 20;

/// Matrices of features on disk, one file for each content they were computed from.
///
/// A file's key covers the bars, the catalogue, the bits of every line, the configuration of the features and
/// [`FEATURE_VERSION`], so that nothing stale is ever found; its length and checksum tell a damaged file.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
    limit: u64,
    worth: usize,
}

/// What lies ahead of the values of a file.
#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    bars: usize,
    feature_dim: usize,
    specs: Vec<FeatureSpec>,
    checksum: String,
}

/// What features are computed from.
#[derive(Debug, Clone, Copy)]
pub struct FeatureContent<'a> {
    /// Bars.
    pub series: &'a Series,
    /// Lines over these bars.
    pub lines: &'a Lines,
    /// Which features.
    pub config: &'a FeaturesConfig,
    /// Key of the indicators behind the lines.
    pub catalogue: &'a str,
    /// Fingerprints of whatever else features come from, such as other symbols and external columns.
    pub others: &'a [String],
}

/// What [`FeatureCache::get`] did, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheNote {
    /// True if the features were read.
    pub reused: bool,
    /// Why they were read or computed.
    pub reason: String,
    /// What became of files, unless there was no cause to touch any: written or not, older ones removed.
    pub files: Option<String>,
}

impl FeatureCache {
    /// A cache in `folder`, which is made when first written to, of at most 4 GiB.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), limit: LIMIT, worth: WORTH }
    }

    /// A cache of at most `limit` bytes that keeps matrices of `worth` values or more.
    pub fn with_bounds(self, limit: u64, worth: usize) -> Self {
        Self { limit, worth, ..self }
    }

    /// The features of `content`: read if they are kept, else what `compute` gives.
    ///
    /// Without window statistics, and of small matrices, nothing is kept: they are computed faster than read. A file that
    /// cannot be read or written is told of and changes nothing.
    pub fn get<E>(
        &self,
        content: &FeatureContent<'_>,
        compute: impl FnOnce() -> Result<Features, E>,
    ) -> Result<(Features, CacheNote), E> {
        let note = |reused, reason: &str, files| CacheNote { reused, reason: reason.to_owned(), files };
        if !content.config.groups.contains(&FeatureGroup::Windows) {
            return Ok((compute()?, note(false, "without window statistics nothing is kept", None)));
        }
        let key = content.key();
        let path = self.folder.join(format!("{}.{EXTENSION}", &key[..32]));
        let reason = match read(&path, &key) {
            Ok(features) => return Ok((features, note(true, "same bars, lines and feature configuration", None))),
            Err(reason) => reason,
        };
        let features = compute()?;
        if features.data.len() < self.worth {
            return Ok((features, note(false, "so few values are computed faster than read", None)));
        }
        let files = Some(self.keep(&path, &key, &features));
        Ok((features, note(false, &reason, files)))
    }

    /// Writes `features`, then removes the oldest files over the limit; says what happened.
    fn keep(&self, path: &Path, key: &str, features: &Features) -> String {
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let (bytes, limit) = ((features.data.len() * size_of::<f32>()) as u64, megabytes(self.limit));
        let size = megabytes(bytes);
        if bytes > self.limit {
            return format!("{size} of features were not kept: {} holds at most {limit}", self.folder.display());
        }
        if let Err(err) = write(path, key, features) {
            return format!("{size} of features were not kept: {}: {err}", path.display());
        }
        let kept = format!("{size} of features were kept in {}", self.folder.display());
        match self.tidy(path) {
            0 => kept,
            removed => format!("{kept}, where {removed} of the oldest files made room: it holds at most {limit}"),
        }
    }

    /// Removes the oldest files but `newest` until the limit holds; gives their number.
    fn tidy(&self, newest: &Path) -> usize {
        remove_unfinished(&self.folder, ".");
        let mut files: Vec<(SystemTime, PathBuf, u64)> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == EXTENSION))
            .filter_map(|entry| {
                let data = entry.metadata().ok()?;
                Some((data.modified().ok()?, entry.path(), data.len()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        let mut removed = 0;
        for (_, path, bytes) in files.iter().filter(|(_, path, _)| path != newest) {
            if total <= self.limit {
                break;
            }
            // A file that stays counts until it can be removed.
            if fs::remove_file(path).is_ok() {
                total -= bytes;
                removed += 1;
            }
        }
        removed
    }
}

impl FeatureContent<'_> {
    /// SHA-256, in hex, of all that decides a value, a name or an order of features.
    fn key(&self) -> String {
        let defaults = FeaturesConfig::default();
        // On these no feature depends.
        let config = FeaturesConfig {
            scaler: defaults.scaler,
            max_correlation: defaults.max_correlation,
            pca: defaults.pca,
            noise: defaults.noise,
            fe_workers: defaults.fe_workers,
            fe_chunk: defaults.fe_chunk,
            fe_parallel_threshold: defaults.fe_parallel_threshold,
            ..self.config.clone()
        };
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        add(&format!("{FEATURE_VERSION} {config:?} {}", self.others.len()));
        add(&self.series.fingerprint());
        add(self.catalogue);
        self.others.iter().for_each(|other| add(other));
        for line in &self.lines.columns {
            add(&line.name);
            add(&format!("{:?} {}", line.unit, line.internal));
            add(&checksum(&line.values, |x| x.to_bits()));
        }
        hex(hasher)
    }
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Four chains of multiplications over 64-bit words, per piece; any single changed word changes it.
fn checksum<T: Copy + Sync>(values: &[T], word: impl Fn(T) -> u64 + Sync) -> String {
    let pieces: Vec<[u64; 4]> = values
        .par_chunks(PIECE)
        .map(|piece| {
            let mut lanes = [0x9e37_79b9_7f4a_7c15_u64, 2, 3, 4];
            for words in piece.chunks(4) {
                for (lane, &x) in lanes.iter_mut().zip(words) {
                    *lane = (*lane ^ word(x)).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
                }
            }
            lanes
        })
        .collect();
    let mut hasher = Sha256::new_with_prefix((values.len() as u64).to_le_bytes());
    pieces.iter().flatten().for_each(|lane| hasher.update(lane.to_le_bytes()));
    hex(hasher)
}

fn write(path: &Path, key: &str, features: &Features) -> io::Result<()> {
    let header = Header {
        key: key.to_owned(),
        bars: features.bars,
        feature_dim: features.feature_dim,
        specs: features.specs.clone(),
        checksum: checksum(&features.data, |x| u64::from(x.to_bits())),
    };
    let header = serde_json::to_vec(&header)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    let mut bytes = Vec::with_capacity(4 * BLOCK);
    for block in features.data.chunks(BLOCK) {
        bytes.clear();
        for x in block {
            bytes.extend_from_slice(&x.to_le_bytes());
        }
        file.write_all(&bytes)?;
    }
    file.commit()
}

/// The features of `key`, or why they must be computed.
fn read(path: &Path, key: &str) -> Result<Features, String> {
    let damaged = |what: String| format!("the cached features are damaged ({what}): {}", path.display());
    let io = |err: io::Error| damaged(err.to_string());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            return Err("no cached features of these bars, lines and configuration".to_owned());
        }
        Err(err) => return Err(io(err)),
    };
    let length = file.metadata().map_err(io)?.len();
    let mut file = BufReader::new(file);
    let mut start = [0_u8; 16];
    file.read_exact(&mut start).map_err(io)?;
    let (magic, size) = start.split_at(8);
    let size = size.iter().rev().fold(0_u64, |size, &byte| size << 8 | u64::from(byte));
    if magic != MAGIC || size > LONGEST_HEADER.min(length) {
        return Err(damaged("no header".to_owned()));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(io)?;
    let header: Header = serde_json::from_slice(&header).map_err(|err| damaged(err.to_string()))?;
    if header.key != key {
        return Err("the cached features are of other bars, lines or configuration".to_owned());
    }
    let cells = header.bars.checked_mul(header.specs.len());
    let expected = cells.and_then(|n| (n as u64).checked_mul(4)).and_then(|bytes| bytes.checked_add(16 + size));
    let Some(cells) = cells.filter(|_| expected == Some(length)) else {
        return Err(damaged(format!("{length} bytes")));
    };
    let mut data = Vec::with_capacity(cells);
    let mut bytes = vec![0; 4 * BLOCK];
    while data.len() < cells {
        let part = &mut bytes[..4 * BLOCK.min(cells - data.len())];
        file.read_exact(part).map_err(io)?;
        data.extend(part.as_chunks::<4>().0.iter().map(|&cell| f32::from_le_bytes(cell)));
    }
    if checksum(&data, |x| u64::from(x.to_bits())) != header.checksum {
        return Err(damaged("another checksum".to_owned()));
    }
    Ok(Features { specs: header.specs, bars: header.bars, feature_dim: header.feature_dim, data })
}
