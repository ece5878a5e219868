use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::analysis::calibration::CalibrationReport;
use crate::analysis::decision::DecisionBoundary;

const SLICE: &str = "test, out of sample";

/// Every tag closes in order, and the text inside has no bare markup.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "bare > in {:?}", &rest[..start]);
        let end = start + rest[start..].find('>').expect("tag closes");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "bare < in {tag:?}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "a coordinate is no number");
    for entity in svg.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|e| entity.starts_with(e)), "{entity:.9}");
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

fn attention(layers: usize, heads: usize, seq_len: usize, used: bool, name: &str) -> String {
    let weights: Vec<Vec<f64>> = (0..layers * heads)
        .map(|i| {
            let centre = seq_len as f64 * (0.3 + 0.6 * (i as f64 * 0.37).fract());
            let mut out = Vec::new();
            for q in 0..seq_len {
                let score = |k: usize| {
                    let near = if i % 2 == 0 { centre } else { q as f64 };
                    (-((k as f64 - near) / (2.0 + i as f64)).powi(2)).exp() + 0.05
                };
                let sum: f64 = (0..seq_len).map(score).sum();
                out.extend((0..seq_len).map(|k| score(k) / sum));
            }
            out
        })
        .collect();
    let heads: Vec<AttentionHead<'_>> = weights
        .iter()
        .enumerate()
        .map(|(i, weights)| AttentionHead { layer: i / heads, head: i % heads, weights })
        .collect();
    attention_map(&AttentionFigure {
        name,
        slice: SLICE,
        windows: 512,
        seq_len,
        heads: &heads,
        used,
        honesty: "loss +0.0131 under uniform attention, chance gives up to 0.0008",
    })
}

#[test]
fn attention_is_well_formed_and_says_when_unused() {
    let svg = attention(2, 4, 32, true, "BTCUSDT 4h <demo> & \"more\"");
    assert_well_formed(&svg);
    assert!(svg.contains("&lt;demo&gt; &amp; &quot;more&quot;") && !svg.contains("<demo>") && svg.contains(SLICE));
    let unused = attention(1, 1, 300, false, "one head");
    assert_well_formed(&unused);
    assert!(unused.contains("NOT USED") && unused.contains("cells average 3 x 3 bars"));
    assert_well_formed(&attention(1, 1, 0, false, "no bars"));
    let elite = attention(8, 16, 100, true, "elite");
    assert!(elite.len() < 6_000_000, "{}", elite.len());
}

#[test]
fn importance_shows_the_thirty_largest() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut features: Vec<(String, f64)> =
        (0..240).map(|i| (format!("schaff_trend_cycle_{i}.pf.change_5"), normal(&mut rng).powi(3) / 80.0)).collect();
    features.push(("biggest<of>all".to_owned(), -2.0));
    features.push(("bollinger_bands_20_2.percent_b~keltner_channel_20.width.correlation_10".to_owned(), 1.5));
    features.push(("unknown".to_owned(), f64::NAN));
    let mut figure = ImportanceFigure {
        title: "entry logit, integrated gradients",
        slice: SLICE,
        windows: 512,
        features: &features,
        gap: Some(0.012),
        badge: "Trusted: deletion beats chance, weights matter, permutation agrees",
        trusted: true,
    };
    let svg = importance(&figure);
    assert_well_formed(&svg);
    assert!(svg.contains("biggest&lt;of&gt;all") && svg.contains("-2.0000") && !svg.contains("unknown"));
    assert_eq!(svg.matches(".pf.change_5").count(), 28);
    figure.features = &[];
    assert_well_formed(&importance(&figure));
}

#[test]
fn regime_space_is_well_formed_with_gaps_and_empty_regimes() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut points: Vec<RegimePoint> = (0..4000)
        .map(|i| {
            let regime = [0, 0, 0, 1, 1, 2, 2, 3][i / 40 % 8];
            let centre = [[0.0, 0.0], [2.6, 1.0], [-2.0, 2.0], [0.5, -2.6]][regime];
            let at = [centre[0] + 0.7 * normal(&mut rng), centre[1] + 0.6 * normal(&mut rng)];
            let forward_return = 0.004 * (centre[0] + 2.0 * normal(&mut rng));
            RegimePoint { at, forward_return, regime, outlier: i % 397 == 5 }
        })
        .collect();
    points[3].forward_return = f64::NAN;
    points[4].at[0] = f64::NAN;
    let mut figure = RegimeSpaceFigure {
        name: "BTCUSDT 4h <demo>",
        slice: SLICE,
        horizon: 6,
        points: &points,
        explained: [0.514, 0.271],
        k: 5,
    };
    let svg = regime_space(&figure);
    assert_well_formed(&svg);
    assert!(
        svg.contains("51.4 % of variance") && svg.contains("3999 bars, 2000 drawn") && svg.contains("&lt;demo&gt;")
    );
    figure.points = &[];
    assert_well_formed(&regime_space(&figure));
}

#[test]
fn decision_boundary_is_well_formed_and_states_its_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut p, mut r) = (Vec::new(), Vec::new());
    let mut slow = 0.0;
    for _ in 0..1800 {
        slow = 0.9 * slow + 0.45 * normal(&mut rng);
        p.push(1.0 / (1.0 + f64::exp(0.2 - slow)));
        r.push(0.004 * slow + 0.018 * normal(&mut rng));
    }
    let labels: Vec<bool> = r.iter().map(|r| *r > 0.003).collect();
    let decision = DecisionBoundary::new(&p, &r, 6, 0.002, 1).unwrap();
    let calibration = CalibrationReport::new(&p, &labels, 6, 1).unwrap();
    p.push(f64::NAN);
    r.push(0.01);
    let svg = decision_boundary(&DecisionFigure {
        name: "BTCUSDT 4h <demo>",
        slice: SLICE,
        horizon: 6,
        probability: &p,
        forward_return: &r,
        decision: &decision,
        calibration: &calibration,
    });
    assert_well_formed(&svg);
    assert!(svg.contains("1800 bars with a label") && svg.contains("1800 bars with a prediction"));
    assert!(svg.contains(&format!("ECE {:.4}", calibration.ece)) && svg.contains(SLICE));
}
