//! Theorems about policies over all traces.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_proof::logic::{Form, Policy, Rule, Trace};
use aimds_proof::naive::{Mode, allows};
use aimds_proof::universal::{Attempt, Claim, Question, prove, verify_claim};
use aimds_proof::{Budget, Limit};
use common::{any_policy, any_trace, policy};
use proptest::prelude::*;

const BUDGET: Budget = Budget::UNIVERSAL;

const BASE: &str = "deny and atom 2 and atom 3 and once 0 600000 and atom 1 atom 5 not once 0 300000 atom 4
deny count 0 3600000 20 atom 2
permit and atom 2 atmost 6 1000
permit atom 8
";

fn no_widening(old: &str, new: &str) -> Attempt {
    prove(
        &Claim::NoWidening {
            old: policy(old),
            new: policy(new),
        },
        &BUDGET,
    )
}

fn leaves(attempt: &Attempt) -> usize {
    match attempt {
        Attempt::Proved(proof) => proof.leaves,
        other => panic!("{other:?}"),
    }
}

/// The changes that the reference names: a denial more, a narrower permit, an exception dropped, rules reordered.
#[test]
fn narrowing_changes_are_proved() {
    let added = format!("{BASE}deny since 0 60000 atom 1 atom 9\n");
    assert!(leaves(&no_widening(BASE, &added)) <= 14);
    let narrowed = BASE.replace(
        "permit and atom 2 atmost 6 1000",
        "permit and atom 2 and atmost 6 1000 atom 10",
    );
    assert!(leaves(&no_widening(BASE, &narrowed)) <= 30);
    let dropped = BASE.replace(
        "deny and atom 2 and atom 3 and once 0 600000 and atom 1 atom 5 not once 0 300000 atom 4",
        "deny and atom 2 and atom 3 once 0 600000 and atom 1 atom 5",
    );
    assert!(leaves(&no_widening(BASE, &dropped)) <= 30);
    let reordered: String = BASE.lines().rev().flat_map(|line| [line, "\n"]).collect();
    assert!(leaves(&no_widening(BASE, &reordered)) <= 30);
    assert!(leaves(&no_widening(BASE, BASE)) <= 14);
}

/// Twenty rules, two more, reordered: rules that both share stay whole.
#[test]
fn large_policies_share_their_rules() {
    let mut rules: Vec<String> = (0..16)
        .map(|at| {
            format!(
                "deny and atom {} and once 0 600000 atom {} not atom {}\n",
                at + 1,
                at + 20,
                at + 40
            )
        })
        .collect();
    rules.extend((0..4).map(|at| format!("permit atom {}\n", at + 70)));
    let old = rules.concat();
    rules.reverse();
    let new = format!("{}deny atom 90\ndeny once 0 5 atom 91\n", rules.concat());
    match no_widening(&old, &new) {
        Attempt::Inconclusive(Limit::Logic) => panic!("variables: shared rules were taken apart"),
        attempt => assert!(leaves(&attempt) <= 40),
    }
}

/// Wider policies are not proved; the candidate says what would have to hold.
#[test]
fn widening_changes_give_candidates() {
    let (_, without_first) = BASE.split_once('\n').unwrap();
    let Attempt::Candidate(answers) = no_widening(BASE, &format!("{without_first}\n").replace("\n\n", "\n"))
    else {
        panic!("a widening was proved");
    };
    assert!(answers.contains(&(Question::TimesNeverDecrease, true)));
    let denied = answers
        .iter()
        .any(|(question, value)| matches!(question, Question::Holds(_, Mode::Upper)) && *value);
    assert!(denied, "{answers:?}");
    assert!(matches!(
        no_widening("permit atom 1\n", "permit true\n"),
        Attempt::Candidate(_)
    ));
    assert!(matches!(
        no_widening("deny atom 1\npermit true\n", "permit true\n"),
        Attempt::Candidate(_)
    ));
}

/// A denial dominates wherever it stands; a permit does not, and a rule that is not there is no rule.
#[test]
fn forbid_dominates() {
    let claim = |rule| Claim::ForbidDominates {
        policy: policy(BASE),
        rule,
    };
    for rule in [0, 1] {
        assert!(leaves(&prove(&claim(rule), &BUDGET)) > 1);
    }
    for rule in [2, 9] {
        assert_eq!(prove(&claim(rule), &BUDGET), Attempt::NoSuchRule);
    }
}

/// Equivalence holds for other spellings of the same rules, and fails for other rules.
#[test]
fn equivalent_policies() {
    let claim = |left: &str, right: &str| {
        prove(
            &Claim::Equivalent {
                left: policy(left),
                right: policy(right),
            },
            &BUDGET,
        )
    };
    let split = "deny and atom 1 atom 2\npermit or atom 3 atom 4\n";
    let joined = "permit atom 4\npermit atom 3\ndeny and atom 2 atom 1\n";
    assert!(leaves(&claim(split, joined)) > 1);
    assert!(leaves(&claim("permit not not atom 1\n", "permit atom 1\n")) > 1);
    assert!(leaves(&claim("", "permit false\n")) >= 1);
    assert!(matches!(
        claim(split, "deny atom 1\npermit or atom 3 atom 4\n"),
        Attempt::Candidate(_)
    ));
}

/// What one policy needs for certain, the other denies where it may hold: the theorem that must implies may is needed.
#[test]
fn disjoint_policies() {
    let claim = |left: &str, right: &str| {
        prove(
            &Claim::Disjoint {
                left: policy(left),
                right: policy(right),
            },
            &BUDGET,
        )
    };
    assert!(leaves(&claim("deny true\npermit true\n", "permit true\n")) >= 1);
    for form in [
        "atom 1",
        "atmost 1 7",
        "not atom 1",
        "previous atom 2",
        "once 0 10 atom 1",
        "since 3 10 atom 1 not atom 2",
        "count 0 10 3 or atom 1 atom 2",
    ] {
        let left = format!("deny {form}\npermit true\n");
        let right = format!("permit and atom 9 {form}\n");
        assert!(leaves(&claim(&left, &right)) > 1, "{form}");
    }
    assert!(matches!(
        claim("permit atom 1\n", "permit atom 2\n"),
        Attempt::Candidate(_)
    ));
    assert!(matches!(
        claim("deny atom 1\npermit true\n", "permit atom 2\n"),
        Attempt::Candidate(_)
    ));
    // May does not imply must: both allow where atom 1 is unknown.
    assert!(matches!(
        claim("deny not atom 1\npermit true\n", "permit not atom 1\n"),
        Attempt::Proved(_)
    ));
    assert!(matches!(
        claim("permit not atom 1\n", "deny atom 1\npermit atom 2\n"),
        Attempt::Candidate(_)
    ));
}

/// A split that grows too large is inconclusive, not a search without end.
#[test]
fn large_splits_are_inconclusive() {
    // The same conjunction of sixteen alternatives in another order: 2^16 cases.
    let pairs: Vec<String> = (0..16)
        .map(|at| format!("or atom {} atom {}", 2 * at + 1, 2 * at + 2))
        .collect();
    let conjunction = |pairs: Vec<String>| format!("permit and {} true\n", pairs.join(" and "));
    let reversed = conjunction(pairs.iter().rev().cloned().collect());
    let attempt = no_widening(&conjunction(pairs), &reversed);
    assert!(
        matches!(attempt, Attempt::Inconclusive(Limit::Expressions)),
        "{:.300}",
        format!("{attempt:?}")
    );
    let tight = Budget {
        stream_bytes_max: 90_000,
        ..BUDGET
    };
    let claim = Claim::NoWidening {
        old: policy(BASE),
        new: policy(BASE),
    };
    assert_eq!(prove(&claim, &tight), Attempt::Inconclusive(Limit::StreamBytes));
}

/// A theorem's stream belongs to its claim.
#[test]
fn theorems_are_bound_to_their_claims() {
    let claim = |old: &str| Claim::NoWidening {
        old: policy(old),
        new: policy("deny atom 1\npermit atom 2\n"),
    };
    let Attempt::Proved(proof) = prove(&claim("permit atom 2\n"), &BUDGET) else {
        panic!("not proved");
    };
    assert!(verify_claim(&claim("permit atom 2\n"), proof.stream.as_bytes(), &BUDGET).is_accepted());
    assert!(
        !verify_claim(
            &claim("permit or atom 2 atom 3\n"),
            proof.stream.as_bytes(),
            &BUDGET
        )
        .is_accepted()
    );
    let forged = proof.stream.replace("\"arg\":", "\"arg\": ");
    assert!(!verify_claim(&claim("permit atom 2\n"), forged.as_bytes(), &BUDGET).is_accepted());
}

fn with_rule(policy: &Policy, rule: Rule) -> Policy {
    let mut rules = policy.rules().to_vec();
    rules.push(rule);
    Policy::new(rules).unwrap()
}

fn refutes(old: &Policy, new: &Policy, trace: &Trace) -> bool {
    allows(new, trace) && !allows(old, trace)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is proved for all traces holds for any. A denial more is always proved.
    #[test]
    fn proofs_hold_on_every_trace(
        old in any_policy(),
        new in any_policy(),
        form in common::any_form(),
        traces in prop::collection::vec(any_trace(), 20),
    ) {
        let claim = Claim::NoWidening { old: old.clone(), new: new.clone() };
        let attempt = prove(&claim, &BUDGET);
        prop_assert!(!matches!(attempt, Attempt::Refused(_) | Attempt::NoSuchRule), "{:?}", attempt);
        if matches!(attempt, Attempt::Proved(_)) {
            prop_assert!(!traces.iter().any(|trace| refutes(&old, &new, trace)));
        }
        let narrower = with_rule(&old, Rule::Deny(form));
        let attempt = prove(&Claim::NoWidening { old: old.clone(), new: narrower }, &BUDGET);
        prop_assert!(matches!(attempt, Attempt::Proved(_)), "{:?}", attempt);
        let same = prove(&Claim::Equivalent { left: old.clone(), right: with_rule(&old, Rule::Permit(Form::False)) }, &BUDGET);
        prop_assert!(matches!(same, Attempt::Proved(_)), "{:?}", same);
    }
}

/// The readable text has the statement, binders that Lean can read, and either the proof or the mark that it is elsewhere.
#[test]
fn lean_text_of_a_theorem() {
    let claim = Claim::Disjoint {
        left: policy("deny count 0 10 3 since 0 5 atom 1 atom 2\npermit true\n"),
        right: policy("permit count 0 10 3 since 0 5 atom 1 atom 2\n"),
    };
    let Attempt::Proved(proof) = prove(&claim, &BUDGET) else {
        panic!("not proved");
    };
    let text = &proof.lean_text;
    assert!(text.starts_with("/-\nThis file is a second rendering, for people."));
    for part in [
        "noncomputable def Aimds.rule_1 : Aimds.Form :=",
        "theorem Aimds.lemma_16 :",
        "theorem Aimds.lemma :",
        "theorem Aimds.verdict :\n  (∀ (tr : Aimds.Trace), (@Eq.{1} Bool (Aimds.not (Aimds.and (Aimds.decide Aimds.policy tr) \
         (Aimds.decide Aimds.other tr))) Bool.true)) :=\n  (fun (tr : Aimds.Trace) => (Aimds.lemma ",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("sorry"));
    assert_eq!(text.matches('(').count(), text.matches(')').count());
    // A binder has one name without a dot, and there is one behind each `fun` and `∀`.
    for opened in text.split(['(', '{']) {
        if let Some((name, _)) = opened.split_once(" : ")
            && !name.contains(' ')
        {
            assert!(!name.contains('.'), "{name}");
        }
    }
    assert!(!text.contains("fun =>") && !text.contains("fun  =>") && !text.contains("∀ ,"));
}
