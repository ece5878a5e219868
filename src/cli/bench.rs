use super::args::BenchCommand;
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::bench::{IndicatorsBench, indicators};

pub(super) fn run(command: &BenchCommand, threads: usize, printer: Printer) -> Result<(), Failure> {
    let BenchCommand::Indicators { data, bars, talib, repeats } = command;
    let bars = bars.unwrap_or(if *talib { 1_000_000 } else { 100_000 });
    let request = IndicatorsBench { data: data.clone(), bars, talib: *talib, repeats: *repeats, threads };
    let records = watch("bench", printer, move |job| indicators(&request, job))?;
    for record in records {
        printer.record(&record);
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| record[key].as_f64().unwrap_or(f64::NAN);
        if *talib {
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
