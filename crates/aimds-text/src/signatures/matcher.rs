//! Runs one regex of a rule around the hits of its required literals, within a budget.
//!
//! Lazy automata step byte by byte, so that every byte read and every automaton state made is counted: a text written to make
//! states (making one costs a thousand times what reading a byte does) runs out of budget instead of time. A regex whose matches
//! begin with a required literal is run *anchored* at each hit and mostly dies within a few bytes; any other regex
//! searches the joined windows around its hits forward for an end, and from there backward for the start. Before that, a look at
//! what its matches must hold ([`super::inner`]) passes over most windows.

use super::inner::{Cut, Inner};
use super::lazy::{Budget, Exhausted, Lazy};
use super::patterns;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::{Anchored, Input, PatternID};
use std::ops::Range;

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
        self.seconds.sort_unstable();
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

/// The places of a list that lie in a window; `places` ascend.
fn inside<'a>(places: &'a [u32], window: &Range<usize>) -> impl Iterator<Item = usize> + use<'a> {
    let first = places.partition_point(|place| (*place as usize) < window.start);
    let end = window.end;
    let rest = places.get(first..).unwrap_or_default().iter();
    rest.map(|place| *place as usize)
        .take_while(move |place| *place < end)
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
        let backward = if leading {
            None
        } else {
            Some(Lazy::new(&hir, true)?.0)
        };
        let both =
            |cut: &Cut| Ok::<_, String>((Lazy::new(&cut.before, true)?.0, Lazy::new(&cut.behind, false)?.0));
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
        budget.look(|looks| touched_by_cut(cut, text, &window, &hits.cuts, looks))
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

#[cfg(test)]
mod tests {
    use super::super::inner::look_into;
    use super::*;
    use proptest::prelude::*;

    const PATTERNS: [&str; 6] = [
        r"(?m)^[ \t]*(?:note: )?(?:please )?(?:Send|Make) [^\n]*\b(?:my|me)\b",
        r"\b(?:send|forward)\b[^\n]{0,30}\b(?:password|secret)\b[^\n]{0,40}@[a-z]+",
        r"(?:real|new)[\s:]+(?:instructions?|task)\s*[:!]",
        r"[a-z0-9]{1,9}@[a-z]+\.[a-z]{2}",
        r"(?P<value>[0-9]+ kelvin)s?\W",
        r"\w+ (?:task|sk1ll) ",
    ];

    fn spans(pattern: &str, text: &str, inner: &Inner) -> Vec<Range<usize>> {
        let matcher = Matcher::new(pattern, false, 64, false, inner).unwrap();
        let small = text.to_ascii_lowercase();
        let places = |literals: &[String]| -> Vec<u32> {
            let mut places = Vec::new();
            // Literals may overlap.
            for literal in literals {
                let stands_at = |at: &usize| small.get(*at..).is_some_and(|rest| rest.starts_with(literal));
                places.extend((0..small.len()).filter(stands_at).map(|at| at as u32));
            }
            places
        };
        let mut hits = Hits {
            windows: std::iter::once(0..text.len()).collect(),
            cuts: inner
                .cut
                .as_ref()
                .map(|cut| places(&cut.literals))
                .unwrap_or_default(),
            seconds: places(&inner.second),
            ..Hits::default()
        };
        hits.close(!super::super::inner::has_odd_cases(text));
        let mut spans = Vec::new();
        let complete = matcher.run(text, &hits, &mut Budget::new(1 << 24), &mut |span| {
            spans.push(span);
            true
        });
        assert!(complete);
        spans
    }

    proptest! {
        /// Looking before the search changes nothing but its cost.
        #[test]
        fn looks_lose_no_match(pieces in prop::collection::vec(prop::sample::select(vec![
            "send", "Send ", "make", "MAKE ", "my", " me ", "note: ", "please ", "\n", " ", "password", "secret", "forward ",
            "@", "abc", "a.de", "real ", "new: ", "instructions", "task", "tas\u{212A}", ":", "!", "12", " kelvin", "s", "ſend ",
            "é", "sk1ll ", "x x x x x x x x x x x x x x x x x x x x ",
        ]), 0..24)) {
            let text = pieces.concat();
            for pattern in PATTERNS {
                let inner = look_into(pattern, false, false, &["@".to_owned()]);
                prop_assert!(inner.cut.is_some());
                prop_assert_eq!(
                    spans(pattern, &text, &inner),
                    spans(pattern, &text, &Inner::default()),
                    "{}",
                    pattern
                );
            }
        }
    }
}
