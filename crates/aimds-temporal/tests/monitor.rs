//! The monitor: known answers, the parser's errors, bounded memory that never answers wrongly.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test may stop, and exact answers are meant exactly"
)]

use aimds_temporal::monitor::{
    COUNT_MAX, Comparison, Formula, Interval, Monitor, MonitorError, OPERATORS_MAX, RUNS_MAX, TEXT_BYTES_MAX,
    Truth, parse,
};
use proptest::prelude::*;

fn verdicts(text: &str, events: &[(u64, &[f64])]) -> Vec<Truth> {
    let mut monitor = Monitor::new(&parse(text).unwrap()).unwrap();
    events
        .iter()
        .map(|(time_ns, values)| monitor.update(*time_ns, values).unwrap())
        .collect()
}

const YES: &[f64] = &[1.0];
const NO: &[f64] = &[0.0];
const GONE: &[f64] = &[f64::NAN];

/// `once[2, 3]` is true exactly while the event is two to three nanoseconds old.
#[test]
fn once_has_a_window() {
    let events = [(0, YES), (1, NO), (2, NO), (3, NO), (4, NO)];
    let [t, f] = [Truth::True, Truth::False];
    assert_eq!(verdicts("once[2, 3] p", &events), [f, f, t, t, f]);
    assert_eq!(verdicts("once[inf] p", &events), [t; 5]);
    assert_eq!(verdicts("not once p", &events), [f; 5]);
}

/// A missing atom makes unknown what hangs on it, and nothing else.
#[test]
fn missing_atoms_are_unknown() {
    let events = [(0, NO), (1, GONE), (2, YES), (3, NO)];
    let [t, f, u] = [Truth::True, Truth::False, Truth::Unknown];
    assert_eq!(verdicts("once p", &events), [f, u, t, t]);
    assert_eq!(verdicts("historically not p", &events), [t, u, f, f]);
    assert_eq!(verdicts("prev p", &events), [f, f, u, t]);
    assert_eq!(verdicts("count(p) == 1", &events), [f, u, u, u]);
    assert_eq!(verdicts("p or true", &events), [t; 4]);
    assert_eq!(verdicts("x != 1", &events), [t, u, f, t]);
}

/// Every comparison of numbers and of counts, and every unit of time.
#[test]
fn comparisons_and_units() {
    let [t, f] = [Truth::True, Truth::False];
    for (sign, expected) in [
        ("<", [t, f, f]),
        ("<=", [t, t, f]),
        ("==", [f, t, f]),
        ("!=", [t, f, t]),
        (">=", [f, t, t]),
        (">", [f, f, t]),
    ] {
        let events: [(u64, &[f64]); 3] = [(0, &[1.0]), (1, &[2.0]), (2, &[3.0])];
        assert_eq!(verdicts(&format!("x {sign} 2"), &events), expected);
        assert_eq!(verdicts(&format!("count(x > 0) {sign} 2"), &events), expected);
    }
    for (unit, scale) in [
        ("", 1),
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000_u64),
    ] {
        let events = [(0, YES), (2 * scale, NO), (2 * scale + 1, NO)];
        assert_eq!(verdicts(&format!("once[0, 2{unit}] p"), &events), [t, t, f]);
        let text = format!("once[1.5{unit}, 2{unit}] p");
        assert!(parse(&text).is_ok(), "{text}");
    }
}

/// What is printed is read back as the same formula; brackets and precedence too.
#[test]
fn text_round_trips() {
    for text in [
        "a -> b -> c",
        "not a and b or c since[1, 2] d",
        "prev[1s] (a) -> count[5m] (once[1, 2] b or historically x >= -1.5e3) < 7",
        "(a or b) and true or false",
        "count(a) != 0",
        "tool.name_2 since b",
    ] {
        let formula = parse(text).unwrap();
        assert_eq!(parse(&formula.to_string()).unwrap(), formula, "{text}");
    }
    assert_eq!(parse("a -> b -> c").unwrap(), parse("a -> (b -> c)").unwrap());
    assert_eq!(parse("a or b and c").unwrap(), parse("a or (b and c)").unwrap());
    assert_eq!(parse("not a since b").unwrap(), parse("(not a) since b").unwrap());
}

/// Errors point to the character that is wrong.
#[test]
fn errors_give_the_position() {
    for (text, position) in [
        ("", 0),
        ("a and", 5),
        ("a b", 2),
        ("é and (b", 8),
        ("once[5, 2] a", 5),
        ("once[inf, 2] a", 5),
        ("once[2 weeks] a", 7),
        ("once[x] a", 5),
        ("once[2 a", 7),
        ("x >= ", 5),
        ("x >= 1e999", 5),
        ("count(a) 3", 9),
        ("count(a) >= 2.5", 12),
        ("count a >= 2", 6),
        ("and a", 0),
        ("a since[99999999999999d] b", 8),
        ("a & b", 2),
        ("7 > x", 0),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.position, position, "{text}: {error}");
    }
    assert!(parse(&"(".repeat(5_000)).is_err());
    assert!(parse(&"not ".repeat(1_000)).is_err());
    assert!(parse(&"a and ".repeat(OPERATORS_MAX)).is_err());
    assert!(parse(&"a".repeat(TEXT_BYTES_MAX + 1)).is_err());
}

/// Formulas that cannot be monitored, and events that do not fit, are refused; a refused event changes nothing.
#[test]
fn refusals() {
    let atom = |name: &str| Box::new(Formula::Atom(name.to_owned()));
    let empty = Interval {
        from_ns: 2,
        to_ns: Some(1),
    };
    assert_eq!(Interval::new(2, Some(1)), None);
    let deep = (0..100).fold(Formula::Constant(true), |inner, _| Formula::Not(Box::new(inner)));
    let wide = (0..8).fold(Formula::Constant(true), |inner, _| {
        Formula::And(Box::new(inner.clone()), Box::new(inner))
    });
    let many = Formula::Count {
        window_ns: None,
        formula: atom("p"),
        comparison: Comparison::Less,
        number: COUNT_MAX as u32 + 1,
    };
    for (formula, expected) in [
        (Formula::Once(empty, atom("p")), MonitorError::EmptyInterval),
        (Formula::Previous(empty, atom("p")), MonitorError::EmptyInterval),
        (deep, MonitorError::TooDeep),
        (wide, MonitorError::TooManyOperators { operators: 511 }),
        (
            many,
            MonitorError::CountTooLarge {
                number: COUNT_MAX as u32 + 1,
            },
        ),
        (
            Formula::Compare("x".into(), Comparison::Less, f64::NAN),
            MonitorError::NotFinite { atom: "x".into() },
        ),
        (
            parse("p and p > 1").unwrap(),
            MonitorError::TwoKinds { atom: "p".into() },
        ),
    ] {
        let error = Monitor::new(&formula).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().is_empty());
    }
    let mut monitor = Monitor::new(&parse("once p").unwrap()).unwrap();
    assert_eq!(
        (monitor.atoms(), monitor.is_boolean()),
        (&["p".to_owned()][..], &[true][..])
    );
    monitor.update(5, NO).unwrap();
    for (time_ns, values, expected) in [
        (
            4,
            YES,
            MonitorError::TimeWentBack {
                now_ns: 5,
                given_ns: 4,
            },
        ),
        (
            6,
            &[][..],
            MonitorError::ValueCount {
                expected: 1,
                given: 0,
            },
        ),
        (6, &[0.5][..], MonitorError::NotBoolean { atom: "p".into() }),
    ] {
        let error = monitor.update(time_ns, values).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(monitor.update(5, NO), Ok(Truth::False));
}

/// After a reset the past is forgotten, for every kind of memory.
#[test]
fn reset_forgets() {
    for text in [
        "once p",
        "once[1, 9] p",
        "true since p",
        "count(p) >= 1",
        "prev p",
    ] {
        let mut monitor = Monitor::new(&parse(text).unwrap()).unwrap();
        monitor.update(0, YES).unwrap();
        monitor.reset();
        assert_eq!(monitor.update(0, NO), Ok(Truth::False), "{text}");
    }
}

proptest! {
    /// With far more true events than it can keep apart, a cell may say unknown but never the wrong thing; and when the
    /// events fit, it is exact.
    #[test]
    fn crowded_windows_are_never_wrong(
        gaps in prop::collection::vec((0..4_u64, prop::bool::weighted(0.6)), 1..600),
        from_ns in 1..400_u64, length_ns in 0..40_u64, negated in any::<bool>(),
    ) {
        let text = format!("{} once[{from_ns}, {}] p", if negated { "not" } else { "" }, from_ns + length_ns);
        let mut monitor = Monitor::new(&parse(&text).unwrap()).unwrap();
        let (mut now_ns, mut times) = (0, Vec::new());
        for (gap_ns, holds) in gaps {
            now_ns += gap_ns;
            if holds {
                times.push(now_ns);
            }
            let within = times.iter().any(|&time_ns| (from_ns..=from_ns + length_ns).contains(&(now_ns - time_ns)));
            let got = monitor.update(now_ns, &[f64::from(holds)]).unwrap();
            let young = times.iter().filter(|&&time_ns| now_ns - time_ns < from_ns).count();
            if got == Truth::Unknown {
                prop_assert!(times.len() > RUNS_MAX, "unknown with {young} young events");
            } else {
                prop_assert_eq!(got == Truth::True, within != negated);
            }
        }
    }
}
