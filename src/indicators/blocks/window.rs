/// The last n values, oldest first, always in one slice.
#[derive(Debug, Clone)]
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
    pub fn push(&mut self, x: f64) -> Option<f64> {
        let leaving = self.is_full().then(|| self.values[self.place]);
        self.values[self.place] = x;
        self.values[self.place + self.size] = x;
        self.place = if self.place + 1 == self.size { 0 } else { self.place + 1 };
        self.count = (self.count + 1).min(self.size);
        leaving
    }

    /// True once n values came.
    pub fn is_full(&self) -> bool {
        self.count == self.size
    }

    /// The values held, oldest first.
    pub fn as_slice(&self) -> &[f64] {
        let end = self.place + self.size;
        &self.values[end - self.count..end]
    }
}

/// The value k steps ago.
#[derive(Debug, Clone)]
pub struct Lag(Window);

impl Lag {
    /// `k` steps back, at least one.
    pub fn new(k: usize) -> Self {
        Self(Window::new(k))
    }

    /// Takes the next value; the one k before it from the (k + 1)-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() { f64::NAN } else { self.0.push(x).unwrap_or(f64::NAN) }
    }
}

/// A weighted sum of the last n values.
#[derive(Debug, Clone)]
pub struct Weighted {
    weights: Vec<f64>,
    window: Window,
}

impl Weighted {
    /// Linearly weighted moving average: the newest value weighs n, the oldest 1.
    pub fn wma(n: usize) -> Self {
        let total = (n * (n + 1)) as f64 / 2.0;
        Self::new((1..=n).map(|j| j as f64 / total).collect())
    }

    /// Last point of the least-squares line through the last `n` values, `n` at least 2.
    pub fn line_end(n: usize) -> Self {
        let count = n as f64;
        let centre = (count - 1.0) / 2.0;
        let spread = count * (count * count - 1.0) / 12.0;
        Self::new((0..n).map(|j| 1.0 / count + centre * (j as f64 - centre) / spread).collect())
    }

    fn new(weights: Vec<f64>) -> Self {
        let window = Window::new(weights.len());
        Self { weights, window }
    }

    /// Takes the next value; the weighted sum from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.window.push(x);
        if !self.window.is_full() {
            return f64::NAN;
        }
        self.weights.iter().zip(self.window.as_slice()).map(|(w, v)| w * v).sum()
    }
}
