use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::extract::pad_name;
use super::{DatasetError, Features, Inputs};

/// Share of training rows on which a kept feature may be missing.
const MISSING_SHARE: f64 = 0.005;
/// Bound of scaled values.
const CLIP: f64 = 10.0;
/// Columns read together while fitting: one cache line of a row.
const BLOCK: usize = 16;
const ROWS_PER_CHUNK: usize = 512;
/// Names shown per kind of mismatch.
const SHOWN: usize = 30;

/// Which features enter the network, in which order and on which scale; fitted on training rows only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Columns of [`Inputs`]: scaled features, then `.missing` flags, then padding.
    pub inputs: Vec<InputColumn>,
    /// Features left out, with the reason.
    pub dropped: Vec<(String, String)>,
    /// All features seen while fitting, in order, padding apart.
    pub candidates: Vec<String>,
    /// Where it was fitted.
    pub fitted_on: FittedRange,
}

/// One column of the network's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputColumn {
    /// Name: a feature's, `feature.missing`, or `pad_k`.
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
    /// 1 where the named feature is missing, else 0.
    Missing {
        /// The feature.
        of: String,
    },
    /// Always 0.
    Padding,
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
    /// Chooses and scales features by what `rows` (the training rows) show; `timestamps` are the open times of all bars.
    ///
    /// Dropped are features missing on more than 0.5 % of the rows, constant there, or equal to an earlier one. A kept
    /// feature with missing cells gets a `.missing` flag, unless an earlier flag has the same pattern. With
    /// `feature_dim` the padding makes up for what was dropped, so that the width is exactly the one asked for.
    pub fn fit(features: &Features, rows: Range<usize>, timestamps: &[i64]) -> Result<Self, DatasetError> {
        let bars = features.bars.min(timestamps.len());
        if rows.is_empty() || rows.end > bars {
            return Err(DatasetError::Rows { start: rows.start, end: rows.end, bars });
        }
        let real: Vec<usize> = (0..features.width()).filter(|&i| features.specs[i].group.is_some()).collect();
        let fits: Vec<ColumnFit> =
            real.par_chunks(BLOCK).flat_map_iter(|block| fit_block(features, block, rows.clone())).collect();

        let name = |i: usize| features.specs[i].name.clone();
        let (mut inputs, mut flags, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let mut kept = BTreeMap::<u64, Vec<usize>>::new();
        let mut patterns = BTreeSet::new();
        for (&i, fit) in real.iter().zip(fits) {
            let (median, iqr) = match fit.verdict {
                Ok(scale) => scale,
                Err(reason) => {
                    dropped.push((name(i), reason));
                    continue;
                }
            };
            let alike = kept.entry(fit.digest).or_default();
            if let Some(&twin) = alike.iter().find(|&&j| equal(features, i, j, rows.clone())) {
                dropped.push((name(i), format!("duplicate of {}", name(twin))));
                continue;
            }
            alike.push(i);
            inputs.push(InputColumn { name: name(i), kind: InputKind::Scaled { median, iqr } });
            if !fit.missing.is_empty() && patterns.insert(fit.missing) {
                let kind = InputKind::Missing { of: name(i) };
                flags.push(InputColumn { name: format!("{}.missing", name(i)), kind });
            }
        }
        if inputs.is_empty() {
            let example = dropped.first().map_or_else(String::new, |(name, reason)| format!("{name}: {reason}"));
            return Err(DatasetError::NothingLeft { candidates: real.len(), example });
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
        Ok(Self { inputs, dropped, candidates: real.into_iter().map(name).collect(), fitted_on })
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

    /// Scales `features`, puts the training median where a value is missing and fills flags and padding.
    ///
    /// Refuses features that lack a needed name or have one that was unknown while fitting; order does not matter.
    pub fn apply(&self, features: &Features) -> Result<Inputs, SchemaMismatch> {
        let found: BTreeMap<&str, usize> = features
            .specs
            .iter()
            .enumerate()
            .filter(|(_, s)| s.group.is_some())
            .map(|(i, s)| (s.name.as_str(), i))
            .collect();
        let known: BTreeSet<&str> = self.candidates.iter().map(String::as_str).collect();
        let scaled: Vec<(&str, f64, f64)> = self
            .inputs
            .iter()
            .filter_map(|column| match column.kind {
                InputKind::Scaled { median, iqr } => Some((column.name.as_str(), median, iqr)),
                _ => None,
            })
            .collect();
        let missing: Vec<String> =
            scaled.iter().filter(|(name, ..)| !found.contains_key(name)).map(|&(name, ..)| name.to_owned()).collect();
        let extra: Vec<String> =
            found.keys().filter(|name| !known.contains(*name)).map(|&name| name.to_owned()).collect();
        if !missing.is_empty() || !extra.is_empty() {
            return Err(SchemaMismatch { missing, extra });
        }

        let columns: Vec<(usize, f64, f64)> = scaled.iter().map(|&(name, m, s)| (found[name], m, s)).collect();
        let flags: Vec<Option<usize>> = self.inputs[columns.len()..]
            .iter()
            .map(|column| match &column.kind {
                InputKind::Missing { of } => found.get(of.as_str()).copied(),
                _ => None,
            })
            .collect();
        let width = self.width();
        let mut data = vec![0.0_f32; features.bars * width];
        let cells: Vec<Vec<(u32, u32)>> = data
            .par_chunks_mut(ROWS_PER_CHUNK * width)
            .enumerate()
            .map(|(chunk, part)| {
                let mut cells = Vec::new();
                for (i, out) in part.chunks_exact_mut(width).enumerate() {
                    let t = chunk * ROWS_PER_CHUNK + i;
                    let row = features.row(t);
                    for (k, &(from, median, iqr)) in columns.iter().enumerate() {
                        let x = row[from];
                        if x.is_nan() {
                            cells.push((t as u32, k as u32));
                        } else {
                            out[k] = ((f64::from(x) - median) / iqr).clamp(-CLIP, CLIP) as f32;
                        }
                    }
                    for (cell, flag) in out[columns.len()..].iter_mut().zip(&flags) {
                        *cell = f32::from(u8::from(flag.is_some_and(|from| row[from].is_nan())));
                    }
                }
                cells
            })
            .collect();
        Ok(Inputs::new(self.names(), data, columns.len(), cells.concat()))
    }
}

fn equal(features: &Features, i: usize, j: usize, rows: Range<usize>) -> bool {
    rows.into_iter().all(|t| {
        let row = features.row(t);
        row[i] == row[j] || (row[i].is_nan() && row[j].is_nan())
    })
}

fn fit_block(features: &Features, block: &[usize], rows: Range<usize>) -> Vec<ColumnFit> {
    let mut columns = vec![Vec::with_capacity(rows.len()); block.len()];
    for t in rows {
        let row = features.row(t);
        for (column, &i) in columns.iter_mut().zip(block) {
            column.push(row[i]);
        }
    }
    columns.into_iter().map(fit_column).collect()
}

fn fit_column(column: Vec<f32>) -> ColumnFit {
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
    let verdict = scale_of(&mut values).ok_or_else(|| "constant on the training rows".to_owned());
    ColumnFit { verdict, missing, digest }
}

/// Median and robust scale; `None` for a constant.
fn scale_of(values: &mut [f32]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    if values.iter().all(|&x| x == first) {
        return None;
    }
    let [low, median, high] = [0.25, 0.5, 0.75].map(|q| quantile_of(values, q));
    if high > low {
        return Some((median, high - low));
    }
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let std = (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt();
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
