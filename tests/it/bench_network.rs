//! `bench train` and `bench infer`: their records, the memory of a step, learning on fixed data.

use std::ffi::OsString;

use serde_json::Value;

use crate::args;
use crate::common::glassbox;

fn record(args: impl IntoIterator<Item = OsString>) -> Value {
    let output = glassbox(args).ok();
    let records = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.into_iter().find(|record| record["bench"].is_string()).expect("a record")
}

#[test]
fn a_training_step_allocates_no_tensor_and_learns_what_it_sees_again_and_again() {
    let found = record(args!["bench", "train", "--steps", "20"]);
    let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{key} in {found}"));
    // The peer of the published comparison has 492,058 parameters with its five log variances.
    assert!((number("params") / 492_058.0 - 1.0).abs() < 1e-3);
    // Packed operands of a product are the largest: 1600 rows of 128 numbers are no tensor of activations.
    assert!(number("largest_allocation_bytes") < number("tensor_bytes"), "{found}");
    assert!(number("loss_last") < number("loss_first") - 0.5, "{found}");
    assert!(number("p10") <= number("step_ms") && number("step_ms") <= number("p90"));
    let windows = 1e3 * 32.0 / number("step_ms");
    assert!((number("windows_per_s") / windows - 1.0).abs() < 1e-9);
    assert!(number("data_wait") > 0.0 && number("data_wait") < 1.0);
    assert!(number("roof_share") > 0.0 && number("peak_rss_mib") > 10.0);
    assert_eq!(
        (&found["preset"], &found["device"], &found["threads"], &found["dropout"], &found["precision"]),
        (&"debug".into(), &"CPU".into(), &1.into(), &0.1.into(), &"f32".into())
    );
}

#[test]
fn windows_of_a_long_walk_can_be_taught() {
    let args = args!["bench", "train", "--steps", "2", "--bars", "300", "--features", "7", "--dropout", "0"];
    assert_eq!(record(args)["steps"], 2);
    let refused = glassbox(args!["bench", "train", "--bars", "60"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("60 bars hold fewer than 32 windows"), "{}", refused.stderr);
    let refused = glassbox(args!["bench", "train", "--preset", "huge"]);
    assert!(refused.stderr.contains("choose debug, baseline or elite"), "{}", refused.stderr);
    let refused = glassbox(args!["--device", "cpu", "bench", "train", "--precision", "bf16"]);
    assert!(refused.stderr.contains("bf16 needs a CUDA device"), "{}", refused.stderr);
}

#[test]
fn one_window_and_a_batch_foretell_the_same() {
    let found = record(args!["bench", "infer", "--steps", "40"]);
    let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{key} in {found}"));
    assert!(number("largest_difference") < 1e-6, "{found}");
    assert!(number("batch1_ms") > 0.0 && number("batch_ms") > number("batch1_ms"), "{found}");
}
