//! What a session remembers of its events, and how they relate to the pending one.

use crate::atoms::{Atom, AtomTable, Field};
use crate::extract::Content;
use crate::monitor::Relations;
use crate::record::EventRecord;
use crate::schema::Schema;
use crate::taint::{Grams, Probe};
use aimds_proof::logic::{AtomId, Value};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

/// One event of the session's past; the last of the history is the pending one.
#[derive(Debug, Clone)]
pub struct Past {
    /// Its number in the session, from 0.
    pub sequence: u64,
    /// Its id.
    pub id: Option<String>,
    /// Recorded time: never before the event before.
    pub time_ms: u64,
    /// Its own facts, sorted by atom.
    pub facts: Vec<(AtomId, Value)>,
    /// What an atom means that they do not name.
    pub absent: Value,
    /// Ids of the calls that it approves or revokes.
    pub(crate) about: Vec<String>,
    /// Of an approval: the time after which it is about nothing any more.
    pub(crate) expires_ms: Option<u64>,
    /// Events that it was made of, directly or through others.
    pub(crate) ancestors: BTreeSet<u64>,
    /// All its references, and theirs, were found.
    pub(crate) references_known: bool,
    /// Grams of its content; `None` when no policy asks.
    pub(crate) content: Option<Grams>,
    /// While pending: the values that content can flow into; `None` is unknown.
    pub(crate) probes: Vec<(Field, Option<Probe>)>,
    /// Values that policies compare between events; `None` is unknown.
    pub(crate) same: Vec<(Field, Option<String>)>,
}

impl Past {
    /// Hashes that its content takes.
    pub(crate) fn grams(&self) -> usize {
        self.content.as_ref().map_or(0, Grams::len)
    }

    fn same(&self, wanted: &Field) -> Option<&str> {
        let found = self.same.iter().find(|(field, _)| field == wanted);
        found.and_then(|(_, value)| value.as_deref())
    }

    fn probe(&self, wanted: &Field) -> Option<&Probe> {
        let found = self.probes.iter().find(|(field, _)| field == wanted);
        found.and_then(|(_, probe)| probe.as_ref())
    }
}

/// What of a field content can flow into; `None` when it is not all known.
pub(crate) fn field_content(field: &Field, schema: &Schema, record: &EventRecord) -> Option<Content> {
    let mut content = Content::default();
    let is_whole = match field {
        Field::Text => {
            content.values.push(record.text.clone()?);
            true
        }
        Field::Arguments => {
            return content
                .add_arguments(record.arguments.as_ref()?, schema)
                .then_some(content);
        }
        Field::Argument(name, _) => content.add(record.argument(name)?),
        Field::Tool | Field::Attribute(..) => false,
    };
    let is_empty = content.values.is_empty() && content.names.is_empty();
    (is_whole && !is_empty).then_some(content)
}

/// Relations of the events of a history to its pending event. Several rules ask the same: each is worked out once.
pub(crate) struct PendingRelations<'a> {
    atoms: &'a AtomTable,
    history: &'a VecDeque<Past>,
    pending: &'a Past,
    /// The set's relations, sorted.
    relations: &'a [AtomId],
    /// By event, then by relation.
    known: RefCell<Vec<Option<Value>>>,
}

impl<'a> PendingRelations<'a> {
    /// `relations` are the sorted ids of the set's relations.
    pub(crate) fn new(
        atoms: &'a AtomTable,
        relations: &'a [AtomId],
        history: &'a VecDeque<Past>,
        pending: &'a Past,
    ) -> Self {
        Self {
            atoms,
            history,
            pending,
            relations,
            known: RefCell::new(vec![None; relations.len() * history.len()]),
        }
    }

    fn compute(&self, at: Option<usize>, atom: AtomId) -> Value {
        match (at.and_then(|at| self.history.get(at)), self.atoms.atom(atom)) {
            (Some(past), Some(atom)) => relation(atom, past, self.pending),
            _ => Value::Unknown,
        }
    }
}

impl Relations for PendingRelations<'_> {
    fn value(&self, sequence: u64, atom: AtomId) -> Value {
        let first = self.history.front().map_or(0, |past| past.sequence);
        let at = sequence
            .checked_sub(first)
            .and_then(|at| usize::try_from(at).ok());
        let place = match (at, self.relations.binary_search(&atom)) {
            (Some(at), Ok(column)) if at < self.history.len() => at * self.relations.len() + column,
            _ => return self.compute(at, atom),
        };
        if let Some(Some(value)) = self.known.borrow().get(place) {
            return *value;
        }
        let value = self.compute(at, atom);
        if let Some(known) = self.known.borrow_mut().get_mut(place) {
            *known = Some(value);
        }
        value
    }
}

/// The value of a relation between a past event and the pending one.
pub(crate) fn relation(atom: &Atom, past: &Past, pending: &Past) -> Value {
    let itself = past.sequence == pending.sequence;
    match atom {
        Atom::Flows(_) | Atom::Covers(_) | Atom::About if itself => Value::No,
        Atom::Flows(field) => flows(past, pending, field),
        Atom::Covers(field) => covers(past, pending, field),
        Atom::About
            if past
                .expires_ms
                .is_some_and(|expires_ms| pending.time_ms > expires_ms) =>
        {
            Value::No
        }
        Atom::About => {
            if past.about.is_empty() {
                Value::Unknown
            } else {
                match &pending.id {
                    Some(id) if past.about.contains(id) => Value::Yes,
                    Some(_) => Value::No,
                    None => Value::Unknown,
                }
            }
        }
        Atom::Same(past_field, pending_field) => match (past.same(past_field), pending.same(pending_field)) {
            (Some(left), Some(right)) if left == right => Value::Yes,
            (Some(_), Some(_)) => Value::No,
            _ => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}

/// By reference, else by content. Without either it is `No` only if all references and all content are known.
fn flows(past: &Past, pending: &Past, field: &Field) -> Value {
    if pending.ancestors.contains(&past.sequence) {
        return Value::Yes;
    }
    match (&past.content, pending.probe(field)) {
        (Some(grams), Some(probe)) if grams.flows_into(probe) => Value::Yes,
        (Some(grams), Some(probe)) if !grams.truncated && probe.is_read() && pending.references_known => {
            Value::No
        }
        _ => Value::Unknown,
    }
}

/// By content alone: a reference says that something came from there, not that everything did.
fn covers(past: &Past, pending: &Past, field: &Field) -> Value {
    match (&past.content, pending.probe(field)) {
        (Some(grams), Some(probe)) => match grams.covers(probe) {
            Some(true) => Value::Yes,
            Some(false) => Value::No,
            None => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}
