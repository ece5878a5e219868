use candle_core::{D, Result, Tensor};

use super::ops::softplus;

/// Mean of losses `[B]` or `[B, ..]` over a batch, windows counted by `weight` `[B]` where there is one.
fn average(losses: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    let Some(weight) = weight else { return losses.mean_all() };
    let per_window = if losses.rank() == 1 { losses.clone() } else { losses.flatten_from(1)?.mean(D::Minus1)? };
    (per_window * weight)?.sum_all()? / weight.sum_all()?
}

/// Mean binary cross-entropy of `logits` against `targets` in [0, 1], both `[B]`; never takes a sigmoid. `weight` as in
/// all losses here: how much each window counts, `[B]`.
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    average(&cross_entropy(logits, targets)?, weight)
}

fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    softplus(logits)? - (logits * targets)?
}

/// Cross-entropy that counts what is foreseen well less: times (1 - p)^`gamma`, p the probability given to the truth.
/// `targets` are 0 or 1, `gamma` is at least 1.
///
/// Source: Lin et al., "Focal loss for dense object detection" (2017), equation 4.
pub fn focal_with_logits(logits: &Tensor, targets: &Tensor, gamma: f64, weight: Option<&Tensor>) -> Result<Tensor> {
    let plain = cross_entropy(logits, targets)?;
    let missed = (1.0 - plain.neg()?.exp()?)?;
    average(&(missed.powf(gamma)? * plain)?, weight)
}

/// Mean squared error of two tensors `[B]` or `[B, ..]`.
pub fn mse(prediction: &Tensor, target: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    average(&(prediction - target)?.sqr()?, weight)
}

/// KL(q(z|x) || N(0, I)) per latent, averaged over the batch: `[L]` from `mu` and `logvar` `[B, L]`.
///
/// Source: Kingma & Welling, "Auto-encoding variational Bayes" (2014), appendix B.
pub fn kl_per_latent(mu: &Tensor, logvar: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    let inside = ((logvar + 1.0)? - (mu.sqr()? + logvar.exp()?)?)?;
    let mean = match weight {
        None => inside.mean(0)?,
        Some(weight) => inside.broadcast_mul(&weight.unsqueeze(1)?)?.sum(0)?.broadcast_div(&weight.sum_all()?)?,
    };
    mean * -0.5
}

/// Sum over latents of max(`floor`, KL_j): below the floor a latent pays nothing for being used.
///
/// Source: Kingma et al., "Improved variational inference with inverse autoregressive flow" (2016), appendix C.8.
pub fn free_bits(kl: &Tensor, floor: f64) -> Result<Tensor> {
    kl.maximum(floor)?.sum(D::Minus1)
}

/// Negative expected log growth of a position of `size` in [0, 1] with net returns `net` (fractions), divided by
/// `variance`, the variance of returns on the training slice.
pub fn size_loss(size: &Tensor, net: &Tensor, variance: f64, weight: Option<&Tensor>) -> Result<Tensor> {
    let growth = average(&((size * net)? + 1.0)?.maximum(0.01)?.log()?, weight)?;
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
        let loss = |x: f64, y: f64| scalar(&bce_with_logits(&tensor(&[x]), &tensor(&[y]), None).unwrap());
        assert!((loss(0.0, 1.0) - 2.0_f64.ln()).abs() < 1e-15);
        assert!((loss(1.0, 0.0) - (1.0 + 1.0_f64.exp()).ln()).abs() < 1e-15);
        assert_eq!(loss(800.0, 0.0), 800.0);
        assert_eq!(loss(-800.0, 0.0), 0.0);
    }

    #[test]
    fn kl_by_hand_with_its_floor() {
        let at = |mu: f64, logvar: f64| {
            let t = |v| Tensor::new(&[[v]], &Device::Cpu).unwrap();
            kl_per_latent(&t(mu), &t(logvar), None).unwrap()
        };
        assert!(at(0.0, 0.0).to_vec1::<f64>().unwrap()[0].abs() < 1e-15);
        let want = -0.5 * (1.0 + 0.3 - 4.0 - 0.3_f64.exp());
        assert!((at(2.0, 0.3).to_vec1::<f64>().unwrap()[0] - want).abs() < 1e-15);
        assert_eq!(scalar(&free_bits(&tensor(&[0.0, 0.5]), 0.02).unwrap()), 0.52);
    }

    #[test]
    fn size_loss_rewards_growth() {
        let loss = |size: f64, net: f64| scalar(&size_loss(&tensor(&[size]), &tensor(&[net]), 1e-2, None).unwrap());
        assert!((loss(1.0, 0.1) + 1.1_f64.ln() * 100.0).abs() < 1e-12);
        assert!(loss(1.0, -5.0).is_finite(), "ruin is bounded");
        assert_eq!(loss(0.0, 0.3), 0.0);
    }

    #[test]
    fn weights_count_windows_and_equal_ones_change_nothing() {
        let (x, y) = (tensor(&[0.3, -2.0, 1.0]), tensor(&[1.0, 0.0, 0.0]));
        let wide = |scale: f64| Tensor::stack(&[&(&x * scale).unwrap(), &y], 1).unwrap();
        type Loss<'a> = &'a dyn Fn(Option<&Tensor>) -> Tensor;
        let losses: [Loss<'_>; 5] = [
            &|w| bce_with_logits(&x, &y, w).unwrap(),
            &|w| focal_with_logits(&x, &y, 2.0, w).unwrap(),
            &|w| mse(&wide(1.0), &wide(0.5), w).unwrap(),
            &|w| kl_per_latent(&wide(1.0), &wide(-0.5), w).unwrap().sum_all().unwrap(),
            &|w| size_loss(&y, &(&x * 0.1).unwrap(), 0.5, w).unwrap(),
        ];
        for (i, loss) in losses.into_iter().enumerate() {
            let of = |w: &[f64]| scalar(&loss(Some(&tensor(w))));
            assert!((of(&[7.0; 3]) - scalar(&loss(None))).abs() < 1e-14, "loss {i}");
            let alone = [of(&[1.0, 0.0, 0.0]), of(&[0.0, 1.0, 0.0]), of(&[0.0, 0.0, 1.0])];
            let want = (alone[0] + 3.0 * alone[1] + 4.0 * alone[2]) / 8.0;
            assert!((of(&[1.0, 3.0, 4.0]) - want).abs() < 1e-14, "loss {i}");
        }
    }

    #[test]
    fn focal_loss_by_hand() {
        let p = 1.0 / (1.0 + (-0.7_f64).exp());
        let loss = |y: f64| scalar(&focal_with_logits(&tensor(&[0.7]), &tensor(&[y]), 2.0, None).unwrap());
        assert!((loss(1.0) + (1.0 - p).powi(2) * p.ln()).abs() < 1e-15);
        assert!((loss(0.0) + p.powi(2) * (1.0 - p).ln()).abs() < 1e-15);
    }
}
