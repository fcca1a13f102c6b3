//! Runs one regex of a rule around the hits of its required literals, within a budget.
//!
//! Lazy automata step byte by byte, so that every byte read and every automaton state made is counted: a text written to make
//! states (making one costs a thousand times what reading a byte does) runs out of budget instead of time. A regex whose matches
//! begin with a required literal is run *anchored* at each hit and mostly dies within a few bytes; any other regex
//! searches the joined windows around its hits forward for an end, and from there backward for the start. Before that, a look at
//! what its matches must hold ([`super::inner`]) passes over most windows.

use super::inner::{Cut, Inner};
use super::limits;
use super::patterns;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Config, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use regex_syntax::hir::Hir;
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
    /// What stands before and behind the cut of a match.
    cut: Option<(Lazy, Lazy)>,
    has_second: bool,
}

/// Where one regex is to look in a text.
#[derive(Debug, Default)]
pub struct Hits {
    /// Around its required literals, in order of their end.
    pub windows: Vec<Range<usize>>,
    /// Where its matches may be cut.
    pub cuts: Vec<u32>,
    /// Where the second literals stand that its matches hold.
    pub seconds: Vec<u32>,
    /// Whether cuts and second literals are all that there are.
    complete: bool,
}

impl Hits {
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.cuts.is_empty() && self.seconds.is_empty()
    }

    pub fn clear(&mut self) {
        self.windows.clear();
        self.cuts.clear();
        self.seconds.clear();
    }

    /// Tells that all hits are in; `complete` is false when there may be more cuts and second literals.
    pub fn close(&mut self, complete: bool) {
        self.cuts.sort_unstable();
        self.complete = complete;
    }
}

/// Whether what stands before and behind some cut in the window matches there.
fn touched_by_cut(
    (before, behind): &(Lazy, Lazy),
    text: &str,
    window: &Range<usize>,
    cuts: &[u32],
    looks: &mut Budget,
) -> Result<bool, Exhausted> {
    // Cuts close to one another must not make the same bytes be read again and again.
    let mut bytes_left = window.len();
    for place in inside(cuts, window) {
        let mut touches = |part: &Lazy, range: Range<usize>, backward: bool| {
            let input = Input::new(text).range(range).anchored(Anchored::Yes);
            part.touches(&input, backward, looks, &mut bytes_left)
        };
        if touches(before, window.start..place, true)? && touches(behind, place..window.end, false)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The places of a list that lie in a window; `places` ascend, or nothing is left out.
fn inside<'a>(places: &'a [u32], window: &Range<usize>) -> impl Iterator<Item = usize> + use<'a> {
    let first = places.partition_point(|place| (*place as usize) < window.start);
    let end = window.end;
    let rest = places.get(first..).unwrap_or_default().iter();
    rest.map(|place| *place as usize).take_while(move |place| *place < end)
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
    /// What looking before the search may take. Looking is left when it is used up, so that it never costs a match.
    looks_left: usize,
}

/// The part of the budget that looking before the search may take on top of it.
const LOOKS_SHARE: usize = 4;

/// The budget ran out, or the automaton gave up: something may have been missed.
struct Exhausted;

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

    /// Takes out what looking may use.
    fn looks(&mut self) -> Self {
        Self {
            left: std::mem::take(&mut self.looks_left),
            looks_left: 0,
        }
    }

    fn spend(&mut self, work: usize) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(work).ok_or(Exhausted)?;
        Ok(())
    }
}

impl Lazy {
    fn new(hir: &Hir, reverse: bool) -> Result<(Self, NFA), String> {
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

    /// Whether a match begins at the start of `input` (`backward`: ends at its end).
    fn touches(
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
                Some(byte) => self.automaton.next_state(&mut cache, state, *byte).map_err(|_| Exhausted)?,
                None => self.automaton.next_eoi_state(&mut cache, state).map_err(|_| Exhausted)?,
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

impl Matcher {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Why it does not compile.
    pub fn new(
        pattern: &str,
        case_sensitive: bool,
        window: usize,
        leading: bool,
        inner: &Inner,
    ) -> Result<Self, String> {
        let hir = patterns::parse(pattern, case_sensitive)?;
        let (forward, nfa) = Lazy::new(&hir, false)?;
        let backward = if leading { None } else { Some(Lazy::new(&hir, true)?.0) };
        let both = |cut: &Cut| Ok::<_, String>((Lazy::new(&cut.before, true)?.0, Lazy::new(&cut.behind, false)?.0));
        let cut = inner.cut.as_ref().map(both).transpose()?;
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
            cut,
            has_second: !inner.second.is_empty(),
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
        hits: &Hits,
        budget: &mut Budget,
        found: &mut dyn FnMut(Range<usize>) -> bool,
    ) -> bool {
        let mut cache = self.forward.caches.get();
        let mut after = 0;
        for window in &hits.windows {
            let mut from = window.start.max(after);
            while from < window.end {
                if !self.may_match(text, from..window.end, hits, budget) {
                    break;
                }
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

    /// Whether a window holds what a match must hold; true if that is not known.
    fn may_match(&self, text: &str, window: Range<usize>, hits: &Hits, budget: &mut Budget) -> bool {
        if !hits.complete {
            return true;
        }
        if self.has_second && inside(&hits.seconds, &window).next().is_none() {
            return false;
        }
        let Some(cut) = &self.cut else { return true };
        let mut looks = budget.looks();
        let may_match = touched_by_cut(cut, text, &window, &hits.cuts, &mut looks);
        budget.looks_left = looks.left;
        may_match.unwrap_or(true)
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
