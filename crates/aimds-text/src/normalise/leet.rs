//! Leet: digits and signs in place of the letters they look like.

use super::characters::{is_letter, is_wordy};
use super::language::{mean_likelihood, pair_likelihood};
use super::reading::Reading;
use super::rewriter::{MARGIN_BYTES, Rewriter, WHOLE_BYTES_MAX};
use super::spelling::Respelled;
use super::tokens::{self, Kinds, Token, Tokens, is_address};
use super::view::Transform;

/// The letter that a digit or sign stands for; `1` and `|` are decided by their neighbours.
fn leet_letter(character: char) -> Option<char> {
    Some(match character {
        '0' => 'o',
        '1' | '|' | '!' => 'i',
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        _ => return None,
    })
}

/// Kinds of bytes that leet uses.
const SIGNS: Kinds = tokens::DIGIT | tokens::LEET_SIGN;

/// Words that mix letters with digits or signs, read as words: once with `1` as the letter that its neighbours like
/// better, once with `1` as `i` where that differs.
pub(crate) fn read(text: &str, tokens: &Tokens<'_>) -> Vec<Respelled> {
    const HEAVY_TOKENS_MIN: usize = 3;
    const SURE_WORDS_MIN: usize = 4;
    let mut words: Vec<Token<'_>> = tokens
        .with(SIGNS, LEET_BYTES_MIN..=LEET_BYTES_MAX)
        .filter(|token| is_leet_word(token))
        .collect();
    let all = tokens.count();
    let count = words.iter().filter(|token| spells(token.text.as_bytes())).count();
    let substitutions = |token: &Token<'_>| token.text.chars().filter(|&c| leet_letter(c).is_some()).count();
    if count == 0 || words.iter().map(substitutions).sum::<usize>() < 2 {
        return Vec::new();
    }
    let sure = words.iter().filter(|token| is_sure_leet(token.text)).count();
    let deliberate = if sure >= SURE_WORDS_MIN && sure * 4 >= all {
        0.5
    } else {
        0.0
    };
    // In a text that is heavy with leet, short words and small numbers are leet as well.
    let heavy = count >= HEAVY_TOKENS_MIN && count * 5 >= all;
    if heavy {
        words = tokens
            .with(SIGNS, 0..=LEET_BYTES_MAX)
            .filter(|token| !is_address(token.text))
            .collect();
    }
    let either = around_either(text, &words, heavy);
    let readings = leet_reading(text, &words, true, heavy)
        .into_iter()
        .chain(leet_reading(text, &either, false, heavy));
    readings
        .map(|reading| Respelled {
            reading,
            count,
            deliberate,
        })
        .collect()
}

/// The words of the second reading: those that read otherwise with `1` as `i`, and what stands around them. The rest is in the
/// first reading as well.
fn around_either<'a>(text: &str, words: &[Token<'a>], heavy: bool) -> Vec<Token<'a>> {
    let (mut chosen, mut plain, mut characters) = (String::new(), String::new(), Vec::new());
    let mut differs = |token: &Token<'_>| {
        token.text.contains(['1', '|']) && (heavy || spells(token.text.as_bytes())) && {
            leet_word(token.text, true, &mut chosen, &mut characters);
            leet_word(token.text, false, &mut plain, &mut characters);
            chosen != plain
        }
    };
    let places: Vec<usize> = words
        .iter()
        .filter(|token| differs(token))
        .map(|token| token.start)
        .collect();
    let is_near = |token: &Token<'_>| {
        let next = places.partition_point(|place| place + MARGIN_BYTES < token.start);
        places
            .get(next)
            .is_some_and(|place| *place <= token.start + MARGIN_BYTES)
    };
    let whole = text.len() <= WHOLE_BYTES_MAX && !places.is_empty();
    words
        .iter()
        .filter(|token| whole || is_near(token))
        .copied()
        .collect()
}

/// Whether the words read as language is asked of all of them; put into the reading are those that spell something, and all in a
/// text that is heavy with leet.
fn leet_reading(text: &str, words: &[Token<'_>], choose: bool, heavy: bool) -> Option<Reading> {
    const LANGUAGE_LEVEL: i32 = -38; // looser than for sentences: few words, some substitutions wrong
    let mut rewriter = Rewriter::new(text);
    let (mut mended, mut plain, mut characters) = (String::new(), String::new(), Vec::new());
    for token in words {
        leet_word(token.text, choose, &mut plain, &mut characters);
        let changes = token.text.char_indices().zip(plain.chars());
        let read = heavy || spells(token.text.as_bytes());
        for ((at, old), new) in changes.filter(|((_, old), new)| read && old != new) {
            let start = token.start + at;
            rewriter.replace_character(start..start + old.len_utf8(), new);
        }
        mended.push_str(&plain);
        mended.push(' ');
    }
    if mean_likelihood(&mended).is_none_or(|mean| mean < LANGUAGE_LEVEL) {
        return None;
    }
    rewriter.reading(Transform::Leet)
}

/// A word of nothing but letters and the usual substitutes, one of them before a letter: not code, not a table.
fn is_sure_leet(token: &str) -> bool {
    let core = token.trim_matches(|c: char| !is_wordy(c) && !matches!(c, '@' | '$'));
    let substitute = |byte: u8| matches!(byte, b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$');
    let plain = core
        .chars()
        .all(|c| is_letter(c) || u8::try_from(c).is_ok_and(substitute));
    let inside = |pair: &[u8]| matches!(pair, [a, b] if substitute(*a) && b.is_ascii_alphabetic());
    core.len() >= 3 && plain && core.as_bytes().windows(2).any(inside)
}

/// The longest word that is read as leet; longer tokens are hashes and paths.
const LEET_BYTES_MAX: usize = 32;
const LEET_BYTES_MIN: usize = 3;

/// Letters with digits or signs among or before them, not a number with a unit, an address or a hash.
fn is_leet_word(token: &Token<'_>) -> bool {
    // Most words with a sign are numbers, or end with an exclamation mark.
    if !token.has(tokens::LOWER | tokens::UPPER | tokens::FOREIGN) {
        return false;
    }
    let may_be_mail = token.has(tokens::LEET_SIGN);
    let token = token.text;
    if is_address(token) || may_be_mail && token.contains('@') && token.contains('.') {
        return false;
    }
    let core = token.trim_matches(|c: char| !is_wordy(c) && leet_letter(c).is_none());
    let core = core.trim_end_matches('!');
    let letters = core.chars().filter(|&c| is_letter(c)).count();
    let signs = core.chars().filter(|&c| leet_letter(c).is_some()).count();
    let others = core.chars().count() - letters - signs;
    // A letter among many digits belongs to a time or a number.
    if letters == 0 || signs == 0 || signs > letters * 4 || others * 4 > letters + signs {
        return false;
    }
    let tail = core.trim_start_matches(|c| leet_letter(c).is_some());
    let unit = tail.len() < core.len() && tail.chars().all(is_letter) && tail.chars().count() <= 2;
    let head = core.trim_end_matches(|c| leet_letter(c).is_some());
    let numbered = head.len() < core.len() && head.chars().all(is_letter) && signs > 1;
    !(unit || numbered && core.len() - head.len() != 1)
}

/// Whether some digit or sign stands where a letter could: beside one, or in a word whose letters all stand alone (`i-g-n-0-r-3`).
/// Code, tables and markup are full of those that do not: numbers of their own (`status=200`, `SHA-256`), calls (`write!(f`), words
/// between bars (`|name|`), headings (`<h2>`).
fn spells(token: &[u8]) -> bool {
    let at = |index: usize| token.get(index).copied();
    let before = |index: usize, distance: usize| index.checked_sub(distance).and_then(at);
    let is_letter =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    let is_sign = |byte: Option<u8>| byte.is_some_and(|byte| leet_letter(char::from(byte)).is_some());
    let is_wordy = |byte: Option<u8>| is_letter(byte) || byte.is_some_and(|byte| byte.is_ascii_digit());
    // What the bar that waits for its partner means if none comes.
    let mut open_bar = None;
    let mut letters_together = false;
    for (index, &byte) in token.iter().enumerate() {
        let (previous, next) = (before(index, 1), at(index + 1));
        letters_together |= is_letter(Some(byte)) && is_letter(next);
        let beside = is_letter(previous) || is_letter(next);
        let spells = match byte {
            b'|' if open_bar.is_none() && !is_wordy(previous) && next != Some(b'|') => {
                open_bar = Some(beside);
                false
            }
            b'|' if open_bar.is_some() && is_wordy(previous) && !is_wordy(next) => {
                open_bar = None;
                false
            }
            b'!' => beside && previous != Some(b'<') && (is_letter(next) || is_sign(next)),
            b'1'..=b'6' if is_heading(token.get(..index).unwrap_or_default()) => false,
            _ => beside && is_sign(Some(byte)),
        };
        if spells {
            return true;
        }
    }
    open_bar == Some(true) || !letters_together
}

/// Whether the tag of a heading begins with this, up to its digit.
fn is_heading(begin: &[u8]) -> bool {
    matches!(begin, [.., b'<', b'h' | b'H'] | [.., b'<', b'/', b'h' | b'H'])
}

/// A word with its digits and signs read as letters, put into `plain`; `1` becomes `l` where the letters around like that better.
/// `characters` is room for those of the word.
fn leet_word(token: &str, choose: bool, plain: &mut String, characters: &mut Vec<char>) {
    let body = token.trim_end_matches(['!', '.', ',', ':', ';', '?']).len();
    characters.clear();
    characters.extend(token.chars());
    plain.clear();
    let mut at = 0;
    for (index, &character) in characters.iter().enumerate() {
        let inside = at < body;
        at += character.len_utf8();
        let letter = leet_letter(character).filter(|_| inside).unwrap_or(character);
        if choose && matches!(character, '1' | '|') && inside {
            let before = plain.chars().next_back().unwrap_or(' ');
            let next = characters.get(index + 1).copied().unwrap_or(' ');
            plain.push(i_or_l(
                before,
                leet_letter(next).unwrap_or(next),
                next == character,
            ));
        } else {
            plain.push(letter);
        }
    }
}

fn i_or_l(before: char, next: char, twice: bool) -> char {
    let likelihood = |middle: char| {
        let next = if twice { middle } else { next };
        pair_likelihood(before, middle) + pair_likelihood(middle, next)
    };
    if likelihood('l') > likelihood('i') {
        'l'
    } else {
        'i'
    }
}

#[cfg(test)]
mod tests {
    use super::spells;

    #[test]
    fn signs_beside_letters_spell() {
        for word in [
            "1gn0re",
            "a||",
            "wi|l",
            "|gnore",
            "|nstruct|ons",
            "!gnore",
            "te!!",
            "i-g-n-0-r-3",
            "p@ss",
            "/h3llo",
            "привет2",
        ] {
            assert!(spells(word.as_bytes()), "{word}");
        }
        for word in [
            "status=200",
            "kept[0]",
            "SHA-256",
            "max(0,",
            "write!(f,",
            "|name|",
            ".filter(|&rule|",
            "<h2>Trail</h2>",
            "<!doctype",
        ] {
            assert!(!spells(word.as_bytes()), "{word}");
        }
    }
}
