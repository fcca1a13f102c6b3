//! Theorems about policies over *all* traces, for deploy time.
//!
//! Method: a Boolean skeleton of the statement, with a variable for every rule that both policies share and otherwise for
//! every form below `not`, `and` and `or`; a case split proves the skeleton, with the one theorem about all forms that what
//! must hold may hold; and the kernel confirms by unfolding that the statement is an instance of it. The search is not trusted. It is
//! not complete either: where it fails there is only a *candidate* for a counterexample, which a caller must replay.
//!
//! [`prove_for`] says the same about all traces of a given number of events: then windows and operators are unrolled, and facts,
//! times and order of each event are variables. That shows more (how two operators over the same events hang together), for fewer
//! traces.

mod modes;
mod skeleton;
mod split;
mod unrolled;
mod write;

use std::collections::HashSet;

pub use skeleton::{Fact, Question};

use crate::check::check_stream;
use crate::deadline::Deadline;
use crate::export::encode::rule_name;
use crate::export::term::{Term, apply, word};
use crate::lean_text::theorem_text;
use crate::limits::{Budget, Limit, SPLIT_VARIABLES_MAX, UNROLLED_EVENTS_MAX};
use crate::logic::{Form, Policy, Rule};
use crate::naive::Mode;
use crate::outcome::{Outcome, Reason, Work};
use skeleton::{Proposition, Skeleton, Wholes};
use split::{Failure, Statement};
use write::{declarations, trace_term, write};

/// The traces that a theorem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every trace whatsoever.
    AllTraces,
    /// Every trace of exactly so many events, from 1 to [`UNROLLED_EVENTS_MAX`]: whatever their times and facts are.
    Events(usize),
}

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
    /// Where a deny rule of `path` may hold, the policy never allows.
    Forbids {
        /// The policy.
        policy: Policy,
        /// What it must not let pass, as deny rules.
        path: Policy,
    },
}

/// A theorem with its stream, accepted by filter and kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The stream, for other kernels.
    pub stream: String,
    /// The same as Lean source for people to read; see [`crate::lean_text()`].
    pub lean_text: String,
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

/// Looks for a proof of `claim` over all traces and has it checked.
pub fn prove(claim: &Claim, budget: &Budget) -> Attempt {
    prove_for(claim, Scope::AllTraces, budget)
}

/// Looks for a proof of `claim` over the traces of this scope and has it checked.
pub fn prove_for(claim: &Claim, scope: Scope, budget: &Budget) -> Attempt {
    if let Claim::ForbidDominates { policy, rule } = claim
        && !matches!(policy.rules().get(*rule), Some(Rule::Deny(_)))
    {
        return Attempt::NoSuchRule;
    }
    if let Scope::Events(events) = scope
        && !(1..=UNROLLED_EVENTS_MAX).contains(&events)
    {
        return Attempt::Inconclusive(Limit::Logic);
    }
    // Forms as wholes keep the split small; where that is too coarse, more and more is taken apart. What a coarse attempt could not
    // show says nothing where the finest one did not end.
    let deadline = Deadline::after(budget.time_max);
    let mut open = Attempt::Inconclusive(Limit::Logic);
    for wholes in claim.wholes(scope) {
        if deadline.look().is_err() {
            return Attempt::Inconclusive(Limit::Time);
        }
        match prove_with(claim, scope, wholes, budget) {
            unsettled @ (Attempt::Candidate(_) | Attempt::Inconclusive(_)) => open = unsettled,
            settled => return settled,
        }
    }
    open
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
            Self::Forbids { policy, path } => (policy, Some(path)),
            Self::ForbidDominates { policy, .. } => (policy, None),
        }
    }

    /// Which forms to take as one question each, coarsest first.
    fn wholes(&self, scope: Scope) -> Vec<Wholes> {
        let mut rules = vec![self.shared_forms()];
        if let Self::Forbids { policy, .. } = self {
            // One rule alone often answers for the whole path.
            let forms: Vec<&Form> = policy.rules().iter().map(Rule::form).collect();
            let denials = policy.rules().iter().filter(|rule| matches!(rule, Rule::Deny(_)));
            rules.extend(denials.map(|open| {
                let others = forms.iter().filter(|form| **form != open.form());
                others.map(|form| (*form).clone()).collect()
            }));
        }
        rules.push(HashSet::new());
        let fine = rules.iter().cloned().map(|rules| Wholes {
            rules,
            states: HashSet::new(),
        });
        if scope == Scope::AllTraces {
            return fine.collect();
        }
        let states = self.shared_states();
        let coarse = rules.iter().cloned().map(|rules| Wholes {
            rules,
            states: states.clone(),
        });
        coarse.chain(fine).collect()
    }

    /// Forms about one event that both policies look at; of a single policy, all.
    fn shared_states(&self) -> HashSet<Form> {
        let (policy, other) = self.policies();
        let states = |policy: &Policy| {
            let mut found = HashSet::new();
            let mut open: Vec<&Form> = policy.rules().iter().map(Rule::form).collect();
            while let Some(form) = open.pop() {
                if !form.is_temporal() {
                    found.insert(form.clone());
                }
                open.extend(form.children());
            }
            found
        };
        match other {
            Some(other) => states(policy).intersection(&states(other)).cloned().collect(),
            None => states(policy),
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
            // The path first: where it does not hold, nothing more is asked.
            Self::Forbids { policy, path } => {
                let forbidden = skeleton.any_deny(path);
                forbidden.implies(skeleton.decide(policy).negated())
            }
        }
    }

    /// The statement about a trace of the scope, in the shape of [`Claim::proposition`].
    fn goal(&self, rules: &[&Form], scope: Scope) -> Term {
        let trace = || trace_term(scope, 0);
        let not = |term: Term| apply(word("Aimds.not"), vec![term]);
        let and = |left: Term, right: Term| apply(word("Aimds.and"), vec![left, right]);
        let implies = |left: Term, right: Term| apply(word("Aimds.or"), vec![not(left), right]);
        let decide = |name: &str| apply(word("Aimds.decide"), vec![word(name), trace()]);
        let (policy, other) = (|| decide("Aimds.policy"), || decide("Aimds.other"));
        match self {
            Self::NoWidening { .. } => implies(policy(), other()),
            Self::Equivalent { .. } => and(implies(policy(), other()), implies(other(), policy())),
            Self::Disjoint { .. } => not(and(policy(), other())),
            Self::ForbidDominates { policy: own, rule } => {
                let form = own.rules().get(*rule).map_or(&Form::False, Rule::form);
                let number = rules.iter().position(|each| *each == form).map_or(0, |at| at + 1);
                let holds = vec![word(rule_name(number)), word("Bool.true"), trace()];
                implies(apply(word("Aimds.eval"), holds), not(policy()))
            }
            Self::Forbids { .. } => {
                let path = apply(word("Aimds.anyDeny"), vec![word("Aimds.other"), trace()]);
                implies(path, not(policy()))
            }
        }
    }
}

fn prove_with(claim: &Claim, scope: Scope, wholes: Wholes, budget: &Budget) -> Attempt {
    let mut skeleton = Skeleton::new(wholes, scope);
    let proposition = claim.proposition(&mut skeleton);
    let variables = skeleton.questions.len();
    if variables > SPLIT_VARIABLES_MAX || skeleton.is_full() {
        return Attempt::Inconclusive(Limit::Logic);
    }
    let statement = Statement {
        variables,
        hypotheses: skeleton
            .in_both_modes()
            .iter()
            .map(|(must, may)| Proposition::Variable(*must).implies(Proposition::Variable(*may)))
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
    let declarations = match declarations(claim, scope, &skeleton, &statement, lemma) {
        Ok(declarations) => declarations,
        Err(limit) => return Attempt::Inconclusive(limit),
    };
    let stream = match write(&declarations, budget) {
        Ok(stream) => stream,
        Err(limit) => return Attempt::Inconclusive(limit),
    };
    match check_stream(stream.as_bytes(), budget) {
        Outcome::Accepted(work) => Attempt::Proved(Proof {
            lean_text: theorem_text(&declarations, leaves),
            stream,
            variables,
            leaves,
            work,
        }),
        Outcome::Inconclusive(limit) => Attempt::Inconclusive(limit),
        refused @ Outcome::Rejected(_) => Attempt::Refused(refused),
    }
}
