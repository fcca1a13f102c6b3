//! The folded reading: lower case, look-alike letters of other scripts read as the Latin ones they imitate, stray marks
//! dropped. Only words that mix scripts, or are nothing but look-alikes among Latin words, are touched.
//!
//! Look-alikes are those of UTS #39 (`unicode-security`, whose tables are those of Unicode 18); a small table of our own
//! adds small capitals and letters that only imitate at a glance, for words that mix scripts in their middle.

use super::reading::Reading;
use super::rewriter::Rewriter;
use super::tricks::TrickLog;
use super::view::{Transform, TrickKind};
use std::collections::HashMap;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Small capitals, turned and phonetic letters, and what they are read as.
const STYLED: &str = "ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpǫqʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzɑaɡgıiɩiɛeɔcʋuɴnɾrſsⱪkḷlꞃrꞅsꞇt";

/// Letters that imitate only at a glance.
const AT_A_GLANCE: &str = "ηnεeωwπnτtχxκkμuλlσoβbδdθoφoψwςcαaιiοoρpυuνvяrиnцuчyзeшwщwьbъbыbбbгrдaлnпnфoжxэeюoйnнhвbкkмmтtєeїiґrљnњhћhђhџuծdևlաwկuոnհhցgօoսuքp";

/// Letters that upside-down text is written with, and what they show when turned; capitals are left out.
const TURNED: &str = "ɐaqbɔcpdǝeɟfƃgɓgɥhᴉiıiɾjʞkןlɯmunodbpbqɹrʇtnuʌvʍwʎyxxsszz";

/// Words of this many letters cannot be a symbol with an index.
const WORD_LETTERS_MIN: usize = 4;

/// Marked letters, in fifths of all Latin letters, from which marks are dropped: no spelling marks one letter in five
/// but Vietnamese, whose reading without marks does no harm as one more view.
const MARKED_FIFTHS: usize = 1;
const MARKED_MIN: usize = 4;

/// Looks letters up, each character once.
struct Look {
    known: HashMap<char, Option<char>>,
    glance: HashMap<char, char>,
}

impl Look {
    fn new() -> Self {
        Self {
            known: HashMap::new(),
            glance: pairs(AT_A_GLANCE).collect(),
        }
    }

    /// The small Latin letter that `character` is a look-alike of.
    fn alike(&mut self, character: char) -> Option<char> {
        *self.known.entry(character).or_insert_with(|| alike(character))
    }

    /// The same, also at a glance.
    fn glance(&mut self, character: char) -> Option<char> {
        let small = character.to_lowercase().next().unwrap_or(character);
        self.alike(character).or_else(|| self.glance.get(&small).copied())
    }
}

fn pairs(table: &'static str) -> impl Iterator<Item = (char, char)> {
    let from = table.chars().step_by(2);
    from.zip(table.chars().skip(1).step_by(2))
}

fn styled_letter(character: char) -> Option<char> {
    pairs(STYLED)
        .find(|&(styled, _)| styled == character)
        .map(|(_, plain)| plain)
}

/// UTS #39 takes `I`, `l` and `1` for one; a capital that looks like `l` is an `I` to a reader, so its small form decides.
fn alike(character: char) -> Option<char> {
    if let Some(plain) = styled_letter(character) {
        return Some(plain);
    }
    let prototype = |character: char| -> Option<char> {
        let mut buffer = [0; 4];
        let skeleton: String =
            unicode_security::confusable_detection::skeleton(character.encode_utf8(&mut buffer)).collect();
        let mut characters = skeleton.chars().filter(|&c| canonical_combining_class(c) == 0);
        match (characters.next(), characters.next(), characters.next()) {
            (Some('r'), Some('n'), None) => Some('m'),
            (Some(one), None, None) if one.is_ascii_alphabetic() => Some(one.to_ascii_lowercase()),
            (Some(one), None, None) => styled_letter(one),
            _ => None,
        }
    };
    let small = character.to_lowercase().next().unwrap_or(character);
    match prototype(character) {
        Some('l') if small != character => prototype(small).or(Some('i')),
        Some(plain) => Some(plain),
        None if small != character => prototype(small),
        None => None,
    }
}

fn latin(character: char) -> bool {
    character.is_ascii_alphabetic() || matches!(u32::from(character), 0xC0..=0x24F | 0x1E00..=0x1EFF)
}

/// What the first look at a word says.
#[derive(Debug, Clone, PartialEq)]
enum WordKind {
    Plain,
    /// Latin letters mixed with look-alikes of others.
    Mixed,
    /// Nothing but look-alikes.
    Alike,
    /// Of another script.
    Foreign,
}

/// The folded reading, if some word needs it. `canonical` maps to the original through `to_original`.
pub(crate) fn read(
    canonical: &str,
    to_original: impl Fn(Range<usize>) -> Range<usize>,
    floods: usize,
    log: &mut TrickLog,
) -> Option<Reading> {
    let mut look = Look::new();
    let words: Vec<(Range<usize>, WordKind)> = words(canonical)
        .map(|range| {
            let kind = kind(canonical.get(range.clone()).unwrap_or_default(), &mut look);
            (range, kind)
        })
        .collect();
    let count = |wanted: &WordKind| words.iter().filter(|(_, kind)| kind == wanted).count();
    let (plain, foreign, mixed) = (
        count(&WordKind::Plain),
        count(&WordKind::Foreign),
        count(&WordKind::Mixed),
    );
    let drop_marks = floods > 0 || marks_abound(canonical);
    let mut rewriter = Rewriter::new(canonical);
    let mut folded = 0;
    for (range, kind) in &words {
        let Some(word) = canonical.get(range.clone()) else {
            continue;
        };
        // One letter alone is a symbol, unless the words around it are disguised.
        let one_letter = word.chars().nth(1).is_none();
        let fold = match kind {
            WordKind::Mixed => true,
            WordKind::Alike => plain > foreign && (!one_letter || mixed > 0),
            WordKind::Plain | WordKind::Foreign => false,
        };
        if *kind == WordKind::Mixed && word.chars().filter(|c| c.is_alphabetic()).count() >= WORD_LETTERS_MIN
        {
            log.add(TrickKind::MixedScript, to_original(range.clone()), 1, 0.0);
        }
        if !fold && (word.is_ascii() || !drop_marks) {
            continue;
        }
        folded += fold_word(&mut rewriter, word, range.start, fold, drop_marks, &mut look);
    }
    judge(log, foreign);
    if folded == 0 {
        return None;
    }
    let (mut text, map) = rewriter.finish();
    text.make_ascii_lowercase();
    Some(Reading {
        text,
        map,
        transform: Transform::Folded,
        pieces: 1,
    })
}

/// One mixed word is a slip or a symbol; several, or one in a text without other scripts, are a disguise.
fn judge(log: &mut TrickLog, foreign: usize) {
    let mixed = log.count(TrickKind::MixedScript);
    let at_home = foreign >= 2;
    log.raise(
        TrickKind::MixedScript,
        match (mixed, at_home) {
            (0, _) | (1, true) => 0.0,
            (1, false) | (2, true) => 0.4,
            (2 | 3, _) => 0.7,
            _ => 0.9,
        },
    );
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = None;
    let end = std::iter::once((text.len(), ' '));
    text.char_indices().chain(end).filter_map(move |(at, character)| {
        let inside = character.is_alphanumeric() || !character.is_ascii() && is_combining_mark(character);
        match (inside, start) {
            (true, None) => {
                start = Some(at);
                None
            }
            (false, Some(from)) => {
                start = None;
                Some(from..at)
            }
            _ => None,
        }
    })
}

fn kind(word: &str, look: &mut Look) -> WordKind {
    if word.is_ascii() {
        return WordKind::Plain;
    }
    let (mut latin_letters, mut foreign, mut alike, mut glance, mut turns) = (0, 0, 0, 0, 0);
    let mut previous = None;
    for character in word.chars().filter(|c| c.is_alphabetic()) {
        let is_latin = latin(character) && styled_letter(character).is_none();
        turns += usize::from(previous.is_some_and(|before| before != is_latin));
        previous = Some(is_latin);
        if is_latin {
            latin_letters += 1;
        } else {
            foreign += 1;
            let true_look_alike = look.alike(character).is_some();
            alike += usize::from(true_look_alike);
            glance += usize::from(true_look_alike || look.glance(character).is_some());
        }
    }
    match (latin_letters, foreign) {
        (_, 0) => WordKind::Plain,
        (0, _) if alike == foreign => WordKind::Alike,
        (0, _) => WordKind::Foreign,
        _ if alike == foreign || turns >= 2 && glance == foreign => WordKind::Mixed,
        _ => WordKind::Foreign,
    }
}

/// Whether marks stand on many Latin letters.
fn marks_abound(text: &str) -> bool {
    let (mut letters, mut marked) = (0_usize, 0_usize);
    for character in text.chars() {
        letters += usize::from(latin(character));
        let mark = latin(character) && !character.is_ascii()
            || !character.is_ascii() && canonical_combining_class(character) != 0;
        marked += usize::from(mark);
    }
    marked >= MARKED_MIN && marked * 5 >= letters * MARKED_FIFTHS
}

/// Writes a word folded; says how many characters changed.
fn fold_word(
    rewriter: &mut Rewriter<'_>,
    word: &str,
    start: usize,
    fold: bool,
    drop_marks: bool,
    look: &mut Look,
) -> usize {
    let mut changed = 0;
    for (at, character) in word.char_indices() {
        let range = start + at..start + at + character.len_utf8();
        if character.is_ascii() {
            continue;
        }
        if drop_marks && canonical_combining_class(character) != 0 {
            rewriter.remove(range);
            changed += 1;
            continue;
        }
        let is_latin = latin(character);
        let plain = match (is_latin, drop_marks, fold) {
            (true, true, _) => {
                let base = std::iter::once(character).nfd().next();
                base.filter(char::is_ascii).or_else(|| look.alike(character))
            }
            (true, false, true) => styled_letter(character),
            (false, _, true) => look.glance(character),
            _ => None,
        };
        if let Some(plain) = plain {
            rewriter.replace_character(range, plain.to_ascii_lowercase());
            changed += 1;
        }
    }
    changed
}

/// Upside-down text, turned: letters by the table, order reversed.
pub(crate) fn upside_down(text: &str) -> Option<Reading> {
    const TURNED_MIN: usize = 4;
    let table: HashMap<char, char> = pairs(TURNED).collect();
    let turned = text
        .chars()
        .filter(|c| !c.is_ascii() && table.contains_key(c))
        .count();
    let latin_letters = text.chars().filter(char::is_ascii_alphabetic).count();
    if turned < TURNED_MIN || turned * 3 < latin_letters {
        return None;
    }
    let plain: String = text
        .chars()
        .rev()
        .map(|c| table.get(&c).copied().unwrap_or(c))
        .collect();
    let mut map = super::span_map::MapBuilder::new();
    map.whole(0..text.len(), plain.len());
    Some(Reading {
        text: plain,
        map: map.finish(),
        transform: Transform::UpsideDown,
        pieces: 1,
    })
}
