use std::sync::Arc;

use super::atr::{Atr, brackets};
use super::{BacktestError, Decision, Direction, ExitReason, OpenPosition, Strategy};
use crate::config::{BacktestConfig, Side};
use crate::indicators::{Formula, Instance, Kind, Library, Unit, compute};
use crate::market::{Bar, Series};

/// The rule that is traded when no other is named.
const STANDARD: &str = include_str!("../../assets/formulas/released_turn.indicator");
const STANDARD_ID: &str = "released_turn";

/// What a rule may say, and what sort of value it must be.
const WORDS: [(&str, Sort); 7] = [
    ("long_entry", Sort::Condition),
    ("long_exit", Sort::Condition),
    ("short_entry", Sort::Condition),
    ("short_exit", Sort::Condition),
    ("size", Sort::Share),
    ("stop", Sort::Price),
    ("target", Sort::Price),
];

const ENTRY: [usize; 2] = [0, 2];
const EXIT: [usize; 2] = [1, 3];
const SIZE: usize = 4;
const STOP: usize = 5;
const TARGET: usize = 6;

#[derive(Clone, Copy)]
enum Sort {
    Condition,
    Share,
    Price,
}

impl Sort {
    fn fits(self, unit: Unit) -> bool {
        match self {
            Self::Condition => matches!(unit.kind, Kind::Flag | Kind::Constant),
            Self::Share => (unit.price, unit.volume) == (0, 0),
            Self::Price => (unit.price, unit.volume) == (1, 0),
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Condition => "a condition, as in close > open",
            Self::Share => "a share of the equity, a plain number",
            Self::Price => "a price",
        }
    }
}

/// A strategy written as a formula, which says by the names of its lines when to trade:
///
/// - `long_entry`, `short_entry`: 1 to enter at the next open; at least one of them. Both at once say nothing.
/// - `long_exit`, `short_exit`: 1 to close at the next open.
/// - `size`: share of the equity, cut to the configuration's `max_size`, which also holds without it.
/// - `stop`, `target`: prices, watched from the fill on; without them, the configuration's distances in ATR(14).
///
/// A missing value says nothing: no entry without a size, a stop and a target where the rule gives them.
#[derive(Debug, Clone)]
pub struct Rule {
    formula: Arc<Formula>,
    /// Line of each word.
    lines: [Option<usize>; WORDS.len()],
}

impl Rule {
    /// Checks that a formula is a rule.
    pub fn new(formula: Arc<Formula>) -> Result<Self, BacktestError> {
        let mut lines = [None; WORDS.len()];
        let about = formula.about();
        for ((word, sort), line) in WORDS.into_iter().zip(&mut lines) {
            *line = about.lines.iter().position(|spec| spec.name == word);
            if let Some(place) = *line
                && !sort.fits(about.lines[place].unit)
            {
                let (line, column) = formula.place(place);
                let problem = format!("{word} must be {}, but is {}", sort.wanted(), about.lines[place].unit);
                return Err(BacktestError::BadRule { rule: about.id.to_owned(), line, column, problem });
            }
        }
        if ENTRY.iter().all(|&entry| lines[entry].is_none()) {
            let problem = "a rule assigns long_entry or short_entry, or both".to_owned();
            return Err(BacktestError::BadRule { rule: about.id.to_owned(), line: 1, column: 1, problem });
        }
        Ok(Self { formula, lines })
    }

    /// The rule that is traded when no other is named.
    pub fn standard() -> Result<Self, BacktestError> {
        let formula = Formula::read(STANDARD_ID, STANDARD.as_bytes(), &Library::default());
        Self::new(Arc::new(formula.map_err(|errors| BacktestError::BadStandardRule(errors.to_string()))?))
    }

    /// The formula.
    pub fn formula(&self) -> &Formula {
        &self.formula
    }
}

/// Trades a [`Rule`].
#[derive(Debug)]
pub struct RuleStrategy {
    /// Stop and target distances are 0 where the rule gives prices.
    config: BacktestConfig,
    /// Values per bar of the words the rule says.
    columns: [Option<Vec<f64>>; WORDS.len()],
    atr: Atr,
}

impl RuleStrategy {
    /// Computes the rule over `series`, whose bars are to be traded. Direction, greatest size and, where the rule gives
    /// none, stop and target distances come from the configuration.
    pub fn new(rule: &Rule, series: &Series, config: &BacktestConfig) -> Self {
        let mut lines: Vec<Option<Vec<f64>>> = compute(&[Instance::of_formula(Arc::clone(&rule.formula))], series)
            .columns
            .into_iter()
            .map(|line| Some(line.values))
            .collect();
        let columns = rule.lines.map(|line| lines[line?].take());
        let mut config = config.clone();
        if columns[STOP].is_some() {
            config.stop_atr = 0.0;
        }
        if columns[TARGET].is_some() {
            config.target_atr = 0.0;
        }
        Self { config, columns, atr: Atr::default() }
    }

    /// What the rule says of a word at bar `t`: nothing if it never does, missing if it cannot say.
    fn value(&self, word: usize, t: usize) -> Option<f64> {
        let column = self.columns[word].as_ref()?;
        Some(column.get(t).copied().unwrap_or(f64::NAN))
    }

    fn says(&self, words: [usize; 2], side: Direction, t: usize) -> bool {
        self.value(words[usize::from(side == Direction::Short)], t) == Some(1.0)
    }

    /// The side to enter at bar `t`.
    fn side(&self, t: usize) -> Option<Direction> {
        let wants = |side: Direction, other: Side| self.config.side != other && self.says(ENTRY, side, t);
        match (wants(Direction::Long, Side::Short), wants(Direction::Short, Side::Long)) {
            (true, false) => Some(Direction::Long),
            (false, true) => Some(Direction::Short),
            _ => None,
        }
    }

    /// The entry at the close of bar `t`, unless something it needs is missing.
    fn entry(&self, side: Direction, t: usize, close: f64, atr: Option<f64>) -> Option<Decision> {
        let size = self.value(SIZE, t).map_or(self.config.max_size, |size| size.clamp(0.0, self.config.max_size));
        let (stop, target) = brackets(&self.config, side, close, atr)?;
        let price = |word: usize, otherwise: Option<f64>| match self.value(word, t) {
            None => Some(otherwise),
            Some(price) if price.is_finite() => Some(Some(price)),
            Some(_) => None,
        };
        let (stop, target) = (price(STOP, stop)?, price(TARGET, target)?);
        (size > 0.0).then_some(Decision::Enter { side, size, stop, target, regime: None })
    }
}

impl Strategy for RuleStrategy {
    fn name(&self) -> &'static str {
        "rule"
    }

    fn decide(&mut self, t: usize, bars: &[Bar], position: Option<&OpenPosition>) -> Decision {
        let atr = self.atr.at(bars);
        if let Some(side) = self.side(t)
            && position.is_none_or(|open| open.side != side)
            && let Some(entry) = self.entry(side, t, bars[t].close, atr)
        {
            return entry;
        }
        match position {
            Some(open) if self.says(EXIT, open.side, t) => Decision::Exit { reason: ExitReason::Signal },
            _ => Decision::Hold,
        }
    }
}
