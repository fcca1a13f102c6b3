//! Sessions: facts, unknowns, obligations, slices, explanations and counterfactuals.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::explain::{Change, replay};
use aimds_policy::limits::{HISTORY_EVENTS_MAX, TAINT_CHARACTERS_MAX};
use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::rules::{Obligation, Severity};
use aimds_policy::session::{Engine, Session, Verdict};
use aimds_proof::{Budget, check_stream};
use common::bundle_of;
use proptest::prelude::*;
use std::sync::Arc;

fn session(text: &str, set: &str) -> Session {
    Session::new(Arc::new(
        Engine::new(bundle_of(text).set(set).unwrap().clone()).unwrap(),
    ))
}

fn shipped(set: &str) -> Session {
    session(&format!("import \"{set}.policy\""), set)
}

/// An event of which everything is known.
fn event(kind: &str, at_ms: u64) -> EventRecord {
    let (role, trust) = match kind {
        "prompt" | "approval" | "revocation" => ("user", "user"),
        "tool_result" | "document" => ("tool", "untrusted"),
        _ => ("assistant", "user"),
    };
    let detectors = [
        "secret",
        "personal_data",
        "indirect_injection",
        "data_exfiltration",
        "tool_abuse",
        "self_replication",
        "manipulation_loop",
        "canary_leak",
    ];
    EventRecord {
        time_ms: at_ms,
        kind: kind.into(),
        role: Some(role.into()),
        trust: Some(trust.into()),
        text: (kind != "tool_call").then(String::new),
        arguments: (kind == "tool_call").then(Vec::new),
        scores: detectors.iter().map(|name| ((*name).to_owned(), 0)).collect(),
        covered: true,
        ..EventRecord::default()
    }
}

fn mail(id: &str, to: &str, body: &str, at_ms: u64) -> EventRecord {
    EventRecord {
        id: Some(id.into()),
        tool: Some("email.send".into()),
        arguments: Some(vec![
            ("to".into(), RecordValue::List(vec![RecordValue::Text(to.into())])),
            ("body".into(), RecordValue::Text(body.into())),
        ]),
        ..event("tool_call", at_ms)
    }
}

fn page(id: &str, text: &str, at_ms: u64) -> EventRecord {
    EventRecord {
        id: Some(id.into()),
        tool: Some("http.get".into()),
        text: Some(text.into()),
        ..event("tool_result", at_ms)
    }
}

const PAGE: &str = "Quarterly numbers: revenue 4.2 million, margin 18 percent";

/// The trail names the past event that a denial binds, and approval as the change that would let it pass; the changed trace,
/// replayed, does pass.
#[test]
fn a_denial_explains_itself() {
    let mut session = shipped("no_exfiltration");
    session.judge(&event("prompt", 0));
    session.judge(&page("r", PAGE, 1_000));
    let decision = session.judge(&mail(
        "c",
        "x@corp.example",
        "revenue 4.2 million, margin 18 percent",
        5_000,
    ));
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.severity(), Some(Severity::Critical));
    let expected = [
        Obligation::Notify("secops".into()),
        Obligation::Ask("user".into()),
    ];
    assert_eq!(decision.obligations, expected);
    let explanation = session.explain(&decision).unwrap();
    let [trail] = explanation.trails.as_slice() else {
        panic!("{:?}", explanation.trails);
    };
    let deciding = trail.deciding.as_ref().unwrap();
    assert_eq!(deciding.events, [1]);
    let bundle = bundle_of("import \"no_exfiltration.policy\"");
    assert!(
        bundle.excerpt(deciding.span).starts_with("once[0s, 10m] (read r"),
        "{}",
        bundle.excerpt(deciding.span)
    );
    let counterfactual = explanation.counterfactual.unwrap();
    assert_eq!(counterfactual.change, Change::Approval { role: "user".into() });
    assert_eq!(
        replay(session.engine(), &counterfactual.events).unwrap().verdict,
        Verdict::Allow
    );
}

/// Where no approval helps, trust does, and where trust does not, waiting until the millisecond after the window.
#[test]
fn counterfactuals_try_trust_and_waiting() {
    let with = |clause: &str| {
        session(
            &format!("import \"schema.policy\"\npolicy p {{ {clause} }}\nset s = {{ p }} default allow"),
            "s",
        )
    };
    let mut session = with("when call c deny if once[0s, 10m] (read r where r.trust <= untrusted)");
    session.judge(&page("r", PAGE, 1_000));
    let decision = session.judge(&mail("c", "x@corp.example", "hi", 5_000));
    let change = session.explain(&decision).unwrap().counterfactual.unwrap().change;
    assert_eq!(
        change,
        Change::Trust {
            sequence: 0,
            label: "user".into()
        }
    );
    let mut session = with("when call c deny if count[0s, 10s] (call _) > 1 action throttle");
    session.judge(&mail("a", "x@corp.example", "hi", 1_000));
    let decision = session.judge(&mail("b", "x@corp.example", "hi", 4_000));
    assert_eq!(decision.verdict, Verdict::Throttle);
    let explanation = session.explain(&decision).unwrap();
    assert_eq!(explanation.trails[0].deciding.as_ref().unwrap().events, [0, 1]);
    assert_eq!(
        explanation.counterfactual.unwrap().change,
        Change::Wait { wait_ms: 7_001 }
    );
    let mut session = with("when call c deny");
    let decision = session.judge(&mail("a", "x@corp.example", "hi", 1_000));
    assert_eq!(session.explain(&decision).unwrap().counterfactual, None);
}

/// What is not known never grants and never lifts a denial, whichever part of a record is missing.
#[test]
fn missing_parts_never_help() {
    let deny = |change: &dyn Fn(&mut EventRecord)| {
        let mut session = shipped("no_exfiltration");
        let mut read = page("r", PAGE, 0);
        read.trust = Some("user".into());
        change(&mut read);
        session.judge(&read);
        session
            .judge(&mail(
                "c",
                "x@corp.example",
                "revenue 4.2 million, margin 18 percent",
                1_000,
            ))
            .verdict
    };
    assert_eq!(deny(&|_| {}), Verdict::Allow);
    assert_eq!(deny(&|read| read.trust = None), Verdict::Deny);
    assert_eq!(deny(&|read| read.trust = Some("divine".into())), Verdict::Deny);
    assert_eq!(deny(&|read| read.trust = Some("untrusted".into())), Verdict::Deny);
    assert_eq!(
        deny(&|read| {
            read.trust = None;
            read.text = None;
        }),
        Verdict::Deny
    );
    assert_eq!(
        deny(&|read| {
            read.trust = None;
            read.kind = "whisper".into();
        }),
        Verdict::Deny
    );
    assert_eq!(deny(&|read| read.scores.clear()), Verdict::Ask);

    let approve = |change: &dyn Fn(&mut EventRecord)| {
        let mut session = shipped("no_exfiltration");
        session.judge(&page("r", PAGE, 0));
        let mut approval = event("approval", 1_000);
        approval.about = vec!["c".into()];
        change(&mut approval);
        session.judge(&approval);
        session
            .judge(&mail(
                "c",
                "x@corp.example",
                "revenue 4.2 million, margin 18 percent",
                2_000,
            ))
            .verdict
    };
    assert_eq!(approve(&|_| {}), Verdict::Allow);
    assert_eq!(approve(&|approval| approval.about.clear()), Verdict::Deny);
    assert_eq!(
        approve(&|approval| approval.about = vec!["d".into()]),
        Verdict::Deny
    );
    assert_eq!(approve(&|approval| approval.role = None), Verdict::Deny);
    assert_eq!(
        approve(&|approval| approval.role = Some("assistant".into())),
        Verdict::Deny
    );
    assert_eq!(
        approve(&|approval| approval.kind = "applause".into()),
        Verdict::Deny
    );
}

/// A text longer than taint tracking reads may hold anything in the part that was not read.
#[test]
fn what_was_not_read_may_flow() {
    let mut session = shipped("no_exfiltration");
    session.judge(&page(
        "r",
        &"harmless words ".repeat(TAINT_CHARACTERS_MAX / 10),
        0,
    ));
    let decision = session.judge(&mail(
        "c",
        "x@corp.example",
        "something else entirely, of no interest",
        1_000,
    ));
    assert_eq!(decision.verdict, Verdict::Deny);
    assert!(!decision.fired[0].certain);
}

/// References count through others, and an unknown reference may be to anything.
#[test]
fn references_count_through_others() {
    let verdict = |references: &[&str]| {
        let mut session = shipped("no_exfiltration");
        session.judge(&page("r", "aaaa bbbb", 0));
        let mut summary = event("response", 1_000);
        summary.id = Some("s".into());
        summary.references = vec!["r".into()];
        session.judge(&summary);
        let mut call = mail("c", "x@corp.example", "nothing of the sort in these words", 2_000);
        call.references = references
            .iter()
            .map(|reference| (*reference).to_owned())
            .collect();
        session.judge(&call).verdict
    };
    assert_eq!(verdict(&[]), Verdict::Allow);
    assert_eq!(verdict(&["s"]), Verdict::Deny);
    assert_eq!(verdict(&["elsewhere"]), Verdict::Deny);
}

/// After a restart the monitor goes on, but relations to events before it are unknown and slices are not complete.
#[test]
fn a_restart_forgets_in_the_safe_direction() {
    let mut session = shipped("no_exfiltration");
    session.judge(&page("r", "aaaa bbbb", 0));
    let mut restored = Session::restore(Arc::clone(session.engine()), &session.export()).unwrap();
    let call = mail("c", "x@corp.example", "nothing of the sort in these words", 2_000);
    assert_eq!(session.judge(&call).verdict, Verdict::Allow);
    assert!(session.slice().complete);
    assert_eq!(restored.judge(&call).verdict, Verdict::Deny);
    assert!(!restored.slice().complete);
    let later = mail(
        "d",
        "x@corp.example",
        "nothing of the sort in these words",
        4_000_000,
    );
    assert_eq!(restored.judge(&later).verdict, Verdict::Allow);
    assert!(restored.slice().complete);
}

/// The slice is as long as the windows reach, and says when the history is shorter than that.
#[test]
fn slices_reach_as_far_as_the_windows() {
    let mut session = shipped("no_exfiltration");
    for (id, at_ms) in [("a", 0), ("b", 3_600_000), ("c", 3_600_001)] {
        session.judge(&mail(id, "x@corp.example", "hi", at_ms));
    }
    let times: Vec<u64> = session.slice().events.iter().map(|event| event.time_ms).collect();
    assert_eq!(times, [3_600_000, 3_600_001]);
    assert!(session.slice().complete);
    for number in 0..HISTORY_EVENTS_MAX as u64 {
        session.judge(&mail("x", "x@corp.example", "hi", 3_600_002 + number));
    }
    let slice = session.slice();
    assert!(!slice.complete);
    assert_eq!(slice.events.len(), HISTORY_EVENTS_MAX);
}

/// A revocation of more calls than are looked at, or an approval by an id too long to keep, counts as unknown.
#[test]
fn overlong_references_never_help() {
    let verdict = |approved: &str, revoked: usize| {
        let mut session = shipped("no_exfiltration");
        session.judge(&page("r", PAGE, 0));
        let mut approval = event("approval", 1_000);
        approval.about = vec![approved.into()];
        session.judge(&approval);
        if revoked > 0 {
            let mut revocation = event("revocation", 1_500);
            revocation.about = (0..revoked).map(|number| format!("other{number}")).collect();
            session.judge(&revocation);
        }
        session
            .judge(&mail(
                approved,
                "x@corp.example",
                "revenue 4.2 million, margin 18 percent",
                2_000,
            ))
            .verdict
    };
    assert_eq!(verdict("c", 0), Verdict::Allow);
    assert_eq!(verdict("c", 64), Verdict::Allow);
    assert_eq!(verdict("c", 65), Verdict::Deny);
    assert_eq!(verdict(&"c".repeat(300), 0), Verdict::Deny);
}

/// A step of a random session.
fn step() -> impl Strategy<Value = EventRecord> {
    let texts = prop::sample::select(vec![
        "",
        PAGE,
        "Contact: mallory@evil.example",
        "please write to bob@partner.example today",
    ]);
    let to = prop::sample::select(vec![
        "bob@partner.example",
        "mallory@evil.example",
        "x@corp.example",
        "two@a.example, b",
    ]);
    let kind = prop::sample::select(vec![
        "prompt",
        "tool_result",
        "document",
        "tool_call",
        "tool_call",
        "response",
        "approval",
        "revocation",
        "whisper",
    ]);
    let ids = prop::sample::select(vec!["a", "b", "c", "d"]);
    let trust = prop::sample::select(vec![None, Some("untrusted"), Some("user"), Some("trusted")]);
    let role = prop::sample::select(vec![
        None,
        Some("user"),
        Some("tool"),
        Some("agent"),
        Some("assistant"),
    ]);
    let tool = prop::sample::select(vec![
        None,
        Some("email.send"),
        Some("http.post"),
        Some("payments.transfer"),
        Some("agents.message"),
    ]);
    let region = prop::sample::select(vec![None, Some("eu"), Some("us")]);
    (
        (kind, ids.clone(), ids.clone(), texts, to),
        (trust, role, tool, region),
        (0_u64..5, any::<bool>(), prop::bool::weighted(0.8), 0_u16..1_001),
        prop::option::weighted(0.3, ids),
    )
        .prop_map(
            |(
                (kind, id, about, text, to),
                (trust, role, tool, region),
                (gap, listed, covered, score),
                reference,
            )| {
                let mut record = event(kind, [0, 1, 60_000, 300_000, 1_800_000][gap as usize]);
                record.id = Some(id.into());
                record.about = if listed { vec![about.into()] } else { Vec::new() };
                record.trust = trust.map(str::to_owned);
                record.role = role.map(str::to_owned);
                record.tool = tool.map(str::to_owned);
                record.covered = covered;
                record
                    .scores
                    .iter_mut()
                    .for_each(|own| own.1 = if listed { 0 } else { score });
                record.references = reference.iter().map(|id| (*id).to_owned()).collect();
                record.attributes = region
                    .iter()
                    .map(|region| ("region".into(), RecordValue::Text((*region).into())))
                    .collect();
                if kind == "tool_call" {
                    record.arguments = covered.then(|| {
                        vec![
                            ("to".into(), RecordValue::List(vec![RecordValue::Text(to.into())])),
                            ("recipient".into(), RecordValue::Text(to.into())),
                            ("amount".into(), RecordValue::Integer(i64::from(score) * 20)),
                            ("body".into(), RecordValue::Text(text.into())),
                        ]
                    });
                } else {
                    record.text = covered.then(|| text.into());
                }
                record
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// The kernel accepts the live verdict of a random session, and refuses its opposite.
    #[test]
    fn decisions_equal_their_certificates(steps in prop::collection::vec(step(), 1..12)) {
        for set in ["no_exfiltration", "approval", "rate_limits", "agent_isolation", "starter", "careful", "data_residency"] {
            let mut session = shipped(set);
            let policy = session.engine().set().core_policy().unwrap();
            let decisions: Vec<_> = steps.iter().map(|step| session.judge(step)).collect();
            let trace = session.slice().trace().unwrap();
            let allowed = decisions.last().unwrap().verdict == Verdict::Allow;
            let verdict = if allowed { aimds_proof::Verdict::Allow } else { aimds_proof::Verdict::Deny };
            for (verdict, right) in [(verdict, true), (verdict.opposite(), false)] {
                let decision = aimds_proof::Decision { policy: policy.clone(), trace: trace.clone(), verdict, reason: None };
                let stream = decision.stream(&Budget::DECISION).unwrap();
                prop_assert_eq!(check_stream(stream.as_bytes(), &Budget::DECISION).is_accepted(), right, "{}", set);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The live decision equals the naive semantics on its slice, for the shipped sets: extraction, history, monitor and slice
    /// together. The core policy says the same.
    #[test]
    fn decisions_equal_their_replay(steps in prop::collection::vec(step(), 1..30)) {
        for set in ["no_exfiltration", "approval", "rate_limits", "agent_isolation", "starter", "careful", "data_residency"] {
            let mut session = shipped(set);
            let core = session.engine().set().core_policy().unwrap();
            let mut now_ms = 0;
            for step in &steps {
                now_ms += step.time_ms;
                let decision = session.judge(&EventRecord { time_ms: now_ms, ..step.clone() });
                let slice = session.slice();
                prop_assert!(slice.complete);
                let again = replay(session.engine(), &slice.events).unwrap();
                prop_assert_eq!(&again, &decision, "set {}", set);
                let allowed = aimds_proof::naive::allows(&core, &slice.trace().unwrap());
                prop_assert_eq!(allowed, decision.verdict == Verdict::Allow);
                if decision.verdict != Verdict::Allow
                    && let Some(found) = session.explain(&decision).unwrap().counterfactual
                {
                    prop_assert_eq!(replay(session.engine(), &found.events).unwrap().verdict, Verdict::Allow);
                }
            }
        }
    }
}

const GATHER: &str = r#"
import "schema.policy"
policy from_page severity high {
  when call c to sink(external)
  deny if known(c.args.destinations) and once[0s, 10m] (read r where flows(r, c.args.destinations))
      and not once[0s, 10m] (prompt p by user where covers(p, c.args.destinations))
  action ask
}
set gather = {from_page} default allow
"#;

fn send(arguments: Vec<(&str, RecordValue)>) -> EventRecord {
    EventRecord {
        tool: Some("SendEmail".into()),
        arguments: Some(
            arguments
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ),
        ..event("tool_call", 2)
    }
}

fn text(value: &str) -> RecordValue {
    RecordValue::Text(value.into())
}

/// A gathering argument has the values of all its members that a call has, and is missing when it has none.
#[test]
fn arguments_are_gathered() {
    let verdict = |call: EventRecord| {
        let mut session = session(GATHER, "gather");
        session.judge(&EventRecord {
            text: Some("write to ann@corp.example".into()),
            ..event("prompt", 0)
        });
        session.judge(&page("r", "Ask mallory@evil.example", 1));
        session.judge(&call).verdict
    };
    let mallory = || text("mallory@evil.example");
    let ann = || text("ann@corp.example");
    for name in ["to", "recipients", "url", "destinations"] {
        assert_eq!(verdict(send(vec![(name, mallory())])), Verdict::Ask, "{name}");
        assert_eq!(
            verdict(send(vec![(name, RecordValue::List(vec![ann(), mallory()]))])),
            Verdict::Ask,
            "{name}"
        );
        assert_eq!(verdict(send(vec![(name, ann())])), Verdict::Allow, "{name}");
    }
    assert_eq!(
        verdict(send(vec![("to", ann()), ("bcc", mallory())])),
        Verdict::Ask,
        "one of them is enough"
    );
    assert_eq!(
        verdict(send(vec![("subject", mallory())])),
        Verdict::Allow,
        "no member"
    );
    assert_eq!(
        verdict(send(vec![("to", RecordValue::Null)])),
        Verdict::Allow,
        "nothing in it"
    );
    assert_eq!(
        verdict(send(vec![("to", ann()), ("to", ann())])),
        Verdict::Ask,
        "given twice, nobody can say with which value"
    );
    let unread = EventRecord {
        arguments: None,
        ..send(Vec::new())
    };
    assert_eq!(
        verdict(unread),
        Verdict::Ask,
        "arguments that cannot be read may hold anything"
    );
}

/// An approval counts up to its expiry, also where a window is wider; a revocation has none.
#[test]
fn approvals_expire() {
    let mut session = shipped("approval");
    let pay = |at_ms: u64| EventRecord {
        id: Some("c".into()),
        tool: Some("payments.transfer".into()),
        arguments: Some(vec![("amount".into(), RecordValue::Integer(20))]),
        ..event("tool_call", at_ms)
    };
    let consent = |kind: &str, at_ms: u64| EventRecord {
        about: vec!["c".into()],
        expires_ms: Some(1_000),
        ..event(kind, at_ms)
    };
    session.judge(&consent("approval", 0));
    assert_eq!(session.judge(&pay(1_000)).verdict, Verdict::Allow);
    assert_eq!(session.judge(&pay(1_001)).verdict, Verdict::Ask);
    let policy = session.engine().set().core_policy().unwrap();
    assert!(!aimds_proof::naive::allows(
        &policy,
        &session.slice().trace().unwrap()
    ));
    session.judge(&EventRecord {
        expires_ms: None,
        ..consent("approval", 1_002)
    });
    assert_eq!(session.judge(&pay(1_003)).verdict, Verdict::Allow);
    session.judge(&consent("revocation", 1_004));
    assert_eq!(
        session.judge(&pay(1_005)).verdict,
        Verdict::Ask,
        "though its expiry is past"
    );
}
