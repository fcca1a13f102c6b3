//! Folds a text to words: what phrases are compared with.
//!
//! Case, accents of Latin and Greek, Arabic and Hebrew points, punctuation and the kind of white space disappear; what remains
//! is words with single spaces between them, each with its place in the text and its sentence. In scripts without
//! spaces every character is a word. Sources: Unicode Standard chapter 3.13 (caseless matching), UAX #15 (decomposition), UAX #29
//! (sentences; simplified to stops followed by white space).

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

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

/// How a character takes part in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Letter,
    /// A word of its own: scripts without spaces.
    Lone,
    /// Belongs to the word before it, if there is one.
    Mark,
    /// Leaves no trace.
    Ignored,
    Space,
    Newline,
    Punctuation,
    /// Ends a sentence when white space follows.
    Stop,
    /// Ends a sentence by itself.
    FullStop,
    Apostrophe,
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

fn classify(character: char) -> Class {
    let ascii = ASCII_CLASSES.get(character as usize).copied();
    ascii.unwrap_or_else(|| classify_beyond_ascii(character))
}

static ASCII_CLASSES: [Class; 128] = ascii_classes();

const fn ascii_classes() -> [Class; 128] {
    let mut classes = [Class::Punctuation; 128];
    let mut byte = 0;
    while byte < 128 {
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant loop over the length of the array"
        )]
        {
            classes[byte] = match byte as u8 {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => Class::Letter,
                b' ' | b'\t' | 0x0b | 0x0c | b'\r' => Class::Space,
                b'\n' => Class::Newline,
                b'.' | b'!' | b'?' => Class::Stop,
                b'\'' => Class::Apostrophe,
                _ => Class::Punctuation,
            };
        }
        byte += 1;
    }
    classes
}

fn classify_beyond_ascii(character: char) -> Class {
    match character {
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5bd}'
        | '\u{5bf}'
        | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{640}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' => Class::Ignored,
        '\u{2019}' | '\u{2bc}' => Class::Apostrophe,
        '。' | '！' | '？' | '।' | '॥' | '؟' | '۔' | '។' | '။' => Class::FullStop,
        '\u{2028}' | '\u{2029}' | '\u{85}' => Class::Newline,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => {
            class_southeast_asian(character)
        }
        '\u{3041}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' => Class::Lone,
        _ if character.is_alphanumeric() => Class::Letter,
        _ if character.is_whitespace() => Class::Space,
        _ if is_combining_mark(character) => Class::Mark,
        _ => Class::Punctuation,
    }
}

/// Thai, Lao, Myanmar, Khmer: base characters stand alone, vowels and tone marks belong to them.
fn class_southeast_asian(character: char) -> Class {
    if is_combining_mark(character) {
        Class::Mark
    } else if character.is_alphanumeric() {
        Class::Lone
    } else {
        Class::Punctuation
    }
}

fn push_folded(out: &mut String, character: char) {
    match character {
        'A'..='Z' => out.push(character.to_ascii_lowercase()),
        '\0'..='\x7f' => out.push(character),
        'ß' | 'ẞ' => out.push_str("ss"),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        'ø' | 'Ø' => out.push('o'),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
        'ı' | 'İ' => out.push('i'),
        // Thai and Lao AM: NFKC writes them as two characters, packs as one.
        '\u{e33}' => out.push_str("\u{e4d}\u{e32}"),
        '\u{eb3}' => out.push_str("\u{ecd}\u{eb2}"),
        'ё' | 'Ё' => out.push('е'),
        'أ' | 'إ' | 'آ' | 'ٱ' => out.push('ا'),
        'ى' => out.push('ي'),
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1fff}' | '\u{370}'..='\u{3ff}' => {
            decompose_canonical(character, |part| {
                if !is_combining_mark(part) {
                    push_lower(out, part);
                }
            });
        }
        _ => push_lower(out, character),
    }
}

fn push_lower(out: &mut String, character: char) {
    for lower in character.to_lowercase() {
        out.push(if lower == 'ς' { 'σ' } else { lower });
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
