//! Times certificates of 20 rules over 200 facts: `cargo run --release -p aimds-proof --example certificate_times [repetitions]`.
//!
//! *flat*: one event with 200 facts, 19 deny rules of eight look-ups each, none of which lets an evaluator stop early.
//! *windowed*: 40 events of five facts, 19 deny rules each with a window that reaches over all of them. Both are allowed in
//! the end by a permit rule, so that every rule is evaluated in full. Each repetition has other facts. The last two have as many
//! rules as a policy may have.

use std::time::{Duration, Instant};

use aimds_proof::limits::RULES_MAX;
use aimds_proof::logic::{AtomId, Event, Form, LogicError, Policy, Rule, Trace, Value};
use aimds_proof::{Budget, Certificate, Outcome, verify};

const REPETITIONS: usize = 200;
const DENY_RULES: u32 = 19;
/// One permit, and with it as many rules as there may be.
const MOST_DENY_RULES: u32 = RULES_MAX as u32 - 1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repetitions = match std::env::args().nth(1) {
        Some(argument) => argument.parse()?,
        None => REPETITIONS,
    };
    let budget = Budget::DECISION;
    println!("prelude: {} bytes", aimds_proof::prelude_text()?.len());
    for (name, scenario) in [
        ("flat", flat as fn(u64) -> Result<(Policy, Trace), LogicError>),
        ("windowed", windowed),
        ("windowed, 200 events", windowed_long),
        ("64 windowed rules", windowed_most),
        ("64 windowed rules, 200 events", windowed_most_long),
    ] {
        let mut build = Vec::new();
        let mut check = Vec::new();
        let mut line = String::new();
        for seed in 0..repetitions {
            let (policy, trace) = scenario(seed as u64)?;
            let start = Instant::now();
            let certified = Certificate::build(policy, trace, &budget)?;
            build.push(start.elapsed());
            let Outcome::Accepted(work) = &certified.outcome else {
                return Err(format!("{name}: {:?}", certified.outcome).into());
            };
            line = format!("{} bytes, {work:?}", certified.stream.len());
            let start = Instant::now();
            let outcome = verify(&certified.certificate, Some(certified.stream.as_bytes()), &budget);
            check.push(start.elapsed());
            if !outcome.is_accepted() {
                return Err(format!("{name}: {outcome:?}").into());
            }
        }
        println!(
            "{name}: build p50 {:.2} ms, p99 {:.2} ms; verify p50 {:.2} ms, p99 {:.2} ms; last: {line}",
            quantile_ms(&mut build, 50),
            quantile_ms(&mut build, 99),
            quantile_ms(&mut check, 50),
            quantile_ms(&mut check, 99),
        );
    }
    Ok(())
}

fn quantile_ms(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn atom(number: u32) -> Result<Form, LogicError> {
    AtomId::new(number).map(Form::Atom)
}

fn and(left: Form, right: Form) -> Form {
    Form::And(Box::new(left), Box::new(right))
}

fn facts(count: u32, seed: u64) -> Result<Vec<(AtomId, Value)>, LogicError> {
    (1..=count)
        .map(|number| {
            let value = if u64::from(number) % 17 == seed % 17 {
                Value::Number(seed)
            } else {
                Value::Yes
            };
            AtomId::new(number).map(|atom| (atom, value))
        })
        .collect()
}

fn flat(seed: u64) -> Result<(Policy, Trace), LogicError> {
    let mut rules = Vec::new();
    for rule in 0..DENY_RULES {
        // All look-ups succeed, and only the last conjunct is false.
        let mut form = Form::False;
        for look in 0..8 {
            form = and(atom(1 + (rule * 8 + look) % 200)?, form);
        }
        rules.push(Rule::Deny(form));
    }
    rules.push(Rule::Permit(Form::Not(Box::new(Form::False))));
    let trace = Trace::new(vec![Event::new(0, facts(200, seed)?, Value::No)?])?;
    Ok((Policy::new(rules)?, trace))
}

fn windowed_over(deny_rules: u32, events: u64, seed: u64) -> Result<(Policy, Trace), LogicError> {
    let mut rules = Vec::new();
    for rule in 0..deny_rules {
        let number = 1 + rule % 5;
        let form = and(
            Form::Once {
                from_ms: 0,
                to_ms: 600_000,
                form: Box::new(and(atom(number)?, atom(900)?)),
            },
            Form::True,
        );
        rules.push(Rule::Deny(form));
    }
    rules.push(Rule::Permit(Form::True));
    let events = (0..events)
        .map(|at| Event::new(at * 2_500 + seed % 1_000, facts(5, seed + at)?, Value::No))
        .collect::<Result<_, _>>()?;
    Ok((Policy::new(rules)?, Trace::new(events)?))
}

fn windowed(seed: u64) -> Result<(Policy, Trace), LogicError> {
    windowed_over(DENY_RULES, 40, seed)
}

fn windowed_long(seed: u64) -> Result<(Policy, Trace), LogicError> {
    windowed_over(DENY_RULES, 200, seed)
}

fn windowed_most(seed: u64) -> Result<(Policy, Trace), LogicError> {
    windowed_over(MOST_DENY_RULES, 40, seed)
}

fn windowed_most_long(seed: u64) -> Result<(Policy, Trace), LogicError> {
    windowed_over(MOST_DENY_RULES, 200, seed)
}
