use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::function::Pure;
use super::memory::Cell;
use super::plan::{Id, Op, Plan};
use super::pure::{apply, finite};
use crate::indicators::blocks::Window;
use crate::indicators::engine::is_whole;
use crate::indicators::{Args, Instance, StateError, Stream};
use crate::market::{Bar, Flow};

/// Bars whose nested lines are computed at once.
const TILE: usize = 128;

/// One instruction on registers.
#[derive(Debug, Clone, Copy)]
enum Step {
    Pure {
        pure: Pure,
        a: u32,
        b: u32,
        c: u32,
        out: u32,
    },
    Cell {
        cell: u32,
        a: u32,
        b: u32,
        out: u32,
    },
    /// The value of a history `back` bars ago.
    Recall {
        history: u32,
        back: u32,
        out: u32,
    },
    /// Holds a register within bounds.
    Hold {
        low: f64,
        high: f64,
        out: u32,
    },
}

/// The past of a register.
#[derive(Debug)]
struct History {
    register: usize,
    values: Window,
}

/// A nested indicator and those of its lines that are read.
struct Reader {
    instance: Instance,
    stream: Box<dyn Stream>,
    row: Vec<f64>,
    /// Line, and register it goes to.
    reads: Vec<(usize, usize)>,
}

/// A running formula: a list of instructions over registers.
pub(super) struct Machine {
    /// Tells whose state a stored state is.
    stamp: u64,
    registers: Vec<f64>,
    columns: Vec<(Column, usize)>,
    readers: Vec<Reader>,
    /// Lines of the readers over the bars of a tile, one stretch of `TILE` each.
    fetched: Vec<f64>,
    steps: Vec<Step>,
    cells: Vec<Cell>,
    histories: Vec<History>,
    /// Register of each line.
    lines: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
struct State {
    stamp: u64,
    cells: Vec<Cell>,
    histories: Vec<Window>,
    readers: Vec<Vec<u8>>,
}

impl Machine {
    pub(super) fn new(plan: &Plan, args: Args<'_>, stamp: u64) -> Self {
        let constants = plan.constants(args);
        let mut machine = Self {
            stamp,
            registers: constants.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
            columns: Vec::new(),
            readers: plan.instances(&constants).into_iter().map(Reader::new).collect(),
            fetched: Vec::new(),
            steps: Vec::new(),
            cells: Vec::new(),
            histories: Vec::new(),
            lines: Vec::new(),
        };
        let bars = |id: Id| constants[id].map_or(0, |n| n as usize);
        let mut longest: BTreeMap<Id, usize> = BTreeMap::new();
        for op in &plan.ops {
            if let Op::Past { of, n } = *op {
                let back = longest.entry(of).or_default();
                *back = bars(n).max(*back);
            }
        }
        let places: BTreeMap<Id, u32> = longest.keys().zip(0..).map(|(&of, place)| (of, place)).collect();
        // Values that merely bear another name share a register.
        let mut homes: Vec<Id> = (0..plan.ops.len()).collect();
        for (i, op) in plan.ops.iter().enumerate() {
            if constants[i].is_some() {
                continue;
            }
            let out = i as u32;
            match *op {
                Op::Number(_) | Op::Param(_) | Op::Missing => {}
                Op::Column(column) => machine.columns.push((column, i)),
                Op::Line { nested, line } => machine.readers[nested].reads.push((line, i)),
                Op::Pure(Pure::Bare | Pure::AsPrice | Pure::AsVolume, [a, ..]) => homes[i] = homes[a],
                Op::Pure(pure, args) => {
                    let [a, b, c] = args.map(|arg| homes[arg] as u32);
                    machine.steps.push(Step::Pure { pure, a, b, c, out });
                }
                Op::Memory(memory, args, n) => {
                    let [a, b] = args.map(|arg| homes[arg] as u32);
                    machine.steps.push(Step::Cell { cell: machine.cells.len() as u32, a, b, out });
                    machine.cells.push(Cell::new(memory, n.map_or(0, bars)));
                    if let Some((low, high)) = plan.held[i] {
                        machine.steps.push(Step::Hold { low, high, out });
                    }
                }
                Op::Past { of, n } if of < i && bars(n) == 0 => homes[i] = homes[of],
                Op::Past { of, n } => {
                    let history = places[&of];
                    machine.steps.push(Step::Recall { history, back: bars(n) as u32, out });
                }
            }
        }
        let history = |(of, back): (Id, usize)| History { register: homes[of], values: Window::new(back) };
        machine.histories = longest.into_iter().map(history).collect();
        let reads: usize = machine.readers.iter().map(|reader| reader.reads.len()).sum();
        machine.fetched = vec![f64::NAN; TILE * reads];
        machine.lines = plan.lines.iter().map(|&line| homes[line]).collect();
        machine
    }

    /// Computes bar `i` of a tile whose nested lines are fetched.
    #[expect(clippy::inline_always, reason = "becomes part of the loop, compiled for its processor")]
    #[inline(always)]
    fn step(&mut self, i: usize, bar: &Bar, flow: &Flow) {
        let registers = self.registers.as_mut_slice();
        for (column, register) in &self.columns {
            registers[*register] = finite(column.of(bar, flow));
        }
        let reads = self.readers.iter().flat_map(|reader| &reader.reads);
        for ((_, register), values) in reads.zip(self.fetched.chunks_exact(TILE)) {
            registers[*register] = values[i];
        }
        for step in &self.steps {
            match *step {
                Step::Pure { pure, a, b, c, out } => {
                    registers[out as usize] =
                        apply(pure, registers[a as usize], registers[b as usize], registers[c as usize]);
                }
                Step::Cell { cell, a, b, out } => {
                    let value = self.cells[cell as usize].next(registers[a as usize], registers[b as usize]);
                    registers[out as usize] = finite(value);
                }
                Step::Recall { history, back, out } => {
                    let past = self.histories[history as usize].values.as_slice();
                    let value = past.len().checked_sub(back as usize).and_then(|at| past.get(at));
                    registers[out as usize] = value.copied().unwrap_or(f64::NAN);
                }
                Step::Hold { low, high, out } => {
                    let value = &mut registers[out as usize];
                    if *value < low {
                        *value = low;
                    } else if *value > high {
                        *value = high;
                    }
                }
            }
        }
        for history in &mut self.histories {
            history.values.push(registers[history.register]);
        }
    }

    /// The nested lines of up to `TILE` bars.
    fn fetch(&mut self, bars: &[Bar], flows: &[Flow]) {
        let mut stretches = self.fetched.chunks_exact_mut(TILE);
        for reader in &mut self.readers {
            let mut columns: Vec<Option<&mut [f64]>> = reader.row.iter().map(|_| None).collect();
            for (line, _) in &reader.reads {
                columns[*line] = stretches.next().map(|stretch| &mut stretch[..bars.len()]);
            }
            reader.stream.run(bars, flows, &mut columns);
        }
    }

    /// The same for one bar.
    fn fetch_one(&mut self, bar: &Bar, flow: &Flow) {
        let mut stretches = self.fetched.chunks_exact_mut(TILE);
        for reader in &mut self.readers {
            reader.stream.next(bar, flow, &mut reader.row);
            for ((line, _), stretch) in reader.reads.iter().zip(&mut stretches) {
                stretch[0] = reader.row[*line];
            }
        }
    }

    #[expect(clippy::inline_always, reason = "becomes part of the loop, compiled for its processor")]
    #[inline(always)]
    fn run_plain(&mut self, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]) {
        for (tile, chunk) in bars.chunks(TILE).enumerate() {
            let from = tile * TILE;
            self.fetch(chunk, flows.get(from..from + chunk.len()).unwrap_or_default());
            for (i, bar) in chunk.iter().enumerate() {
                let whole = is_whole(bar);
                if whole {
                    self.step(i, bar, flows.get(from + i).unwrap_or(&Flow::MISSING));
                }
                for (column, register) in columns.iter_mut().zip(&self.lines) {
                    if let Some(column) = column {
                        column[from + i] = if whole { self.registers[*register] } else { f64::NAN };
                    }
                }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn run_wide(&mut self, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]) {
        self.run_plain(bars, flows, columns);
    }
}

impl Stream for Machine {
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        // Nested indicators see every bar and forget missing ones themselves.
        self.fetch_one(bar, flow);
        let whole = is_whole(bar);
        if whole {
            self.step(0, bar, flow);
        }
        for (line, register) in lines.iter_mut().zip(&self.lines) {
            *line = if whole { self.registers[*register] } else { f64::NAN };
        }
    }

    fn run(&mut self, bars: &[Bar], flows: &[Flow], columns: &mut [Option<&mut [f64]>]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: the processor has what the function is compiled for.
            #[expect(unsafe_code, reason = "the one way to call code compiled for more than the baseline processor")]
            unsafe {
                self.run_wide(bars, flows, columns);
            }
            return;
        }
        self.run_plain(bars, flows, columns);
    }

    fn state(&self) -> Vec<u8> {
        let state = State {
            stamp: self.stamp,
            cells: self.cells.clone(),
            histories: self.histories.iter().map(|history| history.values.clone()).collect(),
            readers: self.readers.iter().map(|reader| reader.stream.state()).collect(),
        };
        postcard::to_allocvec(&state).unwrap_or_default()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), StateError> {
        let (state, rest): (State, _) = postcard::take_from_bytes(state).or(Err(StateError))?;
        let counts = [state.cells.len(), state.histories.len(), state.readers.len()];
        let own = [self.cells.len(), self.histories.len(), self.readers.len()];
        if !rest.is_empty() || state.stamp != self.stamp || counts != own {
            return Err(StateError);
        }
        let mut streams = Vec::with_capacity(self.readers.len());
        for (reader, state) in self.readers.iter().zip(&state.readers) {
            let mut stream = reader.instance.start();
            stream.restore(state)?;
            streams.push(stream);
        }
        self.cells = state.cells;
        self.histories.iter_mut().zip(state.histories).for_each(|(history, values)| history.values = values);
        self.readers.iter_mut().zip(streams).for_each(|(reader, stream)| reader.stream = stream);
        Ok(())
    }
}

impl Reader {
    fn new(instance: Instance) -> Self {
        let row = vec![f64::NAN; instance.definition().lines.len()];
        Self { stream: instance.start(), instance, row, reads: Vec::new() }
    }
}
