//! Unigram segmentation with Metaspace, equal to the `tokenizers` library (the oracle of the tests).
//!
//! Method: Kudo 2018; the best path over all pieces by dynamic programming, one trie walk from each character.

use crate::embedding::Token;
use crate::limits::UNIGRAM_WORD_CHARACTERS_MAX;
use crate::trie::Trie;

const SPACE: char = '\u{2581}';
/// What an unknown character costs beyond the worst piece; the value of sentencepiece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// A Unigram vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct Unigram {
    trie: Trie,
    scores: Vec<f32>,
    unknown: u32,
    unknown_score: f64,
    lowercase: bool,
}

/// The best way to reach a byte of the word.
#[derive(Debug, Clone, Copy)]
struct Best {
    score: f64,
    from: u32,
    id: u32,
}

const UNREACHED: Best = Best {
    score: 0.0,
    from: u32::MAX,
    id: 0,
};

impl Unigram {
    pub(crate) fn new(trie: Trie, scores: Vec<f32>, unknown: u32, lowercase: bool) -> Self {
        let minimum = scores.iter().copied().fold(f32::INFINITY, f32::min);
        Self {
            trie,
            scores,
            unknown,
            unknown_score: f64::from(minimum) - UNKNOWN_PENALTY,
            lowercase,
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.trie.memory_bytes() + self.scores.capacity() * size_of::<f32>()
    }

    /// Appends the tokens of `text`.
    pub(crate) fn tokenize(&self, text: &str, tokens: &mut Vec<Token>) {
        let mut word = Word::default();
        let mut space_before = true;
        for (at, character) in text.char_indices() {
            let at = at as u32;
            if character.is_whitespace() {
                space_before = true;
                continue;
            }
            // At the very start a literal U+2581 stands for the space that would be put there.
            let starts_text = word.bytes.is_empty() && !word.flushed;
            if space_before && !(starts_text && character == SPACE) {
                self.flush(&mut word, tokens);
                word.push(SPACE, at);
            }
            space_before = false;
            if character == SPACE || word.characters >= UNIGRAM_WORD_CHARACTERS_MAX {
                self.flush(&mut word, tokens);
            }
            if self.lowercase {
                character.to_lowercase().for_each(|lower| word.push(lower, at));
            } else {
                word.push(character, at);
            }
        }
        self.flush(&mut word, tokens);
    }

    fn flush(&self, word: &mut Word, tokens: &mut Vec<Token>) {
        if word.bytes.is_empty() {
            return;
        }
        self.search(word);
        let first = tokens.len();
        let mut end = word.bytes.len();
        while end > 0 {
            let Some(&best) = word.best.get(end) else { break };
            let start = word.origins.get(best.from as usize).copied().unwrap_or(0);
            match tokens.get_mut(first..).and_then(<[Token]>::last_mut) {
                // Consecutive unknown characters become one token; the walk goes backwards, so its start moves.
                Some(last) if best.id == self.unknown && last.id == self.unknown => last.start = start,
                _ => tokens.push(Token { id: best.id, start }),
            }
            end = best.from as usize;
        }
        if let Some(added) = tokens.get_mut(first..) {
            added.reverse();
        }
        word.clear();
    }

    /// Fills `word.best` for every character boundary.
    fn search(&self, word: &mut Word) {
        let Word { bytes, best, .. } = word;
        best.clear();
        best.resize(bytes.len() + 1, UNREACHED);
        let mut start = 0;
        while let Some(&lead) = bytes.get(start) {
            let length = character_length(lead);
            let score_here = best.get(start).map_or(0.0, |best| best.score);
            let mut single = false;
            let mut state = Trie::ROOT;
            for (offset, &byte) in bytes.get(start..).unwrap_or_default().iter().enumerate() {
                let Some(next) = self.trie.step(state, byte) else {
                    break;
                };
                state = next;
                if let Some(id) = self.trie.value(state) {
                    let score = self.scores.get(id as usize).copied().unwrap_or(0.0);
                    offer(best, start, offset + 1, f64::from(score) + score_here, id);
                    single |= offset + 1 == length;
                }
            }
            if !single {
                offer(best, start, length, self.unknown_score + score_here, self.unknown);
            }
            start += length;
        }
    }
}

/// Takes the piece `id` from `start` as the way to its end if it is the first or the best so far.
fn offer(best: &mut [Best], start: usize, length: usize, score: f64, id: u32) {
    if let Some(best) = best.get_mut(start + length)
        && (best.from == UNREACHED.from || score > best.score)
    {
        *best = Best {
            score,
            from: start as u32,
            id,
        };
    }
}

fn character_length(lead: u8) -> usize {
    match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[derive(Default)]
struct Word {
    bytes: Vec<u8>,
    origins: Vec<u32>,
    best: Vec<Best>,
    characters: usize,
    flushed: bool,
}

impl Word {
    fn push(&mut self, character: char, at: u32) {
        let mut buffer = [0; 4];
        self.bytes
            .extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        self.origins.resize(self.bytes.len(), at);
        self.characters += 1;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.origins.clear();
        self.characters = 0;
        self.flushed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(u32, u32)> {
        let pieces = [
            ("<unk>", 0.0),
            ("▁", -3.0),
            ("▁a", -2.0),
            ("b", -4.0),
            ("bc", -5.0),
            ("c", -4.5),
            ("a", -2.5),
        ];
        let mut keys: Vec<(&[u8], u32)> = pieces
            .iter()
            .zip(0..)
            .map(|((piece, _), id)| (piece.as_bytes(), id))
            .collect();
        keys.sort_unstable();
        let scores = pieces.iter().map(|(_, score)| *score).collect();
        let mut tokens = Vec::new();
        Unigram::new(Trie::build(&keys), scores, 0, false).tokenize(text, &mut tokens);
        tokens.iter().map(|token| (token.id, token.start)).collect()
    }

    #[test]
    fn the_best_path_wins_over_the_longest_piece() {
        assert_eq!(tokens("abc"), [(2, 0), (4, 1)]);
        assert_eq!(tokens("  a \n ab "), [(2, 2), (2, 6), (3, 7)]);
    }

    #[test]
    fn unknown_characters_become_one_token() {
        assert_eq!(tokens("axyzb"), [(2, 0), (0, 1), (3, 4)]);
        assert_eq!(tokens("日本"), [(1, 0), (0, 0)]);
    }

    #[test]
    fn a_literal_space_mark_begins_a_word() {
        assert_eq!(
            tokens("a▁a"),
            tokens("a a")
                .iter()
                .map(|&(id, at)| (id, at.min(1)))
                .collect::<Vec<_>>()
        );
        assert_eq!(tokens("▁a"), [(2, 0)]);
        assert_eq!(tokens("a ▁a").len(), 3);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(tokens(" \t "), []);
    }
}
