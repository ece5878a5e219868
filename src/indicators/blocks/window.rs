use serde::{Deserialize, Serialize};

/// The last n values, oldest first, always in one slice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Window {
    // Every value is kept twice, n apart, so that the last n are contiguous wherever the ring stands.
    values: Vec<f64>,
    size: usize,
    place: usize,
    count: usize,
}

impl Window {
    /// Room for `n` values, at least one.
    pub fn new(n: usize) -> Self {
        let size = n.max(1);
        Self { values: vec![f64::NAN; 2 * size], size, place: 0, count: 0 }
    }

    /// Takes the newest value; gives the one it pushes out, once full.
    #[inline(always)]
    pub fn push(&mut self, x: f64) -> Option<f64> {
        let leaving = self.is_full().then(|| self.values[self.place]);
        self.values[self.place] = x;
        self.values[self.place + self.size] = x;
        self.place = if self.place + 1 == self.size { 0 } else { self.place + 1 };
        self.count = (self.count + 1).min(self.size);
        leaving
    }

    /// How many values are held.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True before the first value.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// True once n values came.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.count == self.size
    }

    /// The values held, oldest first.
    #[inline(always)]
    pub fn as_slice(&self) -> &[f64] {
        let end = self.place + self.size;
        &self.values[end - self.count..end]
    }
}

/// The value k steps ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lag(Window);

impl Lag {
    /// `k` steps back, at least one.
    pub fn new(k: usize) -> Self {
        Self(Window::new(k))
    }

    /// Takes the next value; the one k before it from the (k + 1)-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() { f64::NAN } else { self.0.push(x).unwrap_or(f64::NAN) }
    }
}
