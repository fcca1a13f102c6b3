//! Claims: their kinds, and whether what they name is there.

use super::Claim;
use super::builder::Builder;
use crate::diagnostic::Code;
use crate::rules::PolicySet;
use crate::syntax::ClaimItem;

/// The kind of claim whose second name is a set and not a policy.
const NO_PATH: &str = "no_path";

/// Kinds of claims, and how many policies each is about.
pub const CLAIM_KINDS: [(&str, usize); 7] = [
    ("fires", 1),
    ("never_shadowed", 1),
    ("forbid_dominates", 1),
    ("disjoint", 2),
    ("guarded", 1),
    ("default_deny", 0),
    (NO_PATH, 1),
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
        let about_sets = item.kind.value == NO_PATH;
        let is_known = |name: &str| {
            if about_sets {
                self.is_declared(name)
            } else {
                set.rule(name).is_some()
            }
        };
        if let Some(name) = rest.iter().find(|name| !is_known(&name.value)) {
            if about_sets {
                self.unknown(name, "policy set", "name the set whose denials describe the path");
            } else {
                self.unknown(name, "policy in this set", "name policies of the set");
            }
            return None;
        }
        if rest.len() != *policies {
            let what = if about_sets {
                "a set that describes a path".into()
            } else {
                format!("{policies} of its policies")
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
}
