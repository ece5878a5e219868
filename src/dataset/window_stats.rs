/// Spread below which a window counts as flat.
pub(super) const FLAT: f64 = 1e-10;
/// Bound of skew and kurtosis.
const SHAPE_BOUND: f64 = 10.0;

/// Mean, standard deviation (divisor n), bias-corrected skew G1 and excess kurtosis G2 of the values
/// `x[t + 1 - w..=t]` for L bars t = `at..at + L` and every w of ascending `windows`; NaN where a value is, nothing where
/// the series is shorter than the window. `emit(window index, [mean, std, skew, kurtosis] of each bar)`.
///
/// One pass from the newest value back, with power sums around it: a member of the window lies within sqrt(w - 1)
/// standard deviations of its mean, so little is lost to cancellation. Lanes are bars, each summed in the same order,
/// hence L does not change a bit.
pub(super) fn moments<const L: usize>(
    x: &[f64],
    at: usize,
    windows: &[usize],
    mut emit: impl FnMut(usize, &[[f64; L]; 4]),
) {
    let mut anchor = [0.0; L];
    anchor.copy_from_slice(&x[at..at + L]);
    let mut sums = [[0.0; L]; 4];
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
                sums[0][l] += d;
                sums[1][l] += d2;
                sums[2][l] += d2 * d;
                sums[3][l] += d2 * d2;
            }
            back += 1;
        }
        emit(k, &from_sums(w as f64, &anchor, &sums));
    }
}

/// Skew and kurtosis as in Joanes & Gill, "Comparing measures of sample skewness and kurtosis" (1998); 0 if flat.
fn from_sums<const L: usize>(n: f64, anchor: &[f64; L], sums: &[[f64; L]; 4]) -> [[f64; L]; 4] {
    let skew_factor = (n * (n - 1.0)).sqrt() / (n - 2.0);
    let kurtosis_factor = (n - 1.0) / ((n - 2.0) * (n - 3.0));
    let mut out = [[0.0; L]; 4];
    for l in 0..L {
        let [a, b, c, d] = [sums[0][l] / n, sums[1][l] / n, sums[2][l] / n, sums[3][l] / n];
        let m2 = b - a * a;
        let m3 = c - 3.0 * a * b + 2.0 * a * a * a;
        let m4 = d - 4.0 * a * c + 6.0 * a * a * b - 3.0 * a * a * a * a;
        // Comparisons that NaN passes through, unlike `max`.
        let std = if m2 < 0.0 { 0.0 } else { m2.sqrt() };
        let skew = skew_factor * m3 / (m2 * std);
        let kurtosis = kurtosis_factor * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0));
        let flat = std <= FLAT;
        out[0][l] = anchor[l] + a;
        out[1][l] = std;
        out[2][l] = if flat { 0.0 } else { skew.clamp(-SHAPE_BOUND, SHAPE_BOUND) };
        out[3][l] = if flat { 0.0 } else { kurtosis.clamp(-SHAPE_BOUND, SHAPE_BOUND) };
    }
    out
}

/// Values compared at once.
const STRIDE: usize = 8;

/// The last `capacity` values in ascending order, as long as none of them is NaN.
///
/// In f32, the precision of features: half the memory to search and move. Equal values must have equal bits (no -0).
#[derive(Debug)]
pub(super) struct SortedWindow {
    capacity: usize,
    len: usize,
    /// Ascending up to `len`, then infinite up to a multiple of `STRIDE`, so that counting needs no special end.
    sorted: Vec<f32>,
}

impl SortedWindow {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, len: 0, sorted: vec![f32::INFINITY; capacity.next_multiple_of(STRIDE)] }
    }

    /// Takes `x[t]`, forgets `x[t - capacity]`; true when full. Call with consecutive t.
    pub(super) fn slide(&mut self, x: &[f32], t: usize) -> bool {
        let new = x[t];
        if new.is_nan() {
            self.sorted.fill(f32::INFINITY);
            self.len = 0;
            return false;
        }
        // Without a value to forget the last, infinite place is overwritten.
        let full = self.len == self.capacity;
        let [enter, below] = self.ranks([new, if full { x[t - self.capacity] } else { new }]);
        let leave = if full { below } else { self.len };
        if leave < enter {
            self.sorted.copy_within(leave + 1..enter, leave);
            self.sorted[enter - 1] = new;
        } else {
            self.sorted.copy_within(enter..leave, enter + 1);
            self.sorted[enter] = new;
        }
        self.len = self.capacity.min(self.len + 1);
        self.len == self.capacity
    }

    /// Linear-interpolation quantile (Hyndman & Fan type 7) of a full window.
    pub(super) fn quantile(&self, q: f64) -> f32 {
        let place = q * (self.capacity - 1) as f64;
        let below = place as usize;
        let (low, high) = (self.sorted[below], self.sorted[(below + 1).min(self.capacity - 1)]);
        (f64::from(low) + (place - below as f64) * (f64::from(high) - f64::from(low))) as f32
    }

    /// Values below each of two: counting them all is branch-free and beats a binary search at these sizes.
    fn ranks(&self, [a, b]: [f32; 2]) -> [usize; 2] {
        let (mut below_a, mut below_b) = ([0_u32; STRIDE], [0_u32; STRIDE]);
        for values in self.sorted.chunks_exact(STRIDE) {
            for l in 0..STRIDE {
                below_a[l] += u32::from(values[l] < a);
                below_b[l] += u32::from(values[l] < b);
            }
        }
        [below_a, below_b].map(|counts| counts.iter().sum::<u32>() as usize)
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
        moments::<1>(&X, 6, &[4, 5, 7], |k, m| {
            seen += 1;
            for ([ours], theirs) in m.iter().zip(golden[k]) {
                assert!(close(*ours, theirs), "{k}: {ours} {theirs}");
            }
        });
        assert_eq!(seen, 3);
    }

    #[test]
    fn windows_of_every_kind_equal_scipy() {
        let mut cases = 0;
        for row in include_str!("../../tests/golden/windows.csv").lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            let numbers = |text: &str| -> Vec<f64> { text.split(' ').map(|x| x.parse().unwrap()).collect() };
            let (x, golden) = (numbers(cells[1]), cells[2..].iter().flat_map(|c| numbers(c)).collect::<Vec<f64>>());
            let near = |ours: f64, theirs: f64, unit: f64| (ours - theirs).abs() <= 1e-9 * theirs.abs().max(unit);
            // Mean and deviation in units of the window itself; its shape has none.
            let unit = x.iter().fold(f64::MIN_POSITIVE, |most, v| v.abs().max(most));
            moments::<1>(&x, x.len() - 1, &[x.len()], |_, m| {
                cases += 1;
                let [mean, std, skew, kurtosis] = m.map(|[value]| value);
                assert!(near(mean, golden[0], unit) && near(std, golden[1], unit), "{}: {mean} {std}", cells[0]);
                let shape = |x: f64| x.clamp(-SHAPE_BOUND, SHAPE_BOUND);
                let same = near(skew, shape(golden[2]), 1.0) && near(kurtosis, shape(golden[3]), 1.0);
                assert!(same, "{}: {skew} {kurtosis}", cells[0]);
            });
            let mut window = SortedWindow::new(x.len());
            let single: Vec<f32> = x.iter().map(|&v| v as f32 + 0.0).collect();
            (0..x.len()).for_each(|t| {
                window.slide(&single, t);
            });
            for (q, theirs) in [(0.25, golden[4]), (0.75, golden[5])] {
                assert!(near(crate::stats::quantile(&x, q), theirs, 0.0), "{}: {q}", cells[0]);
                let error = (f64::from(window.quantile(q)) - theirs).abs();
                assert!(error <= 2e-7 * unit, "{}: {q} in single precision", cells[0]);
            }
        }
        assert_eq!(cases, 48);
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
        let mut seen = 0;
        moments::<1>(&[0.1; 20], 19, &[20], |_, m| {
            seen += 1;
            assert!(close(m[0][0], 0.1) && m[1..] == [[0.0]; 3]);
        });
        moments::<1>(&[1.0, f64::NAN, 2.0, 3.0], 3, &[4], |_, m| {
            seen += 1;
            assert!(m.iter().all(|value| value[0].is_nan()));
        });
        moments::<1>(&X, 2, &[4], |_, _| seen += 10);
        assert_eq!(seen, 2, "three values are not four");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn eight_lanes_equal_one_bit_for_bit(x in prop::collection::vec(-1e3_f64..1e3, 60..80)) {
            let windows = [4, 7, 33];
            let mut wide = Vec::new();
            moments::<8>(&x, 40, &windows, |_, m| wide.push(*m));
            for lane in 0..8 {
                moments::<1>(&x, 40 + lane, &windows, |k, m| {
                    for part in 0..4 {
                        assert_eq!(wide[k][part][lane].to_bits(), m[part][0].to_bits());
                    }
                });
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
                    prop_assert_eq!(&window.sorted[..w], &plain[..]);
                    let wide: Vec<f64> = plain.into_iter().map(f64::from).collect();
                    prop_assert_eq!(f64::from(window.quantile(0.25)), crate::stats::quantile(&wide, 0.25));
                }
            }
        }
    }
}
