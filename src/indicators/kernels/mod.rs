//! Some outputs of some indicators over whole columns at once, for previews and benchmarks: several bars per instruction,
//! no internals. Every value equals that of the streaming indicator to the last bit; a test compares them.

mod averages;
mod columns;
mod ladder;
mod oscillators;
mod tiles;

pub use columns::Columns;

use super::{Args, Instance, Mode};
use crate::market::Series;

#[cfg(test)]
mod tests;

/// One column per line a kernel can give; `None` where it is not wanted.
type Out<'a> = &'a mut [Option<Vec<f64>>];

/// Declares the kernels: indicator, function, and the lines it gives in this order.
macro_rules! kernels {
    ($($id:literal => $function:path, [$($line:literal),*];)*) => {
        /// Indicators and their lines that have a kernel.
        static KERNELS: &[(&str, &[&str])] = &[$(($id, &[$($line),*])),*];

        /// False if the column has holes that the kernel cannot pass over.
        #[inline(always)]
        fn dispatch(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
            match id {
                $($id => $function(args, columns, out),)*
                _ => false,
            }
        }
    };
}

kernels! {
    "adx" => oscillators::adx, ["adx"];
    "aroon_osc" => averages::aroon, ["aroonosc", "up", "down"];
    "atr" => oscillators::atr, ["atr"];
    "bollinger" => averages::bollinger, ["mid", "top", "bot", "std"];
    "cci" => oscillators::cci, ["cci"];
    "donchian" => averages::donchian, ["upper", "lower"];
    "ema" => averages::ema, ["ema"];
    "hilbert_dominant_cycle" => averages::dominant_cycle, ["smooth_period"];
    "kama" => averages::kama, ["kama"];
    "linear_regression" => averages::line_end, ["end"];
    "macd" => averages::macd, ["macd", "signal", "hist"];
    "mfi" => oscillators::mfi, ["mfi"];
    "obv" => oscillators::obv, ["obv"];
    "parabolic_sar" => averages::parabolic_sar, ["psar"];
    "roc" => averages::roc, ["roc"];
    "rsi" => oscillators::rsi, ["rsi"];
    "sma" => averages::sma, ["sma"];
    "stochastic_slow" => oscillators::stochastic, ["percK", "percD"];
    "tema" => averages::tema, ["tema"];
    "ultimate_osc" => oscillators::ultimate, ["uo"];
    "williams_r" => oscillators::williams_r, ["percR"];
    "wma" => averages::wma, ["wma"];
}

/// The lines called `names` of `instance` over the bars of a series, and nothing else; `columns` holds the same bars.
/// `None` if the indicator has no such line.
pub fn compute_columns(
    instance: &Instance,
    names: &[&str],
    series: &Series,
    columns: &Columns,
) -> Option<Vec<Vec<f64>>> {
    let lines = instance.definition().lines;
    let places: Option<Vec<usize>> = names.iter().map(|name| lines.iter().position(|l| l.name == *name)).collect();
    let places = places?;
    Some(by_kernel(instance, names, columns).unwrap_or_else(|| by_stream(instance, &places, series)))
}

/// By a kernel that gives all of them, if there is one.
fn by_kernel(instance: &Instance, names: &[&str], columns: &Columns) -> Option<Vec<Vec<f64>>> {
    let known = |(id, _): &&(&str, &[&str])| *id == instance.definition().id && instance.mode() == Mode::Standard;
    let &(id, given) = KERNELS.iter().find(known)?;
    let places = names.iter().map(|name| given.iter().position(|g| g == name)).collect::<Option<Vec<usize>>>()?;
    let column = |k: usize| places.contains(&k).then(|| Vec::with_capacity(columns.close.len()));
    let mut out: Vec<Option<Vec<f64>>> = (0..given.len()).map(column).collect();
    if columns.close.is_empty() || !run(id, instance.args(), columns, &mut out) {
        return None;
    }
    places.iter().map(|&k| out[k].take()).collect()
}

fn by_stream(instance: &Instance, places: &[usize], series: &Series) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = places.iter().map(|_| vec![f64::NAN; series.len()]).collect();
    let mut columns: Vec<Option<&mut [f64]>> = instance.definition().lines.iter().map(|_| None).collect();
    for (values, &place) in values.iter_mut().zip(places) {
        columns[place] = Some(values);
    }
    let flows = if instance.definition().needs.is_empty() { Vec::new() } else { series.flows() };
    instance.start().run(series.bars(), &flows, &mut columns);
    values
}

fn run(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what the function is compiled for.
        #[expect(unsafe_code, reason = "the one way to call code compiled for more than the baseline processor")]
        return unsafe { run_wide(id, args, columns, out) };
    }
    dispatch(id, args, columns, out)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_wide(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) -> bool {
    dispatch(id, args, columns, out)
}
