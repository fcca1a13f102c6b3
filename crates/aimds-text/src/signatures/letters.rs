//! What each character is in a word, and its folded form: without case and accents.

use std::sync::LazyLock;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// How a character takes part in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
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

/// What a character is in a text.
#[inline]
pub fn classify(character: char) -> Class {
    if character.is_ascii() {
        let class = ASCII_CLASSES.get(character as usize).copied();
        return class.unwrap_or(Class::Punctuation);
    }
    let known = CLASSES.get(character as usize).copied();
    known.unwrap_or_else(|| classify_beyond_ascii(character))
}

/// Characters before this one, those of most scripts that have letters, are looked up in tables: the general look-ups are searches.
const TABLE_CODES: usize = 0x3000;

static CLASSES: LazyLock<[Class; TABLE_CODES]> = LazyLock::new(|| {
    std::array::from_fn(|code| coded(code).map_or(Class::Punctuation, classify_beyond_ascii))
});

/// The small letter of each character; none where that is not one character.
static SMALL: LazyLock<[Option<char>; TABLE_CODES]> = LazyLock::new(|| {
    std::array::from_fn(|code| {
        let mut small = coded(code)?.to_lowercase().map(final_sigma);
        small.next().filter(|_| small.next().is_none())
    })
});

fn coded(code: usize) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

/// The classes of ASCII.
pub static ASCII_CLASSES: [Class; 128] = ascii_classes();

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
        '\u{ac00}'..='\u{d7a3}' => Class::Letter,
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

/// Writes a character in its folded form.
pub fn push_folded(out: &mut String, character: char) {
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
    let small = SMALL.get(character as usize).copied().flatten();
    match (small, character) {
        (Some(small), _) => out.push(small),
        // East Asian scripts have no small letters.
        (None, '\u{3000}'..='\u{a63f}' | '\u{ac00}'..='\u{d7a3}') => out.push(character),
        _ => out.extend(character.to_lowercase().map(final_sigma)),
    }
}

fn final_sigma(small: char) -> char {
    if small == 'ς' { 'σ' } else { small }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tables and ranges say of a character is what the general look-ups say.
    #[test]
    fn tables_say_what_look_ups_say() {
        for character in '\u{80}'..=char::MAX {
            assert_eq!(
                classify(character),
                classify_beyond_ascii(character),
                "{character:?}"
            );
            let mut small = String::new();
            push_lower(&mut small, character);
            assert_eq!(
                small,
                character.to_lowercase().map(final_sigma).collect::<String>()
            );
        }
        assert!(('\u{ac00}'..='\u{d7a3}').all(char::is_alphanumeric));
    }
}
