//! Glassbox: a research workstation for neural trading that shows what a network learned and why it decided.
//!
//! This page is the map of the program. It states what may know what; `tests/it/architecture.rs` keeps the walls.
//!
//! # The way of the data
//!
//! ```text
//! file ──► data ──► Series ──► indicators ──► Lines ──► dataset ──► features, labels, slices, windows
//!                                                                        │
//!          backtest ◄── predictions ◄── training::infer ◄── models ◄── training (best weights, checkpoints)
//!              │                              │
//!          trades, equity                 analysis: attention, importance, regimes, calibration, verdict
//! ```
//!
//! Every stage writes files under a workspace: imported bars in `data/`, captures of indicator lines in `neural_data/`, large
//! matrices of features in `neural_data/features/`, and one folder per run in `runs/`. Disk is the record; whoever watches a
//! job gets hints only.
//!
//! # Rooms, from the ground up
//!
//! | room | what it is | may use |
//! | --- | --- | --- |
//! | [`market`] | bars, series, timeframes, calendars and their schedules, alignment; planted markets | nothing of ours |
//! | [`stats`] | moments, quantiles, intervals, resampling | nothing of ours |
//! | [`files`] | whole files appear at once | nothing of ours |
//! | [`jobs`] | worker threads, progress, cancellation, a hand on work in progress; the only room that starts threads | nothing of ours |
//! | [`indicators`] | streaming state machines: one bar in, all lines out, internals included; formula files | market |
//! | [`data`] | any file of bars, its quality, resampling, tables, the capture cache and library; the only room that knows polars | market, indicators, files, stats |
//! | [`config`] | TOML, presets and overrides become one checked configuration | nothing of ours |
//! | [`dataset`] | stationary features and their cache, schema, labels, sample weights, slices and folds, windows, other sources, the causality firewall, the leak linter | market, indicators, data (resampling, files of columns), config, files, stats |
//! | [`nn`] | seeded noise, parameters, differentiable operations and their kernels for CPU and CUDA, optimiser (candle) | stats |
//! | [`models`] | encoders (transformer, LSTM, TCN, temporal pattern attention), the whole network, its objective and summary (candle) | nn, config |
//! | [`training`] | loop and its live control, gate, early stop, monitors, checkpoints, learning-rate finder, model files, inference (candle) | models, dataset, config, files, jobs |
//! | [`analysis`] | what the network learned, as plain structs (candle in attention and attribution only) | models, dataset, stats |
//! | [`backtest`] | fill rules, broker, strategies, statistics; sees the network as a trait, a rule as a formula | market, indicators, config, stats |
//! | [`runs`] | run folders and their exports (TensorBoard, CSV): the only room that names the files in them | config, files |
//! | [`tasks`] | what a user can ask for, one function each | everything above |
//! | [`bench`] | our side of the benchmarks, the allocator that watches itself | tasks, training, models, nn, indicators, dataset, config, stats |
//! | [`cli`] | arguments in, records out | tasks, bench, jobs, config, result types, gui to open it |
//! | [`gui`] | the window (egui): panels read one plain state and push commands | tasks, jobs, runs, config, result types |
//!
//! # Invariants
//!
//! - No look-ahead by construction: an indicator receives one bar at a time and a strategy only the bars up to its own.
//!   Inputs at bar t use bars up to t, a decision is taken at its close, a fill is at the next open, a label looks at
//!   t + 1 to t + h. Tests compare every line, feature, forecast and trade with those of truncated data, bit for bit.
//! - Missing is NaN in memory and null on disk, with a reason; nothing is silently filled, padded or cut.
//! - What is fitted is fitted on its own slice and carries that range: scaler, regimes and components on train,
//!   calibration, thresholds and Kelly on calibration.
//! - Clock, environment and random seeds enter through `tasks` and `cli` only. The same bars, configuration and seed
//!   give the same bytes of model and metrics on CPUs with the same vectors, with any number of threads: sums are grouped by
//!   fixed chunks, noise comes from counters, inference runs in chunks aligned to the series. Other vectors (AVX-512, AVX2)
//!   round matrix products differently in the last digit.
//! - Readers see the old file or the new one. After a kill at any moment a resume goes on from the last epoch and ends
//!   with the bytes of an uninterrupted run.

pub mod analysis;
pub mod backtest;
pub mod bench;
pub mod cli;
pub mod config;
pub mod data;
pub mod dataset;
pub mod files;
pub mod gui;
pub mod indicators;
pub mod jobs;
pub mod market;
pub mod models;
pub mod nn;
pub mod runs;
pub mod stats;
pub mod tasks;
pub mod training;
