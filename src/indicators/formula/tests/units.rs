use super::*;
use crate::indicators::Kind;

fn unit(kind: Kind, price: i8, volume: i8) -> Unit {
    Unit { kind, price, volume }
}

#[test]
fn units_follow_from_the_formula() {
    let cases = [
        ("close", Unit::PRICE_COPY),
        ("2 * close", Unit::PRICE_COPY),
        ("close[3]", Unit::PRICE_COPY),
        ("hl2", Unit::PRICE),
        ("(open + high + low + close) / 4", Unit::PRICE),
        ("open + close", Unit::PRICE_COPY),
        ("close - close[1]", Unit::PRICE_DIFFERENCE),
        ("sma(close, 5)", Unit::PRICE),
        ("sma(close, 5) - 2 * stdev(close, 5)", Unit::PRICE),
        ("highest(high, 9) * 0.98", Unit::PRICE),
        ("stdev(close, 5)", Unit::PRICE_DIFFERENCE),
        ("linreg_slope(close, 5)", Unit::PRICE_DIFFERENCE),
        ("close / open", Unit::RATIO),
        ("(close - low) / (high - low)", Unit::RATIO),
        ("roc(close, 5)", Unit::RATIO),
        ("ln(close / close[1])", Unit::RATIO),
        ("volume", unit(Kind::Copy, 0, 1)),
        ("sma(volume, 5)", Unit::VOLUME),
        ("volume - volume[1]", Unit::VOLUME_DIFFERENCE),
        ("if close > open then volume else 0", Unit::VOLUME_DIFFERENCE),
        ("close * volume", unit(Kind::Level, 1, 1)),
        ("sum(close * volume, 9) / sum(volume, 9)", Unit::PRICE),
        ("cum(sign(close - close[1]) * volume)", Unit::CUMULATIVE_VOLUME),
        ("nz(x[1], 0) + volume", Unit::CUMULATIVE_VOLUME),
        ("0.1 * close + 0.9 * nz(x[1], close)", Unit::PRICE),
        ("0.1 * close + 0.9 * nz(x[1], 0)", Unit::PRICE),
        ("0.1 * (close - open) + 0.9 * nz(x[1], 0)", Unit::PRICE_DIFFERENCE),
        ("sqrt(sma(close * close, 5))", Unit::PRICE),
        ("(close - open) * (close - open)", Unit::price_power(2)),
        ("close > open", Unit::FLAG),
        ("close > open and not close > high[1]", Unit::FLAG),
        ("if close > open then 1 else if close < open then -1 else nz(x[1], 0)", Unit::FLAG),
        ("cross(close, open)", Unit::FLAG),
        ("crossover(close, open)", Unit::FLAG),
        ("sign(close - open)", Unit::FLAG),
        ("barssince(close > open)", Unit::BARS),
        ("sum(close > open, 9)", Unit::BARS),
        ("highest_age(high, 9) + 1", Unit::BARS),
        ("highest_age(high, 9) / 9", Unit::RATIO),
        ("rsi.rsi", Unit::PERCENT),
        ("(rsi.rsi - 50) / 50", Unit::bounded(-1.0, 1.0)),
        ("sma(rsi.rsi, 5)", Unit::PERCENT),
        ("percentrank(close, 9)", Unit::PERCENT),
        ("clamp(close / open, 0, 2)", Unit::bounded(0.0, 2.0)),
        ("min(max(close / open, 0.5), 2)", Unit::bounded(0.5, 2.0)),
        ("sma(close > open, 9)", Unit::bounded(0.0, 1.0)),
        ("if close > open then 3 else 5", Unit::bounded(3.0, 5.0)),
        ("macd.hist", Unit::PRICE_DIFFERENCE),
        ("obv.obv", Unit::CUMULATIVE_VOLUME),
        ("obv.obv - obv.obv[5]", Unit::VOLUME_DIFFERENCE),
        ("valuewhen(close > open, low)", Unit::PRICE_COPY),
        ("2 + 3", Unit::CONSTANT),
        ("bare(close) + 1", Unit::RATIO),
        ("close - as_price(10)", Unit::PRICE),
        ("taker_buy_volume / volume", Unit::RATIO),
        ("quote_volume / volume", Unit::PRICE),
    ];
    for (text, wanted) in cases {
        assert_eq!(units_of(&format!("x = {text}"))["x"], wanted, "{text}");
    }
}

#[test]
fn parameters_bound_what_they_enter() {
    let units = units_of(
        "param n = 9 from 3 to 99\nparam w = 2.0 from 1 to 4\nx = 2 / (n + 1)\ny = clamp(close / open, -w, w)",
    );
    assert_eq!(units["x"], Unit::CONSTANT);
    assert_eq!(units["y"], Unit::bounded(-4.0, 4.0));
}

#[test]
fn the_users_word_is_remembered() {
    let formula = read("a = bare(close) + 1\nb = a > 3\nc = close - as_price(2)\nd = close > open\ne = bare(rsi.rsi)");
    assert_eq!([0, 1, 2, 3, 4].map(|line| formula.is_vouched(line)), [true, true, true, false, false]);
}

#[test]
fn outputs_meanings_and_needs_are_declared() {
    let text = "title \"My own\"\nfamily trend\nsource \"me\"\n# How far\n# it went\nrise = close - close[1]\n\n# alone\n\n\
                output share = (rise # of the range\n  / (high - low))\nlast = taker_buy_volume # bought\n";
    let formula = read(text);
    let about = formula.about();
    assert_eq!((about.title, about.family.name(), about.source), ("My own", "trend", "me"));
    let lines: Vec<_> = about.lines.iter().map(|l| (l.name.as_ref(), l.meaning.as_ref(), l.internal)).collect();
    let wanted = [("rise", "How far it went", true), ("share", "of the range", false), ("last", "bought", true)];
    assert_eq!(lines, wanted);
    assert_eq!(about.formula, "rise = close - close[1]; share = (rise / (high - low)); last = taker_buy_volume");
    assert_eq!(about.needs, [crate::market::Extra::TakerBuyVolume]);
    let plain = read("a = -close[1] * (2 + rsi(period=9).rsi)\nb = if not a > -a then sma(a, 2) else na");
    let about = plain.about();
    assert_eq!((about.title, about.family.name()), ("mine", "other"));
    assert_eq!(about.lines[0].meaning, "- close[1] * (2 + rsi(period = 9).rsi)");
    assert_eq!(about.lines[1].meaning, "if not a > - a then sma(a, 2) else na");
    assert_eq!([about.lines[0].internal, about.lines[1].internal], [true, false], "the last one without a mark");
}
