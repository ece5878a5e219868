use crate::market::Bar;

/// Bars before the controls are defined: the longest look-back.
pub(super) const WARM_UP: usize = 50;
const FAST: f64 = 0.94;
const SLOW: f64 = 0.99;
/// Bound of standardised values.
pub(super) const CUT: f64 = 5.0;

/// What of the future a column may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Return,
    Size,
    Volume,
}

impl Target {
    pub(super) const ALL: [Self; 3] = [Self::Return, Self::Size, Self::Volume];

    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Return => "the return",
            Self::Size => "the size of the return",
            Self::Volume => "the volume",
        }
    }

    /// Correlations from which a dependence is suspicious, and from which it is a leak.
    pub(super) const fn bounds(self) -> (f64, f64) {
        match self {
            Self::Return => (0.10, 0.25),
            Self::Size | Self::Volume => (0.25, 0.40),
        }
    }
}

/// What the bars themselves say, before any column is looked at.
#[derive(Debug)]
pub(super) struct Backdrop {
    /// Numbers per bar.
    pub(super) width: usize,
    /// \[bars, width\], row-major: what bars up to t show, each of mean 0 and deviation 1; NaN rows in the warm-up.
    pub(super) controls: Vec<f64>,
    /// What each bar brings that the bars before it did not foretell, in the order of [`Target::ALL`]; 0 where undefined.
    pub(super) surprises: [Vec<f64>; 3],
    /// Log returns over their running deviation up to the bar before, cut at 5; 0 where undefined.
    pub(super) returns: Vec<f64>,
}

impl Backdrop {
    pub(super) fn new(bars: &[Bar]) -> Self {
        let n = bars.len();
        let raw: Vec<f64> =
            (0..n).map(|t| if t == 0 { 0.0 } else { (bars[t].close / bars[t - 1].close).ln() }).collect();
        let fast = running_deviation(&raw, FAST);
        let slow = running_deviation(&raw, SLOW);
        let scaled =
            |t: usize| if t == 0 || fast[t - 1] == 0.0 { 0.0 } else { (raw[t] / fast[t - 1]).clamp(-CUT, CUT) };
        let returns: Vec<f64> = (0..n).map(scaled).collect();
        let typical = typical_volume(bars);
        let volume: Vec<f64> = bars.iter().map(|b| (1.0 + b.volume / typical).ln()).collect();
        let swing = |b: &Bar| (b.high / b.low).ln();
        let place = |b: &Bar| if b.high > b.low { (2.0 * b.close - b.high - b.low) / (b.high - b.low) } else { 0.0 };

        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
        for t in 0..n {
            if t < WARM_UP || fast[t] == 0.0 {
                rows.push(Vec::new());
                continue;
            }
            let mut row = vec![
                bars[t].close.ln(),
                fast[t].ln(),
                slow[t].max(f64::MIN_POSITIVE).ln(),
                mean_of(&volume, t, 20),
                mean_of(&volume, t, 50),
            ];
            for s in [t, t - 1, t - 2] {
                let r = returns[s];
                row.extend([
                    r,
                    r.abs(),
                    raw[s],
                    volume[s],
                    r.signum() * volume[s],
                    place(&bars[s]),
                    swing(&bars[s]) / fast[t],
                ]);
            }
            for span in [5, 10, 20, 50] {
                let sum: f64 = raw[t + 1 - span..=t].iter().sum();
                row.extend([sum / fast[t], sum]);
            }
            rows.push(row);
        }
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let controls = standardised(&rows, width);
        let mut backdrop = Self { width, controls, surprises: Default::default(), returns };
        let sizes: Vec<f64> = backdrop.returns.iter().map(|r| r.abs()).collect();
        backdrop.surprises = [
            backdrop.surprise(&backdrop.returns),
            backdrop.surprise(&sizes),
            if bars.iter().all(|b| b.volume == bars[0].volume) { vec![0.0; n] } else { backdrop.surprise(&volume) },
        ];
        backdrop
    }

    /// The controls of bar t; `None` in the warm-up.
    pub(super) fn row(&self, t: usize) -> Option<&[f64]> {
        let row = &self.controls[t * self.width..(t + 1) * self.width];
        row.first().is_some_and(|x| !x.is_nan()).then_some(row)
    }

    /// `y` without what the controls of the bar before foretell.
    fn surprise(&self, y: &[f64]) -> Vec<f64> {
        let row = |t: usize| if t == 0 { None } else { self.row(t - 1) };
        let residual = super::innovation::residual(y, row, self.width);
        super::innovation::tamed(residual)
    }
}

/// Root of the exponentially weighted mean of squares.
fn running_deviation(x: &[f64], decay: f64) -> Vec<f64> {
    let mut variance = f64::NAN;
    x.iter()
        .enumerate()
        .map(|(t, v)| {
            variance = match t {
                0 => 0.0,
                1 => v * v,
                // A plain mean until the weights have settled.
                _ => {
                    let weight = (1.0 - decay).max(1.0 / t as f64);
                    variance + weight * (v * v - variance)
                }
            };
            variance.sqrt()
        })
        .collect()
}

/// The middle one of the positive volumes; 1 if there are none.
fn typical_volume(bars: &[Bar]) -> f64 {
    let positive: Vec<f64> = bars.iter().map(|b| b.volume).filter(|v| *v > 0.0).collect();
    if positive.is_empty() { 1.0 } else { crate::stats::median(&positive) }
}

fn mean_of(x: &[f64], t: usize, span: usize) -> f64 {
    x[t + 1 - span..=t].iter().sum::<f64>() / span as f64
}

fn standardised(rows: &[Vec<f64>], width: usize) -> Vec<f64> {
    let used = rows.iter().filter(|row| !row.is_empty());
    let n = used.clone().count().max(1) as f64;
    let mut means = vec![0.0; width];
    for row in used.clone() {
        means.iter_mut().zip(row).for_each(|(m, x)| *m += x / n);
    }
    let mut deviations = vec![0.0; width];
    for row in used {
        deviations.iter_mut().zip(row.iter().zip(&means)).for_each(|(d, (x, m))| *d += (x - m) * (x - m) / n);
    }
    let scale: Vec<f64> = deviations.iter().map(|d| if *d > 1e-24 { 1.0 / d.sqrt() } else { 0.0 }).collect();
    let mut out = Vec::with_capacity(rows.len() * width);
    for row in rows {
        if row.is_empty() {
            out.extend(std::iter::repeat_n(f64::NAN, width));
        } else {
            out.extend((0..width).map(|i| ((row[i] - means[i]) * scale[i]).clamp(-2.0 * CUT, 2.0 * CUT)));
        }
    }
    out
}
