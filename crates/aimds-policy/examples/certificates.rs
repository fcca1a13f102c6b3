//! Writes export streams for other Lean 4 kernels: the claims of the shipped policies that are proved, and a thousand decisions
//! (those of the shipped tests, and of their traces cut short at either end), each with a readable `.lean` text; and of some
//! decisions the opposite, which every kernel must reject. `index.jsonl` names file, kind, expected verdict and theorem of each.
//!
//! `cargo run --release -p aimds-policy --example certificates -- FOLDER`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that writes files may stop"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use aimds_policy::bundle::Bundle;
use aimds_policy::claims::{Answer, PATH_EVENTS, Shown, show};
use aimds_policy::testing::run_with;
use aimds_proof::logic::{Event, Policy, Trace};
use aimds_proof::{Budget, Certificate, Decision, Outcome, lean_text};
use common::{shipped, shipped_names};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Decisions that are written.
const DECISIONS: usize = 1_000;

/// Of so many decisions one is written with its opposite: a slow kernel takes a second for each.
const ONE_OPPOSITE_OF: usize = 5;

struct Folder {
    path: PathBuf,
    index: String,
    /// Hashes of the streams that were written: equal decisions are one.
    written: HashSet<String>,
}

impl Folder {
    fn file(&mut self, name: &str, kind: &str, expected: &str, stream: &str) {
        fs::write(self.path.join(name), stream).unwrap();
        let _ = writeln!(
            self.index,
            "{{\"file\": \"{name}\", \"kind\": \"{kind}\", \"expected\": \"{expected}\", \"theorem\": \"Aimds.verdict\"}}"
        );
    }

    fn decision(&mut self, set: &str, policy: &Policy, trace: Trace) {
        if self.written.len() >= DECISIONS {
            return;
        }
        let made = Certificate::build(policy.clone(), trace, &Budget::DECISION).unwrap();
        assert!(
            matches!(made.outcome, Outcome::Accepted(_)),
            "{set}: {:?}",
            made.outcome
        );
        if !self.written.insert(made.certificate.stream_sha256.clone()) {
            return;
        }
        let stem = format!("decision-{:04}-{set}", self.written.len());
        let kind = match made.certificate.decision.verdict {
            aimds_proof::Verdict::Allow => "decision allow",
            aimds_proof::Verdict::Deny => "decision deny",
        };
        self.file(&format!("{stem}.ndjson"), kind, "accepted", &made.stream);
        let text = lean_text(&made.certificate.decision).unwrap();
        fs::write(self.path.join(format!("{stem}.lean")), text).unwrap();
        if self.written.len().is_multiple_of(ONE_OPPOSITE_OF) {
            let decision = made.certificate.decision;
            let opposite = Decision {
                verdict: decision.verdict.opposite(),
                reason: None,
                ..decision
            };
            let stream = opposite.stream(&Budget::DECISION).unwrap();
            let file = format!("opposite-{:04}-{set}.ndjson", self.written.len());
            self.file(&file, "opposite of a decision", "rejected", &stream);
        }
    }
}

/// Times since the first event of what is left.
fn shifted(events: &[Event]) -> Trace {
    let start_ms = events.first().map_or(0, Event::time_ms);
    let events = events
        .iter()
        .map(|event| Event::new(event.time_ms() - start_ms, event.facts().to_vec(), event.absent()).unwrap());
    Trace::new(events.collect()).unwrap()
}

/// The decision of one checked expectation: set, policy and trace.
type Decided = (String, Policy, Trace);

fn decided(name: &str, bundle: &Bundle) -> Vec<Decided> {
    let mut all = Vec::new();
    run_with(bundle, &mut |session, _| {
        let policy = session.engine().set().core_policy().unwrap();
        all.push((name.to_owned(), policy, session.slice().trace().unwrap()));
    });
    all
}

/// The decisions themselves, then those on every shorter run of their events, until there are enough.
fn decisions(folder: &mut Folder, all: &[Decided]) {
    for (name, policy, trace) in all {
        folder.decision(name, policy, trace.clone());
    }
    for (name, policy, trace) in all {
        let events = trace.events();
        for start in 0..events.len() {
            for end in start + 1..=events.len() {
                folder.decision(name, policy, shifted(events.get(start..end).unwrap_or_default()));
            }
        }
    }
}

fn claims(folder: &mut Folder, name: &str, bundle: &Bundle) {
    let answers = show(bundle, PATH_EVENTS, &Budget::UNIVERSAL);
    for (number, Answer { claim, shown, .. }) in answers.iter().enumerate() {
        let proofs = match shown {
            Shown::Proved(proof) => std::slice::from_ref(proof.as_ref()),
            Shown::ProvedUpTo(proofs) => proofs.as_slice(),
            _ => &[],
        };
        for (part, proof) in proofs.iter().enumerate() {
            let stem = format!("claim-{name}-{}-{}-{}", number + 1, claim.kind, part + 1);
            let kind = format!("claim {}", claim.kind);
            folder.file(&format!("{stem}.ndjson"), &kind, "accepted", &proof.stream);
            fs::write(folder.path.join(format!("{stem}.lean")), &proof.lean_text).unwrap();
        }
    }
}

fn main() {
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "certificates".into()));
    fs::create_dir_all(&path).unwrap();
    let mut folder = Folder {
        path,
        index: String::new(),
        written: HashSet::new(),
    };
    let mut all = Vec::new();
    for name in &shipped_names() {
        let bundle = shipped(name);
        claims(&mut folder, name, &bundle);
        all.extend(decided(name, &bundle));
    }
    decisions(&mut folder, &all);
    fs::write(folder.path.join("index.jsonl"), &folder.index).unwrap();
    let streams = folder.index.lines().count();
    println!(
        "{streams} streams in {}, {} of them decisions",
        folder.path.display(),
        folder.written.len()
    );
}
