use rayon::prelude::*;

use super::{Instance, Line, Lines};
use crate::market::Series;

/// Grows whenever any line's values change for the same bars and parameters, so that cached captures are recomputed.
pub const CATALOGUE_VERSION: u32 = 2;

/// Every line of `instances` over all bars, in the order of `instances`. Each indicator runs in its own loop, in
/// parallel with the others; the values do not depend on the number of threads.
pub fn compute(instances: &[Instance], series: &Series) -> Lines {
    let per_instance: Vec<Vec<Line>> = instances.par_iter().map(|instance| run(instance, series)).collect();
    Lines { columns: per_instance.into_iter().flatten().collect() }
}

fn run(instance: &Instance, series: &Series) -> Vec<Line> {
    let specs = instance.definition().lines;
    let columns = instance.definition().engine.run(instance.args(), specs.len(), series.bars());
    let named = instance.line_names().into_iter().zip(specs).zip(columns);
    named
        .map(|((name, spec), values)| Line {
            name,
            meaning: spec.meaning,
            unit: spec.unit,
            internal: spec.internal,
            values,
        })
        .collect()
}

/// Stable text of version, indicators and parameters: equal keys on equal bars mean equal lines.
pub fn catalogue_key(instances: &[Instance]) -> String {
    let mut key = format!("v{CATALOGUE_VERSION}");
    for instance in instances {
        key.push(';');
        key.push_str(&instance.to_string());
    }
    key
}
