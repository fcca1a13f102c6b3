//! Event patterns and approvals.

use super::{Bound, Constants, Lowered, Lowering, Scope, balanced, joined, leaf};
use crate::atoms::Atom;
use crate::diagnostic::{Code, Name, Span, Spanned, nearest};
use crate::rules::Part;
use crate::schema::{APPROVAL_KIND, REVOCATION_KIND};
use crate::syntax::{Literal, Pattern, Target};
use crate::values::fits;
use aimds_proof::logic::Form;
use std::collections::BTreeSet;

impl<'a> Lowering<'a> {
    /// Lowers a pattern and binds its variable in the scope.
    pub(super) fn pattern(
        &mut self,
        pattern: &Pattern,
        scope: &mut Scope,
        constants: &Constants<'a>,
    ) -> Lowered<Part> {
        let head_span = pattern.condition.as_ref().map_or(pattern.span, |condition| Span {
            end: condition.span.start,
            ..pattern.span
        });
        let kinds = self.kinds(&pattern.kind)?;
        let mut forms = vec![self.kind_form(&kinds, pattern.kind.span)?];
        let mut bound = Bound {
            name: pattern.variable.value.clone(),
            kinds,
            tools: self.schema.tools.keys().cloned().collect(),
        };
        if !pattern.targets.is_empty() {
            let mut tools = BTreeSet::new();
            let mut any = Vec::new();
            for target in &pattern.targets {
                any.push(self.target(target, &mut tools, constants)?);
            }
            forms.push(balanced(any, false));
            bound.tools = tools;
        }
        if let Some(role) = &pattern.by {
            forms.push(self.role(role)?);
        }
        if let Some(of) = &pattern.of {
            forms.push(self.about(of, scope)?);
        }
        forms.retain(|form| *form != Form::True);
        let head = leaf(balanced(forms, true), head_span);
        if bound.name != "_" {
            self.bind(bound, &pattern.variable, scope)?;
        }
        let Some(condition) = &pattern.condition else {
            return Ok(head);
        };
        let condition = self.form(condition, scope, constants)?;
        Ok(joined(vec![head, condition], true, pattern.span))
    }

    fn bind(&mut self, bound: Bound, name: &Name, scope: &mut Scope) -> Lowered<()> {
        let taken = scope
            .pending
            .iter()
            .chain(&scope.here)
            .any(|other| other.name == bound.name);
        if taken {
            let message = format!("`{}` already stands for an event here", bound.name);
            return self.error(
                Code::WrongVariable,
                name.span,
                message,
                "choose another name, or `_`",
            );
        }
        scope.here.push(bound);
        Ok(())
    }

    fn kinds(&mut self, name: &Name) -> Lowered<BTreeSet<String>> {
        if let Some(kinds) = self.schema.kinds_of(&name.value) {
            return Ok(kinds);
        }
        let known = self.schema.kinds.iter().chain(self.schema.groups.keys());
        let help = nearest(&name.value, known.map(String::as_str)).map_or_else(
            || "declare it with `event` or `group`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no event kind `{}`", name.value);
        self.error(Code::UnknownName, name.span, message, help)
    }

    /// No kinds stand for all of them.
    fn kind_form(&mut self, kinds: &BTreeSet<String>, span: Span) -> Lowered<Form> {
        if kinds.is_empty() {
            return Ok(Form::True);
        }
        let mut any = Vec::new();
        for kind in kinds {
            any.push(self.atom(Atom::Kind(kind.clone()), span)?);
        }
        Ok(balanced(any, false))
    }

    /// A tool, tag, glob, parameter or constant; adds the listed tools that it admits.
    fn target(
        &mut self,
        target: &Spanned<Target>,
        tools: &mut BTreeSet<String>,
        constants: &Constants<'a>,
    ) -> Lowered<Form> {
        match &target.value {
            Target::Glob(glob) => self.glob(glob, target.span, tools),
            Target::Name(name) => {
                let constant = constants
                    .parameters
                    .get(name.as_str())
                    .or_else(|| constants.lets.get(name.as_str()))
                    .copied();
                match constant.map(|literal| &literal.value) {
                    Some(Literal::Name(name)) => self.named_target(name, target.span, tools),
                    Some(Literal::Text(glob)) => self.glob(glob, target.span, tools),
                    Some(Literal::Set(members)) => {
                        let mut any = Vec::new();
                        for member in members {
                            any.push(match &member.value {
                                Literal::Name(name) => self.named_target(name, target.span, tools)?,
                                Literal::Text(glob) => self.glob(glob, target.span, tools)?,
                                _ => {
                                    let help = "tools are names or \"patterns*\"";
                                    return self.error(Code::WrongType, member.span, "this is no tool", help);
                                }
                            });
                        }
                        Ok(balanced(any, false))
                    }
                    Some(_) => {
                        let message = format!("`{name}` is no tool");
                        self.error(
                            Code::WrongType,
                            target.span,
                            message,
                            "tools are names or \"patterns*\"",
                        )
                    }
                    None => self.named_target(name, target.span, tools),
                }
            }
        }
    }

    fn glob(&mut self, glob: &str, span: Span, tools: &mut BTreeSet<String>) -> Lowered<Form> {
        tools.extend(self.schema.tools.keys().filter(|tool| fits(tool, glob)).cloned());
        self.atom(Atom::ToolGlob(glob.to_ascii_lowercase()), span)
    }

    fn named_target(&mut self, name: &str, span: Span, tools: &mut BTreeSet<String>) -> Lowered<Form> {
        if self.schema.tools.contains_key(name) {
            tools.insert(name.to_owned());
            return self.atom(Atom::Tool(name.to_owned()), span);
        }
        if self.schema.tags.contains_key(name) {
            let tagged = self
                .schema
                .tools
                .iter()
                .filter(|(_, tool)| tool.tags.contains(name));
            tools.extend(tagged.map(|(tool, _)| tool.clone()));
            return self.atom(Atom::Tag(name.to_owned()), span);
        }
        let known = self.schema.tools.keys().chain(self.schema.tags.keys());
        let help = nearest(name, known.map(String::as_str)).map_or_else(
            || "declare it with `tool` or `tag`, or write a \"pattern*\" of tool names".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.error(
            Code::UnknownName,
            span,
            format!("there is no tool or tag `{name}`"),
            help,
        )
    }

    pub(super) fn role(&mut self, role: &Name) -> Lowered<Form> {
        if self.schema.roles.contains(&role.value) {
            return self.atom(Atom::Role(role.value.clone()), role.span);
        }
        let help = nearest(&role.value, self.schema.roles.iter().map(String::as_str)).map_or_else(
            || "declare it with `role`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.error(
            Code::UnknownName,
            role.span,
            format!("there is no role `{}`", role.value),
            help,
        )
    }

    /// `approved(c) by user`: an approval event about the pending call.
    pub(super) fn approval(
        &mut self,
        revoked: bool,
        of: &Name,
        by: Option<&Name>,
        span: Span,
        scope: &Scope,
    ) -> Lowered<Part> {
        let kind = if revoked { REVOCATION_KIND } else { APPROVAL_KIND };
        if !self.schema.kinds.contains(kind) {
            let help = format!("declare it: `event {kind}`");
            return self.error(
                Code::UnknownName,
                span,
                format!("the schema has no event kind `{kind}`"),
                help,
            );
        }
        let mut forms = vec![
            self.atom(Atom::Kind(kind.to_owned()), span)?,
            self.about(of, scope)?,
        ];
        if let Some(role) = by {
            forms.push(self.role(role)?);
        }
        Ok(leaf(balanced(forms, true), span))
    }

    fn about(&mut self, of: &Name, scope: &Scope) -> Lowered<Form> {
        self.check_relation(of.span, scope)?;
        self.check_pending(of, scope)?;
        self.atom(Atom::About, of.span)
    }

    /// Relations have a meaning exactly below one temporal operator.
    pub(super) fn check_relation(&mut self, span: Span, scope: &Scope) -> Lowered<()> {
        match scope.depth {
            1 => Ok(()),
            0 => {
                let help = "put it under an operator: `once[0s, 10m] (..)`";
                self.error(
                    Code::WrongVariable,
                    span,
                    "this relates a past event to the pending one, and there is no past event here",
                    help,
                )
            }
            _ => {
                let help = "a relation to the pending event stands below one temporal operator, not two";
                self.error(
                    Code::NestedRelation,
                    span,
                    "the point of evaluation was moved twice here",
                    help,
                )
            }
        }
    }

    pub(super) fn check_pending(&mut self, name: &Name, scope: &Scope) -> Lowered<()> {
        if scope
            .pending
            .as_ref()
            .is_some_and(|pending| pending.name == name.value)
        {
            return Ok(());
        }
        let message = format!("`{}` is not the event that `when` binds", name.value);
        self.error(
            Code::WrongVariable,
            name.span,
            message,
            "name the variable of `when`, such as `when call c`",
        )
    }
}
