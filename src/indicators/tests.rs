use std::collections::BTreeSet;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::instance::in_mode;
use super::*;
use crate::market::{Bar, Extra, Flow, Series};

/// A random walk of the log price with random ranges and volumes.
pub(super) fn random_bars(n: usize, seed: u64) -> Vec<Bar> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut price = 100.0;
    (0..n)
        .map(|i| {
            let open = price;
            price *= (0.02 * (rng.random::<f64>() - 0.5)).exp();
            let high = f64::max(open, price) * (1.0 + 0.01 * rng.random::<f64>());
            let low = f64::min(open, price) * (1.0 - 0.01 * rng.random::<f64>());
            let volume = 1.0 + 1000.0 * rng.random::<f64>();
            Bar { timestamp: i as i64 * 60_000, open, high, low, close: price, volume }
        })
        .collect()
}

/// The bars with taker volumes and trade counts that follow from each bar alone.
pub(super) fn series(bars: Vec<Bar>) -> Series {
    let share = |b: &Bar| (b.timestamp / 60_000 * 37 % 101) as f64 / 100.0;
    let quote = |b: &Bar| b.volume * f64::midpoint(b.high, b.low);
    let columns = [
        (Extra::QuoteVolume, bars.iter().map(quote).collect()),
        (Extra::TakerBuyQuoteVolume, bars.iter().map(|b| share(b) * quote(b)).collect()),
        (Extra::TakerBuyVolume, bars.iter().map(|b| share(b) * b.volume).collect()),
        (Extra::Trades, bars.iter().map(|b| 1.0 + (b.timestamp / 60_000 * 53 % 211) as f64).collect::<Vec<f64>>()),
    ];
    let series = Series::new("TEST", "1m".parse().unwrap(), bars).unwrap();
    columns.into_iter().fold(series, |series, (extra, values)| series.with_extra(extra, values).unwrap())
}

/// The catalogue of a mode and, per parameter, instances with its smallest value and with a larger one.
fn instances_of(mode: Mode) -> Vec<Instance> {
    let mut instances = catalogue(mode);
    for definition in definitions().iter().filter_map(|definition| in_mode(definition, mode)) {
        let defaults: Vec<f64> = definition.params.iter().map(|p| p.default).collect();
        for (i, p) in definition.params.iter().enumerate() {
            for value in [p.min, if p.whole { p.default + 3.0 } else { f64::midpoint(p.default, p.max) }] {
                let mut values = defaults.clone();
                values[i] = value;
                instances.push(Instance::of(definition, values, mode));
            }
        }
    }
    instances
}

fn many_instances() -> Vec<Instance> {
    instances_of(Mode::Standard)
}

fn instances_of_both_modes() -> Vec<Instance> {
    [instances_of(Mode::Standard), instances_of(Mode::Compat)].concat()
}

#[test]
fn no_line_of_any_indicator_looks_ahead() {
    let instances = instances_of_both_modes();
    for seed in 0..3 {
        let whole = series(random_bars(420, seed));
        let full = compute(&instances, &whole);
        let mut rng = ChaCha8Rng::seed_from_u64(seed + 100);
        for _ in 0..20 {
            let cut = rng.random_range(1..420);
            let part = compute(&instances, &whole.truncated(cut));
            for (line, all) in part.columns.iter().zip(&full.columns) {
                for i in 0..cut {
                    let (a, b) = (line.values[i], all.values[i]);
                    assert_eq!(a.to_bits(), b.to_bits(), "{} at {i} of {cut}: {a} {b}", line.name);
                }
            }
        }
    }
}

#[test]
fn lines_begin_exactly_where_declared() {
    let instances = instances_of_both_modes();
    for seed in 0..3 {
        let lines = compute(&instances, &series(random_bars(420, seed)));
        let firsts = instances.iter().flat_map(|i| (0..i.definition().lines.len()).map(|line| i.first_index(line)));
        for (line, first) in lines.columns.iter().zip(firsts) {
            let missing = line.values.iter().take_while(|v| v.is_nan()).count();
            assert_eq!(missing, first, "{}", line.name);
            assert!(line.values[first..].iter().all(|v| v.is_finite()), "{} has gaps", line.name);
        }
    }
}

#[test]
fn the_stream_gives_the_same_bits_as_the_loop() {
    let series = series(random_bars(200, 7));
    let lines = compute(&default_catalogue(), &series);
    let mut column = lines.columns.iter();
    for instance in default_catalogue() {
        let mut stream = instance.start();
        let mut row = vec![0.0; instance.definition().lines.len()];
        let mut rows = Vec::new();
        for (bar, flow) in series.bars().iter().zip(&series.flows()) {
            stream.next(bar, flow, &mut row);
            rows.push(row.clone());
        }
        for k in 0..row.len() {
            let line = column.next().unwrap();
            assert!(rows.iter().zip(&line.values).all(|(row, v)| row[k].to_bits() == v.to_bits()), "{}", line.name);
        }
    }
}

#[test]
fn a_stored_state_goes_on_to_the_same_bits() {
    let whole_series = series(random_bars(260, 9));
    let (bars, flows) = (whole_series.bars(), whole_series.flows());
    let instances = instances_of_both_modes();
    let whole = compute(&instances, &whole_series);
    for cut in [1, 13, 64, 150] {
        let mut before = Runner::new(&instances);
        before.run(&bars[..cut], &flows[..cut]);
        let mut after = Runner::new(&instances);
        assert!(after.restore(&before.states()));
        let rest = after.run(&bars[cut..], &flows[cut..]);
        for (line, all) in rest.columns.iter().zip(&whole.columns) {
            let same = line.values.iter().zip(&all.values[cut..]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{} after {cut}", line.name);
        }
    }
    assert!(instances[0].start().restore(&[1]).is_err());
}

#[test]
fn a_missing_bar_gives_missing_lines_and_is_forgotten() {
    let bars = random_bars(300, 10);
    for instance in instances_of_both_modes() {
        let width = instance.definition().lines.len();
        let (mut plain, mut holed) = (instance.start(), instance.start());
        let (mut wanted, mut found) = (vec![0.0; width], vec![0.0; width]);
        for (i, bar) in bars.iter().enumerate() {
            if i % 97 == 50 {
                holed.next(&Bar { close: f64::NAN, ..*bar }, &Flow::MISSING, &mut found);
                assert!(found.iter().all(|v| v.is_nan()), "{}", instance.id());
                holed.next(&Bar { high: f64::INFINITY, ..*bar }, &Flow::MISSING, &mut found);
            }
            plain.next(bar, &Flow::MISSING, &mut wanted);
            holed.next(bar, &Flow::MISSING, &mut found);
            assert!(wanted.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits()), "{} at {i}", instance.id());
        }
    }
}

#[test]
fn lines_scale_as_their_units_say() {
    let scaled = |bars: &[Bar], price: f64, volume: f64| {
        let scale = |b: &Bar| Bar {
            open: b.open * price,
            high: b.high * price,
            low: b.low * price,
            close: b.close * price,
            volume: b.volume * volume,
            ..*b
        };
        series(bars.iter().map(scale).collect())
    };
    let bars = random_bars(400, 11);
    let plain = compute(&many_instances(), &scaled(&bars, 1.0, 1.0));
    for (a, b) in [(8.0_f64, 1.0_f64), (1.0, 4.0), (8.0, 4.0)] {
        let lines = compute(&many_instances(), &scaled(&bars, a, b));
        for (line, base) in lines.columns.iter().zip(&plain.columns) {
            let factor = a.powi(line.unit.price.into()) * b.powi(line.unit.volume.into());
            for (i, (x, y)) in line.values.iter().zip(&base.values).enumerate() {
                let same = x.is_nan() && y.is_nan() || (x - factor * y).abs() <= 1e-9 * (factor * y).abs();
                assert!(same, "{} at {i}: {x} for {factor} * {y}", line.name);
            }
        }
    }
}

fn bars_of(n: usize, price: impl Fn(usize) -> f64, range: f64, volume: f64) -> Vec<Bar> {
    (0..n)
        .map(|i| {
            let close = price(i);
            let (high, low) = (close * (1.0 + range), close * (1.0 - range));
            Bar { timestamp: i as i64 * 60_000, open: close, high, low, close, volume }
        })
        .collect()
}

/// Series that break formulas: name and bars.
pub(super) fn hard_series() -> Vec<(&'static str, Vec<Bar>)> {
    let storm = |scale: f64| {
        let shrink = |b: Bar| Bar {
            open: b.open * scale,
            high: b.high * scale,
            low: b.low * scale,
            close: b.close * scale,
            ..b
        };
        random_bars(300, 5).into_iter().map(shrink).collect::<Vec<_>>()
    };
    let mut calm_after_storm = random_bars(150, 3);
    let last = calm_after_storm[149].close;
    let calm = bars_of(300, |_| last, 0.0, 0.0);
    calm_after_storm.extend_from_slice(&calm[150..]);
    vec![
        ("flat", bars_of(300, |_| 123.4, 0.0, 5.0)),
        ("flat with range", bars_of(300, |_| 123.4, 0.01, 5.0)),
        ("rising", bars_of(300, |i| 100.0 + i as f64, 0.0, 5.0)),
        ("falling", bars_of(300, |i| 1000.0 - i as f64, 0.0, 5.0)),
        ("growing", bars_of(300, |i| 1.01_f64.powi(i as i32), 0.0, 5.0)),
        ("no volume", random_bars(300, 4).into_iter().map(|b| Bar { volume: 0.0, ..b }).collect()),
        ("calm after storm", calm_after_storm),
        ("tiny", storm(1e-10)),
        ("huge", storm(1e7)),
        ("beyond all bounds", storm(1e304)),
        ("next to nothing", storm(1e-305)),
        ("one bar", random_bars(1, 0)),
        ("no bars", Vec::new()),
    ]
}

#[test]
fn hard_series_give_values_or_gaps_within_bounds() {
    for (name, bars) in hard_series() {
        let ordinary = !matches!(name, "beyond all bounds" | "next to nothing" | "one bar" | "no bars");
        let n = bars.len();
        for line in compute(&instances_of(Mode::Compat), &series(bars.clone())).columns {
            assert!(line.values.iter().all(|v| !v.is_infinite()), "{name}: compat {}", line.name);
        }
        let lines = compute(&many_instances(), &series(bars));
        for line in &lines.columns {
            assert_eq!(line.values.len(), n);
            for v in line.values.iter().filter(|v| !v.is_nan()) {
                assert!(v.is_finite(), "{name}: {} is {v}", line.name);
                let fits = match line.unit.kind {
                    Kind::Bounded { lo, hi } => (lo..=hi).contains(v),
                    Kind::Flag => [-1.0, 0.0, 1.0].contains(v),
                    _ => true,
                };
                assert!(fits, "{name}: {} is {v}", line.name);
            }
        }
        if ordinary {
            let rsi = lines.get("rsi_14.rsi").unwrap();
            assert!(rsi.values[14..].iter().all(|v| !v.is_nan()), "{name}: rsi has gaps");
        }
    }
}

#[test]
fn degenerate_markets_read_as_declared() {
    let at_end = |name: &str, bars: Vec<Bar>| {
        let lines = compute(&default_catalogue(), &series(bars));
        lines.get(name).unwrap().values.last().copied().unwrap()
    };
    let flat = || bars_of(300, |_| 123.4, 0.0, 5.0);
    let rising = || bars_of(300, |i| 100.0 + i as f64, 0.0, 5.0);
    let falling = || bars_of(300, |i| 1000.0 - i as f64, 0.0, 5.0);
    assert_eq!(at_end("rsi_14.rsi", flat()), 50.0);
    assert_eq!(at_end("rsi_14.rsi", rising()), 100.0);
    assert_eq!(at_end("rsi_14.rsi", falling()), 0.0);
    assert_eq!(at_end("rsx.rsx", flat()), 50.0);
    assert_eq!(at_end("rsx.rsx", rising()), 100.0);
    assert_eq!(at_end("macd.macd", flat()), 0.0);
    assert_eq!(at_end("bollinger.std", flat()), 0.0);
    assert_eq!(at_end("kama.er", flat()), 0.0);
    assert_eq!(at_end("kama.er", falling()), 1.0);
    assert_eq!(at_end("adx.adx", rising()), 100.0);
    assert_eq!(at_end("adx.adx", bars_of(300, |_| 123.4, 0.01, 5.0)), 0.0);
    assert_eq!(at_end("obv.obv", flat()), 5.0);
    assert_eq!(at_end("obv.obv", falling()), 5.0 - 299.0 * 5.0);
    assert_eq!(at_end("supertrend.direction", rising()), 1.0);
    assert_eq!(at_end("supertrend.direction", falling()), -1.0);
    for missing in ["hurst_exponent.hurst", "damiani_volatmeter.v", "wavetrend.WT1", "bollinger.pctb", "adx.adx"] {
        assert!(at_end(missing, flat()).is_nan(), "{missing}");
    }
    assert!(at_end("hurst_exponent.hurst", bars_of(300, |i| 1.01_f64.powi(i as i32), 0.0, 5.0)).is_nan());
}

/// The definition, straight from the window.
fn hurst_by_definition(closes: &[f64]) -> f64 {
    let n = closes.len();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for lag in 2..n / 2 {
        let changes: Vec<f64> = (lag..n).map(|t| (closes[t] / closes[t - lag]).ln()).collect();
        x.push((lag as f64).ln());
        y.push(crate::stats::std_population(&changes).ln());
    }
    let (mx, my) = (crate::stats::mean(&x), crate::stats::mean(&y));
    let covariance: f64 = x.iter().zip(&y).map(|(a, b)| (a - mx) * (b - my)).sum();
    covariance / x.iter().map(|a| (a - mx) * (a - mx)).sum::<f64>()
}

#[test]
fn the_running_hurst_exponent_equals_its_definition() {
    let mut bars = random_bars(3000, 21);
    // A market that falls asleep: sums that kept the old rounding would show here.
    for b in &mut bars[1500..] {
        let quiet = |price: f64| 100.0 + 1e-6 * price;
        *b = Bar { open: quiet(b.open), high: quiet(b.high), low: quiet(b.low), close: quiet(b.close), ..*b };
    }
    let closes: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let found = compute(&[parse_instance("hurst_exponent").unwrap()], &series(bars));
    for i in [99, 100, 150, 1499, 1550, 1599, 1600, 2999] {
        let wanted = hurst_by_definition(&closes[i - 99..=i]);
        let value = found.columns[0].values[i];
        assert!((value - wanted).abs() < 1e-6, "{i}: {value} for {wanted}");
    }
}

#[test]
fn names_are_unique_and_complete() {
    let ids: BTreeSet<String> = many_instances().iter().map(|i| i.id().to_owned()).collect();
    let specs: BTreeSet<String> = many_instances().iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), specs.len());
    let catalogue = default_catalogue();
    let names: Vec<String> = catalogue.iter().flat_map(Instance::line_names).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for definition in definitions() {
        assert!(!definition.formula.is_empty() && !definition.source.is_empty() && !definition.title.is_empty());
        for line in definition.lines {
            assert!(!line.meaning.is_empty() && !line.name.contains(['.', ' ']), "{}.{}", definition.id, line.name);
        }
        for p in definition.params {
            assert!((p.min..=p.max).contains(&p.default), "{}({})", definition.id, p.name);
        }
        assert_eq!(definition.also.iter().filter(|v| v.len() != definition.params.len()).count(), 0);
    }
}

#[test]
fn instances_are_read_and_refused() {
    let id = |text: &str| parse_instance(text).unwrap().id().to_owned();
    assert_eq!(id("rsi"), "rsi_14");
    assert_eq!(id("rsi_21"), "rsi_21");
    assert_eq!(id(" rsi( period = 9 ) "), "rsi_9");
    assert_eq!(id("schaff_trend_cycle()"), "schaff_trend_cycle");
    assert_eq!(id("bollinger(width=2.5)"), "bollinger_20_2p5");
    assert_eq!(id("damiani_volatmeter(lag=-0)"), "damiani_volatmeter_13_20_40_100_1p4_0");
    for instance in many_instances() {
        assert_eq!(id(&instance.to_string()), instance.id());
    }
    let refusal = |text: &str| parse_instance(text).unwrap_err().to_string();
    assert!(refusal("rsy").starts_with("there is no indicator `rsy`; known are cyber_cycle, "));
    assert_eq!(refusal("rsi(length=9)"), "rsi has no parameter `length`; it has period");
    assert_eq!(refusal("rsi(period=0)"), "rsi: period is `0` but must be a whole number from 1 to 10000");
    assert_eq!(refusal("rsi(period=2.5)"), "rsi: period is `2.5` but must be a whole number from 1 to 10000");
    assert!(refusal("rsi(period=NaN)").contains("`NaN`"));
    assert_eq!(refusal("rsi(period=9,period=8)"), "rsi: period is given twice; keep one");
    assert_eq!(refusal("obv(x=1)"), "obv has no parameter `x`; it has none");
    assert!(matches!(parse_instance("rsi(period=9"), Err(IndicatorError::Syntax { .. })));
    assert!(matches!(parse_instance("rsi(9)"), Err(IndicatorError::Syntax { .. })));
}

#[test]
fn the_key_names_version_and_parameters() {
    let pair = [parse_instance("rsi").unwrap(), parse_instance("kama(period=10)").unwrap()];
    let version = CATALOGUE_VERSION;
    assert_eq!(catalogue_key(&pair), format!("v{version};rsi(period=14);kama(period=10,fast=2,slow=30)"));
}
