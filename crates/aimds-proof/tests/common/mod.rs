//! What several test files share: random policies and traces, and a small certificate.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and may stop"
)]

use aimds_proof::logic::{AtomId, Event, Form, Policy, Rule, Trace, Value};
use aimds_proof::notation::{parse_policy, parse_trace};
use aimds_proof::{Budget, Certificate, Certified};
use proptest::prelude::*;

/// The policy of the format's reference: no mail to the outside after untrusted reading without approval, a rate, an amount.
/// Atoms: 1 untrusted read, 2 mail, 3 external, 4 approved, 5 flows into the call, 6 amount.
pub const POLICY: &str =
    "deny and atom 2 and atom 3 and once 0 600000 and atom 1 atom 5 not since 0 300000 true atom 4
deny count 0 3600000 3 atom 2
permit and atom 2 atmost 6 1000
";
pub const ALLOWED: &str = "0 no 1=yes 5=yes\n2500 no 4=yes\n4000 no 2=yes 3=yes 6=250\n";
pub const DENIED: &str = "0 no 1=yes 5=yes\n2500 no 7=yes\n4000 no 2=yes 3=yes 6=250\n";

/// How many random cases to run: `usual`, or what the environment variable `AIMDS_CASES` says, for a longer run by hand.
pub fn cases(usual: u32) -> u32 {
    std::env::var("AIMDS_CASES")
        .ok()
        .map_or(usual, |text| text.parse().unwrap())
}

pub fn policy(text: &str) -> Policy {
    parse_policy(text).unwrap()
}

pub fn trace(text: &str) -> Trace {
    parse_trace(text).unwrap()
}

pub fn certified(policy_text: &str, trace_text: &str) -> Certified {
    Certificate::build(policy(policy_text), trace(trace_text), &Budget::DECISION).unwrap()
}

pub fn any_atom() -> impl Strategy<Value = AtomId> {
    (1_u32..=6).prop_map(|number| AtomId::new(number).unwrap())
}

/// Windows whose ends are often hit exactly by [`any_trace`].
fn any_window() -> impl Strategy<Value = (u64, u64)> {
    let from = prop_oneof![3 => Just(0_u64), 1 => 0_u64..=12];
    (from, prop_oneof![0_u64..=12, Just(100)])
}

pub fn any_form() -> impl Strategy<Value = Form> {
    let leaf = prop_oneof![
        1 => Just(Form::True),
        1 => Just(Form::False),
        6 => any_atom().prop_map(Form::Atom),
        2 => (any_atom(), 0_u64..=9).prop_map(|(atom, bound)| Form::AtMost(atom, bound)),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let inner = inner.prop_map(Box::new);
        prop_oneof![
            inner.clone().prop_map(Form::Not),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Form::And(left, right)),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Form::Or(left, right)),
            inner.clone().prop_map(Form::Previous),
            (any_window(), inner.clone()).prop_map(|((from_ms, to_ms), form)| Form::Once {
                from_ms,
                to_ms,
                form
            }),
            (any_window(), inner.clone(), inner.clone()).prop_map(|((from_ms, to_ms), hold, from)| {
                Form::Since {
                    from_ms,
                    to_ms,
                    hold,
                    from,
                }
            }),
            (any_window(), 0_u64..=4, inner).prop_map(|((from_ms, to_ms), at_least, form)| Form::Count {
                from_ms,
                to_ms,
                at_least,
                form
            }),
        ]
    })
}

pub fn any_policy() -> impl Strategy<Value = Policy> {
    let rule = (any::<bool>(), any_form()).prop_map(|(denies, form)| {
        if denies {
            Rule::Deny(form)
        } else {
            Rule::Permit(form)
        }
    });
    prop::collection::vec(rule, 0..=5).prop_map(|rules| Policy::new(rules).unwrap())
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Unknown),
        1 => Just(Value::No),
        3 => Just(Value::Yes),
        1 => (0_u64..=9).prop_map(Value::Number),
    ]
}

/// Up to seven events at small distances; one in five traces has a time that may decrease.
pub fn any_trace() -> impl Strategy<Value = Trace> {
    let facts = prop::collection::btree_map(any_atom(), any_value(), 0..=5);
    let event = (0_u64..=6, facts, any::<bool>());
    (prop::collection::vec(event, 0..=7), 0_u8..5).prop_map(|(events, luck)| {
        let mut now_ms = 0;
        let events = events
            .into_iter()
            .enumerate()
            .map(|(at, (step_ms, facts, complete))| {
                now_ms = if luck == 0 && at == 2 {
                    step_ms
                } else {
                    now_ms + step_ms
                };
                let absent = if complete { Value::No } else { Value::Unknown };
                Event::new(now_ms, facts.into_iter().collect(), absent).unwrap()
            })
            .collect();
        Trace::new(events).unwrap()
    })
}
