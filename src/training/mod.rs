//! Teaching the network: the loop, its gate and early stop, checkpoints that resume bit for bit, metrics, model files,
//! and inference.

mod checkpoint;
mod device;
mod error;
mod evaluate;
mod gate;
mod infer;
mod metrics;
mod model_file;
mod set;
mod state;
mod trainer;

pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use device::{Device, pick_device};
pub use error::TrainError;
pub use gate::{GateReport, gradient_gate};
pub use infer::{Forecasts, infer};
pub use metrics::{EpochMetrics, EpochTiming, LearnedMetrics, TaskLosses};
pub use model_file::{ModelCard, load_model, save_model};
pub use set::{TargetTable, TrainingSet};
pub use state::TrainState;
pub use trainer::{Trainer, TrainerConfig};
