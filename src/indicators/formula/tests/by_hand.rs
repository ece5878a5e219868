//! Every line against the same formula written out over whole lists.

use super::*;
use crate::market::Bar;

const BARS: usize = 300;

fn bars() -> Vec<Bar> {
    random_bars(BARS, 77)
}

/// `f(t)` for every bar.
fn list(f: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..BARS).map(f).collect()
}

/// The last `n` of `x` up to bar `t`, oldest first, if they are all there.
fn window(x: &[f64], t: usize, n: usize) -> Option<&[f64]> {
    let part = x.get((t + 1).checked_sub(n)?..=t)?;
    part.iter().all(|v| !v.is_nan()).then_some(part)
}

fn over(x: &[f64], n: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    list(|t| window(x, t, n).map_or(f64::NAN, &f))
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn close_to(found: &[f64], wanted: &[f64], name: &str) {
    assert_eq!(found.len(), wanted.len());
    for (t, (a, b)) in found.iter().zip(wanted).enumerate() {
        let near = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * (1.0 + b.abs());
        assert!(near, "{name} at {t}: {a} for {b}");
    }
}

#[test]
fn every_function_equals_its_definition() {
    let bars = bars();
    let c: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let o: Vec<f64> = bars.iter().map(|b| b.open).collect();
    let v: Vec<f64> = bars.iter().map(|b| b.volume).collect();
    let smoothed = |gain: f64| {
        let mut y = f64::NAN;
        list(|_| f64::NAN)
            .iter()
            .enumerate()
            .map(|(t, _)| {
                y = match t {
                    0..6 => f64::NAN,
                    6 => mean(&c[..7]),
                    _ => y + gain * (c[t] - y),
                };
                y
            })
            .collect::<Vec<f64>>()
    };
    let rank = |w: &[f64]| 100.0 * w[..w.len() - 1].iter().filter(|x| **x <= w[w.len() - 1]).count() as f64 / 5.0;
    let slope = |w: &[f64]| {
        let x = |i: usize| i as f64 - 3.0;
        (0..7).map(|i| x(i) * w[i]).sum::<f64>() / (0..7).map(|i| x(i) * x(i)).sum::<f64>()
    };
    let age = |w: &[f64], best: fn(f64, f64) -> bool| {
        let found = (0..w.len()).rev().find(|&i| w.iter().all(|x| !best(*x, w[i]))).unwrap();
        (w.len() - 1 - found) as f64
    };
    let flag = |holds: bool| f64::from(u8::from(holds));
    let up = |t: usize| c[t] > o[t];
    let lag = |x: &[f64], t: usize, n: usize| if t >= n { x[t - n] } else { f64::NAN };
    let mid = |w: &[f64]| {
        let mut w = w.to_vec();
        w.sort_by(f64::total_cmp);
        w[w.len() / 2]
    };
    let deviation = |w: &[f64]| (w.iter().map(|x| (x - mean(w)).powi(2)).sum::<f64>() / w.len() as f64).sqrt();
    let weighted = |w: &[f64]| w.iter().zip(1..).map(|(x, i)| x * f64::from(i)).sum::<f64>() / 28.0;
    let mean_close = over(&c, 9, mean);
    let above = list(|t| c[t] - mean_close[t]);
    let crossed = list(|t| {
        let (Some(now), before) = (window(&above, t, 1), t.checked_sub(1).map_or(f64::NAN, |b| above[b])) else {
            return f64::NAN;
        };
        if before.is_nan() { f64::NAN } else { flag(before < 0.0 && now[0] > 0.0) - flag(before > 0.0 && now[0] < 0.0) }
    });
    let events = |t: usize| (0..=t).filter(|&s| up(s)).rev().collect::<Vec<usize>>();
    let cases: Vec<(&str, Vec<f64>)> = vec![
        ("sma(close, 7)", over(&c, 7, mean)),
        ("ema(close, 7)", smoothed(2.0 / 8.0)),
        ("wilder(close, 7)", smoothed(1.0 / 7.0)),
        ("wma(close, 7)", over(&c, 7, weighted)),
        ("sum(volume, 7)", over(&v, 7, |w| w.iter().sum())),
        ("stdev(close, 7)", over(&c, 7, deviation)),
        ("highest(close, 7)", over(&c, 7, |w| w.iter().copied().fold(f64::MIN, f64::max))),
        ("lowest(close, 7)", over(&c, 7, |w| w.iter().copied().fold(f64::MAX, f64::min))),
        ("highest_age(close, 7)", over(&c, 7, |w| age(w, |a, b| a > b))),
        ("lowest_age(close, 7)", over(&c, 7, |w| age(w, |a, b| a < b))),
        ("median(close, 7)", over(&c, 7, mid)),
        ("percentrank(close, 5)", over(&c, 6, rank)),
        ("linreg_slope(close, 7)", over(&c, 7, slope)),
        ("close[4]", list(|t| lag(&c, t, 4))),
        ("lag(close, 0)", c.clone()),
        ("change(close)", list(|t| c[t] - lag(&c, t, 1))),
        ("change(close, 3)", list(|t| c[t] - lag(&c, t, 3))),
        ("roc(close, 3)", list(|t| 100.0 * (c[t] - lag(&c, t, 3)) / lag(&c, t, 3))),
        ("cross(close, sma(close, 9))", crossed.clone()),
        (
            "crossover(close, sma(close, 9))",
            crossed.iter().map(|x| if x.is_nan() { *x } else { flag(*x == 1.0) }).collect(),
        ),
        (
            "crossunder(close, sma(close, 9))",
            crossed.iter().map(|x| if x.is_nan() { *x } else { flag(*x == -1.0) }).collect(),
        ),
        ("barssince(close > open)", list(|t| events(t).first().map_or(f64::NAN, |s| (t - s) as f64))),
        ("valuewhen(close > open, close)", list(|t| events(t).first().map_or(f64::NAN, |s| c[*s]))),
        ("valuewhen(close > open, close, 2)", list(|t| events(t).get(2).map_or(f64::NAN, |s| c[*s]))),
        ("cum(volume)", list(|t| v[..=t].iter().sum())),
        ("min(close, open, close[1])", list(|t| c[t].min(o[t]).min(lag(&c, t, 1)) + 0.0 * lag(&c, t, 1))),
        ("max(close, open)", list(|t| c[t].max(o[t]))),
        ("abs(close - open)", list(|t| (c[t] - o[t]).abs())),
        ("sqrt(close / open)", list(|t| (c[t] / o[t]).sqrt())),
        ("ln(close / open)", list(|t| (c[t] / o[t]).ln())),
        ("exp(close / open)", list(|t| (c[t] / o[t]).exp())),
        ("sign(close - open)", list(|t| (c[t] - o[t]).signum())),
        ("floor(volume / volume[1])", list(|t| (v[t] / lag(&v, t, 1)).floor())),
        ("round(volume / volume[1])", list(|t| (v[t] / lag(&v, t, 1)).round())),
        ("clamp(close / open, 0.999, 1.001)", list(|t| (c[t] / o[t]).clamp(0.999, 1.001))),
        ("nz(close[5], close)", list(|t| if t < 5 { c[t] } else { c[t - 5] })),
        ("if close > open then close - open else 0", list(|t| if up(t) { c[t] - o[t] } else { 0.0 })),
        ("close > open or close[1] > open[1]", list(|t| if t == 0 { f64::NAN } else { flag(up(t) || up(t - 1)) })),
        (
            "not (close > open and volume >= volume[1])",
            list(|t| if t == 0 { f64::NAN } else { flag(!(up(t) && v[t] >= v[t - 1])) }),
        ),
        ("-close * 2 + 3 * open / 4 - (open - close)", list(|t| -c[t] * 2.0 + 3.0 * o[t] / 4.0 - (o[t] - c[t]))),
        ("bare(close) + 1", list(|t| c[t] + 1.0)),
        ("close - as_price(1)", list(|t| c[t] - 1.0)),
        ("volume + as_volume(1)", list(|t| v[t] + 1.0)),
        (
            "hl2 + hlc3 + ohlc4",
            list(|t| {
                let Bar { open, high, low, close, .. } = bars[t];
                f64::midpoint(high, low) + (high + low + close) / 3.0 + (open + high + low + close) / 4.0
            }),
        ),
    ];
    // Every function has a case.
    for function in function::FUNCTIONS {
        assert!(cases.iter().any(|(text, _)| text.contains(&format!("{}(", function.name))), "{}", function.name);
    }
    let text = cases.iter().enumerate().map(|(i, (case, _))| format!("x{i} = {case}\n")).collect::<Vec<_>>().concat();
    let found = lines_of(&text, &series(bars));
    for (i, (case, wanted)) in cases.iter().enumerate() {
        close_to(&found[&format!("x{i}")], wanted, case);
    }
}

#[test]
fn lines_of_other_indicators_are_theirs() {
    let series = series(random_bars(BARS, 3));
    let text = "param p = 9 from 2 to 50\na = rsi(period=p).rsi\nb = macd.hist\nc = rsi_21.rsi\nd = bollinger(width=p / 4).top - close\n\
                e = adx.adx > 25";
    let found = lines_of(text, &series);
    let instances = ["rsi(period=9)", "macd", "rsi_21", "bollinger(width=2.25)", "adx"];
    let instances: Vec<Instance> =
        instances.into_iter().map(|text| crate::indicators::parse_instance(text).unwrap()).collect();
    let theirs = compute(&instances, &series);
    let line = |name: &str| theirs.get(name).unwrap().values.as_slice();
    assert!(same(&found["a"], line("rsi_9.rsi")));
    assert!(same(&found["b"], line("macd.hist")));
    assert!(same(&found["c"], line("rsi_21.rsi")));
    let closes = series.closes();
    let wanted: Vec<f64> = line("bollinger_20_2p25.top").iter().zip(&closes).map(|(a, b)| a - b).collect();
    assert!(same(&found["d"], &wanted));
    let strong: Vec<f64> =
        line("adx.adx").iter().map(|x| if x.is_nan() { *x } else { f64::from(u8::from(*x > 25.0)) }).collect();
    assert!(same(&found["e"], &strong));
}

#[test]
fn a_value_may_read_its_own_past_and_that_of_later_ones() {
    let bars = bars();
    let c: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let text = "own = 0.1 * close + 0.9 * nz(own[1], close)\n\
                level = 0.4 * close + 0.6 * nz(level[1] + trend[1], close)\n\
                trend = 0.2 * (level - nz(level[1], level)) + 0.8 * nz(trend[1], 0)\n\
                run = if close > close[1] then nz(run[1], 0) + 1 else 0\n\
                back = nz(back[3], 0) + 1";
    let found = lines_of(text, &series(bars));
    let (mut own, mut level, mut trend, mut run) = (vec![], vec![], vec![], vec![]);
    for t in 0..BARS {
        let before = |x: &Vec<f64>| t.checked_sub(1).map(|b| x[b]);
        let last = before(&own).unwrap_or(c[t]);
        own.push(0.1 * c[t] + 0.9 * last);
        let expected = before(&level).zip(before(&trend)).map_or(c[t], |(l, s)| l + s);
        level.push(0.4 * c[t] + 0.6 * expected);
        let old = before(&level).unwrap_or(level[t]);
        trend.push(0.2 * (level[t] - old) + 0.8 * before(&trend).unwrap_or(0.0));
        run.push(match t {
            0 => f64::NAN,
            _ if c[t] > c[t - 1] => {
                if t == 1 {
                    1.0
                } else {
                    run[t - 1] + 1.0
                }
            }
            _ => 0.0,
        });
    }
    for (name, wanted) in [("own", &own), ("level", &level), ("trend", &trend), ("run", &run)] {
        close_to(&found[name], wanted, name);
    }
    close_to(&found["back"], &list(|t| (t / 3 + 1) as f64), "back");
}

#[test]
fn missing_is_missing_and_poisons_nothing_for_good() {
    let mut bars = bars();
    for t in [40, 41, 100] {
        bars[t] = Bar { open: 50.0, high: 50.0, low: 50.0, close: 50.0, ..bars[t] };
    }
    let c: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let flat = |t: usize| bars[t].high == bars[t].low;
    let text = "share = (close - low) / (high - low)\n\
                before = share[1]\n\
                middle = sma(share, 3)\n\
                kept = nz(share, 0.5)\n\
                own = 0.5 * share + 0.5 * nz(own[1], 0)\n\
                low_share = share < 0.5\n\
                since = barssince(low_share)";
    let found = lines_of(text, &series(bars.clone()));
    let share = list(|t| if flat(t) { f64::NAN } else { (c[t] - bars[t].low) / (bars[t].high - bars[t].low) });
    close_to(&found["share"], &share, "share");
    close_to(&found["before"], &list(|t| if t == 0 { f64::NAN } else { share[t - 1] }), "before");
    close_to(&found["kept"], &list(|t| if flat(t) { 0.5 } else { share[t] }), "kept");
    let known = |t: usize| (0..=t).filter(|&s| !flat(s)).map(|s| share[s]).collect::<Vec<f64>>();
    let middle = list(|t| {
        let known = known(t);
        if flat(t) || known.len() < 3 { f64::NAN } else { mean(&known[known.len() - 3..]) }
    });
    close_to(&found["middle"], &middle, "middle");
    let mut own = Vec::new();
    for t in 0..BARS {
        let last = if t == 0 || flat(t - 1) { 0.0 } else { own[t - 1] };
        own.push(if flat(t) { f64::NAN } else { 0.5 * share[t] + 0.5 * last });
    }
    close_to(&found["own"], &own, "own");
    let since = list(|t| {
        let event = (0..=t).rev().find(|&s| share[s] < 0.5);
        if flat(t) { f64::NAN } else { event.map_or(f64::NAN, |s| (t - s) as f64) }
    });
    close_to(&found["since"], &since, "since");
}

#[test]
fn the_divergence_is_found_where_it_is_confirmed() {
    let series = series(random_bars(3000, 5));
    let found = lines_of(RSI_DIVERGENCE, &series);
    let strength = &compute(&[crate::indicators::parse_instance("rsi_14").unwrap()], &series).columns[0].values;
    let bars = series.bars();
    // Straight from the definition: a swing low at s is lower than 3 bars before it and not above 3 bars behind it.
    let swing = |s: usize| {
        (s.saturating_sub(3)..=s + 3)
            .all(|i| i == s || if i < s { bars[i].low >= bars[s].low } else { bars[i].low > bars[s].low })
    };
    let swings: Vec<usize> = (3..bars.len() - 3).filter(|&s| swing(s)).collect();
    let mut wanted = vec![0.0; bars.len()];
    for pair in swings.windows(2) {
        let [a, b] = *pair else { continue };
        let lower = bars[b].low < bars[a].low && strength[b] > strength[a];
        wanted[b + 3] = f64::from(u8::from(lower && b - a <= 60));
    }
    let first = found["bullish"].iter().position(|x| !x.is_nan()).unwrap();
    assert_eq!(found["bullish"][first..], wanted[first..]);
    assert!(wanted.iter().sum::<f64>() > 10.0, "there are some");
    let bias = &found["bias"];
    assert!(bias.contains(&1.0) && bias.contains(&-1.0) && bias[0] == 0.0);
}
