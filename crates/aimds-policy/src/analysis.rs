//! What can be said about a set without a solver: rules that cannot fire, always fire, are shadowed by others, or conflict.
//!
//! Two methods. A *witness* is a trace that a bounded search builds; where it is told of, it was replayed (`witness`). A
//! *proof* over all traces comes from the Boolean skeleton of `aimds-proof`: that is certain too. What neither finds is
//! reported as "found no witness within the bounds", never as a fact.

use crate::rules::{CompiledRule, Effect, PolicySet};
use crate::search::Search;
use crate::witness::{Sought, answers_where_it_fires};
use aimds_proof::Verdict;
use aimds_proof::limits::Budget;
use aimds_proof::logic::{Event, Form, Policy, Rule, Trace};
use aimds_proof::naive::{allows, fires};
use aimds_proof::universal::{Attempt, Claim, prove};
use std::sync::Arc;

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// A theorem about all traces, checked by the kernel.
    Proved,
    /// The search found no trace that shows otherwise; it looks at few and small ones.
    Bounded,
}

/// What is wrong with a rule, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No trace of known facts makes it fire; an unknown one may.
    Unreachable {
        /// The rule.
        rule: String,
        /// How sure.
        certainty: Certainty,
    },
    /// It fires whatever happens: for a denial nothing ever passes.
    Vacuous {
        /// The rule.
        rule: String,
        /// How sure.
        certainty: Certainty,
    },
    /// Without it the set would decide the same.
    Shadowed {
        /// The rule.
        rule: String,
        /// How sure.
        certainty: Certainty,
    },
    /// A permit and a denial fire together: the denial wins, which may or may not be meant.
    Conflict {
        /// The permit.
        permit: String,
        /// The denial.
        denial: String,
        /// A trace on which both fire, replayed.
        witness: Trace,
    },
}

/// Looks at every rule of a set.
pub fn analyse(set: &PolicySet, budget: &Budget) -> Vec<Finding> {
    let search = Search::new(set);
    let mut findings = Vec::new();
    for (index, rule) in set.rules.iter().enumerate() {
        findings.extend(one(set, &search, index, rule, budget));
    }
    for permit in set.rules.iter().filter(|rule| rule.effect == Effect::Permit) {
        for denial in set.rules.iter().filter(|rule| rule.effect.stops()) {
            let both = Form::And(
                Box::new(permit.body.form.clone()),
                Box::new(denial.body.form.clone()),
            );
            let sought = Sought {
                answers: [permit, denial]
                    .map(|rule| answers_where_it_fires(&rule.core()))
                    .to_vec(),
                atoms: set.atoms.clone(),
                schema: Arc::clone(&set.schema),
            };
            let witness = search.find(&both, &|events| {
                fires(&permit.core(), events) && fires(&denial.core(), events)
            });
            let witness = witness.and_then(|trace| sought.replay(trace, budget).ok());
            findings.extend(witness.map(|witness| Finding::Conflict {
                permit: permit.name.clone(),
                denial: denial.name.clone(),
                witness: witness.trace,
            }));
        }
    }
    findings
}

fn one(
    set: &PolicySet,
    search: &Search<'_>,
    index: usize,
    rule: &CompiledRule,
    budget: &Budget,
) -> Option<Finding> {
    let name = rule.name.clone();
    let core = rule.core();
    let form = &rule.body.form;
    let everything = || Rule::Permit(Form::True);
    if search.find(form, &|events| fires(&core, events)).is_none() {
        // As a permit it would grant nothing: the form never must hold, and where all facts are known, must and may are one.
        let never = is_proved(vec![Rule::Permit(form.clone())], Vec::new(), budget);
        let certainty = certainty(never);
        return Some(Finding::Unreachable {
            rule: name,
            certainty,
        });
    }
    let negation = Form::Not(Box::new(form.clone()));
    if search.find(&negation, &|events| !fires(&core, events)).is_none() {
        let always = match &core {
            Rule::Deny(_) => is_proved(vec![core.clone(), everything()], Vec::new(), budget),
            Rule::Permit(_) => is_proved(vec![everything()], vec![core.clone()], budget),
        };
        let certainty = certainty(always);
        return Some(Finding::Vacuous {
            rule: name,
            certainty,
        });
    }
    if rule.effect.stops() || rule.effect == Effect::Permit {
        return shadowed(set, search, index, rule, budget);
    }
    None
}

fn certainty(proved: bool) -> Certainty {
    if proved {
        Certainty::Proved
    } else {
        Certainty::Bounded
    }
}

/// Whether the kernel accepts that `new` allows nothing, on any trace, that `old` does not.
fn is_proved(new: Vec<Rule>, old: Vec<Rule>, budget: &Budget) -> bool {
    match (Policy::new(new), Policy::new(old)) {
        (Ok(new), Ok(old)) => matches!(prove(&Claim::NoWidening { old, new }, budget), Attempt::Proved(_)),
        _ => false,
    }
}

/// A denial is shadowed when the set without it allows no more; a permit when the set with it allows no more.
fn shadowed(
    set: &PolicySet,
    search: &Search<'_>,
    index: usize,
    rule: &CompiledRule,
    budget: &Budget,
) -> Option<Finding> {
    let mut without = set.clone();
    without.rules.remove(index);
    if search_that_matters(set, search, index).is_some() {
        return None;
    }
    let rules = |set: &PolicySet| {
        set.core_policy()
            .map(|policy| policy.rules().to_vec())
            .unwrap_or_default()
    };
    let (with, without) = (rules(set), rules(&without));
    let proved = match rule.effect {
        Effect::Permit => is_proved(with, without, budget),
        _ => is_proved(without, with, budget),
    };
    Some(Finding::Shadowed {
        rule: rule.name.clone(),
        certainty: certainty(proved),
    })
}

/// What the set and the set without the rule at this place must answer for the verdict to hang on it; `None` for advice.
pub(crate) fn matters_form(set: &PolicySet, index: usize) -> Option<Vec<(Policy, Verdict)>> {
    let rule = set.rules.get(index)?;
    let mut without = set.clone();
    without.rules.remove(index);
    let (with, without) = (set.core_policy().ok()?, without.core_policy().ok()?);
    match rule.effect {
        Effect::Permit => Some(vec![(with, Verdict::Allow), (without, Verdict::Deny)]),
        effect if effect.stops() => Some(vec![(with, Verdict::Deny), (without, Verdict::Allow)]),
        _ => None,
    }
}

/// A trace on which the verdict hangs on the rule at this place; `None` when the search finds none. Not replayed yet.
pub(crate) fn search_that_matters(set: &PolicySet, search: &Search<'_>, index: usize) -> Option<Trace> {
    let rule = set.rules.get(index)?;
    let answers = matters_form(set, index)?;
    let others = || {
        let rest = set.rules.iter().enumerate();
        rest.filter(|(at, _)| *at != index).map(|(_, other)| other)
    };
    let matters = |events: &[Event]| {
        Trace::new(events.to_vec()).is_ok_and(|trace| {
            answers
                .iter()
                .all(|(policy, verdict)| allows(policy, &trace) == (*verdict == Verdict::Allow))
        })
    };
    let silent = others()
        .filter(|other| other.effect.stops())
        .map(|other| other.body.form.clone());
    let alone = silent.fold(rule.body.form.clone(), |all, other| {
        Form::And(Box::new(all), Box::new(Form::Not(Box::new(other))))
    });
    // A denial matters only where something grants: the search is told so, permit by permit.
    let permits = others().filter(|other| other.effect == Effect::Permit && rule.effect != Effect::Permit);
    let granted =
        permits.map(|permit| Form::And(Box::new(permit.body.form.clone()), Box::new(alone.clone())));
    let seeds: Vec<Form> = granted.chain([alone.clone(), rule.body.form.clone()]).collect();
    seeds.iter().find_map(|seed| search.find(seed, &matters))
}
