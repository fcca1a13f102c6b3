//! The tree of a source file, as written: names not yet resolved, templates not yet filled in.

mod forms;
mod tests;

pub use forms::{
    Comparison, Form, FormKind, Operand, Pattern, Quantifier, Relation, Target, Term, TermField, Window,
};
pub use tests::{Expectation, GivenDetail, GivenEvent, TestItem, TestStep, TestValue};

use crate::diagnostic::{Name, Span, Spanned};

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Items in their order.
    pub items: Vec<Item>,
}

/// What stands at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `import "schema.policy"`
    Import(Spanned<String>),
    /// `schema agent v1`
    Schema {
        /// Its name.
        name: Name,
        /// Its version.
        version: Name,
    },
    /// `label trust: untrusted < user < trusted`
    Label {
        /// Lowest first.
        levels: Vec<Name>,
        /// The whole item.
        span: Span,
    },
    /// `event prompt, document`, `role user`, `detector secret`
    Names {
        /// Which list they join.
        list: NameList,
        /// The names.
        names: Vec<Name>,
    },
    /// `group read = document, tool_result`
    Group {
        /// The new name.
        name: Name,
        /// Its event kinds.
        members: Vec<Name>,
    },
    /// `attribute region: text`
    Attribute {
        /// Its name.
        name: Name,
        /// Its type.
        kind: Spanned<ValueType>,
    },
    /// `argument path: path`: any tool may have it; use `known(..)` where it may be missing. `argument whom: set of host from
    /// to, cc`: the values of those arguments that a call has, together.
    Argument {
        /// Its name.
        name: Name,
        /// Its type.
        kind: Spanned<ValueType>,
        /// The arguments that it gathers; empty for one that stands for itself.
        members: Vec<Name>,
    },
    /// `tag sink(external) for "*send*"`
    Tag {
        /// Its name, with the part in parentheses.
        name: Name,
        /// Patterns of tool names that carry it.
        globs: Vec<Spanned<String>>,
    },
    /// `unlisted untagged` or `unlisted unknown`
    Unlisted(Name),
    /// `tool email.send(to: set of host) is sink(external)`
    Tool(ToolItem),
    /// `let limit = 20`
    Let {
        /// Its name.
        name: Name,
        /// Its value.
        value: Spanned<Literal>,
    },
    /// A policy.
    Policy(PolicyItem),
    /// A template.
    Template(TemplateItem),
    /// `use rate(email.send, 20, 1h) as mail_rate`
    Use(UseItem),
    /// `set prod = base, mail_rate default deny`
    Set(SetItem),
    /// `claim never_shadowed(no_exfil)`
    Claim(ClaimItem),
    /// A test.
    Test(TestItem),
}

/// Lists of names that a schema declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameList {
    /// Event kinds.
    Events,
    /// Roles.
    Roles,
    /// Detectors.
    Detectors,
}

/// The types of arguments and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueType {
    /// Yes or no.
    Flag,
    /// A whole number, possibly negative.
    Integer,
    /// A non-negative amount in hundredths.
    Amount,
    /// A string.
    Text,
    /// A file path.
    Path,
    /// A host: a URL, a host name or a mail address counts by its host.
    Host,
    /// Several texts.
    Texts,
    /// Several paths.
    Paths,
    /// Several hosts.
    Hosts,
}

impl ValueType {
    /// All types with their text.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::Flag, "flag"),
        (Self::Integer, "integer"),
        (Self::Amount, "amount"),
        (Self::Text, "text"),
        (Self::Path, "path"),
        (Self::Host, "host"),
        (Self::Texts, "set of text"),
        (Self::Paths, "set of path"),
        (Self::Hosts, "set of host"),
    ];

    /// Its text.
    pub fn text(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("?", |(_, name)| name)
    }

    /// The type of the members of a set; itself when it is none.
    #[must_use]
    pub fn member(self) -> Self {
        match self {
            Self::Texts => Self::Text,
            Self::Paths => Self::Path,
            Self::Hosts => Self::Host,
            other => other,
        }
    }

    /// Whether it holds several values.
    pub fn is_set(self) -> bool {
        self.member() != self
    }

    /// The set of this type; itself when there is none.
    #[must_use]
    pub fn set_of(self) -> Self {
        match self {
            Self::Text => Self::Texts,
            Self::Path => Self::Paths,
            Self::Host => Self::Hosts,
            other => other,
        }
    }
}

/// A tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolItem {
    /// Its name, dots included.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<(Name, Spanned<ValueType>)>,
    /// Its tags.
    pub tags: Vec<Name>,
}

/// A policy: one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyItem {
    /// Its name.
    pub name: Name,
    /// An overlay may replace it.
    pub overridable: bool,
    /// The policy whose place it takes in an overlay.
    pub replaces: Option<Name>,
    /// What it says.
    pub body: Body,
    /// The whole item.
    pub span: Span,
}

/// What a policy says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// `severity high`
    pub severity: Option<Name>,
    /// `when call c to sink(external)`
    pub when: Option<Pattern>,
    /// `deny if ..` or `permit if ..`
    pub effect: Option<Effect>,
    /// `unless ..`
    pub unless: Option<Form>,
    /// `ensures ..`: what must hold wherever a set with this policy lets the event pass; all of them. It decides nothing.
    pub ensures: Vec<Form>,
    /// `obligation notify("secops"), redact(personal_data)`
    pub obligations: Vec<ObligationItem>,
    /// `action ask`
    pub action: Option<Name>,
    /// `message "text"`
    pub message: Option<Spanned<String>>,
    /// `source "sentence of the document that the rule comes from"`
    pub source: Option<Spanned<String>>,
}

/// `deny if ..` or `permit if ..`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Permit instead of deny.
    pub permit: bool,
    /// The condition; none means always.
    pub form: Option<Form>,
    /// The keyword.
    pub span: Span,
}

/// `notify("secops")`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationItem {
    /// `notify`, `redact` or `ask`.
    pub name: Name,
    /// What it is about.
    pub about: Option<Spanned<String>>,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateItem {
    /// Its name.
    pub name: Name,
    /// Parameters: name and type word.
    pub parameters: Vec<(Name, Name)>,
    /// What its policies say.
    pub body: Body,
    /// The whole item.
    pub span: Span,
}

/// `use rate(email.send, 20, 1h) as mail_rate`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseItem {
    /// The template.
    pub template: Name,
    /// The arguments.
    pub arguments: Vec<Spanned<Literal>>,
    /// The policy's name.
    pub name: Name,
    /// The policy whose place it takes in an overlay.
    pub replaces: Option<Name>,
    /// The whole item.
    pub span: Span,
}

/// `set prod = overlay(base, team) combine forbid_overrides default deny`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetItem {
    /// Its name.
    pub name: Name,
    /// Policies and sets, the base first.
    pub members: Vec<Name>,
    /// Later members may replace overridable policies of earlier ones.
    pub overlay: bool,
    /// `default deny` or `default allow`.
    pub default_allow: bool,
    /// The whole item.
    pub span: Span,
}

/// `claim never_shadowed(no_exfil)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimItem {
    /// The kind of theorem.
    pub kind: Name,
    /// Sets and policies that it is about.
    pub about: Vec<Name>,
    /// The whole item.
    pub span: Span,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A whole number.
    Integer(u64),
    /// A decimal: whole part and up to three digits behind the point.
    Decimal(u64, String),
    /// A string.
    Text(String),
    /// Several strings; names of other sets among them.
    Set(Vec<Spanned<Literal>>),
    /// A duration.
    DurationMs(u64),
    /// `true` or `false`.
    Flag(bool),
    /// A name: a constant, a parameter, a label, a role, a tool or a tag.
    Name(String),
}
