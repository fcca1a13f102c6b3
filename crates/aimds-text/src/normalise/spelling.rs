//! Words spelled so that a person reads them and a matcher does not: letters set apart, separators inside words, words run
//! together; leet stands in a file of its own.

use super::characters::{is_letter, is_wordy};
use super::language::{Features, mean_likelihood};
use super::leet;
use super::reading::{Pieces, Reading};
use super::rewriter::Rewriter;
use super::tokens::{self, Token, Tokens, is_address};
use super::view::Transform;

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
    text.chars().filter(|c| c.is_whitespace()).count() * 3 >= text.chars().count()
}

/// Letters set apart by one and the same separator, joined; two spaces, or a space among other separators, end a word.
fn spaced_letters(text: &str) -> Option<Respelled> {
    if text.is_ascii() {
        let bytes = text.as_bytes();
        return spaced_letters_of(
            text,
            |index| bytes.get(index).map(|&byte| char::from(byte)),
            |index| index,
        );
    }
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    spaced_letters_of(
        text,
        |index| characters.get(index).map(|&(_, character)| character),
        |index| characters.get(index).map_or(text.len(), |&(byte, _)| byte),
    )
}

/// `at` gives the characters by their number, `byte` the place of a character in the text.
fn spaced_letters_of(
    text: &str,
    at: impl Fn(usize) -> Option<char>,
    byte: impl Fn(usize) -> usize,
) -> Option<Respelled> {
    const LETTERS_MIN: usize = 4;
    const SURE_LETTERS_MIN: usize = 12;
    let mut rewriter = Rewriter::new(text);
    let mut joined = String::new();
    let (mut index, mut letters_total) = (0, 0);
    while let Some(first) = at(index) {
        // Most places are told by the next three characters.
        let apart = at(index + 1).is_some_and(is_separator) && at(index + 3).is_none_or(is_separator);
        if !apart || is_separator(first) {
            index += 1;
            continue;
        }
        let (series, end) = series_of_letters(&at, index);
        let letters = series
            .iter()
            .filter(|step| at(step.letter).is_some_and(is_letter))
            .count();
        if letters < LETTERS_MIN || letters * 10 < series.len() * 6 {
            index = end.max(index + 1);
            continue;
        }
        letters_total += letters;
        for step in &series {
            joined.extend(at(step.letter));
            if step.next > step.letter + 1 {
                let gap = byte(step.letter + 1)..byte(step.next);
                if step.word_ends {
                    rewriter.replace(gap, " ");
                    joined.push(' ');
                } else {
                    rewriter.remove(gap);
                }
            }
        }
        index = end;
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

/// One letter of a series: where it is, where the next one is, and whether a word ends between.
struct Step {
    letter: usize,
    next: usize,
    word_ends: bool,
}

/// The series that begins at `start`, and the index after it.
fn series_of_letters(at: &impl Fn(usize) -> Option<char>, start: usize) -> (Vec<Step>, usize) {
    const GAP_MAX: usize = 5; // the space of a spaced text is itself spaced: three, sometimes five
    let blank = |index: usize| at(index).is_none_or(char::is_whitespace);
    let mut series = Vec::new();
    let Some(separator) = at(start + 1).filter(|c| is_separator(*c)) else {
        return (series, start + 1);
    };
    let starts_word = start == 0 || blank(start - 1) || at(start - 1).is_some_and(|c| !is_wordy(c));
    if blank(start) || is_separator(at(start).unwrap_or(' ')) || !starts_word {
        return (series, start + 1);
    }
    let mut letter = start;
    loop {
        let gap = (1..=GAP_MAX + 1)
            .take_while(|&step| blank(letter + step) && at(letter + step).is_some())
            .count();
        let (next, word_ends) =
            if at(letter + 1) == Some(separator) && !blank(letter + 2) && at(letter + 2) != Some(separator) {
                (letter + 2, false)
            } else if gap > 0 && gap <= GAP_MAX && (gap > 1 || !separator.is_whitespace()) {
                (letter + 1 + gap, true)
            } else {
                break;
            };
        // The next letter must stand alone as well.
        let alone = at(next + 1).is_none_or(|after| after == separator || after.is_whitespace());
        if !alone || at(next).is_none() {
            break;
        }
        series.push(Step {
            letter,
            next,
            word_ends,
        });
        letter = next;
    }
    let end = letter + 1;
    series.push(Step {
        letter,
        next: end,
        word_ends: false,
    });
    (series, end)
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '.' | '-' | '_' | '*' | '|' | '/' | ',' | '~' | '·' | '•' | '+' | '^' | ':'
        )
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
    let (mut letters, mut signs, mut pieces, mut markup, mut inside) = (0, 0, 0, false, false);
    for character in core.chars() {
        if is_letter(character) {
            letters += 1;
            pieces += usize::from(!inside);
            inside = true;
        } else if is_word_sign(character) {
            signs += 1;
            markup |= matches!(character, '*' | '|' | '~' | '^' | '`');
            inside = false;
        } else {
            return false;
        }
    }
    let cut = pieces >= 3 && letters <= pieces * 3 || pieces >= 2 && markup;
    signs > 0 && letters >= LETTERS_MIN && cut
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
    for Token {
        start, text: token, ..
    } in tokens.with(tokens::SPLIT_SIGN | tokens::UPPER, TOKEN_BYTES)
    {
        if !runs_together(token) || is_address(token) {
            continue;
        }
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
fn runs_together(token: &str) -> bool {
    let (mut parts, mut wordy) = (0, 0);
    for part in token.split(is_split_sign).filter(|part| !part.is_empty()) {
        parts += 1;
        wordy += usize::from(part.len() >= 2 && part.chars().all(is_letter));
    }
    let turns = token
        .as_bytes()
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    wordy >= 3 && wordy * 3 >= parts * 2 || turns >= 2
}

fn is_split_sign(character: char) -> bool {
    matches!(character, '-' | '_' | '.' | '+' | '/' | '|' | ',')
}
