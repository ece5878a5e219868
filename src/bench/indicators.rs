use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::indicators::{Mode, catalogue, parse_instance};
use crate::tasks::{Job, LineSelection, bars_for_bench, measure_columns, measure_lines};

/// What to measure.
#[derive(Debug, Clone)]
pub struct IndicatorsBench {
    /// Bars to compute on; a random walk of `bars` bars when absent.
    pub data: Option<PathBuf>,
    /// Length of the random walk.
    pub bars: usize,
    /// Only the functions TA-Lib has too, each with its own outputs, on one thread.
    pub talib: bool,
    /// Repetitions; the fastest counts.
    pub repeats: usize,
    /// Threads in use, for the record.
    pub threads: usize,
}

/// TA-Lib's name of a function, our indicator, its lines: what `talib.NAME` gives and no more.
const FUNCTIONS: [(&str, &str, &[&str]); 24] = [
    ("SMA", "sma(period=20)", &["sma"]),
    ("EMA", "ema(period=20)", &["ema"]),
    ("WMA", "wma(period=20)", &["wma"]),
    ("RSI", "rsi(period=14)", &["rsi"]),
    ("MACD", "macd", &["macd", "signal", "hist"]),
    ("BBANDS", "bollinger", &["top", "mid", "bot"]),
    ("STDDEV", "bollinger", &["std"]),
    ("ATR", "atr(period=14)", &["atr"]),
    ("ADX", "adx", &["adx"]),
    ("STOCH", "stochastic_slow(period=5)", &["percK", "percD"]),
    ("CCI", "cci(period=20)", &["cci"]),
    ("MFI", "mfi(period=14)", &["mfi"]),
    ("OBV", "obv", &["obv"]),
    ("WILLR", "williams_r(period=14)", &["percR"]),
    ("AROON", "aroon_osc(period=25)", &["down", "up"]),
    ("ROC", "roc(period=10)", &["roc"]),
    ("MAX20", "donchian(period=20)", &["upper"]),
    ("MAX200", "donchian(period=200)", &["upper"]),
    ("LINEARREG", "linear_regression(period=14)", &["end"]),
    ("SAR", "parabolic_sar", &["psar"]),
    ("KAMA", "kama(period=30)", &["kama"]),
    ("TEMA", "tema(period=20)", &["tema"]),
    ("ULTOSC", "ultimate_osc", &["uo"]),
    ("HT_DCPERIOD", "hilbert_dominant_cycle", &["smooth_period"]),
];

/// Measures the catalogue, or the functions TA-Lib has; one record per measurement.
pub fn indicators(request: &IndicatorsBench, job: &Job) -> Result<Vec<Value>> {
    let series = bars_for_bench(request.data.as_deref(), request.bars)?;
    if request.talib {
        let function = |(function, text, lines): (&str, &str, &[&str])| {
            let instance = parse_instance(text).with_context(|| function.to_owned())?;
            let ns_per_bar = measure_columns(&instance, lines, &series, request.repeats, job)?;
            Ok(json!({
                "bench": "indicators",
                "scope": "talib",
                "function": function,
                "indicator": text,
                "lines": lines,
                "bars": series.len(),
                "threads": 1,
                "ns_per_bar": ns_per_bar,
            }))
        };
        return FUNCTIONS.into_iter().map(function).collect();
    }
    let selection = LineSelection { instances: catalogue(Mode::Standard), twins: false };
    let speed = measure_lines(&series, &selection, request.repeats, job)?;
    Ok(vec![json!({
        "bench": "indicators",
        "scope": "catalogue",
        "indicators": speed.indicators,
        "lines": speed.lines,
        "bars": series.len(),
        "bars_per_s": speed.bars_per_s,
        "threads": request.threads,
        "hash": speed.hash,
    })])
}
