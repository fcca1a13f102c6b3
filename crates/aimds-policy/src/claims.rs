//! Shows the theorems that policy files claim: by a proof that the kernel accepts, or by a trace that was replayed.

use crate::analysis::{matters_form, search_that_matters};
use crate::atoms::AtomTable;
use crate::bundle::{Bundle, Claim};
use crate::rules::{CompiledRule, Effect, PolicySet};
use crate::search::Search;
use crate::versions::in_terms_of;
use crate::witness::{Sought, Witness, answers_where_it_fires};
use aimds_proof::Verdict;
use aimds_proof::limits::Budget;
use aimds_proof::logic::{Event, Form, Policy, Rule, Trace};
use aimds_proof::universal::{self, Attempt, Proof, Scope, prove, prove_for};
use std::sync::Arc;

/// How a claim was shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A theorem about all traces, accepted by the kernel.
    Proved(Box<Proof>),
    /// Theorems about all traces of one event, of two, and so on up to as many as there are proofs; accepted by the kernel.
    /// Nothing is said of longer traces.
    ProvedUpTo(Vec<Proof>),
    /// A trace that shows it.
    Witnessed(Box<Witness>),
    /// A trace that shows the contrary.
    Refuted(Box<Witness>),
    /// Neither was found: that does not mean that it is false. A solver may look for a trace.
    NotShown(Option<Box<Sought>>),
}

/// What came of a claim; of one about a contract there is an answer for each instance, and the claim is shown if all are.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The claim.
    pub claim: Claim,
    /// The instance of a contract.
    pub instance: Option<Instance>,
    /// How it was shown.
    pub shown: Shown,
}

/// Which instance of a template an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The name of its rule.
    pub rule: String,
    /// The template with its arguments, as in `rate(email.send, 5, 1m)`; `None` for a policy of its own.
    pub filled_in: Option<String>,
}

/// Whether a trace shows a claim or refutes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceMeans {
    /// The claim is that there is such a trace.
    Shown,
    /// The claim is that there is none.
    Refuted,
}

/// What a trace means for a kind of claim.
pub fn trace_means(kind: &str) -> TraceMeans {
    match kind {
        "fires" | "never_shadowed" => TraceMeans::Shown,
        _ => TraceMeans::Refuted,
    }
}

/// Tries to show every claim of a bundle, in the order of the text. Claims about paths that cannot be proved over all traces are tried
/// for traces of up to `events` events.
pub fn show(bundle: &Bundle, events: usize, budget: &Budget) -> Vec<Answer> {
    let mut answers = Vec::new();
    for claim in &bundle.claims {
        if claim.kind == "contract" {
            answers.extend(contract(bundle, claim, budget));
        } else {
            answers.push(Answer {
                claim: claim.clone(),
                instance: None,
                shown: show_one(bundle, claim, events, budget),
            });
        }
    }
    answers
}

fn show_one(bundle: &Bundle, claim: &Claim, events: usize, budget: &Budget) -> Shown {
    let mut names = claim.about.iter();
    let Some(set) = names.next().and_then(|name| bundle.set(name)) else {
        return Shown::NotShown(None);
    };
    if claim.kind == "no_path" {
        let path = names.next().and_then(|name| bundle.set(name));
        return path.map_or(Shown::NotShown(None), |path| no_path(set, path, events, budget));
    }
    let rules: Vec<&CompiledRule> = names.filter_map(|name| set.rule(name)).collect();
    match (claim.kind.as_str(), rules.as_slice()) {
        ("fires", [rule]) => {
            let sought = sought(set, vec![answers_where_it_fires(&rule.core())]);
            let found = Search::new(set).find(&rule.body.form, &wanted(&sought));
            witnessed(sought, found)
        }
        ("never_shadowed", [rule]) => never_shadowed(set, rule),
        // `guarded` is the same theorem, said of a rule with an exception: without the exception nothing passes.
        ("forbid_dominates" | "guarded", [rule]) => dominates(set, rule, budget),
        ("disjoint", [left, right]) => {
            let alone = |rule: &CompiledRule| Policy::new(vec![Rule::Permit(rule.body.form.clone())]).ok();
            let (Some(left), Some(right)) = (alone(left), alone(right)) else {
                return Shown::NotShown(None);
            };
            let both = vec![(left.clone(), Verdict::Allow), (right.clone(), Verdict::Allow)];
            proved(
                set,
                &universal::Claim::Disjoint { left, right },
                sought(set, both),
                budget,
            )
        }
        ("default_deny", []) => default_deny(set, budget),
        _ => Shown::NotShown(None),
    }
}

fn sought(set: &PolicySet, answers: Vec<(Policy, Verdict)>) -> Sought {
    Sought {
        answers,
        atoms: set.atoms.clone(),
        schema: Arc::clone(&set.schema),
    }
}

fn wanted(sought: &Sought) -> impl Fn(&[Event]) -> bool {
    |events| Trace::new(events.to_vec()).is_ok_and(|trace| sought.holds(&trace))
}

/// A claim that a trace shows.
fn witnessed(sought: Sought, found: Option<Trace>) -> Shown {
    match found.and_then(|trace| sought.replay(trace, &Budget::DECISION).ok()) {
        Some(witness) => Shown::Witnessed(Box::new(witness)),
        None => Shown::NotShown(Some(Box::new(sought))),
    }
}

/// A claim that a trace refutes: first a proof over all traces, then a small search for a trace.
fn proved(set: &PolicySet, claim: &universal::Claim, sought: Sought, budget: &Budget) -> Shown {
    if let Attempt::Proved(proof) = prove(claim, budget) {
        return Shown::Proved(Box::new(proof));
    }
    refuted(set, sought)
}

fn refuted(set: &PolicySet, sought: Sought) -> Shown {
    let search = Search::new(set);
    // What would let the event pass, while nothing that stops it fires.
    let mut starts = Vec::new();
    for (policy, verdict) in &sought.answers {
        let fitting = policy.rules().iter().filter(|rule| {
            matches!(
                (rule, verdict),
                (Rule::Deny(_), Verdict::Deny) | (Rule::Permit(_), Verdict::Allow)
            )
        });
        starts.extend(fitting.map(|rule| rule.form().clone()));
    }
    let silent = sought
        .answers
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Allow)
        .flat_map(|(policy, _)| policy.rules())
        .filter(|rule| matches!(rule, Rule::Deny(_)))
        .fold(Form::True, |all, rule| {
            both(all, Form::Not(Box::new(rule.form().clone())))
        });
    let found = starts
        .iter()
        .flat_map(|start| [both(start.clone(), silent.clone()), start.clone()])
        .find_map(|form| search.find(&form, &wanted(&sought)));
    match found.and_then(|trace| sought.replay(trace, &Budget::DECISION).ok()) {
        Some(witness) => Shown::Refuted(Box::new(witness)),
        None => Shown::NotShown(Some(Box::new(sought))),
    }
}

fn both(left: Form, right: Form) -> Form {
    Form::And(Box::new(left), Box::new(right))
}

/// On some trace the verdict hangs on the rule alone: with it the set answers otherwise than without it.
fn never_shadowed(set: &PolicySet, rule: &CompiledRule) -> Shown {
    let Some(place) = set.rules.iter().position(|other| other.name == rule.name) else {
        return Shown::NotShown(None);
    };
    let Some(answers) = matters_form(set, place) else {
        return Shown::NotShown(None);
    };
    let found = search_that_matters(set, &Search::new(set), place);
    witnessed(sought(set, answers), found)
}

/// Where the rule may hold, the set allows nothing.
fn dominates(set: &PolicySet, rule: &CompiledRule, budget: &Budget) -> Shown {
    let deciding = set
        .rules
        .iter()
        .filter(|other| other.effect.stops() || other.effect == Effect::Permit);
    let place = deciding.clone().position(|other| other.name == rule.name);
    match (set.core_policy(), place) {
        (Ok(policy), Some(place)) => {
            let answers = vec![
                answers_where_it_fires(&rule.core()),
                (policy.clone(), Verdict::Allow),
            ];
            let claim = universal::Claim::ForbidDominates { policy, rule: place };
            proved(set, &claim, sought(set, answers), budget)
        }
        _ => Shown::NotShown(None),
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
        (Ok(new), Ok(old)) => {
            let answers = vec![(new.clone(), Verdict::Allow), (old.clone(), Verdict::Deny)];
            let claim = universal::Claim::NoWidening { old, new };
            proved(set, &claim, sought(set, answers), budget)
        }
        _ => Shown::NotShown(None),
    }
}

/// Where a denial of the path may hold, the set allows nothing.
fn no_path(set: &PolicySet, path: &PolicySet, events: usize, budget: &Budget) -> Shown {
    let mut atoms = set.atoms.clone();
    let Ok(path) = in_terms_of(path, &mut atoms) else {
        return Shown::NotShown(None);
    };
    let denials = path.rules().iter().filter(|rule| matches!(rule, Rule::Deny(_)));
    let denials: Vec<Rule> = denials.cloned().collect();
    match forbids(set, atoms, denials.clone(), budget) {
        Shown::NotShown(sought) => match up_to(set, denials, events, budget) {
            Some(proofs) => Shown::ProvedUpTo(proofs),
            None => Shown::NotShown(sought),
        },
        settled => settled,
    }
}

/// For each instance in the set: wherever its `when` may hold and what it ensures may fail, the set allows nothing. A promise is about
/// all traces: one that is kept on short ones is not kept.
fn contract(bundle: &Bundle, claim: &Claim, budget: &Budget) -> Vec<Answer> {
    let answer = |instance, shown| Answer {
        claim: claim.clone(),
        instance,
        shown,
    };
    // What was compiled has a set and an instance; a claim about nothing is not shown.
    let nothing = || vec![answer(None, Shown::NotShown(None))];
    let [set, name] = claim.about.as_slice() else {
        return nothing();
    };
    let (Some(set), Some(contracts)) = (bundle.set(set), bundle.contracts(set)) else {
        return nothing();
    };
    let instances = contracts.all.iter().filter(|contract| contract.is_of(name));
    let answers: Vec<Answer> = instances
        .map(|contract| {
            let broken = vec![Rule::Deny(contract.broken.clone())];
            let instance = Instance {
                rule: contract.rule.clone(),
                filled_in: bundle.filled_in(&contract.rule),
            };
            let shown = forbids(set, contracts.atoms.clone(), broken, budget);
            answer(Some(instance), shown)
        })
        .collect();
    if answers.is_empty() { nothing() } else { answers }
}

/// Where one of these denials may hold, the set allows nothing. The table has the set's atoms and those that the denials add.
fn forbids(set: &PolicySet, atoms: AtomTable, denials: Vec<Rule>, budget: &Budget) -> Shown {
    let (Ok(policy), Ok(path)) = (set.core_policy(), Policy::new(denials.clone())) else {
        return Shown::NotShown(None);
    };
    let claim = universal::Claim::Forbids {
        policy: policy.clone(),
        path,
    };
    if let Attempt::Proved(proof) = prove(&claim, budget) {
        return Shown::Proved(Box::new(proof));
    }
    let mut forbidden = denials;
    forbidden.push(Rule::Permit(Form::True));
    let Ok(forbidden) = Policy::new(forbidden) else {
        return Shown::NotShown(None);
    };
    let answers = vec![(forbidden, Verdict::Deny), (policy, Verdict::Allow)];
    let mut joined = set.clone();
    joined.atoms = atoms;
    refuted(&joined, sought(&joined, answers))
}

/// Events of the longest traces for which a claim about a path is tried, unless the caller says otherwise: a read, an approval, its
/// revocation and the call.
pub const PATH_EVENTS: usize = 4;

/// A path has a read and a call: of fewer events nothing worth saying is proved.
const PATH_EVENTS_MIN: usize = 2;

/// Proofs that the set lets none of this pass, for traces of one event, of two, and so on to `events`; `None` if one is missing.
fn up_to(set: &PolicySet, denials: Vec<Rule>, events: usize, budget: &Budget) -> Option<Vec<Proof>> {
    let claim = universal::Claim::Forbids {
        policy: set.core_policy().ok()?,
        path: Policy::new(denials).ok()?,
    };
    let proofs = (1..=events).map(|count| match prove_for(&claim, Scope::Events(count), budget) {
        Attempt::Proved(proof) => Some(proof),
        _ => None,
    });
    let proofs: Option<Vec<Proof>> = proofs.collect();
    proofs.filter(|proofs| proofs.len() >= PATH_EVENTS_MIN)
}
