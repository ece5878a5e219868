//! The footer of a Parquet file (Thrift compact protocol), looked over before polars decodes it.
//!
//! polars 0.55 reserves memory for as many list entries as the footer claims and reads fields by number without
//! looking at their type, so that a few changed bytes make it ask for more memory than there is, which ends the whole
//! program and cannot be caught. Here every list must fit into the bytes that are left and every field that polars
//! reads must have the type that the format gives it (parquet-format 2.11, parquet.thrift).

/// What the format says about a field.
enum Shape {
    /// Nothing that polars reads.
    Any,
    Flag,
    Byte,
    Int,
    Text,
    /// Fields 1, 2, 3, ...
    Struct(&'static [Self]),
    List(&'static Self),
}

use Shape::{Any, Byte, Flag, Int, List, Struct, Text};

const EMPTY: Shape = Struct(&[]);
const TIME: Shape = Struct(&[Flag, Struct(&[EMPTY, EMPTY, EMPTY])]);
const DECIMAL: Shape = Struct(&[Int, Int]);
const INTEGER: Shape = Struct(&[Byte, Flag]);
const LOGICAL: Shape = Struct(&[
    EMPTY, EMPTY, EMPTY, EMPTY, DECIMAL, EMPTY, TIME, TIME, EMPTY, INTEGER, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
]);
const SCHEMA: Shape = Struct(&[Int, Int, Int, Text, Int, Int, Int, Int, Int, LOGICAL]);
const STATISTICS: Shape = Struct(&[Text, Text, Int, Int, Text, Text, Flag, Flag]);
const COLUMN: Shape =
    Struct(&[Int, List(&Int), List(&Text), Int, Int, Int, Int, Any, Int, Int, Int, STATISTICS, Any, Int, Int]);
const CHUNK: Shape = Struct(&[Text, Int, COLUMN, Int, Int, Int, Int]);
const SORTING: Shape = Struct(&[Int, Flag, Flag]);
const GROUP: Shape = Struct(&[List(&CHUNK), Int, Int, List(&SORTING), Int, Int, Int]);
const PAIR: Shape = Struct(&[Text, Text]);
const ORDER: Shape = Struct(&[EMPTY, EMPTY]);
const FILE: Shape = Struct(&[Int, List(&SCHEMA), Int, List(&GROUP), List(&PAIR), Text, List(&ORDER)]);

/// Deeper nesting than any footer has.
const DEEPEST: usize = 32;
const STRUCT: u8 = 12;

/// True if `footer` has the shape of a Parquet footer and promises no more than it can hold.
pub(super) fn is_sound(footer: &[u8]) -> bool {
    Walk::new(footer).value(STRUCT, &FILE, 0).is_some()
}

const DATA_PAGE: Shape = Struct(&[Int, Int, Int, Int, STATISTICS]);
const INDEX_PAGE: Shape = EMPTY;
const DICTIONARY_PAGE: Shape = Struct(&[Int, Int, Flag]);
const DATA_PAGE_V2: Shape = Struct(&[Int, Int, Int, Int, Int, Int, Flag, STATISTICS]);
const PAGE: Shape = Struct(&[Int, Int, Int, Int, DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2]);

/// Larger pages are not written by anybody.
const LARGEST_PAGE: u64 = 256 << 20;

/// True if the pages of a column chunk have sound headers, fill it, hold no more than its `values` and unpack to no more
/// than those can take. polars takes a negative number of values for almost 2^64 and asks for memory for them.
///
/// Texts may be of any length, but all of them together fit into a few of the largest pages.
pub(super) fn pages_are_sound(chunk: &[u8], values: i64) -> bool {
    let mut rest = chunk;
    let mut unpacked: u64 = 0;
    let most = (values.max(0) as u64).saturating_mul(64).saturating_add(LARGEST_PAGE);
    while !rest.is_empty() {
        let mut walk = Walk::new(rest);
        let Some([size, packed]) = walk.page() else { return false };
        let counts = i64::try_from(size).unwrap_or(i64::MAX).max(values);
        if walk.lowest < 0 || walk.count > counts {
            return false;
        }
        let Some(after) = usize::try_from(packed).ok().and_then(|packed| walk.rest.get(packed..)) else { return false };
        unpacked = unpacked.saturating_add(size);
        if size > LARGEST_PAGE || unpacked > most || after.len() == rest.len() {
            return false;
        }
        rest = after;
    }
    true
}

impl Shape {
    /// Whether a value of this wire type may stand here.
    fn takes(&self, wire: u8) -> bool {
        match self {
            Any => true,
            Flag => matches!(wire, 1 | 2),
            Byte => wire == 3,
            Int => matches!(wire, 4..=6),
            Text => wire == 8,
            List(_) => wire == 9,
            Struct(_) => wire == STRUCT,
        }
    }
}

struct Walk<'a> {
    rest: &'a [u8],
    /// The lowest whole number in the structures of the outermost one: of a page its counts, lengths and encodings.
    lowest: i64,
    /// The highest of those in field 1: of a page the number of its values.
    count: i64,
}

impl<'a> Walk<'a> {
    const fn new(rest: &'a [u8]) -> Self {
        Self { rest, lowest: 0, count: 0 }
    }

    /// Steps over the header of a page and gives its unpacked and packed sizes.
    fn page(&mut self) -> Option<[u64; 2]> {
        let mut probe = Self::new(self.rest);
        self.value(STRUCT, &PAGE, 0)?;
        let mut sizes = [None; 2];
        // The sizes are fields 2 and 3, whole numbers of at most four bytes that are never negative.
        let mut id = 0;
        while id < 3 {
            let head = probe.byte()?;
            if head.trailing_zeros() >= 4 || head >> 4 == 0 {
                return None;
            }
            id += i64::from(head >> 4);
            if !matches!(head & 15, 4..=6) {
                return None;
            }
            let value = probe.whole()?;
            if let 2 | 3 = id {
                sizes[id as usize - 2] = Some(u64::try_from(i32::try_from(value).ok()?).ok()?);
            }
        }
        Some([sizes[0]?, sizes[1]?])
    }

    fn value(&mut self, wire: u8, shape: &Shape, depth: usize) -> Option<()> {
        if depth > DEEPEST || !shape.takes(wire) {
            return None;
        }
        match wire {
            1 | 2 => Some(()), // the type is the value
            3 => self.skip(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(shape, depth),
            STRUCT => self.fields(shape, depth),
            _ => None, // maps: the format has none
        }
    }

    fn list(&mut self, shape: &Shape, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let wire = head & 15;
        let count = if head >> 4 < 15 { u64::from(head >> 4) } else { self.varint()? };
        if count > self.rest.len() as u64 {
            return None;
        }
        let entry = if let List(entry) = shape { entry } else { &Any };
        for _ in 0..count {
            match wire {
                1 | 2 => self.skip(1)?, // flags take a byte in a list
                _ => self.value(wire, entry, depth + 1)?,
            }
        }
        Some(())
    }

    fn fields(&mut self, shape: &Shape, depth: usize) -> Option<()> {
        let fields = if let Struct(fields) = shape { fields } else { &[][..] };
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            let wire = head & 15;
            if wire == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.whole()?,
                step => id + i64::from(step),
            };
            // polars keeps field numbers in 16 bits: a longer one would mean another field to it.
            let number = usize::try_from(i16::try_from(id).ok()?).ok()?;
            if depth == 1 && matches!(wire, 4..=6) {
                // polars keeps them in 32 bits.
                let value = i32::try_from(Self::new(self.rest).whole()?).ok()?.into();
                self.lowest = self.lowest.min(value);
                self.count = if number == 1 { self.count.max(value) } else { self.count };
            }
            self.value(wire, fields.get(number.wrapping_sub(1)).unwrap_or(&Any), depth + 1)?;
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    fn whole(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 2, one schema element called `a`, no rows, no row groups.
    const SMALL: &[u8] = &[0x15, 4, 0x19, 0x1c, 0x48, 1, b'a', 0, 0x16, 0, 0x19, 0x0c, 0];

    #[test]
    fn promises_beyond_the_footer_are_seen() {
        assert!(is_sound(SMALL));
        for cut in 0..SMALL.len() {
            assert!(!is_sound(&SMALL[..cut]), "{cut} bytes");
        }
        // A schema list of 2^32 - 1 entries, then a field of another type than the format's.
        assert!(!is_sound(&[0x15, 4, 0x19, 0xfc, 255, 255, 255, 255, 15, 0x48, 1, b'a', 0, 0]));
        assert!(!is_sound(&[0x15, 4, 0x18, 0x1c, 0x48, 1, b'a', 0, 0]));
        // Nesting without end.
        assert!(!is_sound(&vec![0xcc; 100_000]));
    }

    #[test]
    fn pages_that_unpack_to_more_than_they_may_are_seen() {
        // A data page: type 0, sizes, then its own header (10 values, plain, levels in runs).
        let zigzag = |value: i64| {
            let mut rest = ((value << 1) ^ (value >> 63)) as u64;
            let mut bytes = Vec::new();
            while rest > 127 {
                bytes.push(rest as u8 | 128);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            bytes
        };
        let page = |unpacked: i64, packed: i64| {
            let header = [&[0x15, 0, 0x15][..], &zigzag(unpacked), &[0x15], &zigzag(packed)].concat();
            [&header[..], &[0x2c, 0x15, 20, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0], &[7; 20]].concat()
        };
        let two = [page(80, 20), page(80, 20)].concat();
        assert!(pages_are_sound(&two, 20) && pages_are_sound(&[], 0));
        assert!(!pages_are_sound(&two[..two.len() - 1], 20));
        // 10 values, then -1 and 100 of a chunk of 20.
        for count in [1, 200] {
            let mut lying = page(80, 20);
            let at = lying.windows(3).position(|bytes| bytes == [0x2c, 0x15, 20]).unwrap() + 2;
            let bytes = if count < 128 { vec![count as u8] } else { vec![count as u8 | 128, (count >> 7) as u8] };
            lying.splice(at..=at, bytes);
            assert!(!pages_are_sound(&lying, 20), "{count}");
        }
        for (unpacked, packed) in [(1 << 30, 20), (-1, 20), (80, -1), (80, 21), (1 << 40, 20)] {
            assert!(!pages_are_sound(&page(unpacked, packed), 20), "{unpacked} {packed}");
        }
    }
}
