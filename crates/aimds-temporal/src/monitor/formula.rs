//! The formulas, as a tree.

use std::fmt;

/// Ages in nanoseconds, both ends included; no upper end reaches back to the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Least age.
    pub from_ns: u64,
    /// Greatest age, if there is one.
    pub to_ns: Option<u64>,
}

impl Interval {
    /// The whole past and the present.
    pub const ALWAYS: Self = Self {
        from_ns: 0,
        to_ns: None,
    };

    /// Ages from `from_ns` to `to_ns`; `None` when there are none.
    pub fn new(from_ns: u64, to_ns: Option<u64>) -> Option<Self> {
        to_ns
            .is_none_or(|to_ns| from_ns <= to_ns)
            .then_some(Self { from_ns, to_ns })
    }

    /// The greatest age, where no end is the greatest number: no trace is that long.
    pub(super) fn reach_ns(self) -> u64 {
        self.to_ns.unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_ns {
            Some(to_ns) => write!(f, "[{}ns, {to_ns}ns]", self.from_ns),
            None => write!(f, "[{}ns, inf]", self.from_ns),
        }
    }
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater or equal.
    AtLeast,
    /// Greater.
    Greater,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
}

impl Comparison {
    /// Whether `left` stands in this relation to `right`.
    #[inline]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::AtLeast => left >= right,
            Self::Greater => left > right,
            #[expect(clippy::float_cmp, reason = "the formula asks for exact equality")]
            Self::Equal => left == right,
            #[expect(clippy::float_cmp, reason = "the formula asks for exact inequality")]
            Self::NotEqual => left != right,
        }
    }

    /// The sign that the text form uses.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Greater => ">",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

/// A past-time formula over named atoms.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// True or false whatever happens.
    Constant(bool),
    /// A boolean atom.
    Atom(String),
    /// A number atom compared with a constant.
    Compare(String, Comparison, f64),
    /// Negation.
    Not(Box<Formula>),
    /// Both.
    And(Box<Formula>, Box<Formula>),
    /// Either.
    Or(Box<Formula>, Box<Formula>),
    /// If the first, then the second.
    Implies(Box<Formula>, Box<Formula>),
    /// It held at the event before, whose age lies in the interval; false at the first event.
    Previous(Interval, Box<Formula>),
    /// It held at some event whose age lies in the interval.
    Once(Interval, Box<Formula>),
    /// It held at every event whose age lies in the interval; true when there is none.
    Historically(Interval, Box<Formula>),
    /// The second held at some event whose age lies in the interval, and the first at every event after that one.
    Since(Interval, Box<Formula>, Box<Formula>),
    /// The number of events, not older than the window, at which it held, compared with a whole number.
    Count {
        /// Greatest age in nanoseconds; `None` counts from the first event.
        window_ns: Option<u64>,
        /// What is counted.
        formula: Box<Formula>,
        /// How the number is compared.
        comparison: Comparison,
        /// With what.
        number: u32,
    },
}

impl Formula {
    /// The formulas directly below.
    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        let (first, second) = match self {
            Self::Constant(_) | Self::Atom(_) | Self::Compare(..) => (None, None),
            Self::Not(inner)
            | Self::Previous(_, inner)
            | Self::Once(_, inner)
            | Self::Historically(_, inner) => (Some(inner), None),
            Self::Count { formula, .. } => (Some(formula), None),
            Self::And(left, right) | Self::Or(left, right) | Self::Implies(left, right) => {
                (Some(left), Some(right))
            }
            Self::Since(_, left, right) => (Some(left), Some(right)),
        };
        first.into_iter().chain(second).map(|child| &**child)
    }

    /// Operators in the tree; atoms and constants count too, for they cost as much.
    pub fn operators(&self) -> usize {
        1 + self.children().map(Self::operators).sum::<usize>()
    }

    /// Levels of the tree.
    pub fn depth(&self) -> usize {
        1 + self.children().map(Self::depth).max().unwrap_or(0)
    }
}

/// Fully bracketed text that `parse` reads back as the same formula.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Atom(name) => f.write_str(name),
            Self::Compare(name, comparison, number) => write!(f, "{name} {} {number}", comparison.sign()),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::And(left, right) => write!(f, "({left}) and ({right})"),
            Self::Or(left, right) => write!(f, "({left}) or ({right})"),
            Self::Implies(left, right) => write!(f, "({left}) -> ({right})"),
            Self::Previous(interval, inner) => write!(f, "prev{interval} ({inner})"),
            Self::Once(interval, inner) => write!(f, "once{interval} ({inner})"),
            Self::Historically(interval, inner) => write!(f, "historically{interval} ({inner})"),
            Self::Since(interval, left, right) => write!(f, "({left}) since{interval} ({right})"),
            Self::Count {
                window_ns,
                formula,
                comparison,
                number,
            } => {
                let window = window_ns.map_or_else(|| "inf".to_owned(), |window_ns| format!("{window_ns}ns"));
                write!(f, "count[{window}] ({formula}) {} {number}", comparison.sign())
            }
        }
    }
}
