use super::columns::{average_range, closes, honest, mean, moved, returns, rolling, rsi};
use super::*;

/// Mean of the `2 half + 1` values around t.
fn centred(x: &[f64], half: usize) -> Vec<f64> {
    moved(&rolling(x, 2 * half + 1, mean), half as i64)
}

fn forward(bars: &[Bar], h: usize) -> Vec<f64> {
    let at = |t: usize| if t + h < bars.len() { bars[t + h].close / bars[t].close - 1.0 } else { f64::NAN };
    (0..bars.len()).map(at).collect()
}

fn deviation(x: &[f64]) -> f64 {
    crate::stats::std_population(&defined(x))
}

fn defined(x: &[f64]) -> Vec<f64> {
    x.iter().copied().filter(|v| v.is_finite()).collect()
}

fn noisy(x: &[f64], times: f64, seed: u64) -> Vec<f64> {
    let scale = times * deviation(x);
    x.iter().zip(Noise::new(seed).many(x.len())).map(|(v, z)| v + scale * z).collect()
}

fn map(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().map(|v| if v.is_nan() { f64::NAN } else { f(*v) }).collect()
}

fn markets() -> Vec<(&'static str, Vec<Bar>)> {
    vec![
        ("plain", walk(Walk::Plain, 2500, 5)),
        ("garch", walk(Walk::Garch, 2500, 6)),
        ("bitcoin", bitcoin()[..6000].to_vec()),
    ]
}

/// What a planted column may be called.
type Expected = fn(LeakKind) -> bool;

fn shifted_by_one(kind: LeakKind) -> bool {
    kind == LeakKind::Shifted { by: -1 }
}

fn planted(bars: &[Bar]) -> Vec<(&'static str, Vec<f64>, Expected)> {
    let (close, steps, rsi) = (closes(bars), returns(bars), rsi(bars));
    let volume: Vec<f64> = bars.iter().map(|b| b.volume).collect();
    let sentiment = noisy(&map(&steps, |r| r), 1.0, 3);
    let label = |h: usize| forward(bars, h);
    let flipped: Vec<f64> = {
        let mut noise = Noise::new(17);
        map(&label(1), |r| if r > 0.0 { 1.0 } else { 0.0 })
            .iter()
            .map(|v| if noise.next() > 1.0 { 1.0 - v } else { *v })
            .collect()
    };
    let daily: Vec<f64> = (0..bars.len()).map(|t| close[(t / 6 * 6 + 5).min(bars.len() - 1)]).collect();
    let hindsight: Vec<f64> = (0..bars.len())
        .map(|t| bars[t..(t + 6).min(bars.len())].iter().map(|b| b.high).fold(0.0, f64::max) / close[t] - 1.0)
        .collect();
    vec![
        ("rsi_shifted", moved(&rsi, 1), shifted_by_one),
        ("close_shifted", moved(&close, 1), shifted_by_one),
        ("volume_shifted", moved(&volume, 1), shifted_by_one),
        ("atr_shifted", moved(&average_range(bars), 1), shifted_by_one),
        ("sentiment_shifted", moved(&sentiment, 1), shifted_by_one),
        ("momentum_shifted", moved(&rolling(&steps, 5, mean), 1), shifted_by_one),
        ("sma_20_shifted", moved(&rolling(&close, 20, mean), 1), shifted_by_one),
        ("rsi_shifted_3", moved(&rsi, 3), |k| k == LeakKind::Shifted { by: -3 }),
        ("centred_close_5", centred(&close, 2), |k| k == LeakKind::CentredMean { window: 5 }),
        ("centred_close_21", centred(&close, 10), |k| k == LeakKind::CentredMean { window: 21 }),
        ("centred_close_101", centred(&close, 50), |k| k == LeakKind::CentredMean { window: 101 }),
        ("centred_return_5", centred(&steps, 2), |k| k == LeakKind::CentredMean { window: 5 }),
        ("centred_rsi_5", centred(&rsi, 2), |k| {
            matches!(k, LeakKind::CentredMean { .. } | LeakKind::Shifted { by: -2 })
        }),
        ("centred_rsi_21", centred(&rsi, 10), |k| {
            matches!(k, LeakKind::CentredMean { .. } | LeakKind::Shifted { by: -10 })
        }),
        ("centred_volume_5", centred(&volume, 2), |k| {
            matches!(k, LeakKind::CentredMean { .. } | LeakKind::Shifted { by: -2 })
        }),
        ("label_1", label(1), |k| k == LeakKind::EqualsLabel { horizon: 1 }),
        ("label_6", label(6), |k| k == LeakKind::EqualsLabel { horizon: 6 }),
        ("label_sign_1", map(&label(1), f64::signum), |k| k == LeakKind::EqualsLabel { horizon: 1 }),
        ("label_sign_6", map(&label(6), |r| f64::from(u8::from(r > 0.0))), |k| {
            k == LeakKind::EqualsLabel { horizon: 6 }
        }),
        ("label_entry_6", map(&label(6), |r| f64::from(u8::from(r > 0.01))), |k| {
            k == LeakKind::EqualsLabel { horizon: 6 }
        }),
        ("label_1_noisy", noisy(&label(1), 3.0, 8), shifted_by_one),
        ("label_6_noisy", noisy(&label(6), 1.0, 9), |k| matches!(k, LeakKind::FollowsLabel { horizon: 5..=7 })),
        ("label_6_noisier", noisy(&label(6), 2.0, 9), |k| matches!(k, LeakKind::FollowsLabel { .. })),
        ("label_flipped", flipped, shifted_by_one),
        ("daily_close_early", daily, |k| matches!(k, LeakKind::Shifted { .. })),
        ("highest_ahead", hindsight, |k| matches!(k, LeakKind::FollowsLabel { .. } | LeakKind::Shifted { .. })),
    ]
}

#[test]
fn planted_leaks_are_found_and_named() {
    let mut wrong = Vec::new();
    for (market, bars) in markets() {
        let plants = planted(&bars);
        let mut columns: Vec<(String, Vec<f64>)> =
            plants.iter().map(|(n, x, _)| ((*n).to_owned(), x.clone())).collect();
        columns.extend(honest(&bars, 3));
        let verdicts = check(&bars, &columns);
        // Alone, a column cannot be recognised by the others.
        let alone: Vec<ColumnVerdict> =
            columns[..plants.len()].iter().flat_map(|column| check(&bars, std::slice::from_ref(column))).collect();
        for (how, verdicts) in [("together", &verdicts), ("alone", &alone)] {
            for ((name, _, expected), verdict) in plants.iter().zip(verdicts) {
                let named = verdict.findings.first().is_some_and(|finding| expected(finding.kind));
                if !named || verdict.verdict == Verdict::Clean {
                    let kind = verdict.findings.first().map(|f| f.kind);
                    wrong.push(format!("{market} {how} {name}: {kind:?} {}", verdict.sentence));
                }
            }
        }
        for verdict in &verdicts[plants.len()..] {
            if verdict.verdict != Verdict::Clean {
                wrong.push(format!("{market}: honest {}", verdict.sentence));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn whole_series_scaling_is_found_by_its_exactness() {
    for (market, bars) in markets() {
        let x = rsi(&bars);
        let y = rolling(&returns(&bars), 5, mean);
        let d = |v: &[f64]| defined(v);
        let (m, population, sample) = (mean(&d(&x)), deviation(&x), crate::stats::std_sample(&d(&x)));
        let mut sorted = d(&y);
        sorted.sort_by(f64::total_cmp);
        let at = |q: f64| crate::stats::quantile_sorted(&sorted, q);
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let rank = |v: f64| sorted.partition_point(|s| *s < v) as f64 / (sorted.len() - 1) as f64;
        let rounded = map(&x, |v| ((v - m) / population * 1e6).round() / 1e6);
        let scaled = vec![
            ("population", map(&x, |v| (v - m) / population), LeakKind::WholeSeriesScaling),
            ("sample", map(&x, |v| (v - m) / sample), LeakKind::WholeSeriesScaling),
            ("single", map(&x, |v| f64::from(((v - m) / sample) as f32)), LeakKind::WholeSeriesScaling),
            ("rounded", rounded, LeakKind::WholeSeriesScaling),
            ("robust", map(&y, |v| (v - at(0.5)) / (at(0.75) - at(0.25))), LeakKind::WholeSeriesScaling),
            ("min_max", map(&y, |v| (v - low) / (high - low)), LeakKind::WholeSeriesScaling),
            ("both_sides", map(&y, |v| 2.0 * (v - low) / (high - low) - 1.0), LeakKind::WholeSeriesScaling),
            ("rank", map(&y, rank), LeakKind::WholeSeriesRank),
            ("centred", map(&y, |v| v - mean(&sorted)), LeakKind::WholeSeriesCentring),
        ];
        let columns: Vec<(String, Vec<f64>)> = scaled.iter().map(|(n, x, _)| ((*n).to_owned(), x.clone())).collect();
        for ((name, _, kind), verdict) in scaled.iter().zip(check(&bars, &columns)) {
            // Momentum of a real market has ties, which ranks share.
            assert!(verdict.findings.first().is_some_and(|f| f.kind == *kind), "{market} {name}: {}", verdict.sentence);
        }
        // Scaled by the first 70 %, as it should be.
        let train = &d(&x)[..bars.len() * 7 / 10];
        let (m, s) = (mean(train), deviation(train));
        let honest = vec![("train".to_owned(), map(&x, |v| (v - m) / s))];
        assert_eq!(check(&bars, &honest)[0].verdict, Verdict::Clean);
    }
}

#[test]
fn a_scaled_and_shifted_column_is_both() {
    let bars = walk(Walk::Plain, 1500, 2);
    let x = moved(&rsi(&bars), 1);
    let (m, s) = (mean(&defined(&x)), deviation(&x));
    let verdict = &check(&bars, &[("x".to_owned(), map(&x, |v| (v - m) / s))])[0];
    let kinds: Vec<LeakKind> = verdict.findings.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [LeakKind::WholeSeriesScaling, LeakKind::Shifted { by: -1 }]);
}

#[test]
fn short_constant_and_misaligned_columns_are_sentences() {
    let bars = walk(Walk::Plain, 400, 1);
    let short = check_columns(&bars, &[("x", &[1.0, 2.0])], &LeakOptions::default()).unwrap_err();
    assert_eq!(short.to_string(), "column x has 2 values for 400 bars; align it with the bars first");
    let mut few = vec![f64::NAN; 400];
    few[7] = 1.0;
    let verdicts = check(&bars, &[("few".to_owned(), few), ("flat".to_owned(), vec![3.0; 400])]);
    assert_eq!(verdicts[0].verdict, Verdict::Untested);
    assert_eq!(verdicts[0].sentence, "few has 1 values on 400 bars; 300 are needed to test it");
    assert_eq!(verdicts[1].verdict, Verdict::Clean);
    assert!(verdicts[1].sentence.starts_with("flat is constant"), "{}", verdicts[1].sentence);
    // Closes alone, without a range or a volume.
    let plain: Vec<Bar> =
        bars.iter().map(|b| Bar { open: b.close, high: b.close, low: b.close, volume: 0.0, ..*b }).collect();
    let verdict = &check(&plain, &[("next".to_owned(), moved(&closes(&plain), 1))])[0];
    assert_eq!(verdict.findings[0].kind, LeakKind::Shifted { by: -1 });
    let json = serde_json::to_value(verdict).unwrap();
    assert_eq!(json["verdict"], "leaks");
    assert_eq!(json["findings"][0]["kind"], "shifted");
    assert_eq!(json["findings"][0]["by"], -1);
}
