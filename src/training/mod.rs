//! Teaching the network: the loop, its gate and early stop, changes while it works, checkpoints that resume bit for bit,
//! metrics, the finder of learning rates, model files, and inference.

mod balance;
mod checkpoint;
#[cfg(test)]
#[cfg(feature = "cuda")]
mod cuda_tests;
mod device;
mod error;
mod evaluate;
mod fresh;
mod gate;
mod infer;
mod lr_finder;
mod metrics;
mod model_file;
mod monitors;
#[cfg(test)]
pub(crate) mod planted;
mod set;
mod single;
mod state;
mod tally;
mod trainer;

pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use device::{DType, Device, check_memory, pick_device};
pub use error::TrainError;
pub use fresh::fresh_network;
pub use gate::{GateReport, gradient_gate};
pub use infer::{Forecasts, infer};
pub use lr_finder::{LrFinder, LrPoint, LrSuggestion};
pub use metrics::{EpochMetrics, EpochTiming, LearnedMetrics, StepMetrics, StepTiming, TaskLosses};
pub use model_file::{ModelCard, load_model, save_model};
pub use monitors::historical_volatility;
pub use set::{TargetTable, TrainingSet};
pub use single::{entry_logits, predict_one};
pub use state::{Change, TrainState};
pub use trainer::{StepTaken, Trainer, TrainerConfig};
