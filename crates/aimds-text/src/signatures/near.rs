//! Proximity rules: several words, each from its own list, close together. One step a word hit, constant work.

use super::words::Word;

/// A compiled proximity rule.
#[derive(Debug, Clone)]
pub struct NearRule {
    pub rule: u32,
    pub slots: u32,
    pub within: u32,
    pub ordered: bool,
    pub across_sentences: bool,
    /// Index of its first slot's state among the states of all proximity rules.
    pub state_start: u32,
}

/// What is known of one slot: in an ordered rule, the newest chain that fills all slots up to this one; in an unordered one the
/// newest phrase that fills this slot.
#[derive(Debug, Clone, Copy, Default)]
struct SlotState {
    /// The view in which it was filled, if any.
    view: u32,
    /// First word of the chain (ordered) or of the phrase (unordered).
    first: u32,
    /// Last word of the phrase that filled this slot.
    last: u32,
}

/// The state of all proximity rules over one view after the other.
pub struct NearStates {
    slots: Vec<SlotState>,
    /// The number of the view, from one on.
    view: u32,
}

/// What must have been filled, and how near, before a phrase can fill a slot of an ordered rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    state: u32,
    within: u32,
}

/// Words `first..=last` of a completed rule.
pub struct NearMatch {
    pub first: u32,
    pub last: u32,
}

impl NearRule {
    /// What stands before a slot; `None` for those that anything may fill.
    pub fn gate(&self, slot: u32) -> Option<Gate> {
        (self.ordered && slot > 0).then(|| Gate {
            state: self.state_start + slot - 1,
            within: self.within,
        })
    }
}

impl NearStates {
    pub fn new(slots: usize) -> Self {
        Self {
            slots: vec![SlotState::default(); slots],
            view: 0,
        }
    }

    /// Forgets what was seen of the view before.
    pub fn begin_view(&mut self) {
        self.view += 1;
    }

    /// Whether a phrase that begins with word `first` can fill the slot behind `gate` at all: the chain before it must be open,
    /// and near enough.
    pub fn is_open(&self, gate: Gate, first: u32) -> bool {
        let before = self.slots.get(gate.state as usize);
        before.is_some_and(|before| {
            before.view == self.view && first.saturating_sub(before.first) < gate.within
        })
    }

    /// Tells that the phrase of words `first..=last` fills `slot` of `rule`; hits come in order of their end.
    pub fn hit(
        &mut self,
        rule: &NearRule,
        slot: u32,
        first: u32,
        last: u32,
        words: &[Word],
    ) -> Option<NearMatch> {
        let start = rule.state_start as usize;
        let states = self.slots.get_mut(start..start + rule.slots as usize)?;
        if rule.ordered {
            ordered(rule, states, self.view, slot as usize, first, last, words)
        } else {
            unordered(rule, states, self.view, slot as usize, first, last, words)
        }
    }
}

fn joined(rule: &NearRule, first: u32, last: u32, words: &[Word]) -> bool {
    let sentence = |word: u32| words.get(word as usize).map(|word| word.sentence);
    last - first < rule.within && (rule.across_sentences || sentence(first) == sentence(last))
}

/// The newest chain is the best one: for a given end, a later start is shorter and no further from the sentence's end.
fn ordered(
    rule: &NearRule,
    states: &mut [SlotState],
    view: u32,
    slot: usize,
    first: u32,
    last: u32,
    words: &[Word],
) -> Option<NearMatch> {
    let chain_first = if slot == 0 {
        first
    } else {
        let before = *states.get(slot - 1)?;
        if before.view != view || before.last >= first || !joined(rule, before.first, last, words) {
            return None;
        }
        before.first
    };
    if slot + 1 == states.len() {
        return Some(NearMatch {
            first: chain_first,
            last,
        });
    }
    let state = states.get_mut(slot)?;
    // Two phrases of one slot may end together, the longer one first: the shorter one starts later and leaves more room.
    if state.view != view || chain_first >= state.first {
        *state = SlotState {
            view,
            first: chain_first,
            last,
        };
    }
    None
}

fn unordered(
    rule: &NearRule,
    states: &mut [SlotState],
    view: u32,
    slot: usize,
    first: u32,
    last: u32,
    words: &[Word],
) -> Option<NearMatch> {
    *states.get_mut(slot)? = SlotState { view, first, last };
    let mut chain_first = first;
    for (index, state) in states.iter().enumerate() {
        if state.view != view || (index != slot && state.last >= first && state.first <= last) {
            return None;
        }
        chain_first = chain_first.min(state.first);
    }
    joined(rule, chain_first, last, words).then_some(NearMatch {
        first: chain_first,
        last,
    })
}
