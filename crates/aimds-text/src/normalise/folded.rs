//! The folded reading: lower case, look-alike letters of other scripts read as the Latin ones they imitate, stray marks
//! dropped. Only words that mix scripts, or are nothing but look-alikes among Latin words, are touched.
//!
//! Look-alikes are those of UTS #39 (`unicode-security`, whose tables are those of Unicode 18); a small table of our own
//! adds small capitals and letters that only imitate at a glance, for words that mix scripts in their middle.

use super::characters::written_without_spaces;
use super::characters::{is_letter, is_wordy};
use super::reading::Reading;
use super::rewriter::Rewriter;
use super::tricks::TrickLog;
use super::view::{Transform, TrickKind};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Small capitals, turned and phonetic letters, and what they are read as.
const STYLED: &str = "ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpǫqʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzɑaɡgɾrⱪkꞃrꞅsꞇt";

/// Letters that imitate only at a glance.
const AT_A_GLANCE: &str = "ηnεeωwπnτtχxκkμuλlσoβbδdθoφoψwςcαaιiοoρpυuνvяrиnцuчyзeшwщwьbъbыbбbгrдaлnпnфoжxэeюoйnнhвbкkмmтtєeїiґrљnњhћhђhџuծdևlաwկuոnհhցgօoսuքp";

/// Letters that upside-down text is written with, and what they show when turned; capitals are left out.
const TURNED: &str = "ɐaqbɔcpdǝeɟfƃgɓgɥhᴉiıiɾjʞkןlɯmunnudpbqɹrʇtʌvʍwʎy";

/// Words of this many letters cannot be a symbol with an index.
const WORD_LETTERS_MIN: usize = 4;

/// Marked letters, in fifths of all Latin letters, from which marks are dropped: no spelling marks one letter in five
/// but Vietnamese, whose reading without marks does no harm as one more view.
const MARKED_FIFTHS: usize = 1;
const MARKED_MIN: usize = 4;

/// Codes below this are looked up in a table that is made once: Latin, Greek, Cyrillic, Armenian, Cherokee.
const TABLE_CODES: u32 = 0x2000;

static ALIKE: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
    (0..TABLE_CODES)
        .map(|code| char::from_u32(code).and_then(find_alike))
        .collect()
});
static STYLED_LETTERS: LazyLock<HashMap<char, char>> = LazyLock::new(|| pairs(STYLED).collect());
static GLANCE: LazyLock<HashMap<char, char>> = LazyLock::new(|| pairs(AT_A_GLANCE).collect());

/// The small Latin letter that `character` is a look-alike of.
fn alike(character: char) -> Option<char> {
    let code = u32::from(character);
    if code < TABLE_CODES {
        return ALIKE.get(code as usize).copied().flatten();
    }
    // Lisu, later Latin and Cyrillic, old alphabets; everything else above looks like itself.
    let possible = matches!(code, 0x2000..=0x2E7F | 0xA4D0..=0xA4FF | 0xA500..=0xA7FF | 0xAB30..=0xABBF
        | 0x10100..=0x11FFF | 0x16F00..=0x16FFF | 0x1D000..=0x1DFFF);
    if possible { find_alike(character) } else { None }
}

/// The same, also at a glance.
fn at_a_glance(character: char) -> Option<char> {
    alike(character).or_else(|| {
        let small = character.to_lowercase().next().unwrap_or(character);
        GLANCE.get(&small).copied()
    })
}

fn pairs(table: &'static str) -> impl Iterator<Item = (char, char)> {
    let from = table.chars().step_by(2);
    from.zip(table.chars().skip(1).step_by(2))
}

/// Small capitals and the like stand in few blocks; most letters are told by their code.
fn styled_letter(character: char) -> Option<char> {
    let possible = matches!(u32::from(character), 0x1EB | 0x250..=0x2AF | 0x1D00..=0x1D22
        | 0x2C69..=0x2C6A | 0xA700..=0xA7FF);
    if possible {
        STYLED_LETTERS.get(&character).copied()
    } else {
        None
    }
}

/// UTS #39 takes `I`, `l` and `1` for one; a capital that looks like `l` is an `I` to a reader, so its small form decides.
fn find_alike(character: char) -> Option<char> {
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
    let (words, ascii) = words(canonical);
    let count = |wanted: &WordKind| words.iter().filter(|(_, kind)| kind == wanted).count();
    let (plain, foreign, mixed) = (
        ascii + count(&WordKind::Plain),
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
        if *kind == WordKind::Mixed && word.chars().filter(|&c| is_letter(c)).count() >= WORD_LETTERS_MIN {
            log.add(TrickKind::MixedScript, to_original(range.clone()), 1, 0.0);
        }
        if !fold && (word.is_ascii() || !drop_marks) {
            continue;
        }
        folded += fold_word(&mut rewriter, word, range.start, fold, drop_marks);
    }
    judge(log, foreign);
    if folded == 0 {
        return None;
    }
    let mut reading = rewriter.reading(Transform::Folded)?;
    reading.text.make_ascii_lowercase();
    Some(reading)
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

/// The words that hold a character outside ASCII, and how many do not.
fn words(text: &str) -> (Vec<(Range<usize>, WordKind)>, usize) {
    let bytes = text.as_bytes();
    let (mut words, mut ascii, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let start = at;
        let plain = bytes.get(at..).unwrap_or_default();
        at += plain
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        if bytes.get(at).is_none_or(u8::is_ascii) {
            ascii += usize::from(at > start);
            at += 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let inside =
            |character: char| is_wordy(character) || !character.is_ascii() && is_combining_mark(character);
        let length = rest.find(|character| !inside(character)).unwrap_or(rest.len());
        let word = start..at + length;
        if length == 0 {
            ascii += usize::from(at > start);
        } else {
            let kind = kind(text.get(word.clone()).unwrap_or_default());
            words.push((word, kind));
        }
        at += length;
        at += text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(1, char::len_utf8);
    }
    (words, ascii)
}

fn kind(word: &str) -> WordKind {
    if word.is_ascii() {
        return WordKind::Plain;
    }
    let (mut latin_letters, mut foreign, mut imitating, mut turns) = (0, 0, 0, 0);
    let mut previous = None;
    if word.chars().next().is_some_and(written_without_spaces) {
        return WordKind::Foreign;
    }
    let is_latin = |character: char| latin(character) && styled_letter(character).is_none();
    for character in word.chars().filter(|&c| is_letter(c)) {
        let is_latin = is_latin(character);
        turns += usize::from(previous.is_some_and(|before| before != is_latin));
        previous = Some(is_latin);
        if is_latin {
            latin_letters += 1;
        } else {
            foreign += 1;
            imitating += usize::from(alike(character).is_some());
        }
    }
    let glance = || {
        let mut foreign = word.chars().filter(|&c| is_letter(c) && !is_latin(c));
        foreign.all(|character| at_a_glance(character).is_some())
    };
    match (latin_letters, foreign) {
        (_, 0) => WordKind::Plain,
        (0, _) if imitating == foreign => WordKind::Alike,
        (0, _) => WordKind::Foreign,
        _ if imitating == foreign || turns >= 2 && glance() => WordKind::Mixed,
        _ => WordKind::Foreign,
    }
}

/// Whether marks stand on many Latin letters.
fn marks_abound(text: &str) -> bool {
    let mut letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let mut marked = 0_usize;
    for character in text.chars().filter(|character| !character.is_ascii()) {
        let is_latin = latin(character);
        letters += usize::from(is_latin);
        marked += usize::from(is_latin || canonical_combining_class(character) != 0);
    }
    marked >= MARKED_MIN && marked * 5 >= letters * MARKED_FIFTHS
}

/// Writes a word folded; says how many characters changed.
fn fold_word(rewriter: &mut Rewriter<'_>, word: &str, start: usize, fold: bool, drop_marks: bool) -> usize {
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
                base.filter(char::is_ascii).or_else(|| alike(character))
            }
            (true, false, true) => styled_letter(character),
            (false, _, true) => at_a_glance(character),
            _ => None,
        };
        if let Some(plain) = plain {
            rewriter.replace_character(range, plain.to_ascii_lowercase());
            changed += 1;
        }
    }
    changed
}

static TURNED_LETTERS: LazyLock<HashMap<char, char>> = LazyLock::new(|| pairs(TURNED).collect());

/// Upside-down text, turned: letters by the table, order reversed.
pub(crate) fn upside_down(text: &str) -> Option<Reading> {
    const TURNED_MIN: usize = 4;
    const FIRST: char = '\u{131}'; // the turned letters stand in the phonetic blocks
    const LAST: char = '\u{1D7F}';
    // Their first bytes in UTF-8.
    let possible = |byte: &u8| matches!(byte, 0xC4..=0xCD | 0xE1);
    let is_turned = |at: usize| {
        let character = text.get(at..).and_then(|rest| rest.chars().next());
        character.is_some_and(|character| {
            (FIRST..=LAST).contains(&character)
                && !('\u{370}'..'\u{1D00}').contains(&character)
                && TURNED_LETTERS.contains_key(&character)
        })
    };
    let places = (0..).zip(text.as_bytes()).filter(|(_, byte)| possible(byte));
    let turned = places.filter(|&(at, _)| is_turned(at)).count();
    if turned < TURNED_MIN {
        return None;
    }
    let latin_letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    if turned * 3 < latin_letters {
        return None;
    }
    let plain: String = text
        .chars()
        .rev()
        .map(|c| TURNED_LETTERS.get(&c).copied().unwrap_or(c))
        .collect();
    let mut map = super::span_map::MapBuilder::new();
    map.whole(0..text.len(), plain.len());
    Some(Reading {
        text: plain,
        map: map.finish(),
        transform: Transform::UpsideDown,
        pieces: 1,
        place: 0..text.len(),
    })
}
