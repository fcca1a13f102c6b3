//! Runs one regex of a rule around the hits of its required literals, within a budget of bytes.
//!
//! A regex whose matches begin with a required literal is run *anchored* at each hit by a lazy automaton, byte by byte: it mostly
//! dies within a few bytes, and what it reads is counted. Any other regex searches the joined windows around the hits.

use super::limits;
use super::patterns;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind, PatternID, meta};
use std::ops::Range;

type CachePool =
    Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + std::panic::RefUnwindSafe + std::panic::UnwindSafe>>;

/// One regex, ready to run.
#[derive(Debug)]
pub struct Matcher {
    engine: Engine,
    value_group: Option<usize>,
    window: usize,
}

#[derive(Debug)]
enum Engine {
    /// Matches begin at a hit.
    Leading {
        automaton: Box<DFA>,
        groups: PikeVM,
        caches: CachePool,
    },
    /// Matches hold a hit somewhere.
    Anywhere(meta::Regex),
}

/// Bytes that all regexes together may still read of one view.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Budget {
    /// The budget for a view of `length` bytes.
    pub fn new(length: usize) -> Self {
        Self {
            left: length
                .saturating_mul(limits::REGEX_WORK_FACTOR)
                .max(limits::REGEX_WORK_BYTES_FLOOR),
        }
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let enough = bytes <= self.left;
        self.left = self.left.saturating_sub(bytes);
        enough
    }
}

impl Matcher {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn new(pattern: &str, case_sensitive: bool, window: usize, leading: bool) -> Result<Self, String> {
        if !leading {
            let regex = patterns::compile(pattern, case_sensitive)?;
            let value_group = regex.group_info().to_index(PatternID::ZERO, "value");
            return Ok(Self {
                engine: Engine::Anywhere(regex),
                value_group,
                window,
            });
        }
        let pattern = patterns::checked(pattern)?;
        let nfa = NFA::compiler()
            .syntax(patterns::syntax(case_sensitive))
            .configure(thompson::Config::new().nfa_size_limit(Some(limits::REGEX_STATES_BYTES_MAX)))
            .build(&pattern)
            .map_err(|error| patterns::nfa_reason(&error))?;
        let automaton = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(MatchKind::LeftmostFirst)
                    .unicode_word_boundary(true)
                    .cache_capacity(limits::REGEX_CACHE_BYTES)
                    .skip_cache_capacity_check(true),
            )
            .build_from_nfa(nfa.clone())
            .map_err(|error| error.to_string())?;
        let groups = PikeVM::new_from_nfa(nfa.clone()).map_err(|error| error.to_string())?;
        let value_group = nfa.group_info().to_index(PatternID::ZERO, "value");
        let made = automaton.clone();
        let caches: CachePool = Pool::new(Box::new(move || made.create_cache()));
        Ok(Self {
            engine: Engine::Leading {
                automaton: Box::new(automaton),
                groups,
                caches,
            },
            value_group,
            window,
        })
    }

    /// Where to look, for a hit of a required literal; hits come in order of their end. Joined where windows touch, unless matches
    /// begin at the hits.
    pub fn add_hit(&self, windows: &mut Vec<Range<usize>>, hit: Range<usize>, length: usize) {
        let end = (hit.start + self.window).max(hit.end).min(length);
        if matches!(self.engine, Engine::Leading { .. }) {
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

    /// Reports the span of each match (of its group `value`, if it has one) until `found` returns false; false when the budget ran out.
    pub fn run(
        &self,
        text: &str,
        windows: &[Range<usize>],
        budget: &mut Budget,
        found: &mut dyn FnMut(Range<usize>) -> bool,
    ) -> bool {
        match &self.engine {
            Engine::Anywhere(regex) => self.search(regex, text, windows, budget, found),
            Engine::Leading {
                automaton,
                groups,
                caches,
            } => {
                let mut cache = caches.get();
                let mut after = 0;
                for window in windows {
                    if window.start < after {
                        continue;
                    }
                    let (read, end) = match anchored(automaton, &mut cache, text, window) {
                        Ok(outcome) => outcome,
                        Err(()) => slow(groups, text, window),
                    };
                    if !budget.spend(read) {
                        return false;
                    }
                    let Some(end) = end else { continue };
                    after = end;
                    let span = self.value_group.map_or(Some(window.start..end), |group| {
                        value_of(groups, group, text, window.start..end)
                    });
                    if span.is_some_and(|span| !found(span)) {
                        return true;
                    }
                }
                true
            }
        }
    }

    fn search(
        &self,
        regex: &meta::Regex,
        text: &str,
        windows: &[Range<usize>],
        budget: &mut Budget,
        found: &mut dyn FnMut(Range<usize>) -> bool,
    ) -> bool {
        for window in windows {
            if !budget.spend(window.len()) {
                return false;
            }
            let input = Input::new(text).range(whole_characters(text, window));
            if let Some(group) = self.value_group {
                for captures in regex.captures_iter(input) {
                    if captures
                        .get_group(group)
                        .is_some_and(|value| !found(value.range()))
                    {
                        return true;
                    }
                }
            } else {
                for one in regex.find_iter(input) {
                    if !found(one.range()) {
                        return true;
                    }
                }
            }
        }
        true
    }
}

/// Leftmost-first match that begins at the window's start: bytes read, and its end. The error asks for the slow engine.
fn anchored(
    automaton: &DFA,
    cache: &mut Cache,
    text: &str,
    window: &Range<usize>,
) -> Result<(usize, Option<usize>), ()> {
    let bytes = text.as_bytes();
    let input = Input::new(text).range(window.clone()).anchored(Anchored::Yes);
    let mut state = automaton.start_state_forward(cache, &input).map_err(drop)?;
    let mut end = None;
    for at in window.clone() {
        let byte = bytes.get(at).copied().unwrap_or_default();
        state = automaton.next_state(cache, state, byte).map_err(drop)?;
        if state.is_tagged() {
            // A match is reported one byte late.
            if state.is_match() {
                end = Some(at);
            } else if state.is_dead() {
                return Ok((at - window.start + 1, end));
            } else if state.is_quit() {
                return Err(());
            }
        }
    }
    state = match bytes.get(window.end) {
        Some(byte) => automaton.next_state(cache, state, *byte).map_err(drop)?,
        None => automaton.next_eoi_state(cache, state).map_err(drop)?,
    };
    if state.is_match() {
        end = Some(window.end);
    }
    Ok((window.len(), end))
}

/// The same for texts that the lazy automaton gives up on; counted as if it read the window ten times.
fn slow(groups: &PikeVM, text: &str, window: &Range<usize>) -> (usize, Option<usize>) {
    let input = Input::new(text)
        .range(whole_characters(text, window))
        .anchored(Anchored::Yes);
    let found = groups.find(&mut groups.create_cache(), input);
    (window.len() * 10, found.map(|found| found.end()))
}

fn value_of(groups: &PikeVM, group: usize, text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let mut captures = groups.create_captures();
    let input = Input::new(text).range(span).anchored(Anchored::Yes);
    groups.captures(&mut groups.create_cache(), input, &mut captures);
    captures.get_group(group).map(|value| value.range())
}

fn whole_characters(text: &str, range: &Range<usize>) -> Range<usize> {
    let mut start = range.start;
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
