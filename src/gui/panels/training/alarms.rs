use crate::training::EpochMetrics;

/// Share of uniform entropy below which a head looks at hardly more than one bar.
const COLLAPSED: f64 = 0.05;
/// Share by which validation losses may exceed training losses.
const GAP: f64 = 0.25;
/// Gradient norm that teaches nothing.
const NOTHING: f64 = 1e-9;

/// What is wrong with the last epoch, one sentence each.
pub(super) fn alarms(epochs: &[EpochMetrics]) -> Vec<String> {
    let Some(last) = epochs.last() else { return Vec::new() };
    let mut found = Vec::new();
    let heads = last.attention_entropy.iter().enumerate();
    let heads = heads.flat_map(|(layer, heads)| heads.iter().enumerate().map(move |(head, h)| (layer, head, *h)));
    let collapsed: Vec<String> =
        heads.filter(|(.., h)| *h < COLLAPSED).map(|(layer, head, _)| format!("L{layer} H{head}")).collect();
    if !collapsed.is_empty() {
        found.push(format!("collapsed heads, which look at one bar only: {}", collapsed.join(", ")));
    }
    if 2 * last.active_latents < last.kl.len() {
        found.push(format!(
            "{} of {} latents carry information: the others are dead",
            last.active_latents,
            last.kl.len()
        ));
    }
    let tasks = |of: &crate::training::TaskLosses| [of.entry, of.exit, of.expected_return, of.volatility];
    let pairs = tasks(&last.train).into_iter().zip(tasks(&last.validation));
    let gaps: Vec<f64> =
        pairs.map(|(train, validation)| validation / train - 1.0).filter(|gap| gap.is_finite()).collect();
    let gap = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    let since = epochs.iter().rev().take_while(|epoch| !epoch.best).count();
    if gap > GAP && since > 0 {
        let than = 100.0 * gap;
        found.push(format!(
            "validation losses are {than:.0} % above training's and {since} epochs old at best: overfitting"
        ));
    }
    if last.gradient_norm < NOTHING {
        found.push("the gradient is all but zero: nothing is learned".to_owned());
    }
    if let Some(dead) = last.dead_units.filter(|dead| *dead > 0) {
        found.push(format!("no gradient reaches {dead} units on the validation windows looked at"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{LearnedMetrics, TaskLosses};

    fn epoch(number: usize, best: bool) -> EpochMetrics {
        let losses = |x: f64| TaskLosses { entry: x, exit: x, expected_return: x, volatility: x, vae: 1.0, size: 0.0 };
        EpochMetrics {
            event: "epoch".to_owned(),
            epoch: number,
            step: 10,
            learning_rate: 1e-3,
            train: losses(1.0),
            validation: losses(1.1),
            score: 1.0,
            best,
            learned: LearnedMetrics::default(),
            gradient_norm: 0.5,
            gradient_norm_max: 1.0,
            weight_change: Some(0.1),
            dead_units: Some(0),
            log_variances: vec![0.0; 5],
            kl: vec![0.1; 4],
            active_latents: 4,
            attention_entropy: vec![vec![0.9, 0.8]],
        }
    }

    #[test]
    fn a_sound_epoch_raises_none_and_each_fault_its_own() {
        assert_eq!(alarms(&[]), [""; 0]);
        assert_eq!(alarms(&[epoch(1, true), epoch(2, false)]), [""; 0]);
        let one = |change: &dyn Fn(&mut EpochMetrics)| {
            let mut last = epoch(3, false);
            change(&mut last);
            let found = alarms(&[epoch(2, true), last]);
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].clone()
        };
        assert!(one(&|e| e.attention_entropy[0][1] = 0.01).contains("L0 H1"));
        assert!(one(&|e| e.active_latents = 1).contains("1 of 4 latents"));
        assert!(one(&|e| e.validation = TaskLosses { vae: 1.0, ..e.train_scaled(1.5) }).contains("50 % above"));
        assert!(one(&|e| e.gradient_norm = 0.0).contains("nothing is learned"));
        assert!(one(&|e| e.dead_units = Some(7)).contains("7 units"));
    }

    impl EpochMetrics {
        fn train_scaled(&self, by: f64) -> TaskLosses {
            let TaskLosses { entry, exit, expected_return, volatility, vae, size } = self.train;
            TaskLosses {
                entry: entry * by,
                exit: exit * by,
                expected_return: expected_return * by,
                volatility: volatility * by,
                vae,
                size,
            }
        }
    }
}
