use candle_core::{D, Result, Tensor};

/// ln(1 + e^x), exact for large |x|.
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// Mean binary cross-entropy of `logits` against `targets` in [0, 1], both `[B]`; never takes a sigmoid.
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    (softplus(logits)? - (logits * targets)?)?.mean_all()
}

/// Mean squared error of two `[B]` tensors.
pub fn mse(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    (prediction - target)?.sqr()?.mean_all()
}

/// KL(q(z|x) || N(0, I)) per latent, averaged over the batch: `[L]` from `mu` and `logvar` `[B, L]`.
///
/// Source: Kingma & Welling, "Auto-encoding variational Bayes" (2014), appendix B.
pub fn kl_per_latent(mu: &Tensor, logvar: &Tensor) -> Result<Tensor> {
    let inside = ((logvar + 1.0)? - (mu.sqr()? + logvar.exp()?)?)?;
    inside.mean(0)? * -0.5
}

/// Sum over latents of max(`floor`, KL_j): below the floor a latent pays nothing for being used.
///
/// Source: Kingma et al., "Improved variational inference with inverse autoregressive flow" (2016), appendix C.8.
pub fn free_bits(kl: &Tensor, floor: f64) -> Result<Tensor> {
    kl.maximum(floor)?.sum(D::Minus1)
}

/// Negative expected log growth of a position of `size` in [0, 1] with net returns `net` (fractions), divided by
/// `variance`, the variance of returns on the training slice.
pub fn size_loss(size: &Tensor, net: &Tensor, variance: f64) -> Result<Tensor> {
    let growth = ((size * net)? + 1.0)?.maximum(0.01)?.log()?.mean_all()?;
    growth * (-1.0 / variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn tensor(values: &[f64]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    fn scalar(t: &Tensor) -> f64 {
        t.to_scalar::<f64>().unwrap()
    }

    #[test]
    fn cross_entropy_by_hand_and_far_out() {
        let loss = |x: f64, y: f64| scalar(&bce_with_logits(&tensor(&[x]), &tensor(&[y])).unwrap());
        assert!((loss(0.0, 1.0) - 2.0_f64.ln()).abs() < 1e-15);
        assert!((loss(1.0, 0.0) - (1.0 + 1.0_f64.exp()).ln()).abs() < 1e-15);
        assert_eq!(loss(800.0, 0.0), 800.0);
        assert_eq!(loss(-800.0, 0.0), 0.0);
    }

    #[test]
    fn kl_by_hand_with_its_floor() {
        let at = |mu: f64, logvar: f64| {
            let t = |v| Tensor::new(&[[v]], &Device::Cpu).unwrap();
            kl_per_latent(&t(mu), &t(logvar)).unwrap()
        };
        assert!(at(0.0, 0.0).to_vec1::<f64>().unwrap()[0].abs() < 1e-15);
        let want = -0.5 * (1.0 + 0.3 - 4.0 - 0.3_f64.exp());
        assert!((at(2.0, 0.3).to_vec1::<f64>().unwrap()[0] - want).abs() < 1e-15);
        assert_eq!(scalar(&free_bits(&tensor(&[0.0, 0.5]), 0.02).unwrap()), 0.52);
    }

    #[test]
    fn size_loss_rewards_growth() {
        let loss = |size: f64, net: f64| scalar(&size_loss(&tensor(&[size]), &tensor(&[net]), 1e-2).unwrap());
        assert!((loss(1.0, 0.1) + 1.1_f64.ln() * 100.0).abs() < 1e-12);
        assert!(loss(1.0, -5.0).is_finite(), "ruin is bounded");
        assert_eq!(loss(0.0, 0.3), 0.0);
    }
}
