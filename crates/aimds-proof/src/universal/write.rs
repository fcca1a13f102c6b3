//! Writes a proved statement: rules, policies, skeleton and lemma, and the statement as the lemma's instance.

use std::collections::HashSet;

use super::modes::{MUST_IMPLIES_MAY, modes};
use super::skeleton::Skeleton;
use super::split::{Lemma, Statement};
use super::{Claim, Question, Scope};
use crate::export::encode::rule_name;
use crate::export::inductive::boolean_function_type;
use crate::export::source::{Declaration, declare, is_true};
use crate::export::term::{Binder, Term, apply, for_all, lambda, word};
use crate::limits::{Budget, Limit};
use crate::logic::{Form, Policy, Rule};
use crate::naive::Mode;
use crate::prelude::prelude;

/// A statement with everything that its proof needs, in order.
pub(super) fn declarations(
    claim: &Claim,
    scope: Scope,
    skeleton: &Skeleton,
    boolean: &Statement,
    lemma: Lemma,
) -> Result<Vec<Declaration>, Limit> {
    let (policy, other) = claim.policies();
    let rules = distinct_forms(policy, other);
    let mut all: Vec<Declaration> = Vec::new();
    for (at, form) in rules.iter().enumerate() {
        all.push(definition(
            &rule_name(at + 1),
            word("Aimds.Form"),
            form_term(form),
        ));
    }
    for (name, policy) in [("Aimds.policy", Some(policy)), ("Aimds.other", other)] {
        if let Some(policy) = policy {
            all.push(definition(name, word("Aimds.Pol"), policy_term(policy, &rules)));
        }
    }
    all.push(definition(
        "Aimds.skeleton",
        boolean_function_type(boolean.variables),
        boolean.goal_function(),
    ));
    if !boolean.hypotheses.is_empty() {
        all.extend(modes()?);
    }
    all.push(theorem("Aimds.lemma", lemma.statement, lemma.proof));
    let questions = skeleton.questions.iter();
    let mut arguments: Vec<Term> = questions
        .map(|question| question_term(question, &rules, scope))
        .collect();
    for (must, _) in skeleton.in_both_modes() {
        if let Some(question) = skeleton.questions.get(must) {
            arguments.push(must_implies_may(question, &rules, scope));
        }
    }
    all.push(theorem(
        "Aimds.verdict",
        for_all(binders(scope), is_true(claim.goal(&rules, scope))),
        lambda(binders(scope), apply(word("Aimds.lemma"), arguments)),
    ));
    Ok(all)
}

/// The declarations behind the prelude, as a stream.
pub(super) fn write(declarations: &[Declaration], budget: &Budget) -> Result<String, Limit> {
    let prelude = prelude().map_err(|_| Limit::Thread)?;
    let mut stream = prelude.stream.with_bytes_max(budget.stream_bytes_max);
    declare(&mut stream, declarations);
    stream.finish()
}

fn definition(name: &str, kind: Term, value: Term) -> Declaration {
    Declaration::Definition {
        name: name.to_owned(),
        kind,
        value,
    }
}

fn theorem(name: &str, statement: Term, proof: Term) -> Declaration {
    Declaration::Theorem {
        name: name.to_owned(),
        statement,
        proof,
    }
}

/// The variables of the statement: the trace, or time and facts of each event, the newest first.
fn binders(scope: Scope) -> Vec<Binder> {
    match scope {
        Scope::AllTraces => vec![Binder::new("tr", word("Aimds.Trace"))],
        Scope::Events(events) => (0..events)
            .flat_map(|event| {
                [
                    Binder::new(time(event), word("Aimds.Bin")),
                    Binder::new(facts(event), word("Aimds.Trie")),
                ]
            })
            .collect(),
    }
}

/// New names of a certificate stand under `Aimds`, those of binders too.
fn time(event: usize) -> String {
    format!("Aimds.t{event}")
}

fn facts(event: usize) -> String {
    format!("Aimds.f{event}")
}

/// The trace as it was at an event, counted from the newest, which is 0.
pub(super) fn trace_term(scope: Scope, at: usize) -> Term {
    match scope {
        Scope::AllTraces => word("tr"),
        Scope::Events(events) => (at..events).rev().fold(word("Aimds.Trace.nil"), |older, event| {
            apply(
                word("Aimds.Trace.ev"),
                vec![word(time(event)), word(facts(event)), older],
            )
        }),
    }
}

/// The different forms of both policies, in order of appearance.
fn distinct_forms<'a>(policy: &'a Policy, other: Option<&'a Policy>) -> Vec<&'a Form> {
    let mut seen = HashSet::new();
    let rules = policy
        .rules()
        .iter()
        .chain(other.into_iter().flat_map(Policy::rules));
    rules.map(Rule::form).filter(|form| seen.insert(*form)).collect()
}

fn mode_term(mode: Mode) -> Term {
    word(match mode {
        Mode::Upper => "Bool.true",
        Mode::Lower => "Bool.false",
    })
}

/// A number in binary, least significant bit first, without trailing zeros.
fn number(number: u64) -> Term {
    let bits = (0..u64::BITS - number.leading_zeros()).rev();
    bits.fold(word("Aimds.Bin.nil"), |higher, bit| {
        let is_one = (number >> bit) & 1 == 1;
        apply(
            word(if is_one { "Aimds.Bin.b1" } else { "Aimds.Bin.b0" }),
            vec![higher],
        )
    })
}

/// The form written out. Recursion is as deep as the form.
fn form_term(form: &Form) -> Term {
    let mut arguments = match form {
        Form::True => return word("Aimds.Form.tt"),
        Form::False => return word("Aimds.Form.ff"),
        Form::Atom(atom) => vec![number(u64::from(atom.number()))],
        Form::AtMost(atom, bound) => vec![number(u64::from(atom.number())), number(*bound)],
        Form::Once { from_ms, to_ms, .. } | Form::Since { from_ms, to_ms, .. } => {
            vec![number(*from_ms), number(*to_ms)]
        }
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            ..
        } => vec![number(*from_ms), number(*to_ms), number(*at_least)],
        Form::Not(_) | Form::And(..) | Form::Or(..) | Form::Previous(_) => Vec::new(),
    };
    arguments.extend(form.children().map(form_term));
    let constructor = match form {
        Form::True => "tt",
        Form::False => "ff",
        Form::Atom(_) => "atom",
        Form::AtMost(..) => "le",
        Form::Not(_) => "neg",
        Form::And(..) => "and",
        Form::Or(..) => "or",
        Form::Previous(_) => "prev",
        Form::Once { .. } => "once",
        Form::Since { .. } => "since",
        Form::Count { .. } => "count",
    };
    apply(word(format!("Aimds.Form.{constructor}")), arguments)
}

/// The policy over the names of its rules.
fn policy_term(policy: &Policy, rules: &[&Form]) -> Term {
    let rules = policy.rules().iter().rev().map(|rule| {
        let constructor = match rule {
            Rule::Deny(_) => "Aimds.Pol.deny",
            Rule::Permit(_) => "Aimds.Pol.permit",
        };
        (constructor, named_form(rule.form(), rules))
    });
    rules.fold(word("Aimds.Pol.nil"), |rest, (constructor, form)| {
        apply(word(constructor), vec![form, rest])
    })
}

/// The question about a trace of the scope, as a term: in the shape to which the prelude's functions unfold.
fn question_term(question: &Question, rules: &[&Form], scope: Scope) -> Term {
    let now = |at: usize| apply(word("Aimds.now"), vec![trace_term(scope, at)]);
    let before = |at: usize, age: Term| apply(word("Aimds.monus"), vec![now(at), age]);
    let at_most = |left: Term, right: Term| apply(word("Aimds.leq"), vec![left, right]);
    match question {
        Question::TimesNeverDecrease => apply(word("Aimds.mono"), vec![trace_term(scope, 0)]),
        Question::Holds(form, mode) => {
            let form = named_form(form, rules);
            apply(
                word("Aimds.eval"),
                vec![form, mode_term(*mode), trace_term(scope, 0)],
            )
        }
        Question::HoldsAt(form, mode, event) => apply(
            word("Aimds.eval"),
            vec![form_term(form), mode_term(*mode), trace_term(scope, *event)],
        ),
        Question::Fact(fact, mode) => {
            let atom = number(u64::from(fact.atom.number()));
            let value = apply(word("Aimds.get"), vec![atom, word(facts(fact.event))]);
            match fact.bound {
                None => apply(word("Aimds.truth"), vec![mode_term(*mode), value]),
                Some(bound) => {
                    let bound = number(bound);
                    apply(word("Aimds.atMost"), vec![mode_term(*mode), bound, value])
                }
            }
        }
        Question::NotOlder { at, event, age_ms } => {
            let age = number(*age_ms);
            at_most(before(*at, age), word(time(*event)))
        }
        Question::HasAge { at, age_ms } => at_most(number(*age_ms), now(*at)),
        Question::NotYounger { at, event, age_ms } => {
            let age = number(*age_ms);
            at_most(word(time(*event)), before(*at, age))
        }
    }
}

/// The proof that if the question must be answered with yes, then it may be.
fn must_implies_may(question: &Question, rules: &[&Form], scope: Scope) -> Term {
    let (form, trace) = match question {
        Question::Holds(form, _) => (named_form(form, rules), trace_term(scope, 0)),
        Question::HoldsAt(form, _, event) => (form_term(form), trace_term(scope, *event)),
        Question::Fact(fact, _) => {
            let form = match fact.bound {
                None => Form::Atom(fact.atom),
                Some(bound) => Form::AtMost(fact.atom, bound),
            };
            (form_term(&form), trace_term(scope, fact.event))
        }
        // The others do not depend on what is known; the kernel would refuse this.
        _ => (word("Aimds.Form.tt"), trace_term(scope, 0)),
    };
    apply(word(MUST_IMPLIES_MAY), vec![form, trace])
}

/// The form by the name of its rule, or written out.
fn named_form(form: &Form, rules: &[&Form]) -> Term {
    match rules.iter().position(|each| *each == form) {
        Some(at) => word(rule_name(at + 1)),
        None => form_term(form),
    }
}
