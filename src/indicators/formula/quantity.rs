use crate::indicators::{Kind, Unit};

/// Exponents of price and volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dims {
    pub price: i8,
    pub volume: i8,
}

/// Largest exponent that makes sense of a value.
const STEEPEST: i8 = 8;

impl Dims {
    pub(super) const PLAIN: Self = Self { price: 0, volume: 0 };

    fn combined(self, other: Self, sign: i8) -> Result<Self, String> {
        let part = |a: i8, b: i8| {
            let power = a + sign * b;
            if power.abs() > STEEPEST {
                Err(format!("gives the {power}-th power of a unit; that is no quantity"))
            } else {
                Ok(power)
            }
        };
        Ok(Self { price: part(self.price, other.price)?, volume: part(self.volume, other.volume)? })
    }

    /// The unit in words.
    pub(super) fn words(self) -> String {
        match (self.price, self.volume) {
            (0, 0) => "a plain number".to_owned(),
            (1, 0) => "a price".to_owned(),
            (0, 1) => "a volume".to_owned(),
            (1, 1) => "a price times a volume".to_owned(),
            _ => {
                let part = |name: &str, power: i8| (power != 0).then(|| format!("{name}^{power}"));
                let parts: Vec<String> =
                    [part("price", self.price), part("volume", self.volume)].into_iter().flatten().collect();
                parts.join(" x ")
            }
        }
    }
}

/// What sort of number a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// Nothing is known yet, or it is missing on every bar.
    Unknown,
    /// The same on every bar: a number, a parameter or a calculation with them.
    Constant { whole: bool },
    /// A multiple of a column of the bars.
    Copy,
    /// -1, 0 or 1.
    Flag,
    /// A number of bars.
    Bars,
    /// A running sum.
    Running,
    /// A kind that only an untouched line of another indicator has.
    Kept(Kind),
    /// Anything else.
    Plain,
}

/// What is known of a value before any bar: unit, sort and bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// Unit; absent where any will do, as for 0.
    pub dims: Option<Dims>,
    pub form: Form,
    /// How far it moves with the level of prices or volumes: 1 for a level, 0 for a difference; of a constant its
    /// (default) value.
    pub weight: f64,
    /// Bounds of a plain number; rounding keeps them, as it is monotone.
    pub low: f64,
    pub high: f64,
    /// The unit is the user's word, not derived.
    pub vouched: bool,
}

impl Quantity {
    pub(super) const UNKNOWN: Self = Self::new(None, Form::Unknown, 0.0);
    pub(super) const FLAG: Self = Self::new(Some(Dims::PLAIN), Form::Flag, 1.0).within(0.0, 1.0);
    pub(super) const DIRECTION: Self = Self::new(Some(Dims::PLAIN), Form::Flag, 1.0).within(-1.0, 1.0);
    pub(super) const BARS: Self = Self::new(Some(Dims::PLAIN), Form::Bars, 1.0).within(0.0, f64::INFINITY);

    pub(super) const fn new(dims: Option<Dims>, form: Form, weight: f64) -> Self {
        Self { dims, form, weight, low: f64::NEG_INFINITY, high: f64::INFINITY, vouched: false }
    }

    pub(super) const fn plain(weight: f64) -> Self {
        Self::new(Some(Dims::PLAIN), Form::Plain, weight)
    }

    pub(super) const fn within(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    pub(super) fn number(value: f64) -> Self {
        let dims = if value == 0.0 { None } else { Some(Dims::PLAIN) };
        Self::new(dims, Form::Constant { whole: value.fract() == 0.0 }, value).within(value, value)
    }

    pub(super) const fn of_unit(unit: Unit) -> Self {
        let dims = Some(Dims { price: unit.price, volume: unit.volume });
        match unit.kind {
            Kind::Level | Kind::Ratio => Self::new(dims, Form::Plain, 1.0),
            Kind::Difference => Self::new(dims, Form::Plain, 0.0),
            Kind::Cumulative => Self::new(dims, Form::Running, 0.0),
            Kind::Bounded { lo, hi } => Self::new(dims, Form::Plain, 1.0).within(lo, hi),
            Kind::Flag => Self::DIRECTION,
            Kind::Bars => Self::new(dims, Form::Bars, 1.0),
            Kind::Copy => Self::new(dims, Form::Copy, 1.0),
            Kind::Angle | Kind::Counter | Kind::Constant => Self::new(dims, Form::Kept(unit.kind), 1.0),
        }
    }

    /// The unit of a line.
    pub(super) fn unit(self) -> Unit {
        let Dims { price, volume } = self.dims.unwrap_or(Dims::PLAIN);
        let kind = match self.form {
            Form::Constant { .. } => Kind::Constant,
            Form::Flag => Kind::Flag,
            Form::Bars => Kind::Bars,
            Form::Running => Kind::Cumulative,
            Form::Kept(kind) => kind,
            Form::Copy => Kind::Copy,
            Form::Plain | Form::Unknown => self.kind(price, volume),
        };
        Unit { kind, price, volume }
    }

    fn kind(self, price: i8, volume: i8) -> Kind {
        match (price, volume) {
            (0, 0) if self.low < self.high && self.low.is_finite() && self.high.is_finite() => {
                Kind::Bounded { lo: self.low, hi: self.high }
            }
            (0, 0) => Kind::Ratio,
            _ if self.weight.abs() < 1e-9 => Kind::Difference,
            // Far from the price axis it says what the price says.
            (1, 0) if !(0.5..=1.5).contains(&self.weight) => Kind::Copy,
            _ if self.weight < 0.0 => Kind::Difference,
            _ => Kind::Level,
        }
    }

    pub(super) const fn is_constant(self) -> bool {
        matches!(self.form, Form::Constant { .. })
    }

    /// A whole number on every bar, whatever the parameters.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self.form, Form::Constant { whole: true })
    }

    /// 0 or 1 on every bar.
    pub(super) fn is_condition(self) -> bool {
        self.form == Form::Unknown || (self.could_be_flag() && self.low >= 0.0)
    }

    /// -1, 0 or 1 on every bar.
    pub(super) fn could_be_flag(self) -> bool {
        let fixed = matches!(self.form, Form::Constant { .. } | Form::Plain) && self.low == self.high;
        self.form == Form::Flag || (fixed && [-1.0, 0.0, 1.0].contains(&self.low))
    }

    /// The same, but not constant.
    pub(super) const fn varying(self) -> Self {
        match self.form {
            Form::Constant { .. } => Self { form: Form::Plain, ..self },
            _ => self,
        }
    }

    /// After an average or an extreme, which is no copy any more.
    pub(super) const fn smoothed(self) -> Self {
        match self.form {
            Form::Constant { .. } | Form::Copy | Form::Flag | Form::Kept(_) => Self { form: Form::Plain, ..self },
            _ => self,
        }
    }

    pub(super) const fn free(self) -> Self {
        self.within(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The unit two values share.
    pub(super) fn common(self, other: Self, verb: &str) -> Result<Option<Dims>, String> {
        match (self.dims, other.dims) {
            (Some(a), Some(b)) if a != b => Err(format!(
                "{verb} {} and {}, which have nothing in common: take a unit off with bare(x) or give one with \
                 as_price(x) or as_volume(x) if it is meant",
                a.words(),
                b.words()
            )),
            (Some(dims), _) | (None, Some(dims)) => Ok(Some(dims)),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn plus(self, other: Self, sign: f64) -> Result<Self, String> {
        let verb = if sign > 0.0 { "`+` adds" } else { "`-` takes the difference of" };
        let dims = self.common(other, verb)?;
        let form = match (self.form, other.form) {
            (Form::Unknown, _) | (_, Form::Unknown) => Form::Unknown,
            (Form::Constant { whole: a }, Form::Constant { whole: b }) => Form::Constant { whole: a && b },
            (Form::Bars, Form::Bars | Form::Constant { whole: true })
            | (Form::Constant { whole: true }, Form::Bars) => Form::Bars,
            (Form::Running, Form::Running) if sign < 0.0 => Form::Plain,
            (Form::Running, _) | (_, Form::Running) => Form::Running,
            // Nothing was added.
            (form, _) if other.is_zero() => form,
            _ => Form::Plain,
        };
        let (low, high) = if sign > 0.0 {
            (self.low + other.low, self.high + other.high)
        } else {
            (self.low - other.high, self.high - other.low)
        };
        let weight = self.weight + sign * other.weight;
        Ok(Self { dims, form, weight, low, high, vouched: self.vouched || other.vouched }.scaled_bounds())
    }

    pub(super) fn times(self, other: Self) -> Result<Self, String> {
        let dims = match (self.dims, other.dims) {
            (Some(a), Some(b)) => Some(a.combined(b, 1)?),
            _ => None,
        };
        let form = match (self.form, other.form) {
            (Form::Unknown, _) | (_, Form::Unknown) => Form::Unknown,
            (Form::Constant { whole: a }, Form::Constant { whole: b }) => Form::Constant { whole: a && b },
            (form @ (Form::Copy | Form::Running), Form::Constant { .. })
            | (Form::Constant { .. }, form @ (Form::Copy | Form::Running)) => form,
            (Form::Flag, Form::Flag) => Form::Flag,
            _ => Form::Plain,
        };
        let corners = [
            bound(self.low * other.low),
            bound(self.low * other.high),
            bound(self.high * other.low),
            bound(self.high * other.high),
        ];
        Ok(Self { dims, form, weight: self.factor() * other.factor(), vouched: self.vouched || other.vouched, ..self }
            .spanning(corners)
            .scaled_bounds())
    }

    pub(super) fn over(self, other: Self) -> Result<Self, String> {
        if other.is_constant() && other.is_zero() {
            return Err("division by zero on every bar".to_owned());
        }
        let dims = match (self.dims, other.dims) {
            (Some(a), Some(b)) => Some(a.combined(b, -1)?),
            (None, _) => None,
            (a, None) => a,
        };
        let form = match (self.form, other.form) {
            (Form::Unknown, _) | (_, Form::Unknown) => Form::Unknown,
            (Form::Constant { .. }, Form::Constant { .. }) => Form::Constant { whole: false },
            (form @ (Form::Copy | Form::Running), Form::Constant { .. }) => form,
            _ => Form::Plain,
        };
        let divisor = if other.factor() == 0.0 { 1.0 } else { other.factor() };
        let weight = if dims == Some(Dims::PLAIN) && !self.is_constant() { 1.0 } else { self.factor() / divisor };
        let result = Self { dims, form, weight, vouched: self.vouched || other.vouched, ..self };
        if other.low <= 0.0 && other.high >= 0.0 {
            return Ok(result.free());
        }
        let corners = [
            bound(self.low / other.low),
            bound(self.low / other.high),
            bound(self.high / other.low),
            bound(self.high / other.high),
        ];
        Ok(result.spanning(corners).scaled_bounds())
    }

    /// One of two values, now this, now that.
    pub(super) fn or(self, other: Self, verb: &str) -> Result<Self, String> {
        let dims = self.common(other, verb)?;
        let vouched = self.vouched || other.vouched;
        let form = match (self.form, other.form) {
            (Form::Unknown, _) => return Ok(Self { dims, vouched, ..other.varying() }),
            (_, Form::Unknown) => return Ok(Self { dims, vouched, ..self.varying() }),
            _ if self.could_be_flag() && other.could_be_flag() => Form::Flag,
            (Form::Constant { whole: true }, Form::Bars) | (Form::Bars, Form::Constant { whole: true }) => Form::Bars,
            (Form::Running, Form::Constant { .. }) | (Form::Constant { .. }, Form::Running) => Form::Running,
            (Form::Copy | Form::Constant { .. }, _) | (_, Form::Copy | Form::Constant { .. }) => Form::Plain,
            (a, b) if a == b => a,
            _ => Form::Plain,
        };
        let switched = self.weight == 0.0 || other.weight == 0.0;
        let (low, high) = (self.low.min(other.low), self.high.max(other.high));
        Ok(Self { dims, form, weight: if switched { 0.0 } else { self.weight }, low, high, vouched }.scaled_bounds())
    }

    /// What the value contributes as a factor.
    fn factor(self) -> f64 {
        match self.form {
            Form::Constant { .. } => self.weight,
            // A switch makes a level come and go.
            Form::Flag => 0.0,
            _ if self.dims == Some(Dims::PLAIN) => 1.0,
            _ => self.weight,
        }
    }

    fn is_zero(self) -> bool {
        self.low == 0.0 && self.high == 0.0
    }

    const fn spanning(self, corners: [f64; 4]) -> Self {
        let [a, b, c, d] = corners;
        self.within(a.min(b).min(c.min(d)), a.max(b).max(c.max(d)))
    }

    /// Bounds of a price or volume would not scale with it.
    fn scaled_bounds(self) -> Self {
        match self.dims {
            Some(Dims::PLAIN) | None => self,
            Some(_) => self.free(),
        }
    }
}

/// A corner of two bounds; 0 times a bound that no value reaches is 0.
const fn bound(x: f64) -> f64 {
    if x.is_nan() { 0.0 } else { x }
}
