//! The program from outside: one binary, so that the crate is linked once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod architecture;
mod bad_input;
mod bad_runs;
mod bad_training;
mod bench_network;
mod causality;
mod cli;
mod common;
mod data_files;
mod formulas;
mod gui;
mod kill;
mod pipeline;
mod planted;
mod sources;
mod teaching;
mod twins;
mod walkforward;
mod writers;
