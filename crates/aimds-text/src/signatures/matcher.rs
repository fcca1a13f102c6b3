//! Runs one regex of a rule around the hits of its required literals, within a budget.
//!
//! Lazy automata step byte by byte, so that every byte read and every automaton state made is counted: a text written to make
//! states (making one costs a thousand times what reading a byte does) runs out of budget instead of time. A regex whose matches
//! begin with a required literal is run *anchored* at each hit and mostly dies within a few bytes; any other regex
//! searches the joined windows around its hits forward for an end, and from there backward for the start.

use super::limits;
use super::patterns;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Config, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};

type CachePool = Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + RefUnwindSafe + UnwindSafe>>;

/// One regex, ready to run.
#[derive(Debug)]
pub struct Matcher {
    forward: Lazy,
    /// Finds where a match begins; `None` when it begins at the hit.
    backward: Option<Lazy>,
    groups: PikeVM,
    value_group: Option<usize>,
    window: usize,
}

/// A lazy automaton with caches for the threads that run it.
#[derive(Debug)]
struct Lazy {
    automaton: Box<DFA>,
    caches: CachePool,
    /// What making one state costs, in bytes read.
    state_cost: usize,
}

/// What all regexes together may still do for one text, in bytes read.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

/// The budget ran out, or the automaton gave up: something may have been missed.
struct Exhausted;

impl Budget {
    /// The budget for views of `length` bytes together.
    pub fn new(length: usize) -> Self {
        Self {
            left: length
                .saturating_mul(limits::REGEX_WORK_FACTOR)
                .saturating_add(limits::REGEX_WORK_FLOOR),
        }
    }

    fn spend(&mut self, work: usize) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(work).ok_or(Exhausted)?;
        Ok(())
    }
}

impl Lazy {
    fn new(pattern: &str, case_sensitive: bool, reverse: bool) -> Result<(Self, NFA), String> {
        let nfa = NFA::compiler()
            .syntax(patterns::syntax(case_sensitive))
            .configure(
                Config::new()
                    .reverse(reverse)
                    .which_captures(if reverse {
                        WhichCaptures::None
                    } else {
                        WhichCaptures::All
                    })
                    .nfa_size_limit(Some(limits::REGEX_STATES_BYTES_MAX)),
            )
            .build(pattern)
            .map_err(|error| patterns::nfa_reason(&error))?;
        let kind = if reverse {
            MatchKind::All
        } else {
            MatchKind::LeftmostFirst
        };
        let automaton = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(kind)
                    .cache_capacity(limits::REGEX_CACHE_BYTES)
                    .skip_cache_capacity_check(true),
            )
            .build_from_nfa(nfa.clone())
            .map_err(|error| error.to_string())?;
        let made = automaton.clone();
        let caches: CachePool = Pool::new(Box::new(move || made.create_cache()));
        // Making a state walks a part of the automaton that grows with it.
        let state_cost = 128 + nfa.states().len() / 12;
        Ok((
            Self {
                automaton: Box::new(automaton),
                caches,
                state_cost,
            },
            nfa,
        ))
    }

    /// The end of the leftmost-first match in `span`, if there is one.
    fn end(
        &self,
        cache: &mut Cache,
        input: &Input<'_>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Exhausted> {
        let (bytes, span) = (input.haystack(), input.get_range());
        let mut state = self
            .automaton
            .start_state_forward(cache, input)
            .map_err(|_| Exhausted)?;
        let mut end = None;
        let mut read_from = span.start;
        for at in span.clone() {
            let byte = bytes.get(at).copied().unwrap_or_default();
            state = self.step(cache, state, byte, budget)?;
            if state.is_tagged() {
                // A match is reported one byte late.
                if state.is_match() {
                    end = Some(at);
                } else if state.is_dead() {
                    budget.spend(at - read_from + 1)?;
                    return Ok(end);
                } else if state.is_quit() {
                    return Err(Exhausted);
                }
            }
            if at - read_from >= 4096 {
                budget.spend(at - read_from)?;
                read_from = at;
            }
        }
        budget.spend(span.end - read_from + 1)?;
        state = match bytes.get(span.end) {
            Some(byte) => self.automaton.next_state(cache, state, *byte),
            None => self.automaton.next_eoi_state(cache, state),
        }
        .map_err(|_| Exhausted)?;
        if state.is_match() {
            end = Some(span.end);
        }
        Ok(end)
    }

    /// The earliest start of a match that ends at the end of `input`.
    fn start(
        &self,
        cache: &mut Cache,
        input: &Input<'_>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Exhausted> {
        let (bytes, span) = (input.haystack(), input.get_range());
        let mut state = self
            .automaton
            .start_state_reverse(cache, input)
            .map_err(|_| Exhausted)?;
        let mut start = None;
        for at in span.clone().rev() {
            let byte = bytes.get(at).copied().unwrap_or_default();
            state = self.step(cache, state, byte, budget)?;
            if state.is_tagged() {
                if state.is_match() {
                    start = Some(at + 1);
                } else if state.is_dead() {
                    budget.spend(span.end - at)?;
                    return Ok(start);
                } else if state.is_quit() {
                    return Err(Exhausted);
                }
            }
        }
        budget.spend(span.len() + 1)?;
        state = match span.start.checked_sub(1).and_then(|before| bytes.get(before)) {
            Some(byte) => self.automaton.next_state(cache, state, *byte),
            None => self.automaton.next_eoi_state(cache, state),
        }
        .map_err(|_| Exhausted)?;
        if state.is_match() {
            start = Some(span.start);
        }
        Ok(start)
    }

    #[inline]
    fn step(
        &self,
        cache: &mut Cache,
        state: regex_automata::hybrid::LazyStateID,
        byte: u8,
        budget: &mut Budget,
    ) -> Result<regex_automata::hybrid::LazyStateID, Exhausted> {
        if !state.is_tagged() {
            let next = self.automaton.next_state_untagged(cache, state, byte);
            if !next.is_unknown() {
                return Ok(next);
            }
            budget.spend(self.state_cost)?;
        }
        self.automaton
            .next_state(cache, state, byte)
            .map_err(|_| Exhausted)
    }
}

impl Matcher {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn new(pattern: &str, case_sensitive: bool, window: usize, leading: bool) -> Result<Self, String> {
        let pattern = patterns::checked(pattern)?;
        let (forward, nfa) = Lazy::new(&pattern, case_sensitive, false)?;
        let backward = if leading {
            None
        } else {
            Some(Lazy::new(&pattern, case_sensitive, true)?.0)
        };
        let value_group = nfa.group_info().to_index(PatternID::ZERO, "value");
        let groups = PikeVM::new_from_nfa(nfa).map_err(|error| error.to_string())?;
        // An empty match says nothing, and would stand everywhere.
        if groups.is_match(&mut groups.create_cache(), "") {
            return Err("matches the empty text".to_owned());
        }
        Ok(Self {
            forward,
            backward,
            groups,
            value_group,
            window,
        })
    }

    /// Where to look, for a hit of a required literal; hits come in order of their end. Joined where windows touch, unless matches
    /// begin at the hits.
    pub fn add_hit(&self, windows: &mut Vec<Range<usize>>, hit: Range<usize>, length: usize) {
        let end = (hit.start + self.window).max(hit.end).min(length);
        if self.backward.is_none() {
            // Two literals may begin at one place (`ab`, `abc`).
            if windows.last().is_none_or(|last| last.start != hit.start) {
                windows.push(hit.start..end);
            }
            return;
        }
        let start = hit.start.saturating_sub(self.window);
        match windows.last_mut() {
            Some(open) if open.end >= start => open.end = open.end.max(end),
            _ => windows.push(start..end),
        }
    }

    /// Reports the span of each match (of its group `value`, if it has one) until `found` returns false; false when the budget
    /// ran out.
    pub fn run(
        &self,
        text: &str,
        windows: &[Range<usize>],
        budget: &mut Budget,
        found: &mut dyn FnMut(Range<usize>) -> bool,
    ) -> bool {
        let mut cache = self.forward.caches.get();
        let mut after = 0;
        for window in windows {
            let mut from = window.start.max(after);
            while from < window.end {
                let input = Input::new(text).range(from..window.end);
                let input = if self.backward.is_none() {
                    input.anchored(Anchored::Yes)
                } else {
                    input
                };
                let end = match self.forward.end(&mut cache, &input, budget) {
                    Ok(Some(end)) if end > from => end,
                    Ok(_) => break,
                    Err(Exhausted) => return false,
                };
                let Ok(span) = self.span(text, from..end, budget) else {
                    return false;
                };
                after = end;
                from = end;
                if span.is_some_and(|span| !found(span)) {
                    return true;
                }
                if self.backward.is_none() {
                    break;
                }
            }
        }
        true
    }

    /// The span to report for a match that ends at the range's end.
    fn span(
        &self,
        text: &str,
        range: Range<usize>,
        budget: &mut Budget,
    ) -> Result<Option<Range<usize>>, Exhausted> {
        let start = match &self.backward {
            None => range.start,
            Some(backward) => {
                let input = Input::new(text).range(range.clone()).anchored(Anchored::Yes);
                backward
                    .start(&mut backward.caches.get(), &input, budget)?
                    .unwrap_or(range.start)
            }
        };
        let Some(group) = self.value_group else {
            return Ok(Some(start..range.end));
        };
        // The slow engine reads the match once more to place the group.
        budget.spend((range.end - start) * 16 + 512)?;
        let mut captures = self.groups.create_captures();
        let input = Input::new(text).range(start..range.end).anchored(Anchored::Yes);
        self.groups
            .captures(&mut self.groups.create_cache(), input, &mut captures);
        Ok(captures.get_group(group).map(|value| value.range()))
    }
}
