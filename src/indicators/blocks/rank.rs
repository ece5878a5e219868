use serde::{Deserialize, Serialize};

use super::Window;

/// The last n values in order of size, and where the newest of them stands. A step costs two binary searches and a move
/// of what lies between the value that leaves and the one that comes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RankWindow {
    window: Window,
    sorted: Vec<f64>,
    place: usize,
}

impl RankWindow {
    /// Over `n` values, at least two.
    pub fn new(n: usize) -> Self {
        Self { window: Window::new(n), sorted: Vec::with_capacity(n), place: 0 }
    }

    /// Takes the next value, unless it is missing; true once n values came.
    #[inline(always)]
    pub fn push(&mut self, x: f64) -> bool {
        if x.is_nan() {
            return false;
        }
        // 0 and -0 are one value here.
        let x = x + 0.0;
        let to = self.sorted.partition_point(|v| *v < x);
        if let Some(leaving) = self.window.push(x) {
            let from = self.sorted.partition_point(|v| *v < leaving);
            if from < to {
                self.sorted.copy_within(from + 1..to, from);
                self.place = to - 1;
            } else {
                self.sorted.copy_within(to..from, to + 1);
                self.place = to;
            }
            self.sorted[self.place] = x;
        } else {
            self.sorted.insert(to, x);
            self.place = to;
        }
        self.window.is_full()
    }

    /// 100 (below + equal / 2) / (n - 1), counting the values beside the newest that lie below it or equal it.
    pub fn percentile(&self) -> f64 {
        let x = self.sorted[self.place];
        // The newest stands first among its equals.
        let equal = self.sorted[self.place + 1..].iter().take_while(|v| **v == x).count();
        100.0 * ((2 * self.place + equal) as f64 / (2 * (self.sorted.len() - 1)) as f64)
    }

    /// The values, smallest first.
    pub fn as_slice(&self) -> &[f64] {
        &self.sorted
    }

    /// The middle value, or the mean of the two middle values; missing without values.
    pub fn median(&self) -> f64 {
        match self.sorted.len() {
            0 => f64::NAN,
            n => f64::midpoint(self.sorted[(n - 1) / 2], self.sorted[n / 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_equal_a_count() {
        let x: Vec<f64> = (0..400_i32).map(|i| f64::from(i * 7919 % 23 - 11)).collect();
        for n in [2, 3, 8, 50] {
            let mut ranks = RankWindow::new(n);
            for i in 0..x.len() {
                assert_eq!(ranks.push(x[i]), i + 1 >= n);
                assert!(!ranks.push(f64::NAN));
                if i + 1 < n {
                    continue;
                }
                let window = &x[i + 1 - n..=i];
                let mut sorted = window.to_vec();
                sorted.sort_by(f64::total_cmp);
                assert_eq!(ranks.as_slice(), sorted);
                let below = window.iter().filter(|v| **v < x[i]).count() as f64;
                let equal = window.iter().filter(|v| **v == x[i]).count() as f64 - 1.0;
                let wanted = 100.0 * (below + 0.5 * equal) / (n - 1) as f64;
                assert!((ranks.percentile() - wanted).abs() < 1e-12);
                assert_eq!(ranks.median(), f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]));
            }
        }
    }
}
