//! What can be said about a set without a solver: rules that cannot fire, always fire, are shadowed by others, or conflict.
//!
//! Two methods. A *witness* is a trace that a bounded search builds and the naive semantics confirms: that is certain. A
//! *proof* over all traces comes from the Boolean skeleton of `aimds-proof`: that is certain too. What neither finds is
//! reported as "found no witness within the bounds", never as a fact.

use crate::rules::{CompiledRule, Effect, PolicySet};
use crate::search::Search;
use aimds_proof::limits::Budget;
use aimds_proof::logic::{Event, Form, Policy, Rule, Trace};
use aimds_proof::naive::fires;
use aimds_proof::universal::{Attempt, Claim, prove};

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
        /// A trace on which both fire.
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
            let witness = search.find(&both, &|events| {
                fires(&permit.core(), events) && fires(&denial.core(), events)
            });
            findings.extend(witness.map(|witness| Finding::Conflict {
                permit: permit.name.clone(),
                denial: denial.name.clone(),
                witness,
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
    if witness_that_matters(set, search, index).is_some() {
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

/// A trace on which the verdict hangs on the rule at this place; `None` when the search finds none.
pub(crate) fn witness_that_matters(set: &PolicySet, search: &Search<'_>, index: usize) -> Option<Trace> {
    let rule = set.rules.get(index)?;
    let mut others = set.rules.clone();
    others.remove(index);
    let matters = |events: &[Event]| matters(rule, &others, set.default_allow, events);
    let alone = alone(rule, &others);
    // A denial matters only where something grants: the search is told so, permit by permit.
    let permits = others
        .iter()
        .filter(|other| other.effect == Effect::Permit && rule.effect != Effect::Permit);
    let granted =
        permits.map(|permit| Form::And(Box::new(permit.body.form.clone()), Box::new(alone.clone())));
    let seeds: Vec<Form> = granted.chain([alone.clone(), rule.body.form.clone()]).collect();
    seeds.iter().find_map(|seed| search.find(seed, &matters))
}

/// Whether the verdict on a trace hangs on this rule: it fires, and the others alone would have decided otherwise.
fn matters(rule: &CompiledRule, others: &[CompiledRule], default_allow: bool, events: &[Event]) -> bool {
    let any = |wanted: &dyn Fn(Effect) -> bool| {
        others
            .iter()
            .any(|other| wanted(other.effect) && fires(&other.core(), events))
    };
    let granted = || default_allow || any(&|effect| effect == Effect::Permit);
    // A denial matters where something would be granted, a permit where nothing else grants.
    fires(&rule.core(), events) && !any(&Effect::stops) && granted() != (rule.effect == Effect::Permit)
}

/// This rule fires and no other of those that stop does.
fn alone(rule: &CompiledRule, others: &[CompiledRule]) -> Form {
    let silent = others
        .iter()
        .filter(|other| other.effect.stops())
        .map(|other| other.body.form.clone());
    silent.fold(rule.body.form.clone(), |all, other| {
        Form::And(Box::new(all), Box::new(Form::Not(Box::new(other))))
    })
}
