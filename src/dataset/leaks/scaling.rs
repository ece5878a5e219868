use super::innovation::residual;
use super::{Evidence, Finding, LeakKind, Verdict};
use crate::stats::{correlation, mean, quantile_sorted, std_population, std_sample};

/// Distinct values below which a column is a flag or a calendar, whose moments are round by nature.
const LEAST_DISTINCT: usize = 60;
const LEAST_VALUES: usize = 100;
/// How near mean and deviation must both be to 0 and 1: room for values rounded to five digits. An honest column of unit
/// deviation comes this near by chance once in about a million.
const BOTH: f64 = 1e-5;
/// How near a single statistic must be, on the scale of the column: room for the rounding of sums only.
const ALONE: f64 = 1e-10;

/// Signs that a column was scaled by statistics of all its values.
pub(super) fn findings(name: &str, values: &[f64]) -> Vec<Finding> {
    let x: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let mut sorted = x.clone();
    sorted.sort_by(f64::total_cmp);
    let distinct = sorted.chunk_by(|a, b| a == b).count();
    if x.len() < LEAST_VALUES || distinct < LEAST_DISTINCT || sorted.last() == sorted.first() {
        return Vec::new();
    }
    let time: Vec<f64> = (0..values.len()).filter(|&t| values[t].is_finite()).map(|t| t as f64).collect();
    let found = standard(&x)
        .or_else(|| robust(&sorted))
        .or_else(|| rank(&x, &sorted, distinct))
        .or_else(|| extremes(&x, &sorted))
        .or_else(|| centring(&x, &time));
    let Some((verdict, kind, measure, statistic, exact)) = found else { return Vec::new() };
    let evidence = Evidence { measure, statistic, null_quantile: exact, correlation: f64::NAN, lead: 0 };
    let how = match kind {
        LeakKind::WholeSeriesRank => "its values are the ranks 1 to n of the whole series, evenly spaced".to_owned(),
        LeakKind::WholeSeriesCentring => format!("over the whole series its {measure} is 0 to the last digit"),
        _ => format!("over the whole series its {measure} to the last digits"),
    };
    let verb = if verdict == Verdict::Leaks { "leaks" } else { "is suspicious" };
    let sentence =
        format!("{name} {verb}: {how}, so every value depends on all later ones; scale by training rows only");
    vec![Finding { verdict, kind, evidence, sentence }]
}

type Found = (Verdict, LeakKind, &'static str, f64, f64);

fn standard(x: &[f64]) -> Option<Found> {
    let (m, population, sample) = (mean(x), std_population(x), std_sample(x));
    let scale = if (population - 1.0).abs() < (sample - 1.0).abs() { population } else { sample };
    (m.abs() < BOTH && (scale - 1.0).abs() < BOTH).then_some((
        Verdict::Leaks,
        LeakKind::WholeSeriesScaling,
        "mean is 0 and its deviation 1",
        scale,
        1.0,
    ))
}

fn robust(sorted: &[f64]) -> Option<Found> {
    let middle = quantile_sorted(sorted, 0.5);
    let range = quantile_sorted(sorted, 0.75) - quantile_sorted(sorted, 0.25);
    let mut away: Vec<f64> = sorted.iter().map(|v| (v - middle).abs()).collect();
    away.sort_by(f64::total_cmp);
    let deviation = quantile_sorted(&away, 0.5);
    // The second makes the median deviation that of a normal variable.
    let unit = [range, deviation, deviation * 1.4826].into_iter().find(|s| (s - 1.0).abs() < BOTH)?;
    (middle.abs() < BOTH * 1e-3).then_some((
        Verdict::Leaks,
        LeakKind::WholeSeriesScaling,
        "median is 0 and its spread (quartiles or median deviation) 1",
        unit,
        1.0,
    ))
}

/// Round extremes that are reached once each: a bounded indicator reaches its ends often or never. One that jumps about may
/// reach them once by chance, but then others come near.
fn extremes(x: &[f64], sorted: &[f64]) -> Option<Found> {
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    let near = |v: f64, target: f64| (v - target).abs() <= ALONE;
    let round = [(0.0, 1.0), (-1.0, 1.0), (0.0, 100.0)].into_iter().any(|(a, b)| near(low, a) && near(high, b));
    let gap = f64::min(sorted[1] - low, high - sorted[sorted.len() - 2]);
    let jumps = correlation(&x[..x.len() - 1], &x[1..]) < 0.5;
    let alone = if jumps { gap > 0.005 * (high - low) } else { gap > 0.0 };
    (round && alone).then_some((
        Verdict::Leaks,
        LeakKind::WholeSeriesScaling,
        "minimum and maximum are round numbers, reached once each,",
        high,
        high.round(),
    ))
}

fn rank(x: &[f64], sorted: &[f64], distinct: usize) -> Option<Found> {
    // A clock is evenly spaced too, but it never turns.
    let clock = x.windows(2).all(|w| w[1] >= w[0]) || x.windows(2).all(|w| w[1] <= w[0]);
    if clock || distinct < sorted.len() {
        return None;
    }
    let step = (sorted[sorted.len() - 1] - sorted[0]) / (sorted.len() - 1) as f64;
    let widest = sorted.windows(2).map(|w| (w[1] - w[0] - step).abs()).fold(0.0, f64::max);
    (widest < 1e-6 * step).then_some((
        Verdict::Leaks,
        LeakKind::WholeSeriesRank,
        "largest gap in ranks",
        widest / step,
        0.0,
    ))
}

fn centring(x: &[f64], time: &[f64]) -> Option<Found> {
    let scale = std_population(x);
    let offset = (mean(x) / scale).abs();
    // Sines over whole turns have no mean either; they are foretold by their last two values.
    if offset > ALONE || oscillates(x) {
        return None;
    }
    let trend = correlation(x, time).abs();
    let measure = if trend < 1e-8 { "mean and its trend" } else { "mean" };
    Some((Verdict::Suspicious, LeakKind::WholeSeriesCentring, measure, offset, 0.0))
}

fn oscillates(x: &[f64]) -> bool {
    let left = residual(x, |t| if t < 2 { None } else { Some(&x[t - 2..t]) }, 2);
    let left: Vec<f64> = left.into_iter().filter(|v| !v.is_nan()).collect();
    std_population(&left) < 1e-4 * std_population(x)
}
