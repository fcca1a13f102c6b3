//! Shows the theorems that policy files claim: by a proof over all traces that the kernel accepts, or by a trace.

use crate::analysis::witness_that_matters;
use crate::bundle::{Bundle, Claim};
use crate::rules::{CompiledRule, Effect, PolicySet};
use crate::search::Search;
use aimds_proof::limits::Budget;
use aimds_proof::logic::{Policy, Rule, Trace};
use aimds_proof::naive::fires;
use aimds_proof::universal::{self, Attempt, Proof, prove};

/// How a claim was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A theorem about all traces, accepted by the kernel.
    Proved(Box<Proof>),
    /// A trace that shows it.
    Witnessed(Trace),
    /// Neither was found: that does not mean that it is false.
    NotShown,
}

/// Tries to show every claim of a bundle, in the order of the text.
pub fn show(bundle: &Bundle, budget: &Budget) -> Vec<(Claim, Shown)> {
    bundle
        .claims
        .iter()
        .map(|claim| (claim.clone(), show_one(bundle, claim, budget)))
        .collect()
}

fn show_one(bundle: &Bundle, claim: &Claim, budget: &Budget) -> Shown {
    let mut names = claim.about.iter();
    let Some(set) = names.next().and_then(|name| bundle.set(name)) else {
        return Shown::NotShown;
    };
    let rules: Vec<&CompiledRule> = names.filter_map(|name| set.rule(name)).collect();
    match (claim.kind.as_str(), rules.as_slice()) {
        ("fires", [rule]) => {
            let core = rule.core();
            witness(set, rule, &|events| fires(&core, events))
        }
        ("never_shadowed", [rule]) => {
            let place = set.rules.iter().position(|other| other.name == rule.name);
            let found = place.and_then(|place| witness_that_matters(set, &Search::new(set), place));
            found.map_or(Shown::NotShown, Shown::Witnessed)
        }
        // `guarded` is the same theorem, said of a rule with an exception: without the exception nothing passes.
        ("forbid_dominates" | "guarded", [rule]) => dominates(set, rule, budget),
        ("disjoint", [left, right]) => {
            let alone = |rule: &CompiledRule| Policy::new(vec![Rule::Permit(rule.body.form.clone())]).ok();
            match (alone(left), alone(right)) {
                (Some(left), Some(right)) => proved(&universal::Claim::Disjoint { left, right }, budget),
                _ => Shown::NotShown,
            }
        }
        ("default_deny", []) => default_deny(set, budget),
        _ => Shown::NotShown,
    }
}

fn witness(
    set: &PolicySet,
    rule: &CompiledRule,
    wanted: &dyn Fn(&[aimds_proof::logic::Event]) -> bool,
) -> Shown {
    let found = Search::new(set).find(&rule.body.form, wanted);
    found.map_or(Shown::NotShown, Shown::Witnessed)
}

fn proved(claim: &universal::Claim, budget: &Budget) -> Shown {
    match prove(claim, budget) {
        Attempt::Proved(proof) => Shown::Proved(Box::new(proof)),
        _ => Shown::NotShown,
    }
}

/// Where the rule may hold, the set allows nothing.
fn dominates(set: &PolicySet, rule: &CompiledRule, budget: &Budget) -> Shown {
    let deciding = set
        .rules
        .iter()
        .filter(|other| other.effect.stops() || other.effect == Effect::Permit);
    let place = deciding.clone().position(|other| other.name == rule.name);
    match (set.core_policy(), place) {
        (Ok(policy), Some(rule)) => proved(&universal::Claim::ForbidDominates { policy, rule }, budget),
        _ => Shown::NotShown,
    }
}

/// Whatever the set allows, one of its written permits permits.
fn default_deny(set: &PolicySet, budget: &Budget) -> Shown {
    let permits = set
        .rules
        .iter()
        .filter(|rule| rule.effect == Effect::Permit)
        .map(CompiledRule::core);
    match (set.core_policy(), Policy::new(permits.collect())) {
        (Ok(new), Ok(old)) => proved(&universal::Claim::NoWidening { old, new }, budget),
        _ => Shown::NotShown,
    }
}
