use super::columns::honest;
use super::*;

/// Alarms of all trials, and the largest statistic against its bound.
fn alarms(kind: Walk, trials: u64, n: usize) -> (usize, Vec<String>) {
    let mut raised = Vec::new();
    let mut trials_with = 0;
    for seed in 0..trials {
        let bars = walk(kind, n, 1000 + seed);
        let found = check(&bars, &honest(&bars, seed));
        let wrong: Vec<String> =
            found.iter().filter(|v| v.verdict != Verdict::Clean).map(|v| format!("{seed}: {}", v.sentence)).collect();
        trials_with += usize::from(!wrong.is_empty());
        raised.extend(wrong);
    }
    (trials_with, raised)
}

#[test]
fn twenty_honest_columns_raise_no_alarm_in_200_trials() {
    for kind in [Walk::Plain, Walk::Garch] {
        let (trials, raised) = alarms(kind, 100, 1000);
        assert!(trials <= 1, "{kind:?}: {trials} of 100 trials\n{}", raised.join("\n"));
    }
}

#[test]
fn honest_columns_of_bitcoin_are_clean() {
    let bars = bitcoin();
    for (part, name) in [(&bars[..], "all"), (&bars[..4000], "early"), (&bars[9000..11000], "late")] {
        for verdict in check(part, &honest(part, 7)) {
            assert_eq!(verdict.verdict, Verdict::Clean, "{name}: {}", verdict.sentence);
        }
    }
}

#[test]
fn chance_stays_below_the_bound_about_as_often_as_it_says() {
    // Without the floor on the effect: how often does the largest z of honest columns pass?
    let mut passed = 0;
    for seed in 0..60 {
        let kind = if seed % 2 == 0 { Walk::Plain } else { Walk::Garch };
        let bars = walk(kind, 1200, 9000 + seed);
        let found = check(&bars, &honest(&bars, seed));
        let signed = found.iter().filter_map(|v| v.strongest.as_ref()).filter(|e| e.measure == "the return");
        passed += signed.filter(|e| e.statistic.abs() > e.null_quantile).count();
    }
    assert!(passed <= 2, "{passed} columns in 60 trials");
}
