//! What a check ends with: accepted, rejected with the reason, or inconclusive.

use crate::limits::Limit;

/// The result of a check. Only `Accepted` is a proof; the other two never grant anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only `Accepted` is a proof"]
pub enum Outcome {
    /// The theorem is proved.
    Accepted(Work),
    /// The stream is not what it should be, or its proof is wrong.
    Rejected(Rejection),
    /// A budget was used up: nothing is known.
    Inconclusive(Limit),
}

impl Outcome {
    /// Whether the theorem is proved.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

impl From<Stop> for Outcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Rejected(rejection) => Self::Rejected(rejection),
            Stop::Limit(limit) => Self::Inconclusive(limit),
        }
    }
}

/// What a check used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Records after the prelude.
    pub records: usize,
    /// Reductions and comparisons.
    pub steps: u64,
    /// Terms, environments and delayed arguments made.
    pub nodes: usize,
    /// Deepest recursion.
    pub depth: u32,
}

/// Why and where a stream was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Rejection {
    /// The line of the stream, from 1; 0 where it concerns the stream as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: Reason,
}

/// What can be wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The bytes are not UTF-8.
    #[error("the bytes are not UTF-8")]
    NotText,
    /// The last line has no end, so that the stream may have been cut.
    #[error("the last line is cut off")]
    CutOff,
    /// The record is not in canonical form.
    #[error("not a canonical record: expected `{0}`")]
    Syntax(&'static str),
    /// A number does not fit.
    #[error("a number is larger than 4294967295")]
    NumberSize,
    /// A record's own number is not the next one.
    #[error("the record's own number is not the next one")]
    Numbering,
    /// A record refers to something that is not there yet.
    #[error("a reference to a record that does not stand before it")]
    Reference,
    /// Something was written twice.
    #[error("the same content was written before")]
    Duplicate,
    /// The stream does not begin with the pinned prelude.
    #[error("the stream does not begin with the pinned prelude of this version")]
    Prelude,
    /// This build's own prelude is not the pinned one, or does not pass its own kernel.
    #[error("the prelude of this build is not the pinned one; rebuild from an unchanged source")]
    Pin,
    /// A kind of record that has no place after the prelude.
    #[error("a record of the kind `{0}` is not admitted")]
    Kind(&'static str),
    /// A declaration has another name than the order of a certificate asks for.
    #[error("the declaration is not the one that should stand here")]
    Order,
    /// The theorem `Aimds.verdict` is missing, or something follows it.
    #[error("the stream does not end with the theorem `Aimds.verdict`")]
    Ending,
    /// The bytes are not those that policy, trace and verdict give.
    #[error("the stream is not the one that policy, trace and verdict give")]
    Binding,
    /// The hash in a certificate is not that of the stream or of the prelude.
    #[error("the hash is not that of the stream that policy, trace and verdict give")]
    Hash,
    /// The reason names no rule of the policy that could be the reason for this verdict.
    #[error("the reason names no rule of the right kind")]
    ReasonRule,
    /// A variable that nothing binds.
    #[error("a variable that nothing binds")]
    LooseVariable,
    /// A universe parameter outside of a type that declares it, or a universe that the fragment does not have.
    #[error("a universe that is not a number")]
    Universe,
    /// A constant that was not declared.
    #[error("a constant that was not declared before")]
    UnknownConstant,
    /// A constant with more or fewer universes than it was declared with.
    #[error("a constant with the wrong number of universes")]
    UniverseCount,
    /// A term that stands for a type is none.
    #[error("a term in the place of a type is no type")]
    NotAType,
    /// What is applied is no function.
    #[error("what is applied is no function")]
    NotAFunction,
    /// An argument has another type than the function takes.
    #[error("an argument has the wrong type")]
    ArgumentType,
    /// A value has another type than was declared; for a theorem, the proof does not prove it.
    #[error("the value does not have the declared type")]
    DeclaredType,
    /// A theorem's statement is no proposition.
    #[error("the statement of a theorem is no proposition")]
    NotAProposition,
    /// A constant was declared twice.
    #[error("the constant was declared before")]
    DeclaredTwice,
    /// An inductive type is not of the fragment, or its record contradicts its constructors.
    #[error("the inductive type: {0} is not what its constructors give")]
    Inductive(&'static str),
}

impl Reason {
    /// A stable name of the case, for records and for other languages.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotText => "stream.not_text",
            Self::CutOff => "stream.cut_off",
            Self::Syntax(_) => "stream.syntax",
            Self::NumberSize => "stream.number_size",
            Self::Numbering => "stream.numbering",
            Self::Reference => "stream.reference",
            Self::Duplicate => "stream.duplicate",
            Self::Prelude => "admission.prelude",
            Self::Pin => "admission.pin",
            Self::Kind(_) => "admission.kind",
            Self::Order => "admission.order",
            Self::Ending => "admission.ending",
            Self::Binding => "certificate.binding",
            Self::Hash => "certificate.hash",
            Self::ReasonRule => "certificate.reason_rule",
            Self::LooseVariable => "kernel.loose_variable",
            Self::Universe => "kernel.universe",
            Self::UnknownConstant => "kernel.unknown_constant",
            Self::UniverseCount => "kernel.universe_count",
            Self::NotAType => "kernel.not_a_type",
            Self::NotAFunction => "kernel.not_a_function",
            Self::ArgumentType => "kernel.argument_type",
            Self::DeclaredType => "kernel.declared_type",
            Self::NotAProposition => "kernel.not_a_proposition",
            Self::DeclaredTwice => "kernel.declared_twice",
            Self::Inductive(_) => "kernel.inductive",
        }
    }

    pub(crate) fn at(self, line: usize) -> Stop {
        Stop::Rejected(Rejection { line, reason: self })
    }

    pub(crate) fn whole(self) -> Stop {
        self.at(0)
    }
}

/// Why a check ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Rejected(Rejection),
    Limit(Limit),
}

impl Stop {
    /// The same, with the line of the stream where it is not known yet.
    pub(crate) fn in_line(self, line: usize) -> Self {
        match self {
            Self::Rejected(Rejection { line: 0, reason }) => reason.at(line),
            other => other,
        }
    }
}

impl From<Limit> for Stop {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        reason.whole()
    }
}

/// A step of a check.
pub(crate) type Checked<T> = Result<T, Stop>;
