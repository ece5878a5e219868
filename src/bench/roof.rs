use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

/// Chains of multiply-adds that run beside each other: more than their latency hides.
const CHAINS: usize = 12;
/// Numbers of the widest vectors.
const LANES: usize = 16;
const ROUNDS: usize = 200_000;

/// f32 multiply-adds per second of all threads at their best: what no step can exceed.
pub(super) fn multiply_adds_per_s() -> f64 {
    let threads = rayon::current_num_threads();
    let run = || {
        let start = Instant::now();
        (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
            black_box(pulp::Arch::new().dispatch(Chains));
        });
        (threads * ROUNDS * CHAINS * LANES) as f64 / start.elapsed().as_secs_f64()
    };
    (0..10).map(|_| run()).fold(0.0, f64::max)
}

struct Chains;

impl pulp::NullaryFnOnce for Chains {
    type Output = [[f32; LANES]; CHAINS];

    #[inline(always)]
    fn call(self) -> Self::Output {
        let (x, y) = (black_box(0.999_f32), black_box(1e-3_f32));
        let mut sums = [[1.0_f32; LANES]; CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                for value in sum {
                    *value = value.mul_add(x, y);
                }
            }
        }
        sums
    }
}
