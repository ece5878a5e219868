use crate::config::FeatureGroup;
use crate::indicators::{Kind, Line, Unit};

use super::columns::Column;
use super::scales::Scales;

/// Bars over which a running sum's change is taken.
const CHANGE_BARS: usize = 10;
/// Where dimensionless numbers start to be compressed.
const RATIO_KNEE: f64 = 100.0;

/// The columns a line becomes by its unit: none for counters and constants, sine and cosine for angles, else one.
pub(super) fn stationary(line: &Line, scales: &Scales) -> Vec<Column> {
    let Unit { kind, price, volume } = line.unit;
    let x = &line.values;
    let column = |name: &str, formula: &str, values: Vec<f64>| {
        Column::new(FeatureGroup::Lines, Some(&line.name), name, formula, values)
    };
    let each = |f: &dyn Fn(f64) -> f64| -> Vec<f64> { x.iter().map(|&v| f(v)).collect() };
    let plain = price == 0 && volume == 0;
    let name = line.name.as_str();
    match kind {
        Kind::Counter | Kind::Constant | Kind::Copy => Vec::new(),
        Kind::Flag => vec![column(name, "x", x.clone())],
        Kind::Bars => vec![column(name, "sign(x) ln(1 + |x|)", each(&signed_log))],
        Kind::Angle => vec![
            column(&format!("{name}.sin"), "sin(x degrees)", each(&|v| v.to_radians().sin())),
            column(&format!("{name}.cos"), "cos(x degrees)", each(&|v| v.to_radians().cos())),
        ],
        Kind::Bounded { lo, hi } => {
            let formula = format!("2 (x - {lo}) / {} - 1", hi - lo);
            vec![column(name, &formula, each(&|v| (2.0 * (v - lo) / (hi - lo) - 1.0).clamp(-1.0, 1.0)))]
        }
        Kind::Cumulative => {
            let change = |t: usize| {
                let before = t.checked_sub(CHANGE_BARS).map_or(f64::NAN, |from| x[from]);
                (x[t] - before) / CHANGE_BARS as f64
            };
            let changes: Vec<f64> = (0..x.len()).map(change).collect();
            let (formula, values) = scaled(&changes, price, volume, scales);
            vec![column(name, &formula.replacen('x', "((x - x[-10]) / 10)", 1), values)]
        }
        Kind::Level if (price, volume) == (1, 0) => {
            let values = (0..x.len()).map(|t| (x[t] - scales.close[t]) / scales.atr[t]).collect();
            vec![column(name, "(x - close) / ATR(14)", values)]
        }
        Kind::Level if (price, volume) == (0, 1) => {
            let values = (0..x.len()).map(|t| (x[t] / scales.volume_median[t]).ln()).collect();
            vec![column(name, "ln(x / median volume(50))", values)]
        }
        Kind::Ratio | Kind::Level | Kind::Difference if plain => {
            let formula = "x; beyond 100: sign(x) 100 (1 + ln(|x| / 100))";
            vec![column(name, formula, each(&soft_cap))]
        }
        Kind::Ratio | Kind::Level | Kind::Difference => {
            let (formula, values) = scaled(x, price, volume, scales);
            vec![column(name, &formula, values)]
        }
    }
}

/// x / (ATR^price mean volume^volume), its signed log where the exponents sum to more than one in absolute value.
fn scaled(x: &[f64], price: i8, volume: i8, scales: &Scales) -> (String, Vec<f64>) {
    let (price, volume) = (i32::from(price), i32::from(volume));
    let log = price.abs() + volume.abs() > 1;
    let power = |scale: &[f64], exponent: i32, t: usize| if exponent == 0 { 1.0 } else { scale[t].powi(exponent) };
    let values = (0..x.len())
        .map(|t| {
            let ratio = x[t] / (power(&scales.atr, price, t) * power(&scales.volume_mean, volume, t));
            if log { signed_log(ratio) } else { ratio }
        })
        .collect();
    let divisor = |name: &str, exponent: i32| match exponent {
        0 => String::new(),
        1 => format!(" / {name}"),
        _ => format!(" / {name}^{exponent}"),
    };
    let text = format!("x{}{}", divisor("ATR(14)", price), divisor("mean volume(50)", volume));
    (if log { format!("sign ln(1 + |.|) of {text}") } else { text }, values)
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
        let columns = stationary(&line, &scales);
        assert_eq!(columns.len(), expected.len(), "{unit}");
        for (column, &want) in columns.iter().zip(expected) {
            let got = column.values[bars - 1];
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
