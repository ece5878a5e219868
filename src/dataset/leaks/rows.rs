use std::ops::Range;

use serde::Serialize;

use crate::dataset::Slice;
use crate::stats::{mean, quantile, std_population, std_sample};

/// Relative difference within which two fitted statistics are the same: features are kept in single precision.
const SAME: f64 = 1e-5;

/// A row that also stands in another slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DuplicateRow {
    /// Row in the later slice.
    pub row: usize,
    /// Its slice.
    pub slice: Slice,
    /// The first row of the same values in an earlier slice.
    pub twin: usize,
    /// The twin's slice.
    pub twin_slice: Slice,
}

/// Rows of `matrix` (\[rows, width\], row-major) whose values, bit for bit, also stand in another slice, in row order.
///
/// Rows that are alike within a slice are not reported, nor rows that are one value throughout: a market that stands still
/// repeats them honestly. -0 and 0 are one value, and so are all NaN.
pub fn duplicate_rows(matrix: &[f32], width: usize, slices: &[(Slice, Range<usize>)]) -> Vec<DuplicateRow> {
    if width == 0 {
        return Vec::new();
    }
    let rows = matrix.len() / width;
    let in_slices = slices
        .iter()
        .flat_map(|(slice, range)| (range.start.min(rows)..range.end.min(rows)).map(move |row| (row, *slice)));
    let mut order: Vec<(usize, Slice)> =
        in_slices.filter(|(row, _)| width == 1 || varied(matrix, width, *row)).collect();
    let key = |row: usize| key(matrix, width, row);
    order.sort_by(|a, b| key(a.0).cmp(key(b.0)).then(a.0.cmp(&b.0)));
    let mut found: Vec<DuplicateRow> = order
        .chunk_by(|a, b| key(a.0).eq(key(b.0)))
        .flat_map(|alike| {
            let (twin, twin_slice) = alike[0];
            let others = alike.iter().filter(move |(_, slice)| *slice != twin_slice);
            others.map(move |&(row, slice)| DuplicateRow { row, slice, twin, twin_slice })
        })
        .collect();
    found.sort_by_key(|duplicate| duplicate.row);
    found
}

/// Number of `rows` that repeat an earlier one of them, counted as [`duplicate_rows`] does.
pub(super) fn repeated_rows(matrix: &[f32], width: usize, rows: Range<usize>) -> usize {
    if width == 0 {
        return 0;
    }
    let rows = rows.start..rows.end.min(matrix.len() / width);
    let key = |row: usize| key(matrix, width, row);
    let mut order: Vec<usize> = rows.filter(|&row| width == 1 || varied(matrix, width, row)).collect();
    order.sort_by(|&a, &b| key(a).cmp(key(b)));
    order.chunk_by(|&a, &b| key(a).eq(key(b))).map(|alike| alike.len() - 1).sum()
}

/// Bits by which rows are compared.
fn key(matrix: &[f32], width: usize, row: usize) -> impl Iterator<Item = u32> + '_ {
    let cells = &matrix[row * width..(row + 1) * width];
    cells.iter().map(|v| if v.is_nan() { f32::NAN.to_bits() } else { (v + 0.0).to_bits() })
}

fn varied(matrix: &[f32], width: usize, row: usize) -> bool {
    let first = key(matrix, width, row).next();
    key(matrix, width, row).any(|bits| Some(bits) != first)
}

/// Labels of a slice that look into another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crossing {
    /// The slice whose labels look too far.
    pub slice: Slice,
    /// The slice they look into.
    pub into: Slice,
    /// First and last decision bar concerned.
    pub first: usize,
    /// See `first`.
    pub last: usize,
    /// How many.
    pub labels: usize,
}

/// Labels, over the bars t + 1 to t + horizon, that meet decision bars of another slice or come within `embargo` bars before
/// one.
pub fn label_crossings(slices: &[(Slice, Range<usize>)], horizon: usize, embargo: usize) -> Vec<Crossing> {
    let mut found = Vec::new();
    for (slice, own) in slices {
        for (into, other) in slices.iter().filter(|(into, other)| into != slice && !other.is_empty()) {
            let reach = horizon.saturating_add(embargo);
            let meets = |t: &usize| *t + 1 < other.end && t.saturating_add(reach) >= other.start;
            let labels: Vec<usize> = own.clone().filter(meets).collect();
            if let (Some(&first), Some(&last)) = (labels.first(), labels.last()) {
                found.push(Crossing { slice: *slice, into: *into, first, last, labels: labels.len() });
            }
        }
    }
    found
}

/// How a column was scaled: (x - centre) / scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedScale {
    /// Column of the matrix.
    pub column: usize,
    /// What is subtracted.
    pub centre: f64,
    /// What is divided by.
    pub scale: f64,
}

/// Which statistics a scaler holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleKind {
    /// Median and interquartile range.
    Robust,
    /// Mean and standard deviation, with divisor n or n - 1.
    Standard,
    /// Minimum and range.
    MinMax,
}

/// On which rows a scaler was fitted, as far as its numbers tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScalerOrigin {
    /// Columns whose statistics are those of the training rows.
    pub training: usize,
    /// Columns whose statistics are those of all rows, and not of the training rows: a leak.
    pub whole: Vec<usize>,
    /// Columns that match neither.
    pub neither: Vec<usize>,
    /// Columns that match both, because training and all rows agree.
    pub either: usize,
    /// The kind of statistics that most columns hold; `None` if nothing matched.
    pub kind: Option<ScaleKind>,
}

impl ScalerOrigin {
    /// True if any column was scaled with rows beyond the training's.
    pub fn leaks(&self) -> bool {
        !self.whole.is_empty()
    }
}

/// Compares the numbers of a scaler with those of the training rows and of all rows of the unscaled `matrix` (\[rows, width\],
/// row-major; NaN is missing).
///
/// "All rows" is the matrix given: pass rows from the first to the last that any slice uses. A scaler fitted on a part, for
/// example on training and validation, matches neither and is reported so.
pub fn scaler_origin(matrix: &[f32], width: usize, train: Range<usize>, scales: &[FittedScale]) -> ScalerOrigin {
    let rows = matrix.len().checked_div(width).unwrap_or(0);
    let mut origin = ScalerOrigin { training: 0, whole: Vec::new(), neither: Vec::new(), either: 0, kind: None };
    let mut kinds = [0_usize; 3];
    for fitted in scales.iter().filter(|fitted| fitted.column < width) {
        let column = |range: Range<usize>| -> Vec<f64> {
            let cells = range.map(|row| f64::from(matrix[row * width + fitted.column]));
            cells.filter(|v| v.is_finite()).collect()
        };
        let here = statistics_match(&column(train.start.min(rows)..train.end.min(rows)), fitted);
        let all = statistics_match(&column(0..rows), fitted);
        if let Some(kind) = here.or(all) {
            kinds[kind as usize] += 1;
        }
        match (here, all) {
            (Some(_), Some(_)) => origin.either += 1,
            (Some(_), None) => origin.training += 1,
            (None, Some(_)) => origin.whole.push(fitted.column),
            (None, None) => origin.neither.push(fitted.column),
        }
    }
    let most =
        [ScaleKind::Robust, ScaleKind::Standard, ScaleKind::MinMax].into_iter().max_by_key(|k| kinds[*k as usize]);
    origin.kind = most.filter(|kind| kinds[*kind as usize] > 0);
    origin
}

/// The kind of statistics of `x` that the scaler holds; `None` if it holds other numbers.
fn statistics_match(x: &[f64], fitted: &FittedScale) -> Option<ScaleKind> {
    if x.is_empty() {
        return None;
    }
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let quartiles = quantile(x, 0.75) - quantile(x, 0.25);
    let deviation = std_population(x);
    // A column without quartile range is scaled by its deviation.
    let robust = if quartiles > 0.0 { quartiles } else { deviation };
    let unit = deviation.max(f64::MIN_POSITIVE);
    let same = |centre: f64, scale: f64| {
        (fitted.centre - centre).abs() <= SAME * unit.max(centre.abs())
            && (fitted.scale - scale).abs() <= SAME * scale.abs()
    };
    if same(quantile(x, 0.5), robust) {
        Some(ScaleKind::Robust)
    } else if same(mean(x), deviation) || same(mean(x), std_sample(x)) {
        Some(ScaleKind::Standard)
    } else if same(low, high - low) {
        Some(ScaleKind::MinMax)
    } else {
        None
    }
}
