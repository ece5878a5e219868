use proptest::prelude::*;

use super::*;

fn bar(t: usize, open: f64, close: f64, reach: f64) -> Bar {
    let (low, high) = (open.min(close) * (1.0 - reach), open.max(close) * (1.0 + reach));
    Bar { timestamp: t as i64 * 60_000, open, high, low, close, volume: 1.0 }
}

fn series(steps: &[(f64, f64, f64)]) -> Vec<Bar> {
    let mut before = 100.0;
    let mut bars = Vec::new();
    for (t, &(gap, step, reach)) in steps.iter().enumerate() {
        let open = before * (1.0 + gap);
        before = open * (1.0 + step);
        bars.push(bar(t, open, before, reach));
    }
    bars
}

#[test]
fn a_hand_worked_table() {
    let mut bars: Vec<Bar> = (0..26).map(|t| bar(t, 100.0, 100.0, 0.0)).collect();
    bars[22] = bar(22, 101.0, 102.0, 0.0);
    bars[23] = bar(23, 102.0, 103.02, 0.0);
    let config = |mode, base| LabelsConfig { mode, base, prediction_horizon: 2, ..Default::default() };

    let open = make_labels(&bars, &config(LabelMode::Fixed, LabelBase::NextOpen), 0.0);
    assert!((open.forward_return[21] - (103.02 / 101.0 - 1.0)).abs() < 1e-15);
    assert_eq!((open.entry[21], open.exit[21]), (1.0, 0.0));
    let close = make_labels(&bars, &config(LabelMode::Fixed, LabelBase::Close), 0.0);
    assert!((close.forward_return[21] - 0.0302).abs() < 1e-12);
    assert_eq!((close.entry[23], close.exit[23]), (0.0, 1.0));
    let steps = [1.02_f64.ln(), 1.01_f64.ln()];
    let rms = f64::midpoint(steps[0] * steps[0], steps[1] * steps[1]).sqrt();
    assert!((open.volatility[21] - rms).abs() < 1e-15);

    assert_eq!(open.labelled_until(), 24);
    assert!(open.forward_return[24].is_nan() && open.entry[25].is_nan() && open.volatility[24].is_nan());
    assert!(open.sigma[19].is_nan());
    assert_eq!(open.sigma[20], 0.0);
    assert!((open.sigma[22] - (0.06 * steps[0] * steps[0]).sqrt()).abs() < 1e-15);

    // Flat until bar 21: a volatility entry needs the cost, a barrier needs a volatility.
    let dear = make_labels(&bars, &config(LabelMode::Volatility, LabelBase::Close), 0.05);
    assert_eq!(
        (dear.entry[21], make_labels(&bars, &config(LabelMode::Volatility, LabelBase::Close), 0.03).entry[21]),
        (0.0, 1.0)
    );
    assert!(make_labels(&bars, &config(LabelMode::TripleBarrier, LabelBase::Close), 0.0).entry[21].is_nan());
    assert_eq!(open.base_rate(20..24), BaseRate { n: 4, entry: 0.5, exit: 0.25, neither: 0.25 });
    assert!(open.base_rate(24..26).entry.is_nan());
}

#[test]
fn a_bar_that_touches_both_barriers_counts_as_the_lower() {
    let touch = |after: &[Bar]| {
        let v = first_touch(after, 7, 100.0, 0.1);
        assert_eq!((v.upper, v.lower), (100.0 * 0.1_f64.exp(), 100.0 * (-0.1_f64).exp()));
        (v.entry, v.exit, v.end)
    };
    let wild = bar(1, 100.0, 100.0, 0.5);
    let calm = bar(1, 100.0, 100.0, 0.01);
    assert_eq!(touch(&[wild]), (false, true, 8));
    let up = Bar { low: 100.0, ..wild };
    assert_eq!(touch(&[calm, up, wild]), (true, false, 9));
    assert_eq!(touch(&[calm, calm]), (false, false, 9));
}

#[test]
fn class_balance_of_each_block_of_time() {
    let nan = f64::NAN;
    let labels = Labels {
        entry: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, nan, nan],
        exit: vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0, nan, nan],
        ..Labels::default()
    };
    let third = 1.0 / 3.0;
    let found = labels.balance(0..6, 3);
    assert_eq!(found[0], (0..3, BaseRate { n: 3, entry: third, exit: third, neither: third }));
    assert_eq!(found[1], (3..6, BaseRate { n: 3, entry: third, exit: third, neither: 2.0 / 3.0 }));
    assert_eq!(found.len(), 2);
    let last = labels.balance(4..8, 3);
    assert_eq!(last[0], (4..7, BaseRate { n: 2, entry: 0.5, exit: 0.5, neither: 0.5 }));
    assert!(last[1].0 == (7..8) && last[1].1.n == 0 && last[1].1.neither.is_nan());
    assert!(labels.balance(3..3, 3).is_empty() && labels.balance(0..2, 0).len() == 2);
}

fn closes(after: &[f64]) -> Vec<Bar> {
    // 21 bars that give and take 1 %: a volatility of about that.
    let before = (0..21).map(|t| if t % 2 == 0 { 100.0 } else { 101.0 });
    let all: Vec<f64> = before.chain(after.iter().map(|r| 100.0 * (1.0 + r))).collect();
    (0..all.len()).map(|t| bar(t, all[t], all[t], 0.0)).collect()
}

fn context(after: &[f64]) -> (Labels, [f64; 4]) {
    let config = LabelsConfig { mode: LabelMode::Context, prediction_horizon: after.len(), ..LabelsConfig::default() };
    let labels = make_labels(&closes(after), &config, 0.0);
    let scores = labels.context.clone().unwrap();
    let at = [scores.take_profit[20], scores.stop_loss[20], scores.let_run[20], scores.regime_change[20]];
    (labels, at)
}

#[test]
fn labels_in_context_by_hand() {
    // Mean 0.004, quantiles of the five at 60 %: 0 + 0.4 x 0.01; the margin is three quarters of about 0.01.
    let (labels, scores) = context(&[0.0, 0.02, 0.0, -0.01, 0.01]);
    let sigma = labels.sigma[20];
    assert!((0.009..0.011).contains(&sigma));
    assert!((labels.upper[20] - 100.0 * (1.004 + 0.75 * sigma)).abs() < 1e-9);
    assert!((labels.lower[20] - 100.0 * (1.004 - 0.75 * sigma)).abs() < 1e-9);
    assert!(scores[..3] == [1.0, 1.0, 1.0] && scores[3].is_nan());
    assert_eq!((labels.entry[20], labels.exit[20], labels.end[20]), (1.0, 1.0, Some(25)));

    // The peak is the 12th of 21, the trough the 9th: late both; the second ten lie higher, by more than half the threshold.
    let mut late = [0.0; 21];
    (late[11], late[8]) = (0.3, -0.1);
    assert_eq!(context(&late).1, [0.7, 0.7, 1.0, 1.0]);
    assert_eq!((context(&late).0.entry[20], context(&late).0.exit[20]), (1.0, 1.0));
    // One bar later each is too late; the first five spread as much as the second five.
    let mut later = [0.0; 22];
    (later[21], later[15], later[2], later[7]) = (0.3, -0.1, 0.01, 0.01);
    let (labels, scores) = context(&later);
    assert_eq!(scores, [0.0, 0.0, 0.0, 0.0]);
    assert_eq!((labels.entry[20], labels.exit[20]), (0.0, 0.0));
    // A little more in the second ten is half a reason to hold.
    let mut little = [0.0; 20];
    (little[3], little[12]) = (0.05, 0.052);
    assert_eq!(context(&little).1[2], 0.5);
    // Too few bars ahead.
    let (labels, _) = context(&[0.01; 4]);
    assert!(labels.entry[20].is_nan() && labels.end[20].is_none() && labels.forward_return[20].is_finite());
}

#[test]
fn the_bars_a_label_looks_at() {
    let labels = Labels { end: vec![Some(3), None, Some(4)], ..Labels::default() };
    assert_eq!(labels.spans(&[0, 1, 2]), [1..4, 2..2, 3..5]);
}

/// Scores straight from their definition: take profit, stop loss, let run, regime change, and both thresholds.
fn plain_context(returns: &[f64], sigma: f64) -> [f64; 6] {
    let h = returns.len();
    let average = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let spread = |x: &[f64]| average(&x.iter().map(|v| (v - average(x)).powi(2)).collect::<Vec<_>>()).sqrt();
    let quantile = |q: f64| {
        // The value that a share q of the others does not exceed, interpolated.
        let rank = |v: f64| returns.iter().filter(|&&r| r < v).count();
        let mut distinct: Vec<f64> = returns.to_vec();
        distinct.sort_by_key(|&r| rank(r));
        let place = q * (h - 1) as f64;
        let (below, above) = (distinct[place as usize], distinct[(place.ceil() as usize).min(h - 1)]);
        below + (above - below) * place.fract()
    };
    let sigma = if sigma < 1e-6 { 1e-6 } else { sigma };
    let above = f64::max(quantile(0.6), average(returns) + 0.75 * sigma);
    let below = f64::min(quantile(0.4), average(returns) - 0.75 * sigma);
    let first = |best: f64| returns.iter().take_while(|&&r| r != best).count();
    let peak = returns.iter().copied().fold(f64::MIN, f64::max);
    let trough = returns.iter().copied().fold(f64::MAX, f64::min);
    let graded = |reached: bool, at: usize, full: usize, part: usize| {
        if !reached || at > part {
            0.0
        } else if at > full {
            0.7
        } else {
            1.0
        }
    };
    let run = if h < 20 {
        f64::from(u8::from(peak >= above))
    } else {
        let (near, far) = (average(&returns[..10]), average(&returns[10..20]));
        f64::from(u8::from(far > near)) * if far > above / 2.0 { 1.0 } else { 0.5 }
    };
    let change =
        if h < 10 { f64::NAN } else { f64::from(u8::from(spread(&returns[5..10]) > 1.8 * spread(&returns[..5]))) };
    let take = graded(peak >= above, first(peak), 10, 20);
    [take, graded(trough <= below, first(trough), 7, 14), run, change, above, below]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn labels_equal_a_plain_reading_of_their_definition(
        steps in prop::collection::vec((-0.01..0.01, -0.03..0.03, 0.0..0.02), 0..90),
        h in 1_usize..32, mode in 0_usize..4, next_open in any::<bool>(), cost in 0.0..0.01,
    ) {
        let bars = series(&steps);
        let mode =
            [LabelMode::Fixed, LabelMode::Volatility, LabelMode::TripleBarrier, LabelMode::Context][mode];
        let base = if next_open { LabelBase::NextOpen } else { LabelBase::Close };
        let config = LabelsConfig { mode, base, prediction_horizon: h, entry_k: 0.4, exit_k: 0.7, barrier_width: 0.8 };
        let labels = make_labels(&bars, &config, cost);
        prop_assert_eq!(labels.context.is_some(), mode == LabelMode::Context);
        let step = |t: usize| bars[t].close.ln() - bars[t - 1].close.ln();
        for t in 0..bars.len() {
            // The EWMA unrolled: weight 0.06 x 0.94^age, all that is left on the first.
            let variance: f64 = (1..=t)
                .map(|s| step(s).powi(2) * 0.94_f64.powi((t - s) as i32) * if s == 1 { 1.0 } else { 0.06 })
                .sum();
            let reach = variance.sqrt() * (h as f64).sqrt();
            prop_assert_eq!(labels.sigma[t].is_nan(), t < 20);
            if t >= 20 {
                prop_assert!((labels.sigma[t] - variance.sqrt()).abs() < 1e-12);
            }
            let unlabelled = labels.entry[t].is_nan() && labels.exit[t].is_nan() && labels.end[t].is_none()
                && labels.upper[t].is_nan() && labels.lower[t].is_nan();
            if t + h >= bars.len() {
                prop_assert!(labels.forward_return[t].is_nan() && labels.volatility[t].is_nan() && unlabelled);
                continue;
            }
            let start = if next_open { bars[t + 1].open } else { bars[t].close };
            let r = (bars[t + h].close - start) / start;
            prop_assert!((labels.forward_return[t] - r).abs() < 1e-12);
            let rms = ((1..=h).map(|i| step(t + i).powi(2)).sum::<f64>() / h as f64).sqrt();
            prop_assert!((labels.volatility[t] - rms).abs() < 1e-12);
            if (mode != LabelMode::Fixed && t < 20) || (mode == LabelMode::Context && h < 5) {
                prop_assert!(unlabelled);
                continue;
            }
            let touched = |up: bool| (1..=h).find(|i| {
                let b = &bars[t + i];
                if up { (b.high / bars[t].close).ln() >= 0.8 * reach } else { (b.low / bars[t].close).ln() <= -0.8 * reach }
            });
            let ahead: Vec<f64> = (1..=h).map(|i| bars[t + i].close / bars[t].close - 1.0).collect();
            let barrier = |by: f64| bars[t].close * by.exp();
            let (entry, exit, upper, lower, end) = match mode {
                LabelMode::Fixed => (r > 0.01, r < -0.005, start * 1.01, start * 0.995, t + h),
                LabelMode::Volatility => {
                    let (above, below) = (0.4 * reach + cost, -0.7 * reach);
                    (r > above, r < below, start * (1.0 + above), start * (1.0 + below), t + h)
                }
                LabelMode::TripleBarrier => {
                    let (entry, exit, bars_held) = match (touched(true), touched(false)) {
                        (Some(up), Some(down)) => (up < down, down <= up, up.min(down)),
                        (up, down) => (up.is_some(), down.is_some(), up.or(down).unwrap_or(h)),
                    };
                    (entry, exit, barrier(0.8 * reach), barrier(-0.8 * reach), t + bars_held)
                }
                LabelMode::Context => {
                    let [take, stop, run, change, above, below] = plain_context(&ahead, labels.sigma[t]);
                    let scores = labels.context.as_ref().unwrap();
                    prop_assert_eq!((scores.take_profit[t], scores.stop_loss[t]), (take, stop));
                    prop_assert_eq!(scores.let_run[t], run);
                    prop_assert!(scores.regime_change[t] == change || (change.is_nan() && scores.regime_change[t].is_nan()));
                    let price = |threshold: f64| bars[t].close * (1.0 + threshold);
                    (take >= 0.7, stop >= 0.7, price(above), price(below), t + h)
                }
            };
            prop_assert_eq!(labels.entry[t], f64::from(u8::from(entry)));
            prop_assert_eq!(labels.exit[t], f64::from(u8::from(exit)));
            prop_assert!((labels.upper[t] / upper - 1.0).abs() < 1e-12 && (labels.lower[t] / lower - 1.0).abs() < 1e-12);
            prop_assert_eq!(labels.end[t], Some(end));
        }
    }
}
