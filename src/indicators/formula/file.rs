use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::column::Column;
use super::fault::{Faults, FormulaErrors, place};
use super::infer::infer;
use super::lower::lower;
use super::machine::Machine;
use super::plan::{First, Op, Plan};
use super::rules::is_average;
use super::statement::parse;
use super::token::{is_reserved, lex};
use super::tree::{File, ParamStatement};
use crate::indicators::{About, Args, Family, Library, LineSpec, Param, Stream};
use crate::market::Extra;

/// Grows whenever a formula comes to mean other values.
const LANGUAGE_VERSION: u32 = 1;
/// Largest formula file in bytes.
pub const LARGEST: usize = 256 * 1024;

/// A checked formula: an indicator whose lines are the names it assigns.
#[derive(Debug)]
pub struct Formula {
    id: String,
    title: String,
    family: Family,
    source: String,
    paragraph: String,
    params: Vec<Param>,
    lines: Vec<LineSpec>,
    needs: Vec<Extra>,
    text: String,
    hash: String,
    plan: Plan,
    vouched: Vec<bool>,
    places: Vec<(usize, usize)>,
    room: f64,
}

impl Formula {
    /// Reads the bytes of a formula file. `id` is the name of its indicator, the file's name without `.indicator`;
    /// `library` holds the indicators it may read.
    ///
    /// # Errors
    /// Everything that is wrong, with line and column.
    pub fn read(id: &str, bytes: &[u8], library: &Library) -> Result<Self, FormulaErrors> {
        let text = decode(bytes)?;
        let mut faults = Faults::default();
        check_id(id, library, &mut faults);
        let lexed = lex(text, &mut faults);
        let file = parse(text, &lexed, &mut faults);
        let formula = build(id, text, &file, library, &mut faults);
        faults.finish(text)?;
        Ok(formula)
    }

    /// Name of the indicator.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Equal for formulas that compute the same, as far as their texts tell.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What is known of it.
    pub fn about(&self) -> About<'_> {
        About {
            id: &self.id,
            title: &self.title,
            family: self.family,
            formula: &self.paragraph,
            source: &self.source,
            params: &self.params,
            lines: &self.lines,
            numbered: false,
            needs: &self.needs,
        }
    }

    /// True if a line's unit rests on the user's word: on `bare`, `as_price` or `as_volume`.
    pub fn is_vouched(&self, line: usize) -> bool {
        self.vouched[line]
    }

    /// Line and column in the file, both from 1, where a line is assigned.
    pub fn place(&self, line: usize) -> (usize, usize) {
        self.places[line]
    }

    /// Numbers that its windows can come to hold.
    pub(super) const fn room(&self) -> f64 {
        self.room
    }

    pub(in crate::indicators) fn firsts(&self, args: Args<'_>) -> Vec<First> {
        let all = self.plan.firsts(args);
        self.plan.lines.iter().map(|&line| all[line].unwrap_or(First { bar: 0, exact: false })).collect()
    }

    pub(in crate::indicators) fn start(&self, args: Args<'_>) -> Box<dyn Stream> {
        let mut hash = Sha256::new();
        hash.update(self.hash.as_bytes());
        (0..self.params.len()).for_each(|i| hash.update(args.real(i).to_bits().to_le_bytes()));
        let stamp = hash.finalize().iter().take(8).fold(0, |stamp, &byte| stamp << 8 | u64::from(byte));
        Box::new(Machine::new(&self.plan, args, stamp))
    }
}

fn decode(bytes: &[u8]) -> Result<&str, FormulaErrors> {
    let readable = &bytes[..bytes.len().min(LARGEST)];
    let good = match std::str::from_utf8(readable) {
        Ok(text) => text,
        Err(err) => std::str::from_utf8(&readable[..err.valid_up_to()]).unwrap_or_default(),
    };
    // The limit may cut a character in two.
    if bytes.len() > LARGEST && good.len() + 4 > LARGEST {
        let message = format!("the file goes on beyond {} KiB, the most a formula may have", LARGEST / 1024);
        return Err(FormulaErrors::one(good, good.len(), message));
    }
    if good.len() < readable.len() {
        return Err(FormulaErrors::one(good, good.len(), "this is no text: save the file as UTF-8"));
    }
    Ok(good)
}

/// The id can be a column's name and is no other indicator's.
fn check_id(id: &str, library: &Library, faults: &mut Faults) {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !id.starts_with(|c: char| c.is_ascii_alphabetic()) || !id.chars().all(good) || id.len() > 64 {
        let message = format!(
            "`{}` cannot be an indicator's name: name the file with up to 64 letters, digits and _, a letter first",
            id.escape_debug()
        );
        faults.add(0, message);
    }
    if library.is_taken(id) {
        faults.add(0, format!("there is an indicator `{id}` already: name the file otherwise"));
    }
}

fn build(id: &str, text: &str, file: &File<'_>, library: &Library, faults: &mut Faults) -> Formula {
    let [title, family, source] = headers(file, faults);
    let family = family.and_then(|(word, at)| {
        let found = Family::ALL.into_iter().find(|family| family.name() == word);
        if found.is_none() {
            let known: Vec<&str> = Family::ALL.into_iter().map(Family::name).collect();
            faults.add(at, format!("there is no family `{word}`; there are {}", known.join(", ")));
        }
        found
    });
    let params: Vec<Param> = file.params.iter().map(|statement| param(statement, faults)).collect();
    check_names(file, faults);
    let names: Vec<&str> = file.params.iter().map(|statement| statement.name).collect();
    let lowered = lower(file, &names, library, faults);
    let (quantities, room) = infer(&lowered, &params, faults);
    let held = lowered.ops.iter().zip(&quantities).map(|(located, q)| {
        let bounded = q.low.is_finite() || q.high.is_finite();
        matches!(located.op, Op::Memory(memory, ..) if is_average(memory) && bounded).then_some((q.low, q.high))
    });
    let held = held.collect();
    let mut plan = Plan { ops: lowered.ops.iter().map(|located| located.op).collect(), held, ..Plan::default() };
    plan.nested = lowered.nested;
    let columns =
        plan.ops.iter().filter_map(|op| if let Op::Column(column) = op { Column::extra(*column) } else { None });
    let nested = plan.nested.iter().flat_map(|nested| nested.origin.about().needs.iter().copied());
    let needs: BTreeSet<Extra> = columns.chain(nested).collect();
    let marked = file.assignments.iter().any(|assignment| assignment.output);
    let (mut lines, mut vouched, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (i, (assignment, home)) in file.assignments.iter().zip(&lowered.homes).enumerate() {
        let Some(home) = *home else { continue };
        // Without a mark the last line is what the formula is about.
        let output = assignment.output || (!marked && i + 1 == file.assignments.len());
        let quantity = quantities[home];
        let (name, meaning) = (assignment.name.to_owned(), assignment.meaning.clone());
        lines.push(LineSpec::of_formula(name, meaning, quantity.unit(), !output));
        vouched.push(quantity.vouched);
        places.push(place(text, assignment.at));
        plan.lines.push(home);
    }
    if faults.is_empty() {
        check_lines(file, &plan, &params, faults);
    }
    let nested_hashes = plan.nested.iter().filter_map(|nested| nested.origin.formula());
    let hash = hash(text, nested_hashes.map(|formula| formula.hash()));
    let title = title.map_or_else(|| id.replace('_', " "), |(title, _)| title.to_owned());
    Formula {
        id: id.to_owned(),
        title,
        family: family.unwrap_or(Family::Other),
        source: source.map_or("formula file", |(source, _)| source).to_owned(),
        paragraph: written(file),
        params,
        lines,
        needs: needs.into_iter().collect(),
        text: text.to_owned(),
        hash,
        plan,
        vouched,
        places,
        room,
    }
}

/// Title, family and source with their places.
fn headers<'s>(file: &File<'s>, faults: &mut Faults) -> [Option<(&'s str, usize)>; 3] {
    const KEYS: [&str; 3] = ["title", "family", "source"];
    let mut found = [None; 3];
    for header in &file.headers {
        let Some(place) = KEYS.iter().position(|key| *key == header.key) else {
            let message = format!("there is no header `{}`; there are title, family and source", header.key);
            faults.add(header.at, message);
            continue;
        };
        if found[place].replace((header.value, header.value_at)).is_some() {
            faults.add(header.at, format!("{} is given twice: keep one", header.key));
        }
    }
    found
}

fn param(statement: &ParamStatement<'_>, faults: &mut Faults) -> Param {
    let [default, min, max] = statement.values;
    let whole = statement.values.iter().all(|literal| literal.whole);
    if min.value > max.value {
        faults.add(min.at, format!("the smallest value {} lies above the largest, {}", min.value, max.value));
    } else if !(min.value..=max.value).contains(&default.value) {
        faults.add(default.at, format!("the default {} is not within {} to {}", default.value, min.value, max.value));
    }
    Param {
        name: statement.name.to_owned().into(),
        meaning: statement.meaning.clone().into(),
        default: default.value,
        min: min.value,
        max: max.value,
        whole,
    }
}

/// Every name is new and free.
fn check_names(file: &File<'_>, faults: &mut Faults) {
    let params = file.params.iter().map(|param| (param.name, param.at));
    let assigned = file.assignments.iter().map(|assignment| (assignment.name, assignment.at));
    let mut seen = BTreeSet::new();
    for (name, at) in params.chain(assigned) {
        if Column::named(name).is_some() {
            faults.add(at, format!("`{name}` is a column of the bars: choose another name"));
        } else if is_reserved(name) {
            faults.add(at, format!("`{name}` is a word of the language: choose another name"));
        } else if !seen.insert(name) {
            faults.add(at, format!("`{name}` is assigned twice: choose another name; a line has one meaning"));
        }
    }
    if file.assignments.is_empty() && faults.is_empty() {
        faults.add(0, "this formula assigns nothing: write a line such as spread = high - low");
    }
}

/// Every line has a value on some bar.
fn check_lines(file: &File<'_>, plan: &Plan, params: &[Param], faults: &mut Faults) {
    let defaults: Vec<f64> = params.iter().map(|p| p.default).collect();
    let firsts = plan.firsts(Args(&defaults));
    for (assignment, line) in file.assignments.iter().zip(&plan.lines) {
        if firsts[*line].is_none() {
            let name = assignment.name;
            let message = format!(
                "`{name}` is missing on every bar; if it reads its own past, say what it starts from, as in nz({name}[1], 0)"
            );
            faults.add(assignment.at, message);
        }
    }
}

/// All assignments in one paragraph.
fn written(file: &File<'_>) -> String {
    let mut out = String::new();
    for assignment in &file.assignments {
        let sign = if out.is_empty() { "" } else { "; " };
        write!(out, "{sign}{} = {}", assignment.name, assignment.text).ok();
    }
    out
}

fn hash<'a>(text: &str, nested: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    hash.update(LANGUAGE_VERSION.to_le_bytes());
    hash.update(text.as_bytes());
    nested.for_each(|other| hash.update(other.as_bytes()));
    let mut hex = format!("{:x}", hash.finalize());
    hex.truncate(16);
    hex
}
