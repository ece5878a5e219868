use proptest::prelude::*;

use super::*;
use crate::indicators::tests::hard_series;
use crate::indicators::{Kind, Runner};
use crate::market::{Bar, Flow};

/// Values of every unit, growing in depth. What does not fit together is refused by the checker, which is as good.
fn any_value(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "open",
            "high",
            "low",
            "close",
            "volume",
            "hl2",
            "hlc3",
            "ohlc4",
            "trades",
            "taker_buy_volume",
            "quote_volume",
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            "a[1]",
            "b[2]",
            "c[1]",
            "nz(a[1], 0)",
            "nz(b[3], close)",
            "p",
            "q",
            "0",
            "1",
            "2.5",
            "na"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec!["rsi(period=p).rsi", "macd.hist", "obv.obv", "supertrend.direction", "adx.adx"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(depth, 24, 3, |inner| {
        let binary = prop::sample::select(vec!["+", "-", "*", "/", "<", ">=", "==", "!=", "and", "or"]);
        let unary = prop::sample::select(vec![
            "-",
            "not ",
            "abs",
            "sign",
            "sqrt",
            "ln",
            "exp",
            "bare",
            "cum",
            "barssince",
            "floor",
        ]);
        let window = prop::sample::select(vec![
            "sma",
            "ema",
            "wilder",
            "wma",
            "sum",
            "stdev",
            "highest",
            "lowest",
            "highest_age",
            "lowest_age",
            "median",
            "percentrank",
            "linreg_slope",
            "change",
            "roc",
            "lag",
        ]);
        let pair = prop::sample::select(vec!["cross", "crossover", "crossunder", "min", "max", "nz", "valuewhen"]);
        let three = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            4 => (inner.clone(), binary, inner.clone()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            2 => (unary, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            3 => (window, inner.clone(), 2..9_usize).prop_map(|(f, a, n)| format!("{f}({a}, {n})")),
            2 => (pair, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            1 => three.clone().prop_map(|(a, b, c)| format!("(if {a} > {b} then {b} else {c})")),
            1 => three.prop_map(|(a, b, c)| format!("clamp({a}, {b}, {c})")),
            1 => (inner, 0..4_usize).prop_map(|(a, n)| format!("({a})[{n}]")),
        ]
    })
    .boxed()
}

/// A formula of a few lines, all units sound or not.
fn any_formula() -> impl Strategy<Value = String> {
    prop::collection::vec(any_value(4), 3).prop_map(|values| {
        let [a, b, c] = &values[..] else { return String::new() };
        format!("param p = 5 from 2 to 9\nparam q = 0.5 from 0.1 to 2\na = {a}\nb = {b}\noutput c = {c}\n")
    })
}

fn any_bars() -> impl Strategy<Value = Vec<Bar>> {
    (20..120_usize, 0..1000_u64).prop_map(|(n, seed)| random_bars(n, seed))
}

fn accepted(text: &str) -> Option<Instance> {
    Formula::read("mine", text.as_bytes(), &Library::default())
        .ok()
        .map(|formula| Instance::of_formula(Arc::new(formula)))
}

/// A formula the checker accepts: single values are, far more often than whole files.
fn sound_formula() -> impl Strategy<Value = String> {
    sound_values(3, 24)
}

fn sound_values(depth: u32, count: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any_value(depth), count).prop_map(|values| {
        let mut text = String::from(
            "param p = 5 from 2 to 9\nparam q = 0.5 from 0.1 to 2\na = close / open\nb = hl2\nc = volume\n",
        );
        for (i, value) in values.iter().enumerate() {
            let longer = format!("{text}x{i} = {value}\n");
            if accepted(&longer).is_some() {
                text = longer;
            }
        }
        text
    })
}

#[test]
fn random_formulas_are_not_all_refused() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let lines: usize = (0..20)
        .map(|_| {
            accepted(&sound_formula().new_tree(&mut runner).unwrap().current()).unwrap().definition().lines.len() - 3
        })
        .sum();
    assert!(lines > 100, "{lines} lines of 480");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        Formula::read("mine", &bytes, &Library::default()).ok();
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "=", "close", "(", ")", "[", "]", "1", "-1", "0", "sma", ",", ".", "rsi", "if", "then", "else", "and",
        "not", "na", "\n", "#", "\"", "param", "from", "to", "output", "<", "==", "+", "-", "*", "/", "nz", "title", "é",
    ]), 0..60)) {
        Formula::read("mine", words.join(" ").as_bytes(), &Library::default()).ok();
    }

    #[test]
    fn mutated_formulas_are_read_or_refused(
        which in 0..3_usize, cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, any::<u8>()), 1..6),
    ) {
        let mut bytes = [RSI_DIVERGENCE, RELEASED_TURN, CHANNEL_BREAKOUT][which].as_bytes().to_vec();
        for (place, len, byte) in cuts {
            let at = place.index(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        if let Err(errors) = Formula::read("mine", &bytes, &Library::default()) {
            prop_assert!(errors.list().iter().all(|error| error.line > 0 && error.column > 0 && !error.message.is_empty()));
        }
    }

    #[test]
    fn any_formula_is_run_or_refused(text in any_formula(), bars in any_bars()) {
        if let Some(instance) = accepted(&text) {
            compute(&[instance], &series(bars));
        }
    }

    #[test]
    fn no_line_looks_ahead(text in sound_formula(), bars in any_bars(), share in 0.0..1.0) {
        let whole = series(bars);
        let cut = 1 + (share * (whole.len() - 1) as f64) as usize;
        let instances = [instance(&text)];
        let (full, part) = (compute(&instances, &whole), compute(&instances, &whole.truncated(cut)));
        for (a, b) in part.columns.iter().zip(&full.columns) {
            prop_assert!(same(&a.values, &b.values[..cut]), "{} of\n{}", a.name, text);
        }
    }

    #[test]
    fn stream_portions_and_stored_states_give_the_same_bits(text in sound_formula(), bars in any_bars(), share in 0.0..1.0) {
        let whole = series(bars);
        let (bars, flows) = (whole.bars(), whole.flows());
        let cut = (share * bars.len() as f64) as usize;
        let instances = [instance(&text)];
        let full = compute(&instances, &whole);
        let mut before = Runner::new(&instances);
        let first = before.run(&bars[..cut], &flows[..cut]);
        let mut after = Runner::new(&instances);
        prop_assert!(after.restore(&before.states()));
        let rest = after.run(&bars[cut..], &flows[cut..]);
        let mut stream = instances[0].start();
        let mut row = vec![0.0; full.columns.len()];
        let mut holed = instances[0].start();
        let mut holed_row = row.clone();
        for (i, (bar, flow)) in bars.iter().zip(&flows).enumerate() {
            stream.next(bar, flow, &mut row);
            if i % 7 == 3 {
                holed.next(&Bar { close: f64::NAN, ..*bar }, &Flow::MISSING, &mut holed_row);
                prop_assert!(holed_row.iter().all(|v| v.is_nan()));
            }
            holed.next(bar, flow, &mut holed_row);
            prop_assert!(same(&row, &holed_row));
            for (line, value) in full.columns.iter().zip(&row) {
                prop_assert!(same(&[line.values[i]], &[*value]), "{} at {}", line.name, i);
            }
        }
        for ((a, b), line) in first.columns.iter().zip(&rest.columns).zip(&full.columns) {
            let joined: Vec<f64> = a.values.iter().chain(&b.values).copied().collect();
            prop_assert!(same(&joined, &line.values), "{} cut at {}", line.name, cut);
        }
    }

    #[test]
    fn units_and_beginnings_are_as_declared(text in sound_formula(), seed in 0..1000_u64) {
        let instance = instance(&text);
        let bars = random_bars(150, seed);
        let plain = compute(std::slice::from_ref(&instance), &series(bars.clone()));
        let formula = instance.formula().unwrap();
        for (line, first) in plain.columns.iter().zip(instance.firsts()) {
            let missing = line.values.iter().take_while(|v| v.is_nan()).count();
            prop_assert!(missing >= first.bar, "{} begins at {} before {:?}\n{}", line.name, missing, first, text);
            for v in line.values.iter().filter(|v| !v.is_nan()) {
                let fits = match line.unit.kind {
                    Kind::Bounded { lo, hi } => (lo..=hi).contains(v),
                    Kind::Flag => [-1.0, 0.0, 1.0].contains(v),
                    _ => v.is_finite(),
                };
                prop_assert!(fits, "{} is {} against {}\n{}", line.name, v, line.unit, text);
            }
        }
        for (a, b) in [(8.0_f64, 1.0_f64), (1.0, 4.0), (8.0, 4.0)] {
            let scale = |b: f64| move |bar: &Bar| Bar {
                open: bar.open * a, high: bar.high * a, low: bar.low * a, close: bar.close * a, volume: bar.volume * b, ..*bar
            };
            let lines = compute(std::slice::from_ref(&instance), &series(bars.iter().map(scale(b)).collect()));
            for (k, (line, base)) in lines.columns.iter().zip(&plain.columns).enumerate() {
                if formula.is_vouched(k) {
                    continue;
                }
                let factor = a.powi(line.unit.price.into()) * b.powi(line.unit.volume.into());
                for (i, (x, y)) in line.values.iter().zip(&base.values).enumerate() {
                    let near = (x.is_nan() && y.is_nan()) || (x - factor * y).abs() <= 1e-9 * (factor * y).abs();
                    prop_assert!(near, "{} at {}: {} for {} * {}\n{}", line.name, i, x, factor, y, text);
                }
            }
        }
    }

    #[test]
    fn beginnings_that_call_themselves_exact_are(text in sound_values(2, 4), seed in 0..1000_u64) {
        // Without functions that can fail.
        prop_assume!(text.matches('/').count() == 1 && !["ln(", "sqrt(", "exp(", "roc("].iter().any(|f| text.contains(f)));
        let instance = instance(&text);
        let lines = compute(std::slice::from_ref(&instance), &series(random_bars(150, seed)));
        for (line, first) in lines.columns.iter().zip(instance.firsts()).filter(|(_, first)| first.exact) {
            let missing = line.values.iter().take_while(|v| v.is_nan()).count();
            prop_assert!(missing == first.bar.min(150), "{} at {} not {:?}\n{}", line.name, missing, first, text);
        }
    }

    #[test]
    fn hard_series_break_nothing(text in sound_formula()) {
        let instance = instance(&text);
        for (name, bars) in hard_series() {
            for line in compute(std::slice::from_ref(&instance), &series(bars)).columns {
                for v in line.values.iter().filter(|v| !v.is_nan()) {
                    let fits = match line.unit.kind {
                        Kind::Bounded { lo, hi } => (lo..=hi).contains(v),
                        Kind::Flag => [-1.0, 0.0, 1.0].contains(v),
                        _ => v.is_finite(),
                    };
                    prop_assert!(fits, "{}: {} is {} against {}\n{}", name, line.name, v, line.unit, text);
                }
            }
        }
    }
}

#[test]
fn shipped_formulas_keep_their_units_and_see_nothing_of_the_future() {
    for text in [RSI_DIVERGENCE, RELEASED_TURN, CHANNEL_BREAKOUT] {
        let instance = instance(text);
        let whole = series(random_bars(600, 8));
        let full = compute(std::slice::from_ref(&instance), &whole);
        for cut in [1, 100, 333, 599] {
            let part = compute(std::slice::from_ref(&instance), &whole.truncated(cut));
            assert!(part.columns.iter().zip(&full.columns).all(|(a, b)| same(&a.values, &b.values[..cut])));
        }
        for (line, first) in full.columns.iter().zip(instance.firsts()) {
            let missing = line.values.iter().take_while(|v| v.is_nan()).count();
            assert!(if first.exact { missing == first.bar } else { missing >= first.bar }, "{} {first:?}", line.name);
        }
        let (a, b) = (8.0, 4.0);
        let scaled = whole.bars().iter().map(|bar| Bar {
            open: bar.open * a,
            high: bar.high * a,
            low: bar.low * a,
            close: bar.close * a,
            volume: bar.volume * b,
            ..*bar
        });
        let lines = compute(std::slice::from_ref(&instance), &series(scaled.collect()));
        for (line, base) in lines.columns.iter().zip(&full.columns) {
            let factor = a.powi(line.unit.price.into()) * b.powi(line.unit.volume.into());
            assert!(same(&line.values, &base.values.iter().map(|v| v * factor).collect::<Vec<_>>()), "{}", line.name);
        }
    }
}

#[test]
fn a_state_belongs_to_its_formula_and_parameters() {
    let bars = random_bars(50, 1);
    let run = |text: &str| {
        let mut stream = instance(text).start();
        let mut row = vec![0.0; 1];
        for bar in &bars {
            stream.next(bar, &Flow::MISSING, &mut row);
        }
        stream
    };
    let state = run("a = sma(close, 5)").state();
    assert!(run("a = sma(close, 5)").restore(&state).is_ok());
    assert!(run("a = sma(close, 6)").restore(&state).is_err());
    assert!(run("a = ema(close, 5)").restore(&state).is_err());
    assert!(run("a = sma(close, 5)").restore(&state[..state.len() - 1]).is_err());
    assert!(run("a = sma(close, 5)").restore(&[]).is_err());
}
