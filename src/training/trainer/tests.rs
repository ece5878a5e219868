use candle_core::{Device, Var};

use super::*;
use crate::config::{ModelConfig, Norm, Pooling};
use crate::models::samples::{encoders, variants};
use crate::models::{Probe, with_candles_layer_norm};
use crate::nn::{AdamW, Gradients, warmup_cosine};
use crate::training::planted::{FEATURES, SEQ_LEN, World, config, shape};
use crate::training::{gradient_gate, read_checkpoint, write_checkpoint};

fn shapes() -> Vec<ModelConfig> {
    let sized = |model| ModelConfig { seq_len: SEQ_LEN, dropout: 0.1, latent_dim: 2, ..model };
    variants().into_iter().map(|(_, model)| sized(model)).collect()
}

fn trainer<'a>(world: &'a World, shape: &ModelConfig, epochs: usize) -> Trainer<'a> {
    world.trainer(shape, config(epochs))
}

pub(super) fn weights(trainer: &Trainer<'_>) -> Vec<u32> {
    let flat = |v: &Var| v.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    trainer.network().params().iter().flat_map(|(_, v)| flat(v)).map(f32::to_bits).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a progress callback")]
pub(super) fn go_on(_: usize) -> Result<(), Cancelled> {
    Ok(())
}

#[test]
fn resume_equals_an_uninterrupted_run() {
    let world = World::new(90);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.safetensors");
    for shape in shapes() {
        let mut straight = trainer(&world, &shape, 4);
        let lines: Vec<_> = (0..4).map(|_| straight.epoch(&go_on).unwrap().0).collect();
        let mut first = trainer(&world, &shape, 4);
        first.epoch(&go_on).unwrap();
        first.epoch(&go_on).unwrap();
        write_checkpoint(&path, "key", &first).unwrap();
        let mut second = trainer(&world, &shape, 4);
        read_checkpoint(&path, "key", &mut second).unwrap();
        assert_eq!(second.epoch(&go_on).unwrap().0, lines[2]);
        assert_eq!(second.epoch(&go_on).unwrap().0, lines[3]);
        assert_eq!(weights(&second), weights(&straight), "{shape:?}");
        assert!(second.finished());
    }
    let mut other = trainer(&world, &shapes()[0], 4);
    assert!(read_checkpoint(&path, "another key", &mut other).is_err());
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..300]).unwrap();
    assert!(matches!(read_checkpoint(&path, "key", &mut other), Err(TrainError::BadFile { .. })));
}

#[test]
fn threads_change_no_bit_of_a_training() {
    let world = World::new(60);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(&world, &shapes()[0], 1);
            let metrics = trainer.epoch(&go_on).unwrap().0;
            (weights(&trainer), metrics)
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn the_gate_passes_every_shape_and_names_any_frozen_tensor() {
    let world = World::new(60);
    let objective = Objective { return_variance: 1e-4, beta: 1e-3, focal: 0.0 };
    for shape in shapes() {
        let healthy = Network::new(&shape, FEATURES, 1, DType::F32, &Device::Cpu).unwrap();
        gradient_gate(&healthy, &objective, &world.set(), 1).unwrap();
        let names: Vec<String> = healthy.params().iter().map(|(name, _)| name.to_owned()).collect();
        for name in &names {
            let frozen = Network::with_frozen(&shape, FEATURES, 1, DType::F32, &Device::Cpu, &[name.as_str()]).unwrap();
            let Err(TrainError::Gate(found)) = gradient_gate(&frozen, &objective, &world.set(), 1) else {
                panic!("{name} went unnoticed in {shape:?}")
            };
            assert!(found.len() == 1 && found[0].starts_with(&format!("{name} ")), "{name}: {found:?}");
        }
    }
}

#[test]
fn the_gate_catches_candles_layer_norm_in_place_of_ours() {
    let world = World::new(60);
    let objective = Objective { return_variance: 1e-4, beta: 1e-3, focal: 0.0 };
    for (name, model) in encoders() {
        let shape = ModelConfig { seq_len: SEQ_LEN, ..model };
        let network = Network::new(&shape, FEATURES, 1, DType::F32, &Device::Cpu).unwrap();
        let judged = with_candles_layer_norm(|| gradient_gate(&network, &objective, &world.set(), 1));
        let Err(TrainError::Gate(found)) = judged else { panic!("{name}: candle's layer norm went unnoticed") };
        for tensor in ["final.norm.gain", "final.norm.bias", "input.weight"] {
            assert!(found.iter().any(|words| words.starts_with(tensor)), "{name}: {tensor} not in {found:?}");
        }
    }
}

/// Eight windows, no dropout, z = mu: the network must be able to learn them by heart.
#[test]
fn eight_windows_are_overfitted() {
    let world = World::new(60);
    let shape = ModelConfig { dropout: 0.0, d_model: 32, d_ff: 64, num_heads: 4, ..shape(Norm::Pre, Pooling::Mean) };
    let network = Network::new(&shape, FEATURES, 1, DType::F32, &Device::Cpu).unwrap();
    let objective = Objective { return_variance: 1e-4, beta: 1e-3, focal: 0.0 };
    let (x, targets) = world.set().batch(&[10, 15, 20, 25, 30, 35, 40, 44], &Device::Cpu).unwrap();
    let mut adam = AdamW::new(network.params(), AdamWConfig::new(0.0));
    let mut gradients = Gradients::new(network.params());
    let mut start = None;
    let mut last = TaskLosses::default();
    for step in 0..500 {
        let outputs = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
        let losses = objective.losses(&network, &outputs, &targets).unwrap();
        last = TaskLosses::default();
        add_losses(&mut last, &losses, 1.0).unwrap();
        start.get_or_insert(last);
        gradients.clear();
        gradients.add(network.params(), &losses.total.backward().unwrap(), 1.0).unwrap();
        adam.step(network.params(), &gradients, warmup_cosine(step, 20, 500, 3e-3, 1e-5)).unwrap();
    }
    let start = start.unwrap();
    assert!(last.entry < 0.02 && last.exit < 0.02, "{last:?}");
    assert!(last.expected_return < 0.01 * start.expected_return, "{last:?} from {start:?}");
    assert!(last.volatility < 0.01 * start.volatility, "{last:?} from {start:?}");
}

#[test]
fn learning_beats_the_constants_and_moves_the_loss_weights() {
    let world = World::new(400);
    let shape = ModelConfig { dropout: 0.0, d_model: 16, ..shape(Norm::Pre, Pooling::Last) };
    let mut trainer = trainer(&world, &shape, 12);
    let mut last = None;
    while !trainer.finished() {
        last = Some(trainer.epoch(&go_on).unwrap().0);
    }
    let last = last.unwrap();
    assert!(last.score < 0.7, "{last:?}");
    assert!(last.learned.entry_auc.unwrap() > 0.9);
    assert!(last.log_variances.iter().all(|s| s.abs() > 1e-3), "{:?}", last.log_variances);
}

#[test]
fn an_absurd_learning_rate_stops_with_a_sentence() {
    let world = World::new(60);
    let network = Network::new(&shapes()[0], FEATURES, 1, DType::F32, &Device::Cpu).unwrap();
    let mut config = config(50);
    config.train.learning_rate = 1e30;
    config.train.max_grad_norm = 0.0;
    let mut trainer = Trainer::new(network, config, world.set()).unwrap();
    let error = loop {
        if let Err(error) = trainer.epoch(&go_on) {
            break error.to_string();
        }
    };
    assert!(error.contains("epoch") && error.contains("not finite") && error.contains("learning_rate"), "{error}");
}

#[test]
fn too_few_windows_and_cancelling_are_told() {
    let world = World::new(12);
    let network = Network::new(&shapes()[0], FEATURES, 1, DType::F32, &Device::Cpu).unwrap();
    assert!(matches!(Trainer::new(network, config(1), world.set()), Err(TrainError::TooFewWindows { .. })));
    let world = World::new(60);
    let stopped = trainer(&world, &shapes()[0], 1).epoch(&|_| Err(Cancelled));
    assert!(matches!(stopped, Err(TrainError::Cancelled(_))));
}
