use crate::config::FeatureGroup;

/// One stationary column before it enters the matrix.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) formula: String,
    /// The line it comes from.
    pub(super) source: Option<String>,
    pub(super) group: FeatureGroup,
    /// One value per bar, NaN where undefined, never infinite.
    pub(super) values: Vec<f64>,
}

impl Column {
    /// Infinite becomes missing; -0 becomes 0, so that equal values have equal bits.
    pub(super) fn new(
        group: FeatureGroup,
        source: Option<&str>,
        name: impl Into<String>,
        formula: impl Into<String>,
        mut values: Vec<f64>,
    ) -> Self {
        for x in &mut values {
            *x = if x.is_finite() { *x + 0.0 } else { f64::NAN };
        }
        Self { name: name.into(), formula: formula.into(), source: source.map(str::to_owned), group, values }
    }
}
