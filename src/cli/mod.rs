//! The command line: arguments in, tasks run as jobs, records out as text or JSON lines, exit codes.

mod args;
mod args_bench;
mod bench;
mod check;
mod commands;
mod compare;
mod data;
mod indicators;
mod print;
mod setup;
mod teach;
mod walkforward;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command line. Exit codes: 0 done, 1 failed, 2 bad usage, 130 cancelled.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = std::time::Instant::now();
    let args = match args::Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(err) => {
            // clap knows whether it is help (standard output, 0) or bad usage (standard error, 2).
            err.print().ok();
            return ExitCode::from(u8::try_from(err.exit_code()).unwrap_or(2));
        }
    };
    let printer = print::Printer::new(args.global.json);
    match commands::run(&args, &printer, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => printer.failure(&failure),
    }
}
