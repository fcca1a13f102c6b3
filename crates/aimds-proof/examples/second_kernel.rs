//! Runs the second kernel over the prelude and a folder of streams that `make certificates` wrote, and counts: every claim, and
//! up to so many decisions and opposites.
//!
//! `cargo run --release -p aimds-proof --features independent-kernel --example second_kernel -- FOLDER [DECISIONS]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for developers may stop, and prints what it counted"
)]

#[path = "../tests/common/other_kernel.rs"]
mod other_kernel;

use aimds_proof::{Budget, check_stream, prelude_text};
use other_kernel::{Answer, exchanged_recursor, other_kernel};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Decisions, unless the caller says otherwise.
const DECISIONS: usize = 200;

/// The value of a key in a line of the index, which `make certificates` wrote with one space behind each colon.
fn field<'a>(line: &'a str, key: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("\"{key}\": \"")).unwrap();
    rest.split('"').next().unwrap()
}

#[derive(Default)]
struct Count {
    as_expected: usize,
    otherwise: Vec<String>,
}

/// Both kernels over one stream.
fn look(path: &Path, file: &str, expected: &str) -> Result<(), String> {
    let stream = fs::read_to_string(path.join(file)).unwrap();
    let theirs = other_kernel(&stream);
    let ours = check_stream(stream.as_bytes(), &Budget::UNIVERSAL).is_accepted();
    let is_fine = match (&theirs, expected) {
        (Answer::Accepted, "accepted") => ours,
        // It is the theorem that must be refused, and nothing before it.
        (Answer::Refused(why), "rejected") => !ours && why.starts_with("Aimds.verdict: Rejected"),
        _ => false,
    };
    if is_fine {
        Ok(())
    } else {
        Err(format!(
            "{file}: expected {expected}, ours accepted: {ours}, theirs: {theirs:?}"
        ))
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().unwrap_or_else(|| "certificates".into()));
    let most: usize = arguments.next().map_or(DECISIONS, |text| text.parse().unwrap());
    let start = Instant::now();
    let mut failed = false;

    let prelude = other_kernel(prelude_text().unwrap());
    let is_fine = matches!(&prelude, Answer::Refused(why)
        if why.starts_with("no verdict: Summary { verified: 31, unsupported: 0, rejected: 0"));
    failed |= !is_fine;
    println!(
        "prelude: {}",
        if is_fine {
            "31 declarations verified"
        } else {
            "FAILED"
        }
    );

    let attack = exchanged_recursor();
    let is_refused = matches!(other_kernel(&attack), Answer::Refused(_))
        && !check_stream(attack.as_bytes(), &Budget::DECISION).is_accepted();
    failed |= !is_refused;
    println!(
        "exchanged recursor: {}",
        if is_refused { "rejected" } else { "FAILED" }
    );

    let index = fs::read_to_string(path.join("index.jsonl")).unwrap();
    let mut rows: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for line in index.lines() {
        let kind = field(line, "kind");
        let group = ["claim", "decision", "opposite"]
            .into_iter()
            .find(|word| kind.starts_with(word))
            .unwrap();
        rows.entry(group)
            .or_default()
            .push((field(line, "file"), field(line, "expected")));
    }
    for (group, rows) in rows {
        let chosen = if group == "claim" {
            rows.len()
        } else {
            most.min(rows.len())
        };
        let mut count = Count::default();
        // Spread over all policies.
        for at in 0..chosen {
            let (file, expected) = rows[at * rows.len() / chosen];
            match look(&path, file, expected) {
                Ok(()) => count.as_expected += 1,
                Err(why) => count.otherwise.push(why),
            }
        }
        failed |= !count.otherwise.is_empty();
        println!(
            "{group}s: {} of {chosen} as expected by both kernels ({} in the folder), {} s so far",
            count.as_expected,
            rows.len(),
            start.elapsed().as_secs()
        );
        for why in count.otherwise {
            println!("  {why:.400}");
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
