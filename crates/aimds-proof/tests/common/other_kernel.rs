//! A second kernel, by other people (`oxilean-verify`), and the attack that a known kernel believes.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use oxilean_verify::{VERSION, Verdict, VerifyOptions, verify_stream};
use std::io::BufReader;

/// What the other kernel says about a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// All declarations verified, and the last theorem is among them.
    Accepted,
    /// The first declaration that is not verified, and why.
    Refused(String),
}

/// Has the other kernel look at a stream.
pub fn other_kernel(stream: &str) -> Answer {
    let stream = stream.to_owned();
    // Its recursion needs more room than a test thread has.
    std::thread::Builder::new()
        .stack_size(512 * 1024 * 1024)
        .spawn(move || {
            let mut refused = None;
            let mut verdict_seen = false;
            let report = verify_stream(
                BufReader::new(stream.as_bytes()),
                VERSION,
                VerifyOptions::default(),
                |event| {
                    let is_verified = matches!(event.verdict, Verdict::Verified { .. });
                    verdict_seen |= is_verified && event.name == "Aimds.verdict";
                    if !is_verified && refused.is_none() {
                        refused = Some(format!("{}: {:?}", event.name, event.verdict));
                    }
                },
            );
            match (report, refused) {
                (Err(error), _) => Answer::Refused(error.to_string()),
                (Ok(_), Some(refused)) => Answer::Refused(refused),
                (Ok(report), None) if report.summary.rejected + report.summary.unsupported > 0 => {
                    Answer::Refused(format!("{:?}", report.summary))
                }
                (Ok(_), None) if verdict_seen => Answer::Accepted,
                (Ok(report), None) => Answer::Refused(format!("no verdict: {:?}", report.summary)),
            }
        })
        .unwrap()
        .join()
        .unwrap()
}

/// The smallest certificate, but `Bool` comes with `Bool.rec2`, whose rules are exchanged, `not` is defined by it, and the theorem
/// says `not true = true`.
pub fn exchanged_recursor() -> String {
    let known = include_str!("../known/not_false.ndjson");
    let start = known.find("{\"inductive\":{\"types\":[{\"name\":12").unwrap();
    let (before, rest) = known.split_at(start);
    let (record, after) = rest.split_once('\n').unwrap();
    let (head, recursor) = record.split_once("\"recs\":[").unwrap();
    let recursor = recursor.strip_suffix("]}}").unwrap();
    let exchanged = recursor
        .replace("\"name\":15", "\"name\":18")
        .replace("\"rhs\":56", "\"rhs\":0")
        .replace("\"rhs\":59", "\"rhs\":56")
        .replace("\"rhs\":0", "\"rhs\":59");
    assert_ne!(recursor, exchanged);
    // The new name takes number 18, so that later ones move up by one.
    let mut after = after.to_owned();
    for number in [20, 19, 18] {
        for key in ["\"in\":", "\"name\":", "\"pre\":", "\"all\":["] {
            for end in [",", "]"] {
                after = after.replace(
                    &format!("{key}{number}{end}"),
                    &format!("{key}{}{end}", number + 1),
                );
            }
        }
    }
    let after = after
        .replace(
            "{\"ie\":61,\"const\":{\"name\":15,",
            "{\"ie\":61,\"const\":{\"name\":18,",
        )
        .replace(
            "{\"ie\":71,\"app\":{\"fn\":70,\"arg\":45}}",
            "{\"ie\":71,\"app\":{\"fn\":70,\"arg\":47}}",
        );
    format!(
        "{before}{{\"in\":18,\"str\":{{\"pre\":12,\"str\":\"rec2\"}}}}\n{head}\"recs\":[{recursor},{exchanged}]}}}}\n{after}"
    )
}
