use serde::{Deserialize, Serialize};

use super::statistics::known;
use super::{BacktestError, Simulation, Yardstick};
use crate::stats::Interval;

/// Fewer trades than this are called few in the verdict.
const FEW_TRADES: usize = 30;

/// How much more the network earned than one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The baseline.
    pub name: String,
    /// Mean difference of the bars' net returns, annualised by bars per year, with its 95 % paired block-bootstrap
    /// interval; `None` without bars.
    pub interval: Option<Interval>,
}

/// Whether the network shows an edge, in numbers and in one sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// True only out of sample, with trades, and if every baseline's interval lies above 0.
    pub edge: bool,
    /// One entry per baseline.
    pub differences: Vec<Difference>,
    /// The plain sentence.
    pub sentence: String,
}

impl Verdict {
    /// Compares the network with named baselines simulated over the same bars.
    pub fn new(
        network: &Simulation,
        baselines: &[(&str, &Simulation)],
        in_sample: bool,
        yardstick: &Yardstick<'_>,
    ) -> Result<Self, BacktestError> {
        let ours = network.returns();
        let mut differences = Vec::with_capacity(baselines.len());
        for &(name, baseline) in baselines {
            let same = network.equity.iter().map(|p| p.timestamp).eq(baseline.equity.iter().map(|p| p.timestamp));
            if !same {
                return Err(BacktestError::DifferentBars { name: name.to_owned() });
            }
            let gap: Vec<f64> = ours.iter().zip(baseline.returns()).map(|(a, b)| a - b).collect();
            let interval = yardstick.interval(gap.len(), |rows| {
                rows.iter().map(|&i| gap[i]).sum::<f64>() / rows.len() as f64 * yardstick.bars_per_year
            });
            differences.push(Difference { name: name.to_owned(), interval: known(interval) });
        }
        let beaten = |d: &Difference| d.interval.is_some_and(|i| i.low > 0.0);
        let trades = network.trades.len();
        let edge = !in_sample && trades > 0 && !differences.is_empty() && differences.iter().all(beaten);
        let start = match (edge, in_sample) {
            (true, _) => "The network shows an edge",
            (false, true) => "These bars taught or tuned the network, so they prove no edge",
            (false, false) => "The network shows no edge",
        };
        let sentence = sentence(start, trades, ours.len(), &differences);
        Ok(Self { edge, differences, sentence })
    }
}

fn sentence(start: &str, trades: usize, bars: usize, differences: &[Difference]) -> String {
    if trades == 0 {
        return format!("The network took no trade in {bars} bars, so it shows no edge.");
    }
    let gaps: Vec<String> = differences
        .iter()
        .map(|Difference { name, interval }| match interval {
            Some(i) => format!(
                "{:+.1} % a year against {name} (95 % interval {:+.1} to {:+.1})",
                100.0 * i.estimate,
                100.0 * i.low,
                100.0 * i.high
            ),
            None => format!("nothing to tell against {name}"),
        })
        .collect();
    let few = if trades < FEW_TRADES { ", which are few" } else { "" };
    format!("{start}: {}, after costs, over {bars} bars and {trades} trades{few}.", gaps.join(", "))
}
