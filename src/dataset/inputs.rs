use rayon::prelude::*;

/// Share of missing cells above which a window is left out, as a divisor.
const MISSING_DIVISOR: usize = 100;
/// Values from which a copy is worth several threads.
const PARALLEL: usize = 1 << 18;

/// What the network reads: scaled features, `.missing` flags and padding, one row per bar, no NaN.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Columns.
    pub width: usize,
    /// Bars.
    pub rows: usize,
    /// \[rows, width\], row-major.
    pub data: Vec<f32>,
    names: Vec<String>,
    /// Features of which a cell can be missing.
    sources: Vec<String>,
    /// Missing cells as (row, place in `sources`), by row.
    missing: Vec<(u32, u32)>,
    /// Missing cells before each row, and in all: rows + 1 values.
    missing_before: Vec<usize>,
}

impl Inputs {
    /// Inputs of which nothing is missing. `data`: \[rows, names\], row-major.
    pub fn complete(names: Vec<String>, data: Vec<f32>) -> Self {
        let sources = names.clone();
        Self::new(names, data, sources, Vec::new())
    }

    pub(super) fn new(names: Vec<String>, data: Vec<f32>, sources: Vec<String>, missing: Vec<(u32, u32)>) -> Self {
        let width = names.len();
        let rows = data.len().checked_div(width).unwrap_or(0);
        let mut missing_before = vec![0; rows + 1];
        for &(row, _) in &missing {
            missing_before[row as usize + 1] += 1;
        }
        for row in 0..rows {
            missing_before[row + 1] += missing_before[row];
        }
        Self { width, rows, data, names, sources, missing, missing_before }
    }

    /// Column names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Columns that hold scaled features or their components: the first ones; `.missing` flags and `pad_` columns follow.
    pub fn scaled(&self) -> usize {
        let padding = |name: &str| name.strip_prefix("pad_").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        self.names.iter().position(|name| name.ends_with(".missing") || padding(name)).unwrap_or(self.width)
    }

    /// All columns of bar `t`.
    pub fn row(&self, t: usize) -> &[f32] {
        &self.data[t * self.width..(t + 1) * self.width]
    }

    /// Cells of bar `t` that were missing and stand at the training median.
    pub fn missing(&self, t: usize) -> usize {
        self.missing_before[t + 1] - self.missing_before[t]
    }

    /// Why the window of `seq_len` bars ending at `t` must not be used; `None` if it may.
    pub fn window_problem(&self, t: usize, seq_len: usize) -> Option<String> {
        if t >= self.rows {
            return Some(format!("bar {t} does not exist; there are {} bars", self.rows));
        }
        if t + 1 < seq_len {
            return Some(format!("not enough history: needs {seq_len} bars, has {}", t + 1));
        }
        let first = t + 1 - seq_len;
        let cells = &self.missing[self.missing_before[first]..self.missing_before[t + 1]];
        let all = seq_len * self.sources.len();
        if cells.len() * MISSING_DIVISOR <= all {
            return None;
        }
        let mut counts = vec![0_usize; self.sources.len()];
        for &(_, column) in cells {
            counts[column as usize] += 1;
        }
        // The first of the worst.
        let worst = (0..counts.len()).rev().max_by_key(|&column| counts[column])?;
        Some(format!(
            "{} of {all} input cells are missing (more than 1 %), most of them in {} (on {} of {seq_len} bars)",
            cells.len(),
            self.sources[worst],
            counts[worst]
        ))
    }

    /// Replaces `out` by the windows of bars `t + 1 - seq_len..=t` for each t of `ends`: \[ends, seq_len, width\], row-major.
    ///
    /// Panics for a window that [`Self::window_problem`] calls beyond the data.
    pub fn gather(&self, ends: &[usize], seq_len: usize, out: &mut Vec<f32>) {
        // What is there is overwritten, not cleared first.
        out.resize(ends.len() * seq_len * self.width, 0.0);
        self.gather_into(ends, seq_len, out);
    }

    /// [`Self::gather`] into memory of just the right length.
    ///
    /// Panics if it is shorter.
    pub fn gather_into(&self, ends: &[usize], seq_len: usize, out: &mut [f32]) {
        let window = seq_len * self.width;
        if window == 0 {
            return;
        }
        assert!(out.len() >= ends.len() * window, "no room for {} windows", ends.len());
        let copy = |(to, &t): (&mut [f32], &usize)| {
            to.copy_from_slice(&self.data[(t + 1 - seq_len) * self.width..(t + 1) * self.width]);
        };
        if out.len() < PARALLEL {
            out.chunks_exact_mut(window).zip(ends).for_each(copy);
        } else {
            out.par_chunks_exact_mut(window).zip(ends).for_each(copy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(missing: Vec<(u32, u32)>) -> Inputs {
        let names = vec!["a".to_owned(), "b".to_owned(), "b.missing".to_owned()];
        Inputs::new(names.clone(), (0..300).map(|i| i as f32).collect(), names[..2].to_vec(), missing)
    }

    #[test]
    fn flags_and_padding_are_no_scaled_columns() {
        let scaled = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Inputs::complete(names.clone(), vec![0.0; names.len()]).scaled()
        };
        assert_eq!(scaled(&["a", "pad_a.b", "c"]), 3);
        assert_eq!(scaled(&["a", "b", "a.missing", "pad_1"]), 2);
        assert_eq!(scaled(&["a", "pad_1", "pad_2"]), 1);
    }

    #[test]
    fn windows_are_contiguous_rows() {
        let inputs = inputs(Vec::new());
        assert_eq!((inputs.rows, inputs.width), (100, 3));
        let mut out = vec![-1.0; 7];
        inputs.gather(&[1, 99, 1], 2, &mut out);
        let expected: Vec<f32> = (0..6).chain(294..300).chain(0..6).map(|i| i as f32).collect();
        assert_eq!(out, expected);
        assert_eq!(inputs.row(4), [12.0, 13.0, 14.0]);
    }

    #[test]
    fn a_window_is_refused_by_cause() {
        let inputs = inputs(vec![(10, 0), (10, 1), (60, 1)]);
        let problem = |t, seq_len| inputs.window_problem(t, seq_len);
        assert_eq!(problem(30, 32).unwrap(), "not enough history: needs 32 bars, has 31");
        assert_eq!(
            problem(31, 32).unwrap(),
            "2 of 64 input cells are missing (more than 1 %), most of them in a (on 1 of 32 bars)"
        );
        assert_eq!(
            problem(60, 32).unwrap(),
            "1 of 64 input cells are missing (more than 1 %), most of them in b (on 1 of 32 bars)"
        );
        assert_eq!(problem(42, 32), None, "bar 10 has left the window");
        assert_eq!(
            problem(59, 50),
            Some("2 of 100 input cells are missing (more than 1 %), most of them in a (on 1 of 50 bars)".to_owned())
        );
        assert_eq!(problem(99, 50), None, "1 of 100 is not more than 1 %");
        assert_eq!(problem(100, 5).unwrap(), "bar 100 does not exist; there are 100 bars");
        assert_eq!((inputs.missing(10), inputs.missing(11), inputs.missing(60)), (2, 0, 1));
    }
}
