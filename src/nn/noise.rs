use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// What randomness is for. Each purpose has its own stream, so that drawing more for one changes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights.
    Init = 1,
    /// Order of the windows in an epoch.
    Shuffle = 2,
    /// Dropout masks and latent noise.
    Noise = 3,
    /// Choices of the analysis.
    Analysis = 4,
    /// Noise on the inputs.
    Inputs = 5,
}

/// The stream of `purpose` at `counter` (an epoch, a step) under `seed`.
pub fn purpose_rng(seed: u64, purpose: Purpose, counter: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(mix(seed ^ mix(counter)));
    rng.set_stream(purpose as u64);
    rng
}

/// Random numbers of one forward pass: a counter-based generator, so that forward and backward, and any number of
/// threads, see the same mask without storing it.
#[derive(Debug, Clone)]
pub struct Noise {
    key: Option<u64>,
    site: u64,
}

impl Noise {
    /// No dropout, z = mu.
    pub const fn off() -> Self {
        Self { key: None, site: 0 }
    }

    /// The noise of optimiser batch `batch` under `seed`.
    pub fn at(seed: u64, batch: u64) -> Self {
        Self::of(Purpose::Noise, seed, batch)
    }

    /// The noise of `purpose` in optimiser batch `batch` under `seed`.
    pub fn of(purpose: Purpose, seed: u64, batch: u64) -> Self {
        Self { key: Some(mix(mix(seed ^ (purpose as u64) << 56) ^ batch)), site: 0 }
    }

    /// True in training.
    pub const fn is_on(&self) -> bool {
        self.key.is_some()
    }

    /// A fresh key for the next place that draws; `None` when off.
    pub(super) fn next_key(&mut self) -> Option<u64> {
        self.site += 1;
        Some(mix(self.key? ^ mix(self.site)))
    }

    /// `n` standard normal numbers (Box & Muller 1958), all 0 when off.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        let Some(key) = self.next_key() else { return vec![0.0; n] };
        (0..n as u64)
            .map(|i| {
                let radius = (-2.0 * (1.0 - uniform(key, 2 * i)).ln()).sqrt();
                (radius * (std::f64::consts::TAU * uniform(key, 2 * i + 1)).cos()) as f32
            })
            .collect()
    }
}

/// Uniform in [0, 1) for element `index` of the stream `key`.
pub(super) fn uniform(key: u64, index: u64) -> f64 {
    (draw(key, index) >> 11) as f64 / (1_u64 << 53) as f64
}

/// 64 random bits for element `index` of the stream `key` (SplitMix64 at a chosen counter; Steele et al. 2014).
#[inline(always)]
pub(super) const fn draw(key: u64, index: u64) -> u64 {
    mix(key.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

#[inline(always)]
const fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngCore as _;

    #[test]
    fn streams_differ_by_seed_purpose_and_counter() {
        let first = |seed, purpose, counter| purpose_rng(seed, purpose, counter).next_u64();
        let base = first(1, Purpose::Init, 0);
        assert_eq!(base, first(1, Purpose::Init, 0));
        for other in [first(2, Purpose::Init, 0), first(1, Purpose::Shuffle, 0), first(1, Purpose::Init, 1)] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normals_are_standard_and_repeatable() {
        let x = Noise::at(7, 3).normals(100_000);
        assert_eq!(x, Noise::at(7, 3).normals(100_000));
        let mut noise = Noise::at(7, 3);
        noise.normals(1);
        assert_ne!(x[0], noise.normals(1)[0], "a second place draws anew");
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        assert!(crate::stats::mean(&x).abs() < 0.02);
        assert!((crate::stats::std_population(&x) - 1.0).abs() < 0.02);
        assert_eq!(Noise::off().normals(3), [0.0; 3]);
    }
}
