//! What can be called by name.

/// A calculation on the values of one bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pure {
    Negative,
    Not,
    Abs,
    Sqrt,
    Ln,
    Exp,
    Sign,
    Floor,
    Round,
    /// The same value without a unit.
    Bare,
    /// A plain number as a price.
    AsPrice,
    /// A plain number as a volume.
    AsVolume,
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
    And,
    Or,
    Min,
    Max,
    /// The first value, or the second where it is missing.
    Known,
    /// The first value held between the second and the third.
    Clamp,
    /// The second value where the first is 1, else the third.
    Choose,
}

/// A calculation that remembers earlier bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Memory {
    Sma,
    Ema,
    Wilder,
    Wma,
    Sum,
    Deviation,
    Highest,
    Lowest,
    HighestAge,
    LowestAge,
    Median,
    PercentRank,
    Slope,
    Cross,
    Since,
    When,
    Running,
}

/// How a function is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Pure(Pure),
    /// A pure function of two values taken over two or more.
    Fold(Pure),
    /// Of a value and a length.
    Window(Memory),
    /// Of values alone.
    Stateful(Memory),
    /// `valuewhen`, whose third argument may be left out.
    When,
    /// The value n bars ago.
    Lag,
    /// x - x[n]
    Change,
    /// 100 (x - x[n]) / x[n]
    Rate,
    /// 1 where a crosses b in this direction.
    Crossing(i8),
}

/// A function by its name.
#[derive(Debug)]
pub(super) struct Function {
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// Fewest and most arguments.
    pub arity: (usize, usize),
    pub make: Make,
    pub meaning: &'static str,
}

const fn function(
    name: &'static str,
    usage: &'static str,
    arity: (usize, usize),
    make: Make,
    meaning: &'static str,
) -> Function {
    Function { name, usage, arity, make, meaning }
}

const fn window(name: &'static str, usage: &'static str, memory: Memory, meaning: &'static str) -> Function {
    function(name, usage, (2, 2), Make::Window(memory), meaning)
}

const fn pure(name: &'static str, usage: &'static str, arity: usize, pure: Pure, meaning: &'static str) -> Function {
    function(name, usage, (arity, arity), Make::Pure(pure), meaning)
}

/// Every function.
pub(super) const FUNCTIONS: &[Function] = &[
    window("sma", "sma(x, n)", Memory::Sma, "mean of the last n values"),
    window("ema", "ema(x, n)", Memory::Ema, "exponential average, gain 2 / (n + 1), started from the mean of n values"),
    window(
        "wilder",
        "wilder(x, n)",
        Memory::Wilder,
        "exponential average, gain 1 / n, started from the mean of n values",
    ),
    window("wma", "wma(x, n)", Memory::Wma, "average with weights n (newest) to 1"),
    window("sum", "sum(x, n)", Memory::Sum, "sum of the last n values"),
    window("stdev", "stdev(x, n)", Memory::Deviation, "population standard deviation of the last n values"),
    window("highest", "highest(x, n)", Memory::Highest, "highest of the last n values"),
    window("lowest", "lowest(x, n)", Memory::Lowest, "lowest of the last n values"),
    window("highest_age", "highest_age(x, n)", Memory::HighestAge, "bars since the highest of the last n values"),
    window("lowest_age", "lowest_age(x, n)", Memory::LowestAge, "bars since the lowest of the last n values"),
    window("median", "median(x, n)", Memory::Median, "median of the last n values"),
    window(
        "percentrank",
        "percentrank(x, n)",
        Memory::PercentRank,
        "percent of the n values before that are at most x",
    ),
    window("linreg_slope", "linreg_slope(x, n)", Memory::Slope, "rise per bar of the line fitted to the last n values"),
    function("lag", "lag(x, n)", (2, 2), Make::Lag, "value n bars ago, as x[n]"),
    function("change", "change(x, n)", (1, 2), Make::Change, "x - x[n]; n is 1 when left out"),
    function("roc", "roc(x, n)", (2, 2), Make::Rate, "change over n bars in percent"),
    function(
        "cross",
        "cross(a, b)",
        (2, 2),
        Make::Stateful(Memory::Cross),
        "1 where a rises above b, -1 where it falls below, else 0",
    ),
    function("crossover", "crossover(a, b)", (2, 2), Make::Crossing(1), "whether a rises above b"),
    function("crossunder", "crossunder(a, b)", (2, 2), Make::Crossing(-1), "whether a falls below b"),
    function("barssince", "barssince(c)", (1, 1), Make::Stateful(Memory::Since), "bars since c held, 0 where it holds"),
    function("valuewhen", "valuewhen(c, x, k)", (2, 3), Make::When, "x where c held last, or k times before that"),
    function("cum", "cum(x)", (1, 1), Make::Stateful(Memory::Running), "running sum of all values"),
    function("min", "min(a, b, ..)", (2, 8), Make::Fold(Pure::Min), "least"),
    function("max", "max(a, b, ..)", (2, 8), Make::Fold(Pure::Max), "greatest"),
    pure("abs", "abs(x)", 1, Pure::Abs, "size without sign"),
    pure("sqrt", "sqrt(x)", 1, Pure::Sqrt, "square root"),
    pure("ln", "ln(x)", 1, Pure::Ln, "natural logarithm"),
    pure("exp", "exp(x)", 1, Pure::Exp, "e to the power x"),
    pure("sign", "sign(x)", 1, Pure::Sign, "-1, 0 or 1"),
    pure("floor", "floor(x)", 1, Pure::Floor, "greatest whole number not above x"),
    pure("round", "round(x)", 1, Pure::Round, "nearest whole number, halves away from 0"),
    pure("clamp", "clamp(x, low, high)", 3, Pure::Clamp, "x held between low and high"),
    pure("nz", "nz(x, default)", 2, Pure::Known, "x, or the default where x is missing"),
    pure("bare", "bare(x)", 1, Pure::Bare, "the same number without its unit; you vouch for it"),
    pure("as_price", "as_price(x)", 1, Pure::AsPrice, "a plain number taken as a price; you vouch for it"),
    pure("as_volume", "as_volume(x)", 1, Pure::AsVolume, "a plain number taken as a volume; you vouch for it"),
];

/// How every function is called and what it gives.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FUNCTIONS.iter().map(|function| (function.usage, function.meaning))
}

/// The name among `known` that was most likely meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let short: Vec<char> = name.chars().take(40).collect();
    let most = 1 + short.len() / 3;
    let far = known.into_iter().map(|other| (distance(&short, &other.chars().collect::<Vec<_>>(), most), other));
    far.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, other)| other)
}

/// Edits between two words, capitals and neighbours changing places counting one; `most` + 1 when more.
///
/// Source: the optimal string alignment form of F. Damerau, CACM 7 (1964).
fn distance(a: &[char], b: &[char], most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let swap = usize::from(a[i - 1] != b[j - 1]);
            let mut cost = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + swap);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(rows[i - 2][j - 2] + 1);
            }
            row.push(cost);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["close", "open", "crossover", "crossunder", "sma", "WT1"];
        assert_eq!(nearest("clsoe", names), Some("close"));
        assert_eq!(nearest("crosover", names), Some("crossover"));
        assert_eq!(nearest("wt1", names), Some("WT1"));
        assert_eq!(nearest("smaa", names), Some("sma"));
        assert_eq!(nearest("bollinger", names), None);
    }
}
