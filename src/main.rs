//! Arguments to the command line; nothing else.

use std::process::ExitCode;

/// The system's allocator hands every freed tensor back to the kernel: a training step then spends a third of its time in
/// page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    glassbox::cli::run(std::env::args_os())
}
