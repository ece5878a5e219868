//! Networks, objective and optimiser against PyTorch; `tests/golden/make_torch.py` says how its values were made.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::{Network, Objective, Probe, Targets};
use crate::config::ModelConfig;
use crate::nn::{AdamW, AdamWConfig, Gradients, Noise};

const FILE: &[u8] = include_bytes!("../../tests/golden/torch.safetensors");

#[derive(Deserialize)]
struct Golden {
    seed: u64,
    features: usize,
    variance: f64,
    beta: f64,
    rate: f64,
    decay: f64,
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    weighted: bool,
    focal: f64,
    model: ModelConfig,
    parameters: BTreeMap<String, Vec<usize>>,
}

struct Table {
    golden: Golden,
    tensors: BTreeMap<String, Tensor>,
}

impl Table {
    fn read() -> Self {
        let (_, metadata) = SafeTensors::read_metadata(FILE).unwrap();
        let golden = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["golden"]).unwrap();
        let file = SafeTensors::deserialize(FILE).unwrap();
        let tensor = |view: &safetensors::tensor::TensorView<'_>| {
            let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
            Tensor::from_vec(values, view.shape(), &Device::Cpu).unwrap()
        };
        let tensors = file.iter().map(|(name, view)| (name.to_owned(), tensor(&view))).collect();
        Self { golden, tensors }
    }

    fn get(&self, name: &str, dtype: DType) -> Tensor {
        self.tensors[name].to_dtype(dtype).unwrap()
    }

    fn network(&self, name: &str, dtype: DType) -> Network {
        let case = &self.golden.cases[name];
        let network = Network::new(&case.model, self.golden.features, 1, dtype, &Device::Cpu).unwrap();
        let flat = self.get(&format!("{name}/weights"), dtype);
        let mut start = 0;
        let mut take = |shape: &Vec<usize>| {
            let n = shape.iter().product();
            start += n;
            flat.narrow(0, start - n, n).unwrap().reshape(shape.as_slice()).unwrap()
        };
        let weights = case.parameters.iter().map(|(name, shape)| (name.clone(), take(shape))).collect();
        network.params().restore(&weights).unwrap().unwrap();
        network
    }

    fn targets(&self, case: &Case, dtype: DType) -> Targets {
        let target = |name: &str| self.get(&format!("target/{name}"), dtype);
        Targets {
            entry: target("entry"),
            exit: target("exit"),
            expected_return: target("expected_return"),
            volatility: target("volatility"),
            net_return: target("net_return"),
            weight: case.weighted.then(|| target("weight")),
        }
    }

    fn objective(&self, case: &Case) -> Objective {
        Objective { return_variance: self.golden.variance, beta: self.golden.beta, focal: case.focal }
    }
}

fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// `tolerance` of the largest number of the tensor, or of `floor` if that is larger.
fn assert_close(got: &[f64], want: &[f64], tolerance: f64, floor: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().map(|v| v.abs()).fold(floor, f64::max);
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{what}[{i}]: {g} instead of {w}");
    }
}

#[test]
fn outputs_losses_and_every_gradient_are_pytorchs() {
    let table = Table::read();
    for (dtype, tolerance) in [(DType::F64, 3e-7), (DType::F32, 1e-5)] {
        for (name, case) in &table.golden.cases {
            let network = table.network(name, dtype);
            let x = table.get("x", dtype);
            let out = network.forward(&x, &mut Noise::at(table.golden.seed, 0), &mut Probe::default()).unwrap();
            let losses = table.objective(case).losses(&network, &out, &table.targets(case, dtype)).unwrap();
            let what = |part: &str| format!("{name} in {dtype:?}: {part}");
            let outputs = [
                &out.entry_logit,
                &out.exit_logit,
                &out.expected_return,
                &out.volatility,
                &out.size,
                &out.pooled,
                &out.reconstruction,
                &out.mu,
                &out.logvar,
            ];
            let mut all = flat(&table.get(&format!("{name}/outputs"), dtype));
            for (i, output) in outputs.into_iter().enumerate() {
                let rest = all.split_off(output.elem_count());
                assert_close(&flat(output), &all, tolerance, 0.0, &what(&format!("output {i}")));
                all = rest;
            }
            let own: Vec<f64> =
                std::iter::once(&losses.total).chain(&losses.tasks).chain([&losses.size]).flat_map(flat).collect();
            for (i, (got, want)) in own.iter().zip(flat(&table.get(&format!("{name}/losses"), dtype))).enumerate() {
                assert_close(&[*got], &[want], tolerance, 0.0, &what(&format!("loss {i}")));
            }
            let grads = losses.total.backward().unwrap();
            let mut all = flat(&table.get(&format!("{name}/gradients"), dtype));
            // A bias whose windows cancel out keeps the digits of what cancelled.
            let floor = 1e-3 * all.iter().map(|v| v.abs()).fold(0.0, f64::max);
            for (parameter, var) in network.params().iter() {
                let rest = all.split_off(var.elem_count());
                assert_close(&flat(grads.get(var).unwrap()), &all, tolerance, floor, &what(parameter));
                all = rest;
            }
            assert!(all.is_empty(), "{}", what("gradients left over"));
        }
    }
}

#[test]
fn twenty_steps_follow_pytorchs_loss_curve() {
    let table = Table::read();
    for (name, case) in &table.golden.cases {
        let network = table.network(name, DType::F32);
        let (x, y, objective) = (table.get("x", DType::F32), table.targets(case, DType::F32), table.objective(case));
        let mut adam = AdamW::new(network.params(), AdamWConfig::new(table.golden.decay));
        let mut gradients = Gradients::new(network.params());
        let want = flat(&table.get(&format!("{name}/curve"), DType::F64));
        assert_eq!(want.len(), 20);
        for (step, want) in want.into_iter().enumerate() {
            let mut noise = Noise::at(table.golden.seed, step as u64);
            let out = network.forward(&x, &mut noise, &mut Probe::default()).unwrap();
            let loss = objective.losses(&network, &out, &y).unwrap().total;
            assert_close(&flat(&loss), &[want], 1e-5, 0.0, &format!("{name}, loss of step {step}"));
            gradients.clear();
            gradients.add(network.params(), &loss.backward().unwrap(), 1.0).unwrap();
            adam.step(network.params(), &gradients, table.golden.rate).unwrap();
        }
    }
}
