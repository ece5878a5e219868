/// Moments of the `w` values ending at a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    /// With divisor n.
    pub(super) std: f64,
    /// Bias-corrected, G1.
    pub(super) skew: f64,
    /// Bias-corrected excess, G2.
    pub(super) kurtosis: f64,
}

/// Spread below which a window counts as flat.
pub(super) const FLAT: f64 = 1e-10;
/// Bound of skew and kurtosis.
const SHAPE_BOUND: f64 = 10.0;

/// Moments of `x[t + 1 - w..=t]` for L bars t = `at..at + L` and every w of ascending `windows`; NaN if a value is or if
/// the series is shorter than the window. `emit(lane, window index, moments)`.
///
/// One pass from the newest value back, with power sums around it: a member of the window lies within sqrt(w - 1)
/// standard deviations of its mean, so little is lost to cancellation. Lanes are bars, each summed in the same order,
/// hence L does not change a bit.
pub(super) fn moments<const L: usize>(
    x: &[f64],
    at: usize,
    windows: &[usize],
    mut emit: impl FnMut(usize, usize, Moments),
) {
    let mut anchor = [0.0; L];
    anchor.copy_from_slice(&x[at..at + L]);
    let (mut s1, mut s2, mut s3, mut s4) = ([0.0; L], [0.0; L], [0.0; L], [0.0; L]);
    let mut back = 0;
    for (k, &w) in windows.iter().enumerate() {
        if w > at + 1 {
            break;
        }
        while back < w {
            let row = &x[at - back..at - back + L];
            for l in 0..L {
                let d = row[l] - anchor[l];
                let d2 = d * d;
                s1[l] += d;
                s2[l] += d2;
                s3[l] += d2 * d;
                s4[l] += d2 * d2;
            }
            back += 1;
        }
        for l in 0..L {
            emit(l, k, from_sums(w as f64, anchor[l], [s1[l], s2[l], s3[l], s4[l]]));
        }
    }
}

/// Skew and kurtosis as in Joanes & Gill, "Comparing measures of sample skewness and kurtosis" (1998).
fn from_sums(n: f64, anchor: f64, sums: [f64; 4]) -> Moments {
    let [a, b, c, d] = sums.map(|s| s / n);
    let m2 = b - a * a;
    let m3 = c - 3.0 * a * b + 2.0 * a * a * a;
    let m4 = d - 4.0 * a * c + 6.0 * a * a * b - 3.0 * a * a * a * a;
    // Not `max`, which would turn NaN into 0.
    let std = m2.clamp(0.0, f64::INFINITY).sqrt();
    let (mut skew, mut kurtosis) = (0.0, 0.0);
    if std.is_nan() {
        (skew, kurtosis) = (f64::NAN, f64::NAN);
    } else if std > FLAT {
        skew = (n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / (m2 * std);
        kurtosis = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0));
    }
    Moments {
        mean: anchor + a,
        std,
        skew: skew.clamp(-SHAPE_BOUND, SHAPE_BOUND),
        kurtosis: kurtosis.clamp(-SHAPE_BOUND, SHAPE_BOUND),
    }
}

/// The last `capacity` values in ascending order, as long as none of them is NaN.
///
/// In f32, the precision of features: half the memory to search and move. Equal values must have equal bits (no -0).
#[derive(Debug)]
pub(super) struct SortedWindow {
    capacity: usize,
    sorted: Vec<f32>,
}

impl SortedWindow {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, sorted: Vec::with_capacity(capacity) }
    }

    /// Takes `x[t]`, forgets `x[t - capacity]`; true when full. Call with consecutive t.
    pub(super) fn slide(&mut self, x: &[f32], t: usize) -> bool {
        let new = x[t];
        if new.is_nan() {
            self.sorted.clear();
            return false;
        }
        if self.sorted.len() < self.capacity {
            self.sorted.insert(self.rank(new), new);
        } else {
            let old = x[t - self.capacity];
            let (leave, enter) = (self.rank(old), self.rank(new));
            if leave < enter {
                self.sorted.copy_within(leave + 1..enter, leave);
                self.sorted[enter - 1] = new;
            } else {
                self.sorted.copy_within(enter..leave, enter + 1);
                self.sorted[enter] = new;
            }
        }
        self.sorted.len() == self.capacity
    }

    /// Linear-interpolation quantile (Hyndman & Fan type 7) of a full window.
    pub(super) fn quantile(&self, q: f64) -> f32 {
        let place = q * (self.capacity - 1) as f64;
        let below = place as usize;
        let (low, high) = (self.sorted[below], self.sorted[(below + 1).min(self.capacity - 1)]);
        (f64::from(low) + (place - below as f64) * (f64::from(high) - f64::from(low))) as f32
    }

    /// Values below `value`: counting them all is branch-free and beats a binary search at these sizes.
    fn rank(&self, value: f32) -> usize {
        self.sorted.iter().map(|&v| u32::from(v < value)).sum::<u32>() as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const X: [f64; 7] = [1.5, -2.25, 0.75, 4.0, 3.5, -1.0, 9.25];

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs().max(1.0)
    }

    #[test]
    fn moments_equal_scipy() {
        // scipy 1.17.1: numpy mean and std (ddof 0), stats.skew and stats.kurtosis with bias=False.
        let golden = [
            [3.9375, 3.633072907333405, 0.2661852015555791, 1.4691234380201657],
            [3.3, 3.490701935141412, 0.8054411509504987, 0.8243804606489826],
            [2.25, 3.530479530359256, 0.9301876830887258, 1.0878432853589048],
        ];
        let mut seen = 0;
        moments::<1>(&X, 6, &[4, 5, 7], |_, k, m| {
            seen += 1;
            for (ours, theirs) in [m.mean, m.std, m.skew, m.kurtosis].into_iter().zip(golden[k]) {
                assert!(close(ours, theirs), "{k}: {ours} {theirs}");
            }
        });
        assert_eq!(seen, 3);
    }

    #[test]
    fn quartiles_equal_numpy() {
        // numpy 2.4.6 percentile (linear) of the last 4, 5 and 7 values.
        for (w, low, high) in [(4, 2.375, 5.3125), (5, 0.75, 4.0), (7, -0.125, 3.75)] {
            let mut window = SortedWindow::new(w);
            let full: Vec<bool> = (0..7).map(|t| window.slide(&X.map(|x| x as f32), t)).collect();
            assert_eq!(full.iter().filter(|&&f| f).count(), 8 - w);
            assert_eq!((window.quantile(0.25), window.quantile(0.75)), (low, high));
        }
    }

    #[test]
    fn a_flat_or_broken_window_has_defined_moments() {
        moments::<1>(&[0.1; 20], 19, &[20], |_, _, m| {
            assert!(close(m.mean, 0.1) && m.std == 0.0 && m.skew == 0.0 && m.kurtosis == 0.0);
        });
        moments::<1>(&[1.0, f64::NAN, 2.0, 3.0], 3, &[4], |_, _, m| {
            assert!(m.mean.is_nan() && m.std.is_nan() && m.skew.is_nan() && m.kurtosis.is_nan());
        });
        moments::<1>(&X, 2, &[4], |_, _, _| panic!("three values are not four"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn eight_lanes_equal_one_bit_for_bit(x in prop::collection::vec(-1e3_f64..1e3, 60..80)) {
            let windows = [4, 7, 33];
            let mut wide = vec![[0_u64; 4]; 8 * 3];
            let bits = |m: Moments| [m.mean, m.std, m.skew, m.kurtosis].map(f64::to_bits);
            moments::<8>(&x, 40, &windows, |lane, k, m| wide[lane * 3 + k] = bits(m));
            for lane in 0..8 {
                moments::<1>(&x, 40 + lane, &windows, |_, k, m| assert_eq!(wide[lane * 3 + k], bits(m)));
            }
        }

        #[test]
        fn the_sorted_window_equals_sorting(x in prop::collection::vec(prop_oneof![
            20 => (-4_i16..4).prop_map(f32::from),
            1 => Just(f32::NAN),
        ], 1..120), w in 1_usize..12) {
            let mut window = SortedWindow::new(w);
            for t in 0..x.len() {
                let full = window.slide(&x, t);
                let plain = (t + 1 >= w).then(|| &x[t + 1 - w..=t]).filter(|s| s.iter().all(|v| !v.is_nan()));
                prop_assert_eq!(full, plain.is_some());
                if let Some(plain) = plain {
                    let mut plain = plain.to_vec();
                    plain.sort_by(f32::total_cmp);
                    prop_assert_eq!(&window.sorted, &plain);
                    let wide: Vec<f64> = plain.into_iter().map(f64::from).collect();
                    prop_assert_eq!(f64::from(window.quantile(0.25)), crate::stats::quantile(&wide, 0.25));
                }
            }
        }
    }
}
