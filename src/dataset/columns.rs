use crate::config::FeatureGroup;

use super::FeatureSpec;

/// One feature that is computed as a whole before it enters the matrix.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) spec: FeatureSpec,
    /// One value per bar as the matrix holds it: NaN where missing, never infinite.
    pub(super) values: Vec<f32>,
}

impl Column {
    pub(super) fn new(
        group: FeatureGroup,
        source: Option<&str>,
        name: impl Into<String>,
        [formula, unit]: [&str; 2],
        warm_up: usize,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let values: Vec<f32> = values.into_iter().map(cell).collect();
        let spec = FeatureSpec {
            name: name.into(),
            formula: formula.to_owned(),
            unit: unit.to_owned(),
            source: source.map(str::to_owned),
            group: Some(group),
            warm_up: warm_up.min(values.len()),
        };
        Self { spec, values }
    }
}

/// Infinite becomes missing; every missing cell has the same bits, and so have the two zeros.
pub(super) fn cell(value: f64) -> f32 {
    let value = value as f32 + 0.0;
    if value.is_finite() { value } else { f32::NAN }
}
