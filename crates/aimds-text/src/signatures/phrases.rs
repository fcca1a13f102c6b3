//! Phrases among folded words. A phrase begins where a word does, so that a walk from each word finds it; only those that may
//! begin inside of a word (`*bot`) are looked for at every letter.

use super::compile::WordUse;
use super::trie::Trie;
use super::uses::Uses;
use super::words::{Word, Words};
use std::collections::BTreeMap;

/// Phrases with the uses of each.
#[derive(Debug)]
pub struct Phrases {
    at_words: Trie,
    at_words_uses: Uses<WordUse>,
    /// Whether the last word of a phrase of the first kind may go on.
    at_words_open: Vec<bool>,
    anywhere: Trie,
    anywhere_uses: Uses<WordUse>,
    /// The letters that a phrase of the second kind may begin with.
    anywhere_letters: Vec<u8>,
}

/// One phrase found: between which words, and whether it ends where the last one does.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub first: u32,
    pub last: u32,
    pub at_end: bool,
}

/// A phrase that was found but not yet told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    end: usize,
    start: usize,
    first: usize,
    last: usize,
    anywhere: bool,
    phrase: u32,
}

impl Phrases {
    /// Takes phrases, folded.
    pub fn new(phrases: BTreeMap<String, Vec<WordUse>>) -> Self {
        let (mut at_words, mut anywhere) = (BTreeMap::new(), BTreeMap::new());
        for (phrase, uses) in phrases {
            let (open, closed): (Vec<WordUse>, Vec<WordUse>) =
                uses.into_iter().partition(|phrase| phrase.open_start);
            if !open.is_empty() {
                anywhere.insert(phrase.clone(), open);
            }
            if !closed.is_empty() {
                at_words.insert(phrase, closed);
            }
        }
        let (at_words, at_words_uses): (Vec<String>, Vec<Vec<WordUse>>) = at_words.into_iter().unzip();
        let (anywhere, anywhere_uses): (Vec<String>, Vec<Vec<WordUse>>) = anywhere.into_iter().unzip();
        let begins_with = |letter: &u8| {
            anywhere
                .iter()
                .any(|phrase| phrase.as_bytes().first() == Some(letter))
        };
        let is_open = |uses: &Vec<WordUse>| uses.iter().any(|phrase| phrase.open_end);
        Self {
            at_words_open: at_words_uses.iter().map(is_open).collect(),
            anywhere_letters: (0..=u8::MAX).filter(begins_with).collect(),
            at_words: Trie::new(&at_words),
            at_words_uses: Uses::new(at_words_uses),
            anywhere: Trie::new(&anywhere),
            anywhere_uses: Uses::new(anywhere_uses),
        }
    }

    /// Tells of every phrase, in order of its last word; after those that end with a word, `leave` is told of it.
    pub fn find<'a, S>(
        &'a self,
        words: &Words,
        state: &mut S,
        mut found: impl FnMut(&mut S, Place, &'a [WordUse]),
        mut leave: impl FnMut(&mut S, usize),
    ) {
        let mut waiting: Vec<Hit> = Vec::new();
        let inside = self.anywhere_in(&words.text);
        let mut inside = inside.as_slice();
        for (index, word) in words.words.iter().enumerate() {
            self.find_from(words, index, word, &mut waiting);
            // Most words have no such phrase.
            while let Some((&(start, length, phrase), rest)) = inside.split_first()
                && start < word.end as usize
            {
                waiting.push(hit(words, index, start, length, true, phrase));
                inside = rest;
            }
            if waiting.is_empty() {
                continue;
            }
            // No phrase that begins with a later word ends with this one.
            if waiting.len() > 1 {
                waiting.sort_unstable();
            }
            let count = waiting.partition_point(|hit| hit.last <= index);
            for hit in waiting.drain(..count) {
                let uses = if hit.anywhere {
                    &self.anywhere_uses
                } else {
                    &self.at_words_uses
                };
                let place = Place {
                    first: hit.first as u32,
                    last: hit.last as u32,
                    at_end: word.end as usize == hit.end,
                };
                found(state, place, uses.of(hit.phrase as usize));
            }
            if count > 0 {
                leave(state, index);
            }
        }
    }

    /// Finds the phrases that begin with one word.
    fn find_from(&self, words: &Words, first: usize, word: &Word, waiting: &mut Vec<Hit>) {
        let (from, to) = (word.start as usize, word.end as usize);
        let rest = words.text.as_bytes().get(from..).unwrap_or_default();
        self.at_words.walk(rest.iter().copied(), |length, phrase| {
            // Most phrases found are the beginning of another word.
            let goes_on = from + length < to;
            if !goes_on || self.at_words_open.get(phrase as usize) == Some(&true) {
                waiting.push(hit(words, first, from, length, false, phrase));
            }
        });
    }

    /// The phrases that begin anywhere in a text: where, how long, which.
    fn anywhere_in(&self, text: &str) -> Vec<(usize, usize, u32)> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        let mut look = |start: usize| {
            let rest = bytes.get(start..).unwrap_or_default();
            self.anywhere.walk(rest.iter().copied(), |length, phrase| {
                found.push((start, length, phrase));
            });
        };
        match *self.anywhere_letters.as_slice() {
            [] => {}
            [one] => memchr::memchr_iter(one, bytes).for_each(look),
            [one, two] => memchr::memchr2_iter(one, two, bytes).for_each(look),
            [one, two, three] => memchr::memchr3_iter(one, two, three, bytes).for_each(look),
            _ => (0..bytes.len()).for_each(&mut look),
        }
        found
    }
}

fn hit(words: &Words, first: usize, start: usize, length: usize, anywhere: bool, phrase: u32) -> Hit {
    let end = start + length;
    Hit {
        end,
        start,
        first,
        last: last_word(&words.words, first, end),
        anywhere,
        phrase,
    }
}

/// The word that a phrase from word `first` to byte `end` ends with.
fn last_word(words: &[Word], first: usize, end: usize) -> usize {
    let more = words.iter().skip(first + 1);
    first + more.take_while(|word| (word.start as usize) < end).count()
}
