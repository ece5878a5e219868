use std::collections::BTreeSet;

use candle_core::{Result, Tensor};

use crate::nn::{Noise, ops};

/// What a forward pass shall show or change on its way.
#[derive(Debug, Default)]
pub struct Probe {
    /// Keep attention weights and pooling weights.
    pub record: bool,
    /// Layer and head pairs whose attention is replaced by the same weight for every bar that the query sees.
    pub uniform: BTreeSet<(usize, usize)>,
    /// Per layer `[B, H, T, T]`, detached; empty if the encoder has no attention over bars.
    pub attention: Vec<Tensor>,
    /// `[B, T]`, detached: how much each bar counts in pooling; `None` if no weight per bar says it (tpa).
    pub pooling: Option<Tensor>,
}

impl Probe {
    /// Records weights.
    pub fn recording() -> Self {
        Self { record: true, ..Self::default() }
    }

    /// Replaces the attention of these layer and head pairs.
    pub fn uniform(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Self { uniform: pairs.into_iter().collect(), ..Self::default() }
    }

    /// The context of `layer` if this probe changes it; records its weights if asked to.
    pub(super) fn attend(&mut self, layer: usize, qkv: &Tensor, heads: usize, causal: bool) -> Result<Option<Tensor>> {
        if self.record {
            self.attention.push(ops::attention_weights(&qkv.detach(), heads, causal)?.detach());
        }
        if !self.uniform.iter().any(|(l, _)| *l == layer) {
            return Ok(None);
        }
        let (b, t, packed) = qkv.dims3()?;
        let (c, width) = (packed / 3, packed / 3 / heads);
        let learned = ops::self_attention(qkv, heads, causal, 0.0, &mut Noise::off())?;
        let values = qkv.narrow(2, 2 * c, c)?;
        let average = if causal {
            uniform(t, &values)?.broadcast_matmul(&values.contiguous()?)?
        } else {
            values.mean_keepdim(1)?.broadcast_as((b, t, c))?
        };
        let parts: Vec<Tensor> = (0..heads)
            .map(|h| {
                let from = if self.uniform.contains(&(layer, h)) { &average } else { &learned };
                from.narrow(2, h * width, width)
            })
            .collect::<Result<_>>()?;
        Tensor::cat(&parts, 2).map(Some)
    }
}

/// Weights of causal uniform attention, `[1, T, T]`: row q has 1 / (q + 1) up to place q.
fn uniform(t: usize, like: &Tensor) -> Result<Tensor> {
    let weight = |i: usize| if i % t <= i / t { 1.0 / (i / t + 1) as f64 } else { 0.0 };
    let values: Vec<f64> = (0..t * t).map(weight).collect();
    Tensor::from_vec(values, (1, t, t), like.device())?.to_dtype(like.dtype())
}
