//! Every operation against finite differences in f64 and against its composed version.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::composed;
use crate::nn::Noise;

fn random(shape: &[usize], key: u64) -> Tensor {
    let n = shape.iter().product();
    let values: Vec<f64> = Noise::at(key, 0).normals(n).into_iter().map(f64::from).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A scalar whose gradient differs for every element of `y`.
fn weigh(y: &Tensor) -> Result<Tensor> {
    (y * random(y.dims(), 99))?.sum_all()
}

type Op<'a> = dyn Fn(&[Tensor]) -> Result<Tensor> + 'a;

fn gradients(inputs: &[Tensor], op: &Op<'_>) -> Vec<Vec<f64>> {
    let vars: Vec<Var> = inputs.iter().map(|t| Var::from_tensor(t).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let grads = weigh(&op(&tensors).unwrap()).unwrap().backward().unwrap();
    tensors.iter().map(|t| flat(grads.get(t).expect("every input has a gradient"))).collect()
}

fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().map(|v| v.abs()).fold(1e-3, f64::max);
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{what}, element {i}: {g} instead of {w}");
    }
}

/// Central differences in f64.
fn check_finite_differences(name: &str, inputs: &[Tensor], op: &Op<'_>) {
    const STEP: f64 = 1e-5;
    for (which, got) in gradients(inputs, op).iter().enumerate() {
        let values = flat(&inputs[which]);
        let at = |i: usize, delta: f64| {
            let mut moved = values.clone();
            moved[i] += delta;
            let mut all = inputs.to_vec();
            all[which] = Tensor::from_vec(moved, inputs[which].shape(), &Device::Cpu).unwrap();
            weigh(&op(&all).unwrap()).unwrap().to_scalar::<f64>().unwrap()
        };
        let want: Vec<f64> = (0..values.len()).map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP)).collect();
        assert_close(got, &want, 1e-7, &format!("{name}, input {which}"));
    }
}

/// Ours against the composed version: values and gradients in f64, values in f32.
fn check_oracle(name: &str, inputs: &[Tensor], ours: &Op<'_>, oracle: &Op<'_>) {
    assert_close(&flat(&ours(inputs).unwrap()), &flat(&oracle(inputs).unwrap()), 1e-10, name);
    for (a, b) in gradients(inputs, ours).iter().zip(gradients(inputs, oracle)) {
        assert_close(a, &b, 1e-10, &format!("gradient of {name}"));
    }
    let single: Vec<Tensor> = inputs.iter().map(|t| t.to_dtype(DType::F32).unwrap()).collect();
    assert_close(&flat(&ours(&single).unwrap()), &flat(&oracle(inputs).unwrap()), 1e-5, &format!("{name} in f32"));
}

#[test]
fn layer_norm_is_exact() {
    // More rows than one parallel chunk.
    let inputs = [random(&[70, 6], 1), random(&[6], 2), random(&[6], 3)];
    let ours = |t: &[Tensor]| super::layer_norm(&t[0], &t[1], &t[2]);
    check_finite_differences("layer_norm", &inputs, &ours);
    check_oracle("layer_norm", &inputs, &ours, &|t| composed::layer_norm(&t[0], &t[1], &t[2]));
}

#[test]
fn linear_and_gelu_are_exact() {
    let inputs = [random(&[5, 14, 3], 1), random(&[4, 3], 2), random(&[4], 3)];
    let linear = |t: &[Tensor]| super::linear(&t[0], &t[1], &t[2]);
    check_finite_differences("linear", &inputs, &linear);
    let plain = |t: &[Tensor]| t[0].broadcast_matmul(&t[1].t()?)?.broadcast_add(&t[2]);
    check_oracle("linear", &inputs, &linear, &plain);
    let gelu = |t: &[Tensor]| super::linear_gelu(&t[0], &t[1], &t[2]);
    check_finite_differences("linear_gelu", &inputs, &gelu);
    check_oracle("linear_gelu", &inputs, &gelu, &|t| composed::gelu(&plain(t)?));
}

#[test]
fn attention_is_exact_with_and_without_dropout() {
    let inputs = [random(&[3, 5, 12], 1)];
    for p in [0.0, 0.4] {
        let ours = |t: &[Tensor]| super::self_attention(&t[0], 2, p, &mut Noise::at(5, 1));
        check_finite_differences("attention", &inputs, &ours);
        let oracle = |t: &[Tensor]| {
            let mask = super::dropout::Mask::next(p, &mut Noise::at(5, 1));
            composed::self_attention(&t[0], 2, mask).map(|(context, _)| context)
        };
        check_oracle("attention", &inputs, &ours, &oracle);
    }
    let weights = super::attention_weights(&inputs[0], 2).unwrap();
    assert_eq!(weights.dims(), [3, 2, 5, 5]);
    assert_close(&flat(&weights.sum(3).unwrap()), &[1.0; 30], 1e-12, "rows of the weights");
}

#[test]
fn dropout_keeps_the_mean_and_its_mask() {
    let x = Tensor::ones((300, 200), DType::F64, &Device::Cpu).unwrap();
    let drop = |t: &[Tensor]| super::dropout(&t[0], 0.3, &mut Noise::at(1, 2));
    let y = flat(&drop(std::slice::from_ref(&x)).unwrap());
    assert!((crate::stats::mean(&y) - 1.0).abs() < 0.01);
    let zeros = y.iter().filter(|v| **v == 0.0).count() as f64 / y.len() as f64;
    assert!((zeros - 0.3).abs() < 0.01, "{zeros}");
    check_finite_differences("dropout", &[random(&[4, 5], 3)], &drop);
    let off = super::dropout(&x, 0.3, &mut Noise::off()).unwrap();
    assert_eq!(flat(&off), flat(&x));
}

#[test]
fn candles_own_layer_norm_would_cut_the_gradient() {
    // The reason for ours: if this ever fails, candle has learned to differentiate it.
    let gain = Var::ones(4, DType::F32, &Device::Cpu).unwrap();
    let bias = Var::zeros(4, DType::F32, &Device::Cpu).unwrap();
    let norm = candle_nn::LayerNorm::new(gain.as_tensor().clone(), bias.as_tensor().clone(), 1e-5);
    let x = random(&[2, 4], 1).to_dtype(DType::F32).unwrap();
    let loss = candle_core::Module::forward(&norm, &x).unwrap().sqr().unwrap().sum_all().unwrap();
    assert!(loss.backward().unwrap().get(&gain).is_none());
}

#[test]
fn threads_change_no_bit() {
    let inputs = [random(&[9, 40, 24], 1).to_dtype(DType::F32).unwrap()];
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let var = Var::from_tensor(&inputs[0]).unwrap();
            let y = super::self_attention(&var, 2, 0.1, &mut Noise::at(1, 1)).unwrap();
            let gain = Var::ones(8, DType::F32, &Device::Cpu).unwrap();
            let bias = Var::zeros(8, DType::F32, &Device::Cpu).unwrap();
            let loss = super::layer_norm(&y, &gain, &bias).unwrap().sqr().unwrap().sum_all().unwrap();
            let grads = loss.backward().unwrap();
            [flat(grads.get(&var).unwrap()), flat(grads.get(&gain).unwrap())]
        })
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(5));
}
