use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};

use crate::config::Precision;

#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// All lines of the catalogue, kept in memory; or the functions that TA-Lib has too
    Indicators {
        /// CSV or Parquet file of bars [default: a random walk]
        #[arg(long, value_name = "BARS")]
        data: Option<PathBuf>,
        /// Length of the random walk [default: 100000, with --talib 1000000]
        #[arg(long, value_name = "N")]
        bars: Option<usize>,
        /// The 24 functions TA-Lib has too, with their own outputs only, on one thread
        #[arg(long)]
        talib: bool,
        /// Repetitions; the fastest counts
        #[arg(long, default_value_t = 5, value_name = "N")]
        repeats: usize,
    },
    /// Features of indicator lines, their way to scaled inputs, its memory, and windows beside a plain copy
    Features {
        /// CSV or Parquet file of bars [default: a random walk]
        #[arg(long, value_name = "BARS")]
        data: Option<PathBuf>,
        /// Length of the random walk
        #[arg(long, default_value_t = 20_000, value_name = "N")]
        bars: usize,
        /// Indicator lines, the first of the catalogue that become features
        #[arg(long, default_value_t = 350, value_name = "N")]
        lines: usize,
        /// Repetitions; the fastest counts
        #[arg(long, default_value_t = 5, value_name = "N")]
        repeats: usize,
    },
    /// The import of a CSV, beside the plain reader of the library below it
    Data {
        /// Bars of the file, a random walk
        #[arg(long, default_value_t = 1_000_000, value_name = "N")]
        bars: usize,
        /// Repetitions, turn by turn; the median counts
        #[arg(long, default_value_t = 7, value_name = "N")]
        repeats: usize,
    },
    /// Training steps of a network of stated shape on random data: gathering, forward, backward, clipping and AdamW
    Train {
        #[command(flatten)]
        shape: BenchShape,
        /// Dropout probability
        #[arg(long, default_value_t = 0.1, value_name = "P")]
        dropout: f64,
        /// Steps that count, after three that do not
        #[arg(long, default_value_t = 20, value_name = "N")]
        steps: usize,
        /// Bars to draw windows from; without it the same batch is taught again and again
        #[arg(long, value_name = "N")]
        bars: Option<usize>,
        /// Numbers of the matrix products; bf16 on a CUDA device only
        #[arg(long, value_enum, default_value = "f32", value_name = "NUMBERS")]
        precision: PrecisionArg,
    },
    /// Forecasts of a network of stated shape, one window at a time and in batches
    Infer {
        #[command(flatten)]
        shape: BenchShape,
        /// Single forecasts that count, after three that do not
        #[arg(long, default_value_t = 200, value_name = "N")]
        steps: usize,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PrecisionArg {
    F32,
    Bf16,
}

impl From<PrecisionArg> for Precision {
    fn from(arg: PrecisionArg) -> Self {
        match arg {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Bf16 => Self::Bf16,
        }
    }
}

/// A network to measure.
#[derive(Debug, Group)]
pub(super) struct BenchShape {
    /// Shape: debug, baseline or elite
    #[arg(long, default_value = "debug", value_name = "NAME")]
    pub(super) preset: String,
    /// Features of a bar
    #[arg(long, default_value_t = 256, value_name = "F")]
    pub(super) features: usize,
}
