//! Walks over one line of a stream: literal text, numbers, lists, and nothing in between.
//!
//! A canonical line has one spelling only. So there is no JSON parser here with its questions about spaces, escapes, key
//! order and repeated keys: everything but the one spelling is refused.

use crate::outcome::{Checked, Reason};

/// Numbers in one list: a policy type has at most as many constructors.
const LIST_MAX: usize = 64;

/// What is left of a line.
pub(crate) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { rest: line }
    }

    /// What is left of the line.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes `text` if it stands here.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// `text`, which must stand here.
    pub(crate) fn literal(&mut self, text: &'static str) -> Checked<()> {
        if self.takes(text) {
            return Ok(());
        }
        Err(Reason::Syntax(text).into())
    }

    /// The end of the line.
    pub(crate) fn end(&self) -> Checked<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Reason::Syntax("end of line").into())
    }

    /// A decimal number without leading zeros that fits 32 bits.
    pub(crate) fn number(&mut self) -> Checked<u32> {
        let length = self
            .rest
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let Some((digits, rest)) = self.rest.split_at_checked(length) else {
            return Err(Reason::Syntax("number").into());
        };
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(Reason::Syntax("number").into());
        }
        self.rest = rest;
        digits.parse().map_err(|_| Reason::NumberSize.into())
    }

    /// A list of numbers in brackets.
    pub(crate) fn numbers(&mut self) -> Checked<Vec<u32>> {
        self.literal("[")?;
        let mut numbers = Vec::new();
        if self.takes("]") {
            return Ok(numbers);
        }
        loop {
            numbers.push(self.number()?);
            if self.takes("]") {
                return Ok(numbers);
            }
            if numbers.len() >= LIST_MAX {
                return Err(Reason::Syntax("a shorter list").into());
            }
            self.literal(",")?;
        }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Checked<bool> {
        if self.takes("true") {
            return Ok(true);
        }
        self.literal("false").map(|()| false)
    }

    /// A component of a name up to its closing quote: letters, digits, underscores, and the `α` of Lean's own prelude.
    pub(crate) fn component(&mut self) -> Checked<&'a str> {
        let length = self
            .rest
            .find(|character: char| {
                !(character.is_ascii_alphanumeric() || character == '_' || character == 'α')
            })
            .unwrap_or(self.rest.len());
        match self.rest.split_at_checked(length) {
            Some((component, rest)) if !component.is_empty() => {
                self.rest = rest;
                self.literal("\"")?;
                Ok(component)
            }
            _ => Err(Reason::Syntax("name component").into()),
        }
    }
}
