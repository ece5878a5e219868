//! Glassbox
pub mod analysis;
pub mod backtest;
pub mod bench;
pub mod cli;
pub mod config;
pub mod data;
pub mod dataset;
pub mod files;
pub mod indicators;
pub mod jobs;
pub mod market;
pub mod models;
pub mod nn;
pub mod runs;
pub mod stats;
pub mod tasks;
pub mod training;
