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
    Walk { rest: footer }.value(STRUCT, &FILE, 0).is_some()
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
}

impl Walk<'_> {
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
                0 => {
                    let zigzag = self.varint()?;
                    (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)
                }
                step => id + i64::from(step),
            };
            // polars keeps field numbers in 16 bits: a longer one would mean another field to it.
            let number = usize::try_from(i16::try_from(id).ok()?).ok()?;
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
}
