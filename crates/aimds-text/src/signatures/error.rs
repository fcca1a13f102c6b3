//! What can be wrong with a rule pack.

use std::fmt;

/// A pack that breaks a rule of the format: where and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PackError {
    /// Name of the file as the caller gave it.
    pub file: String,
    /// Line of the fault, from 1; 0 when it concerns the set of packs.
    pub line: usize,
    /// The rule or frame it stands in, if it stands in one and has an id.
    pub rule: Option<String>,
    /// What is wrong.
    pub kind: PackErrorKind,
}

/// The kinds of fault, each with what the reader needs to mend it.
#[derive(Debug, Clone, PartialEq)]
pub enum PackErrorKind {
    /// The text is not TOML, or a field is unknown, missing or of the wrong type.
    Format(String),
    /// A bound of [`super::limits`] is exceeded.
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        limit: usize,
    },
    /// A name is not one of those known.
    UnknownName {
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it may say.
        expected: String,
    },
    /// A field has a value outside its range or shape.
    BadValue {
        /// The field.
        field: &'static str,
        /// Why the value does not do.
        reason: String,
    },
    /// The same name or id stands twice.
    Duplicate(String),
    /// A regex does not parse, is too large or uses what a linear-time engine does not have.
    BadRegex {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A phrase cannot be matched.
    BadPhrase {
        /// The phrase.
        phrase: String,
        /// Why.
        reason: &'static str,
    },
    /// The rule has none of `any`, `near`, `regex`.
    NothingToMatch,
}

impl fmt::Display for PackErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(reason) => formatter.write_str(reason),
            Self::TooMany { what, found, limit } => {
                write!(formatter, "{found} {what}, at most {limit} are allowed")
            }
            Self::UnknownName {
                field,
                found,
                expected,
            } => {
                write!(formatter, "`{field}` is `{found}`, expected one of {expected}")
            }
            Self::BadValue { field, reason } => write!(formatter, "`{field}` {reason}"),
            Self::Duplicate(name) => write!(formatter, "`{name}` stands twice"),
            Self::BadRegex { pattern, reason } => write!(formatter, "regex `{pattern}`: {reason}"),
            Self::BadPhrase { phrase, reason } => write!(formatter, "phrase `{phrase}`: {reason}"),
            Self::NothingToMatch => {
                formatter.write_str("a rule needs at least one of `any`, `near`, `regex`")
            }
        }
    }
}

impl PackError {
    /// `file:line (rule id)`, as far as it is known.
    pub fn place(&self) -> String {
        let mut place = self.file.clone();
        if self.line > 0 {
            place = format!("{place}:{}", self.line);
        }
        match &self.rule {
            Some(rule) => format!("{place} ({rule})"),
            None => place,
        }
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place(), self.kind)
    }
}

impl std::error::Error for PackError {}
