use super::*;

/// Every error as `line:column message`.
fn errors(text: &str) -> Vec<String> {
    errors_of("mine", text.as_bytes())
}

fn errors_of(id: &str, bytes: &[u8]) -> Vec<String> {
    let Err(errors) = Formula::read(id, bytes, &Library::default()) else { return Vec::new() };
    errors.list().iter().map(|e| format!("{}:{} {}", e.line, e.column, e.message)).collect()
}

/// The text has one error; it stands there and says that.
fn check(text: &str, place: &str, words: &str) {
    let found = errors(text);
    let [error] = &found[..] else { panic!("{text:?}: {found:?}") };
    let (at, message) = error.split_once(' ').unwrap();
    assert_eq!(at, place, "{text:?}: {error}");
    assert!(message.contains(words), "{text:?}: {error} does not say {words:?}");
}

#[test]
fn looking_ahead_is_refused() {
    check("rise = close - close[1]\nnext = close[-1]", "2:14", "this looks ahead");
    check("param n = 2 from 1 to 5\na = close[-n]", "2:11", "this looks ahead");
    check("param n = 2 from 1 to 5\na = close[1 - n]", "2:13", "can be -4 to 0, but must be 0");
    check("a = lag(close, -3)", "1:16", "this looks ahead");
    check("a = change(close, -3)", "1:19", "this looks ahead");
    check("a = nz(b[0], 0)\nb = close", "1:10", "must be 1 to 10000");
    check("a = close[1.5]", "1:11", "must be whole");
    check("a = close[barssince(close > open)]", "1:11", "not a value that changes from bar to bar");
}

#[test]
fn names_are_known_once_and_in_order() {
    check("a = clsoe", "1:5", "there is no `clsoe`: did you mean `close`?");
    check("a = zzzzzzzz", "1:5", "take a column of the bars (open, high,");
    check("a = b + 1\nb = close", "1:5", "assigned further down");
    check("a = a * 2", "1:5", "only its past is known, as in a[1]");
    check("a = close\n\n  a = open", "3:3", "`a` is assigned twice");
    check("param a = 1 from 1 to 2\na = open", "2:1", "`a` is assigned twice");
    check("close = open", "1:1", "is a column of the bars");
    check("not = open", "1:1", "is a word of the language");
    check("a = smaa(close, 3)", "1:5", "there is no function `smaa`: did you mean `sma`?");
    check("a = sma", "1:5", "write sma(x, n)");
    check("a = rsi", "1:5", "name one of its lines, as in rsi.rsi");
    check("a = rsi(period=9)", "1:5", "name one of its lines");
    check("a = macd.histo", "1:10", "did you mean `hist`?");
    check("a = rsy.rsi", "1:5", "there is no indicator `rsy`: did you mean `rsi`?");
    check("a = close.x", "1:5", "is one value and has no lines");
    check("a = rsi(14).rsi", "1:9", "go by name, as in period=14");
    check("a = rsi(length=14).rsi", "1:9", "rsi has no parameter `length`; it has period");
    check("a = rsi(period=9, period=8).rsi", "1:19", "given twice");
    check("a = rsi(period=0).rsi", "1:16", "must be a whole number from 1 to 10000");
    check("a = rsi(period=close).rsi", "1:16", "the same on every bar");
    check("param p = 5 from 0 to 9\na = rsi(period=p).rsi", "2:16", "for every value of the parameters");
}

#[test]
fn arguments_are_counted_and_lengths_checked() {
    check("a = sma(close)", "1:5", "takes 2 arguments, here are 1");
    check("a = abs()", "1:5", "takes 1 argument, here are 0");
    check("a = valuewhen(close > open, close, 1, 2)", "1:5", "takes 2 to 3 arguments, here are 4");
    check("a = sma(x=close, 3)", "1:9", "go by their order: write sma(x, n)");
    check("a = sma(close, 0)", "1:16", "the length is 0, but must be 1 to 10000");
    check("a = linreg_slope(close, 1)", "1:25", "the length is 1, but must be 2 to 10000");
    check("a = sma(close, 10001)", "1:16", "must be 1 to 10000");
    check("a = sma(close, volume)", "1:16", "must be a number or a parameter");
    check("a = sma(close, 2.5)", "1:16", "must be whole");
    check("param n = 5 from 0 to 9\na = sma(close, n)", "2:16", "can be 0 to 9, but must be 1");
    check("param n = 5 from 1.0 to 9\na = sma(close, n)", "2:16", "must be whole");
    check("param n = 5 from 6 to 9\na = sma(close, n)", "1:11", "the default 5 is not within 6 to 9");
    check("param n = 5 from 9 to 6\na = sma(close, n)", "1:18", "lies above the largest");
    check("param n = 5 from 1\na = sma(close, n)", "1:19", "`to` (as in param period = 14 from 2 to 500)");
    check("a = clamp(close / open, 2, 1)", "1:5", "lower bound 2 lies above its upper bound 1");
}

#[test]
fn units_that_do_not_match_are_refused() {
    check("a = close + volume", "1:11", "`+` adds a price and a volume");
    check("a = close - 1", "1:11", "a price and a plain number");
    check("a = close > 100", "1:11", "this compares a price and a plain number");
    check("a = if close > open then close else 1", "1:5", "`if` chooses between a price and a plain number");
    check("a = max(close, rsi.rsi)", "1:5", "max takes a price and a plain number");
    check("a = nz(close, 1)", "1:5", "nz joins a price and a plain number");
    check("a = crossover(close, volume)", "1:5", "this compares a price and a volume");
    check("a = ln(close)", "1:5", "as in ln(close / close[1])");
    check("a = sqrt(close)", "1:5", "the square root of a price has no unit");
    check("a = floor(close)", "1:5", "floor takes a plain number, not a price");
    check("a = as_price(close)", "1:5", "it has a unit already");
    check("a = nz(a[1], 0) * close + close", "1:25", "`+` adds price^");
    check(&format!("a = close{}", " * close".repeat(8)), "1:67", "the 9-th power");
    check("a = if close then 1 else 2", "1:5", "must be a condition, but is a price");
    check("a = close > open and cross(close, open)", "1:18", "behind `and` is -1, 0 or 1");
    check("a = barssince(close)", "1:5", "what barssince waits for must be a condition");
}

#[test]
fn what_never_has_a_value_is_refused() {
    check("a = close / 0", "1:11", "division by zero on every bar");
    check("b = 2\na = 1 / (b - 2)", "2:7", "division by zero on every bar");
    check("a = sqrt(-1)", "1:5", "no finite value on any bar");
    check("a = 1e308 * 10", "1:11", "no finite value on any bar");
    check("a = na", "1:1", "missing on every bar");
    check("own = 0.1 * close + 0.9 * own[1]", "1:1", "as in nz(own[1], 0)");
    check("", "1:1", "assigns nothing");
    check("# only words\n", "1:1", "assigns nothing");
}

#[test]
fn what_cannot_be_read_is_named() {
    check("a = (close", "1:5", "never closed");
    check("a = close)", "1:10", "closes nothing");
    check("a = close[1", "1:10", "this `[` is never closed");
    check("a =", "1:4", "a value is expected, but the statement ends");
    check("a = close close", "1:11", "an operator or the end of the statement is expected, but here is `close`");
    check("a close", "1:3", "`=` after the name `a`");
    check("a == close", "1:3", "to assign, write one `=`");
    check("= close", "1:1", "a name to assign to");
    check("a = 1 < 2 < 3", "1:11", "cannot be chained");
    check("a = if close > open then 1", "1:27", "`else`");
    check("a = close && open", "1:11", "write and");
    check("title \"x\na = close", "1:7", "no closing quote");
    check("a = 5x", "1:5", "`5x` is neither a number nor a name");
    check("a = 1e999", "1:5", "too large");
    check("ä = close", "1:1", "the character `ä` has no meaning here");
    check("# ümläüt\na = close + ü", "2:13", "the character `ü`");
    check(&format!("title \"{}\"\na = close", "x".repeat(401)), "1:7", "at most 400 characters");
    check(&format!("{} = close", "x".repeat(65)), "1:1", "`xxxxxxxxxxxxxxxxxxxx..` is longer than 64 characters");
    check("author \"me\"\na = close", "1:1", "there are title, family and source");
    check("title \"a\"\ntitle \"b\"\na = close", "2:1", "given twice");
    check("family foo\na = close", "1:8", "there is no family `foo`; there are cycle,");
    assert_eq!(errors_of("mine", b"a = close\nb = \xff"), ["2:5 this is no text: save the file as UTF-8"]);
    assert_eq!(errors_of("rsi", b"a = close"), ["1:1 there is an indicator `rsi` already: name the file otherwise"]);
    assert_eq!(errors_of("rsi_9", b"a = close").len(), 1, "rsi(period=9) bears this id");
    assert_eq!(errors_of("rsi_fast", b"a = close").len(), 0);
    assert_eq!(errors_of("a b", b"a = close").len(), 1);
}

#[test]
fn several_errors_come_at_once() {
    let text = "a = clsoe\nb = (open\nc = a + close[-1]\nd = volume + close\ne = sma(b, c)\n";
    let found = errors(text);
    let places: Vec<&str> = found.iter().map(|error| error.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["1:5", "2:5", "3:15", "4:12"], "{found:#?}");
    assert_eq!(errors(&"a = nothing_like_it_1234567\n".repeat(100)).len(), 20);
}

fn join(range: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    range.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn endless_files_end() {
    let found = errors(&"a = close\n".repeat(60_000));
    assert_eq!(found, ["26215:5 the file goes on beyond 256 KiB, the most a formula may have"]);
    assert_eq!(errors_of("mine", &vec![b'x'; LARGEST + 1]).len(), 1);
    assert_eq!(
        errors_of("mine", &vec![0; LARGEST + 1]),
        ["1:262145 the file goes on beyond 256 KiB, the most a formula may have"]
    );
    let umlauts = "ä".repeat(LARGEST);
    assert!(errors(&umlauts)[0].ends_with("the most a formula may have"));
    let many = join(0..600, |i| format!("a{i} = close\n"));
    assert_eq!(errors(&many), ["513:1 a formula has at most 512 statements: split it into several files"]);
    let deep = format!("a = {}close{}", "(".repeat(70_000), ")".repeat(70_000));
    assert!(errors(&deep)[0].contains("at most 1000 words and signs"));
    check(&format!("a = {}close{}", "(".repeat(65), ")".repeat(65)), "1:69", "more than 64 deep");
    check(&format!("a = {}close", "-".repeat(65)), "1:69", "more than 64 deep");
    assert!(errors(&format!("a = {}close{}", "(".repeat(64), ")".repeat(64))).is_empty());
    assert!(errors(&format!("a = close{}", " - close".repeat(400))).is_empty());
    let choices = format!("a = {}0", "if close > open then 1 else ".repeat(65));
    check(&choices, "1:1797", "more than 64 deep");
    let wide = join(0..300, |i| format!("a{i} = sma(close, {})\n", 10_000 - i));
    let found = errors(&wide);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("212:8 the windows up to here"), "{found:?}");
    let nested = join(0..80, |i| format!("a{i} = rsi(period={}).rsi\n", i + 30));
    assert!(errors(&nested).iter().all(|error| error.contains("at most 64 indicators")));
}

#[test]
fn errors_read_as_one_sentence_each() {
    let errors = Formula::read("mine", b"a = clsoe\nb = 1 / 0", &Library::default()).unwrap_err();
    let text =
        "line 1, column 5: there is no `clsoe`: did you mean `close`?; line 2, column 7: division by zero on every bar";
    assert_eq!(errors.to_string(), text);
}

/// What would take minutes if any step took the square of its input.
#[test]
fn hostile_files_are_refused_or_read_at_once() {
    let n = 120_000;
    for piece in ["(", "[", "\"", "a ", "-", "if ", "\n", "# x\n", "a=", "a.", "9", "a", ",", "then ", "é"] {
        let text = format!("x = close {}", piece.repeat(n / piece.len()));
        let found = errors(&text);
        let read = ["\n", "# x\n"].contains(&piece);
        assert_eq!(found.is_empty(), read, "{piece:?}: {found:?}");
        assert!(found.iter().all(|message| message.len() < 400), "{piece:?}: {found:?}");
    }
    let chain = join(0..500, |i| format!("a{i} = 0.5 * nz(a{}[1], close) + 0.5 * close\n", i + 1)) + "a500 = close";
    assert!(errors(&chain).is_empty());
    let ring = join(0..40, |i| format!("a{i} = 0.5 * nz(a{}[1], close) + 0.5 * close\n", (i + 1) % 40));
    assert!(errors(&ring).is_empty());
}
