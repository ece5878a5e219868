use serde::{Deserialize, Serialize};

/// One step of exponential smoothing, y + gain (x - y), as one product and one fused operation, so that a step waits for
/// the one before no longer than that takes. The weights of y and x add up to 1 exactly and the smaller one's product is
/// the one that is rounded, so flat input stays flat to the last bit; only between a half and 1 the gain's is the larger.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Blend {
    keep: f64,
    gain: f64,
}

impl Blend {
    /// With a gain from 0 to 1.
    #[inline(always)]
    pub fn new(gain: f64) -> Self {
        let keep = 1.0 - gain;
        // A gain from a half on leaves an exact rest; a smaller one is rounded to what its rest leaves.
        if gain < 0.5 { Self { keep, gain: 1.0 - keep } } else { Self { keep, gain } }
    }

    /// y moved towards x.
    #[inline(always)]
    pub fn step(self, y: f64, x: f64) -> f64 {
        let (keep, share) = self.parts(x);
        keep.mul_add(y, share)
    }

    /// What y is multiplied with, and what is added to it.
    #[inline(always)]
    pub(in crate::indicators) fn parts(self, x: f64) -> (f64, f64) {
        (self.keep, self.gain * x)
    }
}

/// Exponential smoothing that starts from the mean of its first n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Smooth {
    blend: Blend,
    n: usize,
    count: usize,
    value: f64,
}

impl Smooth {
    /// Exponential moving average of length `n`: gain 2 / (n + 1).
    pub fn ema(n: usize) -> Self {
        Self::new(n, 2.0 / (n as f64 + 1.0))
    }

    /// Wilder's moving average of length `n`: gain 1 / n.
    pub fn wilder(n: usize) -> Self {
        Self::new(n, 1.0 / n as f64)
    }

    fn new(n: usize, gain: f64) -> Self {
        Self { blend: Blend::new(gain), n, count: 0, value: 0.0 }
    }

    /// Replaces values, of which only the first may be missing, by what `next` gives for each.
    #[inline(always)]
    pub(in crate::indicators) fn run(&mut self, values: &mut [f64]) {
        let known = self.begin(values);
        let (mut y, blend) = (self.value, self.blend);
        let (eights, rest) = values[known..].as_chunks_mut::<8>();
        for eight in eights {
            for x in eight {
                y = blend.step(y, *x);
                *x = y;
            }
        }
        for x in rest {
            y = blend.step(y, *x);
            *x = y;
        }
        self.value = y;
    }

    /// Writes what `next` gives for each of `inputs`, of which only the first may be missing: what makes an input is done
    /// while the step before it is awaited.
    #[inline(always)]
    pub(in crate::indicators) fn run_over(&mut self, mut inputs: impl Iterator<Item = f64>, out: &mut [f64]) {
        let mut out = out.iter_mut();
        while self.count < self.n {
            let (Some(to), Some(x)) = (out.next(), inputs.next()) else { return };
            *to = self.next(x);
        }
        let (mut y, blend) = (self.value, self.blend);
        for (to, x) in out.zip(inputs) {
            y = blend.step(y, x);
            *to = y;
        }
        self.value = y;
    }

    /// Two averages of one length over columns of one length, as by `run`: side by side they take no longer than one, as
    /// each step waits for the one before.
    #[inline(always)]
    pub(in crate::indicators) fn run_both([a, b]: [&mut Self; 2], xs: &mut [f64], zs: &mut [f64]) {
        let starts = [a.begin(xs), b.begin(zs)];
        let known = starts[0].max(starts[1]);
        a.run(&mut xs[starts[0]..known]);
        b.run(&mut zs[starts[1]..known]);
        let (mut y, mut w, first, second) = (a.value, b.value, a.blend, b.blend);
        for (x, z) in xs[known..].iter_mut().zip(&mut zs[known..]) {
            y = first.step(y, *x);
            *x = y;
            w = second.step(w, *z);
            *z = w;
        }
        (a.value, b.value) = (y, w);
    }

    /// Takes the values until the average is under way; how many those are.
    #[inline(always)]
    fn begin(&mut self, values: &mut [f64]) -> usize {
        let mut known = 0;
        while known < values.len() && (self.count < self.n || values[known].is_nan()) {
            values[known] = self.next(values[known]);
            known += 1;
        }
        known
    }

    /// Takes the next value; the average from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.count < self.n {
            self.count += 1;
            self.value += (x - self.value) / self.count as f64;
            return if self.count == self.n { self.value } else { f64::NAN };
        }
        self.value = self.blend.step(self.value, x);
        self.value
    }
}

/// N exponential moving averages of one length, each of the one before, at most six.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cascade<const N: usize> {
    blend: Blend,
    n: usize,
    count: usize,
    values: [f64; 6],
}

impl<const N: usize> Cascade<N> {
    /// Of length `n`.
    pub fn new(n: usize) -> Self {
        Self { blend: Blend::new(2.0 / (n as f64 + 1.0)), n, count: 0, values: [0.0; 6] }
    }

    /// Takes the next value, which must not be missing; the k-th average, from 1, from the (k (n - 1) + 1)-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> [f64; N] {
        if self.count < N * (self.n - 1) + 1 {
            return self.start(x);
        }
        let mut x = x;
        std::array::from_fn(|k| {
            x = self.blend.step(self.values[k], x);
            self.values[k] = x;
            x
        })
    }

    /// Gain and averages, once all of them are known.
    pub(in crate::indicators) fn steady(&self) -> Option<(Blend, [f64; N])> {
        let known = self.count > N * (self.n - 1);
        known.then(|| (self.blend, std::array::from_fn(|k| self.values[k])))
    }

    #[cold]
    fn start(&mut self, mut x: f64) -> [f64; N] {
        let mut averages = [f64::NAN; N];
        for (k, average) in averages.iter_mut().enumerate() {
            let seen = self.count - k * (self.n - 1);
            let value = &mut self.values[k];
            if seen < self.n {
                *value += (x - *value) / (seen + 1) as f64;
            } else {
                *value = self.blend.step(*value, x);
            }
            if seen + 1 < self.n {
                break;
            }
            x = *value;
            *average = x;
        }
        self.count += 1;
        averages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_input_stays_flat_to_the_last_bit() {
        for n in (1..300).filter(|n| *n != 2) {
            let mut x = 1.0;
            let (ema, wilder) = (Blend::new(2.0 / (f64::from(n) + 1.0)), Blend::new(1.0 / f64::from(n)));
            for _ in 0..200 {
                assert_eq!((ema.step(x, x), wilder.step(x, x)), (x, x), "{n}");
                x *= 1.0137;
            }
        }
    }

    #[test]
    fn a_cascade_is_average_after_average() {
        for n in [1, 2, 5, 9] {
            let mut cascade = Cascade::<3>::new(n);
            let (mut a, mut b, mut c) = (Smooth::ema(n), Smooth::ema(n), Smooth::ema(n));
            for i in 0..100 {
                let x = 100.0 + f64::from(i * i % 37);
                let first = a.next(x);
                let second = b.next(first);
                let wanted = [first, second, c.next(second)];
                assert_eq!(cascade.next(x).map(f64::to_bits), wanted.map(f64::to_bits), "{n} at {i}");
            }
        }
    }
}
