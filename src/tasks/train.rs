use anyhow::{Context as _, Result};
use candle_core::DType;
use serde_json::json;

use super::event::{Job, TaskEvent};
use super::prepare::Dataset;
use crate::dataset::Slice;
use crate::models::Network;
use crate::runs::{RunDir, append_line, keep_epochs};
use crate::training::{
    Device, Trainer, TrainerConfig, TrainingSet, gradient_gate, read_checkpoint, save_model, write_checkpoint,
};

/// What training came to.
#[derive(Debug, Clone)]
pub(super) struct Trained {
    pub(super) epochs: usize,
    pub(super) best_epoch: usize,
    pub(super) best_score: f64,
    pub(super) resumed_at: usize,
}

/// Teaches a network from the start or from the run's checkpoint; after every epoch metrics, best model and checkpoint
/// are on disk.
pub(super) fn train(dir: &RunDir, key: &str, dataset: &Dataset, device: &Device, job: &Job) -> Result<Trained> {
    let card = &dataset.card;
    let (bars, validation) = (dataset.bars(Slice::Train), dataset.bars(Slice::Validation));
    let set = TrainingSet {
        inputs: &dataset.inputs,
        targets: &dataset.targets,
        train: &bars,
        validation: &validation,
        seq_len: card.model.seq_len,
    };
    let network = Network::new(&card.model, dataset.inputs.width, card.train.seed, DType::F32, device)?;
    let parameters = network.params().count();
    let config = TrainerConfig { train: card.train.clone(), return_variance: card.return_variance };
    let mut trainer = Trainer::new(network, config, set)?;
    let checkpoint = dir.checkpoint_file();
    if checkpoint.exists() {
        read_checkpoint(&checkpoint, key, &mut trainer)?;
        job.emit(TaskEvent::Note(format!("resumes after epoch {}", trainer.state().epoch)));
    } else {
        let gate = gradient_gate(trainer.network(), &trainer.full_objective(), &set, card.train.seed)?;
        job.emit(TaskEvent::Note(format!(
            "{parameters} parameters in {} tensors, all reached by the gradient; {} training windows",
            gate.tensors,
            bars.len(),
        )));
    }
    let resumed_at = trainer.state().epoch;
    // Lines after the checkpoint will be written again, with the same bytes.
    for file in [dir.metrics_file(), dir.timing_file()] {
        keep_epochs(&file, resumed_at).context("cutting the metrics back to the checkpoint")?;
    }
    let per_epoch = trainer.batches_per_epoch();
    let total = (card.train.num_epochs * per_epoch) as u64;
    while !trainer.finished() {
        let done = trainer.state().epoch * per_epoch;
        let stage = format!("training, epoch {} of {}", trainer.state().epoch + 1, card.train.num_epochs);
        let (metrics, timing) = trainer.epoch(&|batch| {
            job.progress((done + batch) as u64, total, &stage);
            job.check()
        })?;
        append_line(&dir.metrics_file(), &metrics).context("writing metrics.jsonl")?;
        append_line(&dir.timing_file(), &timing).context("writing timing.jsonl")?;
        if metrics.best {
            save_model(&dir.model_file(), card, trainer.network())?;
        }
        write_checkpoint(&checkpoint, key, &trainer)?;
        let mut record = serde_json::to_value(&metrics)?;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("seconds".to_owned(), json!(timing.seconds));
            fields.insert("windows_per_s".to_owned(), json!(timing.windows_per_s));
        }
        job.emit(TaskEvent::Record(record));
    }
    let state = trainer.state();
    Ok(Trained {
        epochs: state.epoch,
        best_epoch: state.best_epoch,
        best_score: state.best_score.unwrap_or(f64::NAN),
        resumed_at,
    })
}
