//! Any pack is accepted or refused with a place, never with a crash; an accepted one scans any text within its bounds.

#![no_main]

use aimds_text::normalise::normalise;
use aimds_text::signatures::{EventKind, PackSource, SignatureEngine, limits};
use libfuzzer_sys::fuzz_target;

const HEAD: &str = "[pack]\nname = \"p\"\nversion = 1\ndescription = \"d\"\n";
const RULE: &str = "[[rule]]\nid = \"p.r\"\ncategory = \"secret\"\nseverity = 0.5\nconfidence = 0.5\nmessage = \"m\"\n\
positive = [\"a\", \"b\"]\nnegative = [\"a\", \"b\"]\n";

fuzz_target!(|input: (u8, &str, &str)| {
    let (shape, pack, text) = input;
    // Three starts: raw bytes for the parser, the fields of a pack, and the fields of one rule.
    let source = match shape % 3 {
        0 => pack.to_owned(),
        1 => format!("{HEAD}{pack}"),
        _ => format!("{HEAD}{RULE}{pack}"),
    };
    let lines = source.lines().count() + 1;
    match SignatureEngine::new(&[PackSource { file: "p.toml".to_owned(), text: source }]) {
        Err(error) => assert!(error.line <= lines && error.to_string().starts_with("p.toml")),
        Ok(engine) => {
            let report = engine.scan(&normalise(text), EventKind::Prompt);
            assert!(report.matches.len() <= limits::MATCHES_MAX);
            for found in &report.matches {
                assert!(text.get(found.span.clone()).is_some(), "spans lie on characters of the original");
                assert!((0.0..=1.0).contains(&found.confidence));
            }
        }
    }
});
