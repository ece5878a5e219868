//! An Arrow IPC file, looked over before polars decodes it.
//!
//! polars 0.55 asks for as much memory as a batch claims to have rows or a compressed buffer to unpack to, and calls
//! `todo!` on newer types, so a few changed bytes end the program or panic. Here every batch must lie within the file, hold
//! flat columns only, and claim no more than its rows can take.

use polars_arrow_format::ipc::planus::{self, ReadAsRoot as _};
use polars_arrow_format::ipc::{BlockRef, FooterRef, MessageHeaderRef, MessageRef, RecordBatchRef, TypeRef};

use super::parquet::{MOST_ROWS, most_rows};

const MAGIC: &[u8] = b"ARROW1";
/// What follows the length of the footer.
const TAIL: usize = 10;
/// Bytes that all texts of one column in a batch may take.
const MOST_TEXT: u64 = 1 << 30;
/// And what they may take however little the file holds of them.
const LEAST_TEXT: u64 = 16 << 20;
/// Writers align and pad buffers.
const SLACK: u64 = 64;

type Checked<T> = Result<T, String>;

/// Buffers of a column behind its validity bitmap.
#[derive(Clone, Copy)]
enum Width {
    /// One buffer of so many bits per row.
    Bits(u64),
    /// Offsets of so many bytes per row, then bytes.
    Text(u64),
    /// Views of 16 bytes per row, then any number of buffers.
    Views,
    /// None, not even the bitmap.
    Nothing,
}

/// Accepts files that polars can decode without asking for more memory than they are worth.
pub(super) fn check(bytes: &[u8]) -> Checked<()> {
    let whole = bytes.len() > MAGIC.len() + TAIL + 2 && bytes.starts_with(MAGIC) && bytes.ends_with(MAGIC);
    if !whole {
        return Err("it does not begin and end as one".to_owned());
    }
    let end = bytes.len() - TAIL;
    let length = i32::from_le_bytes([bytes[end], bytes[end + 1], bytes[end + 2], bytes[end + 3]]);
    let start = usize::try_from(length).ok().and_then(|length| end.checked_sub(length));
    let start = start.ok_or("its footer is longer than the file")?;
    let footer = FooterRef::read_as_root(&bytes[start..end]).map_err(garbled)?;
    let columns = columns(&footer)?;
    if footer.dictionaries().map_err(garbled)?.is_some_and(|blocks| !blocks.is_empty()) {
        return Err("it holds categories: save those columns as text".to_owned());
    }
    let blocks = footer.record_batches().map_err(garbled)?.ok_or("it holds no batches")?;
    let mut rows = 0_u64;
    for block in blocks {
        rows += batch(bytes, block, &columns)?;
        if rows > most_rows(bytes.len()) as u64 {
            return Err("it claims more rows than it can hold".to_owned());
        }
    }
    Ok(())
}

fn garbled(err: planus::Error) -> String {
    let text = err.to_string();
    format!("its structure is garbled, {}", text.lines().next().unwrap_or_default())
}

/// What every column takes per row.
fn columns(footer: &FooterRef<'_>) -> Checked<Vec<Width>> {
    let schema = footer.schema().map_err(garbled)?.ok_or("it names no columns")?;
    let fields = schema.fields().map_err(garbled)?.ok_or("it names no columns")?;
    let mut names = std::collections::BTreeSet::new();
    let mut columns = Vec::new();
    for field in fields {
        let field = field.map_err(garbled)?;
        let name = field.name().map_err(garbled)?.unwrap_or_default();
        if !names.insert(name) {
            return Err(format!("two columns are called {name:?}"));
        }
        let categories = field.dictionary().map_err(garbled)?.is_some();
        let kind = field.type_().map_err(garbled)?.ok_or("a column has no type")?;
        let width = if categories { None } else { width(&kind)? };
        columns.push(width.ok_or_else(|| {
            format!("column {name:?} holds neither numbers, times, texts nor yes/no values: leave it out")
        })?);
    }
    Ok(columns)
}

fn width(kind: &TypeRef<'_>) -> Checked<Option<Width>> {
    use polars_arrow_format::ipc::{DateUnit, Precision};
    let bits = |bits: i32| match bits {
        8 | 16 | 32 | 64 | 128 => Some(Width::Bits(bits as u64)),
        _ => None,
    };
    Ok(match kind {
        TypeRef::Null(_) => Some(Width::Nothing),
        TypeRef::Bool(_) => Some(Width::Bits(1)),
        TypeRef::Int(int) => bits(int.bit_width().map_err(garbled)?),
        TypeRef::FloatingPoint(float) => match float.precision().map_err(garbled)? {
            Precision::Half => Some(Width::Bits(16)),
            Precision::Single => Some(Width::Bits(32)),
            Precision::Double => Some(Width::Bits(64)),
        },
        TypeRef::Date(date) => match date.unit().map_err(garbled)? {
            DateUnit::Day => Some(Width::Bits(32)),
            DateUnit::Millisecond => Some(Width::Bits(64)),
        },
        TypeRef::Time(time) => bits(time.bit_width().map_err(garbled)?),
        TypeRef::Timestamp(_) | TypeRef::Duration(_) => Some(Width::Bits(64)),
        TypeRef::Utf8(_) | TypeRef::Binary(_) => Some(Width::Text(4)),
        TypeRef::LargeUtf8(_) | TypeRef::LargeBinary(_) => Some(Width::Text(8)),
        TypeRef::Utf8View(_) | TypeRef::BinaryView(_) => Some(Width::Views),
        _ => None,
    })
}

/// Checks one batch and gives its rows.
fn batch(bytes: &[u8], block: BlockRef<'_>, columns: &[Width]) -> Checked<u64> {
    let outside = || "a batch lies outside the file".to_owned();
    let offset = usize::try_from(block.offset()).map_err(|_large| outside())?;
    let head = bytes.get(offset..).and_then(|rest| rest.first_chunk::<8>()).ok_or_else(outside)?;
    let [a, b, c, d, e, f, g, h] = *head;
    let (length, start) =
        if [a, b, c, d] == [0xff; 4] { ([e, f, g, h], offset + 8) } else { ([a, b, c, d], offset + 4) };
    let length = usize::try_from(i32::from_le_bytes(length)).map_err(|_large| outside())?;
    let message = bytes.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(outside)?;
    let message = MessageRef::read_as_root(message).map_err(garbled)?;
    let Some(MessageHeaderRef::RecordBatch(batch)) = message.header().map_err(garbled)? else {
        return Err("a batch is none".to_owned());
    };
    let body = u64::try_from(block.meta_data_length()).ok().and_then(|meta| meta.checked_add(offset as u64));
    let body = body.filter(|&body| body <= bytes.len() as u64).ok_or_else(outside)?;
    buffers(&bytes[body as usize..], &batch, columns)
}

fn buffers(body: &[u8], batch: &RecordBatchRef<'_>, columns: &[Width]) -> Checked<u64> {
    let lying = || "a batch claims more than it holds".to_owned();
    let rows = u64::try_from(batch.length().map_err(garbled)?).map_err(|_negative| lying())?;
    let compressed = batch.compression().map_err(garbled)?;
    if let Some(compression) = &compressed {
        compression.codec().map_err(garbled)?;
    }
    let nodes = batch.nodes().map_err(garbled)?.ok_or_else(lying)?;
    if rows > MOST_ROWS as u64 || nodes.len() != columns.len() {
        return Err(lying());
    }
    let all = batch.buffers().map_err(garbled)?.ok_or_else(lying)?;
    let mut buffers = all.iter();
    let mut views = batch.variadic_buffer_counts().map_err(garbled)?.into_iter().flatten();
    let mut next = |most: u64, least: u64| {
        let buffer = buffers.next().ok_or_else(lying)?;
        let (start, length) =
            u64::try_from(buffer.offset()).ok().zip(u64::try_from(buffer.length()).ok()).ok_or_else(lying)?;
        let end = start.checked_add(length).filter(|&end| end <= body.len() as u64).ok_or_else(lying)?;
        let bytes = &body[start as usize..end as usize];
        let size = match (&compressed, bytes.first_chunk::<8>()) {
            (Some(_), Some(head)) => match i64::from_le_bytes(*head) {
                -1 => length - 8,
                size => u64::try_from(size).map_err(|_negative| lying())?,
            },
            (Some(_), None) if length > 0 => return Err(lying()),
            _ => length,
        };
        let most = if most == MOST_TEXT && compressed.is_some() { most.min(LEAST_TEXT + 200 * length) } else { most };
        // A validity bitmap may be absent, and so may everything of no rows.
        if size > most.saturating_add(SLACK) || size < least && length > 0 {
            return Err(lying());
        }
        Ok(size)
    };
    for (node, width) in nodes.iter().zip(columns) {
        let known = u64::try_from(node.length()) == Ok(rows) && (0..=node.length()).contains(&node.null_count());
        if !known {
            return Err(lying());
        }
        if matches!(width, Width::Nothing) {
            continue;
        }
        let bitmap = next(rows.div_ceil(8).saturating_mul(2), 0)?;
        if node.null_count() > 0 && bitmap < rows.div_ceil(8) {
            return Err(lying());
        }
        match *width {
            Width::Bits(bits) => {
                let exact = (rows * bits).div_ceil(8);
                next(exact.saturating_mul(2), exact)?;
            }
            Width::Text(offset) => {
                next((rows + 1) * offset * 2, 0)?;
                next(MOST_TEXT, 0)?;
            }
            Width::Views => {
                next(rows * 32, rows * 16)?;
                for _ in 0..views.next().unwrap_or(0).clamp(0, 10_000) {
                    next(MOST_TEXT, 0)?;
                }
            }
            Width::Nothing => {}
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::frame::ColumnView;

    fn file() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.feather");
        let (times, numbers) = ((0..100).collect::<Vec<i64>>(), vec![0.5; 100]);
        let texts = vec!["a text longer than a view".to_owned(); 100];
        let columns = [
            ("t", ColumnView::Time(&times)),
            ("x", ColumnView::Float(&numbers)),
            ("s", ColumnView::Text(&texts)),
            ("b", ColumnView::Bool(&[true; 100])),
        ];
        crate::data::feather::write(&path, &columns, &Default::default()).unwrap();
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn whole_files_pass_and_cut_ones_do_not() {
        let whole = file();
        assert_eq!(check(&whole), Ok(()));
        for cut in (0..whole.len()).step_by(7) {
            assert!(check(&whole[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn sizes_that_lie_are_seen() {
        let whole = file();
        // Compressed buffers begin with what they unpack to: 800 bytes of times and of numbers.
        let size = 800_i64.to_le_bytes();
        let places: Vec<usize> = (0..whole.len() - 8).filter(|&at| whole[at..at + 8] == size).collect();
        assert!(places.len() >= 2, "{places:?}");
        for at in places {
            for lie in [799_i64, 1 << 20, 1 << 62, i64::MIN, -2] {
                let mut bytes = whole.clone();
                bytes[at..at + 8].copy_from_slice(&lie.to_le_bytes());
                assert!(check(&bytes).is_err(), "{lie} at {at}");
            }
        }
    }
}
