use super::args::BenchCommand;
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::bench::{DataBench, IndicatorsBench, data, indicators};

pub(super) fn run(command: &BenchCommand, threads: usize, printer: Printer) -> Result<(), Failure> {
    match command {
        BenchCommand::Indicators { data, bars, talib, repeats } => {
            let bars = bars.unwrap_or(if *talib { 1_000_000 } else { 100_000 });
            let request = IndicatorsBench { data: data.clone(), bars, talib: *talib, repeats: *repeats, threads };
            lines(request, printer)
        }
        BenchCommand::Data { bars, repeats } => import(DataBench { bars: *bars, repeats: *repeats, threads }, printer),
    }
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
