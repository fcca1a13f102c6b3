//! What a policy set is once it is compiled: rules over the core logic, each with the way back to its text.

use crate::atoms::{Atom, AtomTable};
use crate::diagnostic::Span;
use crate::schema::Schema;
use aimds_proof::logic::{Form, LogicError, Policy, Rule};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What a rule does when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Grants, if nothing denies.
    Permit,
    /// Lets pass, and somebody is told.
    Notify,
    /// Lets pass without the named data.
    Redact,
    /// Stops, and asks a person: with their approval it passes.
    Ask,
    /// Stops for now.
    Throttle,
    /// Stops.
    Deny,
}

impl Effect {
    /// All effects with their words.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Permit, "permit"),
        (Self::Notify, "notify"),
        (Self::Redact, "redact"),
        (Self::Ask, "ask"),
        (Self::Throttle, "throttle"),
        (Self::Deny, "deny"),
    ];

    /// Its word.
    pub fn text(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(this, _)| *this == self)
            .map_or("?", |(_, word)| word)
    }

    /// Whether it stops the event: then it is a deny rule of the core logic.
    pub fn stops(self) -> bool {
        matches!(self, Self::Ask | Self::Throttle | Self::Deny)
    }
}

/// How bad it is when the rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For the record.
    Info,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High: a decision waits for its certificate.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All severities with their words.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Info, "info"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::Critical, "critical"),
    ];

    /// Its word.
    pub fn text(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(this, _)| *this == self)
            .map_or("?", |(_, word)| word)
    }
}

/// What must be done besides the verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {
    /// Tell somebody.
    Notify(String),
    /// Remove data of this category before it goes on.
    Redact(String),
    /// Ask this role for approval.
    Ask(String),
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notify(about) => write!(f, "notify({about:?})"),
            Self::Redact(about) => write!(f, "redact({about})"),
            Self::Ask(about) => write!(f, "ask({about})"),
        }
    }
}

/// How the parts of a formula are joined in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// It has no parts of interest.
    Leaf,
    /// All of them.
    All,
    /// One of them.
    Any,
    /// A temporal operator over its parts.
    Temporal,
    /// A negation of its one part.
    Negation,
}

/// A formula of the core logic together with the text that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The formula.
    pub form: Form,
    /// Where it was written.
    pub span: Span,
    /// How its parts are joined.
    pub join: Join,
    /// Its parts in the order of the text.
    pub parts: Vec<Part>,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledRule {
    /// The policy's name.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// How bad.
    pub severity: Severity,
    /// Text for people.
    pub message: Option<String>,
    /// The sentence of a document that it comes from.
    pub source: Option<String>,
    /// Obligations when it fires.
    pub obligations: Vec<Obligation>,
    /// `when and D and not U`; the parts are these three, as far as there are any.
    pub body: Part,
    /// The whole policy in its file.
    pub span: Span,
}

impl CompiledRule {
    /// The rule in the core logic: advice (redact, notify) is stated like a denial, for it must not be missed for an unknown.
    pub fn core(&self) -> Rule {
        match self.effect {
            Effect::Permit => Rule::Permit(self.body.form.clone()),
            _ => Rule::Deny(self.body.form.clone()),
        }
    }
}

/// A policy set, ready to run.
#[derive(Debug, Clone)]
pub struct PolicySet {
    /// Its name.
    pub name: String,
    /// What no rule permits is allowed unless denied.
    pub default_allow: bool,
    /// Rules in the order of the set.
    pub rules: Vec<CompiledRule>,
    /// The facts they are about.
    pub atoms: AtomTable,
    /// The schema.
    pub schema: Arc<Schema>,
}

impl PolicySet {
    /// The policy of the core logic that decides: rules that stop, permits, and for `default allow` a permit of everything.
    /// Rules that only advise are not part of it.
    pub fn core_policy(&self) -> Result<Policy, LogicError> {
        let deciding = self
            .rules
            .iter()
            .filter(|rule| rule.effect.stops() || rule.effect == Effect::Permit);
        let mut rules: Vec<Rule> = deciding.map(CompiledRule::core).collect();
        if self.default_allow {
            rules.push(Rule::Permit(Form::True));
        }
        Policy::new(rules)
    }

    /// Detectors whose score can help an event to pass: those that a permit names, or what lifts a denial. For these a detector
    /// that does not run has found nothing out; for all others it has found nothing.
    pub fn granting_detectors(&self) -> BTreeSet<&str> {
        let mut open: Vec<&Form> = Vec::new();
        for rule in &self.rules {
            let body = &rule.body;
            if rule.effect == Effect::Permit || body.join == Join::Negation {
                open.push(&body.form);
            } else {
                let lifting = body.parts.iter().filter(|part| part.join == Join::Negation);
                open.extend(lifting.map(|part| &part.form));
            }
        }
        let mut found = BTreeSet::new();
        while let Some(form) = open.pop() {
            if let Form::Atom(atom) | Form::AtMost(atom, _) = form
                && let Some(Atom::ScoreAtLeast(detector, _)) = self.atoms.atom(*atom)
            {
                found.insert(detector.as_str());
            }
            open.extend(form.children());
        }
        found
    }

    /// The rule of a name.
    pub fn rule(&self, name: &str) -> Option<&CompiledRule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}
