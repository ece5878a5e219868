/// Linear warm-up to `peak` over `warmup` steps, then half a cosine down to `floor` at `total`.
///
/// Source: Loshchilov & Hutter, "SGDR" (2017), without restarts.
pub fn warmup_cosine(step: usize, warmup: usize, total: usize, peak: f64, floor: f64) -> f64 {
    if step < warmup {
        return peak * (step + 1) as f64 / warmup as f64;
    }
    let share = (step - warmup) as f64 / (total.max(warmup + 1) - warmup) as f64;
    floor + 0.5 * (peak - floor) * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos())
}

/// [`warmup_cosine`] with `restarts` warm restarts: what follows the warm-up is cut into `restarts` + 1 cosines of equal
/// length, each from `peak` to `floor`.
///
/// Source: Loshchilov & Hutter, "SGDR" (2017), equation 5 with T_mult = 1.
pub fn warm_restarts(step: usize, warmup: usize, total: usize, restarts: usize, peak: f64, floor: f64) -> f64 {
    let length = total.saturating_sub(warmup).div_ceil(restarts + 1);
    if restarts == 0 || step < warmup || length == 0 {
        return warmup_cosine(step, warmup, total, peak, floor);
    }
    // Past the end the last cosine stays at its floor.
    let begun = ((step - warmup) / length).min(restarts) * length;
    warmup_cosine(step - warmup - begun, 0, length, peak, floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_table() {
        for (step, want) in [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (100, 0.0), (500, 0.0)] {
            let got = warmup_cosine(step, 10, 100, 1.0, 0.0);
            assert!((got - want).abs() < 1e-9, "step {step}: {got}");
        }
        assert_eq!(warmup_cosine(0, 0, 1, 1.0, 0.1), 1.0);
    }

    #[test]
    fn restarts_come_back_to_the_peak() {
        for (step, want) in [(0, 0.1), (9, 1.0), (10, 1.0), (25, 0.5), (40, 1.0), (55, 0.5), (70, 1.0), (85, 0.5)] {
            let got = warm_restarts(step, 10, 100, 2, 1.0, 0.0);
            assert!((got - want).abs() < 1e-9, "step {step}: {got}");
        }
        assert!(warm_restarts(39, 10, 100, 2, 1.0, 0.0) < 0.01);
        assert!(warm_restarts(500, 10, 100, 2, 1.0, 0.0).abs() < 1e-9);
        for step in 0..120 {
            assert_eq!(warm_restarts(step, 10, 100, 0, 1.0, 0.1), warmup_cosine(step, 10, 100, 1.0, 0.1));
        }
        assert_eq!(warm_restarts(3, 5, 5, 2, 1.0, 0.0), 0.8);
    }
}
