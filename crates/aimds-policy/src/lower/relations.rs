//! Questions about presence, and relations between a past event and the pending one.

use super::terms::Meaning;
use super::{Lowered, Lowering, Scope, negated};
use crate::atoms::{Atom, Field};
use crate::diagnostic::{Code, Name, Spanned};
use crate::syntax::{Comparison, Quantifier, Relation, Term, ValueType};
use aimds_proof::logic::Form;

impl Lowering<'_> {
    pub(super) fn known(&mut self, term: &Term, scope: &Scope) -> Lowered<Form> {
        let bound = self.here(&term.variable, scope)?;
        if let Meaning::Value(field) = self.meaning(term, &bound)? {
            return self.atom(Atom::Known(field), term.span);
        }
        let help = "write known(c.args.NAME), known(r.text) or known(r.ATTRIBUTE)";
        let message = "`known` asks for an argument, a text or an attribute";
        self.error(Code::WrongType, term.span, message, help)
    }

    pub(super) fn flag(&mut self, term: &Term, scope: &Scope) -> Lowered<Form> {
        let bound = self.here(&term.variable, scope)?;
        match self.meaning(term, &bound)? {
            Meaning::Value(field) if field.value_type() == ValueType::Flag => {
                self.atom(Atom::Flag(field), term.span)
            }
            _ => {
                let help =
                    "compare it: == != < <= > >=, `in`, `within`, `under`, `contains`, `starts`, `ends`";
                self.error(
                    Code::WrongType,
                    term.span,
                    "this is no flag and cannot stand alone",
                    help,
                )
            }
        }
    }

    /// `flows(r, c.args)`, `covers(p, c.args.to)`
    pub(super) fn flow(&mut self, covers: bool, from: &Name, into: &Term, scope: &Scope) -> Lowered<Form> {
        self.check_relation(into.span, scope)?;
        self.here(from, scope)?;
        self.check_pending(&into.variable, scope)?;
        let Some(pending) = scope.pending.clone() else {
            return self.error(
                Code::WrongVariable,
                into.span,
                "`when` binds no variable",
                "write `when call c`",
            );
        };
        let meaning = self.meaning(into, &pending)?;
        let Meaning::Value(field @ (Field::Text | Field::Arguments | Field::Argument(..))) = meaning else {
            let help = "content flows into c.args, c.args.NAME or m.text";
            return self.error(Code::WrongType, into.span, "nothing flows into this", help);
        };
        let atom = if covers {
            Atom::Covers(field)
        } else {
            Atom::Flows(field)
        };
        self.atom(atom, into.span)
    }

    /// `x.args.to == c.args.to`: a past event and the pending one.
    pub(super) fn same(
        &mut self,
        quantifier: Option<Quantifier>,
        left: &Term,
        relation: &Spanned<Relation>,
        right: &Term,
        scope: &Scope,
    ) -> Lowered<Form> {
        self.check_relation(right.span, scope)?;
        let left_is_pending = scope
            .pending
            .as_ref()
            .is_some_and(|pending| pending.name == left.variable.value);
        let (past, pending) = if left_is_pending {
            (right, left)
        } else {
            (left, right)
        };
        let past_bound = self.here(&past.variable, scope)?;
        self.check_pending(&pending.variable, scope)?;
        let Some(pending_bound) = scope.pending.clone() else {
            return self.error(
                Code::WrongVariable,
                pending.span,
                "`when` binds no variable",
                "write `when call c`",
            );
        };
        let fields = (
            self.meaning(past, &past_bound)?,
            self.meaning(pending, &pending_bound)?,
        );
        let (Meaning::Value(past_field), Meaning::Value(pending_field)) = fields else {
            let help = "tools, texts, arguments and attributes can be compared";
            return self.error(
                Code::WrongType,
                past.span.to(past.span),
                "these cannot be compared between events",
                help,
            );
        };
        if past_field.value_type() != pending_field.value_type() || quantifier.is_some() {
            let message = format!(
                "{} cannot be compared with {}",
                past_field.value_type().text(),
                pending_field.value_type().text()
            );
            return self.error(
                Code::WrongType,
                relation.span,
                message,
                "both sides need the same type, without `every` or `some`",
            );
        }
        let form = self.atom(Atom::Same(past_field, pending_field), left.span)?;
        match relation.value {
            Relation::Compare(Comparison::Equal) => Ok(form),
            Relation::Compare(Comparison::NotEqual) => Ok(negated(form)),
            _ => self.error(
                Code::WrongType,
                relation.span,
                "two events are compared with == or !=",
                "use == or !=",
            ),
        }
    }
}
