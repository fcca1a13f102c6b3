//! Formulas and event patterns, as written.

use super::Literal;
use crate::diagnostic::{Name, Span, Spanned};

/// `call c to email.send where ..`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Event kind or group; `event` is any.
    pub kind: Name,
    /// The variable; `_` binds none.
    pub variable: Name,
    /// Tools.
    pub targets: Vec<Spanned<Target>>,
    /// Role.
    pub by: Option<Name>,
    /// The call that an approval is for.
    pub of: Option<Name>,
    /// Further conditions.
    pub condition: Option<Box<Form>>,
    /// The whole pattern.
    pub span: Span,
}

/// What a call goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A tool, a tag or a parameter.
    Name(String),
    /// A pattern of tool names.
    Glob(String),
}

/// `[0s, 10m]`; the ends may be parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Youngest age.
    pub from: Spanned<Literal>,
    /// Oldest age.
    pub to: Spanned<Literal>,
}

/// A formula and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What it is.
    pub kind: FormKind,
    /// Where it stands.
    pub span: Span,
}

/// A formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    /// `true` or `false`
    Constant(bool),
    /// `not f`
    Not(Box<Form>),
    /// `f and g and ..`
    And(Vec<Form>),
    /// `f or g or ..`
    Or(Vec<Form>),
    /// `prev f`
    Previous(Box<Form>),
    /// `once[a, b] f`
    Once(Window, Box<Form>),
    /// `historically[a, b] f`
    Historically(Window, Box<Form>),
    /// `hold since[a, b] from`
    Since(Window, Box<Form>, Box<Form>),
    /// `count[a, b] f >= n`
    Count(Window, Box<Form>, Spanned<Comparison>, Spanned<Literal>),
    /// An event of this shape.
    Pattern(Pattern),
    /// `approved(c) by user`, `revoked(c)`
    Approval {
        /// Revoked instead of approved.
        revoked: bool,
        /// The call.
        of: Name,
        /// Role.
        by: Option<Name>,
    },
    /// `c.args.path under "/srv"`
    Compare {
        /// For sets: all members, or at least one.
        quantifier: Option<Quantifier>,
        /// Left side.
        left: Term,
        /// Relation.
        relation: Spanned<Relation>,
        /// Right side.
        right: Operand,
    },
    /// A yes/no value: `c.args.recursive`, `known(c.args.path)`
    Known(Term),
    /// A flag by itself.
    Flag(Term),
    /// `flows(r, c.args)`, `covers(p, c.args.to)`
    Flow {
        /// Every part, not just some.
        covers: bool,
        /// The past event.
        from: Name,
        /// Where it goes.
        into: Term,
    },
}

/// All members of a set, or at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantifier {
    /// `every`
    Every,
    /// `some`
    Some,
}

/// Order of numbers and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// All of them with their signs.
    pub const SIGNS: [(Self, &'static str); 6] = [
        (Self::Less, "<"),
        (Self::AtMost, "<="),
        (Self::Greater, ">"),
        (Self::AtLeast, ">="),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
    ];

    /// The sign.
    pub fn text(self) -> &'static str {
        Self::SIGNS
            .iter()
            .find(|(this, _)| *this == self)
            .map_or("?", |(_, sign)| sign)
    }
}

/// What stands between the sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// A sign.
    Compare(Comparison),
    /// `in`: is one of.
    In,
    /// `within`: the host is one of these domains, or below one.
    Within,
    /// `under`: the path is one of these folders, or below one.
    Under,
    /// `contains`: the text has one of these in it.
    Contains,
    /// `starts`: the text begins with one of these.
    Starts,
    /// `ends`: the text ends with one of these.
    Ends,
}

impl Relation {
    /// The relations that are words.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::In, "in"),
        (Self::Within, "within"),
        (Self::Under, "under"),
        (Self::Contains, "contains"),
        (Self::Starts, "starts"),
        (Self::Ends, "ends"),
    ];

    /// Its text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Compare(comparison) => comparison.text(),
            other => Self::WORDS
                .iter()
                .find(|(this, _)| *this == other)
                .map_or("?", |(_, word)| word),
        }
    }
}

/// Something about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The variable.
    pub variable: Name,
    /// What about it.
    pub field: TermField,
    /// The whole term.
    pub span: Span,
}

/// What about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermField {
    /// `c.args.to.count`: the names behind the variable.
    Path(Vec<Name>),
    /// `score(c, secret)`
    Score(Name),
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A constant.
    Literal(Spanned<Literal>),
    /// Something about another event.
    Term(Term),
}
