//! Arguments to the command line; nothing else.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: glassbox::bench::Allocator = glassbox::bench::Allocator;

fn main() -> ExitCode {
    glassbox::cli::run(std::env::args_os())
}
