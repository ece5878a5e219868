use std::ops::Range;

use super::Fold;
use crate::dataset::{DatasetError, Features, FittedRange, Schema};

impl Fold {
    /// The schema of this fold alone: `fit` of the rows that its training windows read, `seq_len` bars each.
    ///
    /// `fit` gets features, rows and open times, as [`Schema::fit`] does; where training has several ranges, a copy of
    /// their rows end to end. The range the schema then names goes from the first of them to the last.
    pub fn fit_schema(
        &self,
        features: &Features,
        seq_len: usize,
        timestamps: &[i64],
        fit: impl FnOnce(&Features, Range<usize>, &[i64]) -> Result<Schema, DatasetError>,
    ) -> Result<Schema, DatasetError> {
        let rows = self.fitted_rows(seq_len);
        if let [one] = &rows[..] {
            return fit(features, one.clone(), timestamps);
        }
        let width = features.width();
        let picked = Features {
            specs: features.specs.clone(),
            bars: rows.iter().map(ExactSizeIterator::len).sum(),
            feature_dim: features.feature_dim,
            data: rows
                .iter()
                .flat_map(|range| &features.data[range.start * width..range.end * width])
                .copied()
                .collect(),
        };
        let times: Vec<i64> = rows.iter().flat_map(|range| &timestamps[range.clone()]).copied().collect();
        let mut schema = fit(&picked, 0..picked.bars, &times)?;
        let FittedRange { first_timestamp, last_timestamp, .. } = schema.fitted_on;
        let end = |range: Option<&Range<usize>>| range.map_or(0..0, Clone::clone);
        let (start, end) = (end(rows.first()).start, end(rows.last()).end);
        schema.fitted_on = FittedRange { start, end, first_timestamp, last_timestamp };
        Ok(schema)
    }
}
