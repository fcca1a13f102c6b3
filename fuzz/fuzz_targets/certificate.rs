//! Export streams from outside: filter and kernel never panic and stay within their budget.
//!
//! An input that begins with `+` is the part behind the prelude, otherwise the filter would let nothing through; any other is a
//! whole stream.
#![no_main]

use aimds_proof::{Budget, check_stream, prelude_text};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// Small, so that a bomb ends quickly and thousands of inputs are tried.
const BUDGET: Budget = Budget {
    stream_bytes_max: 512 * 1024,
    records_max: 4_000,
    expressions_max: 4_000,
    steps_max: 100_000,
    nodes_max: 200_000,
    depth_max: 10_000,
    time_max: Duration::from_secs(1),
};

fuzz_target!(|data: &[u8]| {
    let outcome = match data.strip_prefix(b"+") {
        Some(tail) => {
            let Ok(prelude) = prelude_text() else {
                panic!("the prelude is not the pinned one");
            };
            check_stream(&[prelude.as_bytes(), tail].concat(), &BUDGET)
        }
        None => check_stream(data, &BUDGET),
    };
    let _ = outcome.is_accepted();
});
