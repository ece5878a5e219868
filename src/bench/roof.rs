use std::hint::black_box;
use std::time::Instant;

use pulp::Simd;
use rayon::prelude::*;

/// Chains of multiply-adds that run beside each other: more than their latency hides.
const CHAINS: usize = 12;
const ROUNDS: usize = 200_000;

/// f32 multiply-adds per second of all threads at their best: what no step can exceed.
pub(super) fn multiply_adds_per_s() -> f64 {
    let threads = rayon::current_num_threads();
    let run = || {
        let start = Instant::now();
        let lanes =
            (0..threads).into_par_iter().with_max_len(1).map(|_| pulp::Arch::new().dispatch(Chains)).sum::<usize>();
        (lanes * ROUNDS * CHAINS) as f64 / start.elapsed().as_secs_f64()
    };
    (0..10).map(|_| run()).fold(0.0, f64::max)
}

struct Chains;

impl pulp::WithSimd for Chains {
    /// Numbers in a vector.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (x, y) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut sums = [simd.splat_f32s(1.0); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, x, y);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        size_of::<S::f32s>() / size_of::<f32>()
    }
}
