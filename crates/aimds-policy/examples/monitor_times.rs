//! Times of the monitor and of whole sessions on the shipped policies, all in one set.
//!
//! `cargo run --release -p aimds-policy --example monitor_times`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring program may stop, and prints what it measured"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use aimds_policy::monitor::{Monitor, Program, Relations};
use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::{Engine, Session};
use aimds_proof::logic::{AtomId, Form, Value};
use common::bundle_of;
use std::sync::Arc;
use std::time::Instant;

/// The starter set is not among them: it says again what the others say.
const FILES: [&str; 10] = [
    "no_pii_leakage",
    "no_secrets",
    "no_jailbreak",
    "no_exfiltration",
    "tool_constraints",
    "approval",
    "rate_limits",
    "no_prompt_leak",
    "agent_isolation",
    "data_residency",
];

struct Never;

impl Relations for Never {
    fn value(&self, _sequence: u64, _atom: AtomId) -> Value {
        Value::No
    }
}

fn engine(files: &[&str]) -> Arc<Engine> {
    let imports: Vec<String> = files
        .iter()
        .map(|name| format!("import \"{name}.policy\""))
        .collect();
    let imports = imports.join("\n");
    let text = format!(
        "{imports}\nset everything = {{ {} }} default allow",
        files.join(", ")
    );
    let bundle = bundle_of(&text);
    Arc::new(Engine::new(bundle.set("everything").unwrap().clone()).unwrap())
}

fn event(number: u64) -> EventRecord {
    let kinds = ["prompt", "tool_call", "tool_result", "response"];
    let kind = kinds[(number % 4) as usize];
    let call = kind == "tool_call";
    EventRecord {
        id: Some(format!("e{number}")),
        time_ms: number * 700,
        kind: kind.into(),
        role: Some(["user", "assistant", "tool", "assistant"][(number % 4) as usize].into()),
        trust: Some(["user", "user", "untrusted", "user"][(number % 4) as usize].into()),
        tool: (call || kind == "tool_result").then(|| "email.send".into()),
        arguments: call.then(|| {
            vec![
                (
                    "to".into(),
                    RecordValue::List(vec![RecordValue::Text(format!("user{number}@corp.example"))]),
                ),
                (
                    "body".into(),
                    RecordValue::Text(format!("Notes of meeting {number}: all agreed on the plan")),
                ),
            ]
        }),
        text: (!call).then(|| {
            format!("Paragraph {number} of an ordinary page about gardens, weather and trains. ").repeat(8)
        }),
        scores: [
            "secret",
            "personal_data",
            "jailbreak_roleplay",
            "instruction_override",
            "indirect_injection",
            "data_exfiltration",
            "canary_leak",
            "prompt_leak",
            "self_replication",
            "manipulation_loop",
            "harmful_request",
            "multi_turn_escalation",
        ]
        .iter()
        .map(|name| ((*name).to_owned(), 10))
        .collect(),
        covered: true,
        ..EventRecord::default()
    }
}

fn print(name: &str, rules: usize, mut micros: Vec<f64>) {
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
    println!(
        "{name}: {rules} rules, {} events, p50 {:.1} us, p99 {:.1} us",
        micros.len(),
        at(0.5),
        at(0.99)
    );
}

fn measure(files: &[&str]) {
    let engine = engine(files);
    let set = engine.set();
    let records: Vec<EventRecord> = (0..20_000).map(event).collect();
    let facts: Vec<_> = records
        .iter()
        .map(|record| aimds_policy::extract::facts(&set.atoms, &set.schema, record))
        .collect();
    let forms: Vec<&Form> = set.rules.iter().map(|rule| &rule.body.form).collect();
    let is_relation = |id| {
        set.atoms
            .atom(id)
            .is_some_and(aimds_policy::atoms::Atom::is_relation)
    };
    let mut monitor = Monitor::new(Arc::new(Program::new(&forms, &is_relation).unwrap()));
    let mut micros = Vec::new();
    for (record, facts) in records.iter().zip(&facts) {
        let begin = Instant::now();
        std::hint::black_box(monitor.step(record.time_ms, facts, Value::No, &Never));
        micros.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    println!(
        "state of the monitor: {} bytes, {} atoms",
        monitor.export().len(),
        set.atoms.len()
    );
    print("monitor", set.rules.len(), micros);
    let mut session = Session::new(Arc::clone(&engine));
    let mut micros = Vec::new();
    for record in &records {
        let begin = Instant::now();
        std::hint::black_box(session.judge(record));
        micros.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    print("session with extraction and taint", set.rules.len(), micros);
}

/// The longest texts that taint tracking reads: as many pages as a session remembers, then a call as long.
fn measure_worst() {
    let mut session = Session::new(engine(&FILES));
    let text = |seed: u64| {
        let words =
            (0..6_000_u64).map(|index| format!("{:x}", (index + seed * 7_919).wrapping_mul(0x9e37_79b9)));
        words.collect::<Vec<_>>().join(" ")
    };
    for number in 0..200 {
        let mut page = event(2);
        page.id = Some(format!("p{number}"));
        page.time_ms = number;
        page.text = Some(text(number));
        session.judge(&page);
    }
    let mut call = event(1);
    call.time_ms = 300;
    call.arguments = Some(vec![("body".into(), RecordValue::Text(text(1_000)))]);
    let begin = Instant::now();
    std::hint::black_box(session.judge(&call));
    println!(
        "longest texts: {:.1} ms for the call",
        begin.elapsed().as_secs_f64() * 1e3
    );
}

fn main() {
    measure(&FILES[..6]);
    measure(&FILES);
    measure_worst();
}
