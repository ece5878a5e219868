use super::*;
use crate::market::Calendar;

const BARS: usize = 20_000;

fn all() -> Vec<Market> {
    Market::KINDS.iter().map(|kind| market(kind)).collect()
}

fn market(kind: &str) -> Market {
    Market::named(kind, &MarketOptions::default()).unwrap()
}

fn column<'a>(planted: &'a Planted, name: &str) -> &'a [f64] {
    &planted.truth.iter().find(|(n, _)| *n == name).unwrap().1
}

fn steps(bars: &[Bar]) -> Vec<f64> {
    bars.iter().map(|b| (b.close / b.open).ln()).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn std(x: &[f64]) -> f64 {
    let m = mean(x);
    (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

/// Log returns over the `horizon` bars after each bar that has them.
fn ahead(bars: &[Bar], horizon: usize) -> Vec<f64> {
    bars.windows(horizon + 1).map(|w| (w[horizon].close / w[0].close).ln()).collect()
}

/// Share of pairs of a hit and a miss that the scores order rightly, ties counting half.
fn auc(scores: &[f64], hits: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut right, mut misses) = (0.0, 0.0);
    for run in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let hit = run.iter().filter(|&&i| hits[i]).count() as f64;
        let miss = run.len() as f64 - hit;
        right += hit * (misses + 0.5 * miss);
        misses += miss;
    }
    right / (misses * (hits.len() as f64 - misses))
}

/// AUC of the best forecast for a return above `threshold` within `horizon` bars.
fn optimum(market: &Market, bars: &[Bar], horizon: usize, threshold: f64) -> f64 {
    let scores = market.chance_above(bars, horizon, &vec![threshold; bars.len()]);
    let hits: Vec<bool> = ahead(bars, horizon).iter().map(|r| *r > threshold).collect();
    auc(&scores[..hits.len()], &hits)
}

/// Largest gap, in standard errors, between forecast and frequency over ten equal parts ordered by forecast.
fn miscalibration(chances: &[f64], hits: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let gap = |part: &[usize]| {
        let n = part.len() as f64;
        let p = part.iter().map(|&i| chances[i]).sum::<f64>() / n;
        let share = part.iter().filter(|&&i| hits[i]).count() as f64 / n;
        (share - p).abs() / (p * (1.0 - p) / n).sqrt()
    };
    order.chunks(hits.len().div_ceil(10)).map(gap).fold(0.0, f64::max)
}

#[test]
fn fewer_bars_are_a_prefix_and_seeds_differ() {
    for market in all() {
        let long = synth(&market, 900, 5).unwrap();
        for n in [1, 30, 899] {
            let short = synth(&market, n, 5).unwrap();
            assert_eq!(short.series.fingerprint(), long.series.truncated(n).fingerprint());
            for ((name, few), (_, many)) in short.truth.iter().zip(&long.truth) {
                let bits = |x: &[f64]| x[..n].iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(few), bits(many), "{name}");
            }
        }
        let other = synth(&market, 900, 6).unwrap();
        assert_ne!(other.series.bars()[0], long.series.bars()[0]);
    }
}

#[test]
fn the_best_forecast_at_a_bar_knows_no_later_bar() {
    for market in all() {
        let bars = synth(&market, 600, 9).unwrap().series.bars().to_vec();
        for horizon in [1, 6, 20] {
            let thresholds: Vec<f64> = (0..600).map(|t| f64::from(t % 7) * 0.001).collect();
            let full = market.chance_above(&bars, horizon, &thresholds);
            for cut in [1, 50, 333, 599] {
                let mut changed = bars[..cut].to_vec();
                changed.extend(bars[cut..].iter().rev());
                for known in [&bars[..cut], &changed] {
                    let part = market.chance_above(known, horizon, &thresholds[..known.len()]);
                    assert!((0..cut).all(|t| part[t].to_bits() == full[t].to_bits()), "{market:?}, cut {cut}");
                }
            }
            assert!(full.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
    assert!(
        Market::Noise.chance_above(&synth(&Market::Noise, 1, 0).unwrap().series.bars()[..1], 1, &[f64::NAN])[0]
            .is_nan()
    );
}

#[test]
fn bars_look_like_a_market() {
    for market in all() {
        let planted = synth(&market, BARS, 1).unwrap();
        let bars = planted.series.bars();
        assert_eq!(planted.series.calendar(), Calendar::Continuous);
        assert!(bars.windows(2).all(|w| w[1].open == w[0].close));
        let steps = steps(bars);
        let wide = bars.iter().zip(&steps).map(|(b, r)| (b.high / b.low).ln() / r.abs().max(1e-4));
        assert!(wide.into_iter().all(|x| x >= 0.999));
        let range = mean(&bars.iter().map(|b| (b.high / b.low).ln()).collect::<Vec<_>>()) / std(&steps);
        assert!((1.2..2.2).contains(&range), "{market:?}: ranges of {range} deviations");
        // Both ends are reached: no market is all wick or all body.
        assert!(bars.iter().filter(|b| b.high > b.open.max(b.close)).count() > BARS / 2);
        let logs: Vec<f64> = bars.iter().map(|b| b.volume.ln()).collect();
        let (m, s) = (mean(&logs), std(&logs));
        let persistence = mean(&logs.windows(2).map(|w| (w[0] - m) * (w[1] - m) / (s * s)).collect::<Vec<_>>());
        assert!(matches!(market, Market::Lag { .. }) || persistence > 0.4, "{market:?}: {persistence}");
    }
}

#[test]
fn an_event_pushes_its_own_way_at_the_stated_lag_only() {
    for (lag, strength) in [(0, 1.0), (7, 1.5), (23, 0.5)] {
        let market = Market::Lag { lag, strength };
        let planted = synth(&market, BARS, 3).unwrap();
        let (steps, events) = (steps(planted.series.bars()), column(&planted, "truth_trigger"));
        let rate = events.iter().filter(|e| **e != 0.0).count() as f64 / BARS as f64;
        assert!((rate - lag::RATE).abs() < 0.012, "{rate}");
        for other in 0..30 {
            let after: Vec<f64> =
                (0..BARS - other - 1).filter(|&e| events[e] != 0.0).map(|e| events[e] * steps[e + other + 1]).collect();
            let effect = mean(&after) / SIGMA;
            // Pushed bars that are events themselves carry a trace of it on to twice the lag, and so on.
            let due = if other == lag { strength } else { 0.0 };
            let trace = if (other + 1) % (lag + 1) == 0 && other != lag { 0.4 } else { 0.0 };
            assert!((effect - due).abs() < 0.1 + trace, "lag {lag}: {effect} after {other}");
        }
        let driven = column(&planted, "truth_lag");
        for t in lag..BARS {
            let due = if events[t - lag] != 0.0 { lag as f64 } else { f64::NAN };
            assert!(driven[t].to_bits() == due.to_bits() || driven[t] == due, "bar {t}");
        }
        // Every event stands out in the bars.
        let volume = |hit: bool| {
            let of = planted.series.bars().iter().zip(events).filter(move |(_, e)| (**e != 0.0) == hit);
            of.map(|(b, _)| b.volume)
        };
        assert!(volume(true).fold(f64::MAX, f64::min) > volume(false).fold(0.0, f64::max));
    }
}

#[test]
fn a_divergence_turns_the_market() {
    let planted = synth(&market("divergence"), BARS, 4).unwrap();
    let (bars, triggers) = (planted.series.bars(), column(&planted, "truth_trigger"));
    let lag = column(&planted, "truth_lag");
    for way in [1.0, -1.0] {
        let hits: Vec<usize> = (0..BARS - 10).filter(|&t| triggers[t] == way).collect();
        assert!(hits.len() > BARS / 200, "{} triggers", hits.len());
        for &t in &hits {
            assert_eq!(lag[t], 0.0);
            let past = &bars[t - 30..t];
            assert!(past.iter().all(|b| way * b.close > way * bars[t].close), "no extreme at {t}");
        }
        let moves: Vec<f64> = hits.iter().map(|&t| way * (bars[t + 1].close / bars[t].close).ln() / SIGMA).collect();
        assert!((mean(&moves) - 1.0).abs() < 0.25, "{}", mean(&moves));
    }
    let (steps, driven): (Vec<f64>, Vec<bool>) =
        (0..BARS - 1).map(|t| ((bars[t + 1].close / bars[t].close).ln() / SIGMA, lag[t].is_nan())).unzip();
    let idle: Vec<f64> = steps.into_iter().zip(driven).filter(|(_, idle)| *idle).map(|(r, _)| r).collect();
    assert!(mean(&idle).abs() < 0.03 && (std(&idle) - 1.0).abs() < 0.02);
    assert!(idle.len() < BARS * 19 / 20, "{} of {BARS} bars driven", BARS - idle.len());
}

#[test]
fn regimes_dwell_drift_and_swing_as_declared() {
    for (states, dwell) in [(3, 50.0), (2, 20.0), (4, 8.0)] {
        let market = Market::Regimes { states, dwell, strength: 0.3 };
        let planted = synth(&market, 3 * BARS, 8).unwrap();
        let (steps, truth) = (steps(planted.series.bars()), column(&planted, "truth_regime"));
        let runs: Vec<&[f64]> = truth.chunk_by(|a, b| a == b).collect();
        let mean_run = truth.len() as f64 / runs.len() as f64;
        let error = dwell / (runs.len() as f64).sqrt();
        assert!((mean_run - dwell).abs() < 4.0 * error, "dwell {mean_run} instead of {dwell}");
        let declared = regimes::States::new(states, dwell, 0.3);
        for k in 0..states {
            let mine: Vec<f64> = steps.iter().zip(truth).filter(|(_, s)| **s == k as f64).map(|(r, _)| *r).collect();
            let share = mine.len() as f64 / truth.len() as f64 * states as f64;
            assert!((share - 1.0).abs() < 0.35, "state {k} has {share} of its share");
            let n = (mine.len() as f64).sqrt();
            let (m, s) = (declared.mean(k), declared.std(k));
            assert!((mean(&mine) - m).abs() < 4.0 * s / n, "drift of state {k}");
            assert!((std(&mine) / s - 1.0).abs() < 3.0 / n, "volatility of state {k}");
        }
        assert!(declared.std(states - 1) > 2.5 * declared.std(0) && declared.mean(0) == -declared.mean(states - 1));
    }
}

#[test]
fn tossed_probabilities_are_kept() {
    let market = market("probability");
    let planted = synth(&market, BARS, 2).unwrap();
    let (bars, p) = (planted.series.bars(), column(&planted, "truth_probability"));
    let rises: Vec<bool> = ahead(bars, 1).iter().map(|r| *r > 0.0).collect();
    assert!(miscalibration(&p[..BARS - 1], &rises) < 3.5);
    assert!(miscalibration(&vec![0.3; BARS - 1], &rises) > 10.0, "the measure sees a wrong probability");
    let spread = p.iter().filter(|p| !(0.35..=0.65).contains(*p)).count();
    assert!(spread > BARS / 4, "only {spread} bars say anything");
    // The outcome is an entry under every usual threshold: no bar moves by less than 1.2 %.
    assert!(ahead(bars, 1).iter().all(|r| r.abs() >= 0.012 - 1e-12));
    assert_eq!(market.chance_of_rise(bars), p);
}

#[test]
fn the_best_forecast_is_calibrated() {
    for market in all() {
        let bars = synth(&market, BARS, 12).unwrap().series.bars().to_vec();
        // Approximate beyond one bar where `chance_above` says so: several bars overlap, hence the wider bound.
        for (horizon, threshold, bound) in
            [(1, 0.0, 3.5), (1, 0.006, 3.5), (1, -0.013, 3.5), (6, 0.01, 8.0), (12, 0.01, 12.0)]
        {
            let hits: Vec<bool> = ahead(&bars, horizon).iter().map(|r| *r > threshold).collect();
            let chances = market.chance_above(&bars, horizon, &vec![threshold; BARS]);
            let gap = miscalibration(&chances[..hits.len()], &hits);
            assert!(gap < bound, "{market:?} over {horizon} bars above {threshold}: {gap} standard errors");
        }
    }
}

#[test]
fn there_is_something_to_know_where_it_was_planted_and_nowhere_else() {
    for (kind, least) in [("lag", 0.66), ("divergence", 0.55), ("regimes", 0.55), ("probability", 0.7)] {
        let market = market(kind);
        let bars = synth(&market, BARS, 21).unwrap().series.bars().to_vec();
        for horizon in [1, 6] {
            let auc = optimum(&market, &bars, horizon, 0.0);
            assert!(auc > if horizon == 1 { least } else { 0.54 }, "{kind} over {horizon} bars: {auc}");
        }
        // The planted filter finds nothing in a market where nothing is planted.
        let noise = synth(&Market::Noise, BARS, 21).unwrap().series.bars().to_vec();
        let auc = optimum(&market, &noise, 1, 0.0);
        assert!((auc - 0.5).abs() < 0.015, "{kind} on noise: {auc}");
    }
    let noise = synth(&Market::Noise, BARS, 30).unwrap().series.bars().to_vec();
    assert_eq!(optimum(&Market::Noise, &noise, 6, 0.0), 0.5);
    let steps = steps(&noise);
    for lag in 1..30 {
        let r = mean(&steps.windows(lag + 1).map(|w| w[0] * w[lag] / (SIGMA * SIGMA)).collect::<Vec<_>>());
        let size =
            mean(&steps.windows(lag + 1).map(|w| w[0].abs() * w[lag].abs() / (SIGMA * SIGMA)).collect::<Vec<_>>());
        assert!(r.abs() < 0.03 && (size - std::f64::consts::FRAC_2_PI).abs() < 0.03, "lag {lag}: {r}, {size}");
    }
}

#[test]
fn without_strength_every_market_is_noise_to_the_direction() {
    for kind in ["lag", "divergence", "probability"] {
        let flat = Market::named(kind, &MarketOptions { strength: Some(0.0), ..Default::default() }).unwrap();
        let bars = synth(&flat, BARS, 40).unwrap().series.bars().to_vec();
        assert_eq!(optimum(&flat, &bars, 1, 0.0), 0.5, "{kind}");
        assert!((optimum(&market(kind), &bars, 1, 0.0) - 0.5).abs() < 0.015, "{kind}");
    }
}

#[test]
fn long_markets_stay_in_range() {
    for market in all() {
        let planted = synth(&market, 10 * BARS, 77).unwrap();
        let closes = planted.series.closes();
        assert!(closes.iter().all(|c| (1e-12..1e16).contains(c)), "{market:?}");
    }
}

#[test]
fn wrong_wishes_are_sentences() {
    let options = MarketOptions::default();
    let said = |kind: &str, options: &MarketOptions| Market::named(kind, options).unwrap_err().to_string();
    assert_eq!(
        said("trend", &options),
        "there is no planted market \"trend\"; choose lag, divergence, regimes, probability or noise"
    );
    assert_eq!(
        said("noise", &MarketOptions { lag: Some(3), ..options }),
        "lag means nothing in a noise market; leave it out"
    );
    assert_eq!(
        said("regimes", &MarketOptions { states: Some(1), ..options }),
        "states is 1, but must lie between 2 and 8"
    );
    assert!(said("lag", &MarketOptions { strength: Some(f64::NAN), ..options }).starts_with("strength is NaN"));
    assert!(matches!(synth(&Market::Noise, 0, 1), Err(SynthError::Range { parameter: "bars", .. })));
    let json = serde_json::to_string(&market("lag")).unwrap();
    assert_eq!(json, r#"{"kind":"lag","lag":7,"strength":1.5}"#);
    assert_eq!(serde_json::from_str::<Market>(&json).unwrap(), market("lag"));
}
