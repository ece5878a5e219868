//! CPU kernels behind the operations: products, passes over rows, attention, and the memory they work in.
//!
//! Every pass is compiled for the vectors the running CPU has (AVX-512, AVX2 or plain code) and gives the same bits on
//! each, because sums run over a fixed number of lanes; work is cut by shape alone, so the number of threads changes no
//! bit. The products are the exception to the first: their kernels round differently from one instruction set to another.

mod activation;
mod arena;
mod attention;
mod lanes;
mod matrix;
mod norm;
mod residual;

pub(super) use activation::{gelu, gelu_backward};
pub(super) use arena::{Arena, Buffer};
pub(super) use attention::Attention;
pub(super) use lanes::{ROWS, column_sums, kernel, reduce_sums};
pub(super) use matrix::{View, multiply};
pub(super) use norm::{norm_apply, norm_backward, norm_forward};
pub(super) use residual::{drop_backward, residual};
