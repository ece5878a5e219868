use std::collections::BTreeMap;

use serde_json::Value;

/// Keys of an epoch's line that are no figures of it.
const NO_FIGURES: [&str; 3] = ["epoch", "event", "step"];

/// The figures of one epoch, or of steps within one, as exports show them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalars {
    pub(super) epoch: u64,
    /// Optimiser steps so far.
    pub(super) step: u64,
    /// Wall seconds since the run began, pauses left out.
    pub(super) seconds: f64,
    /// By name: parts are joined by `/`, those of a list are numbered from 0; what has no value is left out.
    pub(super) values: BTreeMap<String, f64>,
}

/// Figures of all epochs from the lines of metrics.jsonl and timing.jsonl, which belong together one by one.
pub(super) fn epoch_scalars(metrics: &[Value], timing: &[Value]) -> Vec<Scalars> {
    let mut seconds = 0.0;
    metrics
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let mut values = BTreeMap::new();
            flatten("", line, &mut values);
            if let Some(timing) = timing.get(i) {
                flatten("timing", timing, &mut values);
                seconds += timing.get("seconds").and_then(Value::as_f64).unwrap_or(0.0);
            }
            Scalars { epoch: whole(line, "epoch"), step: whole(line, "step"), seconds, values }
        })
        .collect()
}

/// Figures of one line of steps.jsonl and its line of step_timing.jsonl.
pub(super) fn step_scalars(line: &Value, timing: Option<&Value>) -> Scalars {
    let mut values = BTreeMap::new();
    flatten("", line, &mut values);
    let seconds = timing.and_then(|timing| timing.get("seconds")).and_then(Value::as_f64);
    if let Some(timing) = timing {
        flatten("timing", timing, &mut values);
    }
    Scalars { epoch: whole(line, "epoch"), step: whole(line, "step"), seconds: seconds.unwrap_or(0.0), values }
}

fn whole(line: &Value, key: &str) -> u64 {
    line.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, f64>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}/{key}") };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !NO_FIGURES.contains(&key.as_str())) {
                flatten(&below(key), value, into);
            }
        }
        Value::Array(parts) => {
            for (i, part) in parts.iter().enumerate() {
                flatten(&below(&i.to_string()), part, into);
            }
        }
        Value::Number(number) => {
            into.extend(number.as_f64().map(|value| (name.to_owned(), value)));
        }
        Value::Bool(flag) => {
            into.insert(name.to_owned(), f64::from(u8::from(*flag)));
        }
        Value::Null | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_become_named_figures() {
        let metrics = [
            json!({"event": "epoch", "epoch": 1, "step": 7, "best": true, "train": {"entry": 0.5}, "kl": [0.1, 0.2],
                "learned": {"entry_auc": null}}),
            json!({"event": "epoch", "epoch": 2, "step": 14, "attention_entropy": [[1.0], [0.5]]}),
        ];
        let timing = [json!({"epoch": 1, "seconds": 2.0}), json!({"epoch": 2, "seconds": 3.0})];
        let found = epoch_scalars(&metrics, &timing);
        let places: Vec<_> = found.iter().map(|e| (e.epoch, e.step, e.seconds)).collect();
        assert_eq!(places, [(1, 7, 2.0), (2, 14, 5.0)]);
        let first: Vec<_> = found[0].values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(first, [("best", 1.0), ("kl/0", 0.1), ("kl/1", 0.2), ("timing/seconds", 2.0), ("train/entry", 0.5)]);
        assert_eq!(found[1].values["attention_entropy/1/0"], 0.5);
    }
}
