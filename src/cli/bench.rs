use super::args_bench::BenchCommand;
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::bench::{DataBench, FeaturesBench, IndicatorsBench, NetworkBench, data, features, indicators, infer, train};
use crate::config::{DevicePreference, Precision};

pub(super) fn run(
    command: &BenchCommand,
    device: DevicePreference,
    threads: usize,
    printer: Printer,
) -> Result<(), Failure> {
    match command {
        BenchCommand::Indicators { data, bars, talib, repeats } => {
            let bars = bars.unwrap_or(if *talib { 1_000_000 } else { 100_000 });
            let request = IndicatorsBench { data: data.clone(), bars, talib: *talib, repeats: *repeats, threads };
            lines(request, printer)
        }
        BenchCommand::Features { data, bars, lines, repeats } => {
            let (data, bars, lines, repeats) = (data.clone(), *bars, *lines, *repeats);
            extraction(FeaturesBench { data, bars, lines, repeats, threads }, printer)
        }
        BenchCommand::Data { bars, repeats } => import(DataBench { bars: *bars, repeats: *repeats, threads }, printer),
        BenchCommand::Train { shape, dropout, steps, bars, precision } => {
            let (preset, features) = (shape.preset.clone(), shape.features);
            let (dropout, steps, bars, precision) = (*dropout, *steps, *bars, (*precision).into());
            steps_of(NetworkBench { preset, dropout, device, precision, steps, bars, features, threads }, printer)
        }
        BenchCommand::Infer { shape, steps } => {
            let (preset, features, steps) = (shape.preset.clone(), shape.features, *steps);
            let (dropout, bars, precision) = (0.0, None, Precision::F32);
            forecasts(NetworkBench { preset, dropout, device, precision, steps, bars, features, threads }, printer)
        }
    }
}

fn extraction(request: FeaturesBench, printer: Printer) -> Result<(), Failure> {
    let record = watch("bench", printer, move |job| features(&request, job))?;
    printer.record(&record);
    let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
    printer.text(&format!(
        "{} lines, {} bars, {} threads: {} features at {:.0} rows/s; with window statistics {} at {:.0} million values/s",
        record["lines"],
        record["bars"],
        record["threads"],
        record["width"],
        number("rows_per_s"),
        record["windows_width"],
        number("windows_values_per_s") / 1e6,
    ));
    printer.text(&format!(
        "peak memory of extracting and scaling {:.2} times the matrix; windows gathered at {:.1} GB/s, a copy at {:.1} GB/s",
        number("memory_ratio"),
        number("gather_gbs"),
        number("copy_gbs"),
    ));
    Ok(())
}

fn steps_of(request: NetworkBench, printer: Printer) -> Result<(), Failure> {
    let record = watch("bench", printer, move |job| train(&request, job))?;
    printer.record(&record);
    let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
    printer.text(&format!(
        "{}, dropout {}, {} ({}), {} threads: a step of {} windows in {:.2} ms ({:.2} to {:.2}), {:.0} windows/s, {} parameters",
        record["preset"],
        record["dropout"],
        record["device"],
        record["precision"],
        record["threads"],
        record["batch"],
        number("step_ms"),
        number("p10"),
        number("p90"),
        number("windows_per_s"),
        record["params"],
    ));
    printer.text(&format!(
        "loss {:.4} to {:.4}; {:.0} GFLOP/s, {:.0} % of the roof; peak memory {:.0} MiB; largest allocation of a step {:.2} MiB",
        number("loss_first"),
        number("loss_last"),
        number("gflops"),
        100.0 * number("roof_share"),
        number("peak_rss_mib"),
        number("largest_allocation_bytes") / f64::from(1 << 20),
    ));
    Ok(())
}

fn forecasts(request: NetworkBench, printer: Printer) -> Result<(), Failure> {
    let record = watch("bench", printer, move |job| infer(&request, job))?;
    printer.record(&record);
    let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
    printer.text(&format!(
        "{}, {}, {} threads: one window in {:.3} ms, {} in {:.2} ms ({:.0} windows/s), at most {:.1e} apart",
        record["preset"],
        record["device"],
        record["threads"],
        number("batch1_ms"),
        record["batch"],
        number("batch_ms"),
        number("windows_per_s"),
        number("largest_difference"),
    ));
    Ok(())
}

fn import(request: DataBench, printer: Printer) -> Result<(), Failure> {
    let record = watch("bench", printer, move |job| data(&request, job))?;
    printer.record(&record);
    let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
    printer.text(&format!(
        "{} bars, {} threads: import {:.3} s, polars' own reader {:.3} s, ratio {:.2}",
        record["bars"],
        record["threads"],
        number("import_s"),
        number("polars_s"),
        number("ratio"),
    ));
    Ok(())
}

fn lines(request: IndicatorsBench, printer: Printer) -> Result<(), Failure> {
    let talib = request.talib;
    let records = watch("bench", printer, move |job| indicators(&request, job))?;
    for record in records {
        printer.record(&record);
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
        if talib {
            let (name, indicator) = (text("function"), text("indicator"));
            printer.text(&format!("{name:12} {:8.2} ns/bar  {indicator}", number("ns_per_bar")));
        } else {
            printer.text(&format!(
                "{} indicators, {} lines, {} bars, {} threads: {:.0} bars/s\n{}",
                record["indicators"],
                record["lines"],
                record["bars"],
                record["threads"],
                number("bars_per_s"),
                text("hash"),
            ));
        }
    }
    Ok(())
}
