use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::{FeaturesConfig, Scaler};

use super::components::Components;
use super::extract::pad_name;
use super::products::Products;
use super::{DatasetError, Features};

/// Share of training rows on which a kept feature may be missing.
const MISSING_SHARE: f64 = 0.005;
/// Columns read together while fitting: one cache line of a row.
const BLOCK: usize = 16;
/// Names shown per kind of mismatch.
const SHOWN: usize = 30;

/// Which features enter the network, in which order and on which scale; fitted on training rows only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Columns of [`Inputs`](super::Inputs): scaled features or their components, then `.missing` flags, then padding.
    pub inputs: Vec<InputColumn>,
    /// Features left out, with the reason.
    pub dropped: Vec<(String, String)>,
    /// All features seen while fitting, in order, padding apart.
    pub candidates: Vec<String>,
    /// Where it was fitted.
    pub fitted_on: FittedRange,
    /// What the components are made of, if features are replaced by components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Components>,
}

/// One column of the network's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputColumn {
    /// Name: a feature's, `pc_k`, `feature.missing`, or `pad_k`.
    pub name: String,
    /// What fills it.
    pub kind: InputKind,
}

/// What fills an input column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// (x - median) / iqr within +-10; 0 where missing.
    Scaled {
        /// Median of the training rows.
        median: f64,
        /// Interquartile range of the training rows; their standard deviation (divisor n) where that is 0.
        iqr: f64,
    },
    /// (x - mean) / std within +-10; 0 where missing.
    Standardized {
        /// Mean of the training rows.
        mean: f64,
        /// Standard deviation (divisor n) of the training rows.
        std: f64,
    },
    /// Principal component of the scaled features, by falling variance.
    Component {
        /// Its place in [`Components::loadings`].
        index: usize,
    },
    /// 1 where the named feature is missing, else 0.
    Missing {
        /// The feature.
        of: String,
    },
    /// Always 0.
    Padding,
}

impl InputColumn {
    /// Centre and scale of a scaled feature.
    pub fn scale(&self) -> Option<(f64, f64)> {
        match self.kind {
            InputKind::Scaled { median, iqr } => Some((median, iqr)),
            InputKind::Standardized { mean, std } => Some((mean, std)),
            InputKind::Component { .. } | InputKind::Missing { .. } | InputKind::Padding => None,
        }
    }
}

/// The rows something was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FittedRange {
    /// First row.
    pub start: usize,
    /// Row after the last.
    pub end: usize,
    /// Open time of the first row, UTC milliseconds.
    pub first_timestamp: i64,
    /// Open time of the last row, UTC milliseconds.
    pub last_timestamp: i64,
}

/// Features that do not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaMismatch {
    /// Features the schema needs and does not find.
    pub missing: Vec<String>,
    /// Features found that were not there when the schema was fitted.
    pub extra: Vec<String>,
}

impl std::error::Error for SchemaMismatch {}

impl fmt::Display for SchemaMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, extra) = (self.missing.len(), self.extra.len());
        write!(f, "the features differ from those the model was trained on: {missing} missing, {extra} extra")?;
        for (kind, names) in [("missing", &self.missing), ("extra  ", &self.extra)] {
            for name in names.iter().take(SHOWN) {
                write!(f, "\n  {kind}  {name}")?;
            }
            if names.len() > SHOWN {
                write!(f, "\n  {kind}  and {} more", names.len() - SHOWN)?;
            }
        }
        f.write_str("\nuse the run's own feature configuration and indicator lines, or train a new model")
    }
}

/// A column as the training rows show it.
struct ColumnFit {
    /// Median and scale, or why the feature is dropped.
    verdict: Result<(f64, f64), String>,
    /// Training rows without a value.
    missing: Vec<usize>,
    /// Equal columns have equal digests.
    digest: u64,
}

impl Schema {
    /// [`Self::fit_with`] the default options: robust scales, no feature dropped for its correlation, no components.
    pub fn fit(features: &Features, rows: Range<usize>, timestamps: &[i64]) -> Result<Self, DatasetError> {
        Self::fit_with(features, rows, timestamps, &FeaturesConfig::default())
    }

    /// Chooses and scales features by what `rows` (the training rows) show; `timestamps` are the open times of all bars.
    ///
    /// Dropped are features missing on more than 0.5 % of the rows, constant there, or equal to an earlier one, and with
    /// `max_correlation` below 1 those that correlate more with an earlier one that is kept. A kept feature with missing
    /// cells gets a `.missing` flag, unless an earlier flag has the same pattern. With `pca` above 0 the scaled features
    /// are replaced by their components. With `feature_dim` the padding makes up for what was dropped, so that the width
    /// is exactly the one asked for. Of `config` only `scaler`, `max_correlation` and `pca` count here.
    pub fn fit_with(
        features: &Features,
        rows: Range<usize>,
        timestamps: &[i64],
        config: &FeaturesConfig,
    ) -> Result<Self, DatasetError> {
        let bars = features.bars.min(timestamps.len());
        if rows.is_empty() || rows.end > bars {
            return Err(DatasetError::Rows { start: rows.start, end: rows.end, bars });
        }
        let real: Vec<usize> = (0..features.width()).filter(|&i| features.specs[i].group.is_some()).collect();
        let name = |i: usize| features.specs[i].name.clone();
        let (mut kept, mut dropped) = candidates(features, &real, rows.clone(), config.scaler);
        if config.max_correlation < 1.0 {
            drop_correlated(features, &mut kept, &mut dropped, rows.clone(), config.max_correlation);
        }
        dropped.sort_by_key(|&(i, _)| i);
        let dropped: Vec<(String, String)> = dropped.into_iter().map(|(i, reason)| (name(i), reason)).collect();
        if kept.is_empty() {
            let example = dropped.first().map_or_else(String::new, |(name, reason)| format!("{name}: {reason}"));
            return Err(DatasetError::NothingLeft { candidates: real.len(), example });
        }

        let mut patterns = BTreeSet::new();
        let flags = kept.iter().filter(|k| !k.missing.is_empty() && patterns.insert(&k.missing)).map(|k| InputColumn {
            name: format!("{}.missing", name(k.at)),
            kind: InputKind::Missing { of: name(k.at) },
        });
        let flags: Vec<InputColumn> = flags.collect();
        let kind = |(centre, scale): (f64, f64)| match config.scaler {
            Scaler::Robust => InputKind::Scaled { median: centre, iqr: scale },
            Scaler::Standard => InputKind::Standardized { mean: centre, std: scale },
        };
        let mut inputs: Vec<InputColumn> =
            kept.iter().map(|k| InputColumn { name: name(k.at), kind: kind(k.scale) }).collect();
        let mut components = None;
        if config.pca > 0.0 {
            let columns: Vec<(usize, (f64, f64))> = kept.iter().map(|k| (k.at, k.scale)).collect();
            let fitted = Components::fit(features, &columns, inputs, rows.clone(), config.pca)?;
            inputs = fitted.inputs();
            components = Some(fitted);
        }
        inputs.extend(flags);
        if features.feature_dim > 0 {
            let natural = inputs.len();
            let asked = features.feature_dim;
            let pads = asked.checked_sub(natural).ok_or(DatasetError::TooWide { asked, natural })?;
            inputs.extend((0..pads).map(|k| InputColumn { name: pad_name(k), kind: InputKind::Padding }));
        }
        let fitted_on = FittedRange {
            start: rows.start,
            end: rows.end,
            first_timestamp: timestamps[rows.start],
            last_timestamp: timestamps[rows.end - 1],
        };
        Ok(Self { inputs, dropped, candidates: real.into_iter().map(name).collect(), fitted_on, components })
    }

    /// Columns of the inputs.
    pub fn width(&self) -> usize {
        self.inputs.len()
    }

    /// Column names, in order.
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|column| column.name.clone()).collect()
    }

    /// SHA-256 of the ordered column names, hex.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for column in &self.inputs {
            hasher.update(column.name.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// A feature that stays.
struct Kept {
    /// Its column of the matrix.
    at: usize,
    /// Centre and scale.
    scale: (f64, f64),
    /// Training rows without a value.
    missing: Vec<usize>,
}

/// Features by place, each with the reason why it is dropped.
type Dropped = Vec<(usize, String)>;

/// Leaves out what is missing, constant or a duplicate.
fn candidates(features: &Features, real: &[usize], rows: Range<usize>, scaler: Scaler) -> (Vec<Kept>, Dropped) {
    let fits: Vec<ColumnFit> =
        real.par_chunks(BLOCK).flat_map_iter(|block| fit_block(features, block, rows.clone(), scaler)).collect();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::<u64, Vec<usize>>::new();
    for (&at, fit) in real.iter().zip(fits) {
        let scale = match fit.verdict {
            Ok(scale) => scale,
            Err(reason) => {
                dropped.push((at, reason));
                continue;
            }
        };
        let alike = seen.entry(fit.digest).or_default();
        if let Some(&twin) = alike.iter().find(|&&j| equal(features, at, j, rows.clone())) {
            dropped.push((at, format!("duplicate of {}", features.specs[twin].name)));
            continue;
        }
        alike.push(at);
        kept.push(Kept { at, scale, missing: fit.missing });
    }
    (kept, dropped)
}

/// Leaves out whatever correlates by more than `most`, in absolute value, with an earlier feature that stays. A missing
/// cell counts as the mean.
fn drop_correlated(features: &Features, kept: &mut Vec<Kept>, dropped: &mut Dropped, rows: Range<usize>, most: f64) {
    let places: Vec<usize> = kept.iter().map(|k| k.at).collect();
    let products = Products::of_standardized(features, &places, rows);
    let mut stays: Vec<usize> = Vec::with_capacity(kept.len());
    let mut like = vec![None; kept.len()];
    for (j, like) in like.iter_mut().enumerate() {
        *like = stays.iter().map(|&i| (i, products.correlation(i, j))).find(|(_, r)| r.abs() > most);
        if like.is_none() {
            stays.push(j);
        }
    }
    for (&at, (i, r)) in places.iter().zip(&like).filter_map(|(at, like)| Some((at, like.as_ref()?))) {
        // Nothing that is dropped is exactly 1.
        let r = if r.abs() < 0.995 { format!("{r:.2}") } else { format!("{r:.5}") };
        dropped.push((at, format!("correlates {r} with {}", features.specs[places[*i]].name)));
    }
    let mut like = like.iter();
    kept.retain(|_| like.next().is_some_and(Option::is_none));
}

fn equal(features: &Features, i: usize, j: usize, rows: Range<usize>) -> bool {
    rows.into_iter().all(|t| {
        let row = features.row(t);
        row[i] == row[j] || (row[i].is_nan() && row[j].is_nan())
    })
}

fn fit_block(features: &Features, block: &[usize], rows: Range<usize>, scaler: Scaler) -> Vec<ColumnFit> {
    let mut columns = vec![Vec::with_capacity(rows.len()); block.len()];
    for t in rows {
        let row = features.row(t);
        for (column, &i) in columns.iter_mut().zip(block) {
            column.push(row[i]);
        }
    }
    columns.into_iter().map(|column| fit_column(column, scaler)).collect()
}

fn fit_column(column: Vec<f32>, scaler: Scaler) -> ColumnFit {
    let rows = column.len();
    // FNV-1a over the bits; + 0 makes the two zeros one, all NaN here have the same bits.
    let digest = column
        .iter()
        .fold(0xcbf29ce484222325, |hash: u64, &x| (hash ^ u64::from((x + 0.0).to_bits())).wrapping_mul(0x100000001b3));
    let missing: Vec<usize> = (0..rows).filter(|&i| column[i].is_nan()).collect();
    if missing.len() as f64 > MISSING_SHARE * rows as f64 {
        let share = 100.0 * missing.len() as f64 / rows as f64;
        let verdict = Err(format!("missing on {share:.1} % of the training rows"));
        return ColumnFit { verdict, missing, digest };
    }
    let mut values = column;
    values.retain(|x| !x.is_nan());
    let verdict = scale_of(&mut values, scaler).ok_or_else(|| "constant on the training rows".to_owned());
    ColumnFit { verdict, missing, digest }
}

/// Centre and scale; `None` for a constant.
fn scale_of(values: &mut [f32], scaler: Scaler) -> Option<(f64, f64)> {
    let first = *values.first()?;
    if values.iter().all(|&x| x == first) {
        return None;
    }
    let deviation = |values: &[f32]| {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        (mean, (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt())
    };
    if scaler == Scaler::Standard {
        return Some(deviation(values)).filter(|&(_, std)| std > 0.0);
    }
    let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile_of(values, q));
    if high > low {
        return Some((median, high - low));
    }
    let (_, std) = deviation(values);
    (std > 0.0).then_some((median, std))
}

/// Linear-interpolation quantile (Hyndman & Fan type 7) by selection, which beats sorting thousands of columns.
fn quantile_of(values: &mut [f32], q: f64) -> f64 {
    let place = q * (values.len() - 1) as f64;
    let below = place.floor() as usize;
    let (_, &mut at, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let next = above.iter().copied().min_by(f32::total_cmp).unwrap_or(at);
    f64::from(at) + (place - below as f64) * (f64::from(next) - f64::from(at))
}
