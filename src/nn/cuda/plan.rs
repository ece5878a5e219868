//! What a GPU is asked to do, as data: kernels and matrix products over spans of memory. Plans are made without a device,
//! so that tests can count them, check them and run them elsewhere.

use serde::Serialize;

use super::spec::Mask;

/// Numbers (of 32 bits) between the beginnings of two spans of working memory: 256 bytes, what the products like best.
const ALIGNMENT: usize = 64;
/// Threads of a block.
pub(super) const THREADS: u32 = 256;
/// Threads that work on one row together.
const WARP: usize = 32;
/// Columns of a tile of the kernels that sum columns.
const TILE: usize = 32;

/// Memory that a step reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Buffer {
    /// First input.
    First,
    /// Second input.
    Second,
    /// Third input.
    Third,
    /// The result.
    Out,
    /// What the forward pass keeps for the backward pass.
    Kept,
    /// Working memory of one run.
    Work,
}

/// A range of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Where.
    pub buffer: Buffer,
    /// Beginning, in numbers of 32 bits.
    pub start: usize,
    /// Length, in its own numbers.
    pub len: usize,
    /// Numbers are bfloat16 instead of single precision.
    pub half: bool,
}

impl Span {
    /// `len` numbers of single precision from `start` of `buffer`.
    pub const fn new(buffer: Buffer, start: usize, len: usize) -> Self {
        Self { buffer, start, len, half: false }
    }

    /// `len` of its numbers from `start`.
    ///
    /// # Panics
    /// Panics if they lie outside or begin within a word.
    pub(super) fn part(self, start: usize, len: usize) -> Self {
        assert!(start + len <= self.len, "{start}..{} is outside {self:?}", start + len);
        let start = if self.half {
            assert!(start.is_multiple_of(2), "a part of {self:?} begins within a word");
            start / 2
        } else {
            start
        };
        Self { start: self.start + start, len, ..self }
    }

    /// End, in numbers of 32 bits.
    pub const fn end(&self) -> usize {
        self.start + if self.half { self.len.div_ceil(2) } else { self.len }
    }
}

/// An argument of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// Memory.
    Span(Span),
    /// A pointer to nothing.
    Null,
    /// 32 bits.
    Int(u32),
    /// 64 bits.
    Long(u64),
    /// Single precision.
    Float(f32),
}

/// A matrix as a factor, stored row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// Its numbers, all of the batch.
    pub span: Span,
    /// It is the transpose of what is stored.
    pub transposed: bool,
}

/// out = a b, or out + a b with `add`, for each matrix of a batch: `a` is `[m, k]`, `b` `[k, n]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Matrices.
    pub batch: usize,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// What is summed over.
    pub k: usize,
    /// Left factor.
    pub a: Factor,
    /// Right factor.
    pub b: Factor,
    /// The result, single precision.
    pub out: Span,
    /// Adds to what is there.
    pub add: bool,
}

/// A product as a library that counts by columns takes it: the same memory read as out^T = b^T a^T, so its left factor is
/// `b` and its right one `a`.
#[cfg(any(test, feature = "cuda"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ColumnMajor {
    /// Transposes left and right factor.
    pub(super) transposed: [bool; 2],
    /// Rows and columns of the result, and what is summed over.
    pub(super) shape: [usize; 3],
    /// Numbers from one column to the next: left, right, result.
    pub(super) leading: [usize; 3],
    /// Numbers from one matrix to the next: left, right, result.
    pub(super) strides: [usize; 3],
}

#[cfg(any(test, feature = "cuda"))]
impl Product {
    pub(super) const fn column_major(&self) -> ColumnMajor {
        let Self { m, n, k, a, b, .. } = *self;
        ColumnMajor {
            transposed: [b.transposed, a.transposed],
            shape: [n, m, k],
            leading: [if b.transposed { k } else { n }, if a.transposed { m } else { k }, n],
            strides: [k * n, m * k, m * n],
        }
    }
}

/// One thing the device does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A kernel of ours.
    Launch {
        /// Name in the sources.
        kernel: &'static str,
        /// Blocks of threads.
        blocks: u32,
        /// In the order of the kernel's parameters.
        args: Vec<Arg>,
    },
    /// A matrix product.
    Product(Product),
}

/// Steps in order and the memory they need, in numbers of 32 bits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Steps.
    pub steps: Vec<Step>,
    /// Numbers of the result.
    pub out: usize,
    /// Numbers kept.
    pub kept: usize,
    /// Numbers of working memory.
    pub work: usize,
}

impl Plan {
    pub(super) const fn with_result(out: usize) -> Self {
        Self { steps: Vec::new(), out, kept: 0, work: 0 }
    }

    /// Fresh memory in `buffer` ([`Buffer::Kept`] or [`Buffer::Work`]).
    pub(super) fn take(&mut self, buffer: Buffer, len: usize, half: bool) -> Span {
        let end = if buffer == Buffer::Kept { &mut self.kept } else { &mut self.work };
        let span = Span { buffer, start: *end, len, half };
        *end = span.end().next_multiple_of(ALIGNMENT);
        span
    }

    /// Fresh working memory in single precision.
    pub(super) fn work(&mut self, len: usize) -> Span {
        self.take(Buffer::Work, len, false)
    }

    pub(super) fn result(&self) -> Span {
        Span::new(Buffer::Out, 0, self.out)
    }

    fn launch(&mut self, kernel: &'static str, blocks: usize, args: Vec<Arg>) {
        self.steps.push(Step::Launch { kernel, blocks: blocks as u32, args });
    }

    /// A kernel with a thread per number.
    pub(super) fn elements(&mut self, kernel: &'static str, n: usize, args: Vec<Arg>) {
        self.launch(kernel, n.div_ceil(THREADS as usize), args);
    }

    /// A kernel with a warp per row.
    pub(super) fn rows(&mut self, kernel: &'static str, rows: usize, args: Vec<Arg>) {
        self.launch(kernel, (rows * WARP).div_ceil(THREADS as usize), args);
    }

    /// A kernel with a block per tile of columns and chunk of rows.
    pub(super) fn tiles(&mut self, kernel: &'static str, chunks: usize, width: usize, args: Vec<Arg>) {
        self.launch(kernel, chunks * width.div_ceil(TILE), args);
    }

    /// A product; `batch` matrices each.
    ///
    /// # Panics
    /// Panics if the lengths of the spans are not those of the shapes.
    pub(super) fn product(&mut self, batch: usize, [m, n, k]: [usize; 3], a: Factor, b: Factor, out: Span, add: bool) {
        assert_eq!(
            [a.span.len, b.span.len, out.len],
            [batch * m * k, batch * k * n, batch * m * n],
            "{a:?} {b:?} {out:?}"
        );
        assert!(a.span.half == b.span.half && !out.half, "{a:?} {b:?} {out:?}");
        self.steps.push(Step::Product(Product { batch, m, n, k, a, b, out, add }));
    }
}

impl Span {
    /// The stored matrix itself.
    pub(super) const fn plain(self) -> Factor {
        Factor { span: self, transposed: false }
    }

    /// The transpose of the stored matrix.
    pub(super) const fn flipped(self) -> Factor {
        Factor { span: self, transposed: true }
    }
}

impl From<Span> for Arg {
    fn from(span: Span) -> Self {
        Self::Span(span)
    }
}

impl From<Option<Span>> for Arg {
    fn from(span: Option<Span>) -> Self {
        span.map_or(Self::Null, Self::Span)
    }
}

impl From<usize> for Arg {
    fn from(value: usize) -> Self {
        Self::Int(value as u32)
    }
}

/// Key, threshold and scale of a mask as kernels take them; all that stay without one.
pub(super) fn mask_args(mask: Option<Mask>) -> [Arg; 3] {
    let (key, threshold, keep) = mask.map_or((0, 0, 1.0), |mask| (mask.key, mask.threshold(), mask.keep()));
    [Arg::Long(key), Arg::Long(threshold), Arg::Float(keep)]
}
