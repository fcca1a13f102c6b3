//! The monitor: a formula laid out as a straight line of steps, run once an event.
#![expect(
    clippy::indexing_slicing,
    reason = "step numbers point to earlier steps, atom numbers to checked values"
)]

use super::cells::{Bounds, CountCell, WithinCell};
use super::formula::{Comparison, Formula, Interval};
use super::{COUNT_MAX, DEPTH_MAX, OPERATORS_MAX};
use std::collections::BTreeMap;
use std::fmt;

/// A verdict of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It hangs on something missing.
    Unknown,
}

/// Why a formula or an event was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonitorError {
    /// More operators than [`OPERATORS_MAX`].
    TooManyOperators {
        /// How many.
        operators: usize,
    },
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// `count` compared with a number above [`COUNT_MAX`].
    CountTooLarge {
        /// The number.
        number: u32,
    },
    /// One name is used as a boolean and as a number.
    TwoKinds {
        /// The name.
        atom: String,
    },
    /// A number is compared with something that is not finite.
    NotFinite {
        /// The name of the number.
        atom: String,
    },
    /// An interval whose ends are in the wrong order.
    EmptyInterval,
    /// The event has another number of values than the formula has atoms.
    ValueCount {
        /// Atoms of the formula.
        expected: usize,
        /// Values of the event.
        given: usize,
    },
    /// A boolean atom got something other than 0, 1 or NaN (missing).
    NotBoolean {
        /// The name.
        atom: String,
    },
    /// The event is older than the one before.
    TimeWentBack {
        /// The time of the event before.
        now_ns: u64,
        /// The time given.
        given_ns: u64,
    },
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyOperators { operators } => {
                write!(f, "{operators} operators are above the limit of {OPERATORS_MAX}")
            }
            Self::TooDeep => write!(f, "nested deeper than {DEPTH_MAX} levels"),
            Self::CountTooLarge { number } => {
                write!(f, "count cannot be compared with {number}, above {COUNT_MAX}")
            }
            Self::TwoKinds { atom } => write!(f, "`{atom}` is used as a boolean and as a number"),
            Self::NotFinite { atom } => write!(
                f,
                "`{atom}` is compared with something that is not a finite number"
            ),
            Self::EmptyInterval => f.write_str("an interval ends before it begins"),
            Self::ValueCount { expected, given } => {
                write!(f, "{given} values were given for {expected} atoms")
            }
            Self::NotBoolean { atom } => write!(f, "`{atom}` is a boolean and got a number"),
            Self::TimeWentBack { now_ns, given_ns } => {
                write!(f, "time went back from {now_ns} to {given_ns} ns")
            }
        }
    }
}

impl std::error::Error for MonitorError {}

#[derive(Debug, Clone)]
enum Step {
    Constant(bool),
    Boolean(usize),
    Number(usize, Comparison, f64),
    Not(usize),
    And(usize, usize),
    Or(usize, usize),
    Previous(usize, Interval, Bounds),
    Within(usize, Box<[WithinCell; 2]>),
    Since(usize, usize, Box<[WithinCell; 2]>),
    Count(usize, Box<[CountCell; 2]>),
}

/// A formula and what it remembers. The state is bounded by the formula alone, however long the session.
#[derive(Debug, Clone)]
pub struct Monitor {
    steps: Vec<Step>,
    results: Vec<Bounds>,
    atoms: Vec<String>,
    is_boolean: Vec<bool>,
    last_ns: Option<u64>,
}

impl Monitor {
    /// Lays out a formula.
    pub fn new(formula: &Formula) -> Result<Self, MonitorError> {
        if formula.depth() > DEPTH_MAX {
            return Err(MonitorError::TooDeep);
        }
        let operators = formula.operators();
        if operators > OPERATORS_MAX {
            return Err(MonitorError::TooManyOperators { operators });
        }
        let mut layout = Layout::default();
        layout.place(formula)?;
        let mut atoms = vec![(String::new(), false); layout.atoms.len()];
        for (name, (number, is_boolean)) in layout.atoms {
            atoms[number] = (name, is_boolean);
        }
        let (atoms, is_boolean) = atoms.into_iter().unzip();
        let results = vec![
            Bounds {
                lower: false,
                upper: false
            };
            layout.steps.len()
        ];
        Ok(Self {
            steps: layout.steps,
            results,
            atoms,
            is_boolean,
            last_ns: None,
        })
    }

    /// The names of the atoms, in the order in which `update` takes their values.
    pub fn atoms(&self) -> &[String] {
        &self.atoms
    }

    /// Whether the atom of each number is a boolean.
    pub fn is_boolean(&self) -> &[bool] {
        &self.is_boolean
    }

    /// One event: its time and the value of every atom (booleans as 0 and 1, NaN for missing). An event that is
    /// refused leaves the monitor as it was. Events of equal time are allowed and keep their order.
    pub fn update(&mut self, now_ns: u64, values: &[f64]) -> Result<Truth, MonitorError> {
        if values.len() != self.atoms.len() {
            return Err(MonitorError::ValueCount {
                expected: self.atoms.len(),
                given: values.len(),
            });
        }
        if let Some(last_ns) = self.last_ns
            && now_ns < last_ns
        {
            return Err(MonitorError::TimeWentBack {
                now_ns: last_ns,
                given_ns: now_ns,
            });
        }
        for ((value, is_boolean), atom) in values.iter().zip(&self.is_boolean).zip(&self.atoms) {
            if *is_boolean && !is_truth_value(*value) {
                return Err(MonitorError::NotBoolean { atom: atom.clone() });
            }
        }
        let gap_ns = self.last_ns.map(|last_ns| now_ns - last_ns);
        self.last_ns = Some(now_ns);
        for at in 0..self.steps.len() {
            self.results[at] = run(&mut self.steps[at], &self.results, values, now_ns, gap_ns);
        }
        Ok(match self.results.last() {
            Some(Bounds { lower: true, .. }) => Truth::True,
            Some(Bounds { upper: false, .. }) => Truth::False,
            _ => Truth::Unknown,
        })
    }

    /// Forgets all events.
    pub fn reset(&mut self) {
        self.last_ns = None;
        for step in &mut self.steps {
            match step {
                Step::Previous(_, _, before) => {
                    *before = Bounds {
                        lower: false,
                        upper: false,
                    }
                }
                Step::Within(_, cells) | Step::Since(_, _, cells) => {
                    cells.iter_mut().for_each(WithinCell::forget);
                }
                Step::Count(_, cells) => cells.iter_mut().for_each(CountCell::forget),
                _ => {}
            }
        }
    }
}

#[expect(clippy::float_cmp, reason = "booleans are exactly 0 and 1")]
fn is_truth_value(value: f64) -> bool {
    value == 0.0 || value == 1.0 || value.is_nan()
}

#[inline]
fn run(step: &mut Step, results: &[Bounds], values: &[f64], now_ns: u64, gap_ns: Option<u64>) -> Bounds {
    match step {
        Step::Constant(value) => Bounds {
            lower: *value,
            upper: *value,
        },
        Step::Boolean(atom) => Bounds {
            lower: values[*atom] > 0.5,
            upper: values[*atom] != 0.0,
        },
        Step::Number(atom, comparison, number) => {
            let holds = comparison.holds(values[*atom], *number);
            let missing = values[*atom].is_nan();
            Bounds {
                lower: holds && !missing,
                upper: holds || missing,
            }
        }
        Step::Not(inner) => Bounds {
            lower: !results[*inner].upper,
            upper: !results[*inner].lower,
        },
        Step::And(left, right) => {
            let (left, right) = (results[*left], results[*right]);
            Bounds {
                lower: left.lower & right.lower,
                upper: left.upper & right.upper,
            }
        }
        Step::Or(left, right) => {
            let (left, right) = (results[*left], results[*right]);
            Bounds {
                lower: left.lower | right.lower,
                upper: left.upper | right.upper,
            }
        }
        Step::Previous(inner, interval, before) => {
            let in_time =
                gap_ns.is_some_and(|gap_ns| interval.from_ns <= gap_ns && gap_ns <= interval.reach_ns());
            let said = Bounds {
                lower: in_time && before.lower,
                upper: in_time && before.upper,
            };
            *before = results[*inner];
            said
        }
        Step::Within(inner, cells) => {
            let inner = results[*inner];
            let [lower, upper] = &mut **cells;
            Bounds {
                lower: lower.step(now_ns, inner.lower).lower,
                upper: upper.step(now_ns, inner.upper).upper,
            }
        }
        Step::Since(left, right, cells) => {
            let (left, right) = (results[*left], results[*right]);
            let [lower, upper] = &mut **cells;
            if !left.lower {
                lower.forget();
            }
            if !left.upper {
                upper.forget();
            }
            Bounds {
                lower: lower.step(now_ns, right.lower).lower,
                upper: upper.step(now_ns, right.upper).upper,
            }
        }
        Step::Count(inner, cells) => {
            let inner = results[*inner];
            let [lower, upper] = &mut **cells;
            Bounds {
                lower: lower.step(now_ns, inner.lower),
                upper: upper.step(now_ns, inner.upper),
            }
        }
    }
}

#[derive(Default)]
struct Layout {
    steps: Vec<Step>,
    atoms: BTreeMap<String, (usize, bool)>,
}

impl Layout {
    /// Adds the steps of a formula, its parts first; returns the number of its own step.
    fn place(&mut self, formula: &Formula) -> Result<usize, MonitorError> {
        let step = match formula {
            Formula::Constant(value) => Step::Constant(*value),
            Formula::Atom(name) => Step::Boolean(self.atom(name, true)?),
            Formula::Compare(name, comparison, number) => {
                if !number.is_finite() {
                    return Err(MonitorError::NotFinite { atom: name.clone() });
                }
                Step::Number(self.atom(name, false)?, *comparison, *number)
            }
            Formula::Not(inner) => Step::Not(self.place(inner)?),
            Formula::And(left, right) => Step::And(self.place(left)?, self.place(right)?),
            Formula::Or(left, right) => Step::Or(self.place(left)?, self.place(right)?),
            Formula::Implies(left, right) => {
                let left = self.place(left)?;
                let left = self.push(Step::Not(left));
                Step::Or(left, self.place(right)?)
            }
            Formula::Previous(interval, inner) => {
                let none = Bounds {
                    lower: false,
                    upper: false,
                };
                Step::Previous(self.place(inner)?, checked(*interval)?, none)
            }
            Formula::Once(interval, inner) => Step::Within(self.place(inner)?, within(*interval)?),
            Formula::Historically(interval, inner) => {
                let inner = self.place(inner)?;
                let inner = self.push(Step::Not(inner)); // it always held when it never did not
                let once = self.push(Step::Within(inner, within(*interval)?));
                Step::Not(once)
            }
            Formula::Since(interval, left, right) => {
                Step::Since(self.place(left)?, self.place(right)?, within(*interval)?)
            }
            Formula::Count {
                window_ns,
                formula,
                comparison,
                number,
            } => {
                let inner = self.place(formula)?;
                self.count(inner, *window_ns, *comparison, *number)?
            }
        };
        Ok(self.push(step))
    }

    /// Every comparison of a count is made of "at least" and "not".
    fn count(
        &mut self,
        inner: usize,
        window_ns: Option<u64>,
        comparison: Comparison,
        number: u32,
    ) -> Result<Step, MonitorError> {
        let exact = number as usize;
        if exact > COUNT_MAX {
            return Err(MonitorError::CountTooLarge { number });
        }
        let at_least = |number: usize| {
            let cell = CountCell::new(window_ns, number);
            Step::Count(inner, Box::new([cell.clone(), cell]))
        };
        Ok(match comparison {
            Comparison::AtLeast => at_least(exact),
            Comparison::Greater => at_least(exact + 1),
            Comparison::Less => Step::Not(self.push(at_least(exact))),
            Comparison::AtMost => Step::Not(self.push(at_least(exact + 1))),
            Comparison::Equal | Comparison::NotEqual => {
                let least = self.push(at_least(exact));
                let more = self.push(at_least(exact + 1));
                let not_more = self.push(Step::Not(more));
                let equal = Step::And(least, not_more);
                if comparison == Comparison::Equal {
                    equal
                } else {
                    Step::Not(self.push(equal))
                }
            }
        })
    }

    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    fn atom(&mut self, name: &str, is_boolean: bool) -> Result<usize, MonitorError> {
        let next = self.atoms.len();
        let (number, known) = *self.atoms.entry(name.to_owned()).or_insert((next, is_boolean));
        if known == is_boolean {
            Ok(number)
        } else {
            Err(MonitorError::TwoKinds {
                atom: name.to_owned(),
            })
        }
    }
}

fn checked(interval: Interval) -> Result<Interval, MonitorError> {
    Interval::new(interval.from_ns, interval.to_ns).ok_or(MonitorError::EmptyInterval)
}

fn within(interval: Interval) -> Result<Box<[WithinCell; 2]>, MonitorError> {
    let cell = WithinCell::new(checked(interval)?);
    Ok(Box::new([cell.clone(), cell]))
}
