//! Policy files: reading, formatting, compiling and the canonical notation never panic, and agree with each other.
#![no_main]

use aimds_policy::bundle::{Source, compile};
use aimds_policy::format::format;
use aimds_proof::notation::{parse_policy, parse_trace, policy_text, trace_text};
use libfuzzer_sys::fuzz_target;

const SCHEMA: &str = include_str!("../../python/aimds/policy/shipped/schema.policy");

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        text: text.into(),
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let compiled = compile(&source("fuzz.policy", text), &[source("schema.policy", SCHEMA)]);
    // Either it can be used, or it is said why not, at a place that can be shown.
    assert!(compiled.bundle.is_some() || !compiled.diagnostics.is_empty());
    let _ = compiled.render();
    if let Ok(once) = format(&source("fuzz.policy", text)) {
        let Ok(twice) = format(&source("fuzz.policy", &once)) else {
            panic!("formatted text cannot be read: {once}");
        };
        assert_eq!(once, twice);
    }
    if let Some(bundle) = &compiled.bundle {
        for set in &bundle.sets {
            // The notation of a compiled set reads back as the same policy.
            if let Ok(policy) = set.core_policy() {
                assert_eq!(parse_policy(&policy_text(&policy)).as_ref(), Ok(&policy));
            }
        }
    }
    if let Ok(policy) = parse_policy(text) {
        assert_eq!(parse_policy(&policy_text(&policy)), Ok(policy));
    }
    if let Ok(trace) = parse_trace(text) {
        assert_eq!(parse_trace(&trace_text(&trace)), Ok(trace));
    }
});
