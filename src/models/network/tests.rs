use candle_core::Var;

use super::*;
use crate::config::{Encoder, Pooling};
use crate::models::samples::{encoders, small, variants};
use crate::models::{Objective, Targets};
use crate::nn::{AdamW, AdamWConfig, Gradients, bce_with_logits, mse};

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
    for (name, config) in variants() {
        let make = |seed| Network::new(&config, 4, seed, DType::F32, &Device::Cpu).unwrap();
        let run = |network: &Network| {
            let mut probe = Probe::recording();
            let out = network.forward(&input(3, 1, DType::F32), &mut Noise::off(), &mut probe).unwrap();
            assert_eq!(probe.attention.len(), if network.has_attention() { 2 } else { 0 }, "{name}");
            for weights in &probe.attention {
                assert_eq!(weights.dims(), [3, 2, 5, 5]);
                let rows = weights.sum(3).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                assert!(rows.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{name}");
            }
            assert_eq!(probe.pooling.is_none(), config.encoder == Encoder::Tpa, "{name}");
            if let Some(pooling) = probe.pooling {
                let pooling: Vec<Vec<f32>> = pooling.to_vec2().unwrap();
                assert!(pooling.iter().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6), "{name}");
            }
            assert_eq!((out.mu.dims(), out.pooled.dims()), (&[3, 3][..], &[3, 8][..]), "{name}");
            out.entry_logit.to_vec1::<f32>().unwrap()
        };
        assert_eq!(run(&make(1)), run(&make(1)), "{name}");
        assert_ne!(run(&make(1)), run(&make(2)), "{name}");
    }
    let bad = [ModelConfig { num_heads: 3, ..small() }, ModelConfig { num_heads: 0, ..small() }];
    assert!(bad.iter().all(|config| Network::new(config, 4, 1, DType::F32, &Device::Cpu).is_err()));
}

/// Changing a bar changes no state before it where the encoder looks back only, and some where it does not.
#[test]
fn only_an_open_transformer_looks_ahead() {
    for (name, config) in variants().into_iter().filter(|(_, config)| config.encoder != Encoder::Tpa) {
        let run = |changed: usize| {
            let network =
                Network::new(&ModelConfig { pooling: Pooling::Last, ..config.clone() }, 4, 1, DType::F64, &Device::Cpu)
                    .unwrap();
            let mut values = input(1, 1, DType::F64).to_vec3::<f64>().unwrap();
            values[0][changed][0] += 1.0;
            let x = Tensor::new(values, &Device::Cpu).unwrap();
            network
                .encoder
                .states(&x, &mut Noise::off(), &mut Probe::default(), &GradientPath::None)
                .unwrap()
                .to_vec3::<f64>()
                .unwrap()
        };
        let (plain, moved) = (run(4), run(3));
        let closed = config.encoder != Encoder::Transformer || config.causal;
        assert_eq!(plain[0][..3] == moved[0][..3], closed, "{name}");
        assert_ne!(plain[0][3], moved[0][3], "{name}");
    }
}

/// The loss of the whole network against central differences, for some elements of every parameter.
#[test]
fn whole_network_gradient_is_exact() {
    for (variant, config) in variants() {
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
            let moving = mse(&out.reconstruction, &out.pooled.detach(), None).unwrap();
            let held = mse(&out.reconstruction, &fixed, None).unwrap();
            let weight = network.log_variances()[4].squeeze(0).unwrap().neg().unwrap().exp().unwrap();
            ((plain.total + (&weight * held).unwrap()).unwrap() - (weight * moving).unwrap()).unwrap()
        };
        let out = network.forward(&x, &mut Noise::at(1, 1), &mut Probe::default()).unwrap();
        let grads = OBJECTIVE.losses(&network, &out, &y).unwrap().total.backward().unwrap();
        for (name, var) in network.params().iter() {
            let got = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let got = got.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let values = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            {
                let i = (7 * name.len()) % values.len();
                let at = |delta: f64| {
                    let mut moved = values.clone();
                    moved[i] += delta;
                    var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap()).unwrap();
                    loss(name.starts_with("head.size")).to_scalar::<f64>().unwrap()
                };
                let want = (at(1e-5) - at(-1e-5)) / 2e-5;
                var.set(&Tensor::from_vec(values.clone(), var.shape(), &Device::Cpu).unwrap()).unwrap();
                assert!((got[i] - want).abs() < 1e-7 + 1e-6 * want.abs(), "{variant} {name}[{i}]: {} {want}", got[i]);
            }
        }
    }
}

#[test]
fn windows_of_a_batch_do_not_meet() {
    for (name, config) in variants() {
        let network = Network::new(&config, 4, 3, DType::F32, &Device::Cpu).unwrap();
        let both = input(2, 7, DType::F32);
        let run = |x: &Tensor| {
            let out = network.forward(x, &mut Noise::off(), &mut Probe::default()).unwrap();
            out.expected_return.to_vec1::<f32>().unwrap()
        };
        let other = Tensor::cat(&[&both.narrow(0, 0, 1).unwrap(), &input(1, 8, DType::F32)], 0).unwrap();
        assert_eq!(run(&both)[0].to_bits(), run(&other)[0].to_bits(), "{name}");
    }
}

/// Loss and all gradients of a noisy pass.
fn pass(config: &ModelConfig) -> Vec<u32> {
    let config = ModelConfig { dropout: 0.2, ..config.clone() };
    let network = Network::new(&config, 4, 3, DType::F32, &Device::Cpu).unwrap();
    let out = network.forward(&input(20, 2, DType::F32), &mut Noise::at(1, 1), &mut Probe::default()).unwrap();
    let single = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
    let y = targets(20);
    let y = Targets {
        entry: single(&y.entry),
        exit: single(&y.exit),
        expected_return: single(&y.expected_return),
        volatility: single(&y.volatility),
        net_return: single(&y.net_return),
        weight: Some(single(&y.volatility)),
    };
    let loss = Objective { focal: 2.0, ..OBJECTIVE }.losses(&network, &out, &y).unwrap().total;
    let grads = loss.backward().unwrap();
    let bits = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits);
    network.params().iter().flat_map(|(_, var)| bits(grads.get(var).unwrap())).chain(bits(&loss)).collect()
}

#[test]
fn the_same_bytes_again_and_with_any_number_of_threads() {
    for (name, config) in variants() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pass(&config))
        };
        let one = with(1);
        assert_eq!(one, with(1), "{name}");
        assert_eq!(one, with(2), "{name}");
    }
}

/// AdamW brings a handful of windows with random truths far below what constants reach.
#[test]
fn every_encoder_can_learn_a_few_windows_by_heart() {
    for (name, config) in encoders() {
        let config = ModelConfig { d_model: 16, d_ff: 32, ..config };
        let network = Network::new(&config, 4, 3, DType::F32, &Device::Cpu).unwrap();
        let single = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
        let (x, y) = (input(8, 2, DType::F32), targets(8));
        let (entry, truth) = (single(&y.entry), single(&y.expected_return));
        let mut adam = AdamW::new(network.params(), AdamWConfig::new(0.0));
        let mut gradients = Gradients::new(network.params());
        let mut losses = Vec::new();
        for _ in 0..150 {
            let out = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
            let entry = bce_with_logits(&out.entry_logit, &entry, None).unwrap();
            let loss = (entry + mse(&out.expected_return, &truth, None).unwrap()).unwrap();
            losses.push(loss.to_scalar::<f32>().unwrap());
            gradients.clear();
            gradients.add(network.params(), &loss.backward().unwrap(), 1.0).unwrap();
            adam.step(network.params(), &gradients, 0.01).unwrap();
        }
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < 0.02 * first, "{name}: {first} to {last}");
    }
}

#[test]
fn uniform_replacement_changes_only_what_it_names() {
    for causal in [false, true] {
        let network = Network::new(&ModelConfig { causal, ..small() }, 4, 3, DType::F64, &Device::Cpu).unwrap();
        let x = input(2, 7, DType::F64);
        let run = |mut probe: Probe| {
            let out = network.forward(&x, &mut Noise::off(), &mut probe).unwrap();
            out.pooled.flatten_all().unwrap().to_vec1::<f64>().unwrap()
        };
        let plain = run(Probe::default());
        assert_ne!(plain, run(Probe::uniform([(0, 1)])));
        assert_eq!(plain, run(Probe::uniform([(7, 0)])));
        // Without queries learned attention is uniform already.
        let qkv = network.params().get("encoder.00.attention.qkv.weight").unwrap();
        let others = qkv.narrow(0, 8, 16).unwrap();
        let none = Tensor::zeros((8, 8), DType::F64, &Device::Cpu).unwrap();
        qkv.set(&Tensor::cat(&[&none, &others], 0).unwrap()).unwrap();
        let gap = run(Probe::default()).into_iter().zip(run(Probe::uniform([(0, 0), (0, 1)])));
        assert!(gap.into_iter().all(|(learned, replaced)| (learned - replaced).abs() < 1e-12));
        let mut probe = Probe::recording();
        network.forward(&x, &mut Noise::off(), &mut probe).unwrap();
        let even = &probe.attention[0];
        let entropy =
            (even.maximum(1e-300).unwrap().log().unwrap() * even).unwrap().sum(3).unwrap().mean_all().unwrap();
        assert!((entropy.to_scalar::<f64>().unwrap() + network.uniform_entropy()).abs() < 1e-12);
    }
}

#[test]
fn the_input_has_a_gradient_for_attribution() {
    for (name, config) in encoders() {
        let network = Network::new(&config, 4, 3, DType::F32, &Device::Cpu).unwrap();
        let x = Var::from_tensor(&input(2, 7, DType::F32)).unwrap();
        let out = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
        let grads = out.entry_logit.sum_all().unwrap().backward().unwrap();
        let grad = grads.get(&x).unwrap();
        assert_eq!(grad.dims(), [2, 5, 4], "{name}");
        assert!(grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn a_forecaster_says_what_the_network_says_and_does_not_learn() {
    for (name, config) in variants() {
        let network = Network::new(&config, 4, 3, DType::F32, &Device::Cpu).unwrap();
        let x = input(3, 7, DType::F32);
        let values = |out: &Outputs| {
            let all = [&out.entry_logit, &out.volatility, &out.size, &out.mu, &out.reconstruction];
            all.iter().flat_map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap()).collect::<Vec<_>>()
        };
        let plain = values(&network.forecast(&x).unwrap());
        let forecaster = network.forecaster().unwrap();
        for (a, b) in plain.iter().zip(values(&forecaster.forecast(&x).unwrap())) {
            assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{name}: {a} and {b}");
        }
        let bias = network.params().get("head.entry.output.bias").unwrap();
        bias.set(&(bias.as_tensor() + 1.0).unwrap()).unwrap();
        let [moved, kept] = [network.forecast(&x), forecaster.forecast(&x)].map(|out| values(&out.unwrap())[0]);
        assert!((moved - plain[0] - 1.0).abs() < 1e-5 && (kept - plain[0]).abs() < 1e-5, "{name}");
    }
}
