//! The default lines say different things: on the shipped bars no two of them correlate above 0.9999.

use std::path::Path;

use glassbox::data::{ReadOptions, read_series};
use glassbox::indicators::{Lines, compute, default_catalogue, twin_of};

/// Differences from the mean over their root sum of squares, with holes marked by NaN.
fn standardized(values: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let norm = known.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>().sqrt();
    values.iter().map(|v| (v - mean) / norm).collect()
}

/// Pearson correlation over the bars on which both are known.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mut n, mut sx, mut sy, mut sxx, mut syy, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        let known = f64::from(!(a + b).is_nan());
        let (a, b) = if known > 0.0 { (*a, *b) } else { (0.0, 0.0) };
        n += known;
        sx += a;
        sy += b;
        sxx += a * a;
        syy += b * b;
        sxy += a * b;
    }
    (n * sxy - sx * sy) / ((n * sxx - sx * sx) * (n * syy - sy * sy)).sqrt()
}

#[test]
fn default_lines_do_not_restate_one_another() {
    let bars = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/BTCUSDT_4h_binance_20170817-20240101.csv");
    let (series, _) = read_series(&bars, &ReadOptions::default()).unwrap();
    let Lines { columns } = compute(&default_catalogue(), &series);
    let catalogue = columns.len();
    let columns: Vec<(String, Vec<f64>)> = columns.into_iter().map(|l| (l.name, standardized(&l.values))).collect();
    let of = |name: &str| &columns.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1;
    for (name, values) in columns.iter().filter(|(name, _)| twin_of(name).is_some()) {
        let r = correlation(values, of(twin_of(name).unwrap()));
        assert!(r.abs() > 0.9998, "{name} does not restate {}: {r}", twin_of(name).unwrap());
    }
    let kept: Vec<_> = columns.iter().filter(|(name, _)| twin_of(name).is_none()).collect();
    assert!(kept.len() >= 350, "{} of {catalogue}", kept.len());
    for (i, (a, x)) in kept.iter().enumerate() {
        for (b, y) in &kept[i + 1..] {
            let r = correlation(x, y);
            // A line that never changes correlates with nothing.
            assert!(r.is_nan() || r.abs() <= 0.9999, "{a} and {b}: {r}");
        }
    }
}
