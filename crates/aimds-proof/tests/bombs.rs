//! Streams that want too much: each ends INCONCLUSIVE inside the budget, and nothing overflows.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use aimds_proof::logic::{AtomId, Event, Form, LogicError, Policy, Rule, Trace, Value};
use aimds_proof::{Budget, Limit, Outcome, check_stream, prelude_text};

/// Continues the prelude with records of its own.
struct Bomb {
    text: String,
    names: usize,
    expressions: usize,
    /// By what an expression says: its number. No record may stand twice.
    known: HashMap<String, usize>,
}

impl Bomb {
    fn new() -> Self {
        let text = prelude_text().unwrap().to_owned();
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        let known = text
            .lines()
            .filter_map(|line| line.strip_prefix("{\"ie\":")?.strip_suffix('}')?.split_once(','))
            .map(|(number, body)| (body.to_owned(), number.parse().unwrap()))
            .collect();
        Self {
            known,
            names: count("{\"in\":") + 1,
            expressions: count("{\"ie\":"),
            text,
        }
    }

    fn expression(&mut self, body: &str) -> usize {
        if let Some(number) = self.known.get(body) {
            return *number;
        }
        let number = self.expressions;
        writeln!(self.text, "{{\"ie\":{number},{body}}}").unwrap();
        self.known.insert(body.to_owned(), number);
        self.expressions += 1;
        number
    }

    fn application(&mut self, function: usize, argument: usize) -> usize {
        self.expression(&format!("\"app\":{{\"fn\":{function},\"arg\":{argument}}}"))
    }

    fn constant(&mut self, dotted: &str) -> usize {
        let name = self.name_of(dotted);
        self.expression(&format!("\"const\":{{\"name\":{name},\"us\":[]}}"))
    }

    fn name_of(&self, dotted: &str) -> usize {
        dotted.split('.').fold(0, |prefix, last| {
            let wanted = format!(",\"str\":{{\"pre\":{prefix},\"str\":\"{last}\"}}}}");
            let line = self.text.lines().find(|line| line.ends_with(&wanted)).unwrap();
            line[6..].split(',').next().unwrap().parse().unwrap()
        })
    }

    fn new_name(&mut self, last: &str) -> usize {
        let root = self.name_of("Aimds");
        writeln!(
            self.text,
            "{{\"in\":{},\"str\":{{\"pre\":{root},\"str\":\"{last}\"}}}}",
            self.names
        )
        .unwrap();
        self.names += 1;
        self.names - 1
    }

    fn define(&mut self, last: &str, kind: usize, value: usize) {
        let name = self.new_name(last);
        writeln!(
            self.text,
            "{{\"def\":{{\"name\":{name},\"levelParams\":[],\"type\":{kind},\"value\":{value},\"hints\":{{\"regular\":9}},\"safety\":\"safe\",\"all\":[{name}]}}}}"
        )
        .unwrap();
    }

    /// Ends with a verdict that says that `term : Bool` is true.
    fn claim(mut self, term: usize) -> String {
        let [bool, truth] = ["Bool", "Bool.true"].map(|name| self.constant(name));
        let [equal, refl] = ["Eq", "Eq.refl"].map(|name| self.name_of(name));
        let equal = self.expression(&format!("\"const\":{{\"name\":{equal},\"us\":[3]}}"));
        let equal = self.application(equal, bool);
        let statement = self.application(equal, term);
        let statement = self.application(statement, truth);
        let refl = self.expression(&format!("\"const\":{{\"name\":{refl},\"us\":[3]}}"));
        let proof = self.application(refl, bool);
        let proof = self.application(proof, term);
        let name = self.new_name("verdict");
        writeln!(
            self.text,
            "{{\"thm\":{{\"name\":{name},\"levelParams\":[],\"type\":{statement},\"value\":{proof},\"all\":[{name}]}}}}"
        )
        .unwrap();
        self.text
    }
}

fn ends_with(stream: &str, budget: &Budget) -> Outcome {
    let start = Instant::now();
    let outcome = check_stream(stream.as_bytes(), budget);
    // The budget's time, and as much again for a loaded machine.
    assert!(start.elapsed() < budget.time_max * 2, "{:?}", start.elapsed());
    outcome
}

/// A budget in which only depth, steps, nodes and time bound.
const WIDE: Budget = Budget {
    stream_bytes_max: 64 * 1024 * 1024,
    records_max: 3_000_000,
    expressions_max: 3_000_000,
    ..Budget::DECISION
};

/// Negations nested a hundred thousand deep: first the number of expressions stops them, then, without it, the depth.
#[test]
fn deep_nesting() {
    let mut bomb = Bomb::new();
    let not = bomb.constant("Aimds.not");
    let mut term = bomb.constant("Bool.true");
    for _ in 0..100_000 {
        term = bomb.application(not, term);
    }
    let stream = bomb.claim(term);
    assert_eq!(
        ends_with(&stream, &Budget::DECISION),
        Outcome::Inconclusive(Limit::StreamBytes)
    );
    assert_eq!(ends_with(&stream, &WIDE), Outcome::Inconclusive(Limit::Depth));
}

/// A number of twenty thousand bits compared with itself stays within the stack, whatever the outcome.
#[test]
fn huge_numbers() {
    let mut bomb = Bomb::new();
    let one = bomb.constant("Aimds.Bin.b1");
    let mut number = bomb.constant("Aimds.Bin.nil");
    for _ in 0..20_000 {
        number = bomb.application(one, number);
    }
    let compare = bomb.constant("Aimds.leq");
    let term = bomb.application(compare, number);
    let term = bomb.application(term, number);
    let stream = bomb.claim(term);
    let tight = Budget {
        depth_max: 10_000,
        ..Budget::DECISION
    };
    assert_eq!(ends_with(&stream, &tight), Outcome::Inconclusive(Limit::Depth));
    assert!(!matches!(
        ends_with(&stream, &Budget::DECISION),
        Outcome::Rejected(_)
    ));
}

/// Definitions each of which calls the one before twice: 2^40 calls, if nothing were shared.
#[test]
fn doubling_definitions() {
    let mut bomb = Bomb::new();
    let bin = bomb.constant("Aimds.Bin");
    let kind = bomb.expression(&format!(
        "\"forallE\":{{\"name\":9,\"type\":{bin},\"body\":{bin},\"binderInfo\":\"default\"}}"
    ));
    // rule_1 x = pred x; rule_n x = rule_(n-1) (rule_(n-1) x).
    let variable = 1;
    let mut step = bomb.constant("Aimds.pred");
    for number in 1..=30 {
        let once = bomb.application(step, variable);
        let twice = bomb.application(step, once);
        let value = bomb.expression(&format!(
            "\"lam\":{{\"name\":9,\"type\":{bin},\"body\":{twice},\"binderInfo\":\"default\"}}"
        ));
        let name = format!("rule_{number}");
        bomb.define(&name, kind, value);
        step = bomb.constant(&format!("Aimds.{name}"));
    }
    let zero = bomb.constant("Aimds.Bin.nil");
    let mut large = zero;
    let one = bomb.constant("Aimds.Bin.b1");
    for _ in 0..40 {
        large = bomb.application(one, large);
    }
    let number = bomb.application(step, large);
    let is_zero = bomb.constant("Aimds.isZ");
    let term = bomb.application(is_zero, number);
    let outcome = ends_with(&bomb.claim(term), &Budget::DECISION);
    assert!(
        matches!(
            outcome,
            Outcome::Inconclusive(Limit::Depth | Limit::Nodes | Limit::Steps | Limit::Time)
        ),
        "{outcome:?}"
    );
}

/// A million records.
#[test]
fn a_million_records() {
    let mut bomb = Bomb::new();
    for index in 100..1_000_100 {
        bomb.expression(&format!("\"bvar\":{index}"));
    }
    let truth = bomb.constant("Bool.true");
    let stream = bomb.claim(truth);
    assert_eq!(
        ends_with(&stream, &Budget::DECISION),
        Outcome::Inconclusive(Limit::StreamBytes)
    );
    let records = Budget {
        records_max: 60_000,
        ..WIDE
    };
    assert_eq!(
        ends_with(&stream, &records),
        Outcome::Inconclusive(Limit::Records)
    );
    let expressions = Budget {
        expressions_max: 50_000,
        ..WIDE
    };
    assert_eq!(
        ends_with(&stream, &expressions),
        Outcome::Inconclusive(Limit::Expressions)
    );
}

/// Data beyond their bounds are no policy and no trace; the error is a limit.
#[test]
fn data_beyond_their_bounds() {
    let event = |time_ms| Event::new(time_ms, Vec::new(), Value::No).unwrap();
    let is_limit = |error: LogicError| error.code() == "logic.limit";
    assert!(Trace::new((0..200).map(event).collect()).is_ok());
    assert!(is_limit(Trace::new((0..5_000).map(event).collect()).unwrap_err()));
    let facts = |count: u32| {
        (1..=count)
            .map(|number| (AtomId::new(number).unwrap(), Value::Yes))
            .collect()
    };
    assert!(Event::new(0, facts(2_000), Value::No).is_ok());
    assert!(is_limit(Event::new(0, facts(2_001), Value::No).unwrap_err()));
    assert!(is_limit(Event::new(1 << 31, Vec::new(), Value::No).unwrap_err()));
    assert!(is_limit(AtomId::new(65_536).unwrap_err()));
    assert_eq!(AtomId::new(0).unwrap_err().code(), "logic.atom_zero");
    let twice = vec![
        (AtomId::new(3).unwrap(), Value::Yes),
        (AtomId::new(3).unwrap(), Value::No),
    ];
    assert_eq!(
        Event::new(0, twice, Value::No).unwrap_err().code(),
        "logic.atom_twice"
    );
    assert_eq!(
        Event::new(0, Vec::new(), Value::Yes).unwrap_err().code(),
        "logic.absent"
    );
    let nested = |depth: usize| (1..depth).fold(Form::True, |form, _| Form::Not(Box::new(form)));
    assert!(Policy::new(vec![Rule::Deny(nested(64))]).is_ok());
    assert!(is_limit(Policy::new(vec![Rule::Deny(nested(65))]).unwrap_err()));
    assert!(is_limit(
        Policy::new(vec![Rule::Deny(Form::True); 65]).unwrap_err()
    ));
    let window = Form::Once {
        from_ms: 0,
        to_ms: 1 << 31,
        form: Box::new(Form::True),
    };
    assert!(is_limit(Policy::new(vec![Rule::Deny(window)]).unwrap_err()));
}

/// The largest policy over the largest trace ends within the budget, and not with a rejection.
#[test]
fn largest_data_end_in_time() {
    let window = |number: u32| Form::Count {
        from_ms: 1,
        to_ms: 1_000_000,
        at_least: 150,
        form: Box::new(Form::Or(
            Box::new(Form::Atom(AtomId::new(number % 9 + 1).unwrap())),
            Box::new(Form::Once {
                from_ms: 0,
                to_ms: 1_000_000,
                form: Box::new(Form::Atom(AtomId::new(60_000).unwrap())),
            }),
        )),
    };
    let rules = (0..64).map(|number| Rule::Deny(window(number))).collect();
    let facts = |at: u32| {
        (1..=10)
            .map(|number| (AtomId::new(number * 6_000 + at).unwrap(), Value::Yes))
            .collect()
    };
    let events = (0..200)
        .map(|at| Event::new(u64::from(at) * 1_000, facts(at), Value::No).unwrap())
        .collect();
    let start = Instant::now();
    let certified = aimds_proof::Certificate::build(
        Policy::new(rules).unwrap(),
        Trace::new(events).unwrap(),
        &Budget::DECISION,
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    if let Ok(certified) = certified {
        assert!(
            !matches!(certified.outcome, Outcome::Rejected(_)),
            "{:?}",
            certified.outcome
        );
    }
}
