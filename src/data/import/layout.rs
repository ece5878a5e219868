//! Which column of a table is what, by hand, by name and by value, with the reason for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::DataError;
use super::super::error::listed;
use super::form::{Form, Found};
use super::groups::{self, Group, same_ticker};
use super::guess::{ColumnGuess, Confidence};
use super::names::{names_of, plain};
use super::sample::{Kind, Sample};
use super::{Decimal, ReadOptions, Role, moment, values};
use crate::market::Extra;

use Confidence::{Doubtful, Likely, Sure};

/// The columns of a table as bars need them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Column of each role.
    pub(super) of: BTreeMap<Role, usize>,
    /// How the times are written.
    pub(super) time: Found,
    pub(super) decimal: Decimal,
    /// Bars without a volume column, as asked for by hand.
    pub(super) no_volume: bool,
    /// Ticker in front of the names.
    pub(super) ticker: Option<String>,
    /// All tickers in front of names.
    pub(super) tickers: Vec<String>,
    /// Every column, in file order.
    pub(super) columns: Vec<ColumnGuess>,
}

impl Layout {
    pub(super) fn find(
        path: &Path,
        sample: &Sample,
        decimal: Decimal,
        options: &ReadOptions,
    ) -> Result<Self, DataError> {
        Search {
            path,
            sample,
            options,
            numbers: values::numbers(sample, decimal),
            plain: sample.columns.iter().map(|column| plain(&column.name)).collect(),
            of: BTreeMap::new(),
            why: vec![None; sample.columns.len()],
            without: BTreeSet::new(),
        }
        .run(decimal)
    }

    /// Kept extras and their columns, in name order.
    pub(super) fn extras(&self) -> Vec<(Extra, usize)> {
        self.of
            .iter()
            .filter_map(|(role, &at)| if let Role::Extra(extra) = role { Some((*extra, at)) } else { None })
            .collect()
    }

    /// How a role's column is called in messages: by its role, with its own name where that differs.
    pub(super) fn shown(&self, role: Role) -> String {
        let own = self.of.get(&role).map_or("", |&at| self.columns[at].column.as_str());
        if role == Role::Time && !own.starts_with('#') {
            return own.to_owned();
        }
        if plain(own) == role.name() { role.name().to_owned() } else { format!("{} (column {own})", role.name()) }
    }
}

/// The search for the columns, as far as it came.
pub(super) struct Search<'a> {
    pub(super) path: &'a Path,
    pub(super) sample: &'a Sample,
    pub(super) options: &'a ReadOptions,
    pub(super) numbers: Vec<Vec<f64>>,
    pub(super) plain: Vec<String>,
    pub(super) of: BTreeMap<Role, usize>,
    pub(super) why: Vec<Option<(String, Confidence)>>,
    /// Roles that shall have no column.
    pub(super) without: BTreeSet<Role>,
}

impl Search<'_> {
    fn run(mut self, decimal: Decimal) -> Result<Layout, DataError> {
        self.by_hand()?;
        let (ticker, tickers) = self.by_group()?;
        self.times_by_name()?;
        self.prices_by_name()?;
        let time = self.time()?;
        self.clock(&time);
        self.volume()?;
        self.others()?;
        let columns = self.columns(&time);
        let no_volume = self.without.contains(&Role::Volume);
        Ok(Layout { of: self.of, time, decimal, no_volume, ticker, tickers, columns })
    }

    pub(super) fn take(&mut self, role: Role, at: usize, reason: impl Into<String>, confidence: Confidence) {
        self.of.insert(role, at);
        self.why[at] = Some((reason.into(), confidence));
    }

    pub(super) fn is_open(&self, role: Role) -> bool {
        !self.of.contains_key(&role) && !self.without.contains(&role)
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.why[at].is_none()
    }

    pub(super) fn names(&self) -> Vec<String> {
        (0..self.sample.columns.len()).map(|at| self.name(at)).collect()
    }

    pub(super) fn name(&self, at: usize) -> String {
        match self.sample.columns[at].name.as_str() {
            "" => format!("#{}", at + 1),
            name => name.to_owned(),
        }
    }

    fn by_hand(&mut self) -> Result<(), DataError> {
        for mapping in &self.options.mapping {
            let (role, wanted) = (mapping.role, mapping.column.as_str());
            if wanted.eq_ignore_ascii_case("none") && !self.sample.columns.iter().any(|column| column.name == wanted) {
                if matches!(role, Role::Time | Role::Open | Role::High | Role::Low | Role::Close) {
                    let reason = format!("bars cannot do without {}", role.name());
                    return Err(DataError::Mapping { path: self.path.to_owned(), reason });
                }
                self.without.insert(role);
                continue;
            }
            let number = wanted.strip_prefix('#').and_then(|digits| digits.parse::<usize>().ok());
            let exact = || self.sample.columns.iter().position(|column| column.name == wanted);
            let alike = || self.plain.iter().position(|name| *name == plain(wanted) && !name.is_empty());
            let at =
                exact().or(number.and_then(|n| n.checked_sub(1)).filter(|&at| at < self.plain.len())).or_else(alike);
            let Some(at) = at else {
                let reason = format!("there is no column {wanted:?}; there are {}", listed(&self.names()));
                return Err(DataError::Mapping { path: self.path.to_owned(), reason });
            };
            if !self.is_free(at) {
                let reason = format!("column {} cannot be two things at once", self.name(at));
                return Err(DataError::Mapping { path: self.path.to_owned(), reason });
            }
            self.take(role, at, "named by hand", Sure);
        }
        Ok(())
    }

    /// Prices under a ticker; the ticker taken and all there are.
    fn by_group(&mut self) -> Result<(Option<String>, Vec<String>), DataError> {
        let prices = [Role::Open, Role::High, Role::Low, Role::Close];
        let groups = groups::find(&self.names());
        if groups.is_empty() || prices.iter().all(|role| self.of.contains_key(role)) {
            return Ok((None, Vec::new()));
        }
        if let Some(kind) = groups::by_kind(&groups) {
            self.take_group(kind, &format!("{} prices", plain(&kind.ticker)))?;
            return Ok((None, Vec::new()));
        }
        let tickers: Vec<String> = groups.iter().map(|group| group.ticker.clone()).collect();
        let group = match (&groups[..], &self.options.symbol) {
            ([only], _) => only,
            (_, Some(wanted)) => groups.iter().find(|group| same_ticker(&group.ticker, wanted)).ok_or_else(|| {
                DataError::UnknownSymbol { path: self.path.to_owned(), wanted: wanted.clone(), found: tickers.clone() }
            })?,
            (_, None) => return Err(DataError::SeveralSymbols { path: self.path.to_owned(), found: tickers }),
        };
        self.take_group(group, &format!("called so under {}", group.ticker))?;
        Ok((Some(group.ticker.clone()), tickers))
    }

    fn take_group(&mut self, group: &Group, reason: &str) -> Result<(), DataError> {
        for role in Role::all().filter(|role| !matches!(role, Role::Clock | Role::Symbol)) {
            for name in names_of(role).iter().filter(|_| self.is_open(role)) {
                let hits = group.columns.iter().filter(|(at, rest)| rest == name && self.is_free(*at));
                if let Some(at) = self.only(&hits.map(|(at, _)| *at).collect::<Vec<_>>(), name)? {
                    self.take(role, at, reason, Sure);
                    break;
                }
            }
        }
        Ok(())
    }

    /// The column whose name comes first in the list; two of one name are an error.
    pub(super) fn named(&self, role: Role) -> Result<Option<usize>, DataError> {
        for name in names_of(role) {
            let hits = (0..self.plain.len()).filter(|&at| self.plain[at] == *name && self.is_free(at));
            if let Some(at) = self.only(&hits.collect::<Vec<_>>(), name)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// The column meant among several of one name: of one letter the one that spells it alike, as `t` and `T` are two
    /// things in the answers of exchanges.
    fn only(&self, hits: &[usize], name: &str) -> Result<Option<usize>, DataError> {
        let spelt = |at: &usize| name.len() == 1 && self.spells(*at, name);
        let alike: Vec<usize> = hits.iter().copied().filter(spelt).collect();
        match (hits, &alike[..]) {
            ([], _) => Ok(None),
            ([at], _) | (_, [at]) => Ok(Some(*at)),
            _ => Err(DataError::RepeatedColumn { path: self.path.to_owned(), column: name.to_owned() }),
        }
    }

    /// True if the column, or its part behind or in front of a ticker, is spelt like that.
    fn spells(&self, at: usize, name: &str) -> bool {
        let own = self.sample.columns[at].name.trim();
        let joined = |rest: &str| !rest.ends_with(char::is_alphanumeric) && !rest.starts_with(char::is_alphanumeric);
        own == name || own.strip_suffix(name).is_some_and(joined) || own.strip_prefix(name).is_some_and(joined)
    }

    fn times_by_name(&mut self) -> Result<(), DataError> {
        if !self.is_open(Role::Time) {
            return Ok(());
        }
        let first = self.named(Role::Time)?;
        let mut hits: Vec<usize> = Vec::new();
        for name in names_of(Role::Time) {
            let of_name = (0..self.plain.len()).filter(|&at| self.plain[at] == *name && self.is_free(at));
            let (alike, other): (Vec<usize>, Vec<usize>) = of_name.partition(|&at| self.spells(at, name));
            hits.extend(alike.into_iter().chain(other));
        }
        let reads = |at: &usize| {
            let column = &self.sample.columns[*at];
            values::found_times(column, self.options.date_order).is_some_and(|found| found.share > 0.5)
        };
        // A name alone is no proof: `time` may be a time of day.
        if let Some(at) = hits.into_iter().find(reads).or(first) {
            self.take(Role::Time, at, "called so", Sure);
        }
        Ok(())
    }

    pub(super) fn missing(&self, column: &'static str) -> DataError {
        DataError::MissingColumn { path: self.path.to_owned(), column, found: self.names() }
    }

    pub(super) fn time_by_value(&mut self) {
        if !self.is_open(Role::Time) {
            return;
        }
        let taken: Vec<usize> = (0..self.plain.len()).filter(|&at| !self.is_free(at)).collect();
        if let Some((at, _)) = values::time(self.sample, &taken, self.options.date_order) {
            self.take(Role::Time, at, "its values are times", Likely);
        }
    }

    fn time(&mut self) -> Result<Found, DataError> {
        self.time_by_value();
        let at = *self.of.get(&Role::Time).ok_or_else(|| self.missing("timestamp"))?;
        let found = values::found_times(&self.sample.columns[at], self.options.date_order);
        Ok(found.unwrap_or_else(|| Found {
            form: Form::Written(super::DateOrder::YearFirst),
            share: 0.0,
            confidence: Doubtful,
            reason: "no value reads as a time".to_owned(),
            zones: false,
            midnights: false,
        }))
    }

    /// A time of day beside the date.
    fn clock(&mut self, time: &Found) {
        if !time.midnights || !self.is_open(Role::Clock) {
            return;
        }
        let is_clock = |at: &usize| {
            let texts = || self.sample.columns[*at].present();
            let read = texts().filter(|text| moment::clock_only(text.as_bytes()).is_some()).count();
            self.is_free(*at)
                && self.sample.columns[*at].kind == Kind::Text
                && read > 0
                && read * 10 >= texts().count() * 9
        };
        let named = (0..self.plain.len()).filter(|&at| names_of(Role::Clock).contains(&self.plain[at].as_str()));
        let beside = self.of.get(&Role::Time).map(|date| date + 1).filter(|&at| at < self.plain.len());
        let colon = |at: &usize| self.sample.columns[*at].present().all(|text| text.contains(':'));
        let found = named.into_iter().find(is_clock).or(beside.filter(is_clock).filter(colon));
        if let Some(at) = found {
            self.take(Role::Clock, at, "times of day beside the dates", Sure);
        }
    }

    /// Tickers and extras.
    fn others(&mut self) -> Result<(), DataError> {
        let text = |at: usize| {
            let values = || self.sample.columns[at].present();
            let read = values().filter(|text| text.parse::<f64>().is_ok()).count();
            values().count() > 0 && (read == 0 || self.plain[at] != "s" && self.sample.columns[at].kind == Kind::Text)
        };
        if self.is_open(Role::Symbol)
            && let Some(at) = self.named(Role::Symbol)?.filter(|&at| text(at))
        {
            self.take(Role::Symbol, at, "called so", Sure);
        }
        for extra in Extra::ALL {
            let role = Role::Extra(extra);
            if extra == Extra::QuoteVolume || !self.is_open(role) {
                continue;
            }
            if let Some(at) = self.named(role)?.filter(|&at| self.is_numeric(at)) {
                self.take(role, at, "called so", Sure);
            }
        }
        Ok(())
    }

    /// Most values are numbers, or there are none.
    fn is_numeric(&self, at: usize) -> bool {
        let read = self.numbers[at].iter().filter(|value| !value.is_nan()).count();
        read * 2 >= self.sample.columns[at].present().count()
    }

    fn columns(&self, time: &Found) -> Vec<ColumnGuess> {
        let role_of = |at: usize| self.of.iter().find(|(_, column)| **column == at).map(|(role, _)| *role);
        (0..self.plain.len())
            .map(|at| {
                let role = role_of(at);
                let (mut reason, mut confidence) = self.why[at].clone().unwrap_or_else(|| (self.ignored(at), Sure));
                if role == Some(Role::Time) {
                    reason = format!("{reason}; {}", time.reason);
                    confidence = confidence.max(time.confidence);
                }
                ColumnGuess { column: self.name(at), role, reason, confidence }
            })
            .collect()
    }

    /// Why a column is left out.
    fn ignored(&self, at: usize) -> String {
        let (name, plain) = (self.name(at), self.plain[at].as_str());
        let counts = || {
            self.numbers[at]
                .iter()
                .take(self.sample.head)
                .enumerate()
                .all(|(i, x)| *x == i as f64 || *x == i as f64 + 1.0)
        };
        if matches!(plain, super::TIMEFRAME | super::ADJUSTMENT) {
            "said about all rows".to_owned()
        } else if matches!(plain, "close_time" | "closetime" | "end" | "end_time") {
            "known from the open time and the bar length".to_owned()
        } else if names_of(Role::Time).contains(&plain) {
            "another form of the time".to_owned()
        } else if (self.sample.columns[at].name.is_empty() || plain == "index" || plain.starts_with("unnamed"))
            && counts()
        {
            "counts the rows".to_owned()
        } else if name.contains('.') {
            "a computed line: lines are computed again".to_owned()
        } else {
            "not a column that is kept".to_owned()
        }
    }
}
