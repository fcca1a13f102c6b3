//! One session under one policy set: records in, decisions out.

use crate::atoms::{Atom, Field};
use crate::extract::{Content, absent, canonical, facts};
use crate::history::{Past, PendingRelations, field_content};
use crate::limits::{HISTORY_EVENTS_MAX, ID_BYTES_MAX, REFERENCES_MAX, SESSION_GRAMS_MAX};
use crate::monitor::{Monitor, Program, ProgramError, StateError, Truth};
use crate::record::EventRecord;
use crate::rules::{Effect, Obligation, PolicySet, Severity};
use crate::schema::{APPROVAL_KIND, Schema};
use crate::slice::{Slice, SliceEvent, events_from};
use crate::taint::{Grams, Probe};
use aimds_proof::logic::{AtomId, Form, Value};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// What a policy set answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It may pass.
    Allow,
    /// It may pass once somebody approves.
    Ask,
    /// It may not pass now.
    Throttle,
    /// It may not pass.
    Deny,
}

impl Verdict {
    /// Its word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Throttle => "throttle",
            Self::Deny => "deny",
        }
    }
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Its place in the set.
    pub rule: usize,
    /// Its name.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// How bad.
    pub severity: Severity,
    /// It holds whatever the unknown facts are; otherwise an unknown made it fire.
    pub certain: bool,
}

/// The answer to one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The event's number in the session, from 0.
    pub sequence: u64,
    /// Its recorded time.
    pub time_ms: u64,
    /// The answer.
    pub verdict: Verdict,
    /// Rules that fired, permits included, in the order of the set.
    pub fired: Vec<Fired>,
    /// Obligations of all fired rules, each once.
    pub obligations: Vec<Obligation>,
    /// Denied because nothing permitted it.
    pub by_default: bool,
}

impl Decision {
    /// The gravest severity among the rules that stopped or advised; `None` when none did.
    pub fn severity(&self) -> Option<Severity> {
        let grave = self.fired.iter().filter(|fired| fired.effect != Effect::Permit);
        grave.map(|fired| fired.severity).max()
    }

    /// Whether the rule of this name fired.
    pub fn has_fired(&self, name: &str) -> bool {
        self.fired.iter().any(|fired| fired.name == name)
    }
}

/// A policy set made ready, shared by its sessions.
#[derive(Debug)]
pub struct Engine {
    set: PolicySet,
    program: Arc<Program>,
    same_fields: Vec<Field>,
    /// Values that content can flow into, as the set asks for them.
    flow_fields: Vec<Field>,
    /// The set's relations, sorted.
    relations: Vec<AtomId>,
}

impl Engine {
    /// Prepares a set.
    pub fn new(set: PolicySet) -> Result<Self, ProgramError> {
        let forms: Vec<&Form> = set.rules.iter().map(|rule| &rule.body.form).collect();
        let is_relation = |id| set.atoms.atom(id).is_some_and(Atom::is_relation);
        let program = Arc::new(Program::new(&forms, &is_relation)?);
        let mut same_fields = BTreeSet::new();
        let mut flow_fields = BTreeSet::new();
        let relations = set
            .atoms
            .iter()
            .filter(|(_, atom)| atom.is_relation())
            .map(|(id, _)| id)
            .collect();
        for (_, atom) in set.atoms.iter() {
            match atom {
                Atom::Same(past, pending) => same_fields.extend([past.clone(), pending.clone()]),
                Atom::Flows(field) | Atom::Covers(field) => {
                    flow_fields.insert(field.clone());
                }
                _ => {}
            }
        }
        Ok(Self {
            set,
            program,
            same_fields: same_fields.into_iter().collect(),
            flow_fields: flow_fields.into_iter().collect(),
            relations,
        })
    }

    /// The set.
    pub fn set(&self) -> &PolicySet {
        &self.set
    }

    /// The verdict and what follows from what is known of each rule; the core of every decision. A rule of which nothing is told is
    /// unknown.
    pub fn decide(&self, truths: &[Truth], sequence: u64, time_ms: u64) -> Decision {
        let fired: Vec<Fired> = self
            .set
            .rules
            .iter()
            .enumerate()
            .zip(truths.iter().copied().chain(std::iter::repeat(Truth::UNKNOWN)))
            .filter(|((_, rule), truth)| {
                if rule.effect == Effect::Permit {
                    truth.must
                } else {
                    truth.may
                }
            })
            .map(|((index, rule), truth)| Fired {
                rule: index,
                name: rule.name.clone(),
                effect: rule.effect,
                severity: rule.severity,
                certain: truth.must,
            })
            .collect();
        let stopped = fired.iter().filter_map(|fired| match fired.effect {
            Effect::Deny => Some(Verdict::Deny),
            Effect::Throttle => Some(Verdict::Throttle),
            Effect::Ask => Some(Verdict::Ask),
            _ => None,
        });
        let stopped = stopped.max();
        let granted = self.set.default_allow || fired.iter().any(|fired| fired.effect == Effect::Permit);
        let by_default = stopped.is_none() && !granted;
        let mut obligations = BTreeSet::new();
        for rule in fired.iter().filter_map(|fired| self.set.rules.get(fired.rule)) {
            obligations.extend(rule.obligations.iter().cloned());
            if rule.effect == Effect::Ask
                && !rule
                    .obligations
                    .iter()
                    .any(|one| matches!(one, Obligation::Ask(_)))
            {
                obligations.insert(Obligation::Ask("user".into()));
            }
        }
        Decision {
            sequence,
            time_ms,
            verdict: stopped.unwrap_or(if granted { Verdict::Allow } else { Verdict::Deny }),
            fired,
            obligations: obligations.into_iter().collect(),
            by_default,
        }
    }
}

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    engine: Arc<Engine>,
    monitor: Monitor,
    history: VecDeque<Past>,
    grams: usize,
    /// Time of the newest event that the history no longer holds.
    forgotten_ms: Option<u64>,
}

impl Session {
    /// A session without a past.
    pub fn new(engine: Arc<Engine>) -> Self {
        let monitor = Monitor::new(Arc::clone(&engine.program));
        Self {
            engine,
            monitor,
            history: VecDeque::new(),
            grams: 0,
            forgotten_ms: None,
        }
    }

    /// What survives a restart: the monitor's state. The events themselves do not, and so relations to them are unknown
    /// afterwards, which never grants, and slices that reach back before the restart are not complete.
    pub fn export(&self) -> Vec<u8> {
        self.monitor.export()
    }

    /// A session that goes on where `export` left off.
    pub fn restore(engine: Arc<Engine>, bytes: &[u8]) -> Result<Self, StateError> {
        let monitor = Monitor::restore(Arc::clone(&engine.program), bytes)?;
        Ok(Self {
            engine,
            history: VecDeque::new(),
            grams: 0,
            forgotten_ms: (monitor.sequence() > 0).then(|| monitor.time_ms()),
            monitor,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Takes the next event and decides it.
    pub fn judge(&mut self, record: &EventRecord) -> Decision {
        let set = &self.engine.set;
        let gathered = record.gather(&set.schema);
        let record = gathered.as_ref().unwrap_or(record);
        let facts = facts(&set.atoms, &set.schema, record);
        let past = self.remember(record, facts);
        let time_ms = past.time_ms;
        let sequence = past.sequence;
        self.history.push_back(past);
        self.forget();
        let engine = Arc::clone(&self.engine);
        let Some(pending) = self.history.back() else {
            return engine.decide(&[], sequence, time_ms);
        };
        let relations = PendingRelations::new(&engine.set.atoms, &engine.relations, &self.history, pending);
        let truths = self
            .monitor
            .step(time_ms, &pending.facts, pending.absent, &relations);
        engine.decide(truths, sequence, time_ms)
    }

    /// The slice of the last event: all that its decision hangs on.
    pub fn slice(&self) -> Slice {
        Slice::cut(&self.engine.set, &self.history, self.forgotten_ms)
    }

    /// Everything that the session remembers, related to the last event; further back than the decision needs.
    pub fn past(&self) -> Vec<SliceEvent> {
        events_from(&self.engine.set, &self.history, 0)
    }

    fn remember(&self, record: &EventRecord, facts: Vec<(AtomId, Value)>) -> Past {
        let schema = &self.engine.set.schema;
        let mut ancestors = BTreeSet::new();
        let oldest = self.history.front().map_or(0, |past| past.sequence);
        let mut references_known = record.references.len() <= REFERENCES_MAX;
        for reference in record.references.iter().take(REFERENCES_MAX) {
            match self
                .history
                .iter()
                .rev()
                .find(|past| past.id.as_ref() == Some(reference))
            {
                Some(past) => {
                    ancestors.insert(past.sequence);
                    // Forgotten events cannot be asked for any more.
                    ancestors.extend(past.ancestors.range(oldest..));
                    references_known &= past.references_known;
                }
                None => references_known = false,
            }
        }
        let content = (!self.engine.flow_fields.is_empty()).then(|| grams(record, schema));
        let probes = self.engine.flow_fields.iter().map(|field| {
            let content = field_content(field, schema, record);
            (field.clone(), content.as_ref().map(Probe::of))
        });
        Past {
            sequence: self.monitor.sequence(),
            id: record.id.clone().filter(|id| id.len() <= ID_BYTES_MAX),
            time_ms: record.time_ms.max(self.monitor.time_ms()),
            facts,
            absent: absent(record),
            about: known_ids(&record.about),
            expires_ms: record.expires_ms.filter(|_| record.kind == APPROVAL_KIND),
            ancestors,
            references_known,
            content,
            probes: probes.collect(),
            same: self
                .engine
                .same_fields
                .iter()
                .map(|field| (field.clone(), canonical(field, schema, record)))
                .collect(),
        }
    }

    /// Keeps the history within its bounds: the oldest events go, and before them the grams of the oldest.
    fn forget(&mut self) {
        // The texts of an event matter only while it is pending.
        if let Some(before) = self
            .history
            .len()
            .checked_sub(2)
            .and_then(|at| self.history.get_mut(at))
        {
            before.probes = Vec::new();
        }
        while self.history.len() > HISTORY_EVENTS_MAX {
            if let Some(gone) = self.history.pop_front() {
                self.forgotten_ms = Some(gone.time_ms);
                self.grams -= gone.grams();
            }
        }
        self.grams += self.history.back().map_or(0, Past::grams);
        let mut over = self.grams.saturating_sub(SESSION_GRAMS_MAX);
        for past in &mut self.history {
            if over == 0 {
                break;
            }
            let freed = past.grams();
            past.content = Some(Grams::unread());
            self.grams -= freed;
            over = over.saturating_sub(freed);
        }
    }
}

/// Ids that an approval or revocation is about; none, that is unknown, if there are too many or one is too long.
fn known_ids(ids: &[String]) -> Vec<String> {
    let fine = ids.len() <= REFERENCES_MAX && ids.iter().all(|id| id.len() <= ID_BYTES_MAX);
    if fine { ids.to_vec() } else { Vec::new() }
}

/// The grams of an event's content, marked if it is not all there.
fn grams(record: &EventRecord, schema: &Schema) -> Grams {
    let mut content = Content::default();
    content.values.extend(record.text.clone());
    let arguments = record.arguments.as_deref().unwrap_or_default();
    let is_whole = content.add_arguments(arguments, schema);
    let mut grams = Grams::of(content.values.iter().chain(&content.names).map(String::as_str));
    grams.truncated |= !(is_whole && record.tells_all(schema));
    grams
}
