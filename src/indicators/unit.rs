use std::fmt;

/// What a line's numbers mean, and so how a feature makes them stationary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A value on the price or volume axis.
    Level,
    /// A difference of levels; 0 is neutral.
    Difference,
    /// A running sum without bound.
    Cumulative,
    /// A dimensionless number without declared bounds.
    Ratio,
    /// A dimensionless number between bounds.
    Bounded {
        /// Smallest value.
        lo: f64,
        /// Largest value.
        hi: f64,
    },
    /// -1, 0 or 1.
    Flag,
    /// A number of bars.
    Bars,
    /// Degrees on a circle.
    Angle,
    /// A count that only grows with time; never a feature.
    Counter,
    /// The same on every bar; never a feature.
    Constant,
    /// A multiple of the price or volume itself, which says nothing new; never a feature.
    Copy,
}

/// Kind of a line with its scale law: multiplying all prices by a and volumes by b multiplies the line by
/// a^price b^volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// What the numbers mean.
    pub kind: Kind,
    /// Exponent of price.
    pub price: i8,
    /// Exponent of volume.
    pub volume: i8,
}

impl Unit {
    /// A price.
    pub const PRICE: Self = Self { kind: Kind::Level, price: 1, volume: 0 };
    /// A difference of prices.
    pub const PRICE_DIFFERENCE: Self = Self { kind: Kind::Difference, price: 1, volume: 0 };
    /// A volume.
    pub const VOLUME: Self = Self { kind: Kind::Level, price: 0, volume: 1 };
    /// A difference of volumes.
    pub const VOLUME_DIFFERENCE: Self = Self { kind: Kind::Difference, price: 0, volume: 1 };
    /// A running sum of volume.
    pub const CUMULATIVE_VOLUME: Self = Self { kind: Kind::Cumulative, price: 0, volume: 1 };
    /// A dimensionless number.
    pub const RATIO: Self = Self::plain(Kind::Ratio);
    /// Between 0 and 100.
    pub const PERCENT: Self = Self::bounded(0.0, 100.0);
    /// -1, 0 or 1.
    pub const FLAG: Self = Self::plain(Kind::Flag);
    /// A number of bars.
    pub const BARS: Self = Self::plain(Kind::Bars);
    /// Degrees.
    pub const ANGLE: Self = Self::plain(Kind::Angle);
    /// A multiple of the price.
    pub const PRICE_COPY: Self = Self { kind: Kind::Copy, price: 1, volume: 0 };
    /// Always the same.
    pub const CONSTANT: Self = Self::plain(Kind::Constant);
    /// Grows with time.
    pub const COUNTER: Self = Self::plain(Kind::Counter);

    /// A dimensionless number between `lo` and `hi`.
    pub const fn bounded(lo: f64, hi: f64) -> Self {
        Self::plain(Kind::Bounded { lo, hi })
    }

    /// A difference that scales with price^`degree`.
    pub const fn price_power(degree: i8) -> Self {
        Self { kind: Kind::Difference, price: degree, volume: 0 }
    }

    const fn plain(kind: Kind) -> Self {
        Self { kind, price: 0, volume: 0 }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Level => f.write_str("level")?,
            Kind::Difference => f.write_str("difference")?,
            Kind::Cumulative => f.write_str("cumulative")?,
            Kind::Ratio => f.write_str("ratio")?,
            Kind::Bounded { lo, hi } => write!(f, "bounded {lo}..{hi}")?,
            Kind::Flag => f.write_str("flag")?,
            Kind::Bars => f.write_str("bars")?,
            Kind::Angle => f.write_str("angle")?,
            Kind::Counter => f.write_str("counter")?,
            Kind::Constant => f.write_str("constant")?,
            Kind::Copy => f.write_str("copy")?,
        }
        for (name, power) in [("price", self.price), ("volume", self.volume)] {
            match power {
                0 => {}
                1 => write!(f, " {name}")?,
                _ => write!(f, " {name}^{power}")?,
            }
        }
        Ok(())
    }
}
