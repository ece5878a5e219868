use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::{RunCheck, training_rows};
use crate::dataset::leaks::rows::{FittedScale, scaler_origin};
use crate::dataset::{Features, InputColumn, InputKind, Schema, Splits};

/// Relative difference within which two figures are the same: features are kept in single precision.
const SAME: f64 = 1e-5;
/// Columns whose figures are looked for on other rows.
const LOOKED_AT: usize = 32;

/// `scaler_values`: the figures of `schema` are those of `refit`, the same schema fitted again on the rows that training
/// windows read. Where they are not, the rows they come from are looked for in the unscaled `features`.
pub fn scaler_values(
    schema: &Schema,
    refit: &Schema,
    features: &Features,
    slices: &Splits,
    seq_len: usize,
) -> RunCheck {
    let check = "scaler_values";
    if schema.candidates != refit.candidates {
        return RunCheck::not_checkable(check, "the features are not those the schema was fitted on");
    }
    let again: BTreeMap<&str, &InputColumn> =
        refit.inputs.iter().map(|column| (column.name.as_str(), column)).collect();
    let moved: Vec<&InputColumn> = schema
        .inputs
        .iter()
        .filter(|column| again.get(column.name.as_str()).is_some_and(|other| !alike(&value(column), &value(other))))
        .collect();
    let Some(first) = moved.first() else { return other_parts(check, schema, refit, &again) };
    let rows = training_rows(slices, seq_len);
    let source = source(&moved, features, slices, rows.start);
    let detail = format!(
        "{} of {} columns, for example {}, are not scaled by the training rows {}..{}; {source}",
        moved.len(),
        schema.inputs.len(),
        first.name,
        rows.start,
        rows.end
    );
    RunCheck::leak(check, detail)
}

/// The columns chosen, and what else the schema holds.
fn other_parts(check: &'static str, schema: &Schema, refit: &Schema, again: &BTreeMap<&str, &InputColumn>) -> RunCheck {
    let names = schema.names();
    if let Some(name) = names.iter().find(|name| !again.contains_key(name.as_str())) {
        return RunCheck::leak(
            check,
            format!("the column {name} was kept, which the training rows would have dropped"),
        );
    }
    if let Some(name) = refit.names().iter().find(|name| !names.contains(name)) {
        return RunCheck::leak(
            check,
            format!("the column {name} was dropped, which the training rows would have kept"),
        );
    }
    let rest = |schema: &Schema| match value(schema) {
        Value::Object(mut parts) => {
            for part in ["inputs", "dropped", "candidates", "fitted_on"] {
                parts.remove(part);
            }
            Value::Object(parts)
        }
        other => other,
    };
    if !alike(&rest(schema), &rest(refit)) {
        return RunCheck::leak(check, "what the scaled columns are turned into was not fitted on the training rows");
    }
    RunCheck::ok(check, format!("fitted again on the training rows, all {} columns are scaled alike", names.len()))
}

/// On which rows the figures of the columns were fitted, as half a sentence.
fn source(moved: &[&InputColumn], features: &Features, slices: &Splits, start: usize) -> String {
    let place = |name: &str| features.specs.iter().position(|spec| spec.name == name);
    let scales: Vec<FittedScale> = moved
        .iter()
        .filter_map(|column| match column.kind {
            InputKind::Scaled { median, iqr } => {
                Some(FittedScale { column: place(&column.name)?, centre: median, scale: iqr })
            }
            _ => None,
        })
        .take(LOOKED_AT)
        .collect();
    let width = features.width();
    let matches = |rows: &Range<usize>| {
        let origin = scaler_origin(&features.data, width, rows.clone(), &scales);
        origin.training + origin.either
    };
    let candidates = [
        ("all bars", 0..features.bars),
        ("the bars up to the end of the test slice", start..slices.test.end),
        ("the bars up to the end of the calibration slice", start..slices.calibration.end),
        ("the bars up to the end of the validation slice", start..slices.validation.end),
    ];
    let best = candidates.iter().map(|(name, rows)| (matches(rows), name)).max_by_key(|(count, _)| *count);
    match best {
        Some((count, name)) if count > 0 => format!("{count} of {} looked at are scaled by {name}", scales.len()),
        _ => "they match no stretch of bars".to_owned(),
    }
}

fn value(part: &impl serde::Serialize) -> Value {
    serde_json::to_value(part).unwrap_or(Value::Null)
}

/// Equal but for rounding; numbers side by side are measured by the largest of them.
fn alike(a: &Value, b: &Value) -> bool {
    let unit = |values: &mut dyn Iterator<Item = &Value>| {
        values.filter_map(Value::as_f64).fold(0.0_f64, |unit, number| unit.max(number.abs()))
    };
    let near = |a: &Value, b: &Value, unit: f64| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME * unit,
        _ => alike(a, b),
    };
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let unit = unit(&mut a.values());
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| near(a, b, unit)))
        }
        (Value::Array(a), Value::Array(b)) => {
            let unit = unit(&mut a.iter());
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b, unit))
        }
        _ => a == b,
    }
}
