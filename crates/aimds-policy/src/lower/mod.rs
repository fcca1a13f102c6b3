//! Type checker and lowering in one walk: a formula that lowers is well typed, and one that is not gets a diagnostic.
//!
//! Meaning: a rule is evaluated at the last event of the trace, the *pending* event. `deny D unless U` becomes the deny rule
//! `when and D and not U`. Every temporal operator moves the point of evaluation to a past event; below one operator,
//! relations between that event and the pending one are atoms of the past event; below two they would have no meaning.

mod contracts;
mod patterns;
mod relations;
mod terms;
mod values;

use crate::atoms::{Atom, AtomTable};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Name, Span, Spanned};
use crate::limits::{COUNT_MAX, FORM_DEPTH_MAX, RULE_NODES_MAX};
use crate::rules::{CompiledRule, Effect, Join, Obligation, Part, Severity};
use crate::schema::Schema;
use crate::syntax::{Body, Comparison, Form as Tree, FormKind, Literal, Window};
use aimds_proof::logic::Form;
use std::collections::{BTreeMap, BTreeSet};

/// Marks that a construct cannot be lowered; the diagnostic is already recorded.
#[derive(Debug)]
pub(crate) struct Failed;

pub(crate) type Lowered<T> = Result<T, Failed>;

/// What names stand for: constants of the bundle, and a template's parameters in front of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Constants<'a> {
    pub(crate) parameters: BTreeMap<&'a str, &'a Spanned<Literal>>,
    pub(crate) lets: BTreeMap<&'a str, &'a Spanned<Literal>>,
}

/// What the variables of a formula stand for at one point of evaluation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Variables of the event at which the formula is evaluated, with what is known about their kind and tool.
    here: Vec<Bound>,
    /// The variable of the pending event.
    pending: Option<Bound>,
    /// How many temporal operators were entered.
    depth: usize,
}

/// A variable.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    name: String,
    /// Kinds that the pattern admits; empty is any.
    kinds: BTreeSet<String>,
    /// Listed tools that the pattern admits.
    tools: BTreeSet<String>,
}

/// Lowers the rules of one set.
pub(crate) struct Lowering<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) atoms: AtomTable,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// A balanced tree of `and` or `or`, so that long lists stay shallow.
pub(crate) fn balanced(mut forms: Vec<Form>, all: bool) -> Form {
    match forms.len() {
        0 => {
            if all {
                Form::True
            } else {
                Form::False
            }
        }
        1 => forms.pop().unwrap_or(Form::False),
        length => {
            let right = forms.split_off(length.div_ceil(2));
            let (left, right) = (Box::new(balanced(forms, all)), Box::new(balanced(right, all)));
            if all {
                Form::And(left, right)
            } else {
                Form::Or(left, right)
            }
        }
    }
}

/// The negation, without stacking two.
pub(crate) fn negated(form: Form) -> Form {
    match form {
        Form::Not(inner) => *inner,
        Form::True => Form::False,
        Form::False => Form::True,
        other => Form::Not(Box::new(other)),
    }
}

pub(crate) fn leaf(form: Form, span: Span) -> Part {
    Part {
        form,
        span,
        join: Join::Leaf,
        parts: Vec::new(),
    }
}

pub(crate) fn joined(parts: Vec<Part>, all: bool, span: Span) -> Part {
    Part {
        form: balanced(parts.iter().map(|part| part.form.clone()).collect(), all),
        span,
        join: if all { Join::All } else { Join::Any },
        parts,
    }
}

fn negation(part: Part, span: Span) -> Part {
    Part {
        form: negated(part.form.clone()),
        span,
        join: Join::Negation,
        parts: vec![part],
    }
}

impl<'a> Lowering<'a> {
    pub(crate) fn error<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Lowered<T> {
        self.diagnostics
            .push(Diagnostic::error(code, span, message, help));
        Err(Failed)
    }

    pub(crate) fn atom(&mut self, atom: Atom, span: Span) -> Lowered<Form> {
        match self.atoms.intern(atom) {
            Some(id) => Ok(Form::Atom(id)),
            None => self.error(
                Code::TooLarge,
                span,
                "this set asks for too many facts",
                "split the set",
            ),
        }
    }

    /// One policy, under the name it has in the set.
    pub(crate) fn rule(
        &mut self,
        name: &Name,
        body: &Body,
        span: Span,
        constants: &Constants<'a>,
    ) -> Lowered<CompiledRule> {
        let (when_part, scope) = self.pending(name, body, constants)?;
        let Some(effect) = &body.effect else {
            let help = "add `deny if ..` or `permit if ..`";
            return self.error(
                Code::BadClause,
                name.span,
                "this policy neither denies nor permits",
                help,
            );
        };
        let mut parts = vec![when_part];
        if let Some(form) = &effect.form {
            parts.push(self.form(form, &scope, constants)?);
        }
        if let Some(unless) = &body.unless {
            let part = self.form(unless, &scope, constants)?;
            parts.push(negation(part, unless.span));
        }
        let body_part = joined(parts, true, span);
        self.check_size(&body_part.form, name)?;
        Ok(CompiledRule {
            name: name.value.clone(),
            effect: self.effect(body, effect.permit)?,
            severity: self.severity(body)?,
            message: body.message.as_ref().map(|message| message.value.clone()),
            source: body.source.as_ref().map(|source| source.value.clone()),
            obligations: self.obligations(body, constants)?,
            body: body_part,
            span,
        })
    }

    /// What `when` asks of the pending event, and what the rest of the body may name.
    fn pending(&mut self, name: &Name, body: &Body, constants: &Constants<'a>) -> Lowered<(Part, Scope)> {
        let Some(when) = &body.when else {
            return self.error(
                Code::BadClause,
                name.span,
                "this policy has no `when`",
                "say which event it judges: `when call c`",
            );
        };
        let mut scope = Scope::default();
        let part = self.pattern(when, &mut scope, constants)?;
        scope.pending = scope.here.first().cloned();
        Ok((part, scope))
    }

    fn check_size(&mut self, form: &Form, name: &Name) -> Lowered<()> {
        let mut nodes = 0;
        let mut open = vec![(form, 1)];
        while let Some((form, depth)) = open.pop() {
            nodes += 1;
            if depth > FORM_DEPTH_MAX {
                return self.error(
                    Code::TooDeep,
                    name.span,
                    "this policy nests too deep for a certificate",
                    "split it",
                );
            }
            open.extend(form.children().map(|child| (child, depth + 1)));
        }
        if nodes > RULE_NODES_MAX {
            let message =
                format!("this policy lowers to {nodes} operators and facts; {RULE_NODES_MAX} is the most");
            return self.error(Code::TooLarge, name.span, message, "split it");
        }
        Ok(())
    }

    fn effect(&mut self, body: &Body, permit: bool) -> Lowered<Effect> {
        let Some(action) = &body.action else {
            return Ok(if permit { Effect::Permit } else { Effect::Deny });
        };
        let found = Effect::WORDS
            .iter()
            .find(|(effect, word)| *word == action.value && *effect != Effect::Permit);
        match found {
            Some((effect, _)) if !permit => Ok(*effect),
            Some(_) => {
                let help = "drop `action`, or write `deny if`";
                self.error(Code::BadClause, action.span, "a permit has no action", help)
            }
            None => {
                let message = format!("there is no action `{}`", action.value);
                self.error(
                    Code::UnknownName,
                    action.span,
                    message,
                    "the actions are deny, ask, throttle, redact and notify",
                )
            }
        }
    }

    fn severity(&mut self, body: &Body) -> Lowered<Severity> {
        let Some(severity) = &body.severity else {
            return Ok(Severity::Medium);
        };
        let known = Severity::WORDS.iter().find(|(_, word)| *word == severity.value);
        if let Some((found, _)) = known {
            return Ok(*found);
        }
        let message = format!("there is no severity `{}`", severity.value);
        let help = "the severities are info, low, medium, high and critical";
        self.error(Code::UnknownName, severity.span, message, help)
    }

    fn obligations(&mut self, body: &Body, constants: &Constants<'a>) -> Lowered<Vec<Obligation>> {
        let mut all = Vec::new();
        for item in &body.obligations {
            let about = item.about.as_ref().map(|about| {
                let named = constants.parameters.get(about.value.as_str());
                match named.map(|literal| &literal.value) {
                    Some(Literal::Text(text) | Literal::Name(text)) => text.clone(),
                    _ => about.value.clone(),
                }
            });
            all.push(match (item.name.value.as_str(), about) {
                ("notify", Some(about)) => Obligation::Notify(about),
                ("redact", Some(about)) => Obligation::Redact(about),
                ("ask", about) => Obligation::Ask(about.unwrap_or_else(|| "user".into())),
                _ => {
                    let help = "the obligations are notify(\"whom\"), redact(category) and ask(role)";
                    return self.error(
                        Code::BadClause,
                        item.name.span,
                        "this obligation is not known",
                        help,
                    );
                }
            });
        }
        all.sort();
        all.dedup();
        Ok(all)
    }

    fn form(&mut self, tree: &Tree, scope: &Scope, constants: &Constants<'a>) -> Lowered<Part> {
        let span = tree.span;
        match &tree.kind {
            FormKind::Constant(value) => Ok(leaf(if *value { Form::True } else { Form::False }, span)),
            FormKind::Not(inner) => Ok(negation(self.form(inner, scope, constants)?, span)),
            FormKind::And(all) => self
                .each(all, scope, constants)
                .map(|parts| joined(parts, true, span)),
            FormKind::Or(any) => self
                .each(any, scope, constants)
                .map(|parts| joined(parts, false, span)),
            FormKind::Pattern(pattern) => self.pattern(pattern, &mut scope.clone(), constants),
            FormKind::Approval { revoked, of, by } => self.approval(*revoked, of, by.as_ref(), span, scope),
            FormKind::Compare {
                quantifier,
                left,
                relation,
                right,
            } => {
                let form = self.compare(*quantifier, left, relation, right, scope, constants)?;
                Ok(leaf(form, span))
            }
            FormKind::Known(term) => Ok(leaf(self.known(term, scope)?, span)),
            FormKind::Flag(term) => Ok(leaf(self.flag(term, scope)?, span)),
            FormKind::Flow { covers, from, into } => Ok(leaf(self.flow(*covers, from, into, scope)?, span)),
            _ => self.temporal(tree, scope, constants),
        }
    }

    fn each(&mut self, trees: &[Tree], scope: &Scope, constants: &Constants<'a>) -> Lowered<Vec<Part>> {
        // All are looked at even if one fails, so that one run reports every error.
        let parts: Vec<_> = trees
            .iter()
            .map(|tree| self.form(tree, scope, constants))
            .collect();
        parts.into_iter().collect()
    }

    fn temporal(&mut self, tree: &Tree, scope: &Scope, constants: &Constants<'a>) -> Lowered<Part> {
        let span = tree.span;
        let inner = Scope {
            here: Vec::new(),
            pending: scope.pending.clone(),
            depth: scope.depth + 1,
        };
        let (form, parts) = match &tree.kind {
            FormKind::Previous(form) => {
                let part = self.form(form, &inner, constants)?;
                (Form::Previous(Box::new(part.form.clone())), vec![part])
            }
            FormKind::Once(window, form) => {
                let (from_ms, to_ms) = self.window(window, constants)?;
                let part = self.form(form, &inner, constants)?;
                let form = Box::new(part.form.clone());
                (Form::Once { from_ms, to_ms, form }, vec![part])
            }
            FormKind::Historically(window, form) => {
                let (from_ms, to_ms) = self.window(window, constants)?;
                let part = self.form(form, &inner, constants)?;
                let form = Box::new(negated(part.form.clone()));
                (negated(Form::Once { from_ms, to_ms, form }), vec![part])
            }
            FormKind::Since(window, hold, from) => {
                let (from_ms, to_ms) = self.window(window, constants)?;
                let hold = self.form(hold, &inner, constants);
                let from = self.form(from, &inner, constants)?;
                let hold = hold?;
                let form = Form::Since {
                    from_ms,
                    to_ms,
                    hold: Box::new(hold.form.clone()),
                    from: Box::new(from.form.clone()),
                };
                (form, vec![hold, from])
            }
            FormKind::Count(window, form, comparison, number) => {
                let (from_ms, to_ms) = self.window(window, constants)?;
                let part = self.form(form, &inner, constants)?;
                let number_value = self.number(number, constants)?;
                let form = self.count(
                    from_ms,
                    to_ms,
                    &part.form,
                    comparison.value,
                    number_value,
                    number.span,
                )?;
                (form, vec![part])
            }
            _ => {
                return self.error(
                    Code::Expected,
                    span,
                    "this is no condition",
                    "see docs/policy-language.md",
                );
            }
        };
        Ok(Part {
            form,
            span,
            join: Join::Temporal,
            parts,
        })
    }

    fn window(&mut self, window: &Window, constants: &Constants<'a>) -> Lowered<(u64, u64)> {
        let from_ms = self.duration(&window.from, constants)?;
        let to_ms = self.duration(&window.to, constants)?;
        if from_ms > to_ms {
            let span = window.from.span.to(window.to.span);
            let help = "the first end is the younger age: [0s, 10m]";
            return self.error(Code::BadWindow, span, "this window is empty", help);
        }
        Ok((from_ms, to_ms))
    }

    fn count(
        &mut self,
        from_ms: u64,
        to_ms: u64,
        form: &Form,
        comparison: Comparison,
        number: u64,
        span: Span,
    ) -> Lowered<Form> {
        if number >= COUNT_MAX {
            let message =
                format!("a decision looks back on {COUNT_MAX} events, so that this count is never reached");
            return self.error(Code::BadCount, span, message, "lower it");
        }
        let at_least = |at_least: u64| Form::Count {
            from_ms,
            to_ms,
            at_least,
            form: Box::new(form.clone()),
        };
        let both = |left: Form, right: Form| Form::And(Box::new(left), Box::new(right));
        match (comparison, number) {
            (Comparison::AtLeast | Comparison::Less, 0) => self.error(
                Code::BadCount,
                span,
                "this is the same for every trace",
                "count from one",
            ),
            (Comparison::AtLeast, n) => Ok(at_least(n)),
            (Comparison::Greater, n) => Ok(at_least(n + 1)),
            (Comparison::Less, n) => Ok(negated(at_least(n))),
            (Comparison::AtMost, n) => Ok(negated(at_least(n + 1))),
            (Comparison::Equal, 0) => Ok(negated(at_least(1))),
            (Comparison::NotEqual, 0) => Ok(at_least(1)),
            (Comparison::Equal, n) => Ok(both(at_least(n), negated(at_least(n + 1)))),
            (Comparison::NotEqual, n) => Ok(negated(both(at_least(n), negated(at_least(n + 1))))),
        }
    }
}
