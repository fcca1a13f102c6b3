//! Theorems about policies over *all* traces, for deploy time.
//!
//! Method: a Boolean skeleton of the statement, with a variable for every rule that both policies share and otherwise for
//! every form below `not`, `and` and `or`; a case split proves the skeleton, with the one theorem about all forms that what
//! must hold may hold; and the kernel confirms by unfolding that the statement is an instance of it. The search is not trusted. It is not complete either: where it fails there is only a
//! *candidate* for a counterexample, which a caller must replay.

mod modes;
mod skeleton;
mod split;

use std::collections::HashSet;

pub use skeleton::Question;

use crate::check::check_stream;
use crate::export::encode::{Encoder, rule_name};
use crate::export::inductive::boolean_function_type;
use crate::export::source::is_true;
use crate::export::stream::Stream;
use crate::export::term::{Binder, Term, apply, compile, for_all, lambda, word};
use crate::limits::{Budget, Limit, SPLIT_VARIABLES_MAX};
use crate::logic::{Form, Policy, Rule};
use crate::naive::Mode;
use crate::outcome::{Outcome, Reason, Work};
use crate::prelude::prelude;
use modes::{MUST_IMPLIES_MAY, declare_modes};
use skeleton::{Proposition, Skeleton};
use split::{Failure, Lemma, Statement};

/// A statement about every trace whatsoever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// What the new policy allows, the old one allowed.
    NoWidening {
        /// The policy so far.
        old: Policy,
        /// The policy to be.
        new: Policy,
    },
    /// Both policies allow the same.
    Equivalent {
        /// One policy.
        left: Policy,
        /// The other.
        right: Policy,
    },
    /// Nothing is allowed by both.
    Disjoint {
        /// One policy.
        left: Policy,
        /// The other.
        right: Policy,
    },
    /// Where this deny rule may hold, the policy never allows.
    ForbidDominates {
        /// The policy.
        policy: Policy,
        /// The place of the rule in it, from 0.
        rule: usize,
    },
}

/// A theorem with its stream, accepted by filter and kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The stream, for other kernels.
    pub stream: String,
    /// Variables of the skeleton.
    pub variables: usize,
    /// Cases of the proof.
    pub leaves: usize,
    /// What the check used up.
    pub work: Work,
}

/// What an attempt at a proof ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The claim is a theorem.
    Proved(Proof),
    /// Answers under which the skeleton is false. A trace with these answers would refute the claim, but there may be none.
    Candidate(Vec<(Question, bool)>),
    /// A budget was used up: nothing is known.
    Inconclusive(Limit),
    /// The claim does not fit the policy: it names no deny rule.
    NoSuchRule,
    /// The kernel refused the proof that was found. This is a fault of the prover; nothing is proved.
    Refused(Outcome),
}

/// Looks for a proof of `claim` and has it checked.
pub fn prove(claim: &Claim, budget: &Budget) -> Attempt {
    if let Claim::ForbidDominates { policy, rule } = claim
        && !matches!(policy.rules().get(*rule), Some(Rule::Deny(_)))
    {
        return Attempt::NoSuchRule;
    }
    let mut attempt = prove_with(claim, claim.shared_forms(), budget);
    // Shared rules as wholes keep the split small; where that is too coarse, everything is taken apart.
    if matches!(attempt, Attempt::Candidate(_)) {
        let finer = prove_with(claim, HashSet::new(), budget);
        if !matches!(finer, Attempt::Inconclusive(_)) {
            attempt = finer;
        }
    }
    attempt
}

/// Verifies a theorem from outside: writes its stream again, compares the bytes, and has it checked.
pub fn verify_claim(claim: &Claim, stream: &[u8], budget: &Budget) -> Outcome {
    match prove(claim, budget) {
        Attempt::Proved(proof) if proof.stream.as_bytes() == stream => Outcome::Accepted(proof.work),
        Attempt::Inconclusive(limit) => Outcome::Inconclusive(limit),
        _ => Reason::Binding.whole().into(),
    }
}

impl Claim {
    /// The policy that the stream calls `Aimds.policy`, and the one that it calls `Aimds.other`.
    fn policies(&self) -> (&Policy, Option<&Policy>) {
        match self {
            Self::NoWidening { old, new } => (new, Some(old)),
            Self::Equivalent { left, right } | Self::Disjoint { left, right } => (left, Some(right)),
            Self::ForbidDominates { policy, .. } => (policy, None),
        }
    }

    /// The forms that stand in both policies; of a single policy, all.
    fn shared_forms(&self) -> HashSet<Form> {
        let (policy, other) = self.policies();
        let forms = |policy: &Policy| -> HashSet<Form> {
            policy.rules().iter().map(|rule| rule.form().clone()).collect()
        };
        match other {
            Some(other) => forms(policy).intersection(&forms(other)).cloned().collect(),
            None => forms(policy),
        }
    }

    fn proposition(&self, skeleton: &mut Skeleton) -> Proposition {
        match self {
            Self::NoWidening { old, new } => {
                let new = skeleton.decide(new);
                new.implies(skeleton.decide(old))
            }
            Self::Equivalent { left, right } => {
                let left = skeleton.decide(left);
                let right = skeleton.decide(right);
                left.clone().implies(right.clone()).and(right.implies(left))
            }
            Self::Disjoint { left, right } => {
                let left = skeleton.decide(left);
                left.and(skeleton.decide(right)).negated()
            }
            Self::ForbidDominates { policy, rule } => {
                let form = policy.rules().get(*rule).map_or(&Form::False, Rule::form);
                let forbidden = skeleton.form(form, Mode::Upper);
                forbidden.implies(skeleton.decide(policy).negated())
            }
        }
    }

    /// The statement about the trace `tr`, in the shape of [`Claim::proposition`].
    fn goal(&self, rules: &[&Form]) -> Term {
        let not = |term: Term| apply(word("Aimds.not"), vec![term]);
        let and = |left: Term, right: Term| apply(word("Aimds.and"), vec![left, right]);
        let implies = |left: Term, right: Term| apply(word("Aimds.or"), vec![not(left), right]);
        let decide = |name: &str| apply(word("Aimds.decide"), vec![word(name), word("tr")]);
        let (policy, other) = (|| decide("Aimds.policy"), || decide("Aimds.other"));
        match self {
            Self::NoWidening { .. } => implies(policy(), other()),
            Self::Equivalent { .. } => and(implies(policy(), other()), implies(other(), policy())),
            Self::Disjoint { .. } => not(and(policy(), other())),
            Self::ForbidDominates { policy: own, rule } => {
                let form = own.rules().get(*rule).map_or(&Form::False, Rule::form);
                let number = rules.iter().position(|each| *each == form).map_or(0, |at| at + 1);
                let holds = vec![word(rule_name(number)), word("Bool.true"), word("tr")];
                implies(apply(word("Aimds.eval"), holds), not(policy()))
            }
        }
    }
}

fn prove_with(claim: &Claim, whole: HashSet<Form>, budget: &Budget) -> Attempt {
    let mut skeleton = Skeleton::new(whole);
    let proposition = claim.proposition(&mut skeleton);
    let variables = skeleton.questions.len();
    if variables > SPLIT_VARIABLES_MAX {
        return Attempt::Inconclusive(Limit::Logic);
    }
    let statement = Statement {
        variables,
        hypotheses: skeleton
            .in_both_modes()
            .iter()
            .map(|(_, must, may)| Proposition::Variable(*must).implies(Proposition::Variable(*may)))
            .collect(),
        goal: proposition,
        function: Some("Aimds.skeleton"),
    };
    let lemma = match statement.prove() {
        Ok(lemma) => lemma,
        Err(Failure::Limit(limit)) => return Attempt::Inconclusive(limit),
        Err(Failure::False(assignment)) => {
            let answers = skeleton.questions.into_iter().zip(assignment);
            return Attempt::Candidate(
                answers
                    .filter_map(|(question, value)| Some((question, value?)))
                    .collect(),
            );
        }
    };
    let leaves = lemma.leaves;
    let stream = match write(claim, &skeleton, &statement, &lemma, budget) {
        Ok(stream) => stream,
        Err(limit) => return Attempt::Inconclusive(limit),
    };
    match check_stream(stream.as_bytes(), budget) {
        Outcome::Accepted(work) => Attempt::Proved(Proof {
            stream,
            variables,
            leaves,
            work,
        }),
        Outcome::Inconclusive(limit) => Attempt::Inconclusive(limit),
        refused @ Outcome::Rejected(_) => Attempt::Refused(refused),
    }
}

/// Rules, policies, skeleton, lemma, and the claim as its instance.
fn write(
    claim: &Claim,
    skeleton: &Skeleton,
    boolean: &Statement,
    lemma: &Lemma,
    budget: &Budget,
) -> Result<String, Limit> {
    let prelude = prelude().map_err(|_| Limit::Thread)?;
    let mut stream = prelude.stream.with_bytes_max(budget.stream_bytes_max);
    let (policy, other) = claim.policies();
    let rules = distinct_forms(policy, other);
    let mut encoder = Encoder { stream: &mut stream };
    for (at, form) in rules.iter().enumerate() {
        encoder.declare_rule(at + 1, form);
    }
    for (name, policy) in [("Aimds.policy", Some(policy)), ("Aimds.other", other)] {
        if let Some(policy) = policy {
            let numbers: Vec<usize> = policy
                .rules()
                .iter()
                .filter_map(|rule| rules.iter().position(|form| *form == rule.form()))
                .map(|at| at + 1)
                .collect();
            encoder.declare_policy(name, policy, &numbers);
        }
    }
    let kind = compile(&mut stream, &boolean_function_type(boolean.variables));
    let function = compile(&mut stream, &boolean.goal_function());
    stream.definition("Aimds.skeleton", kind, function);
    if !boolean.hypotheses.is_empty() {
        declare_modes(&mut stream)?;
    }
    let statement = compile(&mut stream, &lemma.statement);
    let proof = compile(&mut stream, &lemma.proof);
    stream.theorem("Aimds.lemma", statement, proof);

    let mut arguments: Vec<Term> = skeleton
        .questions
        .iter()
        .map(|question| question_term(question, &rules, &mut stream))
        .collect();
    for (form, _, _) in skeleton.in_both_modes() {
        let form = form_term(form, &rules, &mut stream);
        arguments.push(apply(word(MUST_IMPLIES_MAY), vec![form, word("tr")]));
    }
    let trace = || vec![Binder::new("tr", word("Aimds.Trace"))];
    let statement = compile(&mut stream, &for_all(trace(), is_true(claim.goal(&rules))));
    let proof = compile(
        &mut stream,
        &lambda(trace(), apply(word("Aimds.lemma"), arguments)),
    );
    stream.theorem("Aimds.verdict", statement, proof);
    stream.finish()
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

/// The question about the trace `tr`, as a term.
fn question_term(question: &Question, rules: &[&Form], stream: &mut Stream) -> Term {
    match question {
        Question::TimesNeverDecrease => apply(word("Aimds.mono"), vec![word("tr")]),
        Question::Holds(form, mode) => {
            let form = form_term(form, rules, stream);
            let mode = match mode {
                Mode::Upper => "Bool.true",
                Mode::Lower => "Bool.false",
            };
            apply(word("Aimds.eval"), vec![form, word(mode), word("tr")])
        }
    }
}

/// The form by the name of its rule, or written out.
fn form_term(form: &Form, rules: &[&Form], stream: &mut Stream) -> Term {
    match rules.iter().position(|each| *each == form) {
        Some(at) => word(rule_name(at + 1)),
        None => Term::Written(Encoder { stream }.form(form)),
    }
}
