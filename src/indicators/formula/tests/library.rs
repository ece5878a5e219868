use super::*;
use crate::indicators::{IndicatorError, Mode, catalogue_key, default_catalogue};

fn load(files: &[(&str, &str)]) -> (Library, Vec<(usize, FormulaErrors)>) {
    let files: Vec<_> = files.iter().map(|(id, text)| ((*id).to_owned(), text.as_bytes().to_vec())).collect();
    Library::load(&files)
}

#[test]
fn formulas_stand_beside_the_catalogue() {
    let (library, bad) = load(&[("swing", "param n = 3 from 1 to 9\nspan = highest(high, n) - lowest(low, n)")]);
    assert!(bad.is_empty());
    let ids: Vec<String> = library.catalogue(Mode::Standard).iter().map(|i| i.id().to_owned()).collect();
    assert_eq!(ids.len(), default_catalogue().len() + 1);
    assert_eq!(ids.last().unwrap(), "swing");
    assert!(library.catalogue(Mode::Compat).iter().all(|i| i.formula().is_none()));
    let instance = library.parse_instance("swing(n=5)", Mode::Standard).unwrap();
    assert_eq!((instance.id(), instance.to_string().as_str()), ("swing_5", "swing(n=5)"));
    assert_eq!(instance.line_names(), ["swing_5.span"]);
    assert_eq!((instance.warm_up(), instance.params()), (4, vec![("n", 5.0)]));
    assert!(matches!(library.parse_instance("swing(n=10)", Mode::Standard), Err(IndicatorError::BadValue { .. })));
    assert!(matches!(library.parse_instance("swang", Mode::Standard), Err(IndicatorError::UnknownIndicator { .. })));
    let series = series(random_bars(50, 2));
    let lines = compute(&[instance], &series);
    assert_eq!(lines.columns[0].name, "swing_5.span");
    let span = |t: usize| {
        let bars = &series.bars()[t - 4..=t];
        let high = bars.iter().map(|b| b.high).fold(f64::MIN, f64::max);
        high - bars.iter().map(|b| b.low).fold(f64::MAX, f64::min)
    };
    assert!((4..50).all(|t| lines.columns[0].values[t] == span(t)));
}

#[test]
fn the_key_changes_with_the_text_and_with_what_it_reads() {
    let key = |files: &[(&str, &str)]| {
        let (library, bad) = load(files);
        assert!(bad.is_empty(), "{bad:?}");
        catalogue_key(&library.catalogue(Mode::Standard))
    };
    let plain = catalogue_key(&default_catalogue());
    let one = key(&[("a", "x = close - open")]);
    assert!(one.starts_with(&plain) && one.contains(";a()#"), "{one}");
    assert_eq!(one, key(&[("a", "x = close - open")]));
    assert_ne!(one, key(&[("a", "x = close - high")]));
    let read = |text: &str| key(&[("a", text), ("b", "y = a.x * 2")]);
    let hash_of_b = |key: String| key.rsplit('#').next().unwrap().to_owned();
    assert_ne!(hash_of_b(read("x = close - open")), hash_of_b(read("x = close - high")));
}

#[test]
fn formulas_read_each_other_in_any_order() {
    let (library, bad) = load(&[
        ("c", "z = b.y - a.x"),
        ("b", "y = a.x * 2"),
        ("a", "x = close - open"),
        ("broken", "x = clsoe"),
        ("reads_broken", "x = broken.x"),
        ("left", "x = right.x"),
        ("right", "x = left.x"),
        ("a", "x = close"),
    ]);
    let ids: Vec<&str> = library.formulas().iter().map(|formula| formula.id()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let messages: Vec<String> = bad.iter().map(|(i, errors)| format!("{i}: {errors}")).collect();
    assert_eq!(
        messages,
        [
            "3: line 1, column 5: there is no `clsoe`: did you mean `close`?",
            "4: line 1, column 5: the formula `broken` has errors of its own or reads this one: correct it first",
            "5: line 1, column 5: the formula `right` has errors of its own or reads this one: correct it first",
            "6: line 1, column 5: the formula `left` has errors of its own or reads this one: correct it first",
            "7: line 1, column 1: there is an indicator `a` already: name the file otherwise",
        ]
    );
    let series = series(random_bars(40, 4));
    let c = library.parse_instance("c", Mode::Standard).unwrap();
    let values = &compute(&[c], &series).columns[0].values;
    assert!(values.iter().zip(series.bars()).all(|(v, b)| *v == (b.close - b.open) * 2.0 - (b.close - b.open)));
}

#[test]
fn formulas_that_double_from_file_to_file_end() {
    let name = |i: usize| format!("f{}", char::from(b'a' + i as u8));
    let files: Vec<(String, Vec<u8>)> = (0..20)
        .map(|i| {
            let text = if i == 0 {
                "param n = 2 from 1 to 9\nx = rsi(period=n).rsi".to_owned()
            } else {
                let before = name(i - 1);
                format!("param n = 2 from 1 to 9\nx = {before}(n=n).x + {before}(n=3).x")
            };
            (name(i), text.into_bytes())
        })
        .collect();
    let (library, bad) = Library::load(&files);
    assert!(library.formulas().len() < 15, "{}", library.formulas().len());
    assert!(bad[0].1.to_string().contains("read fewer of them"), "{}", bad[0].1);
}

#[test]
fn the_shipped_formulas_are_sound() {
    let shipped = [
        ("rsi_swing_divergence", RSI_DIVERGENCE),
        ("released_turn", RELEASED_TURN),
        ("channel_breakout", CHANNEL_BREAKOUT),
    ];
    let (library, bad) = load(&shipped);
    assert!(bad.is_empty(), "{bad:?}");
    for formula in library.formulas() {
        let about = formula.about();
        assert!(about.lines.iter().all(|line| line.meaning.chars().next().unwrap().is_uppercase() || line.meaning.starts_with(['-', '1'])), "{}", about.id);
        assert!(about.params.iter().all(|p| p.meaning.chars().next().unwrap().is_uppercase()));
        assert!(!about.source.is_empty() && !about.formula.is_empty() && about.title != about.id);
        assert_eq!(formula.place(0).1, 1);
    }
}
