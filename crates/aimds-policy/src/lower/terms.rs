//! Terms, and comparisons of values.

use super::{Bound, Constants, Lowered, Lowering, Scope, balanced, negated};
use crate::atoms::{Atom, Field, ValueTest};
use crate::diagnostic::{Code, Name, Spanned, nearest};
use crate::limits::NUMBER_MAX;
use crate::schema::CALL_KIND;
use crate::syntax::{Comparison, Literal, Operand, Quantifier, Relation, Term, TermField, ValueType};
use aimds_proof::logic::Form;
use std::collections::BTreeSet;

/// What a term stands for.
pub(super) enum Meaning {
    Trust,
    Role,
    Score(String),
    Value(Field),
    Length(Field),
    Count(Field),
}

impl<'a> Lowering<'a> {
    pub(super) fn compare(
        &mut self,
        quantifier: Option<Quantifier>,
        left: &Term,
        relation: &Spanned<Relation>,
        right: &Operand,
        scope: &Scope,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        let literal = match right {
            Operand::Term(other) => return self.same(quantifier, left, relation, other, scope),
            Operand::Literal(literal) => literal,
        };
        let bound = self.here(&left.variable, scope)?;
        let meaning = self.meaning(left, &bound)?;
        if quantifier.is_some() && !matches!(&meaning, Meaning::Value(field) if field.value_type().is_set()) {
            let help = "`every` and `some` stand before sets";
            return self.error(Code::WrongType, left.span, "this is no set", help);
        }
        match meaning {
            Meaning::Trust => self.compare_trust(relation, literal, constants),
            Meaning::Role => self.compare_role(relation, literal),
            Meaning::Score(detector) => self.compare_score(&detector, relation, literal, constants),
            Meaning::Length(field) => {
                let number = self.number(literal, constants)?;
                let test = ValueTest::Length(self.sign(relation)?, number);
                self.atom(Atom::Value(field, None, test), left.span)
            }
            Meaning::Count(field) => {
                let number = self.number(literal, constants)?;
                let test = ValueTest::Count(self.sign(relation)?, number);
                self.atom(Atom::Value(field, None, test), left.span)
            }
            Meaning::Value(field) => {
                self.compare_value(field, quantifier, left, relation, literal, constants)
            }
        }
    }

    fn sign(&mut self, relation: &Spanned<Relation>) -> Lowered<Comparison> {
        match relation.value {
            Relation::Compare(sign) => Ok(sign),
            other => {
                let message = format!("`{}` does not compare numbers", other.text());
                self.error(Code::WrongType, relation.span, message, "use == != < <= > >=")
            }
        }
    }

    /// The variable of the event at which the formula is evaluated.
    pub(super) fn here(&mut self, name: &Name, scope: &Scope) -> Lowered<Bound> {
        if let Some(bound) = scope.here.iter().find(|bound| bound.name == name.value) {
            return Ok(bound.clone());
        }
        let pending = scope
            .pending
            .as_ref()
            .filter(|pending| pending.name == name.value);
        if let (Some(pending), 0) = (pending, scope.depth) {
            return Ok(pending.clone());
        }
        if pending.is_some() {
            let message = format!(
                "`{}` is the pending event, but this is evaluated at a past one",
                name.value
            );
            let help = "move the condition out of the operator, or relate both events with `==`, `flows` or `covers`";
            return self.error(Code::WrongVariable, name.span, message, help);
        }
        let message = format!("no event is called `{}` here", name.value);
        let help = "bind it with a pattern: `read r where r.trust <= untrusted`; it is known only there";
        self.error(Code::WrongVariable, name.span, message, help)
    }

    pub(super) fn meaning(&mut self, term: &Term, bound: &Bound) -> Lowered<Meaning> {
        let path = match &term.field {
            TermField::Score(detector) => {
                if self.schema.detectors.contains(&detector.value) {
                    return Ok(Meaning::Score(detector.value.clone()));
                }
                return self.unknown_field(
                    "detector",
                    detector,
                    &self.schema.detectors.clone(),
                    "declare it with `detector`",
                );
            }
            TermField::Path(path) => path,
        };
        let words: Vec<&str> = path.iter().map(|name| name.value.as_str()).collect();
        let (field, rest) = match words.as_slice() {
            ["trust"] => return Ok(Meaning::Trust),
            ["role"] => return Ok(Meaning::Role),
            ["tool"] => (Field::Tool, &[][..]),
            ["args"] => (Field::Arguments, &[][..]),
            ["args", name, rest @ ..] => {
                let kind = self.argument_type(name, term, bound)?;
                (Field::Argument((*name).to_owned(), kind), rest)
            }
            ["text", rest @ ..] => (Field::Text, rest),
            [name, rest @ ..] => {
                let Some(kind) = self.schema.attributes.get(*name) else {
                    let mut known: BTreeSet<String> = self.schema.attributes.keys().cloned().collect();
                    known.extend(["trust", "role", "tool", "text", "args"].map(str::to_owned));
                    let help =
                        "the fields are trust, role, tool, text, args.NAME and the schema's attributes";
                    let name = path.first().unwrap_or(&term.variable).clone();
                    return self.unknown_field("field", &name, &known, help);
                };
                (Field::Attribute((*name).to_owned(), *kind), rest)
            }
            [] => {
                return self.error(
                    Code::Expected,
                    term.span,
                    "a field is missing",
                    "such as c.args.path",
                );
            }
        };
        match rest {
            [] => Ok(Meaning::Value(field)),
            ["length"] if !field.value_type().is_set() => Ok(Meaning::Length(field)),
            ["count"] if field.value_type().is_set() => Ok(Meaning::Count(field)),
            _ => {
                let help = "texts have `.length`, sets have `.count`";
                self.error(Code::WrongType, term.span, "this value has no such part", help)
            }
        }
    }

    fn unknown_field<T>(
        &mut self,
        what: &str,
        name: &Name,
        known: &BTreeSet<String>,
        help: &str,
    ) -> Lowered<T> {
        let help = nearest(&name.value, known.iter().map(String::as_str))
            .map_or_else(|| help.to_owned(), |near| format!("did you mean `{near}`?"));
        self.error(
            Code::UnknownName,
            name.span,
            format!("there is no {what} `{}`", name.value),
            help,
        )
    }

    /// The type of an argument, if every listed tool that the pattern admits has it.
    fn argument_type(&mut self, name: &str, term: &Term, bound: &Bound) -> Lowered<ValueType> {
        if bound.kinds.len() != 1 || !bound.kinds.contains(CALL_KIND) {
            let help = "match a call: `call c` (the event kind `tool_call`)";
            return self.error(Code::WrongType, term.span, "only tool calls have arguments", help);
        }
        let Some(kind) = self.schema.argument(name) else {
            let help = "declare it with its tool, or with `argument` for any tool";
            return self.error(
                Code::UnknownName,
                term.span,
                format!("no tool has an argument `{name}`"),
                help,
            );
        };
        if !self.schema.arguments.contains_key(name) {
            let lacking = bound.tools.iter().find(|tool| {
                self.schema
                    .tools
                    .get(*tool)
                    .is_some_and(|tool| !tool.arguments.contains_key(name))
            });
            if let Some(tool) = lacking {
                let message = format!("the pattern admits `{tool}`, which has no argument `{name}`");
                let help = "name the tools: `call c to {..}`, or declare the argument for any tool and ask `known(..)` first";
                return self.error(Code::UndeclaredArgument, term.span, message, help);
            }
        }
        Ok(kind)
    }

    fn compare_trust(
        &mut self,
        relation: &Spanned<Relation>,
        literal: &Spanned<Literal>,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        let resolved = Self::resolve(literal, constants);
        let level = match &resolved.value {
            Literal::Name(label) => self.schema.level(label),
            _ => None,
        };
        let Some(level) = level else {
            let help = format!("the labels are {}", self.schema.labels.join(" < "));
            return self.error(Code::UnknownName, literal.span, "this is no trust label", help);
        };
        let at_most = self.atom(Atom::TrustAtMost(level), literal.span)?;
        // Below the lowest label nothing is: no for every label that is known, for none is above the highest, and unknown where the
        // label is.
        let below = match level.checked_sub(1) {
            Some(below) => self.atom(Atom::TrustAtMost(below), literal.span)?,
            None => negated(self.atom(Atom::TrustAtMost(self.schema.highest_level()), literal.span)?),
        };
        let exactly = balanced(vec![at_most.clone(), negated(below.clone())], true);
        Ok(match self.sign(relation)? {
            Comparison::AtMost => at_most,
            Comparison::Greater => negated(at_most),
            Comparison::Less => below,
            Comparison::AtLeast => negated(below),
            Comparison::Equal => exactly,
            Comparison::NotEqual => negated(exactly),
        })
    }

    fn compare_role(&mut self, relation: &Spanned<Relation>, literal: &Spanned<Literal>) -> Lowered<Form> {
        let members = match &literal.value {
            Literal::Set(members) => members.clone(),
            _ => vec![literal.clone()],
        };
        let mut any = Vec::new();
        for member in members {
            match member.value {
                Literal::Name(value) => any.push(self.role(&Spanned {
                    value,
                    span: member.span,
                })?),
                _ => {
                    return self.error(
                        Code::WrongType,
                        member.span,
                        "this is no role",
                        "roles are names, without quotes",
                    );
                }
            }
        }
        let any = balanced(any, false);
        match relation.value {
            Relation::In | Relation::Compare(Comparison::Equal) => Ok(any),
            Relation::Compare(Comparison::NotEqual) => Ok(negated(any)),
            _ => self.error(
                Code::WrongType,
                relation.span,
                "roles have no order",
                "use ==, != or `in`",
            ),
        }
    }

    fn compare_score(
        &mut self,
        detector: &str,
        relation: &Spanned<Relation>,
        literal: &Spanned<Literal>,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        let score = self.score(literal, constants)?;
        let mut at_least =
            |score: u16| self.atom(Atom::ScoreAtLeast(detector.to_owned(), score), literal.span);
        match relation.value {
            Relation::Compare(Comparison::AtLeast) => at_least(score),
            Relation::Compare(Comparison::Greater) => at_least(score + 1),
            Relation::Compare(Comparison::Less) => at_least(score).map(negated),
            Relation::Compare(Comparison::AtMost) => at_least(score + 1).map(negated),
            _ => {
                let help = "use <, <=, > or >=";
                self.error(
                    Code::WrongType,
                    relation.span,
                    "scores are compared by size only",
                    help,
                )
            }
        }
    }

    fn compare_value(
        &mut self,
        field: Field,
        quantifier: Option<Quantifier>,
        left: &Term,
        relation: &Spanned<Relation>,
        literal: &Spanned<Literal>,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        let kind = field.value_type();
        if field == Field::Arguments {
            let help = "name one: c.args.NAME";
            return self.error(
                Code::WrongType,
                left.span,
                "arguments as a whole cannot be compared",
                help,
            );
        }
        if kind.is_set() && quantifier.is_none() {
            let help = "say how: `every c.args.to within {..}` or `some c.args.to within {..}`";
            return self.error(Code::WrongType, left.span, "this is a set", help);
        }
        match (kind.member(), relation.value) {
            (ValueType::Amount, _) => self.compare_amount(field, left, relation, literal, constants),
            (ValueType::Integer, Relation::Compare(sign)) => {
                let number = self.number(literal, constants)?;
                self.atom(
                    Atom::Value(field, quantifier, ValueTest::Number(sign, number)),
                    left.span,
                )
            }
            (ValueType::Flag, Relation::Compare(sign @ (Comparison::Equal | Comparison::NotEqual))) => {
                let Literal::Flag(wanted) = literal.value else {
                    return self.error(
                        Code::WrongType,
                        literal.span,
                        "a flag is true or false",
                        "write true or false",
                    );
                };
                let flag = self.atom(Atom::Flag(field), left.span)?;
                Ok(if wanted == (sign == Comparison::Equal) {
                    flag
                } else {
                    negated(flag)
                })
            }
            (member @ (ValueType::Text | ValueType::Host | ValueType::Path), found) => {
                let values = self.texts(literal, member, constants)?;
                let lower = || values.iter().map(|value| value.to_lowercase()).collect();
                let test = match (member, found) {
                    (_, Relation::In | Relation::Compare(Comparison::Equal | Comparison::NotEqual)) => {
                        ValueTest::OneOf(values)
                    }
                    (ValueType::Host, Relation::Within) => ValueTest::Within(values),
                    (ValueType::Path, Relation::Under) => ValueTest::Under(values),
                    (ValueType::Text, Relation::Contains) => ValueTest::Contains(lower()),
                    (ValueType::Text, Relation::Starts) => ValueTest::Starts(lower()),
                    (ValueType::Text, Relation::Ends) => ValueTest::Ends(lower()),
                    _ => return self.unfit_relation(kind, relation),
                };
                if field == Field::Tool && matches!(test, ValueTest::OneOf(_)) {
                    return self.compare_tool(test, relation, left);
                }
                let different = found == Relation::Compare(Comparison::NotEqual);
                // `every x != a` speaks of the members: none of them is `a`.
                let quantifier = match (different, quantifier) {
                    (true, Some(Quantifier::Every)) => Some(Quantifier::Some),
                    (true, Some(Quantifier::Some)) => Some(Quantifier::Every),
                    (_, quantifier) => quantifier,
                };
                let form = self.atom(Atom::Value(field, quantifier, test), left.span)?;
                Ok(if different { negated(form) } else { form })
            }
            _ => self.unfit_relation(kind, relation),
        }
    }

    fn compare_tool(&mut self, test: ValueTest, relation: &Spanned<Relation>, left: &Term) -> Lowered<Form> {
        let ValueTest::OneOf(tools) = test else {
            return self.unfit_relation(ValueType::Text, relation);
        };
        let mut any = Vec::new();
        for tool in tools {
            any.push(self.atom(Atom::Tool(tool), left.span)?);
        }
        let form = balanced(any, false);
        let different = relation.value == Relation::Compare(Comparison::NotEqual);
        Ok(if different { negated(form) } else { form })
    }

    fn unfit_relation<T>(&mut self, kind: ValueType, relation: &Spanned<Relation>) -> Lowered<T> {
        let message = format!("`{}` does not apply to {}", relation.value.text(), kind.text());
        let help = match kind.member() {
            ValueType::Host => "hosts have == != `in` and `within`",
            ValueType::Path => "paths have == != `in` and `under`",
            ValueType::Text => "texts have == != `in`, `contains`, `starts`, `ends` and `.length`",
            ValueType::Flag => "flags stand alone, or with == and !=",
            _ => "numbers have == != < <= > >=",
        };
        self.error(Code::WrongType, relation.span, message, help)
    }

    fn compare_amount(
        &mut self,
        field: Field,
        left: &Term,
        relation: &Spanned<Relation>,
        literal: &Spanned<Literal>,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        let amount = self.amount(literal, constants)?;
        let sign = self.sign(relation)?;
        let Some(id) = self.atoms.intern(Atom::Amount(field)) else {
            return self.error(
                Code::TooLarge,
                left.span,
                "this set asks for too many facts",
                "split the set",
            );
        };
        let at_most = Form::AtMost(id, amount);
        // Below zero nothing is: no for every amount that can be read, for none is greater than `NUMBER_MAX`, and unknown for
        // all others. `known` would not do, for what cannot be read is there too.
        let below = match amount.checked_sub(1) {
            Some(below) => Form::AtMost(id, below),
            None => negated(Form::AtMost(id, NUMBER_MAX)),
        };
        let exactly = balanced(vec![at_most.clone(), negated(below.clone())], true);
        Ok(match sign {
            Comparison::AtMost => at_most,
            Comparison::Greater => negated(at_most),
            Comparison::Less => below,
            Comparison::AtLeast => negated(below),
            Comparison::Equal => exactly,
            Comparison::NotEqual => negated(exactly),
        })
    }
}
