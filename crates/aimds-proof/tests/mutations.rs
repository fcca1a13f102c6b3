//! Streams from outside: whatever was changed, the filter says so before a kernel sees it, or the binding does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use std::fmt::Write as _;

use aimds_proof::{Budget, Certificate, Decision, Outcome, Verdict, check_stream, prelude_text, verify};
use common::{ALLOWED, DENIED, POLICY, cases, certified, policy, trace};

const BUDGET: Budget = Budget::DECISION;

fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Rejected(rejection) => rejection.reason.code(),
        Outcome::Inconclusive(limit) => limit.code(),
    }
}

fn checked(stream: &str) -> &'static str {
    code(&check_stream(stream.as_bytes(), &BUDGET))
}

/// A certificate's stream as prelude and tail.
fn sample() -> (Certificate, String, String) {
    let certified = certified(POLICY, ALLOWED);
    assert!(certified.outcome.is_accepted());
    let prelude = prelude_text().unwrap().to_owned();
    let tail = certified.stream.strip_prefix(&prelude).unwrap().to_owned();
    (certified.certificate, prelude, tail)
}

/// Every byte of the prelude is pinned: names, recursors, numbers, flags, rules, order.
#[test]
fn a_changed_prelude_is_not_admitted() {
    let (_, prelude, tail) = sample();
    let changes = [
        (
            "an additional recursor",
            "\"recs\":[{\"name\":15",
            "\"recs\":[{\"name\":15},{\"name\":15",
        ),
        ("k", "\"k\":true", "\"k\":false"),
        ("numFields", "\"numFields\":1", "\"numFields\":2"),
        ("numParams", "\"numParams\":2", "\"numParams\":1"),
        ("numIndices", "\"numIndices\":1", "\"numIndices\":0"),
        ("isRec", "\"isRec\":true", "\"isRec\":false"),
        ("cidx", "\"cidx\":1", "\"cidx\":0"),
        ("induct", "\"induct\":12", "\"induct\":1"),
        (
            "exchanged rules",
            "{\"ctor\":13,\"nfields\":0,\"rhs\":56},{\"ctor\":14,\"nfields\":0,\"rhs\":59}",
            "{\"ctor\":13,\"nfields\":0,\"rhs\":59},{\"ctor\":14,\"nfields\":0,\"rhs\":56}",
        ),
        ("unsafe type", "\"isUnsafe\":false", "\"isUnsafe\":true"),
        (
            "unsafe definition",
            "\"safety\":\"safe\"",
            "\"safety\":\"unsafe\"",
        ),
        (
            "partial definition",
            "\"safety\":\"safe\"",
            "\"safety\":\"partial\"",
        ),
        ("height", "\"hints\":{\"regular\":1}", "\"hints\":{\"regular\":2}"),
        ("version", "\"version\":\"3.1.0\"", "\"version\":\"3.1.1\""),
        ("missing metadata", "{\"meta\":", "{\"data\":"),
    ];
    for (name, from, to) in changes {
        assert!(prelude.contains(from), "{name}");
        let edited = prelude.replacen(from, to, 1);
        assert_eq!(checked(&format!("{edited}{tail}")), "admission.prelude", "{name}");
    }
    let (_, without_metadata) = prelude.split_once('\n').unwrap();
    assert_eq!(checked(&format!("{without_metadata}{tail}")), "admission.prelude");
    assert_eq!(checked(&tail), "admission.prelude");
    assert_eq!(checked(""), "admission.prelude");
    // Each line of the prelude, dropped.
    for at in (0..prelude.lines().count()).step_by(37) {
        let kept: String = prelude
            .lines()
            .enumerate()
            .filter(|(line, _)| *line != at)
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        assert_eq!(
            checked(&format!("{kept}{tail}")),
            "admission.prelude",
            "line {at}"
        );
    }
}

/// Name of a record, its line, what the filter says.
const FOREIGN_RECORDS: &[(&str, &str, &str)] = &[
    (
        "axiom",
        "{\"axiom\":{\"name\":1,\"levelParams\":[],\"type\":47,\"isUnsafe\":false}}",
        "admission.kind",
    ),
    (
        "opaque",
        "{\"opaque\":{\"name\":1,\"levelParams\":[],\"type\":47,\"value\":47,\"isUnsafe\":false,\"all\":[1]}}",
        "admission.kind",
    ),
    (
        "quot",
        "{\"quot\":{\"name\":1,\"kind\":\"type\",\"levelParams\":[],\"type\":47}}",
        "admission.kind",
    ),
    (
        "number literal",
        "{\"ie\":1254,\"natVal\":\"7\"}",
        "admission.kind",
    ),
    ("text literal", "{\"ie\":1254,\"strVal\":\"7\"}", "admission.kind"),
    (
        "projection",
        "{\"ie\":1254,\"proj\":{\"typeName\":1,\"idx\":0,\"struct\":1}}",
        "admission.kind",
    ),
    (
        "mdata",
        "{\"ie\":1254,\"mdata\":{\"expr\":1,\"data\":{}}}",
        "admission.kind",
    ),
    (
        "let",
        "{\"ie\":1254,\"letE\":{\"name\":9,\"type\":43,\"value\":47,\"body\":1,\"nondep\":false}}",
        "admission.kind",
    ),
    ("level", "{\"il\":4,\"succ\":3}", "admission.kind"),
    ("max", "{\"il\":4,\"max\":[3,3]}", "admission.kind"),
    (
        "name outside",
        "{\"in\":130,\"str\":{\"pre\":0,\"str\":\"mine\"}}",
        "admission.kind",
    ),
    (
        "dotted name",
        "{\"in\":130,\"str\":{\"pre\":18,\"str\":\"a.b\"}}",
        "stream.syntax",
    ),
    (
        "empty name",
        "{\"in\":130,\"str\":{\"pre\":18,\"str\":\"\"}}",
        "stream.syntax",
    ),
    (
        "escaped name",
        "{\"in\":130,\"str\":{\"pre\":18,\"str\":\"\\u0061\"}}",
        "stream.syntax",
    ),
    (
        "numeric name",
        "{\"in\":130,\"num\":{\"pre\":18,\"i\":3}}",
        "stream.syntax",
    ),
    ("expression twice", "{\"ie\":1254,\"bvar\":0}", "stream.duplicate"),
    (
        "number too large",
        "{\"ie\":1254,\"bvar\":4294967296}",
        "stream.number_size",
    ),
    ("negative number", "{\"ie\":1254,\"bvar\":-1}", "stream.syntax"),
    ("leading zero", "{\"ie\":1254,\"bvar\":07}", "stream.syntax"),
    ("fraction", "{\"ie\":1254,\"bvar\":7.0}", "stream.syntax"),
    (
        "unknown key",
        "{\"ie\":1254,\"bvar\":77,\"x\":1}",
        "stream.syntax",
    ),
    (
        "key twice",
        "{\"ie\":1254,\"ie\":1254,\"bvar\":77}",
        "stream.syntax",
    ),
    ("key order", "{\"bvar\":77,\"ie\":1254}", "stream.syntax"),
    ("space", "{\"ie\": 1254,\"bvar\":77}", "stream.syntax"),
    ("blank line", "", "stream.syntax"),
    (
        "strict binder",
        "{\"ie\":1254,\"lam\":{\"name\":9,\"type\":43,\"body\":47,\"binderInfo\":\"strictImplicit\"}}",
        "stream.syntax",
    ),
    ("carriage return", "{\"ie\":1254,\"bvar\":77}\r", "stream.syntax"),
    ("rubbish", "proof by authority", "stream.syntax"),
];

/// After the prelude only names, expressions, definitions and theorems, in the one spelling and order.
#[test]
fn foreign_records_are_not_admitted() {
    let (_, prelude, tail) = sample();
    let of_the_prelude = [
        (
            "inductive",
            prelude
                .lines()
                .find(|line| line.starts_with("{\"inductive\""))
                .unwrap(),
            "admission.kind",
        ),
        (
            "second metadata",
            prelude.lines().next().unwrap(),
            "admission.kind",
        ),
    ];
    for (name, line, expected) in FOREIGN_RECORDS.iter().copied().chain(of_the_prelude) {
        assert_eq!(checked(&format!("{prelude}{line}\n{tail}")), expected, "{name}");
    }
    // Records that are admitted as such, but have another number than the next.
    for line in [
        "{\"ie\":1255,\"bvar\":77}",
        "{\"ie\":1253,\"bvar\":77}",
        "{\"in\":999,\"str\":{\"pre\":18,\"str\":\"mine\"}}",
    ] {
        assert_eq!(
            checked(&format!("{prelude}{line}\n{tail}")),
            "stream.numbering",
            "{line}"
        );
    }
    assert_eq!(
        checked(&format!(
            "{prelude}{{\"ie\":1254,\"app\":{{\"fn\":1254,\"arg\":0}}}}\n"
        )),
        "admission.ending"
    );
}

/// Changes of single declarations in the tail.
#[test]
fn changed_declarations_are_not_admitted() {
    let (_, prelude, tail) = sample();
    let last = tail.lines().last().unwrap();
    let number = |line: &str| {
        line.split(':')
            .nth(2)
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .to_owned()
    };
    let verdict = number(last);
    let edits = [
        (
            "wrong all",
            format!("\"all\":[{verdict}]"),
            "\"all\":[1]".to_owned(),
            "stream.syntax",
        ),
        (
            "empty all",
            format!("\"all\":[{verdict}]"),
            "\"all\":[]".to_owned(),
            "stream.syntax",
        ),
        (
            "renamed goal",
            "\"str\":\"verdict\"".to_owned(),
            "\"str\":\"victory\"".to_owned(),
            "admission.order",
        ),
        (
            "goal as definition",
            format!("{{\"thm\":{{\"name\":{verdict}"),
            format!("{{\"def\":{{\"name\":{verdict}"),
            "stream.syntax",
        ),
        (
            "universe parameters",
            format!("{{\"thm\":{{\"name\":{verdict},\"levelParams\":[]"),
            format!("{{\"thm\":{{\"name\":{verdict},\"levelParams\":[5]"),
            "kernel.universe",
        ),
        (
            "rule names",
            "\"str\":\"rule_2\"".to_owned(),
            "\"str\":\"rule_4\"".to_owned(),
            "admission.order",
        ),
        (
            "policy before trace",
            "\"str\":\"policy\"".to_owned(),
            "\"str\":\"trace2\"".to_owned(),
            "admission.order",
        ),
    ];
    for (name, from, to, expected) in edits {
        assert_eq!(tail.matches(&from).count(), 1, "{name}");
        assert_eq!(
            checked(&format!("{prelude}{}", tail.replace(&from, &to))),
            expected,
            "{name}"
        );
    }
}

/// A stream that ends too early or too late.
#[test]
fn streams_end_with_their_verdict() {
    let (_, prelude, tail) = sample();
    let whole = format!("{prelude}{tail}");
    assert_eq!(checked(&whole), "accepted");
    let (without_end, _) = whole.split_at(whole.len() - 1);
    assert_eq!(checked(without_end), "stream.cut_off");
    let lines: Vec<&str> = tail.lines().collect();
    for kept in [0, 1, lines.len() / 2, lines.len() - 1] {
        let cut: String = lines.iter().take(kept).flat_map(|line| [*line, "\n"]).collect();
        assert_eq!(
            checked(&format!("{prelude}{cut}")),
            "admission.ending",
            "{kept} lines"
        );
    }
    let (in_line, _) = whole.split_at(whole.len() - 9);
    assert_eq!(checked(in_line), "stream.cut_off");
    assert_eq!(
        checked(&format!("{whole}{{\"ie\":9999,\"bvar\":77}}\n")),
        "admission.ending"
    );
    assert_eq!(checked(&format!("{whole}\n")), "stream.syntax");
    let mut bytes = whole.clone().into_bytes();
    bytes.push(0xFF);
    assert_eq!(code(&check_stream(&bytes, &BUDGET)), "stream.not_text");
}

/// True theorems about something else: filter and kernel accept them, the binding does not.
#[test]
fn other_true_theorems_are_not_the_certificate() {
    let own = certified(POLICY, ALLOWED);
    let others = [
        // Another policy with the same verdict, another trace, and the denial of another trace.
        certified("permit true\n", ALLOWED),
        certified(
            POLICY,
            "0 no 1=yes 5=yes\n2500 no 4=yes\n4000 no 2=yes 3=yes 6=251\n",
        ),
        certified(POLICY, DENIED),
    ];
    for other in others {
        assert!(other.outcome.is_accepted());
        let outcome = verify(&own.certificate, Some(other.stream.as_bytes()), &BUDGET);
        assert_eq!(code(&outcome), "certificate.binding");
        let relabelled = Certificate {
            stream_sha256: other.certificate.stream_sha256.clone(),
            ..own.certificate.clone()
        };
        assert_eq!(
            code(&verify(&relabelled, Some(other.stream.as_bytes()), &BUDGET)),
            "certificate.hash"
        );
    }
    assert!(verify(&own.certificate, Some(own.stream.as_bytes()), &BUDGET).is_accepted());
    assert!(verify(&own.certificate, None, &BUDGET).is_accepted());
}

/// A certificate whose own parts were changed, hashes made to fit.
#[test]
fn forged_certificates_are_refused() {
    let own = certified(POLICY, ALLOWED).certificate;
    let forge = |decision: Decision| {
        let stream = decision.stream(&BUDGET).unwrap();
        let stream_sha256 = hash_of(&decision);
        let forged = Certificate {
            decision,
            stream_sha256,
            ..own.clone()
        };
        code(&verify(&forged, Some(stream.as_bytes()), &BUDGET))
    };
    let decision = |change: &dyn Fn(&mut Decision)| {
        let mut changed = own.decision.clone();
        change(&mut changed);
        changed
    };
    assert_eq!(forge(decision(&|_| {})), "accepted");
    assert_eq!(
        forge(decision(&|it| (it.verdict, it.reason) = (Verdict::Deny, None))),
        "kernel.declared_type"
    );
    assert_eq!(
        forge(decision(&|it| it.policy = policy("deny true\n"))),
        "certificate.reason_rule"
    );
    assert_eq!(
        forge(decision(
            &|it| it.policy = policy("permit false\npermit false\npermit false\n")
        )),
        "kernel.declared_type"
    );
    assert_eq!(
        forge(decision(&|it| it.trace = trace(DENIED))),
        "kernel.declared_type"
    );
    assert_eq!(
        forge(decision(&|it| it.reason = Some(0))),
        "certificate.reason_rule"
    );
    assert_eq!(
        forge(decision(&|it| it.reason = Some(99))),
        "certificate.reason_rule"
    );
    let other_prelude = Certificate {
        prelude_sha256: "0".repeat(64),
        ..own.clone()
    };
    assert_eq!(code(&verify(&other_prelude, None, &BUDGET)), "certificate.hash");
}

/// The hash that a forger would put beside a decision.
fn hash_of(decision: &Decision) -> String {
    use sha2::{Digest as _, Sha256};
    let stream = decision.stream(&BUDGET).unwrap();
    Sha256::digest(stream.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
}

/// Random changes of single fields: nothing crashes, and the binding accepts the original bytes only. Filter and kernel alone
/// accept some, which are true theorems about something else; they are why there is a binding.
#[test]
fn random_changes_are_refused() {
    let (certificate, prelude, tail) = sample();
    let lines: Vec<&str> = tail.lines().collect();
    let mut random = Random(20_261_128);
    let mut unbound = 0;
    let count = cases(2_000);
    for _ in 0..count {
        let at = random.below(lines.len());
        let changed_line = random.change(lines[at]);
        if changed_line == lines[at] {
            continue;
        }
        let changed: String = lines
            .iter()
            .enumerate()
            .flat_map(|(line, text)| {
                [
                    if line == at { changed_line.as_str() } else { *text },
                    "
",
                ]
            })
            .collect();
        let stream = format!("{prelude}{changed}");
        let outcome = verify(&certificate, Some(stream.as_bytes()), &BUDGET);
        assert_eq!(code(&outcome), "certificate.binding", "{changed_line}");
        let alone = check_stream(stream.as_bytes(), &BUDGET);
        assert!(
            !matches!(alone, Outcome::Inconclusive(_)),
            "{changed_line} {alone:?}"
        );
        unbound += u32::from(alone.is_accepted());
    }
    println!("{unbound} of {count} random changes are theorems about something else");
    assert!(unbound * 5 < count);
}

/// Deterministic pseudo-random numbers (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// The line with one number or one character changed.
    fn change(&mut self, line: &str) -> String {
        let starts: Vec<usize> = line
            .char_indices()
            .filter(|(at, character)| {
                character.is_ascii_digit() && !line[..*at].ends_with(|before: char| before.is_ascii_digit())
            })
            .map(|(at, _)| at)
            .collect();
        if self.below(8) == 0 || starts.is_empty() {
            let at = self.below(line.len());
            let character = char::from(u8::try_from(32 + self.below(95)).unwrap());
            return format!("{}{character}{}", &line[..at], &line[at + 1..]);
        }
        let start = *starts.get(self.below(starts.len())).unwrap();
        let digits = line[start..]
            .find(|character: char| !character.is_ascii_digit())
            .unwrap();
        let old: u64 = line[start..start + digits].parse().unwrap();
        let new = match self.below(5) {
            0 => old + 1,
            1 => old.saturating_sub(1),
            2 => 0,
            3 => u64::from(u32::MAX) + self.below(2) as u64,
            _ => self.below(1_500) as u64,
        };
        format!("{}{new}{}", &line[..start], &line[start + digits..])
    }
}
