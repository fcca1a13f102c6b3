//! Test blocks, as written.

use super::Literal;
use crate::diagnostic::{Name, Span, Spanned};

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestItem {
    /// What it shows.
    pub name: Spanned<String>,
    /// The policy set.
    pub set: Name,
    /// Events and expectations in their order.
    pub steps: Vec<TestStep>,
    /// The whole item.
    pub span: Span,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestStep {
    /// `given ..`
    Given(GivenEvent),
    /// `expect ..`
    Expect(Expectation),
}

/// `given call c to email.send(to: ["a@b.example"]) from r at 4s`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenEvent {
    /// Event kind.
    pub kind: Name,
    /// Its name in the test.
    pub variable: Name,
    /// Tool.
    pub tool: Option<Name>,
    /// Arguments; `None` is unknown.
    pub arguments: Vec<(Name, Option<TestValue>)>,
    /// Everything else.
    pub details: Vec<GivenDetail>,
    /// Time since the start of the test.
    pub at_ms: Spanned<u64>,
    /// The whole line.
    pub span: Span,
}

/// A value in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestValue {
    /// One value.
    One(Literal),
    /// Several.
    List(Vec<Literal>),
}

/// What a given event has beside its arguments; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenDetail {
    /// `trust untrusted`
    Trust(Option<Name>),
    /// `role user`
    Role(Option<Name>),
    /// `text "…"`
    Text(Option<Spanned<String>>),
    /// `from r`: made of what that event brought.
    From(Name),
    /// `for c`: the call that an approval is about.
    For(Name),
    /// `score secret 0.9`
    Score(Name, Option<Spanned<Literal>>),
    /// `with region "eu"`
    Attribute(Name, Option<Spanned<Literal>>),
    /// `unseen`: the extractor does not cover the schema.
    Unseen,
}

/// `expect deny by no_exfil without rate_mail`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// `allow`, `deny`, `ask` or `throttle`.
    pub verdict: Name,
    /// Rules that must fire.
    pub by: Vec<Name>,
    /// Rules that must not.
    pub without: Vec<Name>,
    /// The whole line.
    pub span: Span,
}
