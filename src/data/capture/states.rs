use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::name::states_path;
use crate::data::DataError;
use crate::files::write_atomic;

/// First bytes of a file of states; another number for another layout.
const MAGIC: &[u8; 8] = b"GBSTATE1";
/// SHA-256 at the end.
const SUM: usize = 32;
/// Most bytes of states: a thousand times what the catalogue takes.
const MOST: u64 = 1 << 30;
const LEVEL: i32 = 1;

/// The indicators' states at the end of a capture, from which a longer series goes on.
///
/// They have a file of their own beside the capture: they are binary and as large as many columns, and whoever lists or
/// opens captures should not have to read them with every footer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::data) struct SavedStates {
    /// Indicators with version and parameters.
    pub(in crate::data) catalogue: String,
    /// Before the last bar, which may still have been forming when it was captured.
    pub(in crate::data) before: SavedPoint,
    /// After the last bar.
    pub(in crate::data) last: SavedPoint,
}

/// States after some bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::data) struct SavedPoint {
    /// How many bars.
    pub(in crate::data) bars: usize,
    /// Of these bars.
    pub(in crate::data) fingerprint: String,
    /// Of every indicator, in catalogue order.
    pub(in crate::data) states: Vec<Vec<u8>>,
}

impl SavedStates {
    /// Beside `capture`.
    pub(in crate::data) fn write(&self, capture: &Path) -> Result<(), DataError> {
        let path = states_path(capture);
        let plain = postcard::to_allocvec(self).map_err(|err| DataError::write(&path, err))?;
        let packed = zstd::encode_all(plain.as_slice(), LEVEL).map_err(|err| DataError::write(&path, err))?;
        let mut bytes = [MAGIC.as_slice(), &packed].concat();
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        write_atomic(&path, &bytes).map_err(|err| DataError::write(&path, err))
    }

    /// Of `capture`, or why there are none, in words.
    pub(in crate::data) fn read(capture: &Path) -> Result<Self, String> {
        let path = states_path(capture);
        let damaged = || "its saved indicator states are damaged".to_owned();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
                return Err("it has no saved indicator states".to_owned());
            }
            Err(err) => return Err(format!("its saved indicator states cannot be read ({err})")),
        };
        let (content, sum) = bytes.split_at_checked(bytes.len().saturating_sub(SUM)).ok_or_else(damaged)?;
        let packed = content.strip_prefix(MAGIC).ok_or_else(damaged)?;
        if Sha256::digest(content).as_slice() != sum {
            return Err(damaged());
        }
        let mut plain = Vec::new();
        let decoder = zstd::Decoder::new(packed).map_err(|_err| damaged())?;
        decoder.take(MOST).read_to_end(&mut plain).map_err(|_err| damaged())?;
        postcard::from_bytes(&plain).map_err(|_err| damaged())
    }

    /// Removes those of `capture`, if any.
    pub(in crate::data) fn remove(capture: &Path) -> std::io::Result<Option<PathBuf>> {
        let path = states_path(capture);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(Some(path)),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(err) => Err(err),
        }
    }
}
