//! From trees to policy sets: names, templates, nested sets, overlays.

use super::contracts::contracts;
use super::{Bundle, Claim, Filled, Source};
use crate::contracts::Contracts;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Name, Span, Spanned};
use crate::limits::{RULES_MAX, VISITS_MAX};
use crate::lower::{Constants, Failed, Lowering};
use crate::rules::PolicySet;
use crate::schema::Schema;
use crate::syntax::{Body, File, Item, Literal, SetItem, TemplateItem, TestItem};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy before it is lowered.
pub(super) struct Draft<'a> {
    pub(super) name: &'a Name,
    /// The template that it fills in, and with what.
    pub(super) filled: Option<(&'a Name, &'a [Spanned<Literal>])>,
    pub(super) body: &'a Body,
    pub(super) span: Span,
    overridable: bool,
    replaces: Option<&'a Name>,
    parameters: BTreeMap<&'a str, &'a Spanned<Literal>>,
}

pub(super) struct Builder<'a> {
    pub(super) drafts: BTreeMap<&'a str, Draft<'a>>,
    pub(super) templates: BTreeMap<&'a str, &'a TemplateItem>,
    /// What the rules of the sets so far ensure.
    pub(super) contracts: Vec<Contracts>,
    /// Places in `contracts` by set.
    pub(super) contracts_of: BTreeMap<String, usize>,
    sets: BTreeMap<&'a str, &'a SetItem>,
    lets: BTreeMap<&'a str, &'a Spanned<Literal>>,
    pub(super) diagnostics: &'a mut Diagnostics,
}

pub(super) fn build(sources: &[Source], files: &[File], diagnostics: &mut Diagnostics) -> Option<Bundle> {
    let items = || files.iter().flat_map(|file| &file.items);
    let schema = Schema::gather(items(), diagnostics);
    if schema.name.is_empty() {
        let help = "begin with `schema agent v1`, or import a file that does";
        diagnostics.push(Diagnostic::error(
            Code::NoSchema,
            Span::default(),
            "there is no schema",
            help,
        ));
        return None;
    }
    let schema = Arc::new(schema);
    let mut builder = Builder {
        drafts: BTreeMap::new(),
        templates: BTreeMap::new(),
        contracts: Vec::new(),
        contracts_of: BTreeMap::new(),
        sets: BTreeMap::new(),
        lets: BTreeMap::new(),
        diagnostics,
    };
    builder.gather(items().collect());
    let mut sets = Vec::new();
    for item in items() {
        if let Item::Set(set) = item {
            sets.extend(builder.set(set, &schema));
        }
    }
    builder.warn_unused();
    let claims: Vec<Claim> = items()
        .filter_map(|item| match item {
            Item::Claim(claim) => builder.claim(claim, &sets),
            _ => None,
        })
        .collect();
    builder.warn_unclaimed(&claims);
    let tests: Vec<TestItem> = items()
        .filter_map(|item| match item {
            Item::Test(test) => Some(test.clone()),
            _ => None,
        })
        .collect();
    for test in &tests {
        if !builder.is_declared(&test.set.value) {
            builder.unknown(&test.set, "policy set", "declare it with `set`");
        }
    }
    let filled = builder.filled();
    let contracts = builder.contracts;
    Some(Bundle {
        sources: sources.to_vec(),
        schema,
        sets,
        tests,
        claims,
        contracts,
        filled,
    })
}

impl<'a> Builder<'a> {
    pub(super) fn error(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::error(code, span, message, help));
    }

    /// Whether there is a set of this name. One that could not be built has errors of its own.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        self.sets.contains_key(name)
    }

    pub(super) fn unknown(&mut self, name: &Name, what: &str, help: &str) {
        let message = format!("there is no {what} `{}`", name.value);
        self.error(Code::UnknownName, name.span, message, help);
    }

    fn gather(&mut self, items: Vec<&'a Item>) {
        for item in &items {
            let repeated = match item {
                Item::Template(template) => self
                    .templates
                    .insert(&template.name.value, template)
                    .map(|_| &template.name),
                Item::Let { name, value } => self.lets.insert(&name.value, value).map(|_| name),
                _ => None,
            };
            if let Some(name) = repeated {
                self.error(
                    Code::Duplicate,
                    name.span,
                    format!("`{}` is declared twice", name.value),
                    "rename one",
                );
            }
        }
        for item in items {
            let draft = match item {
                Item::Policy(policy) => Some(Draft {
                    name: &policy.name,
                    filled: None,
                    body: &policy.body,
                    span: policy.span,
                    overridable: policy.overridable,
                    replaces: policy.replaces.as_ref(),
                    parameters: BTreeMap::new(),
                }),
                Item::Use(item) => {
                    let template = self.templates.get(item.template.value.as_str()).copied();
                    if template.is_none() {
                        self.unknown(&item.template, "template", "declare it with `template`");
                    }
                    template.and_then(|template| self.fill(template, item))
                }
                Item::Set(set) => {
                    if self.sets.insert(&set.name.value, set).is_some() {
                        let message = format!("`{}` is declared twice", set.name.value);
                        self.error(Code::Duplicate, set.name.span, message, "rename one");
                    }
                    None
                }
                _ => None,
            };
            if let Some(draft) = draft {
                let name = draft.name;
                if self.drafts.insert(&name.value, draft).is_some() {
                    let message = format!("the policy `{}` is declared twice", name.value);
                    self.error(Code::Duplicate, name.span, message, "rename one");
                }
            }
        }
    }

    /// A template with its arguments: checked by number and kind here, by use when it is lowered.
    fn fill(&mut self, template: &'a TemplateItem, item: &'a crate::syntax::UseItem) -> Option<Draft<'a>> {
        if template.parameters.len() != item.arguments.len() {
            let message = format!(
                "`{}` has {} parameters, but {} arguments are given",
                template.name.value,
                template.parameters.len(),
                item.arguments.len()
            );
            let help = "give one argument for each parameter, in their order";
            self.error(Code::WrongType, item.span, message, help);
            return None;
        }
        let mut parameters = BTreeMap::new();
        for ((name, kind), argument) in template.parameters.iter().zip(&item.arguments) {
            let fits = matches!(
                (kind.value.as_str(), &argument.value),
                ("integer", Literal::Integer(_))
                    | ("duration", Literal::DurationMs(_))
                    | ("text", Literal::Text(_))
                    | ("score" | "amount", Literal::Integer(_) | Literal::Decimal(..))
                    | ("set", Literal::Set(_))
                    | ("tool", Literal::Text(_) | Literal::Set(_))
                    | (_, Literal::Name(_))
            );
            if ![
                "integer", "duration", "text", "score", "amount", "set", "tool", "label",
            ]
            .contains(&kind.value.as_str())
            {
                let help =
                    "the types of parameters are integer, duration, text, score, amount, set, tool and label";
                self.error(
                    Code::UnknownName,
                    kind.span,
                    format!("there is no type `{}`", kind.value),
                    help,
                );
            } else if !fits {
                let message = format!("`{}` is a {}", name.value, kind.value);
                self.error(
                    Code::WrongType,
                    argument.span,
                    message,
                    "give a value of that type",
                );
            }
            parameters.insert(name.value.as_str(), argument);
        }
        Some(Draft {
            name: &item.name,
            filled: Some((&item.template, &item.arguments)),
            body: &template.body,
            span: template.span,
            overridable: false,
            replaces: item.replaces.as_ref(),
            parameters,
        })
    }

    /// The policies of a set in their order: nested sets are opened, replaced policies left out.
    fn members(
        &mut self,
        set: &'a SetItem,
        depth: usize,
        visits: &mut usize,
        members: &mut Vec<&'a str>,
    ) -> Result<(), Failed> {
        *visits += set.members.len();
        if depth > SET_DEPTH_MAX || members.len() > RULES_MAX || *visits > VISITS_MAX {
            let message = format!(
                "the set `{}` contains itself, or more than {RULES_MAX} policies",
                set.name.value
            );
            self.error(Code::TooLarge, set.span, message, "split it");
            return Err(Failed);
        }
        for member in &set.members {
            if let Some(inner) = self.sets.get(member.value.as_str()).copied() {
                self.members(inner, depth + 1, visits, members)?;
            } else if let Some(draft) = self.drafts.get(member.value.as_str()) {
                let name = draft.name.value.as_str();
                let replaces = draft.replaces;
                if !members.contains(&name) {
                    members.push(name);
                }
                if let Some(replaced) = replaces {
                    self.replace(set, name, replaced, members)?;
                }
            } else {
                self.unknown(
                    member,
                    "policy or set",
                    "declare it with `policy`, `use` or `set`",
                );
                return Err(Failed);
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        set: &SetItem,
        name: &str,
        replaced: &Name,
        members: &mut Vec<&'a str>,
    ) -> Result<(), Failed> {
        let place = members.iter().position(|member| *member == replaced.value);
        let overridable = self
            .drafts
            .get(replaced.value.as_str())
            .map(|draft| draft.overridable);
        match (place, overridable) {
            (Some(place), Some(true)) if set.overlay => {
                members.remove(place);
                Ok(())
            }
            (Some(_), Some(false)) => {
                let message = format!("`{}` is not overridable", replaced.value);
                let help = "its owner must write `policy NAME overridable`; otherwise add rules beside it";
                self.error(Code::Sealed, replaced.span, message, help);
                Err(Failed)
            }
            (Some(_), _) => {
                let message = format!(
                    "`{name}` replaces a policy, but `{}` is no overlay",
                    set.name.value
                );
                self.error(Code::Sealed, set.span, message, "write `overlay(base, ..)`");
                Err(Failed)
            }
            (None, _) => {
                let message = format!("`{}` is not in the set before `{name}`", replaced.value);
                self.error(
                    Code::UnknownName,
                    replaced.span,
                    message,
                    "put the base first: overlay(base, team)",
                );
                Err(Failed)
            }
        }
    }

    fn set(&mut self, item: &'a SetItem, schema: &Arc<Schema>) -> Option<PolicySet> {
        let mut members = Vec::new();
        self.members(item, 0, &mut 0, &mut members).ok()?;
        if members.len() > RULES_MAX {
            let message = format!("a set has at most {RULES_MAX} policies");
            self.error(Code::TooLarge, item.span, message, "split it");
            return None;
        }
        let mut lowering = Lowering {
            schema,
            atoms: crate::atoms::AtomTable::default(),
            diagnostics: &mut *self.diagnostics,
        };
        let drafts = || members.iter().filter_map(|name| self.drafts.get(name));
        let constants = |draft: &Draft<'a>| Constants {
            parameters: draft.parameters.clone(),
            lets: self.lets.clone(),
        };
        let rules: Vec<_> = drafts()
            .map(|draft| lowering.rule(draft.name, draft.body, draft.span, &constants(draft)))
            .collect();
        let atoms = lowering.atoms.clone();
        let contracts = contracts(&mut lowering, drafts().map(|draft| (draft, constants(draft))));
        // All were looked at, so that one run reports every error; a set that lacks one would allow what that one denies.
        let rules: Result<Vec<_>, Failed> = rules.into_iter().collect();
        let (rules, contracts) = (rules.ok()?, contracts.ok()?);
        let contract_atoms = lowering.atoms;
        let set = PolicySet {
            name: item.name.value.clone(),
            default_allow: item.default_allow,
            rules,
            atoms,
            schema: Arc::clone(schema),
        };
        if let Err(refused) = set.core_policy() {
            let message = format!("this set cannot be certified: {refused}");
            self.error(Code::TooLarge, item.span, message, "split the set");
        }
        self.contracts_of
            .insert(item.name.value.clone(), self.contracts.len());
        self.contracts.push(Contracts {
            set: set.name.clone(),
            atoms: contract_atoms,
            all: contracts,
        });
        Some(set)
    }

    fn filled(&self) -> BTreeMap<String, Filled> {
        let instances = self.drafts.values().filter_map(|draft| {
            let (template, arguments) = draft.filled?;
            let filled = Filled {
                template: template.value.clone(),
                arguments: arguments.iter().map(|argument| argument.span).collect(),
            };
            Some((draft.name.value.clone(), filled))
        });
        instances.collect()
    }

    fn warn_unused(&mut self) {
        let used: Vec<&str> = self
            .sets
            .values()
            .flat_map(|set| set.members.iter().map(|member| member.value.as_str()))
            .collect();
        for draft in self.drafts.values() {
            if !used.contains(&draft.name.value.as_str()) {
                let message = format!("the policy `{}` is in no set", draft.name.value);
                let help = "name it in a `set`, or drop it";
                self.diagnostics
                    .push(Diagnostic::warning(Code::Unused, draft.name.span, message, help));
            }
        }
    }
}

/// Sets inside sets: an organisation, a department, a team, and room.
const SET_DEPTH_MAX: usize = 8;
