//! Runs the tests of a bundle, and says what they did not reach.

use crate::bundle::Bundle;
use crate::coverage::Coverage;
use crate::diagnostic::Span;
use crate::record::{EventRecord, RecordValue};
use crate::schema::{CALL_KIND, Schema};
use crate::session::{Decision, Engine, Session};
use crate::syntax::{Expectation, GivenDetail, GivenEvent, Literal, TestItem, TestStep, TestValue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An expectation that was not met, or a line that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The line.
    pub span: Span,
    /// What was wrong.
    pub message: String,
}

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The test's name.
    pub name: String,
    /// The policy set.
    pub set: String,
    /// Nothing if it passed.
    pub failures: Vec<Failure>,
    /// Expectations that were checked.
    pub checked: usize,
}

/// What came of all tests.
#[derive(Debug, Default)]
pub struct Report {
    /// One for each test, in the order of the text.
    pub outcomes: Vec<Outcome>,
    /// What the tests reached, for each set that has tests.
    pub coverage: BTreeMap<String, Coverage>,
}

impl Report {
    /// Whether every test passed.
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.failures.is_empty())
    }
}

/// Runs every test of a bundle.
pub fn run(bundle: &Bundle) -> Report {
    run_with(bundle, &mut |_, _| {})
}

/// Runs every test of a bundle, and shows each checked decision together with its session to `observe`.
pub fn run_with(bundle: &Bundle, observe: &mut dyn FnMut(&Session, &Decision)) -> Report {
    let mut report = Report::default();
    let mut engines: BTreeMap<String, Arc<Engine>> = BTreeMap::new();
    for test in &bundle.tests {
        let name = &test.set.value;
        if !engines.contains_key(name) {
            let Some(engine) = bundle.set(name).and_then(|set| Engine::new(set.clone()).ok()) else {
                report.outcomes.push(unrunnable(test));
                continue;
            };
            report.coverage.insert(name.clone(), Coverage::new(engine.set()));
            engines.insert(name.clone(), Arc::new(engine));
        }
        if let (Some(engine), Some(coverage)) = (engines.get(name), report.coverage.get_mut(name)) {
            report.outcomes.push(run_one(test, engine, coverage, observe));
        }
    }
    report
}

fn unrunnable(test: &TestItem) -> Outcome {
    Outcome {
        name: test.name.value.clone(),
        set: test.set.value.clone(),
        failures: vec![Failure {
            span: test.set.span,
            message: format!("the set `{}` cannot be run", test.set.value),
        }],
        checked: 0,
    }
}

fn run_one(
    test: &TestItem,
    engine: &Arc<Engine>,
    coverage: &mut Coverage,
    observe: &mut dyn FnMut(&Session, &Decision),
) -> Outcome {
    let mut session = Session::new(Arc::clone(engine));
    let mut outcome = Outcome {
        name: test.name.value.clone(),
        set: test.set.value.clone(),
        failures: Vec::new(),
        checked: 0,
    };
    let mut last: Option<Decision> = None;
    for step in &test.steps {
        match step {
            TestStep::Given(given) => match record(
                given,
                &engine.set().schema,
                last.as_ref().map_or(0, |decision| decision.sequence + 1),
            ) {
                Ok(record) => last = Some(session.judge(&record)),
                Err(failure) => outcome.failures.push(failure),
            },
            TestStep::Expect(expectation) => match &last {
                Some(decision) => {
                    outcome.checked += 1;
                    outcome.failures.extend(check(expectation, decision, engine));
                    coverage.observe(engine.set(), decision, &session.past());
                    observe(&session, decision);
                }
                None => outcome.failures.push(Failure {
                    span: expectation.span,
                    message: "nothing is given before this".into(),
                }),
            },
        }
    }
    if outcome.checked == 0 && outcome.failures.is_empty() {
        outcome.failures.push(Failure {
            span: test.span,
            message: "this test expects nothing; add `expect ..`".into(),
        });
    }
    outcome
}

fn check(expectation: &Expectation, decision: &Decision, engine: &Engine) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |message: String| {
        failures.push(Failure {
            span: expectation.span,
            message,
        });
    };
    let fired: Vec<&str> = decision.fired.iter().map(|fired| fired.name.as_str()).collect();
    let shown = if fired.is_empty() {
        "no rule".into()
    } else {
        fired.join(", ")
    };
    if expectation.verdict.value != decision.verdict.text() {
        fail(format!(
            "expected {}, got {}; fired: {shown}",
            expectation.verdict.value,
            decision.verdict.text()
        ));
    }
    for name in expectation.by.iter().chain(&expectation.without) {
        if engine.set().rule(&name.value).is_none() {
            fail(format!("the set has no policy `{}`", name.value));
        }
    }
    for name in expectation
        .by
        .iter()
        .filter(|name| !decision.has_fired(&name.value))
    {
        fail(format!("`{}` did not fire; fired: {shown}", name.value));
    }
    for name in expectation
        .without
        .iter()
        .filter(|name| decision.has_fired(&name.value))
    {
        fail(format!("`{}` fired", name.value));
    }
    failures
}

/// The event that a line of a test tells of. What it leaves out has its usual value: a test says `unknown` when it means it.
fn record(given: &GivenEvent, schema: &Schema, number: u64) -> Result<EventRecord, Failure> {
    let fail = |span: Span, message: String| Failure { span, message };
    let Some(kind) = concrete_kind(&given.kind.value, given.tool.is_some(), schema) else {
        return Err(fail(
            given.kind.span,
            format!("there is no event kind `{}`", given.kind.value),
        ));
    };
    let role = usual_role(&kind)
        .filter(|role| schema.roles.contains(*role))
        .map(str::to_owned);
    let mut record = EventRecord {
        id: Some(match given.variable.value.as_str() {
            "_" => format!("_{number}"),
            name => name.to_owned(),
        }),
        time_ms: given.at_ms.value,
        trust: role.as_deref().and_then(|role| usual_trust(role, schema)),
        role,
        tool: given.tool.as_ref().map(|tool| tool.value.clone()),
        arguments: (kind == CALL_KIND).then(Vec::new),
        text: (kind != CALL_KIND).then(String::new),
        scores: schema
            .detectors
            .iter()
            .map(|detector| (detector.clone(), 0))
            .collect(),
        covered: true,
        kind,
        ..EventRecord::default()
    };
    for (name, value) in &given.arguments {
        if record.arguments.is_none() {
            return Err(fail(name.span, "only tool calls have arguments".into()));
        }
        if schema.argument(&name.value).is_none() {
            return Err(fail(
                name.span,
                format!("no tool has an argument `{}`", name.value),
            ));
        }
        let value = match value {
            None => continue,
            Some(TestValue::One(literal)) => plain(literal),
            Some(TestValue::List(all)) => RecordValue::List(all.iter().map(plain).collect()),
        };
        record
            .arguments
            .get_or_insert_default()
            .push((name.value.clone(), value));
    }
    // The role first: it brings its usual trust, which must not take the place of one that is told.
    let is_role = |detail: &&GivenDetail| matches!(detail, GivenDetail::Role(_));
    let (roles, others): (Vec<_>, Vec<_>) = given.details.iter().partition(is_role);
    for detail in roles.into_iter().chain(others) {
        apply(detail, &mut record, schema)?;
    }
    Ok(record)
}

fn apply(detail: &GivenDetail, record: &mut EventRecord, schema: &Schema) -> Result<(), Failure> {
    let unknown_name = |name: &crate::diagnostic::Name, what: &str| Failure {
        span: name.span,
        message: format!("there is no {what} `{}`", name.value),
    };
    match detail {
        GivenDetail::Trust(Some(label)) if schema.level(&label.value).is_none() => {
            return Err(unknown_name(label, "trust label"));
        }
        GivenDetail::Role(Some(role)) if !schema.roles.contains(&role.value) => {
            return Err(unknown_name(role, "role"));
        }
        GivenDetail::Score(detector, _) if !schema.detectors.contains(&detector.value) => {
            return Err(unknown_name(detector, "detector"));
        }
        GivenDetail::Attribute(name, _) if !schema.attributes.contains_key(&name.value) => {
            return Err(unknown_name(name, "attribute"));
        }
        GivenDetail::Trust(label) => record.trust = label.as_ref().map(|label| label.value.clone()),
        GivenDetail::Role(role) => {
            record.role = role.as_ref().map(|role| role.value.clone());
            record.trust = record.role.as_deref().and_then(|role| usual_trust(role, schema));
        }
        GivenDetail::Text(text) => record.text = text.as_ref().map(|text| text.value.clone()),
        GivenDetail::From(name) => record.references.push(name.value.clone()),
        GivenDetail::For(name) => record.about.push(name.value.clone()),
        GivenDetail::Score(detector, score) => {
            record.scores.retain(|(name, _)| *name != detector.value);
            if let Some(score) = score {
                let thousandths = match &score.value {
                    Literal::Integer(whole @ 0..=1) => *whole as u16 * 1_000,
                    Literal::Decimal(0, fraction) => format!("{fraction:0<3}").parse().unwrap_or(1_000),
                    _ => {
                        return Err(Failure {
                            span: score.span,
                            message: "a score lies between 0 and 1".into(),
                        });
                    }
                };
                record.scores.push((detector.value.clone(), thousandths));
            }
        }
        GivenDetail::Attribute(name, value) => {
            record.attributes.retain(|(own, _)| *own != name.value);
            if let Some(value) = value {
                record.attributes.push((name.value.clone(), plain(&value.value)));
            }
        }
        GivenDetail::Unseen => record.covered = false,
    }
    Ok(())
}

fn plain(literal: &Literal) -> RecordValue {
    match literal {
        Literal::Integer(number) => i64::try_from(*number).map_or(RecordValue::Null, RecordValue::Integer),
        Literal::Decimal(whole, fraction) => RecordValue::Decimal(format!("{whole}.{fraction}")),
        Literal::Text(text) | Literal::Name(text) => RecordValue::Text(text.clone()),
        Literal::Flag(flag) => RecordValue::Flag(*flag),
        Literal::DurationMs(duration_ms) => {
            i64::try_from(*duration_ms).map_or(RecordValue::Null, RecordValue::Integer)
        }
        Literal::Set(members) => {
            RecordValue::List(members.iter().map(|member| plain(&member.value)).collect())
        }
    }
}

/// A group stands for the member that fits: a result if a tool is named, else a document.
fn concrete_kind(name: &str, has_tool: bool, schema: &Schema) -> Option<String> {
    let kinds = schema.kinds_of(name)?;
    let likely = if has_tool { "tool_result" } else { "document" };
    kinds.get(likely).or_else(|| kinds.first()).cloned()
}

fn usual_role(kind: &str) -> Option<&'static str> {
    match kind {
        "prompt" | "approval" | "revocation" => Some("user"),
        "document" | "tool_result" => Some("tool"),
        CALL_KIND | "response" => Some("assistant"),
        _ => None,
    }
}

/// As `python/aimds/records.py` has it: the operator's word counts most, then the user's, tools and agents carry no orders.
fn usual_trust(role: &str, schema: &Schema) -> Option<String> {
    match role {
        "system" => schema.labels.last().cloned(),
        "user" | "assistant" => schema.labels.iter().find(|label| *label == "user").cloned(),
        _ => schema.labels.first().cloned(),
    }
}
