use std::ops::Range;

use crate::indicators::{Kind, Line, Unit};

use super::scales::{ATR_PERIOD, Scales, VOLUME_PERIOD};

/// Bars over which a running sum's change is taken.
const CHANGE_BARS: usize = 10;
/// Where dimensionless numbers start to be compressed.
const RATIO_KNEE: f64 = 100.0;

/// A stationary column of a line: what is known of it before any value is computed.
#[derive(Debug)]
pub(super) struct Stationary {
    pub(super) name: String,
    pub(super) formula: String,
    /// Unit of the values.
    pub(super) unit: String,
    /// Bars before the first possible value.
    pub(super) warm_up: usize,
    rule: Rule,
}

/// How a value follows from the line and the scales of its bar.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Same,
    SignedLog,
    Sine,
    Cosine,
    Bounded { lo: f64, hi: f64 },
    FromClose,
    LogVolume,
    SoftCap,
    Scaled { price: i8, volume: i8 },
    ScaledChange { price: i8, volume: i8 },
}

/// The columns a line becomes by its unit: none for counters and constants, sine and cosine for angles, else one.
pub(super) fn stationary(line: &Line) -> Vec<Stationary> {
    let Unit { kind, price, volume } = line.unit;
    let plain = price == 0 && volume == 0;
    let begins = line.values.iter().position(|x| x.is_finite()).unwrap_or(line.values.len());
    let column = |part: &str, formula: &str, unit: &str, rule: Rule| {
        let warm_up = rule.warm_up(begins).min(line.values.len());
        let name = format!("{}{part}", line.name);
        Stationary { name, formula: formula.to_owned(), unit: unit.to_owned(), warm_up, rule }
    };
    match kind {
        Kind::Counter | Kind::Constant | Kind::Copy => Vec::new(),
        Kind::Flag => vec![column("", "x", "flag", Rule::Same)],
        Kind::Bars => vec![column("", "sign(x) ln(1 + |x|)", "log bars", Rule::SignedLog)],
        Kind::Angle => vec![
            column(".sin", "sin(x degrees)", "-1 to 1", Rule::Sine),
            column(".cos", "cos(x degrees)", "-1 to 1", Rule::Cosine),
        ],
        Kind::Bounded { lo, hi } => {
            let formula = format!("2 (x - {lo}) / {} - 1", hi - lo);
            vec![column("", &formula, "-1 to 1", Rule::Bounded { lo, hi })]
        }
        Kind::Cumulative => {
            let (formula, unit) = scaled_texts(price, volume);
            let formula = formula.replacen('x', "((x - x[-10]) / 10)", 1);
            vec![column("", &formula, &format!("{unit} per bar"), Rule::ScaledChange { price, volume })]
        }
        Kind::Level if (price, volume) == (1, 0) => {
            vec![column("", "(x - close) / ATR(14)", "ATR", Rule::FromClose)]
        }
        Kind::Level if (price, volume) == (0, 1) => {
            vec![column("", "ln(x / median volume(50))", "log median volumes", Rule::LogVolume)]
        }
        Kind::Ratio | Kind::Level | Kind::Difference if plain => {
            vec![column("", "x; beyond 100: sign(x) 100 (1 + ln(|x| / 100))", "ratio", Rule::SoftCap)]
        }
        Kind::Ratio | Kind::Level | Kind::Difference => {
            let (formula, unit) = scaled_texts(price, volume);
            vec![column("", &formula, &unit, Rule::Scaled { price, volume })]
        }
    }
}

impl Rule {
    /// Bars before the first possible value, for a line whose first value is at bar `begins`.
    fn warm_up(self, begins: usize) -> usize {
        let scales = |price: i8, volume: i8| {
            let atr = if price == 0 { 0 } else { ATR_PERIOD };
            let mean = if volume == 0 { 0 } else { VOLUME_PERIOD - 1 };
            atr.max(mean)
        };
        match self {
            Self::FromClose => begins.max(scales(1, 0)),
            Self::LogVolume => begins.max(scales(0, 1)),
            Self::Scaled { price, volume } => begins.max(scales(price, volume)),
            Self::ScaledChange { price, volume } => (begins + CHANGE_BARS).max(scales(price, volume)),
            _ => begins,
        }
    }
}

impl Stationary {
    /// Replaces `out` by the values of `rows`, NaN where undefined and never infinite, from the line's values `x` of all
    /// bars. A value is the same whatever the rows it is asked for with.
    pub(super) fn values(&self, x: &[f64], scales: &Scales, rows: Range<usize>, out: &mut Vec<f64>) {
        match self.rule {
            Rule::Same => fill(out, rows, |t| x[t]),
            Rule::SignedLog => fill(out, rows, |t| signed_log(x[t])),
            Rule::Sine => fill(out, rows, |t| x[t].to_radians().sin()),
            Rule::Cosine => fill(out, rows, |t| x[t].to_radians().cos()),
            Rule::Bounded { lo, hi } => {
                fill(out, rows, |t| (2.0 * (x[t] - lo) / (hi - lo) - 1.0).clamp(-1.0, 1.0));
            }
            Rule::FromClose => fill(out, rows, |t| (x[t] - scales.close[t]) / scales.atr[t]),
            Rule::LogVolume => fill(out, rows, |t| (x[t] / scales.volume_median[t]).ln()),
            Rule::SoftCap => fill(out, rows, |t| soft_cap(x[t])),
            Rule::Scaled { price, volume } => fill(out, rows, |t| scaled(x[t], price, volume, scales, t)),
            Rule::ScaledChange { price, volume } => fill(out, rows, |t| {
                let before = t.checked_sub(CHANGE_BARS).map_or(f64::NAN, |from| x[from]);
                scaled((x[t] - before) / CHANGE_BARS as f64, price, volume, scales, t)
            }),
        }
    }
}

/// Infinite becomes missing; -0 becomes 0, so that equal values have equal bits.
fn fill(out: &mut Vec<f64>, rows: Range<usize>, value: impl Fn(usize) -> f64) {
    out.clear();
    out.extend(rows.map(|t| {
        let value = value(t);
        if value.is_finite() { value + 0.0 } else { f64::NAN }
    }));
}

/// x / (ATR^price mean volume^volume), its signed log where the exponents sum to more than one in absolute value.
fn scaled(x: f64, price: i8, volume: i8, scales: &Scales, t: usize) -> f64 {
    let power = |scale: &[f64], exponent: i8| if exponent == 0 { 1.0 } else { scale[t].powi(i32::from(exponent)) };
    let ratio = x / (power(&scales.atr, price) * power(&scales.volume_mean, volume));
    if takes_log(price, volume) { signed_log(ratio) } else { ratio }
}

fn takes_log(price: i8, volume: i8) -> bool {
    i32::from(price).abs() + i32::from(volume).abs() > 1
}

/// Formula and unit of [`scaled`].
fn scaled_texts(price: i8, volume: i8) -> (String, String) {
    let divisor = |name: &str, exponent: i8| match exponent {
        0 => String::new(),
        1 => format!(" / {name}"),
        _ => format!(" / {name}^{exponent}"),
    };
    let unit = |name: &str, exponent: i8| match exponent {
        0 => None,
        1 => Some(name.to_owned()),
        _ => Some(format!("{name}^{exponent}")),
    };
    let formula = format!("x{}{}", divisor("ATR(14)", price), divisor("mean volume(50)", volume));
    let units: Vec<String> = [unit("ATR", price), unit("mean volumes", volume)].into_iter().flatten().collect();
    let unit = if units.is_empty() { "ratio".to_owned() } else { units.join(" ") };
    if takes_log(price, volume) {
        (format!("sign ln(1 + |.|) of {formula}"), format!("signed log {unit}"))
    } else {
        (formula, unit)
    }
}

fn signed_log(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

/// x up to 100, then growing by its logarithm: continuous with its slope, monotone, never huge.
fn soft_cap(x: f64) -> f64 {
    if x.abs() <= RATIO_KNEE { x } else { x.signum() * RATIO_KNEE * (1.0 + (x.abs() / RATIO_KNEE).ln()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unit: Unit, x: f64, expected: &[f64]) {
        let bars = 12;
        let constant = |v: f64| vec![v; bars];
        let scales = Scales {
            close: constant(100.0),
            atr: constant(4.0),
            volume_mean: constant(50.0),
            volume_median: constant(40.0),
        };
        // The last value differs from the value ten bars before it by x.
        let mut values = vec![0.0; bars];
        values[bars - 1] = x;
        let line = Line { name: "a.b".to_owned(), meaning: "".into(), unit, internal: false, values };
        let columns = stationary(&line);
        assert_eq!(columns.len(), expected.len(), "{unit}");
        for (column, &want) in columns.iter().zip(expected) {
            let mut got = Vec::new();
            column.values(&line.values, &scales, bars - 1..bars, &mut got);
            let got = got[0];
            assert!((got - want).abs() < 1e-12, "{unit}: {} gives {got}, not {want}", column.formula);
        }
    }

    #[test]
    fn each_unit_follows_its_rule() {
        let mixed = |kind, price, volume| Unit { kind, price, volume };
        check(Unit::PRICE, 108.0, &[2.0]);
        check(Unit::PRICE_DIFFERENCE, -6.0, &[-1.5]);
        check(Unit::price_power(2), -32.0, &[-(3.0_f64.ln())]);
        check(Unit::price_power(-1), 0.5, &[2.0]);
        check(Unit::VOLUME, 80.0, &[2.0_f64.ln()]);
        check(Unit::VOLUME_DIFFERENCE, 25.0, &[0.5]);
        check(mixed(Kind::Level, 1, 1), 400.0, &[3.0_f64.ln()]);
        check(Unit::CUMULATIVE_VOLUME, 250.0, &[0.5]);
        check(mixed(Kind::Cumulative, 1, 0), 20.0, &[0.5]);
        check(mixed(Kind::Cumulative, 1, 1), 4000.0, &[3.0_f64.ln()]);
        check(Unit::PERCENT, 75.0, &[0.5]);
        check(Unit::bounded(-1.0, 1.0), 0.25, &[0.25]);
        check(Unit::FLAG, -1.0, &[-1.0]);
        check(Unit::BARS, 7.0, &[8.0_f64.ln()]);
        check(Unit::ANGLE, 30.0, &[0.5, 0.75_f64.sqrt()]);
        check(Unit::RATIO, -99.0, &[-99.0]);
        check(Unit::RATIO, -100.0 * std::f64::consts::E, &[-200.0]);
        check(Unit::COUNTER, 1.0, &[]);
        check(Unit::CONSTANT, 1.0, &[]);
    }
}
