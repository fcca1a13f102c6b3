//! The scan: views in, matches out.

use super::category::EventKind;
use super::compile::{Tables, compile};
use super::context::{ContextReason, Quotations, reason};
use super::error::PackError;
use super::lazy::Budget;
use super::limits;
use super::pack::{ContextPolicy, Pack, PackSource, RuleHead};
use super::shared::shared;
use super::view_scan::{Candidate, Scratch, ViewScan};
use crate::normalise::{Normalised, Transform, View};
use std::cmp::Ordering;
use std::ops::Range;

/// What hiding adds: the share of the missing confidence that a deliberate encoding makes up for. Honest text holds
/// encoded orders to a model hardly ever, but decoders guess, so it is a quarter and not all.
const HIDDEN_SHARE: f32 = 0.25;

/// What is left of the confidence of a rule for data inside a prompt: that the place is data is a guess.
const IN_DATA_FACTOR: f32 = 0.95;

/// One match of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleMatch {
    /// Index into [`SignatureEngine::rules`].
    pub rule: usize,
    /// Index of the view it stands in.
    pub view: usize,
    /// Bytes of the view.
    pub view_span: Range<usize>,
    /// Bytes of the original text.
    pub span: Range<usize>,
    /// The rule's confidence, raised if the text was hidden, lowered by the context.
    pub confidence: f32,
    /// Why the confidence was lowered, if it was.
    pub context: Option<ContextReason>,
    /// Whether the view was made by undoing a deliberate encoding.
    pub hidden: bool,
    /// Whether the rule is for documents and tool results, and counts because the prompt holds data at this place.
    pub in_data: bool,
}

/// What a scan yields: matches by place, and which bounds of [`limits`] were met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScanReport {
    /// Matches in order of their place in the original.
    pub matches: Vec<RuleMatch>,
    /// More was found than is reported; the best of each rule is there.
    pub truncated: bool,
    /// A view holds more candidates, or makes the regexes do more work, than is done: something may have been missed.
    pub overflow: bool,
}

/// Compiled rule packs. Immutable; scans share it between threads.
#[derive(Debug)]
pub struct SignatureEngine {
    tables: Tables,
}

impl SignatureEngine {
    /// Reads, validates and compiles packs.
    ///
    /// # Errors
    /// [`PackError`] with the first fault: its file, line and rule.
    pub fn new(sources: &[PackSource]) -> Result<Self, PackError> {
        let packs = sources.iter().map(Pack::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            tables: compile(&packs)?,
        })
    }

    /// What each rule says; `RuleMatch::rule` counts here.
    pub fn rules(&self) -> &[RuleHead] {
        &self.tables.rules
    }

    /// All matches over all views, the same rule at the same place once, in its least transformed view.
    pub fn scan(&self, text: &Normalised, kind: EventKind) -> ScanReport {
        let mut found = Vec::new();
        let mut overflow = false;
        let mut budget = Budget::new(text.views.iter().map(|view| view.text.len()).sum());
        let mut scratch = Scratch::new(&self.tables);
        let alike = others_are_long(&text.views);
        for (index, view) in text.views.iter().enumerate() {
            let stretches = match text.views.first() {
                Some(first) if alike && index > 0 => Some(shared(first, view)),
                // The first of many leaves behind what it holds.
                _ => (!alike).then(Vec::new),
            };
            let shared = stretches.as_deref();
            let scan = ViewScan::run(&self.tables, &view.text, kind, shared, &mut budget, &mut scratch);
            overflow = scan.overflow;
            self.judge(view, index, &scan, &mut found);
            // The answer is "undecided" from here on: reading the other views would only give an attacker more of our time.
            if overflow {
                break;
            }
        }
        let mut matches = distinct(found, &text.views);
        let truncated = matches.len() > limits::MATCHES_MAX;
        self.keep_best(&mut matches);
        matches.sort_by_key(|found| (found.span.start, found.rule));
        ScanReport {
            matches,
            truncated,
            overflow,
        }
    }

    /// Turns the candidates of a view into matches: confidence by hiding and context.
    fn judge(&self, view: &View, index: usize, scan: &ViewScan<'_>, found: &mut Vec<RuleMatch>) {
        if scan.candidates.is_empty() {
            return;
        }
        let hidden = view.chain.iter().any(|step| is_deliberate(*step));
        let may_be_quoted = |found: &Candidate| {
            let head = self.tables.rules.get(found.rule as usize);
            head.is_some_and(|head| head.context == ContextPolicy::QuoteLowers)
        };
        let quotations = (!scan.frames.is_empty() && scan.candidates.iter().any(may_be_quoted))
            .then(|| Quotations::of(&view.text));
        for Candidate { rule, span, in_data } in &scan.candidates {
            let Some(head) = self.tables.rules.get(*rule as usize) else {
                continue;
            };
            let context = match (&quotations, head.context) {
                (Some(quotations), ContextPolicy::QuoteLowers) => {
                    let data = if *in_data { scan.data.around(span) } else { None };
                    let sentence = scan.words.sentence_at(span.start);
                    reason(quotations, &scan.frames, span, sentence, data)
                }
                _ => None,
            };
            let mut confidence = head.confidence;
            if hidden && self.tables.is_attack(*rule) {
                confidence += (1.0 - confidence) * HIDDEN_SHARE;
            }
            confidence *= context.map_or(1.0, ContextReason::multiplier);
            if *in_data {
                confidence *= IN_DATA_FACTOR;
            }
            let original = view.original_span(span.clone());
            found.push(RuleMatch {
                rule: *rule as usize,
                view: index,
                view_span: span.clone(),
                span: original,
                confidence,
                context,
                hidden,
                in_data: *in_data,
            });
        }
    }

    /// Keeps the best match of each rule first, then the best of the rest, up to the bound: a flood of one rule cannot push out
    /// another.
    fn keep_best(&self, matches: &mut Vec<RuleMatch>) {
        if matches.len() <= limits::MATCHES_MAX {
            return;
        }
        let weight = |found: &RuleMatch| {
            found.confidence * self.rules().get(found.rule).map_or(0.0, |head| head.severity)
        };
        matches.sort_by(|left, right| {
            let best_first = weight(right)
                .partial_cmp(&weight(left))
                .unwrap_or(Ordering::Equal);
            left.rule.cmp(&right.rule).then(best_first)
        });
        let mut before = None;
        let mut ranked: Vec<(bool, RuleMatch)> = matches
            .drain(..)
            .map(|found| {
                let first = before != Some(found.rule);
                before = Some(found.rule);
                (first, found)
            })
            .collect();
        ranked.sort_by(|left, right| {
            let best_first = weight(&right.1)
                .partial_cmp(&weight(&left.1))
                .unwrap_or(Ordering::Equal);
            right.0.cmp(&left.0).then(best_first)
        });
        ranked.truncate(limits::MATCHES_MAX);
        matches.extend(ranked.into_iter().map(|(_, found)| found));
    }
}

/// Whether the views behind the first are so long that it is worth to keep what the first one holds.
fn others_are_long(views: &[View]) -> bool {
    const SHARE: usize = 4;
    let length = |view: &View| view.text.len();
    let others: usize = views.iter().skip(1).map(length).sum();
    others * SHARE > views.first().map_or(0, length)
}

/// Whether a step undoes something that is written to hide. Markup, entities and percent signs stand in honest text too.
fn is_deliberate(step: Transform) -> bool {
    !matches!(
        step,
        Transform::Canonical
            | Transform::Folded
            | Transform::HtmlEntities
            | Transform::HtmlText
            | Transform::HiddenMarkup
            | Transform::Percent
            | Transform::QuotedPrintable
            | Transform::WordSplit
            | Transform::Separators
    )
}

/// The same rule at overlapping places of the original counts once: in the view with the fewest steps, and there the most
/// confident.
fn distinct(mut found: Vec<RuleMatch>, views: &[View]) -> Vec<RuleMatch> {
    let steps = |found: &RuleMatch| views.get(found.view).map_or(usize::MAX, |view| view.chain.len());
    found.sort_by(|left, right| {
        let confident_first = right
            .confidence
            .partial_cmp(&left.confidence)
            .unwrap_or(Ordering::Equal);
        (left.rule, steps(left), left.view)
            .cmp(&(right.rule, steps(right), right.view))
            .then(confident_first)
            .then(left.span.start.cmp(&right.span.start))
            .then(right.span.end.cmp(&left.span.end))
    });
    let mut kept: Vec<RuleMatch> = Vec::with_capacity(found.len());
    let mut taken = std::collections::BTreeMap::<usize, usize>::new();
    for one in found {
        if kept.last().is_some_and(|last| last.rule != one.rule) {
            taken.clear();
        }
        // Ranges taken are disjoint, so only the last one that starts before this one's end can overlap it.
        let end = one.span.end.max(one.span.start + 1);
        let overlaps = taken
            .range(..end)
            .next_back()
            .is_some_and(|(_, taken_end)| *taken_end > one.span.start);
        if !overlaps {
            taken.insert(one.span.start, end);
            kept.push(one);
        }
    }
    kept
}
