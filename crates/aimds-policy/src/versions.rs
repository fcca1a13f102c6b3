//! Two versions of a policy set, compared over all traces: does the new one allow anything that the old one did not?

use crate::atoms::AtomTable;
use crate::limits::ATOMS_MAX;
use crate::rules::PolicySet;
use crate::search::Search;
use crate::witness::{Sought, Witness};
use aimds_proof::Verdict;
use aimds_proof::limits::Budget;
use aimds_proof::logic::{AtomId, Event, Form, LogicError, Policy, Rule, Trace};
use aimds_proof::universal::{Attempt, Claim, Proof, prove};
use std::sync::Arc;

/// What is known of a step from one version to another.
#[derive(Debug, Clone)]
pub enum Step {
    /// A theorem about all traces: what the second allows, the first allowed.
    Proved(Box<Proof>),
    /// A trace that the second allows and the first does not, replayed with both.
    Refuted(Box<Witness>),
    /// Neither was found. A solver may look for a trace that refutes it.
    Unknown(Box<Sought>),
}

/// Two versions side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// From the old to the new: `Proved` means that nothing was widened.
    pub no_widening: Step,
    /// From the new to the old: `Proved` means that nothing was narrowed.
    pub no_narrowing: Step,
    /// Rules of both that mean something else now, also where only a constant was changed that they name.
    pub changed: Vec<String>,
    /// Both draw facts from events in the same way; otherwise the comparison is about equal facts, not about equal events.
    pub same_schema: bool,
}

/// Why two versions cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionsError {
    /// Their facts together are too many.
    #[error("both versions together have more than {ATOMS_MAX} facts; compare smaller sets")]
    Atoms,
    /// One of them does not fit the core logic.
    #[error("a version does not fit a certificate: {0}")]
    Logic(#[from] LogicError),
}

/// Compares two sets; atoms that say the same are the same fact in both.
pub fn compare(old: &PolicySet, new: &PolicySet, budget: &Budget) -> Result<Comparison, VersionsError> {
    let mut both = new.clone();
    let before = in_terms_of(old, &mut both.atoms)?;
    let after = new.core_policy()?;
    let search = Search::new(&both);
    Ok(Comparison {
        no_widening: step(&before, &after, &search, budget),
        no_narrowing: step(&after, &before, &search, budget),
        changed: changed(old, new, &mut both.atoms.clone())?,
        same_schema: old.schema == new.schema,
    })
}

fn changed(old: &PolicySet, new: &PolicySet, atoms: &mut AtomTable) -> Result<Vec<String>, VersionsError> {
    let mut names = Vec::new();
    for rule in &new.rules {
        if let Some(before) = old.rule(&rule.name)
            && translated(&before.body.form, &old.atoms, atoms)? != rule.body.form
        {
            names.push(rule.name.clone());
        }
    }
    Ok(names)
}

/// The policy of a set over the atoms of another; atoms that say the same are the same fact in both, others are added.
pub(crate) fn in_terms_of(set: &PolicySet, atoms: &mut AtomTable) -> Result<Policy, VersionsError> {
    let mut rules = Vec::new();
    for rule in set.core_policy()?.rules() {
        let form = translated(rule.form(), &set.atoms, atoms)?;
        rules.push(match rule {
            Rule::Deny(_) => Rule::Deny(form),
            Rule::Permit(_) => Rule::Permit(form),
        });
    }
    Ok(Policy::new(rules)?)
}

fn step(first: &Policy, second: &Policy, search: &Search<'_>, budget: &Budget) -> Step {
    let claim = Claim::NoWidening {
        old: first.clone(),
        new: second.clone(),
    };
    if let Attempt::Proved(proof) = prove(&claim, budget) {
        return Step::Proved(Box::new(proof));
    }
    // Where the first denies and no rule of the second does; or where only the second permits.
    let denials = |policy: &Policy| -> Vec<Form> {
        let rules = policy.rules().iter();
        rules
            .filter(|rule| matches!(rule, Rule::Deny(_)))
            .map(|rule| rule.form().clone())
            .collect()
    };
    let second_denials = denials(second);
    let silent = |form: Form| {
        second_denials.iter().fold(form, |all, other| {
            Form::And(Box::new(all), Box::new(Form::Not(Box::new(other.clone()))))
        })
    };
    let permits = second
        .rules()
        .iter()
        .filter(|rule| matches!(rule, Rule::Permit(_)))
        .map(|rule| rule.form().clone());
    let starts = denials(first).into_iter().chain(permits);
    let sought = Sought {
        answers: vec![(second.clone(), Verdict::Allow), (first.clone(), Verdict::Deny)],
        atoms: search.set().atoms.clone(),
        schema: Arc::clone(&search.set().schema),
    };
    let wanted = |events: &[Event]| Trace::new(events.to_vec()).is_ok_and(|trace| sought.holds(&trace));
    let found = starts
        .flat_map(|form| [silent(form.clone()), form])
        .find_map(|form| search.find(&form, &wanted))
        .and_then(|trace| sought.replay(trace, &Budget::DECISION).ok());
    match found {
        Some(witness) => Step::Refuted(Box::new(witness)),
        None => Step::Unknown(Box::new(sought)),
    }
}

/// The form with the ids that its atoms have in another table; as deep as the form, which is bounded.
fn translated(form: &Form, from: &AtomTable, to: &mut AtomTable) -> Result<Form, VersionsError> {
    let mut id = |atom: AtomId| {
        let known = from.atom(atom).ok_or(VersionsError::Atoms)?;
        to.intern(known.clone()).ok_or(VersionsError::Atoms)
    };
    Ok(match form {
        Form::True => Form::True,
        Form::False => Form::False,
        Form::Atom(atom) => Form::Atom(id(*atom)?),
        Form::AtMost(atom, bound) => Form::AtMost(id(*atom)?, *bound),
        Form::Not(inner) => Form::Not(Box::new(translated(inner, from, to)?)),
        Form::And(left, right) => Form::And(
            Box::new(translated(left, from, to)?),
            Box::new(translated(right, from, to)?),
        ),
        Form::Or(left, right) => Form::Or(
            Box::new(translated(left, from, to)?),
            Box::new(translated(right, from, to)?),
        ),
        Form::Previous(inner) => Form::Previous(Box::new(translated(inner, from, to)?)),
        Form::Once { from_ms, to_ms, form } => Form::Once {
            from_ms: *from_ms,
            to_ms: *to_ms,
            form: Box::new(translated(form, from, to)?),
        },
        Form::Since {
            from_ms,
            to_ms,
            hold,
            from: start,
        } => Form::Since {
            from_ms: *from_ms,
            to_ms: *to_ms,
            hold: Box::new(translated(hold, from, to)?),
            from: Box::new(translated(start, from, to)?),
        },
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            form,
        } => Form::Count {
            from_ms: *from_ms,
            to_ms: *to_ms,
            at_least: *at_least,
            form: Box::new(translated(form, from, to)?),
        },
    })
}
