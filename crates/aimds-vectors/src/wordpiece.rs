//! `WordPiece` over BERT's basic tokenization, equal to the `tokenizers` library (the oracle of the tests).
//!
//! Method: Wu et al. 2016; greedy longest match, one walk of the trie a piece.

use unicode_normalization::char::decompose_canonical;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::embedding::Token;
use crate::limits::WORDPIECE_WORD_CHARACTERS_MAX;
use crate::trie::{State, Trie};

/// A `WordPiece` vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct WordPiece {
    trie: Trie,
    /// Where pieces that continue a word begin: the state after `##`.
    continuing: Option<State>,
    unknown: u32,
    lowercase: bool,
}

impl WordPiece {
    pub(crate) fn new(trie: Trie, unknown: u32, lowercase: bool) -> Self {
        let continuing = trie.walk(b"##");
        Self {
            trie,
            continuing,
            unknown,
            lowercase,
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.trie.memory_bytes()
    }

    /// Appends the tokens of `text`.
    pub(crate) fn tokenize(&self, text: &str, tokens: &mut Vec<Token>) {
        let mut word = Word::default();
        for (at, character) in text.char_indices() {
            let at = at as u32;
            if character.is_ascii_alphanumeric() {
                let letter = if self.lowercase {
                    character.to_ascii_lowercase()
                } else {
                    character
                };
                word.push(letter, at);
            } else {
                self.other(character, at, &mut word, tokens);
            }
        }
        self.flush(&mut word, tokens);
    }

    fn other(&self, character: char, at: u32, word: &mut Word, tokens: &mut Vec<Token>) {
        if is_dropped(character) {
            return;
        }
        if character.is_whitespace() {
            self.flush(word, tokens);
        } else if is_ideograph(character) {
            self.flush(word, tokens);
            self.push_folded(character, at, word, tokens);
            self.flush(word, tokens);
        } else {
            self.push_folded(character, at, word, tokens);
        }
    }

    /// Lower-cases and strips accents as asked, then adds the character to the word, or makes it a word if it is punctuation.
    fn push_folded(&self, character: char, at: u32, word: &mut Word, tokens: &mut Vec<Token>) {
        if !self.lowercase {
            self.push_split(character, at, word, tokens);
            return;
        }
        decompose_canonical(character, |part| {
            if part.general_category() != GeneralCategory::NonspacingMark {
                for lower in part.to_lowercase() {
                    self.push_split(lower, at, word, tokens);
                }
            }
        });
    }

    fn push_split(&self, character: char, at: u32, word: &mut Word, tokens: &mut Vec<Token>) {
        if is_punctuation(character) {
            self.flush(word, tokens);
            word.push(character, at);
            self.flush(word, tokens);
        } else {
            word.push(character, at);
        }
    }

    fn flush(&self, word: &mut Word, tokens: &mut Vec<Token>) {
        if word.bytes.is_empty() {
            return;
        }
        let before = tokens.len();
        if word.characters > WORDPIECE_WORD_CHARACTERS_MAX || !self.split(word, tokens) {
            tokens.truncate(before);
            tokens.push(Token {
                id: self.unknown,
                start: word.origins.first().copied().unwrap_or(0),
            });
        }
        word.clear();
    }

    fn split(&self, word: &Word, tokens: &mut Vec<Token>) -> bool {
        let mut at = 0;
        while at < word.bytes.len() {
            let start = if at == 0 {
                Some(Trie::ROOT)
            } else {
                self.continuing
            };
            let Some(mut state) = start else { return false };
            let mut found = None;
            for (length, &byte) in word.bytes.get(at..).unwrap_or_default().iter().enumerate() {
                let Some(next) = self.trie.step(state, byte) else {
                    break;
                };
                state = next;
                if let Some(id) = self.trie.value(state) {
                    found = Some((id, at + length + 1));
                }
            }
            let Some((id, end)) = found else { return false };
            tokens.push(Token {
                id,
                start: word.origins.get(at).copied().unwrap_or(0),
            });
            at = end;
        }
        true
    }
}

/// The word being collected: its folded bytes, and for each the place of its character in the text.
#[derive(Default)]
struct Word {
    bytes: Vec<u8>,
    origins: Vec<u32>,
    characters: usize,
}

impl Word {
    #[inline]
    fn push(&mut self, character: char, at: u32) {
        if character.is_ascii() {
            self.bytes.push(character as u8);
            self.origins.push(at);
        } else {
            let mut buffer = [0; 4];
            let encoded = character.encode_utf8(&mut buffer).as_bytes();
            self.bytes.extend_from_slice(encoded);
            self.origins.resize(self.bytes.len(), at);
        }
        self.characters += 1;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.origins.clear();
        self.characters = 0;
    }
}

/// What BERT's text cleaning removes: NUL, the replacement character, control, format and private-use characters.
fn is_dropped(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ if character.is_ascii() => character.is_ascii_control(),
        _ => matches!(
            character.general_category(),
            GeneralCategory::Control | GeneralCategory::Format | GeneralCategory::PrivateUse
        ),
    }
}

fn is_punctuation(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_punctuation()
    } else {
        character.general_category_group() == GeneralCategoryGroup::Punctuation
    }
}

/// The ranges of the original, gap included: U+2B820-2B91F are not among them.
fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}' | '\u{2b920}'..='\u{2ceaf}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(pieces: &[&str]) -> WordPiece {
        let mut keys: Vec<(&[u8], u32)> = pieces
            .iter()
            .zip(0..)
            .map(|(piece, id)| (piece.as_bytes(), id))
            .collect();
        keys.sort_unstable();
        WordPiece::new(Trie::build(&keys), 0, true)
    }

    fn tokens(text: &str) -> Vec<(u32, u32)> {
        let model = model(&["[UNK]", "un", "##aff", "##able", "able", ",", "世", "e", "##e"]);
        let mut tokens = Vec::new();
        model.tokenize(text, &mut tokens);
        tokens.iter().map(|token| (token.id, token.start)).collect()
    }

    #[test]
    fn the_longest_piece_wins_and_places_are_kept() {
        assert_eq!(
            tokens("UNaffable, able"),
            [(1, 0), (2, 2), (3, 5), (5, 9), (4, 11)]
        );
    }

    #[test]
    fn a_word_that_cannot_be_split_is_unknown_as_a_whole() {
        assert_eq!(tokens("unx able"), [(0, 0), (4, 4)]);
        assert_eq!(tokens(&"e".repeat(100)).len(), 100);
        assert_eq!(tokens(&"e".repeat(101)), [(0, 0)]);
    }

    #[test]
    fn accents_go_and_ideographs_stand_alone() {
        assert_eq!(tokens("éÈ世"), [(7, 0), (8, 2), (6, 4)]);
        assert_eq!(tokens("\u{200b}\0un"), [(1, 4)]);
    }
}
