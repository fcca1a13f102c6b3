//! A certificate as Lean source for people to read.
//!
//! It is a second rendering of the same policy, trace and statement: nobody checks it against the export stream, and the text
//! says so in its first lines.

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
    let mut text = String::from(
        "/-\nThis file is a second rendering, for people. What was checked is the export stream beside it, not this text.\n\n",
    );
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
    for declaration in &prelude.declarations {
        match declaration {
            // Lean brings these along.
            Declaration::Data(data) if data.name == "Bool" => {}
            Declaration::Data(data) => write_data(&mut text, data),
            // The prelude has none.
            Declaration::Theorem { .. } => {}
            Declaration::Definition { name, kind, value } => {
                let _ = writeln!(
                    text,
                    "noncomputable def {name} : {} :=\n  {}\n",
                    term_text(kind),
                    term_text(value)
                );
            }
        }
    }
    write_decision(&mut text, decision);
    Ok(text)
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
        Term::Word(name) => name.clone(),
        Term::Constant(name, universes) => {
            let universes: Vec<_> = universes
                .iter()
                .map(|universe| universe_text(*universe))
                .collect();
            format!("@{name}.{{{}}}", universes.join(", "))
        }
        Term::Sort(universe) => format!("(Sort {})", universe_text(*universe)),
        Term::Apply(function, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(term_text).collect();
            format!("({} {})", term_text(function), arguments.join(" "))
        }
        Term::Lambda(binders, body) => format!("(fun {} => {})", binders_text(binders), term_text(body)),
        Term::ForAll(binders, body) => format!("(∀ {}, {})", binders_text(binders), term_text(body)),
        // The prelude's text has none.
        Term::Written(_) => "_".to_owned(),
        Term::Arrow(argument, result) => format!("({} → {})", term_text(argument), term_text(result)),
    }
}

fn binders_text(binders: &[Binder]) -> String {
    let each: Vec<_> = binders
        .iter()
        .map(|binder| match binder.info {
            BinderInfo::Default => format!("({} : {})", binder.name, term_text(&binder.kind)),
            BinderInfo::Implicit => format!("{{{} : {}}}", binder.name, term_text(&binder.kind)),
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
