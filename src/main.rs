//! Arguments to the command line; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    glassbox::cli::run(std::env::args_os())
}
