use serde_json::json;

use super::*;

fn curves(scores: &[f64], steps_from: usize) -> RunCurves {
    let losses = |x: f64| json!({"entry": x, "exit": x, "return": x, "volatility": x, "vae": x, "size": x});
    let epoch = |(i, score): (usize, &f64)| {
        let line = json!({"event": "epoch", "epoch": i + 1, "step": 10 * (i + 1), "learning_rate": 1e-4,
            "train": losses(1.0 + score), "validation": losses(*score), "score": score, "best": true,
            "learned": {"entry_brier": 0.2}, "gradient_norm": 1.0, "gradient_norm_max": 1.0, "log_variances": [],
            "kl": [], "active_latents": 0, "attention_entropy": []});
        serde_json::from_value(line).unwrap()
    };
    let step = |i: usize| {
        let line = json!({"event": "step", "epoch": i / 2 + 1, "step": 5 * (i + 1), "epochs": (i + 1) as f64 / 2.0,
            "steps": 5, "windows": i, "train": losses(i as f64), "total": 1.0, "learning_rate": 1e-4,
            "gradient_norm": 1.0, "gradient_norm_max": 1.0});
        (serde_json::from_value(line).unwrap(), Some(50.0 * (i + 1) as f64))
    };
    RunCurves {
        epochs: scores.iter().enumerate().map(epoch).collect(),
        seconds: (0..scores.len()).map(|i| 100.0 * (i + 1) as f64).collect(),
        steps: (2 * steps_from..2 * scores.len()).map(step).collect(),
    }
}

fn find(sections: &[Section], title: &str) -> Figure {
    sections.iter().flat_map(|section| &section.figures).find(|figure| figure.title == title).unwrap().clone()
}

#[test]
fn smoothing_is_the_weighted_mean_of_the_past_over_epochs() {
    let points = [(1.0, [1.0, 4.0]), (2.0, [2.0, 2.0]), (3.0, [3.0, 0.0])];
    let smoothed = smooth(&points, 0.5);
    // Weights 1; 1/3, 2/3; 1/7, 2/7, 4/7.
    let wanted = [4.0, 4.0 / 3.0 + 4.0 / 3.0, 4.0 / 7.0 + 4.0 / 7.0];
    for (point, want) in smoothed.iter().zip(wanted) {
        assert!((point[1] - want).abs() < 1e-12, "{smoothed:?}");
    }
    assert_eq!(smooth(&points, 0.0), points.map(|(_, point)| point));
    // An epoch of equal points weighs as one of them.
    let fine = [0.5, 1.0, 1.5, 2.0].map(|epochs| (epochs, [epochs, if epochs > 1.0 { 2.0 } else { 4.0 }]));
    let last = smooth(&fine, 0.5)[3][1];
    assert!((last - smoothed[1][1]).abs() < 1e-12, "{last}");
}

#[test]
fn lines_within_epochs_follow_those_of_whole_ones_on_every_axis() {
    // Kept from epoch 3 on, as in a run that an earlier version began.
    let own = curves(&[1.0, 0.9, 0.8], 2);
    for (axis, places, best) in [
        (XAxis::Epoch, [1.0, 2.0, 2.5, 3.0], 3.0),
        (XAxis::Step, [10.0, 20.0, 25.0, 30.0], 30.0),
        (XAxis::Time, [100.0, 200.0, 250.0, 300.0], 300.0),
    ] {
        let made = sections(&own, &[], Making { axis, weight: 0.5 });
        let entry = find(&made, "Entry");
        let found: Vec<f64> = entry.curves[0].raw.iter().map(|point| point[0]).collect();
        assert_eq!(found, places, "{axis:?}");
        assert_eq!(entry.curves[0].raw[1..3].iter().map(|point| point[1]).collect::<Vec<_>>(), [1.9, 4.0]);
        assert_eq!(entry.curves[0].smooth.len(), 4, "over all of them");
        assert_eq!(entry.curves[1].raw[2], [best, 0.8]);
        assert_eq!(find(&made, "Objective").curves[0].raw.len(), 2);
        assert!(find(&made, "Learning rate").curves[0].smooth.is_empty());
    }
    let plain = sections(&curves(&[1.0, 0.9], 2), &[], Making { axis: XAxis::Epoch, weight: 0.0 });
    assert!(!plain.iter().flat_map(|section| &section.figures).any(|figure| figure.title == "Objective"));
    assert_eq!(find(&plain, "Entry").curves[0].raw, [[1.0, 2.0], [2.0, 1.9]]);
}

#[test]
fn seeds_become_a_mean_with_a_band_as_far_as_all_came() {
    let runs = [curves(&[1.0, 0.8, 0.5], 3), curves(&[2.0, 0.6], 2)];
    let group = Foreign { name: "two".to_owned(), color: Color32::WHITE, runs: runs.iter().collect() };
    let alone = Foreign { name: "one".to_owned(), color: Color32::WHITE, runs: vec![&runs[0]] };
    let own = curves(&[1.0], 1);
    let score = find(&sections(&own, &[group, alone], Making { axis: XAxis::Step, weight: 0.5 }), "Score");
    let [_, mean, one] = &score.curves[..] else { panic!("{score:?}") };
    assert_eq!((mean.raw.len(), &mean.band), (2, &vec![[1.0, 2.0], [0.6, 0.8]]));
    assert_eq!(mean.raw[0], [10.0, 1.5]);
    assert!((mean.raw[1][1] - 0.7).abs() < 1e-12 && mean.smooth.is_empty() && mean.foreign);
    assert_eq!((one.raw.len(), one.band.len(), one.smooth.len()), (3, 0, 3));
}
