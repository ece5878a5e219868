use super::controls::{Backdrop, Target};
use super::innovation::levelled;
use super::known::{SAME_SHARE, count, followed, recognise, recognise_exact};
use super::null::Test;
use super::{Evidence, Finding, LeakKind, Verdict};
use crate::market::Bar;
use crate::stats::correlation;

/// Share of the peak from which a lag belongs to a profile.
const OF_PEAK: f64 = 0.4;
/// Share of a column's squared correlation with returns that lies after the bar, from which it is about the outcome only.
const ALL_AHEAD: f64 = 0.85;
/// One-bar autocorrelation from which a column is looked at by its changes.
const PERSISTENT: f64 = 0.98;

/// The likeliest name for a dependence that was found.
pub(super) fn name(
    bars: &[Bar],
    backdrop: &Backdrop,
    columns: &[(&str, &[f64])],
    name: &str,
    values: &[f64],
    test: &Test,
    horizon: usize,
) -> Finding {
    let evidence = test.evidence();
    let measured = format!(
        "correlation {:.3} with {} {} ahead, z {:.1} where chance stays below {:.1}",
        test.correlation,
        test.target.describe(),
        count(test.lead),
        test.z,
        test.bound
    );
    if let Some(known) = recognise(bars, columns, name, values, horizon) {
        let sentence = format!("{name} leaks: {} ({measured})", known.what);
        return Finding { verdict: Verdict::Leaks, kind: known.kind, evidence, sentence };
    }
    let kind = guess(backdrop, values, test, horizon);
    let like = match kind {
        LeakKind::CentredMean { window } => format!("a mean over {window} bars centred on the bar, or one moved back"),
        LeakKind::FollowsLabel { horizon } => {
            format!("a noisy version of the outcome of the next {}", count(horizon))
        }
        LeakKind::Shifted { by: -1 } => "a column shifted by -1, or a noisy version of the next return".to_owned(),
        LeakKind::Shifted { by } => format!("a column shifted by {by}"),
        _ => "knowledge of the future".to_owned(),
    };
    let verdict = test.verdict();
    let leaks = if verdict == Verdict::Leaks { "leaks" } else { "is suspicious" };
    Finding { verdict, kind, evidence, sentence: format!("{name} {leaks}: it looks like {like} ({measured})") }
}

/// A leak that foretells too little for the tests but is exact.
pub(super) fn exact(bars: &[Bar], name: &str, values: &[f64], horizon: usize) -> Option<Finding> {
    let known = recognise_exact(bars, values, horizon)?;
    let lead = match known.kind {
        LeakKind::CentredMean { window } => window / 2,
        LeakKind::Shifted { by } => by.unsigned_abs() as usize,
        _ => 0,
    };
    let evidence = Evidence {
        measure: "least share of values that agree with later bars",
        statistic: SAME_SHARE,
        null_quantile: 0.0,
        correlation: f64::NAN,
        lead,
    };
    let sentence = format!("{name} leaks: {}", known.what);
    Some(Finding { verdict: Verdict::Leaks, kind: known.kind, evidence, sentence })
}

fn guess(backdrop: &Backdrop, values: &[f64], test: &Test, horizon: usize) -> LeakKind {
    let column = levelled(values);
    let changes: Vec<f64> =
        (0..column.len()).map(|t| if t == 0 { f64::NAN } else { column[t] - column[t - 1] }).collect();
    let target: &[f64] = match test.target {
        Target::Return => &backdrop.returns,
        Target::Size => &backdrop.surprises[1],
        Target::Volume => &backdrop.surprises[2],
    };
    let persistent = autocorrelation(&column) > PERSISTENT;
    let of_changes = Profile::new(&changes, target, horizon);
    let of_levels = Profile::new(&column, target, horizon);
    let centred = of_changes.centred().or_else(|| if persistent { None } else { of_levels.centred() });
    // A mean over three bars cannot be told from a smooth column shifted by one, which is the commoner mistake.
    if let Some(half) = centred.filter(|half| *half > 1) {
        return LeakKind::CentredMean { window: 2 * half + 1 };
    }
    if test.target == Target::Return && !persistent && of_levels.share_ahead() > ALL_AHEAD {
        let (horizon, _) = followed(&backdrop.returns, &column, horizon);
        if horizon > 1 {
            return LeakKind::FollowsLabel { horizon };
        }
    }
    LeakKind::Shifted { by: -(test.lead as i64) }
}

fn autocorrelation(x: &[f64]) -> f64 {
    let pairs = x.windows(2).filter(|w| w[0].is_finite() && w[1].is_finite());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|w| (w[0], w[1])).unzip();
    correlation(&a, &b)
}

/// Correlations of a column at t with the target at t + j.
struct Profile {
    /// For j = -2 horizon..=horizon.
    cells: Vec<f64>,
    horizon: usize,
    noise: f64,
}

impl Profile {
    fn new(x: &[f64], y: &[f64], horizon: usize) -> Self {
        let n = x.len();
        let cell = |i: usize| {
            let pairs = (0..n).filter_map(|t| {
                let s = (t + i).checked_sub(2 * horizon)?;
                (s < n && x[t].is_finite() && y[s] != 0.0).then(|| (x[t], y[s]))
            });
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
            let r = correlation(&a, &b);
            if r.is_nan() { 0.0 } else { r }
        };
        Self { cells: (0..=3 * horizon).map(cell).collect(), horizon, noise: 1.0 / (n as f64).sqrt() }
    }

    fn at(&self, lag: i64) -> f64 {
        usize::try_from(lag + 2 * self.horizon as i64).ok().and_then(|i| self.cells.get(i)).copied().unwrap_or(0.0)
    }

    /// Half the window of a centred mean, if the profile is one: even around the bar and as long before as after it.
    fn centred(&self) -> Option<usize> {
        let ahead = 1..=self.horizon as i64;
        let peak = ahead.clone().map(|j| self.at(j)).max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
        let least = f64::max(OF_PEAK, 4.0 * self.noise / peak.abs());
        if least >= 1.0 {
            return None;
        }
        let belongs = |j: i64| self.at(j) / peak >= least;
        let last = ahead.clone().rev().find(|&j| belongs(j))?;
        // A mean has no holes; past its ends come others only by chance.
        let inside = (0..=last).filter(|&j| belongs(j)).count();
        let first = (1..=2 * self.horizon as i64).take_while(|&j| belongs(-j)).last().unwrap_or(0);
        let even = (first - last).abs() as f64 <= 0.34 * last as f64;
        (inside as f64 > 0.9 * last as f64 && belongs(0) && even).then_some(last as usize)
    }

    /// Share of the squared correlations, beyond chance, that lies after the bar.
    fn share_ahead(&self) -> f64 {
        let excess = |j: i64| if self.at(j).abs() > 3.0 * self.noise { self.at(j).powi(2) } else { 0.0 };
        let ahead: f64 = (1..=self.horizon as i64).map(excess).sum();
        let rest: f64 = (-2 * self.horizon as i64..=0).map(excess).sum();
        if ahead > 0.0 { ahead / (ahead + rest) } else { 0.0 }
    }
}
