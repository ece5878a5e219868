use candle_core::{Result, bail};
use serde::Serialize;

/// A dropout mask: numbers fall with probability `p`, drawn from the stream `key` (see `ops::dropout`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mask {
    /// Stream of the counter-based generator.
    pub key: u64,
    /// Probability of falling, in [0, 1).
    pub p: f64,
}

impl Mask {
    /// What a kernel compares the upper 32 bits of a draw with.
    pub(super) fn threshold(self) -> u64 {
        (self.p * (1_u64 << 32) as f64) as u64
    }

    /// What a number that stays is scaled by.
    pub(super) fn keep(self) -> f32 {
        (1.0 / (1.0 - self.p)) as f32
    }
}

/// Where the parameters of a block begin in its flat vector, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Offsets {
    /// Gain and bias of the norm of attention, `[C]` each.
    pub norm1: [usize; 2],
    /// Weight of queries, keys and values, `[3 C, C]`.
    pub qkv: usize,
    /// Bias of the queries, `[C]`.
    pub query_bias: usize,
    /// Bias of the values, `[C]`.
    pub value_bias: usize,
    /// Weight `[C, C]` and bias `[C]` behind the attention.
    pub output: [usize; 2],
    /// Gain and bias of the norm of the feed-forward part, `[C]` each.
    pub norm2: [usize; 2],
    /// Weight `[ff, C]` and bias `[ff]`.
    pub expand: [usize; 2],
    /// Weight `[C, ff]` and bias `[C]`.
    pub contract: [usize; 2],
}

impl Offsets {
    /// The parameters one after the other, in the order of the fields.
    pub const fn in_order(width: usize, ff: usize) -> Self {
        let qkv = 2 * width;
        let query_bias = qkv + 3 * width * width;
        let output = query_bias + 2 * width;
        let norm2 = output + width * width + width;
        let expand = norm2 + 2 * width;
        let contract = expand + ff * width + ff;
        Self {
            norm1: [0, width],
            qkv,
            query_bias,
            value_bias: query_bias + width,
            output: [output, output + width * width],
            norm2: [norm2, norm2 + width],
            expand: [expand, expand + ff * width],
            contract: [contract, contract + width * ff],
        }
    }

    /// One byte per number of the flat vector, 1 where weight decay falls on it: weights, not biases and norms.
    pub fn decayed(&self, width: usize, ff: usize) -> Vec<u8> {
        let ranges = self.ranges(width, ff);
        let mut decayed = vec![0; ranges.iter().map(|(start, len)| start + len).max().unwrap_or(0)];
        for start in [self.qkv, self.output[0], self.expand[0], self.contract[0]] {
            let len = ranges.iter().find(|(other, _)| *other == start).map_or(0, |(_, len)| *len);
            decayed[start..start + len].fill(1);
        }
        decayed
    }

    fn ranges(&self, width: usize, ff: usize) -> [(usize, usize); 13] {
        [
            (self.norm1[0], width),
            (self.norm1[1], width),
            (self.qkv, 3 * width * width),
            (self.query_bias, width),
            (self.value_bias, width),
            (self.output[0], width * width),
            (self.output[1], width),
            (self.norm2[0], width),
            (self.norm2[1], width),
            (self.expand[0], ff * width),
            (self.expand[1], ff),
            (self.contract[0], ff * width),
            (self.contract[1], width),
        ]
    }
}

/// One transformer encoder block: shapes, masks and the layout of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spec {
    /// Windows, B.
    pub batch: usize,
    /// Bars of a window, T.
    pub bars: usize,
    /// Width of the model, C.
    pub width: usize,
    /// Width of the feed-forward part.
    pub ff: usize,
    /// Heads of the attention; divides `width`.
    pub heads: usize,
    /// No bar sees a later one.
    pub causal: bool,
    /// Norms behind the residual sums instead of at the start of each branch.
    pub post_norm: bool,
    /// Dropout on the attention weights, behind the attention, behind the feed-forward part.
    pub masks: [Option<Mask>; 3],
    /// Layout of the parameters.
    pub offsets: Offsets,
    /// Matrix products take bfloat16 operands and sum in single precision.
    pub half: bool,
}

impl Spec {
    /// Rows of the batch, B T.
    pub const fn rows(&self) -> usize {
        self.batch * self.bars
    }

    /// Width of a head.
    pub const fn depth(&self) -> usize {
        self.width / self.heads
    }

    /// Numbers in the flat vector of parameters.
    pub const fn parameters(&self) -> usize {
        let (c, ff) = (self.width, self.ff);
        4 * c * c + 2 * c * ff + ff + 8 * c
    }

    /// Errors unless the shapes fit together, the parameters fill their vector exactly, and every size fits the kernels.
    pub fn check(&self) -> Result<()> {
        let Self { batch, bars, width, ff, heads, .. } = *self;
        if [batch, bars, width, ff, heads].contains(&0) || !width.is_multiple_of(heads) {
            bail!(
                "a block of {batch} windows, {bars} bars, width {width}, {heads} heads and {ff} inner numbers is impossible"
            );
        }
        if self.masks.iter().flatten().any(|mask| !(0.0..1.0).contains(&mask.p)) {
            bail!("a dropout probability lies outside 0 to 1");
        }
        if self.half && !(width.is_multiple_of(2) && ff.is_multiple_of(2)) {
            bail!("with bfloat16 the widths of a block must be even, and {width} and {ff} are not both");
        }
        let largest = (self.rows() * (3 * width).max(ff)).max(batch * heads * bars * bars).max(self.parameters());
        if largest > i32::MAX as usize {
            bail!("a block of {batch} windows is too large for the GPU kernels: lower batch_size or seq_len");
        }
        let mut ranges = self.offsets.ranges(width, ff);
        ranges.sort_unstable();
        let mut end = 0;
        for (start, len) in ranges {
            if start != end {
                bail!("the parameters of a block leave a gap or overlap at {}", start.min(end));
            }
            end += len;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        let offsets = Offsets::in_order(8, 12);
        let masks = [None; 3];
        Spec {
            batch: 2,
            bars: 5,
            width: 8,
            ff: 12,
            heads: 2,
            causal: false,
            post_norm: false,
            masks,
            offsets,
            half: false,
        }
    }

    #[test]
    fn parameters_in_order_fill_the_vector() {
        let spec = spec();
        spec.check().unwrap();
        let end = spec.offsets.ranges(8, 12).iter().map(|(start, len)| start + len).max();
        assert_eq!(end, Some(spec.parameters()));
        let decayed = spec.offsets.decayed(8, 12);
        assert_eq!(decayed.len(), spec.parameters());
        assert_eq!(decayed.iter().map(|&byte| usize::from(byte)).sum::<usize>(), 4 * 8 * 8 + 2 * 8 * 12);
        assert_eq!([spec.offsets.qkv - 1, spec.offsets.qkv].map(|i| decayed[i]), [0, 1]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut gap = spec();
        gap.offsets.contract[1] += 1;
        let mut overlap = spec();
        overlap.offsets.value_bias = overlap.offsets.query_bias;
        let mask = Some(Mask { key: 1, p: 1.0 });
        let huge = Spec { batch: 1 << 30, ..spec() };
        let odd = Spec { ff: 13, offsets: Offsets::in_order(8, 13), ..spec() };
        odd.check().unwrap();
        let odd = Spec { half: true, ..odd };
        for spec in [gap, overlap, Spec { heads: 3, ..spec() }, Spec { bars: 0, ..spec() }, huge, odd] {
            assert!(spec.check().is_err(), "{spec:?}");
        }
        assert!(Spec { masks: [None, mask, None], ..spec() }.check().is_err());
    }

    /// The same rule as `ops::dropout`: threshold on the upper 32 bits, scale 1 / (1 - p).
    #[test]
    fn masks_are_passed_as_the_cpu_reads_them() {
        let mask = Mask { key: 1, p: 0.25 };
        assert_eq!((mask.threshold(), mask.keep()), (1 << 30, 4.0 / 3.0));
    }
}
