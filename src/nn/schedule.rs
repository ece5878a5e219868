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

/// How a span of optimiser steps is cut into cosines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restarts {
    /// Times the rate starts again at its peak; there is one cosine more.
    pub count: usize,
    /// Length of each cosine over that of the one before, at least 1.
    pub growth: f64,
}

impl Restarts {
    /// Steps of the first of `cosines` cosines, in sum, over the steps of the first one alone.
    fn sum(self, cosines: usize) -> f64 {
        if self.growth == 1.0 {
            return cosines as f64;
        }
        (self.growth.powf(cosines as f64) - 1.0) / (self.growth - 1.0)
    }

    /// Steps of the first and shortest cosine, of a span of `span` steps; below 1 there are more cosines than fit.
    pub fn shortest(self, span: usize) -> f64 {
        span as f64 / self.sum(self.count + 1)
    }

    /// Step of the span with which cosine `number`, from 0, begins; `count + 1` is the span's end.
    fn begin(self, number: usize, span: usize) -> usize {
        (span as f64 * self.sum(number) / self.sum(self.count + 1)).round() as usize
    }
}

/// [`warmup_cosine`] with warm restarts: what follows the warm-up is cut into cosines, each from `peak` to `floor`, so that
/// the last one ends with the last step.
///
/// Source: Loshchilov & Hutter, "SGDR" (2017), equation 5; [`Restarts::growth`] is their T_mult, and T_0 follows from the
/// steps there are.
pub fn warm_restarts(step: usize, warmup: usize, total: usize, restarts: Restarts, peak: f64, floor: f64) -> f64 {
    let span = total.saturating_sub(warmup);
    if restarts.count == 0 || step < warmup || span == 0 {
        return warmup_cosine(step, warmup, total, peak, floor);
    }
    let since = step - warmup;
    // Past the end the last cosine stays at its floor.
    let number = (0..=restarts.count).rev().find(|number| restarts.begin(*number, span) <= since).unwrap_or(0);
    let (begin, end) = (restarts.begin(number, span), restarts.begin(number + 1, span));
    warmup_cosine(since - begin, 0, end - begin, peak, floor)
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

    const TWICE: Restarts = Restarts { count: 2, growth: 1.0 };

    #[test]
    fn restarts_come_back_to_the_peak() {
        for (step, want) in [(0, 0.1), (9, 1.0), (10, 1.0), (25, 0.5), (40, 1.0), (55, 0.5), (70, 1.0), (85, 0.5)] {
            let got = warm_restarts(step, 10, 100, TWICE, 1.0, 0.0);
            assert!((got - want).abs() < 1e-9, "step {step}: {got}");
        }
        assert!(warm_restarts(39, 10, 100, TWICE, 1.0, 0.0) < 0.01);
        assert!(warm_restarts(500, 10, 100, TWICE, 1.0, 0.0).abs() < 1e-9);
        for step in 0..120 {
            let once = warm_restarts(step, 10, 100, Restarts { count: 0, growth: 2.0 }, 1.0, 0.1);
            assert_eq!(once, warmup_cosine(step, 10, 100, 1.0, 0.1));
        }
        assert_eq!(warm_restarts(3, 5, 5, TWICE, 1.0, 0.0), 0.8);
    }

    #[test]
    fn cosines_grow_by_the_factor() {
        // 10, 20, 40 and 80 steps after 6 of warm-up; the middle of each is half way down.
        let restarts = Restarts { count: 3, growth: 2.0 };
        let rate = |step: usize| warm_restarts(step, 6, 156, restarts, 1.0, 0.0);
        for (begin, length) in [(6, 10), (16, 20), (36, 40), (76, 80)] {
            assert_eq!(rate(begin), 1.0, "{begin}");
            assert!((rate(begin + length / 2) - 0.5).abs() < 1e-9, "{begin}");
            let last = 0.5 * (1.0 + (std::f64::consts::PI * (1.0 - 1.0 / length as f64)).cos());
            assert!((rate(begin + length - 1) - last).abs() < 1e-9, "{begin}");
        }
        assert!(rate(156).abs() < 1e-9 && rate(999).abs() < 1e-9);
        assert_eq!(restarts.shortest(150), 10.0);
        // Any factor and span: as many peaks as cosines, and the last one ends with the span.
        for (count, growth, span) in [(1, 1.5, 7), (4, 1.0, 93), (3, 3.0, 1000), (5, 1.25, 61)] {
            let restarts = Restarts { count, growth };
            let rates: Vec<f64> = (0..span).map(|step| warm_restarts(step, 0, span, restarts, 1.0, 0.0)).collect();
            let peaks: Vec<usize> = (0..span).filter(|step| rates[*step] == 1.0).collect();
            assert_eq!(peaks.len(), count + 1, "{restarts:?}");
            let ends = peaks[1..].iter().copied().chain([span]);
            let lengths: Vec<f64> = peaks.iter().zip(ends).map(|(begin, end)| (end - begin) as f64).collect();
            for (number, length) in lengths.iter().enumerate() {
                let exact = restarts.shortest(span) * growth.powf(number as f64);
                assert!((length - exact).abs() <= 1.0, "{restarts:?} {lengths:?}");
            }
        }
        assert!(Restarts { count: 400, growth: 10.0 }.shortest(1_000_000) < 1.0);
    }
}
