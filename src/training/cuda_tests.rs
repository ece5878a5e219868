//! The CPU against a CUDA device: loss, gradients, the course of a training, checkpoints. `tests/gpu_table.sh` runs them.

use candle_core::Device;

use super::planted::{FEATURES, SEQ_LEN, World, config, shape};
use super::*;
use crate::config::{Encoder, ModelConfig, Norm, Pooling, Precision};
use crate::models::samples::variants;
use crate::models::{Network, Objective, Probe};
use crate::nn::Noise;

const RATE: f64 = 1e-3;

fn device() -> Device {
    crate::nn::cuda::open(0).unwrap().0
}

/// Every kind of network, and what bfloat16 is for.
fn models(precision: Precision) -> Vec<ModelConfig> {
    let wide = |model| ModelConfig { d_model: 64, num_heads: 4, d_ff: 128, num_layers: 2, ..model };
    let mut all = vec![
        wide(shape(Norm::Pre, Pooling::Mean)),
        ModelConfig { causal: true, ..wide(shape(Norm::Post, Pooling::Last)) },
    ];
    if precision == Precision::F32 {
        let sized = |model| ModelConfig { seq_len: SEQ_LEN, dropout: 0.1, latent_dim: 2, ..model };
        all.extend(variants().into_iter().map(|(_, model)| sized(model)));
    }
    assert!(precision == Precision::F32 || all.iter().all(|model| model.encoder == Encoder::Transformer));
    all
}

fn trainer<'a>(world: &'a World, model: &ModelConfig, precision: Precision, device: &Device) -> Trainer<'a> {
    let mut config = config(8);
    (config.train.precision, config.train.accumulation_steps) = (precision, 2);
    let network = fresh_network(model, FEATURES, &config.train, device).unwrap();
    Trainer::new(network, config, world.set()).unwrap()
}

/// Loss and gradients by name of one pass with dropout and latent noise.
fn pass(network: &Network, world: &World) -> (f64, Vec<(String, Vec<f32>)>) {
    let objective = Objective { return_variance: 1e-4, beta: 1e-3, focal: 0.0 };
    let (x, targets) = world.set().batch(&world.train[..32], network.device()).unwrap();
    let outputs = network.forward(&x, &mut Noise::at(1, 7), &mut Probe::default()).unwrap();
    let loss = objective.losses(network, &outputs, &targets).unwrap().total;
    let grads = loss.backward().unwrap();
    let flat = |grad: &candle_core::Tensor| grad.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let of = network.params().iter().map(|(name, var)| (name.to_owned(), flat(grads.get(var).expect(name))));
    (f64::from(loss.to_scalar::<f32>().unwrap()), of.collect())
}

fn square(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value).powi(2)).sum()
}

fn loss_and_gradients_agree(precision: Precision, tolerance: f64) {
    let (world, device) = (World::new(90), device());
    for model in models(precision) {
        let here = trainer(&world, &model, Precision::F32, &Device::Cpu);
        let there = trainer(&world, &model, precision, &device);
        let ((loss, gradients), (other, others)) = (pass(here.network(), &world), pass(there.network(), &world));
        assert!((loss - other).abs() <= tolerance * loss.abs(), "{model:?}: {loss} {other}");
        let whole = square(gradients.iter().flat_map(|(_, g)| g.iter().copied()));
        let mut apart = 0.0;
        for ((name, a), (_, b)) in gradients.iter().zip(&others) {
            let own = square(a.iter().zip(b).map(|(a, b)| a - b));
            let allowed = tolerance * (square(a.iter().copied()).sqrt() + 0.1 * whole.sqrt());
            assert!(own.sqrt() <= allowed, "{model:?}, {name}: {} above {allowed}", own.sqrt());
            apart += own;
        }
        assert!(apart.sqrt() <= tolerance * whole.sqrt(), "{model:?}: {} of {}", apart.sqrt(), whole.sqrt());
    }
}

fn twenty_steps_agree(precision: Precision, tolerance: f64) {
    let (world, device) = (World::new(90), device());
    for model in models(precision) {
        let mut here = trainer(&world, &model, Precision::F32, &Device::Cpu);
        let mut there = trainer(&world, &model, precision, &device);
        for step in 0..20 {
            let (a, b) = (here.step_at(RATE).unwrap().loss, there.step_at(RATE).unwrap().loss);
            assert!((a - b).abs() <= tolerance * a.abs().max(1.0), "{model:?}, step {step}: {a} {b}");
        }
    }
}

#[test]
#[ignore = "needs a CUDA device"]
fn loss_and_gradients_are_the_cpus() {
    loss_and_gradients_agree(Precision::F32, 1e-3);
}

#[test]
#[ignore = "needs a CUDA device"]
fn loss_and_gradients_with_bfloat16_are_nearly_the_cpus() {
    loss_and_gradients_agree(Precision::Bf16, 1e-2);
}

#[test]
#[ignore = "needs a CUDA device"]
fn twenty_steps_take_the_cpus_course() {
    twenty_steps_agree(Precision::F32, 1e-3);
}

#[test]
#[ignore = "needs a CUDA device"]
fn twenty_steps_with_bfloat16_nearly_take_the_cpus_course() {
    twenty_steps_agree(Precision::Bf16, 1e-2);
}

/// Forecasts, with and without recording, keep nothing for a way back and give the same numbers.
#[test]
#[ignore = "needs a CUDA device"]
fn forecasts_are_the_cpus_and_have_no_way_back() {
    let (world, device) = (World::new(90), device());
    for model in models(Precision::F32) {
        let [here, there] = [&Device::Cpu, &device].map(|place| trainer(&world, &model, Precision::F32, place));
        let outputs = |trainer: &Trainer<'_>, record: bool| {
            let (x, _) = world.set().batch(&world.train[..5], trainer.network().device()).unwrap();
            let outputs = trainer.network().observe(&x, &mut Probe { record, ..Probe::default() }).unwrap();
            assert!(!outputs.entry_logit.track_op() || model.encoder != Encoder::Transformer, "{model:?}");
            outputs.entry_logit.to_vec1::<f32>().unwrap()
        };
        let want = outputs(&here, false);
        for record in [false, true] {
            let got = outputs(&there, record);
            assert!(want.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-4), "{model:?}: {want:?} {got:?}");
        }
    }
}

#[test]
#[ignore = "needs a CUDA device"]
fn a_checkpoint_goes_on_on_either_device() {
    let (world, device, dir) = (World::new(90), device(), tempfile::tempdir().unwrap());
    let path = dir.path().join("last");
    let model = &models(Precision::Bf16)[0];
    let mut first = trainer(&world, model, Precision::F32, &device);
    for _ in 0..3 {
        first.step(&|_| Ok(())).unwrap();
    }
    write_checkpoint(&path, "key", &first).unwrap();
    let moments = |trainer: &Trainer<'_>| trainer.optimizer().state().unwrap().1.to_vec1::<f32>().unwrap();
    let rate = first.learning_rate();
    let straight = moments(&first);
    for place in [&device, &Device::Cpu] {
        let mut resumed = trainer(&world, model, Precision::F32, place);
        read_checkpoint(&path, "key", &mut resumed).unwrap();
        assert_eq!(
            (moments(&resumed), resumed.optimizer().steps(), resumed.learning_rate()),
            (straight.clone(), 3, rate)
        );
        resumed.step(&|_| Ok(())).unwrap();
        assert_ne!(moments(&resumed), straight);
    }
}
