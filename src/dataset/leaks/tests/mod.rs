mod columns;
mod false_alarms;
mod planted;
mod row_checks;
mod run_checks;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::market::Bar;

/// Standard normal numbers.
pub(super) struct Noise(ChaCha8Rng);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn next(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos()
    }

    pub(super) fn many(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// How returns come about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Walk {
    Plain,
    /// Clustered volatility with shocks of four degrees of freedom.
    Garch,
}

pub(super) fn walk(kind: Walk, n: usize, seed: u64) -> Vec<Bar> {
    let mut noise = Noise::new(seed);
    let (mut variance, mut close, mut activity) = (1e-4_f64, 100.0_f64, 0.0);
    (0..n)
        .map(|t| {
            let chi: f64 = (0..4).map(|_| noise.next().powi(2)).sum::<f64>() / 4.0;
            let (z, deviation) = match kind {
                Walk::Plain => (noise.next(), 0.01),
                Walk::Garch => (noise.next() / chi.max(0.05).sqrt() / 1.4, variance.sqrt()),
            };
            let step = deviation * z;
            variance = 2e-6 + 0.1 * step * step + 0.88 * variance;
            activity = 0.8 * activity + 0.3 * noise.next();
            let open = close;
            close *= step.exp();
            let reach = |x: f64| (0.6 * deviation * x.abs()).exp();
            let (high, low) = (open.max(close) * reach(noise.next()), open.min(close) / reach(noise.next()));
            let volume = 1000.0 * (activity + 0.3 * z.abs()).exp();
            Bar { timestamp: t as i64 * 14_400_000, open, high, low, close, volume }
        })
        .collect()
}

pub(super) fn bitcoin() -> Vec<Bar> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample_data/BTCUSDT_4h_binance_20170817-20240101.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).enumerate().map(|(t, line)| {
        let cells: Vec<f64> = line.split(',').skip(1).take(5).map(|cell| cell.parse().unwrap()).collect();
        let [open, high, low, close, volume] = cells[..] else { panic!("five numbers") };
        Bar { timestamp: t as i64 * 14_400_000, open, high, low, close, volume }
    });
    rows.collect()
}

pub(super) fn check(bars: &[Bar], columns: &[(String, Vec<f64>)]) -> Vec<ColumnVerdict> {
    let views: Vec<(&str, &[f64])> = columns.iter().map(|(name, x)| (name.as_str(), x.as_slice())).collect();
    check_columns(bars, &views, &LeakOptions::default()).unwrap()
}
