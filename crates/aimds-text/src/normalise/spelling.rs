//! Words spelled so that a person reads them and a matcher does not: letters set apart, separators inside words, words run
//! together; leet stands in a file of its own.

use super::characters::{is_letter, is_wordy};
use super::language::{Features, mean_likelihood};
use super::leet;
use super::reading::{Pieces, Reading};
use super::rewriter::Rewriter;
use super::tokens::{self, Token, Tokens, is_address};
use super::view::Transform;
use std::ops::Range;
use std::sync::LazyLock;

/// A reading, how many words or letters it mended, and how sure it is that they were meant to hide.
pub(crate) struct Respelled {
    pub(crate) reading: Reading,
    pub(crate) count: usize,
    pub(crate) deliberate: f32,
}

/// All respellings of a text. `camels` is the number of words with capitals inside.
pub(crate) fn read(text: &str, tokens: &Tokens<'_>, features: &Features, camels: usize) -> Vec<Respelled> {
    let ascii = text.is_ascii();
    let mut found = Vec::new();
    if features.leet >= 4 {
        found.extend(leet::read(text, tokens));
    }
    if features.single_letters >= 4 || !ascii && sparse(text) {
        found.extend(spaced_letters(text));
    }
    if features.separators >= 3 || features.specials >= 3 {
        found.extend(separators(text, tokens));
    }
    if features.separators >= 2 || camels > 0 {
        found.extend(word_split(tokens));
    }
    found
}

/// Whether a third of the characters are spaces, as when letters are set apart.
fn sparse(text: &str) -> bool {
    // Every space is an ASCII one or begins with one of these bytes.
    let possible = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ' | 0xC2 | 0xE1..=0xE3);
    let characters = text.chars().count();
    text.bytes().filter(possible).count() * 3 >= characters
        && text.chars().filter(|c| c.is_whitespace()).count() * 3 >= characters
}

/// Letters set apart by one and the same separator, joined; two spaces, or a space among other separators, end a word.
fn spaced_letters(text: &str) -> Option<Respelled> {
    const LETTERS_MIN: usize = 4;
    const SURE_LETTERS_MIN: usize = 12;
    let mut rewriter = Rewriter::new(text);
    let mut joined = String::new();
    let (mut at, mut letters_total) = (0, 0);
    while let Some(start) = next_apart(text, at) {
        let (series, end) = series_of_letters(text, start);
        at = end;
        let letters = series.iter().filter(|step| is_letter(step.character)).count();
        if letters < LETTERS_MIN || letters * 10 < series.len() * 6 {
            continue;
        }
        letters_total += letters;
        for step in &series {
            joined.push(step.character);
            if step.gap.is_empty() {
                continue;
            }
            if step.word_ends {
                rewriter.replace(step.gap.clone(), " ");
                joined.push(' ');
            } else {
                rewriter.remove(step.gap.clone());
            }
        }
    }
    let language = mean_likelihood(&joined).is_some_and(|mean| mean > -36) || !joined.is_ascii();
    let deliberate = if letters_total >= SURE_LETTERS_MIN && language {
        0.5
    } else {
        0.0
    };
    let reading = rewriter.reading(Transform::SpacedLetters)?;
    Some(Respelled {
        reading,
        count: letters_total,
        deliberate,
    })
}

/// The next place from `from` on where one character stands alone between separators, and the one after it as well.
fn next_apart(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let possible = |byte: &u8| SEPARATORS.get(usize::from(*byte)).copied().unwrap_or_default();
    let mut search = from;
    while let Some(found) = bytes.get(search..)?.iter().position(possible) {
        let separator = search + found;
        search = separator + 1;
        if is_ordinary(bytes, separator) {
            continue;
        }
        let (before, rest) = text.split_at_checked(separator).unwrap_or_default();
        let mut before = before.chars();
        let Some(first) = before.next_back().filter(|&first| !is_separator(first)) else {
            continue;
        };
        let start = separator - first.len_utf8();
        let stands_alone = before.next_back().is_none_or(|c| !is_wordy(c));
        let mut rest = rest.chars();
        if start >= from
            && stands_alone
            && rest.next().is_some_and(is_separator)
            && rest.nth(1).is_none_or(is_separator)
        {
            return Some(start);
        }
    }
    None
}

/// Whether the bytes around a separator say that no character stands alone before it and after it. Most separators stand behind
/// a word or a sign, or before a word.
fn is_ordinary(bytes: &[u8], separator: usize) -> bool {
    let separates = |byte: u8| SEPARATORS.get(usize::from(byte)).copied().unwrap_or_default();
    let before = |distance: usize| {
        let at = separator.checked_sub(distance)?;
        bytes.get(at).copied().filter(u8::is_ascii)
    };
    let behind_word = before(1).is_some_and(|byte| {
        separates(byte) || before(2).is_some_and(|second| second.is_ascii_alphanumeric())
    });
    let before_word = match bytes.get(separator..separator + 3) {
        Some(&[separator, letter, next]) => {
            separator.is_ascii() && letter.is_ascii() && next.is_ascii() && !separates(next)
        }
        _ => false,
    };
    behind_word || before_word
}

/// One letter of a series: what follows it up to the next one, and whether a word ends there.
struct Step {
    character: char,
    gap: Range<usize>,
    word_ends: bool,
}

/// The series that begins at `start`, where a character stands alone, and the place after it.
fn series_of_letters(text: &str, start: usize) -> (Vec<Step>, usize) {
    let mut series = Vec::new();
    let (mut letter, mut separator) = (start, None);
    loop {
        let mut next_characters = [None; GAP_MAX + 3];
        let rest = text.get(letter..).unwrap_or_default();
        for (slot, (at, character)) in next_characters.iter_mut().zip(rest.char_indices()) {
            *slot = Some((letter + at, character));
        }
        let at = |index: usize| next_characters.get(index).copied().flatten();
        let Some((_, character)) = at(0) else {
            return (series, text.len());
        };
        let end = letter + character.len_utf8();
        let separator = *separator.get_or_insert(at(1).map_or(' ', |(_, character)| character));
        let step = next_letter(at, separator);
        let (next, word_ends) = step.unwrap_or((end, false));
        series.push(Step {
            character,
            gap: end..next,
            word_ends,
        });
        if step.is_none() {
            return (series, end);
        }
        letter = next;
    }
}
/// The space of a spaced text is itself spaced: three, sometimes five.
const GAP_MAX: usize = 5;

/// Where the next letter of a series is, and whether a word ends before it; `at` gives the characters from the last letter on.
fn next_letter(at: impl Fn(usize) -> Option<(usize, char)>, separator: char) -> Option<(usize, bool)> {
    let character = |index: usize| at(index).map(|(_, character)| character);
    let gap = (1..=GAP_MAX + 1)
        .take_while(|&index| character(index).is_some_and(char::is_whitespace))
        .count();
    let parted = character(1) == Some(separator)
        && character(2).is_some_and(|next| next != separator && !next.is_whitespace());
    let (next, word_ends) = if parted {
        (2, false)
    } else if gap > 0 && gap <= GAP_MAX && (gap > 1 || !separator.is_whitespace()) {
        (1 + gap, true)
    } else {
        return None;
    };
    // The next letter must stand alone as well.
    let alone = character(next + 1).is_none_or(|after| after == separator || after.is_whitespace());
    let (place, _) = at(next).filter(|_| alone)?;
    Some((place, word_ends))
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || is_sign(character)
}

const fn is_sign(character: char) -> bool {
    matches!(
        character,
        '.' | '-' | '_' | '*' | '|' | '/' | ',' | '~' | '·' | '•' | '+' | '^' | ':'
    )
}

/// Bytes that are separators or may begin one in UTF-8.
static SEPARATORS: [bool; 256] = separator_bytes();

const fn separator_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant loop over the length of the array"
        )]
        {
            table[byte] = matches!(value, b'\t'..=b'\r' | b' ' | 0xC2 | 0xE1..=0xE3)
                || value.is_ascii() && is_sign(value as char);
        }
        byte += 1;
    }
    table
}

/// Words cut into short pieces by signs ("ig-no-re", "ig*nore"), joined.
fn separators(text: &str, tokens: &Tokens<'_>) -> Option<Respelled> {
    const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 6..=64;
    let mut rewriter = Rewriter::new(text);
    let mut count = 0;
    for token in tokens.with(tokens::WORD_SIGN | tokens::FOREIGN, TOKEN_BYTES) {
        // A digit is neither letter nor sign, and no sign that may stand outside of the word.
        if token.has(tokens::DIGIT) || is_address(token.text) {
            continue;
        }
        let core = core_of(&token);
        if !is_cut(core) {
            continue;
        }
        count += 1;
        let offset = token.start + (core.as_ptr() as usize - token.text.as_ptr() as usize);
        for (at, sign) in core.char_indices().filter(|&(_, c)| is_word_sign(c)) {
            rewriter.remove(offset + at..offset + at + sign.len_utf8());
        }
    }
    if count == 0 {
        return None;
    }
    let reading = rewriter.reading(Transform::Separators)?;
    Some(Respelled {
        reading,
        count,
        deliberate: 0.0,
    })
}

/// A word without the signs before and behind it.
fn core_of<'a>(token: &Token<'a>) -> &'a str {
    if !token.is_ascii() {
        return token.text.trim_matches(|c: char| !is_wordy(c));
    }
    let wordy = |byte: &u8| byte.is_ascii_alphanumeric();
    let bytes = token.text.as_bytes();
    let start = bytes.iter().position(wordy).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(wordy).map_or(start, |last| last + 1);
    token.text.get(start..end).unwrap_or_default()
}

/// Whether a word of letters and signs is cut up: in short pieces, or by a markup sign in its middle.
fn is_cut(core: &str) -> bool {
    const LETTERS_MIN: usize = 5;
    let (mut letters, mut signs, mut pieces, mut markup, mut inside) =
        (0_usize, 0_usize, 0_usize, false, false);
    let mut take = |part: Part| {
        let letter = part == Part::Letter;
        letters += usize::from(letter);
        pieces += usize::from(letter && !inside);
        signs += usize::from(matches!(part, Part::Sign | Part::Markup));
        markup |= part == Part::Markup;
        inside = letter;
        part != Part::Other
    };
    let whole = if core.is_ascii() {
        let part = |byte| PARTS.get(usize::from(byte)).copied().unwrap_or(Part::Other);
        core.bytes().all(|byte| take(part(byte)))
    } else {
        core.chars().all(|character| take(part_of(character)))
    };
    let cut = pieces >= 3 && letters <= pieces * 3 || pieces >= 2 && markup;
    whole && signs > 0 && letters >= LETTERS_MIN && cut
}

/// What a character is in a word that may be cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Letter,
    Sign,
    Markup,
    Other,
}

static PARTS: LazyLock<[Part; 128]> = LazyLock::new(|| {
    std::array::from_fn(|code| u8::try_from(code).map_or(Part::Other, |byte| part_of(char::from(byte))))
});

fn part_of(character: char) -> Part {
    match character {
        '*' | '|' | '~' | '^' | '`' => Part::Markup,
        _ if is_letter(character) => Part::Letter,
        _ if is_word_sign(character) => Part::Sign,
        _ => Part::Other,
    }
}

fn is_word_sign(character: char) -> bool {
    matches!(
        character,
        '-' | '_' | '.' | '*' | '|' | '~' | '^' | '`' | '+' | '·' | '•' | '/' | ':'
    )
}

/// Words run together with signs or capitals, set apart; only those words are in the view.
fn word_split(tokens: &Tokens<'_>) -> Option<Respelled> {
    const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=512;
    let mut pieces = Pieces::default();
    let mut count = 0;
    for word in tokens.with(tokens::SPLIT_SIGN | tokens::UPPER, TOKEN_BYTES) {
        if !runs_together(&word) || is_address(word.text) {
            continue;
        }
        let (start, token) = (word.start, word.text);
        let mut split = String::with_capacity(token.len() + 8);
        let mut previous = ' ';
        for character in token.chars() {
            if previous.is_lowercase() && character.is_uppercase() {
                split.push(' ');
            }
            split.push(if is_split_sign(character) { ' ' } else { character });
            previous = character;
        }
        count += 1;
        pieces.piece(&split, start..start + token.len());
    }
    let reading = pieces.reading(Transform::WordSplit)?;
    Some(Respelled {
        reading: Reading { pieces: 1, ..reading },
        count,
        deliberate: 0.0,
    })
}

/// Whether a word is several, between signs or with capitals inside.
fn runs_together(token: &Token<'_>) -> bool {
    let between_signs = || {
        let (mut parts, mut wordy) = (0, 0);
        for part in token
            .text
            .as_bytes()
            .split(|&byte| is_split_sign(char::from(byte)))
        {
            let letters = if part.is_ascii() {
                part.iter().all(u8::is_ascii_alphabetic)
            } else {
                std::str::from_utf8(part).is_ok_and(|part| part.chars().all(is_letter))
            };
            parts += usize::from(!part.is_empty());
            wordy += usize::from(part.len() >= 2 && letters);
        }
        wordy >= 3 && wordy * 3 >= parts * 2
    };
    let capitals_inside = || {
        let pairs = token.text.as_bytes().windows(2);
        pairs
            .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
            .nth(1)
            .is_some()
    };
    token.has(tokens::SPLIT_SIGN) && between_signs()
        || token.has(tokens::UPPER) && token.has(tokens::LOWER) && capitals_inside()
}

fn is_split_sign(character: char) -> bool {
    matches!(character, '-' | '_' | '.' | '+' | '/' | '|' | ',')
}
