//! What the rules of a set ensure, and whether somebody claims it.

use super::Claim;
use super::builder::{Builder, Draft};
use super::claims::CONTRACT;
use crate::contracts::{Contract, Contracts};
use crate::diagnostic::{Code, Diagnostic, Name};
use crate::lower::{Constants, Failed, Lowering};
use crate::syntax::ClaimItem;
use std::collections::{BTreeSet, HashSet};

/// The contracts of a set, over the atoms of its rules and such as they add. All are looked at, so that one run reports every error.
pub(super) fn contracts<'a: 'b, 'b>(
    lowering: &mut Lowering<'a>,
    drafts: impl Iterator<Item = (&'b Draft<'a>, Constants<'a>)>,
) -> Result<Vec<Contract>, Failed> {
    let lowered: Vec<_> = drafts
        .map(|(draft, constants)| {
            let broken = lowering.contract(draft.name, draft.body, draft.span, &constants)?;
            Ok(broken.map(|broken| draft.contract(broken)))
        })
        .collect();
    let all: Result<Vec<Option<Contract>>, Failed> = lowered.into_iter().collect();
    all.map(|all| all.into_iter().flatten().collect())
}

impl Draft<'_> {
    fn contract(&self, broken: aimds_proof::logic::Form) -> Contract {
        Contract {
            rule: self.name.value.clone(),
            template: self.filled.map(|(template, _)| template.value.clone()),
            broken,
        }
    }
}

impl Builder<'_> {
    /// Whether `claim contract(set, name)` says something: the name is there, it ensures something, and the set has it.
    pub(super) fn is_contract(&mut self, item: &ClaimItem, set: &str, name: &Name) -> bool {
        let template = self.templates.get(name.value.as_str());
        let policy = self.drafts.get(name.value.as_str());
        let bodies = [template.map(|item| &item.body), policy.map(|draft| draft.body)];
        let mut bodies = bodies.into_iter().flatten().peekable();
        if bodies.peek().is_none() {
            self.unknown(name, "template or policy", "name one that says what it `ensures`");
            return false;
        }
        if bodies.any(|body| body.ensures.is_empty()) {
            let message = format!("`{}` states no `ensures`", name.value);
            let help = "say in its body what must hold wherever the set lets the event pass: `ensures not revoked(c)`";
            self.error(Code::BadClause, name.span, message, help);
            return false;
        }
        let in_set = self.contracts_of.get(set).and_then(|at| self.contracts.get(*at));
        let has = |contracts: &Contracts| contracts.all.iter().any(|contract| contract.is_of(&name.value));
        if !in_set.is_some_and(has) {
            let message = format!(
                "the set `{set}` has no instance of `{}`: there is nothing to show",
                name.value
            );
            let help = "claim it of a set that has one, or put one into this set";
            self.error(Code::UnknownName, item.span, message, help);
            return false;
        }
        true
    }

    /// A guarantee that nobody has proved is a comment: warns of what some set uses and no claim about a set with it names.
    pub(super) fn warn_unclaimed(&mut self, claims: &[Claim]) {
        let mut told = BTreeSet::new();
        for contract in self.unclaimed(claims) {
            let template = contract
                .template
                .as_deref()
                .and_then(|name| self.templates.get(name));
            let stated = template.map(|item| &item.name);
            let Some(stated) =
                stated.or_else(|| self.drafts.get(contract.rule.as_str()).map(|draft| draft.name))
            else {
                continue;
            };
            if !told.insert(stated.span) {
                continue;
            }
            let of = if contract.template.is_some() {
                format!(" of `{}`", contract.rule)
            } else {
                String::new()
            };
            let name = &stated.value;
            let message = format!("`{name}` states `ensures`, but no `claim contract` has it proved{of}");
            let help = format!("write `claim contract(SET, {name})` for a set that uses it");
            self.diagnostics
                .push(Diagnostic::warning(Code::Unused, stated.span, message, help));
        }
    }

    /// Contracts of which no claim about a set with them speaks, each rule once.
    fn unclaimed(&self, claims: &[Claim]) -> Vec<Unclaimed> {
        let claims: HashSet<(&str, &str)> = claims
            .iter()
            .filter(|claim| claim.kind == CONTRACT)
            .filter_map(|claim| match claim.about.as_slice() {
                [set, name] => Some((set.as_str(), name.as_str())),
                _ => None,
            })
            .collect();
        let (mut claimed, mut seen, mut open) = (HashSet::new(), HashSet::new(), Vec::new());
        for contracts in &self.contracts {
            let set = contracts.set.as_str();
            for contract in &contracts.all {
                let names = [Some(contract.rule.as_str()), contract.template.as_deref()];
                if names
                    .into_iter()
                    .flatten()
                    .any(|name| claims.contains(&(set, name)))
                {
                    claimed.insert(contract.rule.as_str());
                } else if seen.insert(contract.rule.as_str()) {
                    open.push((contract.rule.as_str(), contract.template.as_deref()));
                }
            }
        }
        let open = open.into_iter().filter(|(rule, _)| !claimed.contains(rule));
        open.map(|(rule, template)| Unclaimed {
            rule: rule.to_owned(),
            template: template.map(str::to_owned),
        })
        .collect()
    }
}

/// A rule that ensures something, and the template that it is an instance of.
struct Unclaimed {
    rule: String,
    template: Option<String>,
}
