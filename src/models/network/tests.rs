use candle_core::Var;

use super::*;
use crate::config::Pooling;
use crate::models::{Objective, Targets};

fn small() -> ModelConfig {
    ModelConfig {
        seq_len: 5,
        d_model: 8,
        num_heads: 2,
        num_layers: 2,
        d_ff: 12,
        dropout: 0.0,
        latent_dim: 3,
        ..ModelConfig::default()
    }
}

/// Every norm and pooling.
fn variants() -> Vec<ModelConfig> {
    let mut all = Vec::new();
    for norm in [Norm::Pre, Norm::Post] {
        for pooling in [Pooling::Mean, Pooling::Last, Pooling::Attention] {
            all.push(ModelConfig { pooling, norm, ..small() });
        }
    }
    all
}

fn input(b: usize, key: u64, dtype: DType) -> Tensor {
    let values = Noise::at(key, 0).normals(b * 5 * 4);
    Tensor::from_vec(values, (b, 5, 4), &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

fn targets(b: usize) -> Targets {
    let column =
        |k: u64| Tensor::from_vec(Noise::at(k, 1).normals(b), b, &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap();
    let flags = |k: u64| column(k).gt(0.0).unwrap().to_dtype(DType::F64).unwrap();
    Targets {
        entry: flags(1),
        exit: flags(2),
        expected_return: column(3),
        volatility: column(4).abs().unwrap(),
        net_return: (column(5) * 0.01).unwrap(),
        weight: None,
    }
}

const OBJECTIVE: Objective = Objective { return_variance: 1e-4, beta: 0.1, focal: 0.0 };

#[test]
fn shapes_and_seeds() {
    for config in variants() {
        let make = |seed| Network::new(&config, 4, seed, DType::F32, &Device::Cpu).unwrap();
        let run = |network: &Network| {
            let mut probe = Probe::recording();
            let out = network.forward(&input(3, 1, DType::F32), &mut Noise::off(), &mut probe).unwrap();
            assert_eq!(probe.attention.len(), 2);
            assert_eq!(probe.attention[0].dims(), [3, 2, 5, 5]);
            let pooling: Vec<Vec<f32>> = probe.pooling.unwrap().to_vec2().unwrap();
            assert!(pooling.iter().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6));
            assert_eq!((out.mu.dims(), out.pooled.dims()), (&[3, 3][..], &[3, 8][..]));
            out.entry_logit.to_vec1::<f32>().unwrap()
        };
        assert_eq!(run(&make(1)), run(&make(1)));
        assert_ne!(run(&make(1)), run(&make(2)));
    }
    assert!(Network::new(&ModelConfig { num_heads: 3, ..small() }, 4, 1, DType::F32, &Device::Cpu).is_err());
}

/// The loss of the whole network against central differences, for some elements of every parameter.
#[test]
fn whole_network_gradient_is_exact() {
    for config in variants() {
        let network = Network::new(&config, 4, 3, DType::F64, &Device::Cpu).unwrap();
        let (x, y) = (input(6, 2, DType::F64), targets(6));
        // The detached target of the VAE and the detached input of the size head are no true derivatives: hold both
        // at their values at the starting point.
        let start = network.forward(&x, &mut Noise::at(1, 1), &mut Probe::default()).unwrap();
        let fixed = start.pooled.detach();
        let size = start.size.detach();
        let loss = |free_size: bool| {
            let mut out = network.forward(&x, &mut Noise::at(1, 1), &mut Probe::default()).unwrap();
            if !free_size {
                out.size = size.clone();
            }
            let plain = OBJECTIVE.losses(&network, &out, &y).unwrap();
            // Swap the moving reconstruction target for the fixed one.
            let moving = crate::nn::mse(&out.reconstruction, &out.pooled.detach(), None).unwrap();
            let held = crate::nn::mse(&out.reconstruction, &fixed, None).unwrap();
            let weight = network.log_variances()[4].squeeze(0).unwrap().neg().unwrap().exp().unwrap();
            ((plain.total + (&weight * held).unwrap()).unwrap() - (weight * moving).unwrap()).unwrap()
        };
        let out = network.forward(&x, &mut Noise::at(1, 1), &mut Probe::default()).unwrap();
        let grads = OBJECTIVE.losses(&network, &out, &y).unwrap().total.backward().unwrap();
        for (name, var) in network.params().iter() {
            let got = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let got = got.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let values = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            for i in [0, values.len() / 2, values.len() - 1] {
                let at = |delta: f64| {
                    let mut moved = values.clone();
                    moved[i] += delta;
                    var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap()).unwrap();
                    loss(name.starts_with("head.size")).to_scalar::<f64>().unwrap()
                };
                let want = (at(1e-5) - at(-1e-5)) / 2e-5;
                var.set(&Tensor::from_vec(values.clone(), var.shape(), &Device::Cpu).unwrap()).unwrap();
                assert!((got[i] - want).abs() < 1e-7 + 1e-6 * want.abs(), "{config:?} {name}[{i}]: {} {want}", got[i]);
            }
        }
    }
}

#[test]
fn windows_of_a_batch_do_not_meet() {
    let network = Network::new(&small(), 4, 3, DType::F32, &Device::Cpu).unwrap();
    let both = input(2, 7, DType::F32);
    let run = |x: &Tensor| {
        let out = network.forward(x, &mut Noise::off(), &mut Probe::default()).unwrap();
        out.expected_return.to_vec1::<f32>().unwrap()
    };
    let other = Tensor::cat(&[&both.narrow(0, 0, 1).unwrap(), &input(1, 8, DType::F32)], 0).unwrap();
    assert_eq!(run(&both)[0].to_bits(), run(&other)[0].to_bits());
}

#[test]
fn uniform_replacement_changes_only_what_it_names() {
    let network = Network::new(&small(), 4, 3, DType::F64, &Device::Cpu).unwrap();
    let x = input(2, 7, DType::F64);
    let run = |mut probe: Probe| {
        let out = network.forward(&x, &mut Noise::off(), &mut probe).unwrap();
        out.pooled.flatten_all().unwrap().to_vec1::<f64>().unwrap()
    };
    let plain = run(Probe::default());
    assert_ne!(plain, run(Probe::uniform([(0, 1)])));
    assert_eq!(plain, run(Probe::uniform([(7, 0)])));
    // With equal bars learned attention is uniform already.
    let network = Network::new(&small(), 4, 3, DType::F64, &Device::Cpu).unwrap();
    let qkv = Tensor::ones((1, 5, 24), DType::F64, &Device::Cpu).unwrap();
    let replaced = Probe::uniform([(0, 0), (0, 1)]).attend(0, &qkv, 2).unwrap().unwrap();
    let learned = ops::self_attention(&qkv, 2, 0.0, &mut Noise::off()).unwrap();
    let gap = (replaced - learned).unwrap().abs().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap();
    assert!(gap < 1e-12, "{gap} {}", network.features());
}

#[test]
fn the_input_has_a_gradient_for_attribution() {
    let network = Network::new(&small(), 4, 3, DType::F32, &Device::Cpu).unwrap();
    let x = Var::from_tensor(&input(2, 7, DType::F32)).unwrap();
    let out = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
    let grads = out.entry_logit.sum_all().unwrap().backward().unwrap();
    assert_eq!(grads.get(&x).unwrap().dims(), [2, 5, 4]);
}
