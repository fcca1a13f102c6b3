//! A certificate as Lean source for people to read.
//!
//! It is a second rendering of the same policy, trace and statement: nobody checks it against the export stream, and the text
//! says so in its first lines. Written for Lean 4, without any import: recursors and universes are explicit, nothing is left to
//! elaboration but the comparison that the kernel makes too. No Lean toolchain was at hand to try it.

use std::fmt::Write as _;

use crate::certificate::{Decision, Verdict};
use crate::export::inductive::DataType;
use crate::export::source::Declaration;
use crate::export::stream::BinderInfo;
use crate::export::term::{Binder, Term, Universe};
use crate::logic::{Event, Form, Rule, Value};
use crate::notation::{policy_text, trace_text};
use crate::outcome::Reason;
use crate::prelude::prelude;

/// The decision as Lean source. It has no line that is checked by this crate; see the head of the text.
pub fn lean_text(decision: &Decision) -> Result<String, Reason> {
    let prelude = prelude().map_err(|_| Reason::Pin)?;
    let mut text = String::from(HEAD);
    let verdict = match decision.verdict {
        Verdict::Allow => "allowed",
        Verdict::Deny => "denied",
    };
    // Writing to a `String` cannot fail, here and below.
    let _ = writeln!(
        text,
        "The last event of the trace is {verdict} by the policy.\n\nPolicy:"
    );
    text.push_str(&policy_text(&decision.policy));
    text.push_str("\nTrace, oldest event first (ms, what absent atoms mean, facts):\n");
    text.push_str(&trace_text(&decision.trace));
    text.push_str("-/\n\n");
    text.push_str(OPTIONS);
    write_declarations(&mut text, &prelude.declarations);
    write_decision(&mut text, decision);
    Ok(text)
}

/// The first words of every text.
const HEAD: &str = "/-\nThis file is a second rendering, for people. What was checked is the export stream beside it, not this text.\n\n";

/// Comparing two terms by computation takes more depth and work than Lean allows by default.
const OPTIONS: &str = "set_option maxRecDepth 1000000\nset_option maxHeartbeats 0\n\n";

/// Cases up to which a proof is written out; beyond it nobody reads one, and the stream has it.
const CASES_MAX: usize = 200;

/// A theorem about policies as Lean source, with all that it needs. See the head of the text.
pub(crate) fn theorem_text(declarations: &[Declaration], cases: usize) -> String {
    let mut text = String::from(HEAD);
    text.push_str("The statement is `Aimds.verdict`, at the end.\n");
    let Ok(prelude) = prelude() else {
        return text;
    };
    let is_short = cases <= CASES_MAX;
    if !is_short {
        let _ = writeln!(
            text,
            "Its proof has {cases} cases and is in the stream only: here `sorry` stands for it."
        );
    }
    text.push_str("-/\n\n");
    text.push_str(OPTIONS);
    write_declarations(&mut text, &prelude.declarations);
    if is_short {
        write_declarations(&mut text, declarations);
        return text;
    }
    for declaration in declarations {
        match declaration {
            Declaration::Theorem { name, statement, .. } if name == "Aimds.verdict" => {
                let _ = writeln!(text, "theorem {name} :\n  {} :=\n  sorry\n", term_text(statement));
            }
            Declaration::Theorem { .. } => {}
            other => write_declarations(&mut text, std::slice::from_ref(other)),
        }
    }
    text
}

fn write_declarations(text: &mut String, declarations: &[Declaration]) {
    for declaration in declarations {
        // Writing to a `String` cannot fail.
        let _ = match declaration {
            // Lean brings this along.
            Declaration::Data(data) if data.name == "Bool" => Ok(()),
            Declaration::Data(data) => {
                write_data(text, data);
                Ok(())
            }
            Declaration::Theorem {
                name,
                statement,
                proof,
            } => writeln!(
                text,
                "theorem {name} :\n  {} :=\n  {}\n",
                term_text(statement),
                term_text(proof)
            ),
            // Lean does not compile recursors.
            Declaration::Definition { name, kind, value } => writeln!(
                text,
                "noncomputable def {name} : {} :=\n  {}\n",
                term_text(kind),
                term_text(value)
            ),
        };
    }
}

/// A word as Lean reads it. The variables of a certificate stand under `Aimds` like its constants, but the name of a binder may
/// have no dot.
fn local(name: &str) -> String {
    match name.strip_prefix("Aimds.") {
        Some(rest) if is_variable(rest) => format!("v_{rest}"),
        _ => name.to_owned(),
    }
}

/// `x0`, `h1`, `t2`, `f3` and `y`: the variables of case splits and events.
fn is_variable(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next();
    let digits = characters.as_str();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    matches!(first, Some('x' | 'h' | 't' | 'f')) && is_number || name == "y"
}

fn write_data(text: &mut String, data: &DataType) {
    let _ = writeln!(text, "inductive {} where", data.name);
    for constructor in &data.constructors {
        let _ = write!(text, "  | {}", constructor.name);
        for (name, kind) in &constructor.fields {
            let _ = write!(text, " ({name} : {kind})");
        }
        text.push('\n');
    }
    text.push('\n');
}

fn write_decision(text: &mut String, decision: &Decision) {
    for (at, rule) in decision.policy.rules().iter().enumerate() {
        let _ = writeln!(
            text,
            "noncomputable def Aimds.rule_{} : Aimds.Form :=\n  {}\n",
            at + 1,
            form(rule.form())
        );
    }
    let mut policy = String::from("Aimds.Pol.nil");
    for (at, rule) in decision.policy.rules().iter().enumerate().rev() {
        let word = match rule {
            Rule::Deny(_) => "deny",
            Rule::Permit(_) => "permit",
        };
        policy = format!("(Aimds.Pol.{word} Aimds.rule_{} {policy})", at + 1);
    }
    let _ = writeln!(
        text,
        "noncomputable def Aimds.policy : Aimds.Pol :=\n  {policy}\n"
    );
    let mut trace = String::from("Aimds.Trace.nil");
    for event in decision.trace.events() {
        trace = format!(
            "(Aimds.Trace.ev {} {}\n    {trace})",
            number(event.time_ms()),
            facts(event)
        );
    }
    let _ = writeln!(
        text,
        "noncomputable def Aimds.trace : Aimds.Trace :=\n  {trace}\n"
    );
    if let Some(at) = decision.reason {
        let mode = match decision.verdict {
            Verdict::Deny => "true",
            Verdict::Allow => "false",
        };
        let holds = format!("Aimds.eval Aimds.rule_{} Bool.{mode} Aimds.trace", at + 1);
        write_theorem(text, "Aimds.reason", &holds);
    }
    let decide = "Aimds.decide Aimds.policy Aimds.trace";
    match decision.verdict {
        Verdict::Allow => write_theorem(text, "Aimds.verdict", decide),
        Verdict::Deny => write_theorem(text, "Aimds.verdict", &format!("Aimds.not ({decide})")),
    }
}

fn write_theorem(text: &mut String, name: &str, term: &str) {
    let _ = writeln!(
        text,
        "theorem {name} : {term} = true :=\n  @Eq.refl Bool ({term})\n"
    );
}

fn number(number: u64) -> String {
    let mut result = String::from("Aimds.Bin.nil");
    for bit in (0..u64::BITS - number.leading_zeros()).rev() {
        result = format!("(Aimds.Bin.b{} {result})", (number >> bit) & 1);
    }
    result
}

fn value(value: Value) -> String {
    match value {
        Value::Unknown => "Aimds.Val.unk".to_owned(),
        Value::No => "Aimds.Val.no".to_owned(),
        Value::Yes => "Aimds.Val.yes".to_owned(),
        Value::Number(inner) => format!("(Aimds.Val.num {})", number(inner)),
    }
}

fn facts(event: &Event) -> String {
    let facts: Vec<_> = event
        .facts()
        .iter()
        .map(|(atom, value)| (atom.number(), *value))
        .collect();
    facts_below(&facts, event.absent())
}

fn facts_below(facts: &[(u32, Value)], absent: Value) -> String {
    if facts.is_empty() {
        return format!("(Aimds.Trie.leaf {})", value(absent));
    }
    let here = facts
        .iter()
        .find(|(bits, _)| *bits == 0)
        .map_or(absent, |(_, here)| *here);
    let below = |bit: u32| {
        let inside: Vec<_> = facts
            .iter()
            .filter(|(bits, _)| *bits != 0 && bits & 1 == bit)
            .map(|(bits, value)| (bits >> 1, *value))
            .collect();
        facts_below(&inside, absent)
    };
    format!("(Aimds.Trie.node {} {} {})", value(here), below(0), below(1))
}

fn form(of: &Form) -> String {
    let mut parts = match of {
        Form::True => return "Aimds.Form.tt".to_owned(),
        Form::False => return "Aimds.Form.ff".to_owned(),
        Form::Atom(atom) => vec!["atom".to_owned(), number(u64::from(atom.number()))],
        Form::AtMost(atom, bound) => vec!["le".to_owned(), number(u64::from(atom.number())), number(*bound)],
        Form::Not(_) => vec!["neg".to_owned()],
        Form::And(..) => vec!["and".to_owned()],
        Form::Or(..) => vec!["or".to_owned()],
        Form::Previous(_) => vec!["prev".to_owned()],
        Form::Once { from_ms, to_ms, .. } => vec!["once".to_owned(), number(*from_ms), number(*to_ms)],
        Form::Since { from_ms, to_ms, .. } => vec!["since".to_owned(), number(*from_ms), number(*to_ms)],
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            ..
        } => vec![
            "count".to_owned(),
            number(*from_ms),
            number(*to_ms),
            number(*at_least),
        ],
    };
    parts.extend(of.children().map(form));
    format!("(Aimds.Form.{})", parts.join(" "))
}

fn term_text(term: &Term) -> String {
    match term {
        Term::Word(name) => local(name),
        Term::Constant(name, universes) => {
            let universes: Vec<_> = universes
                .iter()
                .map(|universe| universe_text(*universe))
                .collect();
            format!("@{name}.{{{}}}", universes.join(", "))
        }
        Term::Sort(universe) => format!("(Sort {})", universe_text(*universe)),
        Term::Apply(function, arguments) if arguments.is_empty() => term_text(function),
        Term::Apply(function, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(term_text).collect();
            format!("({} {})", term_text(function), arguments.join(" "))
        }
        // No hypotheses, no binder: Lean wants one behind `fun`.
        Term::Lambda(binders, body) | Term::ForAll(binders, body) if binders.is_empty() => term_text(body),
        Term::Lambda(binders, body) => format!("(fun {} => {})", binders_text(binders), term_text(body)),
        Term::ForAll(binders, body) => format!("(∀ {}, {})", binders_text(binders), term_text(body)),
        Term::Arrow(argument, result) => format!("({} → {})", term_text(argument), term_text(result)),
    }
}

fn binders_text(binders: &[Binder]) -> String {
    let each: Vec<_> = binders
        .iter()
        .map(|binder| match binder.info {
            BinderInfo::Default => format!("({} : {})", local(&binder.name), term_text(&binder.kind)),
            BinderInfo::Implicit => format!("{{{} : {}}}", local(&binder.name), term_text(&binder.kind)),
        })
        .collect();
    each.join(" ")
}

fn universe_text(universe: Universe) -> String {
    match universe {
        Universe::Zero => "0".to_owned(),
        Universe::One => "1".to_owned(),
        Universe::Parameter(name) => name.to_owned(),
    }
}
