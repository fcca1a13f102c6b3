//! A tool for those who write policy files: `fmt` rewrites them in house layout, `check` says what is wrong with them, `test` runs
//! their tests and says what these do not reach. Imports are looked for beside each file.
//!
//! `cargo run --release -p aimds-policy --example policy_files -- test python/aimds/policy/shipped/*.policy`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool prints")]

use aimds_policy::bundle::{Bundle, Source, compile};
use aimds_policy::diagnostic::Place;
use aimds_policy::format::format;
use aimds_policy::testing::run;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

fn source(path: &Path) -> io::Result<Source> {
    Ok(Source {
        name: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        text: fs::read_to_string(path)?,
    })
}

/// The files beside this one.
fn library(path: &Path) -> io::Result<Vec<Source>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "policy") {
            all.push(source(&path)?);
        }
    }
    Ok(all)
}

fn tests(bundle: &Bundle) -> bool {
    let report = run(bundle);
    for outcome in &report.outcomes {
        for failure in &outcome.failures {
            let source = bundle.sources.get(usize::from(failure.span.file));
            let line = source.map_or(0, |source| Place::find(&source.text, failure.span.start).line);
            println!("  line {line}: {}: {}", outcome.name, failure.message);
        }
    }
    let expectations: usize = report.outcomes.iter().map(|outcome| outcome.checked).sum();
    println!("  {} tests, {expectations} expectations", report.outcomes.len());
    for (set, coverage) in &report.coverage {
        let (reached, all) = coverage.counts();
        println!("  {set}: {reached} of {all} goals reached");
        for (rule, span, goal) in coverage.missing() {
            println!("    {rule}: {}: {}", goal.text(), bundle.excerpt(span));
        }
    }
    report.passed()
}

fn one(verb: &str, path: &Path) -> io::Result<bool> {
    println!("{}", path.display());
    let root = source(path)?;
    if verb == "fmt" {
        return Ok(match format(&root) {
            Ok(text) => fs::write(path, text).is_ok(),
            Err(found) => {
                for found in found {
                    println!("{}", found.render(&root.name, &root.text));
                }
                false
            }
        });
    }
    let compiled = compile(&root, &library(path)?);
    if !compiled.diagnostics.is_empty() {
        println!("{}", compiled.render());
    }
    Ok(match &compiled.bundle {
        Some(bundle) if verb == "test" => tests(bundle),
        Some(_) => true,
        None => false,
    })
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    if !["fmt", "check", "test"].contains(&verb.as_str()) {
        eprintln!("usage: policy_files fmt|check|test FILE..");
        return ExitCode::from(2);
    }
    let mut fine = true;
    for path in arguments {
        match one(&verb, Path::new(&path)) {
            Ok(passed) => fine &= passed,
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::from(2);
            }
        }
    }
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
