//! Automata that make their states while they read, each byte and each state paid from a budget.

use super::limits;
use super::patterns;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Config, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;
use std::panic::{RefUnwindSafe, UnwindSafe};

type CachePool = Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + RefUnwindSafe + UnwindSafe>>;

/// A lazy automaton with caches for the threads that run it.
#[derive(Debug)]
pub struct Lazy {
    automaton: Box<DFA>,
    pub caches: CachePool,
    /// What making one state costs, in bytes read.
    state_cost: usize,
}

/// What all regexes together may still do for one text, in bytes read.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    /// What looking before the search may take. Looking is left when it is used up, so that it never costs a match.
    looks_left: usize,
}

/// The part of the budget that looking before the search may take on top of it.
const LOOKS_SHARE: usize = 4;

/// The budget ran out, or the automaton gave up: something may have been missed.
pub struct Exhausted;

impl Budget {
    /// The budget for views of `length` bytes together.
    pub fn new(length: usize) -> Self {
        let left = length
            .saturating_mul(limits::REGEX_WORK_FACTOR)
            .saturating_add(limits::REGEX_WORK_FLOOR);
        Self {
            left,
            looks_left: left / LOOKS_SHARE,
        }
    }

    /// Does a look with what looking may use; true when that is used up.
    pub fn look(&mut self, look: impl FnOnce(&mut Self) -> Result<bool, Exhausted>) -> bool {
        let mut looks = Self {
            left: self.looks_left,
            looks_left: 0,
        };
        let seen = look(&mut looks).unwrap_or(true);
        self.looks_left = looks.left;
        seen
    }

    pub fn spend(&mut self, work: usize) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(work).ok_or(Exhausted)?;
        Ok(())
    }
}

impl Lazy {
    /// Compiles an expression; `reverse` reads from its end.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn new(hir: &Hir, reverse: bool) -> Result<(Self, NFA), String> {
        let nfa = NFA::compiler()
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
            .build_from_hir(hir)
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
    pub fn end(
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
    pub fn start(
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

    /// Whether a match begins at the start of `input` (`backward`: ends at its end).
    pub fn touches(
        &self,
        input: &Input<'_>,
        backward: bool,
        budget: &mut Budget,
        bytes_left: &mut usize,
    ) -> Result<bool, Exhausted> {
        let mut cache = self.caches.get();
        let (bytes, span) = (input.haystack(), input.get_range());
        let start = if backward {
            self.automaton.start_state_reverse(&mut cache, input)
        } else {
            self.automaton.start_state_forward(&mut cache, input)
        };
        let mut state = start.map_err(|_| Exhausted)?;
        let mut read = 0;
        let found = loop {
            let at = if backward {
                span.end.checked_sub(read + 1)
            } else {
                Some(span.start + read)
            };
            let byte = at.and_then(|at| bytes.get(at));
            let inside = read < span.len();
            state = match byte {
                Some(byte) if inside => self.step(&mut cache, state, *byte, budget)?,
                // The byte beyond is looked at, not read.
                Some(byte) => self
                    .automaton
                    .next_state(&mut cache, state, *byte)
                    .map_err(|_| Exhausted)?,
                None => self
                    .automaton
                    .next_eoi_state(&mut cache, state)
                    .map_err(|_| Exhausted)?,
            };
            if state.is_match() {
                break true;
            }
            if state.is_quit() {
                return Err(Exhausted);
            }
            if state.is_dead() || !inside {
                break false;
            }
            read += 1;
            if read > *bytes_left {
                return Err(Exhausted);
            }
        };
        *bytes_left -= read;
        budget.spend(read + 1)?;
        Ok(found)
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
