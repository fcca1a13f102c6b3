//! Any text normalises without a crash, within its bounds, the same way twice, under any limits.

#![no_main]

use aimds_text::normalise::{Limits, OUTPUT_BYTES_FLOOR, normalise_within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u8, &str)| {
    let (depth, candidates, factors, text) = input;
    let limits = Limits {
        depth_max: usize::from(depth % 5),
        candidates_max: usize::from(candidates),
        output_factor_max: usize::from(factors & 7),
        work_factor_max: usize::from(factors >> 2),
    };
    let normalised = normalise_within(text, &limits);
    let output: usize = normalised.views.iter().skip(1).map(|view| view.text.len()).sum();
    assert!(output <= (text.len() * limits.output_factor_max).max(OUTPUT_BYTES_FLOOR));
    assert!(normalised.views.len() <= limits.candidates_max + 1);
    assert_eq!(normalised, normalise_within(text, &limits));
});
