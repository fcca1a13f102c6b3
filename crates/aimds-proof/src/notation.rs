//! Policies and traces as canonical text: what hashes are taken of, and what certificates carry.
//!
//! A policy has a line a rule, forms in prefix notation: `deny and atom 2 not once 0 300000 atom 4`. A trace has a line an
//! event, oldest first: time in ms, what absent atoms mean, the facts by atom: `2500 no 4=yes 5=unknown 6=250`.
//! Equal data give equal text, and [`parse_policy`] and [`parse_trace`] accept no other spelling.

use std::fmt::Write as _;

use crate::limits::{FORM_DEPTH_MAX, NOTATION_BYTES_MAX};
use crate::logic::{AtomId, Event, Form, LogicError, Policy, Rule, Trace, Value};
use crate::prelude::sha256_hex;

/// A text that is no policy or trace in canonical notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    /// A line is not as it should be.
    #[error("line {line}: expected {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The text is longer than [`NOTATION_BYTES_MAX`].
    #[error("the text has {0} bytes; a policy or trace within its limits has fewer")]
    Size(usize),
    /// The data are not valid.
    #[error("{0}")]
    Logic(#[from] LogicError),
}

impl NotationError {
    /// A stable name of the case, for records and for other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "notation.line",
            Self::Size(_) => "notation.size",
            Self::Logic(error) => error.code(),
        }
    }
}

/// The policy in canonical notation.
pub fn policy_text(policy: &Policy) -> String {
    let mut text = String::new();
    for rule in policy.rules() {
        text.push_str(&rule_text(rule));
        text.push('\n');
    }
    text
}

/// One rule in canonical notation, without the end of its line.
pub fn rule_text(rule: &Rule) -> String {
    let word = match rule {
        Rule::Deny(_) => "deny",
        Rule::Permit(_) => "permit",
    };
    format!("{word} {}", form_text(rule.form()))
}

/// A form in canonical notation.
pub fn form_text(form: &Form) -> String {
    let mut text = String::new();
    write_form(&mut text, form);
    text
}

/// The trace in canonical notation.
pub fn trace_text(trace: &Trace) -> String {
    let mut text = String::new();
    for event in trace.events() {
        // Writing to a `String` cannot fail, here and below.
        let _ = write!(text, "{} ", event.time_ms());
        write_value(&mut text, event.absent());
        for (atom, value) in event.facts() {
            let _ = write!(text, " {}=", atom.number());
            write_value(&mut text, *value);
        }
        text.push('\n');
    }
    text
}

/// SHA-256 of the policy's canonical text, in hexadecimal digits.
pub fn policy_sha256(policy: &Policy) -> String {
    sha256_hex(policy_text(policy).as_bytes())
}

/// SHA-256 of the trace's canonical text, in hexadecimal digits.
pub fn trace_sha256(trace: &Trace) -> String {
    sha256_hex(trace_text(trace).as_bytes())
}

fn write_value(text: &mut String, value: Value) {
    match value {
        Value::Unknown => text.push_str("unknown"),
        Value::No => text.push_str("no"),
        Value::Yes => text.push_str("yes"),
        Value::Number(number) => {
            let _ = write!(text, "{number}");
        }
    }
}

fn write_form(text: &mut String, form: &Form) {
    let _ = match form {
        Form::True => write!(text, "true"),
        Form::False => write!(text, "false"),
        Form::Atom(atom) => write!(text, "atom {}", atom.number()),
        Form::AtMost(atom, bound) => write!(text, "atmost {} {bound}", atom.number()),
        Form::Not(_) => write!(text, "not"),
        Form::And(..) => write!(text, "and"),
        Form::Or(..) => write!(text, "or"),
        Form::Previous(_) => write!(text, "previous"),
        Form::Once { from_ms, to_ms, .. } => write!(text, "once {from_ms} {to_ms}"),
        Form::Since { from_ms, to_ms, .. } => write!(text, "since {from_ms} {to_ms}"),
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            ..
        } => write!(text, "count {from_ms} {to_ms} {at_least}"),
    };
    for child in form.children() {
        text.push(' ');
        write_form(text, child);
    }
}

/// Reads a policy back.
pub fn parse_policy(text: &str) -> Result<Policy, NotationError> {
    let mut rules = Vec::new();
    for (at, line) in lines(text)?.enumerate() {
        let mut words = Words::new(line, at + 1);
        let rule = match words.next("`deny` or `permit`")? {
            "deny" => Rule::Deny,
            "permit" => Rule::Permit,
            _ => return Err(words.wrong("`deny` or `permit`")),
        };
        let rule = rule(words.form(1)?);
        words.end()?;
        rules.push(rule);
    }
    let policy = Policy::new(rules)?;
    same(&policy_text(&policy), text)?;
    Ok(policy)
}

/// Reads a trace back.
pub fn parse_trace(text: &str) -> Result<Trace, NotationError> {
    let mut events = Vec::new();
    for (at, line) in lines(text)?.enumerate() {
        let mut words = Words::new(line, at + 1);
        let time_ms = words.number()?;
        let absent = words.value()?;
        let mut facts = Vec::new();
        while let Some(word) = words.words.next() {
            let Some((atom, value)) = word.split_once('=') else {
                return Err(words.wrong("a fact, as in `4=yes`"));
            };
            let atom = words.parse_number(atom)?;
            facts.push((words.atom_of(atom)?, words.parse_value(value)?));
        }
        events.push(Event::new(time_ms, facts, absent)?);
    }
    let trace = Trace::new(events)?;
    same(&trace_text(&trace), text)?;
    Ok(trace)
}

fn lines(text: &str) -> Result<impl Iterator<Item = &str>, NotationError> {
    if text.len() > NOTATION_BYTES_MAX {
        return Err(NotationError::Size(text.len()));
    }
    Ok(text.split_terminator('\n'))
}

/// Whether the text is the canonical one. Spellings such as leading zeros or facts out of order end here.
fn same(canonical: &str, text: &str) -> Result<(), NotationError> {
    if canonical == text {
        return Ok(());
    }
    let same_lines = canonical
        .lines()
        .zip(text.lines())
        .take_while(|(left, right)| left == right);
    Err(NotationError::Line {
        line: same_lines.count() + 1,
        expected: "the canonical spelling: sorted facts, single spaces, an end to every line",
    })
}

/// The words of one line.
struct Words<'a> {
    words: std::str::Split<'a, char>,
    line: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str, line: usize) -> Self {
        Self {
            words: text.split(' '),
            line,
        }
    }

    fn wrong(&self, expected: &'static str) -> NotationError {
        NotationError::Line {
            line: self.line,
            expected,
        }
    }

    fn next(&mut self, expected: &'static str) -> Result<&'a str, NotationError> {
        self.words.next().ok_or_else(|| self.wrong(expected))
    }

    fn end(&mut self) -> Result<(), NotationError> {
        match self.words.next() {
            None => Ok(()),
            Some(_) => Err(self.wrong("the end of the line")),
        }
    }

    fn number(&mut self) -> Result<u64, NotationError> {
        let word = self.next("a number")?;
        self.parse_number(word)
    }

    fn parse_number(&self, word: &str) -> Result<u64, NotationError> {
        word.parse().map_err(|_| self.wrong("a number below 2^64"))
    }

    fn value(&mut self) -> Result<Value, NotationError> {
        let word = self.next("a value")?;
        self.parse_value(word)
    }

    fn parse_value(&self, word: &str) -> Result<Value, NotationError> {
        Ok(match word {
            "unknown" => Value::Unknown,
            "no" => Value::No,
            "yes" => Value::Yes,
            number => Value::Number(self.parse_number(number)?),
        })
    }

    fn atom(&mut self) -> Result<AtomId, NotationError> {
        let number = self.number()?;
        self.atom_of(number)
    }

    fn atom_of(&self, number: u64) -> Result<AtomId, NotationError> {
        let number = u32::try_from(number).map_err(|_| self.wrong("an atom id"))?;
        Ok(AtomId::new(number)?)
    }

    fn boxed(&mut self, depth: usize) -> Result<Box<Form>, NotationError> {
        self.form(depth + 1).map(Box::new)
    }

    /// A form. Recursion is bounded here, before [`Policy::new`] looks at the whole.
    fn form(&mut self, depth: usize) -> Result<Form, NotationError> {
        if depth > FORM_DEPTH_MAX {
            return Err(LogicError::Limit {
                what: "nesting of one form",
                found: depth as u64,
                most: FORM_DEPTH_MAX as u64,
            }
            .into());
        }
        Ok(match self.next("a form")? {
            "true" => Form::True,
            "false" => Form::False,
            "atom" => Form::Atom(self.atom()?),
            "atmost" => Form::AtMost(self.atom()?, self.number()?),
            "not" => Form::Not(self.boxed(depth)?),
            "and" => Form::And(self.boxed(depth)?, self.boxed(depth)?),
            "or" => Form::Or(self.boxed(depth)?, self.boxed(depth)?),
            "previous" => Form::Previous(self.boxed(depth)?),
            "once" => Form::Once {
                from_ms: self.number()?,
                to_ms: self.number()?,
                form: self.boxed(depth)?,
            },
            "since" => Form::Since {
                from_ms: self.number()?,
                to_ms: self.number()?,
                hold: self.boxed(depth)?,
                from: self.boxed(depth)?,
            },
            "count" => Form::Count {
                from_ms: self.number()?,
                to_ms: self.number()?,
                at_least: self.number()?,
                form: self.boxed(depth)?,
            },
            _ => {
                return Err(self
                    .wrong("a form: true, false, atom, atmost, not, and, or, previous, once, since, count"));
            }
        })
    }
}
