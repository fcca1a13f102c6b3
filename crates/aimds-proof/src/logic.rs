//! The core logic: what a policy says and what happened, as plain data.
//!
//! The policy language lowers to these types, the fast monitor runs on them, and certificates speak about them. Everything
//! is finite and checked when it is made: [`Policy::new`], [`Event::new`] and [`Trace::new`] refuse what lies beyond
//! [`crate::limits`], so that every later step may rely on the bounds. [`crate::naive`] says what the data mean.

use std::num::NonZeroU32;

use crate::limits::{
    ATOM_MAX, COUNT_MAX, EVENTS_MAX, FACTS_MAX, FORM_DEPTH_MAX, POLICY_NODES_MAX, RULES_MAX, TIME_MS_MAX,
};

/// A policy, event or trace that cannot be used, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogicError {
    /// Something is larger than its bound. The decision is then INCONCLUSIVE.
    #[error("{what}: {found} is more than {most}; shorten the windows or split the policy")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: u64,
        /// How large it may be.
        most: u64,
    },
    /// An atom id is zero: ids count from one.
    #[error("atom id 0: ids count from 1")]
    AtomZero,
    /// An event states the same atom twice.
    #[error("atom {atom} is stated twice in one event; keep one value")]
    AtomTwice {
        /// The atom's id.
        atom: u32,
    },
    /// An event's value for absent atoms is neither `No` nor `Unknown`.
    #[error("an absent atom can only mean `No` or `Unknown`, never {found:?}")]
    Absent {
        /// The value that was given.
        found: Value,
    },
}

impl LogicError {
    /// A stable name of the case, for records and for other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "logic.limit",
            Self::AtomZero => "logic.atom_zero",
            Self::AtomTwice { .. } => "logic.atom_twice",
            Self::Absent { .. } => "logic.absent",
        }
    }
}

/// What is known about one atom at one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Not known: it never grants and never lifts a denial.
    Unknown,
    /// False.
    No,
    /// True.
    Yes,
    /// A number, such as an amount or a score; its unit is the schema's business.
    Number(u64),
}

/// The number of an atom (a named fact), from 1 to [`ATOM_MAX`]; number them densely in a slice, for proofs grow with their bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AtomId(NonZeroU32);

impl AtomId {
    /// The atom with this number; refuses zero and numbers above [`ATOM_MAX`].
    pub fn new(number: u32) -> Result<Self, LogicError> {
        if number > ATOM_MAX {
            return Err(limit("atom id", u64::from(number), u64::from(ATOM_MAX)));
        }
        NonZeroU32::new(number).map(Self).ok_or(LogicError::AtomZero)
    }

    /// Its number, at least 1.
    pub fn number(self) -> u32 {
        self.0.get()
    }
}

/// One thing that happened: its time and the facts known about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Event {
    time_ms: u64,
    facts: Vec<(AtomId, Value)>,
    absent: Value,
}

impl Event {
    /// An event `time_ms` milliseconds after the first of its slice. `absent` is what an atom means that `facts` do not
    /// name: `No` when the extractor covers the whole schema, else `Unknown`. Facts are sorted; an atom stated twice is
    /// refused.
    pub fn new(time_ms: u64, facts: Vec<(AtomId, Value)>, absent: Value) -> Result<Self, LogicError> {
        at_most("event time in ms", time_ms, TIME_MS_MAX)?;
        at_most("facts of one event", facts.len() as u64, FACTS_MAX as u64)?;
        if !matches!(absent, Value::No | Value::Unknown) {
            return Err(LogicError::Absent { found: absent });
        }
        let mut facts = facts;
        facts.sort_unstable_by_key(|(atom, _)| *atom);
        for pair in facts.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first == second
            {
                return Err(LogicError::AtomTwice { atom: first.number() });
            }
        }
        Ok(Self {
            time_ms,
            facts,
            absent,
        })
    }

    /// Milliseconds since the first event of the slice.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// The stated facts, sorted by atom, each atom once.
    pub fn facts(&self) -> &[(AtomId, Value)] {
        &self.facts
    }

    /// What an atom means that is not stated: `No` or `Unknown`.
    pub fn absent(&self) -> Value {
        self.absent
    }

    /// What is known about `atom`.
    pub fn value(&self, atom: AtomId) -> Value {
        self.facts
            .binary_search_by_key(&atom, |(stated, _)| *stated)
            .ok()
            .and_then(|at| self.facts.get(at))
            .map_or(self.absent, |(_, value)| *value)
    }
}

/// Events, oldest first; the last one is what is being decided. Times that decrease are representable, and then nothing is
/// allowed (see [`crate::naive::allows`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Trace {
    events: Vec<Event>,
}

impl Trace {
    /// A trace of at most [`EVENTS_MAX`] events with at most [`FACTS_MAX`] facts together.
    pub fn new(events: Vec<Event>) -> Result<Self, LogicError> {
        at_most("events of one slice", events.len() as u64, EVENTS_MAX as u64)?;
        let facts: usize = events.iter().map(|event| event.facts.len()).sum();
        at_most("facts of one slice", facts as u64, FACTS_MAX as u64)?;
        Ok(Self { events })
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}

/// A formula over a trace, evaluated at its last event. Windows are milliseconds back from that event, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Always true.
    True,
    /// Never true.
    False,
    /// The atom is `Yes`.
    Atom(AtomId),
    /// The atom is a number, and at most this large.
    AtMost(AtomId, u64),
    /// The form does not hold.
    Not(Box<Form>),
    /// Both hold.
    And(Box<Form>, Box<Form>),
    /// At least one holds.
    Or(Box<Form>, Box<Form>),
    /// There is an event before this one, and the form held there.
    Previous(Box<Form>),
    /// The form held at some event of the window, this one included if `from_ms` is zero.
    Once {
        /// Youngest age of the event.
        from_ms: u64,
        /// Oldest age of the event.
        to_ms: u64,
        /// What held.
        form: Box<Form>,
    },
    /// At some event of the window `from` held, and at every later one up to now `hold`.
    Since {
        /// Youngest age of the event where `from` held.
        from_ms: u64,
        /// Oldest age of the event where `from` held.
        to_ms: u64,
        /// What held ever since.
        hold: Box<Form>,
        /// What began it.
        from: Box<Form>,
    },
    /// The form held at `at_least` events of the window or more; always true for zero.
    Count {
        /// Youngest age of a counted event.
        from_ms: u64,
        /// Oldest age of a counted event.
        to_ms: u64,
        /// How many events are enough.
        at_least: u64,
        /// What is counted.
        form: Box<Form>,
    },
}

impl Form {
    /// The forms directly inside this one.
    pub fn children(&self) -> impl Iterator<Item = &Form> {
        let (first, second): (Option<&Form>, Option<&Form>) = match self {
            Self::True | Self::False | Self::Atom(_) | Self::AtMost(..) => (None, None),
            Self::Not(form) | Self::Previous(form) | Self::Once { form, .. } | Self::Count { form, .. } => {
                (Some(form), None)
            }
            Self::And(left, right) | Self::Or(left, right) => (Some(left), Some(right)),
            Self::Since { hold, from, .. } => (Some(hold), Some(from)),
        };
        first.into_iter().chain(second)
    }

    /// Whether it looks at other events than the one where it is evaluated. Recursion is as deep as the form.
    pub fn is_temporal(&self) -> bool {
        matches!(
            self,
            Self::Previous(_) | Self::Once { .. } | Self::Since { .. } | Self::Count { .. }
        ) || self.children().any(Self::is_temporal)
    }

    /// Checks the numbers of this operator alone.
    fn check_numbers(&self) -> Result<(), LogicError> {
        match self {
            Self::Once { from_ms, to_ms, .. } | Self::Since { from_ms, to_ms, .. } => {
                at_most("window end in ms", (*from_ms).max(*to_ms), TIME_MS_MAX)
            }
            Self::Count {
                from_ms,
                to_ms,
                at_least,
                ..
            } => {
                at_most("window end in ms", (*from_ms).max(*to_ms), TIME_MS_MAX)?;
                at_most("count", *at_least, COUNT_MAX)
            }
            _ => Ok(()),
        }
    }
}

/// One rule: a form and what follows when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Denied if the form may hold (unknown facts count as holding, under negation as not holding).
    Deny(Form),
    /// Permitted if the form must hold whatever the unknown facts are, and no rule denies.
    Permit(Form),
}

impl Rule {
    /// The rule's form.
    pub fn form(&self) -> &Form {
        match self {
            Self::Deny(form) | Self::Permit(form) => form,
        }
    }
}

/// Rules in the order of their text. A denial wins over every permit; what no rule permits is denied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Policy {
    rules: Vec<Rule>,
}

impl Policy {
    /// A policy of at most [`RULES_MAX`] rules, each at most [`FORM_DEPTH_MAX`] deep, with at most [`POLICY_NODES_MAX`]
    /// operators and atoms together.
    pub fn new(rules: Vec<Rule>) -> Result<Self, LogicError> {
        at_most("rules of one policy", rules.len() as u64, RULES_MAX as u64)?;
        let mut nodes = 0_u64;
        // With its own stack instead of recursion: the depth is only known afterwards.
        let mut open: Vec<(&Form, usize)> = Vec::new();
        for rule in &rules {
            open.push((rule.form(), 1));
            while let Some((form, depth)) = open.pop() {
                nodes = nodes.saturating_add(1);
                at_most(
                    "operators and atoms of one policy",
                    nodes,
                    POLICY_NODES_MAX as u64,
                )?;
                at_most("nesting of one form", depth as u64, FORM_DEPTH_MAX as u64)?;
                form.check_numbers()?;
                open.extend(form.children().map(|child| (child, depth.saturating_add(1))));
            }
        }
        Ok(Self { rules })
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

fn limit(what: &'static str, found: u64, most: u64) -> LogicError {
    LogicError::Limit { what, found, most }
}

fn at_most(what: &'static str, found: u64, most: u64) -> Result<(), LogicError> {
    if found > most {
        return Err(limit(what, found, most));
    }
    Ok(())
}
