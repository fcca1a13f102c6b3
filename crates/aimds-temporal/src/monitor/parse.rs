//! The text form of formulas.
//!
//! ```text
//! implies := or ("->" implies)?
//! or      := and ("or" and)*
//! and     := since ("and" since)*
//! since   := unary ("since" interval? unary)*
//! unary   := "not" unary | ("prev" | "once" | "historically") interval? unary | count | "(" implies ")" | atom
//! count   := "count" ("[" time "]")? "(" implies ")" comparison whole-number
//! atom    := "true" | "false" | name (comparison number)?
//! interval:= "[" time "," time "]" | "[" time "]"        the second means from 0
//! time    := "inf" | number unit?                          unit: ns us ms s m h d; none means ns
//! ```
//! Names are letters, digits, `_` and `.`, and do not begin with a digit.

use super::formula::{Comparison, Formula, Interval};
use super::{DEPTH_MAX, OPERATORS_MAX, TEXT_BYTES_MAX};
use std::fmt;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Character (code point) at which it went wrong, from 0.
    pub position: usize,
    /// What was expected or refused.
    pub reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.position, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// Reads a formula.
pub fn parse(text: &str) -> Result<Formula, ParseError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ParseError {
            position: 0,
            reason: format!("longer than {TEXT_BYTES_MAX} bytes"),
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        operators: 0,
    };
    let formula = parser.implies()?;
    parser.skip_space();
    if parser.rest().is_empty() {
        Ok(formula)
    } else {
        parser.fail("expected an operator or the end")
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    operators: usize,
}

/// Rules that one level of a fully bracketed formula passes: the prefix, its bracket and what stands inside.
const STEPS_A_LEVEL: usize = 4;

type Parsed<T> = Result<T, ParseError>;

const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

const UNITS_NS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fail<T>(&self, reason: impl Into<String>) -> Parsed<T> {
        let position = self.text.get(..self.at).unwrap_or("").chars().count();
        Err(ParseError {
            position,
            reason: reason.into(),
        })
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.sign(sign) {
            Ok(())
        } else {
            self.fail(format!("expected `{sign}`"))
        }
    }

    fn peek_name(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        if rest.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return "";
        }
        let end = rest.find(|each: char| !(each.is_alphanumeric() || each == '_' || each == '.'));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or("")
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek_name() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return self.fail(format!("more than {OPERATORS_MAX} operators"));
        }
        Ok(())
    }

    /// Runs a rule one level deeper. Every level of the tree passes here or through a loop that builds to the left, whose
    /// depth `Monitor::new` checks on the finished tree.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX * STEPS_A_LEVEL {
            return self.fail(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn implies(&mut self) -> Parsed<Formula> {
        let left = self.or()?;
        if !self.sign("->") {
            return Ok(left);
        }
        self.count_operator()?;
        let right = self.deeper(Self::implies)?;
        Ok(Formula::Implies(Box::new(left), Box::new(right)))
    }

    fn or(&mut self) -> Parsed<Formula> {
        let mut left = self.and()?;
        while self.word("or") {
            self.count_operator()?;
            left = Formula::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Formula> {
        let mut left = self.since()?;
        while self.word("and") {
            self.count_operator()?;
            left = Formula::And(Box::new(left), Box::new(self.since()?));
        }
        Ok(left)
    }

    fn since(&mut self) -> Parsed<Formula> {
        let mut left = self.deeper(Self::unary)?;
        while self.word("since") {
            self.count_operator()?;
            let interval = self.interval()?;
            left = Formula::Since(interval, Box::new(left), Box::new(self.deeper(Self::unary)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Formula> {
        self.count_operator()?;
        if self.sign("(") {
            let inner = self.deeper(Self::implies)?;
            self.expect(")")?;
            self.operators -= 1; // brackets are no operator
            return Ok(inner);
        }
        let start = self.at;
        let name = self.peek_name();
        self.at += name.len();
        match name {
            "not" => Ok(Formula::Not(Box::new(self.deeper(Self::unary)?))),
            "prev" => Ok(Formula::Previous(
                self.interval()?,
                Box::new(self.deeper(Self::unary)?),
            )),
            "once" => Ok(Formula::Once(
                self.interval()?,
                Box::new(self.deeper(Self::unary)?),
            )),
            "historically" => Ok(Formula::Historically(
                self.interval()?,
                Box::new(self.deeper(Self::unary)?),
            )),
            "count" => self.count(),
            "true" => Ok(Formula::Constant(true)),
            "false" => Ok(Formula::Constant(false)),
            "and" | "or" | "since" | "inf" | "" => {
                self.at = start;
                self.skip_space();
                self.fail("expected a formula")
            }
            _ => self.atom(name),
        }
    }

    fn atom(&mut self, name: &str) -> Parsed<Formula> {
        match self.comparison() {
            None => Ok(Formula::Atom(name.to_owned())),
            Some(comparison) => Ok(Formula::Compare(name.to_owned(), comparison, self.number()?)),
        }
    }

    fn count(&mut self) -> Parsed<Formula> {
        let mut window_ns = None;
        if self.sign("[") {
            window_ns = self.time_ns()?;
            self.expect("]")?;
        }
        self.expect("(")?;
        let formula = Box::new(self.deeper(Self::implies)?);
        self.expect(")")?;
        let Some(comparison) = self.comparison() else {
            return self.fail("expected a comparison");
        };
        self.skip_space();
        let start = self.at;
        let number = self.number()?;
        if number < 0.0 || number.fract() != 0.0 || number > f64::from(u32::MAX) {
            self.at = start;
            return self.fail("expected a whole number");
        }
        Ok(Formula::Count {
            window_ns,
            formula,
            comparison,
            number: number as u32,
        })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let (_, comparison) = *COMPARISONS.iter().find(|(sign, _)| self.sign(sign))?;
        Some(comparison)
    }

    fn number(&mut self) -> Parsed<f64> {
        self.skip_space();
        let rest = self.rest();
        let mut end = 0;
        let mut before = ' ';
        for each in rest.chars() {
            let sign_fits = (each == '-' || each == '+') && (end == 0 || before == 'e' || before == 'E');
            if !(each.is_ascii_digit()
                || each == '.'
                || (end > 0 && (each == 'e' || each == 'E'))
                || sign_fits)
            {
                break;
            }
            end += each.len_utf8();
            before = each;
        }
        match rest.get(..end).unwrap_or("").parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(number)
            }
            _ => self.fail("expected a number"),
        }
    }

    fn interval(&mut self) -> Parsed<Interval> {
        if !self.sign("[") {
            return Ok(Interval::ALWAYS);
        }
        self.skip_space();
        let start = self.at;
        let first = self.time_ns()?;
        let interval = if self.sign(",") {
            let Some(from_ns) = first else {
                self.at = start;
                return self.fail("an interval cannot begin at inf");
            };
            let to_ns = self.time_ns()?;
            Interval::new(from_ns, to_ns)
        } else {
            Some(Interval {
                from_ns: 0,
                to_ns: first,
            })
        };
        self.expect("]")?;
        if let Some(interval) = interval {
            return Ok(interval);
        }
        self.at = start;
        self.fail("the interval ends before it begins")
    }

    /// A length of time; `None` is `inf`.
    fn time_ns(&mut self) -> Parsed<Option<u64>> {
        if self.word("inf") {
            return Ok(None);
        }
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let end = rest
            .find(|each: char| !(each.is_ascii_digit() || each == '.'))
            .unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or("");
        self.at += end;
        let unit = self.peek_name();
        let scale = match UNITS_NS.iter().find(|(name, _)| *name == unit) {
            Some((_, scale)) => *scale,
            None if unit.is_empty() => 1,
            None => return self.fail("expected a unit of time: ns, us, ms, s, m, h or d"),
        };
        self.at += unit.len();
        if let Some(length_ns) = scaled_ns(digits, scale) {
            return Ok(Some(length_ns));
        }
        self.at = start;
        self.fail("expected a length of time such as 30s, 1.5ms or inf")
    }
}

/// Whole numbers exactly; fractions to the nearest nanosecond.
fn scaled_ns(digits: &str, scale: u64) -> Option<u64> {
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(scale);
    }
    let length_ns = digits.parse::<f64>().ok()? * scale as f64;
    // 2^53 ns are 104 days; a longer fraction would not be exact.
    (length_ns < 9_007_199_254_740_992.0).then_some(length_ns.round() as u64)
}
