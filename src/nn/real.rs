use std::sync::Arc;

use candle_core::{CpuStorage, Layout, Result, WithDType, bail};

use super::kernels::Arena;

/// The floating-point types our kernels run in: f32 for training, f64 for gradient checks.
pub(super) trait Real: WithDType {
    /// The memory of this type.
    fn arena(arenas: &Arenas) -> &Arc<Arena<Self>>;
    /// `values` if this is f32.
    fn single(values: &mut [f32]) -> Option<&mut [Self]>;
    fn exp(self) -> Self;
    fn sqrt(self) -> Self;
    fn erf(self) -> Self;
    fn ln(self) -> Self;
    fn tanh(self) -> Self;

    /// 1 / (1 + e^-x), within 2e-7 of the truth in f32.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let half = Self::from_f64(0.5);
        half + half * (half * self).tanh()
    }
}

/// Memory of a network's kernels, which its forward and backward passes use again and again.
#[derive(Debug, Clone, Default)]
pub struct Arenas {
    single: Arc<Arena<f32>>,
    double: Arc<Arena<f64>>,
}

impl Real for f32 {
    fn arena(arenas: &Arenas) -> &Arc<Arena<Self>> {
        &arenas.single
    }

    fn single(values: &mut [f32]) -> Option<&mut [Self]> {
        Some(values)
    }

    /// Within 2 ulp, 0 where the truth is below the smallest normal number. Cody & Waite's reduction by ln 2, then the
    /// Taylor polynomial of degree 7 on half that range; without a branch, so that whole vectors are computed at once.
    #[inline(always)]
    fn exp(self) -> Self {
        const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to a whole number
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        let x = self.clamp(-88.0, 88.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let whole = shifted - ROUND;
        let r = x - whole * LN2_HIGH - whole * LN2_LOW;
        let tail = (((r * (1.0 / 5040.0) + 1.0 / 720.0) * r + 1.0 / 120.0) * r + 1.0 / 24.0) * r + 1.0 / 6.0;
        let polynomial = ((tail * r + 0.5) * r + 1.0) * r + 1.0;
        let power = Self::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
        let value = polynomial * power;
        let value = if self < -87.336_54 { 0.0 } else { value };
        let value = if self > 88.0 { Self::INFINITY } else { value };
        if self.is_nan() { self } else { value }
    }

    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    /// Rational minimax approximation on [-4, 4], within 4 ulp; coefficients as in Eigen and XLA.
    #[inline(always)]
    fn erf(self) -> Self {
        const NUMERATOR: [f32; 7] = [
            -2.726_142_3e-10,
            2.770_681_4e-8,
            -2.101_024e-6,
            -5.692_506_6e-5,
            -7.349_906_4e-4,
            -0.002_954_6,
            -1.609_603_3e-2,
        ];
        const DENOMINATOR: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
        let x = self.clamp(-4.0, 4.0);
        let square = x * x;
        let polynomial = |coefficients: &[Self]| coefficients.iter().fold(0.0, |sum, c| sum * square + c);
        x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)
    }

    fn ln(self) -> Self {
        Self::ln(self)
    }

    /// Rational minimax approximation on [-7.9, 7.9], within 4 ulp; coefficients as in Eigen and XLA.
    #[inline(always)]
    fn tanh(self) -> Self {
        const NUMERATOR: [f32; 7] =
            [-2.760_768_5e-16, 2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_3e-5, 6.372_619e-4, 4.893_525e-3];
        const DENOMINATOR: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
        let x = self.clamp(-7.905_311, 7.905_311);
        let square = x * x;
        let polynomial = |coefficients: &[Self]| coefficients.iter().fold(0.0, |sum, c| sum * square + c);
        x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)
    }
}

impl Real for f64 {
    fn arena(arenas: &Arenas) -> &Arc<Arena<Self>> {
        &arenas.double
    }

    fn single(_: &mut [f32]) -> Option<&mut [Self]> {
        None
    }

    fn exp(self) -> Self {
        Self::exp(self)
    }

    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    fn erf(self) -> Self {
        statrs::function::erf::erf(self)
    }

    fn ln(self) -> Self {
        Self::ln(self)
    }

    fn tanh(self) -> Self {
        Self::tanh(self)
    }
}

/// The values of a contiguous tensor.
pub(super) fn values<'a, R: Real>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [R]> {
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("a kernel needs a contiguous tensor") };
    Ok(&R::cpu_storage_as_slice(storage)?[start..end])
}

/// Runs `$body` with `$R` standing for the element type of `$storage`.
macro_rules! by_dtype {
    ($storage:expr, $R:ident => $body:expr) => {
        match candle_core::backend::BackendStorage::dtype($storage) {
            candle_core::DType::F32 => {
                type $R = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $R = f64;
                $body
            }
            other => candle_core::bail!("a kernel runs in f32 or f64, not in {other:?}"),
        }
    };
}
pub(super) use by_dtype;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_tanh_and_sigmoid_are_good_to_their_last_digits() {
        for i in -12_000..=12_000 {
            let x = i as f32 / 1000.0;
            let wide = f64::from(x);
            assert!((f64::from(Real::tanh(x)) - f64::tanh(wide)).abs() <= 3e-7 * wide.abs().min(1.0), "tanh({x})");
            assert!((f64::from(x.sigmoid()) - 1.0 / (1.0 + (-wide).exp())).abs() < 2e-7, "sigmoid({x})");
        }
    }

    #[test]
    fn single_precision_exp_is_good_to_its_last_digits() {
        for i in -87_300..=88_000 {
            let x = i as f32 / 1000.0;
            let want = f64::from(x).exp();
            assert!((f64::from(Real::exp(x)) - want).abs() <= 2.5e-7 * want, "exp({x})");
        }
        let far = [-88.0, -1e4, f32::NEG_INFINITY, 89.0, f32::INFINITY, 0.0].map(|x: f32| Real::exp(x));
        assert_eq!(far, [0.0, 0.0, 0.0, f32::INFINITY, f32::INFINITY, 1.0]);
        assert!(Real::exp(f32::NAN).is_nan());
    }

    #[test]
    fn single_precision_erf_is_good_to_its_last_digits() {
        for i in -6000..=6000 {
            let x = i as f32 / 1000.0;
            let want = Real::erf(f64::from(x));
            assert!((f64::from(Real::erf(x)) - want).abs() < 4e-7, "erf({x})");
        }
    }
}
