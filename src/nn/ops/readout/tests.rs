//! The fused readout against finite differences and against the composed one.

use candle_core::{DType, Device, Tensor, Var};
use proptest::prelude::*;

use super::*;
use crate::nn::Sink;
use crate::nn::ops::agreement::{assert_close, flat, random, weigh};
use crate::nn::ops::composed;

struct Case {
    shape: ReadoutShape,
    noise: Noise,
    x: Var,
    vars: Vec<Var>,
}

impl Case {
    fn new(windows: usize, width: usize, latents: usize, noise: Noise, dtype: DType) -> Self {
        let shape = ReadoutShape { width, latents, dropout: 0.3 };
        let make = |t: Tensor| Var::from_tensor(&t.to_dtype(dtype).unwrap()).unwrap();
        let vars = shape
            .names()
            .iter()
            .enumerate()
            .map(|(i, (_, d))| make((random(d, 20 + i as u64) * 0.5).unwrap()))
            .collect();
        Self { x: make((random(&[windows, width], 3) * 0.5).unwrap()), shape, noise, vars }
    }

    fn params(&self) -> ReadoutParams {
        ReadoutParams { tensors: self.vars.iter().map(|v| v.as_tensor().clone()).collect(), transposed: false }
    }

    fn fused(&self, path: &GradientPath, arenas: &Arenas) -> Tensor {
        readout(self.x.as_tensor(), &self.params(), &self.shape, &mut self.noise.clone(), path, arenas).unwrap()
    }

    fn composed(&self) -> Tensor {
        composed::readout(
            self.x.as_tensor(),
            &self.params().tensors,
            &self.shape,
            &mut self.noise.clone(),
            &GradientPath::Tensors,
        )
        .unwrap()
    }

    fn gradients(&self, y: &Tensor) -> Vec<Vec<f64>> {
        let grads = weigh(y).backward().unwrap();
        std::iter::once(&self.x).chain(&self.vars).map(|v| flat(grads.get(v).expect("a gradient"))).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn fused_and_composed_readouts_agree(windows in 1..5_usize, half in 1..5_usize, latents in 1..4_usize, on: bool) {
        let noise = if on { Noise::at(5, 1) } else { Noise::off() };
        let case = Case::new(windows, 2 * half, latents, noise.clone(), DType::F64);
        let (fused, composed) = (case.fused(&GradientPath::Tensors, &Arenas::default()), case.composed());
        prop_assert_eq!(fused.dims(), [windows, case.shape.columns()]);
        assert_close(&flat(&fused), &flat(&composed), 1e-9, "values");
        let names = std::iter::once("x".to_owned()).chain(case.shape.names().into_iter().map(|(name, _)| name));
        let both = case.gradients(&fused).into_iter().zip(case.gradients(&composed));
        for (name, (got, want)) in names.zip(both) {
            assert_close(&got, &want, 1e-9, &format!("gradient of {name}"));
        }
        let turned = case.params().transposed(&case.shape).unwrap();
        let (mut noise_again, path) = (case.noise.clone(), GradientPath::Tensors);
        let x = case.x.as_tensor();
        let again = readout(x, &turned, &case.shape, &mut noise_again, &path, &Arenas::default()).unwrap();
        assert_close(&flat(&again), &flat(&fused), 1e-12, "transposed");
        let single = Case::new(windows, 2 * half, latents, noise, DType::F32);
        assert_close(&flat(&single.fused(&GradientPath::None, &Arenas::default())), &flat(&composed), 1e-5, "in f32");
    }
}

/// Central differences of every parameter and, but for the size head which hides from it, the input.
#[test]
fn every_gradient_is_the_slope() {
    const STEP: f64 = 1e-5;
    let case = Case::new(3, 6, 2, Noise::at(5, 1), DType::F64);
    let arenas = Arenas::default();
    // The size's column, which is the last head's, left out and alone.
    for size in [false, true] {
        let value = |path: &GradientPath| {
            let y = case.fused(path, &arenas);
            let columns: Vec<f64> = (0..y.dim(1).unwrap()).map(|i| f64::from(u8::from((i == 4) == size))).collect();
            weigh(&y.broadcast_mul(&Tensor::new(columns, &Device::Cpu).unwrap()).unwrap())
        };
        let grads = value(&GradientPath::Tensors).backward().unwrap();
        let names = std::iter::once("x".to_owned()).chain(case.shape.names().into_iter().map(|(name, _)| name));
        for (name, var) in names.zip(std::iter::once(&case.x).chain(&case.vars)) {
            let got = flat(grads.get(var).unwrap());
            if size && !name.starts_with("head.size") {
                assert!(got.iter().all(|g| *g == 0.0), "the size head moves {name}");
                continue;
            }
            let start = flat(var);
            let set =
                |values: Vec<f64>| var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
            let at = |i: usize, delta: f64| {
                let mut moved = start.clone();
                moved[i] += delta;
                set(moved);
                value(&GradientPath::None).to_scalar::<f64>().unwrap()
            };
            let want: Vec<f64> = (0..start.len()).map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP)).collect();
            set(start);
            assert_close(&got, &want, 1e-7, &name);
        }
    }
}

#[test]
fn threads_and_the_way_of_the_gradient_change_no_bit() {
    let case = Case::new(70, 96, 3, Noise::at(5, 1), DType::F32);
    let tensors = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| case.gradients(&case.fused(&GradientPath::Tensors, &Arenas::default())))
    };
    let one = tensors(1);
    assert!(one.iter().flatten().any(|g| *g != 0.0) && one == tensors(2) && one == tensors(5));
    let parts = case.shape.names().into_iter().map(|(n, d)| (n, d.iter().product())).collect();
    let sink = Sink::new(parts).unwrap();
    let y = case.fused(&GradientPath::Sink(sink.clone()), &Arenas::default());
    let grads = weigh(&y).backward().unwrap();
    assert_eq!(flat(grads.get(&case.x).unwrap()), one[0]);
    let held: Vec<f64> = sink.values().iter().map(|g| f64::from(*g)).collect();
    assert_eq!(held, one[1..].concat());
}
