//! Writes decisions of the shipped policies' tests as JSON lines, for evaluators in other languages: policy and trace in
//! canonical notation, and whether the last event is allowed.
//!
//! `cargo run --release -p aimds-policy --example policy_cases > tests/differential/policy_cases.jsonl`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that writes test data may stop"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use aimds_policy::session::Verdict;
use aimds_policy::testing::run_with;
use aimds_proof::notation::{policy_text, trace_text};
use common::{shipped, shipped_names};

/// Of so many decisions one is written: each policy stands in its line as a whole.
const ONE_OF: usize = 3;

fn main() {
    let mut number = 0_usize;
    for name in &shipped_names() {
        let bundle = shipped(name);
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
