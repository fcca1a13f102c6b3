//! Analysis without a solver: what it finds is there, and what it proves the kernel accepted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::analysis::{Certainty, Finding, analyse};
use aimds_policy::rules::PolicySet;
use aimds_proof::limits::Budget;
use aimds_proof::naive::fires;
use common::{bundle_of, shipped, shipped_names};

fn set_of(text: &str, name: &str) -> PolicySet {
    bundle_of(text).set(name).unwrap().clone()
}

fn findings(policies: &str, members: &str, default: &str) -> Vec<Finding> {
    let text = format!("import \"schema.policy\"\n{policies}\nset s = {{ {members} }} default {default}");
    analyse(&set_of(&text, "s"), &Budget::UNIVERSAL)
}

/// A condition that contradicts itself is proved never to fire on known facts; contradictions that the logic does not know of, and
/// what lies below the lowest label, are not found to fire.
#[test]
fn unreachable_rules() {
    let unreachable = |condition: &str| {
        let policy = format!("policy p {{ when call c to email.send deny if {condition} }}");
        match findings(&policy, "p", "allow").as_slice() {
            [Finding::Unreachable { certainty, .. }] => Some(*certainty),
            _ => None,
        }
    };
    assert_eq!(unreachable("c.trust < untrusted"), Some(Certainty::Bounded));
    assert_eq!(
        unreachable("c.role == user and not c.role == user"),
        Some(Certainty::Proved)
    );
    assert_eq!(
        unreachable("c.trust <= untrusted and c.trust > user"),
        Some(Certainty::Bounded)
    );
    assert_eq!(unreachable("c.tool == \"http.get\""), Some(Certainty::Bounded));
    assert_eq!(unreachable("prev (read r)"), None);
}

/// A denial of everything, and a permit of everything.
#[test]
fn vacuous_rules() {
    let certainty = Certainty::Proved;
    for (policy, default) in [("deny", "allow"), ("permit", "deny")] {
        let found = findings(&format!("policy p {{ when event e {policy} }}"), "p", default);
        assert_eq!(
            found,
            [Finding::Vacuous {
                rule: "p".into(),
                certainty
            }]
        );
    }
}

/// A narrower rule behind a wider one of the same effect changes nothing, in whatever order they stand.
#[test]
fn shadowed_rules() {
    let policies = "policy wide { when call c deny if once[0s, 1m] (read r where r.trust <= untrusted) }
        policy narrow { when call c to email.send deny if once[0s, 1m] (read r where r.trust <= untrusted) }
        policy other { when call c to http.get deny }";
    let certainty = Certainty::Proved;
    for members in ["wide, narrow, other", "other, narrow, wide"] {
        let found = findings(policies, members, "allow");
        assert_eq!(
            found,
            [Finding::Shadowed {
                rule: "narrow".into(),
                certainty
            }]
        );
    }
    let permits = "policy wide { when call c permit } policy narrow { when call c to email.send permit }";
    assert_eq!(
        findings(permits, "wide, narrow", "deny"),
        [Finding::Shadowed {
            rule: "narrow".into(),
            certainty
        }]
    );
    assert_eq!(
        findings("policy p { when call c permit }", "p", "allow"),
        [Finding::Shadowed {
            rule: "p".into(),
            certainty
        }]
    );
}

/// A longer window covers a shorter one: the skeleton cannot see that, and the search says no more than that it found nothing.
#[test]
fn windows_are_compared_by_search_only() {
    let policies = "policy long { when call c deny if once[0s, 2m] (read r) } policy short { when call c deny if once[0s, 1m] (read r) }";
    let certainty = Certainty::Bounded;
    assert_eq!(
        findings(policies, "long, short", "allow"),
        [Finding::Shadowed {
            rule: "short".into(),
            certainty
        }]
    );
}

/// A permit and a denial that meet are shown with a trace on which both fire.
#[test]
fn conflicts_have_witnesses() {
    let policies = "policy yes { when call c to email.send permit }
        policy no { when call c to sink(external) deny if count[0s, 1m] (read r) >= 2 }
        policy apart { when prompt p deny if score(p, secret) >= 0.5 }
        policy talk { when prompt p permit }";
    let text =
        format!("import \"schema.policy\"\n{policies}\nset s = {{ yes, no, apart, talk }} default deny");
    let set = set_of(&text, "s");
    let found = analyse(&set, &Budget::UNIVERSAL);
    let pairs: Vec<(&str, &str)> = found
        .iter()
        .map(|finding| match finding {
            Finding::Conflict {
                permit,
                denial,
                witness,
            } => {
                for name in [permit, denial] {
                    assert!(fires(&set.rule(name).unwrap().core(), witness.events()), "{name}");
                }
                (permit.as_str(), denial.as_str())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pairs, [("yes", "no"), ("talk", "apart")]);
}

/// A denial of what nothing permits changes nothing.
#[test]
fn denials_of_what_is_denied_anyway_are_shadowed() {
    let policies = "policy yes { when prompt p permit } policy no { when call c to email.send deny }";
    let certainty = Certainty::Bounded;
    let expected = [Finding::Shadowed {
        rule: "no".into(),
        certainty,
    }];
    assert_eq!(findings(policies, "yes, no", "deny"), expected);
    assert_eq!(
        findings("policy no { when call c deny }", "no", "deny"),
        [Finding::Shadowed {
            rule: "no".into(),
            certainty: Certainty::Proved,
        }]
    );
}

/// The shipped sets hold no rule that is dead, always true or shadowed; permits and denials meet only where they are meant to.
#[test]
fn shipped_sets_are_clean() {
    for name in &shipped_names() {
        let found = analyse(shipped(name).set(name).unwrap(), &Budget::UNIVERSAL);
        let conflicts = found
            .iter()
            .filter(|finding| matches!(finding, Finding::Conflict { .. }))
            .count();
        assert_eq!(found.len(), conflicts, "{name}: {found:?}");
        assert_eq!(
            conflicts,
            if name == "tool_constraints" { 4 } else { 0 },
            "{name}"
        );
    }
}
