use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::market::{Bar, Flow};

/// A streaming state machine: it sees one bar at a time and so can never look ahead.
pub trait Indicator {
    /// Takes the next bar and writes the lines defined on it, in declared order. `lines` comes filled with NaN.
    fn next(&mut self, bar: &Bar, lines: &mut [f64]);
}

/// An [`Indicator`] that also reads columns beyond OHLCV, NaN where the file has none.
pub trait FlowIndicator {
    /// Takes the next bar and writes the lines defined on it, in declared order. `lines` comes filled with NaN.
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]);
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

/// An indicator that can be made from its parameters; its whole state can be stored and taken up again.
pub(super) trait Build: Send + Sized + Serialize + DeserializeOwned + 'static {
    fn build(args: Args<'_>) -> Self;
}

/// State of another indicator, of other parameters or of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state does not belong to this indicator")]
pub struct StateError;

/// A running indicator. Bars with a missing or infinite value give missing lines and leave the state as it was; lines
/// that overflow are missing.
pub trait Stream: Send {
    /// Takes one bar and fills `lines`, in declared order.
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]);

    /// Takes many bars; `flows` is as long as `bars` or empty. Bar `i` of line `k` goes to `columns[k][i]`, where wanted.
    /// The values are those of [`Stream::next`] to the last bit.
    fn run(&mut self, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]);

    /// Everything needed to go on after the bars so far.
    fn state(&self) -> Vec<u8>;

    /// Goes on from a stored state.
    fn restore(&mut self, state: &[u8]) -> Result<(), StateError>;
}

/// How an indicator is started from its parameters.
#[derive(Clone, Copy)]
pub struct Engine {
    start: fn(Args<'_>) -> Box<dyn Stream>,
}

impl Engine {
    pub(super) const fn of<T: Build + Indicator>() -> Self {
        Self { start: |args| Box::new(Machine(OnBars(T::build(args)))) }
    }

    /// Of an indicator that reads columns beyond OHLCV.
    pub(super) const fn of_flow<T: Build + FlowIndicator>() -> Self {
        Self { start: |args| Box::new(Machine(OnFlow(T::build(args)))) }
    }

    pub(super) fn start(&self, args: Args<'_>) -> Box<dyn Stream> {
        (self.start)(args)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

trait Step: Send {
    type State: Serialize + DeserializeOwned;
    fn step(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]);
    fn state(&mut self) -> &mut Self::State;
    fn state_ref(&self) -> &Self::State;
}

struct OnBars<T>(T);

impl<T: Build + Indicator> Step for OnBars<T> {
    type State = T;

    #[inline(always)]
    fn step(&mut self, bar: &Bar, _: &Flow, lines: &mut [f64]) {
        self.0.next(bar, lines);
    }

    fn state(&mut self) -> &mut T {
        &mut self.0
    }

    fn state_ref(&self) -> &T {
        &self.0
    }
}

struct OnFlow<T>(T);

impl<T: Build + FlowIndicator> Step for OnFlow<T> {
    type State = T;

    #[inline(always)]
    fn step(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        self.0.next(bar, flow, lines);
    }

    fn state(&mut self) -> &mut T {
        &mut self.0
    }

    fn state_ref(&self) -> &T {
        &self.0
    }
}

struct Machine<S>(S);

impl<S: Step> Stream for Machine<S> {
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        one(&mut self.0, bar, flow, lines);
        lines.iter_mut().for_each(drop_infinite);
    }

    fn run(&mut self, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: the processor has what the function is compiled for.
            #[expect(unsafe_code, reason = "the one way to call code compiled for more than the baseline processor")]
            unsafe {
                run_wide(&mut self.0, bars, flows, columns);
            }
            return;
        }
        run_tiles(bars, flows, columns, |bar, flow, lines| one(&mut self.0, bar, flow, lines));
    }

    fn state(&self) -> Vec<u8> {
        postcard::to_allocvec(self.0.state_ref()).unwrap_or_default()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), StateError> {
        let (restored, rest) = postcard::take_from_bytes(state).or(Err(StateError))?;
        if !rest.is_empty() {
            return Err(StateError);
        }
        *self.0.state() = restored;
        Ok(())
    }
}

/// Bars whose lines are kept in cache before they go to their columns.
const TILE: usize = 64;

/// One bar, compiled for any processor.
#[inline(never)]
fn one<S: Step>(machine: &mut S, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
    lines.fill(f64::NAN);
    if is_whole(bar) {
        machine.step(bar, flow, lines);
    }
}

/// Many bars, compiled for processors with fused multiply-add, which rounds as the software of others does.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_wide<S: Step>(machine: &mut S, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]) {
    run_tiles(bars, flows, columns, |bar, flow, lines| {
        lines.fill(f64::NAN);
        if is_whole(bar) {
            machine.step(bar, flow, lines);
        }
    });
}

#[inline(always)]
fn run_tiles(
    bars: &[Bar],
    flows: &[Flow],
    columns: &mut [Option<&mut [f64]>],
    mut step: impl FnMut(&Bar, &Flow, &mut [f64]),
) {
    let width = columns.len();
    let mut tile = vec![f64::NAN; TILE * width];
    for (at, chunk) in bars.chunks(TILE).enumerate() {
        let from = at * TILE;
        for (i, (bar, lines)) in chunk.iter().zip(tile.chunks_exact_mut(width.max(1))).enumerate() {
            step(bar, flows.get(from + i).unwrap_or(&Flow::MISSING), lines);
        }
        for (k, column) in columns.iter_mut().enumerate() {
            let Some(column) = column else { continue };
            for (i, value) in column[from..from + chunk.len()].iter_mut().enumerate() {
                *value = tile[i * width + k];
                drop_infinite(value);
            }
        }
    }
}

#[inline(always)]
pub(super) fn is_whole(bar: &Bar) -> bool {
    [bar.open, bar.high, bar.low, bar.close, bar.volume].iter().all(|value| value.is_finite())
}

#[inline(always)]
fn drop_infinite(value: &mut f64) {
    if value.is_infinite() {
        *value = f64::NAN;
    }
}
