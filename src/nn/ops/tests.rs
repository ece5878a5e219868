//! Every operation against finite differences in f64 and against its composed version.

use candle_core::{DType, Device, Result, Tensor, Var};
use proptest::prelude::*;

use super::agreement::{assert_close, flat, random, weigh};
use super::composed;
use crate::nn::{Noise, loss};

type Op<'a> = dyn Fn(&[Tensor]) -> Result<Tensor> + 'a;

fn gradients(inputs: &[Tensor], op: &Op<'_>) -> Vec<Vec<f64>> {
    let vars: Vec<Var> = inputs.iter().map(|t| Var::from_tensor(t).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let grads = weigh(&op(&tensors).unwrap()).backward().unwrap();
    tensors.iter().map(|t| flat(grads.get(t).expect("every input has a gradient"))).collect()
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
            weigh(&op(&all).unwrap()).to_scalar::<f64>().unwrap()
        };
        let want: Vec<f64> = (0..values.len()).map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP)).collect();
        assert_close(got, &want, 1e-7, &format!("{name}, input {which}"));
    }
}

/// Ours against the composed version: values and gradients in f64 (erf there is good to 1e-10), values in f32.
fn check_oracle(name: &str, inputs: &[Tensor], ours: &Op<'_>, oracle: &Op<'_>) {
    assert_close(&flat(&ours(inputs).unwrap()), &flat(&oracle(inputs).unwrap()), 1e-9, name);
    for (a, b) in gradients(inputs, ours).iter().zip(gradients(inputs, oracle)) {
        assert_close(a, &b, 1e-9, &format!("gradient of {name}"));
    }
    let single: Vec<Tensor> = inputs.iter().map(|t| t.to_dtype(DType::F32).unwrap()).collect();
    assert_close(&flat(&ours(&single).unwrap()), &flat(&oracle(inputs).unwrap()), 1e-5, &format!("{name} in f32"));
}

/// Finite differences and the composed version.
fn check(name: &str, inputs: &[Tensor], ours: &Op<'_>, oracle: &Op<'_>) {
    check_finite_differences(name, inputs, ours);
    check_oracle(name, inputs, ours, oracle);
}

fn plain_linear(t: &[Tensor]) -> Result<Tensor> {
    t[0].broadcast_matmul(&t[1].t()?)?.broadcast_add(&t[2])
}

/// Attention over `qkv` `[B, T, 3 C]`.
fn check_attention(qkv: Tensor, heads: usize, causal: bool, p: f64) {
    let ours = |t: &[Tensor]| super::self_attention(&t[0], heads, causal, p, &mut Noise::at(5, 1));
    let oracle = |t: &[Tensor]| {
        let mask = super::dropout::Mask::next(p, &mut Noise::at(5, 1));
        composed::self_attention(&t[0], heads, causal, mask).map(|(context, _)| context)
    };
    let name = format!("attention {:?}, {heads} heads, causal {causal}, dropout {p}", qkv.dims());
    check(&name, &[qkv], &ours, &oracle);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn row_operations_are_exact(b in 1..4_usize, t in 1..5_usize, i in 1..5_usize, o in 1..6_usize, key in 0..1000_u64) {
        let gain = [random(&[b, t, i], key), random(&[i], key + 1), random(&[i], key + 2)];
        // A row of one number has no spread: its input gradient is all rounding.
        if i > 1 {
            let ours = |t: &[Tensor]| super::layer_norm(&t[0], &t[1], &t[2]);
            check_oracle("layer_norm", &gain, &ours, &|t| composed::layer_norm(&t[0], &t[1], &t[2]));
        }
        let dense = [random(&[b, t, i], key), random(&[o, i], key + 1), random(&[o], key + 2)];
        check("linear", &dense, &|t| super::linear(&t[0], &t[1], &t[2]), &plain_linear);
        let gelu = |t: &[Tensor]| composed::gelu(&plain_linear(t)?);
        check("linear_gelu", &dense, &|t| super::linear_gelu(&t[0], &t[1], &t[2]), &gelu);
        let table = [random(&[b, t, i], key), random(&[t, i], key + 1)];
        check("add_table", &table, &|t| super::add_table(&t[0], &t[1]), &|t| t[0].broadcast_add(&t[1]));
    }

    #[test]
    fn attention_is_exact(
        b in 1..4_usize, t in 1..6_usize, heads in 1..4_usize, width in 1..4_usize, causal: bool, drop: bool, key in 0..1000_u64,
    ) {
        let p = if drop { 0.4 } else { 0.0 };
        check_attention(random(&[b, t, 3 * heads * width], key), heads, causal, p);
    }

    #[test]
    fn lstm_is_exact(b in 1..12_usize, t in 1..6_usize, c in 1..5_usize, key in 0..1000_u64) {
        let inputs = [random(&[b, t, 4 * c], key), random(&[4 * c, c], key + 1)];
        check("lstm", &inputs, &|t| super::lstm(&t[0], &t[1]), &|t| composed::lstm(&t[0], &t[1]));
    }

    #[test]
    fn taps_are_exact(
        b in 1..4_usize, t in 1..7_usize, c in 1..4_usize, kernel in 1..5_usize, dilation in 1..9_usize, key in 0..1000_u64,
    ) {
        let inputs = [random(&[b, t, c], key)];
        let ours = |t: &[Tensor]| super::taps(&t[0], kernel, dilation);
        check("taps", &inputs, &ours, &|t| composed::taps(&t[0], kernel, dilation));
    }

    #[test]
    fn pooling_over_bars_is_exact(b in 1..4_usize, t in 1..6_usize, c in 1..5_usize, key in 0..1000_u64) {
        let inputs = [random(&[b, t, c], key), random(&[b, t], key + 1)];
        check("mean_bars", &inputs[..1], &|t| super::mean_bars(&t[0]), &|t| t[0].mean(1));
        let oracle = |t: &[Tensor]| composed::weighted_bars(&t[0], &t[1]);
        check("weighted_bars", &inputs, &|t| super::weighted_bars(&t[0], &t[1]), &oracle);
        check("softplus", &inputs[1..], &|t| super::softplus(&t[0]), &|t| composed::softplus(&t[0]));
    }

    #[test]
    fn losses_are_exact(b in 1..6_usize, l in 1..4_usize, key in 0..1000_u64) {
        let weight = random(&[b], key).abs().unwrap();
        let flags = random(&[b], key + 1).gt(0.0).unwrap().to_dtype(DType::F64).unwrap();
        let (x, wide) = ([random(&[b], key + 2)], [random(&[b, l], key + 3), random(&[b, l], key + 4)]);
        for weight in [None, Some(&weight)] {
            check_finite_differences("bce", &x, &|t| loss::bce_with_logits(&t[0], &flags, weight));
            check_finite_differences("focal", &x, &|t| loss::focal_with_logits(&t[0], &flags, 2.0, weight));
            check_finite_differences("mse", &wide, &|t| loss::mse(&t[0], &t[1], weight));
            check_finite_differences("kl", &wide, &|t| loss::kl_per_latent(&t[0], &t[1], weight));
            check_finite_differences("size", &x, &|t| {
                loss::size_loss(&composed::softplus(&t[0])?, &flags, 0.5, weight)
            });
        }
    }
}

#[test]
fn layer_norm_is_exact() {
    // More rows than one parallel chunk.
    let inputs = [random(&[70, 6], 1), random(&[6], 2), random(&[6], 3)];
    let ours = |t: &[Tensor]| super::layer_norm(&t[0], &t[1], &t[2]);
    check("layer_norm", &inputs, &ours, &|t| composed::layer_norm(&t[0], &t[1], &t[2]));
}

#[test]
fn a_table_wider_than_a_unit_of_work_sums_all_windows() {
    let inputs = [random(&[5, 700, 100], 1), random(&[700, 100], 2)];
    check_oracle("add_table", &inputs, &|t| super::add_table(&t[0], &t[1]), &|t| t[0].broadcast_add(&t[1]));
}

#[test]
fn attention_weights_are_distributions_over_what_a_bar_sees() {
    let qkv = random(&[3, 5, 12], 1);
    for causal in [false, true] {
        let (_, weights) = composed::self_attention(&qkv, 2, causal, None).unwrap();
        assert_eq!(weights.dims(), [3, 2, 5, 5]);
        assert_close(&flat(&weights.sum(3).unwrap()), &[1.0; 30], 1e-12, "rows of the weights");
        let later = flat(&weights).into_iter().enumerate().filter(|(i, _)| i % 5 > i / 5 % 5);
        assert!(later.into_iter().all(|(_, w)| (w == 0.0) == causal));
    }
}

#[test]
fn softplus_has_its_true_slope_at_zero_and_far_out() {
    let x = Tensor::new(&[0.0, -40.0, 40.0, -800.0, 800.0], &Device::Cpu).unwrap();
    let var = Var::from_tensor(&x).unwrap();
    let y = super::softplus(&var).unwrap();
    assert_eq!(flat(&y)[3..], [0.0, 800.0]);
    let slope = flat(y.sum_all().unwrap().backward().unwrap().get(&var).unwrap());
    assert_eq!([slope[0], slope[3], slope[4]], [0.5, 0.0, 1.0]);
    assert!((slope[1] / (-40.0_f64).exp() - 1.0).abs() < 1e-12, "{slope:?}");
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
    let single = |shape: &[usize], key| random(shape, key).to_dtype(DType::F32).unwrap();
    let inputs = [
        single(&[9, 40, 24], 1),
        single(&[8], 2),
        single(&[8], 3),
        single(&[32, 24], 4),
        single(&[32, 8], 5),
        single(&[9, 40], 6),
        single(&[40, 8], 7),
    ];
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            gradients(&inputs, &|t| {
                let y = super::self_attention(&t[0], 2, true, 0.1, &mut Noise::at(1, 1))?;
                let y = super::layer_norm(&super::add_table(&y, &t[6])?, &t[1], &t[2])?;
                let y =
                    super::linear_gelu(&super::taps(&y, 3, 2)?, &t[3], &Tensor::zeros(32, DType::F32, &Device::Cpu)?)?;
                let y = super::lstm(&y, &t[4])?;
                (super::weighted_bars(&y, &t[5])? + super::mean_bars(&y)?)?.to_dtype(DType::F64)
            })
        })
    };
    let one = run(1);
    assert!(one.iter().flatten().any(|g| *g != 0.0));
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}
