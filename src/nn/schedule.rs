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
}
