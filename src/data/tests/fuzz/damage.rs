//! Ways to damage a file.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::seeds::Kind;

/// Pieces of text that readers may stumble over.
const TOKENS: [&[u8]; 40] = [
    b",",
    b";",
    b"\t",
    b"\"",
    b"\"\"",
    b"\n",
    b"\r",
    b"\n\n",
    b"\0",
    b"\x1f",
    b"-",
    b"+",
    b".",
    b"e",
    b"E309",
    b"nan",
    b"inf",
    b"-inf",
    b"null",
    b"0",
    b"-0",
    b"1e308",
    b"99999999999999999999",
    b"-9223372036854775808",
    b"1e-400",
    b"0x1p3",
    b"2024-02-30",
    b"31/12/1999",
    b"9999-12-31 23:59:59",
    b"12:00 PM",
    b"+99:99",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\\u0000",
    b"AAPL.",
];

/// One of the seeds, damaged a few times, sometimes spliced with another.
pub(super) fn damaged(seeds: &[Vec<u8>], kind: &Kind, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let seed = &seeds[rng.random_range(0..seeds.len())];
    if kind.text && rng.random() { text(seed, seeds, rng) } else { bytes(seed, rng) }
}

/// Damage that knows nothing of what it damages.
pub(super) fn bytes(valid: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..bytes.len().max(1));
        let end = bytes.len().min(at + rng.random_range(1..40));
        match rng.random_range(0..9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => bytes.extend_from_within(at.min(end)..end),
            3 => bytes.insert(at.min(bytes.len()), rng.random()),
            // Binary files say at their end what they hold.
            4 | 5 => {
                let back = rng.random_range(1..700).min(bytes.len().max(1));
                let at = bytes.len().saturating_sub(back);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.random());
            }
            // Lengths and counts: the largest, the smallest, around zero.
            6 => {
                let width = [2, 4, 8][rng.random_range(0..3)];
                let value = [i64::MAX, i64::MIN, -1, 0, 1, i64::from(i32::MAX), 1 << 40][rng.random_range(0..7)];
                let at = at & !(width - 1);
                bytes.iter_mut().skip(at).zip(value.to_le_bytes()).take(width).for_each(|(byte, new)| *byte = new);
            }
            7 => bytes.iter_mut().skip(at).take(rng.random_range(1..9)).for_each(|byte| *byte = rng.random()),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
        }
    }
    bytes
}

/// Damage to lines and cells.
fn text(valid: &[u8], seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = valid.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..lines.len());
        let token = TOKENS[rng.random_range(0..TOKENS.len())];
        match rng.random_range(0..8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = rng.random_range(0..lines.len());
                lines.swap(at, other);
            }
            3 => {
                let other = &seeds[rng.random_range(0..seeds.len())];
                let line = other.split(|&byte| byte == b'\n').nth(rng.random_range(0..4)).unwrap_or_default();
                lines.insert(at, line.to_vec());
            }
            4 => {
                let place = rng.random_range(0..=lines[at].len());
                lines[at].splice(place..place, token.iter().copied());
            }
            5 => lines[at] = token.repeat(rng.random_range(1..30)),
            _ => {
                // A cell for another.
                let mut cells: Vec<&[u8]> = lines[at].split(|byte| b",;\t".contains(byte)).collect();
                let cell = rng.random_range(0..cells.len());
                cells[cell] = token;
                lines[at] = cells.join(&b","[..]);
            }
        }
        if lines.is_empty() {
            lines.push(Vec::new());
        }
    }
    lines.join(&b"\n"[..])
}

/// Arbitrary bytes, sometimes between the marks that files of the kind begin and end with.
pub(super) fn noise(kind: &Kind, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let noise: Vec<u8> = (0..rng.random_range(0..300)).map(|_| rng.random()).collect();
    let length = (noise.len() as u32 / 2).to_le_bytes();
    match (rng.random(), kind.marks) {
        (true, (start, end)) if !end.is_empty() => [start, &noise, &length, end].concat(),
        (true, (start, _)) => [start, &noise].concat(),
        (false, _) => noise,
    }
}
