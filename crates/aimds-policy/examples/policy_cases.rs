//! Writes decisions of the shipped policies' tests as JSON lines, for evaluators in other languages: policy and trace in
//! canonical notation, and whether the last event is allowed.
//!
//! `cargo run --release -p aimds-policy --example policy_cases > tests/differential/policy_cases.jsonl`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that writes test data may stop"
)]

use aimds_policy::bundle::{Source, compile};
use aimds_policy::session::Verdict;
use aimds_policy::testing::run_with;
use aimds_proof::notation::{policy_text, trace_text};
use std::path::PathBuf;

/// Of so many decisions one is written: each policy stands in its line as a whole.
const ONE_OF: usize = 3;

fn read(name: &str) -> Source {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../python/aimds/policy/shipped")
        .join(name);
    Source {
        name: name.into(),
        text: std::fs::read_to_string(path).unwrap(),
    }
}

fn main() {
    let names = [
        "no_pii_leakage",
        "no_secrets",
        "no_jailbreak",
        "no_exfiltration",
        "tool_constraints",
        "approval",
        "rate_limits",
        "no_prompt_leak",
        "agent_isolation",
        "data_residency",
        "starter",
        "careful",
    ];
    let mut number = 0_usize;
    for name in names {
        let bundle = compile(&read(&format!("{name}.policy")), &[read("schema.policy")])
            .bundle
            .unwrap();
        run_with(&bundle, &mut |session, decision| {
            number += 1;
            if !number.is_multiple_of(ONE_OF) {
                return;
            }
            let policy = policy_text(&session.engine().set().core_policy().unwrap());
            let trace = trace_text(&session.slice().trace().unwrap());
            // The notation holds letters, digits, spaces, `=` and line ends: only the last need care.
            let (policy, trace) = (policy.replace('\n', "\\n"), trace.replace('\n', "\\n"));
            let allowed = decision.verdict == Verdict::Allow;
            println!(
                "{{\"set\": \"{name}\", \"policy\": \"{policy}\", \"trace\": \"{trace}\", \"allowed\": {allowed}}}"
            );
        });
    }
}
