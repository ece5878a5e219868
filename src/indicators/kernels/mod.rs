//! Some outputs of some indicators over whole columns at once, for previews and benchmarks: several bars per instruction,
//! no internals. Every value equals that of the streaming indicator to the last bit; a test compares them.

mod averages;
mod columns;
mod ladder;
mod tiles;

pub use columns::Columns;

use super::{Args, Instance};

#[cfg(test)]
mod tests;

/// One column per line a kernel can give; `None` where it is not wanted.
type Out<'a> = &'a mut [Option<Vec<f64>>];

/// Declares the kernels: indicator, function, and the lines it gives in this order.
macro_rules! kernels {
    ($($id:literal => $function:path, [$($line:literal),*];)*) => {
        /// Indicators and their lines that have a kernel.
        static KERNELS: &[(&str, &[&str])] = &[$(($id, &[$($line),*])),*];

        #[inline(always)]
        fn dispatch(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) {
            match id {
                $($id => $function(args, columns, out),)*
                _ => {}
            }
        }
    };
}

kernels! {
    "donchian" => averages::donchian, ["upper", "lower"];
    "ema" => averages::ema, ["ema"];
    "sma" => averages::sma, ["sma"];
    "wma" => averages::wma, ["wma"];
}

/// The lines at `wanted` (positions in the definition) of `instance`, if there is a kernel that gives them all.
pub(super) fn columns_of(instance: &Instance, wanted: &[usize], columns: &Columns) -> Option<Vec<Vec<f64>>> {
    let definition = instance.definition();
    let &(id, given) = KERNELS.iter().find(|(id, _)| *id == definition.id && instance.mode() == super::Mode::Standard)?;
    let place = |&line: &usize| given.iter().position(|name| *name == definition.lines[line].name);
    let places: Vec<usize> = wanted.iter().map(place).collect::<Option<_>>()?;
    let column = |k: usize| places.contains(&k).then(|| Vec::with_capacity(columns.close.len()));
    let mut out: Vec<Option<Vec<f64>>> = (0..given.len()).map(column).collect();
    run(id, instance.args(), columns, &mut out);
    places.iter().map(|&k| out[k].clone()).collect()
}

fn run(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what the function is compiled for.
        #[expect(unsafe_code, reason = "the one way to call code compiled for more than the baseline processor")]
        unsafe {
            run_wide(id, args, columns, out);
        }
        return;
    }
    dispatch(id, args, columns, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_wide(id: &str, args: Args<'_>, columns: &Columns, out: Out<'_>) {
    dispatch(id, args, columns, out);
}

#[cfg(test)]
#[test]
#[ignore]
fn speed() {
    let n = 1_000_000;
    let x: Vec<f64> = (0..n).map(|i| 100.0 + ((i as f64) * 0.37).sin() + ((i * 7919 % 1013) as f64) * 1e-3).collect();
    let c = Columns { open: x.clone(), high: x.clone(), low: x.clone(), close: x, volume: vec![] };
    let (mut a, mut b) = (f64::MAX, f64::MAX);
    let mut out: Vec<f64> = Vec::with_capacity(n);
    for _ in 0..15 {
        let t = std::time::Instant::now();
        let mut v: Vec<f64> = Vec::with_capacity(n);
        for tile in c.close.chunks(512) {
            v.extend_from_slice(tile);
        }
        a = a.min(t.elapsed().as_secs_f64());
        std::hint::black_box(v);
        let t = std::time::Instant::now();
        out.clear();
        for tile in c.close.chunks(512) {
            out.extend_from_slice(tile);
        }
        b = b.min(t.elapsed().as_secs_f64());
    }
    println!("floor with allocation {:.2} ns/bar, without {:.2} ns/bar", a * 1e9 / n as f64, b * 1e9 / n as f64);
    for (id, k, args) in [("sma", 1, vec![20.0]), ("wma", 1, vec![20.0]), ("ema", 1, vec![20.0]), ("donchian", 2, vec![20.0]), ("donchian", 2, vec![200.0])] {
        let mut best = f64::MAX;
        for _ in 0..15 {
            let t = std::time::Instant::now();
            let mut out: Vec<Option<Vec<f64>>> = (0..k).map(|k| (k == 0).then(|| Vec::with_capacity(n))).collect();
            run(id, Args(&args), &c, &mut out);
            best = best.min(t.elapsed().as_secs_f64());
            std::hint::black_box(out);
        }
        println!("{id} {args:?} {:.2} ns/bar", best * 1e9 / n as f64);
    }
}
