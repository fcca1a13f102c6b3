//! The formatter keeps tokens and comments, and formatting twice changes nothing. The parser never panics.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::bundle::{Source, compile};
use aimds_policy::diagnostic::Diagnostics;
use aimds_policy::format::format;
use aimds_policy::parser::parse;
use common::{library, read};
use proptest::prelude::*;

fn source(text: &str) -> Source {
    Source {
        name: "t.policy".into(),
        text: text.into(),
    }
}

fn formatted(text: &str) -> String {
    format(&source(text)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Known text in, known text out.
#[test]
fn layout_is_known() {
    let text = "#head\npolicy   p severity high{// why\nwhen call c to{email.send,http.post}\n\n\n// own line\ndeny if(c.args.path under {\"/a\",\"/b\"})and not once[0s,10m](read r) // tail\n} set s={p}default allow\ntest \"t\" for s{given call c to email.send(to:[\"a@b.example\"])at 4s\nexpect deny by p}";
    let expected = "#head
policy p severity high { // why
  when call c to {email.send, http.post}

  // own line
  deny if (c.args.path under {\"/a\", \"/b\"}) and not once[0s, 10m] (read r) // tail
}
set s = {p} default allow
test \"t\" for s {
  given call c to email.send(to: [\"a@b.example\"]) at 4s
  expect deny by p
}
";
    assert_eq!(formatted(text), expected);
}

/// What a policy ensures is a clause of its own: kept, on its own line, and read again as what it was.
#[test]
fn ensures_is_a_clause() {
    let text = "template t(w:duration){when call c deny unless(not revoked(c))since[0s,w]approved(c) ensures(once[0s,w]approved(c)) // why\nensures not revoked(c)or c.trust>user action ask}";
    let expected = "template t(w: duration) {
  when call c
  deny
  unless (not revoked(c)) since[0s, w] approved(c)
  ensures (once[0s, w] approved(c)) // why
  ensures not revoked(c) or c.trust > user
  action ask
}
";
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted(expected), expected);
    let long = "once[0s, 30m] (read r where r.trust <= untrusted and flows(r, c.args.recipient))";
    let text = formatted(&format!(
        "policy p {{ when call c deny ensures {long} and {long} }}"
    ));
    assert!(
        text.contains("  ensures once") && text.contains("\n      and once"),
        "{text}"
    );
    assert_eq!(formatted(&text), text);
}

/// Long conditions break before `and` and `or`, at the outermost place; lists fill their lines.
#[test]
fn long_lines_break() {
    let long = "once[0s, 30m] (read r where r.trust <= untrusted and flows(r, c.args.recipient))";
    let text = formatted(&format!(
        "policy p {{ when call c deny if ({long} and {long}) or {long} }}"
    ));
    assert!(text.lines().all(|line| line.len() <= 120), "{text}");
    assert!(text.contains("\n      or once[0s, 30m]"), "{text}");
    let names: Vec<String> = (0..40).map(|number| format!("policy_{number}")).collect();
    let text = formatted(&format!("set s = {{ {} }} default allow", names.join(", ")));
    assert!(
        text.lines().all(|line| line.len() <= 120) && text.lines().count() < 10,
        "{text}"
    );
}

/// The shipped files are in house layout.
#[test]
fn shipped_files_are_formatted() {
    let wrong: Vec<String> = library()
        .into_iter()
        .filter(|file| formatted(&file.text) != file.text)
        .map(|file| file.name)
        .collect();
    assert!(wrong.is_empty(), "not formatted: {wrong:?}");
}

/// A file that cannot be read is left alone.
#[test]
fn broken_files_are_not_formatted() {
    assert!(format(&source("policy p { when call c deny if ) }")).is_err());
}

/// Words, signs and literals of the language, in any order: what a careless author and a hostile one may write.
fn fragments() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "policy",
        "p",
        "{",
        "}",
        "when",
        "call",
        "c",
        "to",
        "email.send",
        "deny",
        "if",
        "permit",
        "unless",
        "ensures",
        "once[0s, 10m]",
        "since[0s,5m]",
        "count[1s, 2s]",
        "historically[0s,0s]",
        "prev",
        "not",
        "and",
        "or",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        ".",
        "<=",
        "==",
        "=",
        ">",
        "in",
        "within",
        "\"text\"",
        "\"open",
        "12",
        "0.5",
        "10m",
        "99999999999999999999",
        "1.2345",
        "7parsecs",
        "read r where",
        "r.trust",
        "untrusted",
        "flows(r, c.args)",
        "approved(c)",
        "by",
        "user",
        "test",
        "given",
        "expect",
        "at",
        "4s",
        "set",
        "default",
        "allow",
        "overlay",
        "template",
        "use",
        "as",
        "import",
        "schema",
        "label",
        "trust",
        "tool",
        "tag",
        "event",
        "group",
        "\n",
        "// comment\n",
        "# comment\n",
        "é",
        "\\",
        "score(r, secret)",
        "every",
        "some",
        "known(c.args.to)",
        "obligation",
        "notify(\"x\")",
        "severity",
        "high",
        "claim",
        "let",
        "unknown",
        "set of text",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No text makes parser, type checker, formatter or rendering panic.
    #[test]
    fn nothing_panics_on_fragments(text in fragments()) {
        let root = source(&text);
        let compiled = compile(&root, &[]);
        prop_assert!(compiled.bundle.is_some() || !compiled.render().is_empty());
        if let Ok(once) = format(&root) {
            prop_assert_eq!(formatted(&once), once);
        }
    }

    /// Nor do arbitrary characters.
    #[test]
    fn nothing_panics_on_characters(text in "\\PC{0,200}") {
        let mut diagnostics = Diagnostics::default();
        parse(&text, 0, &mut diagnostics);
        for found in diagnostics.into_sorted() {
            prop_assert!(found.render("t", &text).contains(found.code.text()));
        }
    }

    /// A shipped file with one piece cut out, doubled or put elsewhere compiles or is refused, and formats to a fixed point.
    #[test]
    fn nothing_panics_on_changed_files(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        paste in any::<prop::sample::Index>(),
    ) {
        let shipped = library();
        let schema = read("schema");
        let text = &shipped[which.index(shipped.len())].text;
        let characters: Vec<char> = text.chars().collect();
        let begin = cut.index(characters.len());
        let end = (begin + length).min(characters.len());
        let piece: String = characters[begin..end].iter().collect();
        let mut rest: Vec<char> = characters[..begin].iter().chain(&characters[end..]).copied().collect();
        let at = paste.index(rest.len() + 1);
        rest.splice(at..at, piece.chars());
        let changed: String = rest.into_iter().collect();
        let library = [schema];
        let compiled = compile(&source(&changed), &library);
        prop_assert!(compiled.bundle.is_some() || !compiled.diagnostics.is_empty());
        if let Ok(once) = format(&source(&changed)) {
            prop_assert_eq!(formatted(&once), once);
        }
    }
}

/// Depth is refused, not run into: parentheses, negations and sets inside each other.
#[test]
fn depth_is_bounded() {
    for (open, close) in [("(", ")"), ("not ", ""), ("once[0s, 1s] (", ")")] {
        let form = format!("{}read r{}", open.repeat(10_000), close.repeat(10_000));
        let compiled = compile(
            &source(&format!("policy p {{ when call c deny if {form} }}")),
            &[],
        );
        let codes: Vec<&str> = compiled
            .diagnostics
            .iter()
            .map(|found| found.code.text())
            .collect();
        assert!(codes.contains(&"policy-too-deep"), "{open}: {codes:?}");
    }
}
