use crate::market::Bar;

/// A streaming state machine: it sees one bar at a time and so can never look ahead.
pub trait Indicator {
    /// Takes the next bar and writes the lines defined on it, in declared order. `lines` comes filled with NaN.
    fn next(&mut self, bar: &Bar, lines: &mut [f64]);
}

/// Values of an indicator's parameters, in declared order.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a>(pub(super) &'a [f64]);

impl Args<'_> {
    /// Parameter `i` as a number of bars.
    pub fn bars(self, i: usize) -> usize {
        self.0[i] as usize
    }

    /// Parameter `i`.
    pub fn real(self, i: usize) -> f64 {
        self.0[i]
    }
}

/// An indicator that can be made from its parameters.
pub(super) trait Build: Indicator + Send + Sized + 'static {
    fn build(args: Args<'_>) -> Self;
}

type Start = fn(Args<'_>) -> Box<dyn Indicator + Send>;
type Run = fn(Args<'_>, usize, &[Bar]) -> Vec<Vec<f64>>;

/// How an indicator is computed: as a stream, or over all bars in a loop compiled for its concrete type.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    start: Start,
    run: Run,
}

impl Engine {
    pub(super) const fn of<T: Build>() -> Self {
        Self { start: start::<T>, run: run::<T> }
    }

    pub(super) fn start(&self, args: Args<'_>) -> Box<dyn Indicator + Send> {
        (self.start)(args)
    }

    /// `width` columns, one value per bar each.
    pub(super) fn run(&self, args: Args<'_>, width: usize, bars: &[Bar]) -> Vec<Vec<f64>> {
        (self.run)(args, width, bars)
    }
}

/// Clears the row before each bar and turns an overflow into a missing value.
struct Guarded<T>(T);

impl<T: Indicator> Indicator for Guarded<T> {
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines.fill(f64::NAN);
        self.0.next(bar, lines);
        for value in lines {
            if value.is_infinite() {
                *value = f64::NAN;
            }
        }
    }
}

fn start<T: Build>(args: Args<'_>) -> Box<dyn Indicator + Send> {
    Box::new(Guarded(T::build(args)))
}

fn run<T: Build>(args: Args<'_>, width: usize, bars: &[Bar]) -> Vec<Vec<f64>> {
    let mut indicator = Guarded(T::build(args));
    let mut row = vec![f64::NAN; width];
    let mut columns = vec![vec![f64::NAN; bars.len()]; width];
    for (i, bar) in bars.iter().enumerate() {
        indicator.next(bar, &mut row);
        for (column, value) in columns.iter_mut().zip(&row) {
            column[i] = *value;
        }
    }
    columns
}
