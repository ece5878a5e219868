use std::ops::Range;

/// Least and largest value of any range of a long series in logarithmic time: what a plot needs to show millions of
/// values without losing a spike. NaN values count as absent.
#[derive(Debug, Clone, Default)]
pub(in crate::gui) struct MinMax {
    /// Level i holds (least, largest) of blocks of `STEP`^(i + 1) values; empty blocks are (inf, -inf).
    levels: Vec<Vec<(f64, f64)>>,
}

const STEP: usize = 16;
const EMPTY: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

fn join(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

impl MinMax {
    /// Over pairs such as (low, high) of each bar.
    pub(in crate::gui) fn new(len: usize, at: impl Fn(usize) -> (f64, f64)) -> Self {
        let mut levels = Vec::new();
        let mut level: Vec<(f64, f64)> =
            (0..len).step_by(STEP).map(|i| (i..(i + STEP).min(len)).map(&at).fold(EMPTY, join)).collect();
        while level.len() > 1 {
            let next = level.chunks(STEP).map(|block| block.iter().copied().fold(EMPTY, join)).collect();
            levels.push(std::mem::replace(&mut level, next));
        }
        levels.push(level);
        Self { levels }
    }

    /// Least and largest value of `range`; `at` is the series it was made of. None without values.
    pub(in crate::gui) fn range(&self, range: Range<usize>, at: impl Fn(usize) -> (f64, f64)) -> Option<(f64, f64)> {
        let mut found = EMPTY;
        let (mut a, mut b) = (range.start, range.end.max(range.start));
        // Loose values at both ends, then whole blocks level by level.
        while a < b && a % STEP != 0 {
            found = join(found, at(a));
            a += 1;
        }
        while a < b && b % STEP != 0 {
            b -= 1;
            found = join(found, at(b));
        }
        for level in &self.levels {
            (a, b) = (a / STEP, b / STEP);
            while a < b && (a % STEP != 0 || level.len() <= STEP) {
                found = join(found, level.get(a).copied().unwrap_or(EMPTY));
                a += 1;
            }
            while a < b && b % STEP != 0 {
                b -= 1;
                found = join(found, level.get(b).copied().unwrap_or(EMPTY));
            }
        }
        (found.0 <= found.1).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_keeps_its_spikes() {
        let values: Vec<f64> = (0..5000_u32)
            .map(|i| if i % 7 == 3 { f64::NAN } else { f64::from(i.wrapping_mul(2654435761) % 10007) })
            .collect();
        let at = |i: usize| (values[i], values[i]);
        let tree = MinMax::new(values.len(), at);
        let mut state = 1_usize;
        for _ in 0..3000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let a = (state >> 33) % 5001;
            let b = a + (state >> 11) % (5001 - a);
            let known: Vec<f64> = values[a..b].iter().copied().filter(|v| !v.is_nan()).collect();
            let slow = known.iter().copied().reduce(f64::min).zip(known.iter().copied().reduce(f64::max));
            assert_eq!(tree.range(a..b, at), slow, "{a}..{b}");
        }
        assert_eq!(MinMax::new(0, at).range(0..0, at), None);
    }
}
