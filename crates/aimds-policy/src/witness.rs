//! Witnesses: a trace that somebody found is believed only once it was replayed.
//!
//! What is sought is a trace on which given policies give given answers. Searches and solvers may propose one, from wherever
//! they have it; [`Sought::replay`] asks the naive semantics, the incremental monitor that runs live, and the kernel, and all
//! three must give the answers. A proposal that fails is dropped, whoever made it.

use crate::atoms::{Atom, AtomTable};
use crate::monitor::{Monitor, Program, ProgramError, Relations, Truth};
use crate::schema::Schema;
use crate::search::{excludes, forced, implies};
use aimds_proof::limits::{Budget, Limit};
use aimds_proof::logic::{AtomId, Event, Form, Policy, Rule, Trace, Value};
use aimds_proof::naive::{allows, times_never_decrease};
use aimds_proof::{Decision, Outcome, Verdict, check_stream};
use std::sync::Arc;

/// What a trace must show: the answer of each policy to its last event.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Policies, each with its answer.
    pub answers: Vec<(Policy, Verdict)>,
    /// What their facts mean.
    pub atoms: AtomTable,
    /// Which facts go together.
    pub schema: Arc<Schema>,
}

/// A trace that was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The trace.
    pub trace: Trace,
    /// For each answer the theorem that the kernel accepted, for other kernels.
    pub streams: Vec<String>,
    /// What the facts of the policies mean, by their numbers.
    pub atoms: Vec<(u32, String)>,
}

/// Why a proposed trace is no witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWitness {
    /// It has no event, or its times decrease.
    #[error("the trace has no event, or its times decrease")]
    Shape,
    /// The naive semantics gives another answer.
    #[error("the semantics of policy {0} gives another answer")]
    Semantics(usize),
    /// The monitor cannot run the policy.
    #[error("the monitor cannot run the policy: {0}")]
    Program(#[from] ProgramError),
    /// The monitor gives another answer.
    #[error("the monitor of policy {0} gives another answer")]
    Monitor(usize),
    /// The theorem is beyond its bounds.
    #[error("the theorem is beyond its bounds: {0}")]
    Limit(#[from] Limit),
    /// The kernel did not accept the theorem.
    #[error("the kernel did not accept the answer of policy {0}")]
    Kernel(usize),
}

impl NoWitness {
    /// A stable name of the case, for records and for other languages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape => "witness.shape",
            Self::Semantics(_) => "witness.semantics",
            Self::Program(_) => "witness.program",
            Self::Monitor(_) => "witness.monitor",
            Self::Limit(_) => "witness.limit",
            Self::Kernel(_) => "witness.kernel",
        }
    }
}

/// Which facts go together: what a solver must respect, so that its traces could come from events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Laws {
    /// If the first is yes, so is the second.
    pub implies: Vec<(AtomId, AtomId)>,
    /// If the first is a number, the second is yes.
    pub number_implies: Vec<(AtomId, AtomId)>,
    /// Not both are yes.
    pub excludes: Vec<(AtomId, AtomId)>,
    /// Those that are numbers or unknown; the others are never numbers.
    pub numbers: Vec<AtomId>,
    /// Those that are only ever yes (or no), or unknown.
    pub forced: Vec<(AtomId, bool)>,
}

/// Relations to the last event, as the trace states them.
struct Stated<'a>(&'a [Event]);

impl Relations for Stated<'_> {
    fn value(&self, sequence: u64, atom: AtomId) -> Value {
        let event = usize::try_from(sequence).ok().and_then(|at| self.0.get(at));
        event.map_or(Value::Unknown, |event| event.value(atom))
    }
}

impl Sought {
    /// Whether the naive semantics gives the answers.
    pub fn holds(&self, trace: &Trace) -> bool {
        self.answers
            .iter()
            .all(|(policy, verdict)| allows(policy, trace) == (*verdict == Verdict::Allow))
    }

    /// The trace, replayed three ways; or why it is no witness.
    pub fn replay(&self, trace: Trace, budget: &Budget) -> Result<Witness, NoWitness> {
        let events = trace.events();
        if events.is_empty() || !times_never_decrease(events) {
            return Err(NoWitness::Shape);
        }
        let mut streams = Vec::new();
        for (at, (policy, verdict)) in self.answers.iter().enumerate() {
            let allowed = *verdict == Verdict::Allow;
            if allows(policy, &trace) != allowed {
                return Err(NoWitness::Semantics(at));
            }
            if self.monitor_allows(policy, events)? != allowed {
                return Err(NoWitness::Monitor(at));
            }
            let decision = Decision {
                policy: policy.clone(),
                trace: trace.clone(),
                verdict: *verdict,
                reason: None,
            };
            let stream = decision.stream(budget)?;
            match check_stream(stream.as_bytes(), budget) {
                Outcome::Accepted(_) => streams.push(stream),
                Outcome::Inconclusive(limit) => return Err(limit.into()),
                Outcome::Rejected(_) => return Err(NoWitness::Kernel(at)),
            }
        }
        let named = self.named().into_iter();
        let atoms = named.map(|(id, atom)| (id.number(), atom.to_string())).collect();
        Ok(Witness {
            trace,
            streams,
            atoms,
        })
    }

    /// What the monitor answers to the last event, having seen each once.
    fn monitor_allows(&self, policy: &Policy, events: &[Event]) -> Result<bool, ProgramError> {
        let forms: Vec<&Form> = policy.rules().iter().map(Rule::form).collect();
        let is_relation = |id| self.atoms.atom(id).is_some_and(Atom::is_relation);
        let mut monitor = Monitor::new(Arc::new(Program::new(&forms, &is_relation)?));
        let mut truths = Vec::new();
        for event in events {
            truths = monitor
                .step(event.time_ms(), event.facts(), event.absent(), &Stated(events))
                .to_vec();
        }
        let truths = truths.into_iter().chain(std::iter::repeat(Truth::UNKNOWN));
        let fired = policy.rules().iter().zip(truths);
        let (mut denied, mut permitted) = (false, false);
        for (rule, truth) in fired {
            match rule {
                Rule::Deny(_) => denied |= truth.may,
                Rule::Permit(_) => permitted |= truth.must,
            }
        }
        Ok(permitted && !denied)
    }

    /// Ids of the facts that relate a past event to the last one.
    pub fn relations(&self) -> Vec<AtomId> {
        let related = self.atoms.iter().filter(|(_, atom)| atom.is_relation());
        related.map(|(id, _)| id).collect()
    }

    /// Which facts go together, among those that the policies name.
    pub fn laws(&self) -> Laws {
        let mut laws = Laws::default();
        let named = self.named();
        for (id, atom) in &named {
            if matches!(atom, Atom::Amount(_)) {
                laws.numbers.push(*id);
            }
            if let Some(value) = forced(&self.schema, atom) {
                laws.forced.push((*id, value == Value::Yes));
            }
            for (other_id, other) in &named {
                if id == other_id {
                    continue;
                }
                if implies(&self.schema, (atom, Value::Yes), other) {
                    laws.implies.push((*id, *other_id));
                }
                if implies(&self.schema, (atom, Value::Number(0)), other) {
                    laws.number_implies.push((*id, *other_id));
                }
                if id < other_id && excludes(&self.schema, &(atom, Value::Yes), &(other, Value::Yes)) {
                    laws.excludes.push((*id, *other_id));
                }
            }
        }
        laws
    }

    /// The facts that the policies name, with their meaning.
    pub fn named(&self) -> Vec<(AtomId, &Atom)> {
        let mut seen = std::collections::BTreeSet::new();
        let mut open: Vec<&Form> = Vec::new();
        for (policy, _) in &self.answers {
            open.extend(policy.rules().iter().map(Rule::form));
        }
        while let Some(form) = open.pop() {
            if let Form::Atom(id) | Form::AtMost(id, _) = form {
                seen.insert(*id);
            }
            open.extend(form.children());
        }
        seen.into_iter()
            .filter_map(|id| self.atoms.atom(id).map(|atom| (id, atom)))
            .collect()
    }
}

/// A policy of this rule alone, and the answer that it gives exactly where the rule fires.
pub fn answers_where_it_fires(rule: &Rule) -> (Policy, Verdict) {
    let (rules, verdict) = match rule {
        Rule::Deny(form) => (
            vec![Rule::Deny(form.clone()), Rule::Permit(Form::True)],
            Verdict::Deny,
        ),
        Rule::Permit(form) => (vec![Rule::Permit(form.clone())], Verdict::Allow),
    };
    // One rule of a set that was compiled, and so within the bounds.
    (Policy::new(rules).unwrap_or_default(), verdict)
}
