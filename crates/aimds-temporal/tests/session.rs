//! Properties of the session kernel, over arbitrary features and texts.

use aimds_temporal::session::{
    Analysis, Cues, Kind, PAYLOADS_MAX, Role, SESSION_BYTES_MAX, SessionState, SessionTable, StateError,
    TurnFeatures, export, restore,
};
use proptest::prelude::*;

fn features() -> impl Strategy<Value = TurnFeatures> {
    let hashes = (
        any::<u64>(),
        prop_oneof![Just(7_u64), any::<u64>()],
        0_u64..3,
        any::<u64>(),
    );
    let payloads = proptest::array::uniform::<_, PAYLOADS_MAX>(0_u32..5);
    let sizes = (
        0_u32..3,
        prop_oneof![0_u32..20, any::<u32>()],
        any::<u32>(),
        any::<u16>(),
    );
    (
        hashes,
        payloads,
        sizes,
        0.0_f32..=1.0,
        0_u32..=Cues::ALL,
        0_u8..5,
        0_u8..5,
    )
        .prop_map(
            |(
                (exact, simhash, masked, number),
                payloads,
                (tool, words, length, dialog),
                risk,
                cues,
                kind,
                role,
            )| {
                TurnFeatures {
                    exact: exact % 5,
                    simhash,
                    masked,
                    number,
                    payloads,
                    head: tool,
                    tail: words % 2,
                    tool,
                    length,
                    words,
                    risk,
                    cues: Cues(cues),
                    dialog,
                    kind: Kind::from_number(kind).unwrap_or_default(),
                    role: Role::from_number(role).unwrap_or_default(),
                }
            },
        )
}

fn events() -> impl Strategy<Value = Vec<(TurnFeatures, i64)>> {
    let times = prop_oneof![Just(-1_i64), any::<i64>(), 0_i64..10_000_000_000];
    proptest::collection::vec((features(), times), 0..80)
}

fn run(events: &[(TurnFeatures, i64)]) -> (SessionState, Vec<Analysis>) {
    let mut state = SessionState::default();
    let answers = events
        .iter()
        .map(|(features, time_ns)| state.analyze(features, *time_ns))
        .collect();
    (state, answers)
}

fn in_unit(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}

proptest! {
    /// Whatever the features and times, nothing panics and every confidence is in [0, 1].
    #[test]
    fn any_events_give_confidences(events in events()) {
        let (_, answers) = run(&events);
        for answer in answers {
            prop_assert!(in_unit(answer.confidence), "{answer:?}");
            prop_assert!(in_unit(answer.repetition.confidence) && in_unit(answer.anomaly_confidence));
            prop_assert!(in_unit(answer.trajectory.confidence) && in_unit(answer.trajectory.progress));
            prop_assert!(in_unit(answer.session_risk) && answer.session_risk >= answer.confidence);
            prop_assert_eq!(answer.certain, answer.confidence > 0.95);
            prop_assert!(answer.repetition.period <= 8);
        }
    }

    /// A state survives its way through bytes, and goes on as if nothing had happened.
    #[test]
    fn restored_states_go_on_alike(before in events(), after in events()) {
        let (mut state, _) = run(&before);
        let bytes = export(&state);
        let mut restored = restore(&bytes).unwrap();
        prop_assert_eq!(&restored, &state);
        for (features, time_ns) in &after {
            prop_assert_eq!(restored.analyze(features, *time_ns), state.analyze(features, *time_ns));
        }
        prop_assert!(bytes.len() <= SESSION_BYTES_MAX);
    }

    /// Damaged bytes are refused with an error, never with a panic, and never taken for a state.
    #[test]
    fn damage_is_noticed(events in events(), place in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut bytes = export(&run(&events).0);
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        prop_assert!(restore(&bytes).is_err());
        prop_assert!(restore(&bytes[..place]).is_err());
    }

    /// No bytes at all make `restore` or `restore_all` panic.
    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(restore(&bytes).is_err());
        prop_assert!(SessionTable::new(4, i64::MAX).restore_all(&bytes).is_err());
    }

    /// Texts of any characters have features; case and white space do not matter.
    #[test]
    fn any_text_has_features(text in "\\PC{0,200}", risk in any::<f32>()) {
        let plain = TurnFeatures::of_text(&text, Kind::Prompt, Role::User, None, risk);
        prop_assert!(in_unit(plain.risk));
        prop_assert_eq!(plain.length as usize, text.chars().count());
        let spaced = format!("  {text}\t ");
        prop_assert_eq!(TurnFeatures::of_text(&spaced, Kind::Prompt, Role::User, None, risk).exact, plain.exact);
    }

    /// A table never holds more than its bound, drops the least recently used one first, and says so.
    #[test]
    fn the_table_keeps_its_bound(bound in 1_usize..6, keys in proptest::collection::vec(0_u8..12, 1..80)) {
        let table = SessionTable::new(bound, i64::MAX);
        let features = TurnFeatures::of_text("hello there", Kind::Prompt, Role::User, None, 0.0);
        let mut used: Vec<String> = Vec::new();
        for key in &keys {
            let key = key.to_string();
            let known = used.iter().position(|held| *held == key);
            if let Some(place) = known { used.remove(place); } else if used.len() == bound { used.remove(0); }
            used.push(key.clone());
            table.analyze(&key, &features, -1, None);
        }
        let mut held: Vec<String> = table.keys().iter().map(ToString::to_string).collect();
        held.sort();
        let mut expected = used.clone();
        expected.sort();
        prop_assert_eq!(held, expected);
        let stats = table.stats();
        prop_assert_eq!(stats.created, stats.sessions + stats.evicted);
        prop_assert_eq!(stats.events, keys.len() as u64);
    }
}

fn prompt(text: &str) -> TurnFeatures {
    TurnFeatures::of_text(text, Kind::Prompt, Role::User, None, 0.0)
}

#[test]
fn a_session_fits_its_budget() {
    assert!(size_of::<SessionState>() <= SESSION_BYTES_MAX);
    assert!(export(&SessionState::default()).len() <= SESSION_BYTES_MAX);
}

#[test]
fn sessions_expire_and_begin_afresh() {
    let table = SessionTable::new(10, 1_000);
    let one = prompt("test");
    table.analyze("a", &one, 0, None);
    assert_eq!(table.analyze("a", &one, 900, None).events, 2);
    assert_eq!(
        table.analyze("a", &one, 5_000, None).events,
        1,
        "idle for longer than the limit"
    );
    table.analyze("b", &one, 100_000, None);
    assert!(!table.contains("a"), "swept by the event of another session");
    assert!(table.stats().expired >= 1);
}

#[test]
fn a_timestamp_from_the_far_future_does_not_empty_the_table() {
    let table = SessionTable::new(100, 1_000);
    let one = prompt("test");
    for key in 0..50 {
        table.analyze(&key.to_string(), &one, 10, None);
    }
    table.analyze("liar", &one, i64::MAX, None);
    assert!(
        table.stats().sessions >= 48,
        "one event removes a bounded number of sessions"
    );
}

#[test]
fn whole_tables_move_with_their_order_of_use() {
    let table = SessionTable::new(3, i64::MAX);
    for key in ["a", "b", "c", "a"] {
        table.analyze(key, &prompt("hello"), 5, None);
    }
    let copy = SessionTable::new(3, i64::MAX);
    assert_eq!(copy.restore_all(&table.export_all()), Ok(3));
    copy.analyze("d", &prompt("hello"), 6, None);
    assert!(
        !copy.contains("b"),
        "b was used least recently, before and after the move"
    );
    assert!(copy.contains("a") && copy.contains("c"));
    assert_eq!(copy.export("a"), table.export("a"));
}

#[test]
fn a_damaged_table_adds_nothing() {
    let table = SessionTable::new(3, i64::MAX);
    table.analyze("a", &prompt("hello"), 5, None);
    let mut bytes = table.export_all();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    let copy = SessionTable::new(3, i64::MAX);
    assert_eq!(copy.restore_all(&bytes), Err(StateError::Checksum));
    assert_eq!(copy.stats().sessions, 0);
    assert_eq!(
        copy.restore("x", b"AIMDSES\x63 and more"),
        Err(StateError::Version(0x63))
    );
    assert_eq!(copy.restore("x", b"something else"), Err(StateError::Magic));
}

#[test]
fn errors_say_what_is_wrong() {
    let cases = [
        (StateError::Magic, "not a session state"),
        (StateError::Version(9), "version 9"),
        (StateError::Length, "length"),
        (StateError::Checksum, "checksum"),
        (StateError::Value("risk"), "`risk`"),
    ];
    for (fault, words) in cases {
        assert!(fault.to_string().contains(words), "{fault}");
    }
}

#[test]
fn sessions_can_be_removed_and_places_are_used_again() {
    let table = SessionTable::new(2, i64::MAX);
    table.analyze("a", &prompt("hello"), 5, None);
    assert!(table.remove("a"));
    assert!(!table.remove("a"));
    assert_eq!(
        table.analyze("b", &prompt("hello"), 6, None).events,
        1,
        "nothing of the removed session is left"
    );
    assert_eq!(table.export("a"), None);
    assert_eq!(table.stats().sessions, 1);
}
