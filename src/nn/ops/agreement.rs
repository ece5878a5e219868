//! What the tests of the operations share.

use candle_core::{DType, Device, Tensor};

use crate::nn::Noise;

/// Repeatable normal numbers in f64.
pub(super) fn random(shape: &[usize], key: u64) -> Tensor {
    let n = shape.iter().product();
    let values: Vec<f64> = Noise::at(key, 0).normals(n).into_iter().map(f64::from).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A scalar whose gradient differs for every element of `y`.
pub(super) fn weigh(y: &Tensor) -> Tensor {
    (y * random(y.dims(), 99).to_dtype(y.dtype()).unwrap()).unwrap().sum_all().unwrap()
}

pub(super) fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Panics unless both agree within `tolerance` of the largest number wanted.
#[track_caller]
pub(super) fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().map(|v| v.abs()).fold(1e-3, f64::max);
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{what}, element {i}: {g} instead of {w}");
    }
}
