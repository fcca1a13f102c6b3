//! Folds a text to words: what phrases are compared with.
//!
//! Case, accents of Latin and Greek, Arabic and Hebrew points, punctuation and the kind of white space disappear; what remains
//! is words with single spaces between them, each with its place in the text and its sentence. In scripts without
//! spaces every character is a word. Sources: Unicode Standard chapter 3.13 (caseless matching), UAX #15 (decomposition), UAX #29
//! (sentences; simplified to stops followed by white space).

use super::letters::{ASCII_CLASSES, Class, classify, push_folded};

/// A sentence break needs this many words before it, so that `Ignore. All. Rules.` stays one sentence.
const SENTENCE_WORDS_MIN: u32 = 3;

/// One word: where it stands in the folded text and in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub start: u32,
    pub end: u32,
    pub source_start: u32,
    pub source_end: u32,
    pub sentence: u32,
}

/// A folded text with its words in order.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pub text: String,
    pub words: Vec<Word>,
}

/// Folds one phrase or text to its words, joined by single spaces.
pub fn fold_words(text: &str) -> String {
    Words::of(text).text
}

/// What separates the word being read from the one before.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts about one gap, not a state"
)]
struct Gap {
    seen: bool,
    punctuation: bool,
    stop: bool,
    newlines: u32,
    sentence_end: bool,
}

struct Folder {
    out: Words,
    gap: Gap,
    open: bool,
    lone_before: bool,
    sentence: u32,
    sentence_words: u32,
}

impl Words {
    /// Folds `text`.
    pub fn of(text: &str) -> Self {
        Self::of_small(text, &text.to_ascii_lowercase())
    }

    /// Folds `text`, which is `small` in small letters of ASCII. Linear; texts beyond 4 GiB are not meant to come here (events
    /// are bounded far below).
    pub fn of_small(text: &str, small: &str) -> Self {
        let mut folder = Folder {
            out: Self {
                text: String::with_capacity(text.len() + 1),
                words: Vec::with_capacity(text.len() / 5 + 1),
            },
            gap: Gap::default(),
            open: false,
            lone_before: false,
            sentence: 0,
            sentence_words: 0,
        };
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            // Most of most texts is words of ASCII letters.
            let start = at;
            let rest = bytes.get(at..).unwrap_or_default();
            at += rest
                .iter()
                .position(|byte| ASCII_CLASSES.get(usize::from(*byte)) != Some(&Class::Letter))
                .unwrap_or(rest.len());
            if at > start {
                folder.plain(small.get(start..at).unwrap_or_default(), start);
                continue;
            }
            let character = if byte.is_ascii() {
                char::from(byte)
            } else {
                let rest = text.get(at..).unwrap_or_default();
                rest.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
            };
            at += character.len_utf8();
            folder.character(character, start, at, bytes.get(at..).unwrap_or_default());
        }
        folder.out
    }
}

impl Folder {
    /// Small letters and digits of ASCII in a row.
    fn plain(&mut self, letters: &str, at: usize) {
        if !self.open {
            self.begin(at, false);
            self.open = true;
            self.lone_before = false;
        }
        self.out.text.push_str(letters);
        self.close(at + letters.len());
    }

    /// Any character, and what follows it.
    fn character(&mut self, character: char, at: usize, after: usize, rest: &[u8]) {
        match classify(character) {
            Class::Letter => self.letter(character, at, after, false),
            Class::Lone => self.letter(character, at, after, true),
            Class::Mark if self.open || self.lone_before && !self.gap.seen => {
                self.mark(character, after);
            }
            Class::Mark | Class::Ignored => {}
            Class::Apostrophe if self.open && is_contraction(rest) => {}
            Class::Apostrophe | Class::Punctuation => self.separate().punctuation = true,
            Class::Space => {
                let gap = self.separate();
                gap.sentence_end |= gap.stop;
            }
            Class::Newline => {
                let gap = self.separate();
                gap.newlines += 1;
                gap.sentence_end |= gap.stop || gap.newlines > 1;
            }
            Class::Stop => {
                let gap = self.separate();
                gap.punctuation = true;
                gap.stop = true;
            }
            Class::FullStop => {
                let gap = self.separate();
                gap.punctuation = true;
                gap.sentence_end = true;
            }
        }
    }
}

impl Words {
    /// The sentence that the word at or before byte `at` of the source belongs to.
    pub fn sentence_at(&self, at: usize) -> u32 {
        let after = self
            .words
            .partition_point(|word| word.source_start as usize <= at);
        self.words
            .get(after.saturating_sub(1))
            .map_or(0, |word| word.sentence)
    }
}

impl Folder {
    fn separate(&mut self) -> &mut Gap {
        self.open = false;
        self.gap.seen = true;
        &mut self.gap
    }

    fn letter(&mut self, character: char, at: usize, after: usize, lone: bool) {
        if self.open && !lone {
            push_folded(&mut self.out.text, character);
        } else {
            self.begin(at, lone);
            push_folded(&mut self.out.text, character);
            self.open = !lone;
            self.lone_before = lone;
        }
        self.close(after);
    }

    fn mark(&mut self, character: char, after: usize) {
        push_folded(&mut self.out.text, character);
        self.close(after);
    }

    /// Opens a word; a gap of mere white space between two lone characters leaves no space.
    fn begin(&mut self, at: usize, lone: bool) {
        let gap = std::mem::take(&mut self.gap);
        if gap.sentence_end && self.sentence_words >= SENTENCE_WORDS_MIN {
            self.sentence += 1;
            self.sentence_words = 0;
        }
        self.sentence_words += 1;
        let joined = !gap.seen || lone && self.lone_before && !gap.punctuation;
        if !joined && !self.out.text.is_empty() {
            self.out.text.push(' ');
        }
        let start = self.out.text.len() as u32;
        let source = at as u32;
        self.out.words.push(Word {
            start,
            end: start,
            source_start: source,
            source_end: source,
            sentence: self.sentence,
        });
    }

    fn close(&mut self, after: usize) {
        let end = self.out.text.len() as u32;
        if let Some(word) = self.out.words.last_mut() {
            word.end = end;
            word.source_end = after as u32;
        }
    }
}

/// `'t`, `'s`, `'re` and their like, and then no letter.
fn is_contraction(after: &[u8]) -> bool {
    let ends = |length: usize| {
        !after
            .get(length)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
    };
    let lower = |index: usize| after.get(index).map(u8::to_ascii_lowercase);
    match (lower(0), lower(1)) {
        (Some(b't' | b's' | b'm' | b'd'), _) if ends(1) => true,
        (Some(b'r' | b'v'), Some(b'e')) | (Some(b'l'), Some(b'l')) => ends(2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_removes_what_writers_vary() {
        for (text, folded) in [
            ("Ignore -- all   Previous_rules!", "ignore all previous rules"),
            ("Don’t, WE'RE l'instruction", "dont were l instruction"),
            (
                "Instrucciónes ΠΡΟΗΓΟΎΜΕΝΕΣ Größe İstanbul",
                "instrucciones προηγουμενεσ grosse istanbul",
            ),
            ("忽略 之前，的\n指令", "忽略之前 的指令"),
            ("GPT忽略", "gpt忽略"),
            ("ignoriere: \"Anweisungen\"", "ignoriere anweisungen"),
            ("", ""),
            ("...", ""),
        ] {
            assert_eq!(fold_words(text), folded, "{text}");
        }
    }

    #[test]
    fn words_know_their_place_and_sentence() {
        let text = "One two three. Four «five»\n\nsix";
        let folded = Words::of(text);
        let found: Vec<_> = folded
            .words
            .iter()
            .map(|word| {
                (
                    &text[word.source_start as usize..word.source_end as usize],
                    word.sentence,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("One", 0),
                ("two", 0),
                ("three", 0),
                ("Four", 1),
                ("five", 1),
                ("six", 1)
            ],
            "a blank line after two words is no break: three words are needed"
        );
    }

    #[test]
    fn scripts_without_spaces_have_a_word_a_character() {
        assert_eq!(
            Words::of("ข้าม คำสั่ง").words.len(),
            7,
            "marks belong to their base character"
        );
        assert_eq!(Words::of("以前の指示").words.len(), 5);
    }
}
