//! Claims: their kinds, and whether what they name is there.

use super::Claim;
use super::builder::Builder;
use crate::diagnostic::{Code, Name};
use crate::rules::PolicySet;
use crate::syntax::ClaimItem;

/// The kind of claim whose second name is a set and not a policy.
const NO_PATH: &str = "no_path";

/// The kind of claim whose second name may be a template.
pub(super) const CONTRACT: &str = "contract";

/// Kinds of claims, and how many names each has behind its set.
pub const CLAIM_KINDS: [(&str, usize); 8] = [
    ("fires", 1),
    ("never_shadowed", 1),
    ("forbid_dominates", 1),
    ("disjoint", 2),
    ("guarded", 1),
    ("default_deny", 0),
    (NO_PATH, 1),
    (CONTRACT, 1),
];

impl Builder<'_> {
    pub(super) fn claim(&mut self, item: &ClaimItem, sets: &[PolicySet]) -> Option<Claim> {
        let Some((_, policies)) = CLAIM_KINDS.iter().find(|(kind, _)| *kind == item.kind.value) else {
            let kinds: Vec<&str> = CLAIM_KINDS.iter().map(|(kind, _)| *kind).collect();
            self.unknown(
                &item.kind,
                "claim",
                &format!("the claims are {}", kinds.join(", ")),
            );
            return None;
        };
        let (first, rest) = item.about.split_first()?;
        let Some(set) = sets.iter().find(|set| set.name == first.value) else {
            if !self.is_declared(&first.value) {
                self.unknown(
                    first,
                    "policy set",
                    "a claim begins with the set that it is about",
                );
            }
            return None;
        };
        let is_there = rest.iter().all(|name| self.is_named(item, set, name));
        if !is_there {
            return None;
        }
        if rest.len() != *policies {
            let what = match item.kind.value.as_str() {
                NO_PATH => "a set that describes a path".into(),
                CONTRACT => "a template or a policy that says what it `ensures`".into(),
                _ => format!("{policies} of its policies"),
            };
            let message = format!("`{}` is about a set and {what}", item.kind.value);
            self.error(
                Code::BadClause,
                item.span,
                message,
                "give the set and then the policies",
            );
            return None;
        }
        Some(Claim {
            kind: item.kind.value.clone(),
            about: item.about.iter().map(|name| name.value.clone()).collect(),
            span: item.span,
        })
    }

    /// Whether what a claim names behind its set is there.
    fn is_named(&mut self, item: &ClaimItem, set: &PolicySet, name: &Name) -> bool {
        match item.kind.value.as_str() {
            NO_PATH if self.is_declared(&name.value) => true,
            NO_PATH => {
                self.unknown(name, "policy set", "name the set whose denials describe the path");
                false
            }
            CONTRACT => self.is_contract(item, &set.name, name),
            _ if set.rule(&name.value).is_some() => true,
            _ => {
                self.unknown(name, "policy in this set", "name policies of the set");
                false
            }
        }
    }
}
