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
    live: bool,
    /// First word of the chain (ordered) or of the phrase (unordered).
    first: u32,
    /// Last word of the phrase that filled this slot.
    last: u32,
}

/// The state of all proximity rules over one view.
pub struct NearStates {
    slots: Vec<SlotState>,
}

/// Words `first..=last` of a completed rule.
pub struct NearMatch {
    pub first: u32,
    pub last: u32,
}

impl NearStates {
    pub fn new(slots: usize) -> Self {
        Self {
            slots: vec![SlotState::default(); slots],
        }
    }

    /// Whether a phrase that begins with word `first` can fill `slot` at all: in an ordered rule the chain before it must be
    /// open, and near enough.
    pub fn may_fill(&self, rule: &NearRule, slot: u32, first: u32) -> bool {
        if !rule.ordered || slot == 0 {
            return true;
        }
        let before = self.slots.get((rule.state_start + slot - 1) as usize);
        before.is_some_and(|before| before.live && first.saturating_sub(before.first) < rule.within)
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
            ordered(rule, states, slot as usize, first, last, words)
        } else {
            unordered(rule, states, slot as usize, first, last, words)
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
    slot: usize,
    first: u32,
    last: u32,
    words: &[Word],
) -> Option<NearMatch> {
    let chain_first = if slot == 0 {
        first
    } else {
        let before = *states.get(slot - 1)?;
        if !before.live || before.last >= first || !joined(rule, before.first, last, words) {
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
    if !state.live || chain_first >= state.first {
        *state = SlotState {
            live: true,
            first: chain_first,
            last,
        };
    }
    None
}

fn unordered(
    rule: &NearRule,
    states: &mut [SlotState],
    slot: usize,
    first: u32,
    last: u32,
    words: &[Word],
) -> Option<NearMatch> {
    *states.get_mut(slot)? = SlotState {
        live: true,
        first,
        last,
    };
    let mut chain_first = first;
    for (index, state) in states.iter().enumerate() {
        if !state.live || (index != slot && state.last >= first && state.first <= last) {
            return None;
        }
        chain_first = chain_first.min(state.first);
    }
    joined(rule, chain_first, last, words).then_some(NearMatch {
        first: chain_first,
        last,
    })
}
