//! What the rules of a set ensure, and whether somebody claims it.

use super::Claim;
use super::builder::{Builder, Draft};
use super::claims::CONTRACT;
use crate::contracts::Contract;
use crate::diagnostic::{Code, Diagnostic, Name};
use crate::lower::{Constants, Failed, Lowering};
use crate::syntax::ClaimItem;
use std::collections::BTreeSet;

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
        let in_set = self.contracts.iter().filter(|contracts| contracts.set == set);
        if !in_set
            .flat_map(|contracts| &contracts.all)
            .any(|contract| contract.is_of(&name.value))
        {
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

    /// Contracts of which no claim about a set with them speaks.
    fn unclaimed(&self, claims: &[Claim]) -> Vec<Contract> {
        let named = |set: &str, contract: &Contract| {
            claims.iter().any(|claim| match claim.about.as_slice() {
                [about, name] => claim.kind == CONTRACT && about == set && contract.is_of(name),
                _ => false,
            })
        };
        let pairs = || {
            let sets = self.contracts.iter();
            sets.flat_map(|contracts| {
                contracts
                    .all
                    .iter()
                    .map(|contract| (contracts.set.as_str(), contract))
            })
        };
        let claimed: BTreeSet<&str> = pairs()
            .filter(|(set, contract)| named(set, contract))
            .map(|(_, contract)| contract.rule.as_str())
            .collect();
        let open = pairs().filter(|(_, contract)| !claimed.contains(contract.rule.as_str()));
        open.map(|(_, contract)| contract.clone()).collect()
    }
}
