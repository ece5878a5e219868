use candle_core::Result;

use crate::nn::Noise;
use crate::nn::ops::Mask;
use crate::nn::ops::fused::check_slots;
use crate::nn::real::Real;

/// What a stack gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooled {
    /// Every bar's state.
    States,
    /// Their mean.
    Mean,
    /// The last one.
    Last,
}

/// Shape of a transformer stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackShape {
    /// Input columns, F.
    pub features: usize,
    /// Bars of a window, T.
    pub bars: usize,
    /// Width, C.
    pub width: usize,
    /// Inner width of the feed-forward layers.
    pub feed: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// Blocks.
    pub layers: usize,
    /// No bar sees a later one.
    pub causal: bool,
    /// Layer norm after each sum instead of before each sub-layer; then there is no final norm.
    pub post_norm: bool,
    /// A learned position code.
    pub learned_positions: bool,
    /// Dropout on attention weights and on both sub-layers of a block.
    pub dropout: f64,
    /// On a CUDA device the blocks' matrix products take bfloat16 operands in passes that teach; elsewhere nothing changes.
    pub half: bool,
}

/// Parameters of a block, by name within it, in the order of the slots.
const BLOCK: [&str; 13] = [
    "attention.norm.gain",
    "attention.norm.bias",
    "attention.qkv.weight",
    "attention.query.bias",
    "attention.value.bias",
    "attention.output.weight",
    "attention.output.bias",
    "feed.norm.gain",
    "feed.norm.bias",
    "feed.expand.weight",
    "feed.expand.bias",
    "feed.contract.weight",
    "feed.contract.bias",
];

impl StackShape {
    /// Names of the parameters, in their order, with their shapes; weights are `[outputs, inputs]`.
    pub fn names(&self) -> Vec<(String, Vec<usize>)> {
        let (c, f) = (self.width, self.feed);
        let mut all = vec![("input.weight".to_owned(), vec![c, self.features]), ("input.bias".to_owned(), vec![c])];
        if self.learned_positions {
            all.push(("positions".to_owned(), vec![self.bars, c]));
        }
        let shapes: [&[usize]; 13] =
            [&[c], &[c], &[3 * c, c], &[c], &[c], &[c, c], &[c], &[c], &[c], &[f, c], &[f], &[c, f], &[c]];
        for layer in 0..self.layers {
            let block = BLOCK.iter().zip(shapes);
            all.extend(block.map(|(name, shape)| (format!("encoder.{layer:02}.{name}"), shape.to_vec())));
        }
        if !self.post_norm {
            all.extend(["final.norm.gain", "final.norm.bias"].map(|name| (name.to_owned(), vec![c])));
        }
        all
    }

    /// The dropout of each layer: attention weights, attention output, feed-forward output.
    pub(in crate::nn::ops) fn masks(&self, noise: &mut Noise) -> Vec<[Option<Mask>; 3]> {
        (0..self.layers).map(|_| [(); 3].map(|()| Mask::next(self.dropout, noise))).collect()
    }

    /// Numbers in all parameters.
    pub fn count(&self) -> usize {
        self.names().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    /// Sub-layers: two per block.
    pub(in crate::nn::ops) const fn sublayers(&self) -> usize {
        2 * self.layers
    }

    /// Slot of the first parameter of block `layer`.
    pub(in crate::nn::ops) const fn block(&self, layer: usize) -> usize {
        2 + self.learned_positions as usize + layer * BLOCK.len()
    }

    /// Slot of the gain (the bias follows) of the norm over sum `i`: the one before sub-layer `i`, or after sub-layer
    /// `i - 1` with post-norm; `None` if that sum is not normalised.
    pub(in crate::nn::ops) fn norm(&self, i: usize) -> Option<usize> {
        let before = |sublayer: usize| self.block(sublayer / 2) + if sublayer.is_multiple_of(2) { 0 } else { 7 };
        if self.post_norm {
            return i.checked_sub(1).map(before);
        }
        Some(if i == self.sublayers() { self.block(self.layers) } else { before(i) })
    }
}

/// Values of the parameters by slot.
pub(super) struct Slots<'a, R> {
    slices: Vec<&'a [R]>,
    /// Fixed or learned position code.
    pub(super) positions: Option<&'a [R]>,
}

impl<'a, R: Real> Slots<'a, R> {
    /// `slices` are the parameters in order, then the fixed position code if there is one.
    pub(super) fn new(shape: &StackShape, slices: &[&'a [R]]) -> Result<Self> {
        let names = shape.names();
        check_slots(&names, slices)?;
        let (own, rest) = slices.split_at(names.len());
        let positions = if shape.learned_positions { Some(own[2]) } else { rest.first().copied() };
        if positions.is_some_and(|table| table.len() != shape.bars * shape.width) {
            candle_core::bail!("the position code does not have {} rows of {}", shape.bars, shape.width);
        }
        Ok(Self { slices: own.to_vec(), positions })
    }

    pub(super) fn at(&self, slot: usize) -> &'a [R] {
        self.slices[slot]
    }
}

/// Sinusoidal position code, `[T, C]` row-major: sine in even, cosine in odd columns.
///
/// Source: Vaswani et al. (2017), section 3.5.
pub fn sinusoidal_positions(bars: usize, width: usize) -> Vec<f32> {
    (0..bars * width)
        .map(|i| {
            let (position, column) = ((i / width) as f64, i % width);
            let angle = position * (-(10_000.0_f64.ln()) * (column / 2 * 2) as f64 / width as f64).exp();
            if column % 2 == 0 { angle.sin() as f32 } else { angle.cos() as f32 }
        })
        .collect()
}
