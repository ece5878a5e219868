//! A file down to the tables in it: compression and archives taken off, within limits of memory.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;
use zip::ZipArchive;

use super::super::DataError;
use super::super::error::clean;

/// Largest file that is read whole.
const MOST_BYTES: u64 = 4 << 30;
/// What compressed bytes may unpack to: this many times their size, but at least and at most so much.
const RATIO: u64 = 200;
const LEAST_ALLOWED: u64 = 64 << 20;
const MOST_ALLOWED: u64 = 2 << 30;
/// Bytes read at once by one thread.
const PIECE: usize = 4 << 20;
/// Archives within archives.
const DEEPEST: usize = 2;
/// Files in an archive.
const MOST_MEMBERS: usize = 10_000;

/// The bytes of one table.
#[derive(Debug)]
pub(super) struct Piece {
    /// File name, within its archive if there is one.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// All tables of a file.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) tables: Vec<Piece>,
    /// What they were wrapped in, from the outside: `gzip`, `zstd`, `zip`.
    pub(super) wrappings: Vec<&'static str>,
    /// They are files of an archive.
    pub(super) archived: bool,
}

/// Reads a file and unpacks it.
pub(super) fn open(path: &Path) -> Result<Pieces, DataError> {
    let failed = |source: io::Error| DataError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
    }
    if !about.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::Unsupported, "it is a device or a pipe, not a file")));
    }
    if about.len() > MOST_BYTES {
        return Err(too_large(path, "it is", MOST_BYTES));
    }
    let bytes = if about.len() > 2 * PIECE as u64 { read_large(&file, about.len()) } else { fs::read(path) };
    let bytes = bytes.map_err(failed)?;
    if bytes.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    unpack_file(path, name, bytes)
}

/// Reads a file in pieces at once; all of them from the one file that was opened, whatever replaces it meanwhile.
#[cfg(unix)]
fn read_large(file: &File, length: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;

    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let pieces = bytes.par_chunks_mut(PIECE).enumerate();
    pieces.try_for_each(|(at, piece)| file.read_exact_at(piece, (at * PIECE) as u64))?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn read_large(mut file: &File, _length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same of bytes already read.
pub(super) fn unpack_file(path: &Path, name: String, bytes: Vec<u8>) -> Result<Pieces, DataError> {
    let mut left = (bytes.len() as u64).saturating_mul(RATIO).clamp(LEAST_ALLOWED, MOST_ALLOWED);
    let mut pieces = Pieces::default();
    unpack(path, Piece { name, bytes }, 0, &mut left, &mut pieces)?;
    pieces.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pieces)
}

fn unpack(path: &Path, piece: Piece, depth: usize, left: &mut u64, out: &mut Pieces) -> Result<(), DataError> {
    let wrapping = match piece.bytes[..] {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [b'P', b'K', 3, 4, ..] => "zip",
        [b'P', b'K', 5, 6, ..] => return Err(unreadable(path, "is a ZIP archive without files")),
        _ => {
            out.tables.push(piece);
            return Ok(());
        }
    };
    if depth == DEEPEST {
        return Err(unreadable(path, "is packed several times over: unpack it first"));
    }
    if !out.wrappings.contains(&wrapping) {
        out.wrappings.push(wrapping);
    }
    let Piece { name, bytes } = piece;
    match wrapping {
        "gzip" => {
            let name = without_ending(&name, &[".gz", ".gzip"]);
            let bytes = limited(path, &name, MultiGzDecoder::new(&bytes[..]), left)?;
            unpack(path, Piece { name, bytes }, depth + 1, left, out)
        }
        "zstd" => {
            let name = without_ending(&name, &[".zst", ".zstd"]);
            let decoder = zstd::Decoder::with_buffer(&bytes[..]).map_err(|err| damaged(path, &name, &err))?;
            let bytes = limited(path, &name, decoder, left)?;
            unpack(path, Piece { name, bytes }, depth + 1, left, out)
        }
        _ => unzip(path, &bytes, depth, left, out),
    }
}

fn unzip(path: &Path, bytes: &[u8], depth: usize, left: &mut u64, out: &mut Pieces) -> Result<(), DataError> {
    let broken =
        |err: &dyn std::fmt::Display| unreadable(path, &format!("is a damaged ZIP archive ({err}): get it again"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|err| broken(&err))?;
    if archive.len() > MOST_MEMBERS {
        return Err(unreadable(path, &format!("holds more than {MOST_MEMBERS} files: unpack those with bars")));
    }
    let names: Vec<String> = archive.file_names().filter_map(|name| name.ok().map(|name| name.into_owned())).collect();
    if names.iter().any(|name| name == "[Content_Types].xml") {
        return Err(unreadable(path, "is an office document: save the sheet as CSV"));
    }
    out.archived = true;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|err| broken(&err))?;
        let name = clean(&member.name().map_err(|err| broken(&err))?);
        if member.is_dir() || is_beside_the_point(&name) {
            continue;
        }
        if member.encrypted() {
            return Err(unreadable(path, &format!("keeps {name} under a password: unpack it first")));
        }
        let bytes = limited(path, &name, &mut member, left)?;
        if !bytes.is_empty() {
            unpack(path, Piece { name, bytes }, depth + 1, left, out)?;
        }
    }
    if out.tables.is_empty() {
        return Err(unreadable(path, "holds no file of bars"));
    }
    Ok(())
}

/// Checksums, readme files and what systems leave in archives.
fn is_beside_the_point(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    let endings = [".checksum", ".sha256", ".md5", ".md", ".pdf", ".html", ".htm"];
    name.starts_with("__MACOSX")
        || file.starts_with('.')
        || file.starts_with("readme")
        || file.starts_with("license")
        || endings.iter().any(|ending| file.ends_with(ending))
}

/// Reads to the end unless that takes more than is left.
fn limited(path: &Path, name: &str, reader: impl Read, left: &mut u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    reader.take(*left + 1).read_to_end(&mut bytes).map_err(|err| damaged(path, name, &err))?;
    match left.checked_sub(bytes.len() as u64) {
        Some(rest) => *left = rest,
        None => return Err(too_large(path, "it unpacks to", *left)),
    }
    Ok(bytes)
}

fn too_large(path: &Path, what: &str, limit: u64) -> DataError {
    let reason = format!("is too large: {what} more than {} MB; split it by time", limit >> 20);
    unreadable(path, &reason)
}

fn damaged(path: &Path, name: &str, err: &io::Error) -> DataError {
    unreadable(path, &format!("is cut off or damaged ({name}: {err}): get it again"))
}

fn unreadable(path: &Path, reason: &str) -> DataError {
    DataError::Unreadable { path: path.to_owned(), reason: clean_reason(reason) }
}

/// One line, not without end.
fn clean_reason(reason: &str) -> String {
    reason.lines().next().unwrap_or_default().chars().take(300).collect()
}

fn without_ending(name: &str, endings: &[&str]) -> String {
    let cut = endings.iter().find(|ending| name.to_lowercase().ends_with(**ending));
    cut.map_or_else(|| name.to_owned(), |ending| name[..name.len() - ending.len()].to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Pieces, DataError> {
        unpack_file(Path::new(name), name.to_owned(), bytes)
    }

    #[test]
    fn wrappings_come_off() {
        let inner = b"date,open\n".to_vec();
        for (name, bytes, wrapping) in [
            ("a.csv", inner.clone(), &[][..]),
            ("a.csv.gz", gzip(&inner), &["gzip"]),
            ("a.csv.zst", zstd::encode_all(&inner[..], 3).unwrap(), &["zstd"]),
            ("a.csv.zst.gz", gzip(&zstd::encode_all(&inner[..], 3).unwrap()), &["gzip", "zstd"]),
        ] {
            let pieces = unpacked(name, bytes).unwrap();
            assert_eq!((pieces.tables[0].name.as_str(), &pieces.tables[0].bytes), ("a.csv", &inner));
            assert_eq!(pieces.wrappings, wrapping);
        }
        let two = [gzip(&inner), gzip(&inner)].concat();
        assert_eq!(unpacked("a.gz", two).unwrap().tables[0].bytes, inner.repeat(2));
    }

    #[test]
    fn bombs_are_defused() {
        let zeros = vec![0_u8; 200 << 20];
        for bytes in [gzip(&zeros), zstd::encode_all(&zeros[..], 3).unwrap()] {
            let sentence = unpacked("bomb", bytes).unwrap_err().to_string();
            assert!(sentence.contains("unpacks to more than 64 MB"), "{sentence}");
        }
        let shell = |n: usize| (0..n).fold(b"x".to_vec(), |bytes, _| gzip(&bytes));
        assert!(unpacked("a", shell(2)).is_ok());
        assert!(unpacked("a", shell(3)).unwrap_err().to_string().contains("packed several times over"));
        let mut cut = gzip(b"date,open\n");
        cut.truncate(12);
        assert!(unpacked("a.gz", cut).unwrap_err().to_string().contains("cut off or damaged"));
    }
}
