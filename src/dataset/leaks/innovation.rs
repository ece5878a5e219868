use nalgebra::{DMatrix, DVector};

use super::controls::{Backdrop, CUT};
use crate::stats::{mean, quantile, std_population};

/// Own past values an innovation is free of.
const OWN_LAGS: usize = 3;
/// Against exact collinearity; relative to the unit variance of all regressors.
const RIDGE: f64 = 1e-9;
/// Below this share of the variance of its changes, what is left of a column is rounding.
const ROUNDING: f64 = 1e-9;
/// Bars over which the slow predictor is summed.
const SUMMED: usize = 10;

/// A column's news, one number per bar that later bars must not depend on; 0 where undefined.
#[derive(Debug)]
pub(super) struct Predictor {
    pub(super) values: Vec<f64>,
    /// Free of its own past, so that its lead is the column's.
    pub(super) sharp: bool,
}

/// The innovation of a column, the column without what the bars show, and the latter summed over ten bars.
pub(super) fn predictors(backdrop: &Backdrop, values: &[f64]) -> Vec<Predictor> {
    let column = levelled(values);
    let changes: Vec<f64> =
        column.windows(2).map(|pair| pair[1] - pair[0]).filter(|change| change.is_finite()).collect();
    let level = std_population(&column.iter().copied().filter(|v| v.is_finite()).collect::<Vec<_>>());
    let change = std_population(&changes);
    if !(change > 0.0 && level > 0.0) {
        return Vec::new();
    }
    let width = backdrop.width + OWN_LAGS;
    let rows: Vec<Option<Vec<f64>>> = (0..column.len())
        .map(|t| {
            let own = t.checked_sub(OWN_LAGS)?;
            let past = &column[own..t];
            let mut row = backdrop.row(t)?.to_vec();
            row.extend(past.iter().map(|v| v / level));
            past.iter().all(|v| v.is_finite()).then_some(row)
        })
        .collect();
    let full = residual(&column, |t| rows[t].as_deref(), width);
    let slow = residual(&column, |t| backdrop.row(t), backdrop.width);
    let mut found = Vec::new();
    if spread(&full) > ROUNDING.sqrt() * change {
        found.push(Predictor { values: tamed(full), sharp: true });
    }
    if spread(&slow) > ROUNDING.sqrt() * level {
        let slow = tamed(slow);
        let mut sum = 0.0;
        let summed = (0..slow.len())
            .map(|t| {
                sum += slow[t] - if t >= SUMMED { slow[t - SUMMED] } else { 0.0 };
                sum
            })
            .collect();
        found.push(Predictor { values: slow, sharp: false });
        found.push(Predictor { values: summed, sharp: false });
    }
    found
}

/// The logarithm of positive values that spread widely, as prices and volumes do; other columns as they are.
pub(super) fn levelled(values: &[f64]) -> Vec<f64> {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let wide = finite.iter().all(|v| *v > 0.0) && quantile(&finite, 0.99) > 2.0 * quantile(&finite, 0.01);
    let keep = |v: f64| {
        if !v.is_finite() {
            f64::NAN
        } else if wide {
            v.ln()
        } else {
            v
        }
    };
    values.iter().map(|&v| keep(v)).collect()
}

/// What least squares on a constant and `row(t)` leave of `y`; NaN where either is missing.
pub(super) fn residual<'a>(y: &[f64], row: impl Fn(usize) -> Option<&'a [f64]>, width: usize) -> Vec<f64> {
    let used: Vec<(usize, &[f64])> =
        (0..y.len()).filter(|&t| y[t].is_finite()).filter_map(|t| Some((t, row(t)?))).collect();
    let mut out = vec![f64::NAN; y.len()];
    let n = used.len() as f64;
    if used.len() <= 2 * width {
        return out;
    }
    let centre = used.iter().map(|(t, _)| y[*t]).sum::<f64>() / n;
    let mut means = vec![0.0; width];
    for (_, x) in &used {
        means.iter_mut().zip(*x).for_each(|(m, v)| *m += v / n);
    }
    let mut gram = vec![0.0; width * width];
    let mut moments = vec![0.0; width];
    let mut centred = vec![0.0; width];
    for (t, x) in &used {
        centred.iter_mut().zip(x.iter().zip(&means)).for_each(|(c, (v, m))| *c = v - m);
        for i in 0..width {
            moments[i] += centred[i] * (y[*t] - centre);
            let own = centred[i];
            gram[i * width..=i * width + i].iter_mut().zip(&centred).for_each(|(g, c)| *g += own * c);
        }
    }
    let mut matrix = DMatrix::from_fn(width, width, |i, j| gram[i.max(j) * width + i.min(j)]);
    for i in 0..width {
        matrix[(i, i)] += RIDGE * n;
    }
    let Some(factor) = matrix.cholesky() else { return out };
    let weights = factor.solve(&DVector::from_vec(moments));
    for (t, x) in used {
        let fit: f64 = x.iter().zip(&means).zip(weights.iter()).map(|((v, m), w)| (v - m) * w).sum();
        out[t] = y[t] - centre - fit;
    }
    out
}

/// Standard deviation of the defined values.
fn spread(x: &[f64]) -> f64 {
    std_population(&x.iter().copied().filter(|v| !v.is_nan()).collect::<Vec<_>>())
}

/// Cut at five deviations, of mean 0 and deviation 1, with 0 where undefined.
pub(super) fn tamed(mut x: Vec<f64>) -> Vec<f64> {
    for _ in 0..2 {
        let defined: Vec<f64> = x.iter().copied().filter(|v| !v.is_nan()).collect();
        let (centre, scale) = (mean(&defined), std_population(&defined));
        if scale.is_nan() || scale == 0.0 {
            return vec![0.0; x.len()];
        }
        for v in &mut x {
            *v = ((*v - centre) / scale).clamp(-CUT, CUT);
        }
    }
    x.iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect()
}
