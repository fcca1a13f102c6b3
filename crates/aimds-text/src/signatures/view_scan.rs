//! One view, two passes: the places where rules may match.

use super::category::EventKind;
use super::compile::{RawUse, RuleRegex, Tables, WordRole, WordUse};
use super::context::FrameHit;
use super::data::DataRegions;
use super::inner;
use super::lazy::Budget;
use super::limits;
use super::literals::SeenLiterals;
use super::matcher::Hits;
use super::near::NearStates;
use super::pack::{ContextPolicy, RuleHead};
use super::phrases::Place;
use super::shared::Stretch;
use super::words::{Word, Words};
use std::ops::Range;

/// A place where a rule matched, before context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub rule: u32,
    /// Bytes of the view.
    pub span: Range<usize>,
    /// The rule is not for prompts, and counts because the place looks like data.
    pub in_data: bool,
}

/// What is used for one view after the other: making it anew costs more than most views do.
pub struct Scratch {
    near: NearStates,
    slots: Vec<SlotHit>,
    /// By regex; empty but while a view is read.
    hits: Vec<Hits>,
    touched: Vec<u32>,
    /// What the first view holds.
    seen: SeenLiterals,
}

impl Scratch {
    pub fn new(tables: &Tables) -> Self {
        let mut hits = Vec::new();
        hits.resize_with(tables.regexes.len(), Hits::default);
        Self {
            near: NearStates::new(tables.near_states),
            slots: Vec::new(),
            hits,
            touched: Vec::new(),
            seen: SeenLiterals::default(),
        }
    }
}

/// What one view holds.
pub struct ViewScan<'a> {
    tables: &'a Tables,
    kind: EventKind,
    pub words: Words,
    pub candidates: Vec<Candidate>,
    /// In order of their end.
    pub frames: Vec<FrameHit>,
    /// Looked for only when a candidate counts because of it.
    pub data: DataRegions,
    vetoes: Vec<(u32, u32)>,
    pub overflow: bool,
}

/// A phrase that fills a slot, kept until all phrases that end with the same word are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SlotHit {
    near: u32,
    /// Later slots first, so that one phrase never fills two slots of a chain.
    slot: std::cmp::Reverse<u32>,
    first: u32,
}

impl<'a> ViewScan<'a> {
    /// Scans the text of one view. What it shares with the first one (`shared`; `None` if it is the first and others follow) is
    /// not searched again for literals.
    pub fn run(
        tables: &'a Tables,
        text: &str,
        kind: EventKind,
        shared: Option<&[Stretch]>,
        budget: &mut Budget,
        scratch: &mut Scratch,
    ) -> Self {
        let small = text.to_ascii_lowercase();
        let mut scan = Self {
            tables,
            kind,
            words: Words::of_small(text, &small),
            candidates: Vec::new(),
            frames: Vec::new(),
            data: DataRegions::default(),
            vetoes: Vec::new(),
            overflow: false,
        };
        scan.read_words(scratch);
        scan.read_raw(text, &small, shared, budget, scratch);
        scan.drop_vetoed();
        scan.drop_outside_data(text);
        scan
    }

    /// Whether rules for these kinds are tried: those for data also in prompts, because prompts may hold data.
    fn reads(&self, kinds: u8) -> bool {
        let data = match self.kind {
            EventKind::Prompt => EventKind::Document.bit() | EventKind::ToolResult.bit(),
            _ => 0,
        };
        kinds & (self.kind.bit() | data) != 0
    }

    fn push(&mut self, rule: u32, span: Range<usize>) {
        let applies = self.tables.rules.get(rule as usize).map(|head| head.kinds);
        let Some((true, in_data)) = applies.map(|kinds| (self.reads(kinds), kinds & self.kind.bit() == 0))
        else {
            return;
        };
        if self.candidates.len() < limits::CANDIDATES_MAX {
            self.candidates.push(Candidate { rule, span, in_data });
        } else {
            self.overflow = true;
        }
    }

    /// Phrases and proximity rules, over the folded words.
    fn read_words(&mut self, scratch: &mut Scratch) {
        let tables = self.tables;
        let folded = std::mem::take(&mut self.words);
        let words = &folded.words;
        scratch.near.begin_view();
        let mut scan = (&mut *self, scratch);
        tables.phrases.find(
            &folded,
            &mut scan,
            |(scan, scratch), place, uses| scan.read_phrase(place, uses, words, scratch),
            // All phrases that end with this word are known.
            |(scan, scratch), word| scan.fill_slots(scratch, words, word),
        );
        self.words = folded;
    }

    fn read_phrase(&mut self, place: Place, uses: &[WordUse], words: &[Word], scratch: &mut Scratch) {
        let (Some(first), Some(last)) = (words.get(place.first as usize), words.get(place.last as usize))
        else {
            return;
        };
        let span = first.source_start as usize..last.source_end as usize;
        let sentence = first.sentence;
        for phrase in uses.iter().filter(|phrase| place.at_end || phrase.open_end) {
            match phrase.role {
                WordRole::Any { rule } => self.push(rule, span.clone()),
                WordRole::Slot { near, slot, gate } => {
                    // Most words fill a slot whose chain has not begun.
                    if gate.is_none_or(|gate| scratch.near.is_open(gate, place.first)) {
                        scratch.slots.push(SlotHit {
                            near,
                            slot: std::cmp::Reverse(slot),
                            first: place.first,
                        });
                    }
                }
                WordRole::Unless { rule } => self.vetoes.push((rule, sentence)),
                WordRole::Frame { role } => {
                    let span = span.clone();
                    self.frames.push(FrameHit { span, sentence, role });
                }
            }
        }
    }

    fn fill_slots(&mut self, scratch: &mut Scratch, words: &[Word], last: usize) {
        let (near, pending) = (&mut scratch.near, &mut scratch.slots);
        if pending.is_empty() {
            return;
        }
        pending.sort_unstable();
        pending.dedup();
        for hit in pending.drain(..) {
            let Some(rule) = self.tables.near.get(hit.near as usize) else {
                continue;
            };
            if let Some(found) = near.hit(rule, hit.slot.0, hit.first, last as u32, words)
                && let (Some(first), Some(last)) =
                    (words.get(found.first as usize), words.get(found.last as usize))
            {
                self.push(rule.rule, first.source_start as usize..last.source_end as usize);
            }
        }
    }

    /// Punctuated phrases, and the regexes around their required literals, over the view as it is.
    fn read_raw(
        &mut self,
        text: &str,
        small: &str,
        shared: Option<&[Stretch]>,
        budget: &mut Budget,
        scratch: &mut Scratch,
    ) {
        let tables = self.tables;
        let (all, touched) = (&mut scratch.hits, &mut scratch.touched);
        let (stretches, seen) = (shared.unwrap_or_default(), &mut scratch.seen);
        tables
            .literals
            .find((text, small), stretches, seen, shared.is_none(), |hit, uses| {
                for literal in uses {
                    let regex = match *literal {
                        RawUse::Phrase { rule } => {
                            self.push(rule, hit.clone());
                            continue;
                        }
                        RawUse::Prefilter { regex } | RawUse::Cut { regex } | RawUse::Second { regex } => {
                            regex
                        }
                    };
                    let (Some(hits), Some(rule)) =
                        (all.get_mut(regex as usize), tables.regexes.get(regex as usize))
                    else {
                        continue;
                    };
                    if hits.is_empty() {
                        touched.push(regex);
                    }
                    match literal {
                        RawUse::Cut { .. } => hits.cuts.push(hit.start as u32),
                        RawUse::Second { .. } => hits.seconds.push(hit.start as u32),
                        _ => rule.matcher.add_hit(&mut hits.windows, hit.clone(), text.len()),
                    }
                }
            });
        touched.sort_unstable();
        let complete = touched.is_empty() || !inner::has_odd_cases(text);
        for index in touched.drain(..) {
            if let (Some(regex), Some(hits)) =
                (tables.regexes.get(index as usize), all.get_mut(index as usize))
            {
                if !hits.windows.is_empty() {
                    hits.close(complete);
                    self.run_regex(regex, hits, text, budget);
                }
                hits.clear();
            }
        }
    }

    fn run_regex(&mut self, regex: &RuleRegex, hits: &Hits, text: &str, budget: &mut Budget) {
        let Some(head) = self.tables.rules.get(regex.rule as usize) else {
            return;
        };
        if !self.reads(head.kinds) {
            return;
        }
        // Matches that no context lowers are all alike: more of them than are reported need not be found.
        let alike = head.context == ContextPolicy::IgnoresQuotes;
        let mut left = if alike {
            limits::MATCHES_MAX + 1
        } else {
            usize::MAX
        };
        let complete = regex.matcher.run(text, hits, budget, &mut |span| {
            if accepted(head, text.get(span.clone()).unwrap_or_default()) {
                self.push(regex.rule, span);
                left -= 1;
            }
            left > 0
        });
        self.overflow |= !complete;
    }

    /// Rules for data hold in a prompt only where it looks like data.
    fn drop_outside_data(&mut self, text: &str) {
        if self.candidates.iter().any(|candidate| candidate.in_data) {
            self.data = DataRegions::of(text);
            self.candidates
                .retain(|candidate| !candidate.in_data || self.data.around(&candidate.span).is_some());
        }
    }

    /// A veto counts in its own sentence.
    fn drop_vetoed(&mut self) {
        if self.vetoes.is_empty() {
            return;
        }
        self.vetoes.sort_unstable();
        let (vetoes, can_be_vetoed, words) = (&self.vetoes, &self.tables.vetoed, &self.words);
        self.candidates.retain(|candidate| {
            let can_be = can_be_vetoed
                .get(candidate.rule as usize)
                .copied()
                .unwrap_or_default();
            !can_be
                || vetoes
                    .binary_search(&(candidate.rule, words.sentence_at(candidate.span.start)))
                    .is_err()
        });
    }
}

fn accepted(head: &RuleHead, text: &str) -> bool {
    head.check.as_ref().is_none_or(|check| check.accepts(text))
}
