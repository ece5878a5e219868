use super::scalars::Scalars;

/// What a reader expects in the first record.
const VERSION: &str = "brain.Event:2";
/// Reversed polynomial of CRC-32C (Castagnoli).
const POLYNOMIAL: u32 = 0x82F6_3B78;
/// Added to a rotated checksum, so that checksums of data that hold checksums stay good.
const MASK: u32 = 0xA282_EAD8;
/// Protocol buffers wire types.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const LENGTH: u64 = 2;
const FOUR_BYTES: u64 = 5;

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

/// The first record of an event file. `time`: seconds since 1970.
pub(super) fn first_record(time: f64) -> Vec<u8> {
    let mut event = time_field(time);
    bytes_field(&mut event, 3, VERSION.as_bytes());
    record(&event)
}

/// One epoch or line of steps as one record: every figure as a scalar, in single precision as the format has it; `prefix`
/// stands before each name. `started`: the run's beginning, seconds since 1970.
///
/// Source: TensorFlow's `event.proto`, `summary.proto` and `record_writer.h`.
pub(super) fn scalars_record(started: f64, prefix: &str, scalars: &Scalars) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in &scalars.values {
        let mut scalar = Vec::new();
        bytes_field(&mut scalar, 1, format!("{prefix}{tag}").as_bytes());
        key(&mut scalar, 2, FOUR_BYTES);
        scalar.extend((*value as f32).to_le_bytes());
        bytes_field(&mut summary, 1, &scalar);
    }
    let mut event = time_field(started + scalars.seconds);
    key(&mut event, 2, VARINT);
    varint(&mut event, scalars.step);
    bytes_field(&mut event, 5, &summary);
    record(&event)
}

fn time_field(seconds: f64) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, EIGHT_BYTES);
    event.extend(seconds.to_le_bytes());
    event
}

fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    key(out, field, LENGTH);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Length, its checksum, data, its checksum; all little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
}

fn masked(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(MASK)
}

fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Test values of RFC 3720, section B.4.
    #[test]
    fn published_checksums() {
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising), 0x46DD_794E);
    }

    #[test]
    fn an_epoch_by_hand() {
        let values = BTreeMap::from([("a".to_owned(), 0.5)]);
        let epoch = Scalars { epoch: 1, step: 300, seconds: 1.0, values };
        let bytes = scalars_record(1.0, "", &epoch);
        let scalar = [0x0A, 1, b'a', 0x15, 0, 0, 0, 0x3F];
        let event = [&[0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0xAC, 0x02, 0x2A, 10, 0x0A, 8][..], &scalar].concat();
        assert_eq!(bytes[..8], 24_u64.to_le_bytes());
        assert_eq!(bytes[12..36], event);
        assert_eq!(bytes[36..], masked(&event).to_le_bytes());
        assert_eq!(bytes[8..12], masked(&24_u64.to_le_bytes()).to_le_bytes());
        assert!(first_record(0.0).windows(13).any(|part| part == VERSION.as_bytes()));
    }
}
