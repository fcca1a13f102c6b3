//! A bad pack is refused with its file, line and rule; one row a fault.

use aimds_text::signatures::{PackSource, SignatureEngine};

const HEAD: &str = "[pack]\nname = \"p\"\nversion = 1\ndescription = \"d\"\n";
const RULE: &str = r#"[[rule]]
id = "p.r"
category = "secret"
severity = 0.5
confidence = 0.5
message = "m"
positive = ["a", "b"]
negative = ["c", "d"]
"#;

fn source(file: &str, text: &str) -> PackSource {
    PackSource {
        file: file.to_owned(),
        text: text.to_owned(),
    }
}

fn fault_of(sources: &[PackSource]) -> String {
    match SignatureEngine::new(sources) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn fault(text: &str) -> String {
    fault_of(&[source("p.toml", text)])
}

/// Each fault of a rule names its line, the rule, and what would be right.
#[test]
#[expect(clippy::too_many_lines, reason = "one table, one row a fault")]
fn faults_of_rules_are_placed() {
    for (change, to, expected) in [
        (
            "category = \"secret\"",
            "category = \"secrets\"",
            "p.toml:7 (p.r): `category` is `secrets`, expected one of",
        ),
        (
            "severity = 0.5",
            "severity = 1.5",
            "p.toml:8 (p.r): `severity` is 1.5, must be in 0..1",
        ),
        (
            "confidence = 0.5",
            "confidence = \"high\"",
            "p.toml:9 (p.r): invalid type: string \"high\", expected f64",
        ),
        (
            "id = \"p.r\"",
            "id = \"q.r\"",
            "p.toml:6 (q.r): `id` must be `p.` followed by",
        ),
        ("id = \"p.r\"", "id = \"p.R\"", "p.toml:6 (p.R): `id` must be"),
        (
            "message = \"m\"",
            "message = \" \"",
            "p.toml:6 (p.r): `message` is empty",
        ),
        (
            "message = \"m\"",
            "massage = \"m\"",
            "p.toml:10 (p.r): unknown field `massage`",
        ),
        (
            "[\"a\", \"b\"]",
            "[\"a\"]",
            "p.toml:11 (p.r): `positive` needs at least 2 examples",
        ),
        (
            "negative = [\"c\", \"d\"]\n",
            "",
            "(p.r): missing field `negative`",
        ),
        (
            "message",
            "kinds = [\"mail\"]\nmessage",
            "p.toml:10 (p.r): `kinds` is `mail`, expected one of prompt",
        ),
        (
            "message",
            "context = \"never\"\nmessage",
            "p.toml:10 (p.r): `context` is `never`",
        ),
        (
            "message",
            "check = \"magic\"\nmessage",
            "p.toml:10 (p.r): `check` is `magic`, expected one of payment_card",
        ),
        (
            "message",
            "any = [\"x\"]\nwindow = 9000\nmessage",
            "p.toml:11 (p.r): `window` is 9000, must be in 1..=8192",
        ),
        (
            "message",
            "any = [\"@verbs\"]\nmessage",
            "p.toml:10 (p.r): `@list` is `verbs`",
        ),
        (
            "message",
            "any = [\"...\"]\nmessage",
            "p.toml:10 (p.r): phrase `...`: holds no letters",
        ),
        (
            "message",
            "any = [\"ab*\"]\nmessage",
            "phrase `ab*`: needs at least 3 letters beside `*`",
        ),
        (
            "message",
            "any = [\"x\"]\nunless = [\"<b>\"]\nmessage",
            "p.toml:11 (p.r): phrase `<b>`: holds punctuation",
        ),
        (
            "message",
            "regex = [\"(\"]\nmessage",
            "p.toml:10 (p.r): regex `(`: error: unclosed group",
        ),
        ("message", "regex = ['a(?=b)']\nmessage", "look-around"),
        (
            "message",
            "regex = ['(a)\\1']\nmessage",
            "backreferences are not supported",
        ),
        ("message", "regex = ['ab|']\nmessage", "matches the empty text"),
        (
            "message",
            "regex = ['\\w+']\nmessage",
            "no required literal of at least 2 bytes was found",
        ),
        (
            "message",
            "regex = ['(?:\\w{900}){900}ab']\nmessage",
            "compiles to more than 1048576 bytes",
        ),
    ] {
        let rule = RULE.replacen(change, to, 1);
        let found = fault(&format!("{HEAD}{rule}"));
        assert!(found.contains(expected), "{to}\n  {found}");
    }
}

/// Faults of proximity rules and frames are placed as well.
#[test]
fn faults_of_blocks_are_placed() {
    let near = "[[rule.near]]\nslots = ";
    for (block, expected) in [
        (
            String::new(),
            "p.toml:6 (p.r): a rule needs at least one of `any`, `near`, `regex`",
        ),
        (
            format!("{near}[[\"a\"]]\nwithin = 3\n"),
            "(p.r): `near` has 1 slots, must have 2 to 6",
        ),
        (
            format!("{near}[[\"a\"], [\"b\"]]\nwithin = 99\n"),
            "(p.r): `within` is 99, must be in 2..=64",
        ),
        (
            format!("{near}[[\"a\"], []]\nwithin = 9\n"),
            "(p.r): `slots` holds an empty slot",
        ),
        (
            format!("{near}[[\"a\", \"c\"], [\"C\"]]\nwithin = 9\nordered = false\n"),
            "(p.r): phrase `c`: stands in two slots of an unordered rule",
        ),
        (
            "any = [\"x\"]\n[[frame]]\nid = \"p.f\"\nphrases = []\n".into(),
            "p.toml:14 (p.f): `phrases` is empty",
        ),
        (
            "any = [\"x\"]\n[[frame]]\nid = \"p.f\"\nrole = \"what\"\nphrases = [\"y\"]\n".into(),
            "p.toml:16 (p.f): `role` is `what`",
        ),
        (
            "any = [\"x\"]\n[[frame]]\nid = \"p.r\"\nphrases = [\"y\"]\n".into(),
            "(p.r): `p.r` stands twice",
        ),
    ] {
        let found = fault(&format!("{HEAD}{RULE}{block}"));
        assert!(found.contains(expected), "{block}\n  {found}");
    }
}

/// Faults of the header, of the TOML itself, and of the set of packs.
#[test]
fn faults_of_packs_are_placed() {
    for (text, expected) in [
        ("x = ".to_owned(), "p.toml:1: "),
        (HEAD.replace("\"p\"", "\"P\""), "p.toml:2: `name` must be"),
        (HEAD.replace('1', "0"), "p.toml:3: `version` starts at 1"),
        (HEAD.replace("\"d\"", "\"\""), "`description` is empty"),
        (
            format!("{HEAD}[lists]\na = [\"@b\"]\n"),
            "p.toml:6: phrase `@b`: a list cannot stand in a list",
        ),
        (
            format!("{HEAD}#{}", "x".repeat(1024 * 1024)),
            "bytes, at most 1048576 are allowed",
        ),
    ] {
        let found = fault(&text);
        assert!(found.contains(expected), "{found}");
    }
    assert_eq!(
        fault_of(&[source("p.toml", HEAD), source("q.toml", HEAD)]),
        "q.toml: `p` stands twice"
    );
    let many: Vec<_> = (0..65)
        .map(|number| source("p.toml", &HEAD.replace("\"p\"", &format!("\"p{number}\""))))
        .collect();
    assert!(fault_of(&many).contains("65 packs, at most 64"));
}
