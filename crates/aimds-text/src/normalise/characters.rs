//! What kind of character this is, as far as hiding text goes.
//!
//! Sources: Unicode `Default_Ignorable_Code_Point` and `Bidi_Control`, UTS #51 (emoji), UAX #15 (normalisation).

use std::sync::LazyLock;

/// A character that a reader does not see, by the channel it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invisible {
    /// Zero-width space, word joiner, byte order mark, invisible operators and the like.
    ZeroWidth,
    /// Zero-width joiner and non-joiner: honest in many scripts and in emoji.
    Joiner,
    /// Soft hyphen.
    SoftHyphen,
    /// Left-to-right, right-to-left and Arabic letter marks.
    DirectionMark,
    /// Embeddings and isolates.
    Embedding,
    /// Left-to-right and right-to-left override.
    Override,
    /// A variation selector, with the byte it stands for when selectors smuggle bytes.
    Selector(u8),
    /// A Unicode tag character.
    Tag,
    /// A letter that fills Hangul syllables and shows nothing.
    Filler,
    /// Backspace or delete.
    Backspace,
    /// Any other control character.
    Control,
}

/// Whether the reader sees nothing of `character`, and which channel it is. Tab, line feed, carriage return, vertical
/// tab and form feed are whitespace and stay.
pub(crate) fn invisible(character: char) -> Option<Invisible> {
    let code = u32::from(character);
    match code {
        0x08 | 0x7F => Some(Invisible::Backspace),
        0x00..=0x07 | 0x0E..=0x1F | 0x80..=0x84 | 0x86..=0x9F => Some(Invisible::Control),
        0xAD => Some(Invisible::SoftHyphen),
        0x61C | 0x200E | 0x200F => Some(Invisible::DirectionMark),
        0x200C | 0x200D => Some(Invisible::Joiner),
        0x202A..=0x202C | 0x2066..=0x2069 => Some(Invisible::Embedding),
        0x202D | 0x202E => Some(Invisible::Override),
        0xFE00..=0xFE0F => Some(Invisible::Selector((code - 0xFE00) as u8)),
        0xE0100..=0xE01EF => Some(Invisible::Selector((code - 0xE0100 + 16) as u8)),
        0xE0000..=0xE007F => Some(Invisible::Tag),
        0x115F | 0x1160 | 0x3164 | 0xFFA0 => Some(Invisible::Filler),
        0x34F
        | 0x17B4
        | 0x17B5
        | 0x180B..=0x180F
        | 0x200B
        | 0x2060..=0x2065
        | 0x206A..=0x206F
        | 0xFEFF
        | 0xFFF0..=0xFFFB
        | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A
        | 0xE0080..=0xE00FF
        | 0xE01F0..=0xE0FFF => Some(Invisible::ZeroWidth),
        _ => None,
    }
}

/// Scripts whose spelling uses joiners: Arabic to Sinhala, Tibetan to Mongolian, the later Indic blocks, presentation forms.
pub(crate) fn uses_joiners(character: char) -> bool {
    matches!(u32::from(character), 0x600..=0xDFF | 0xF00..=0x109F | 0x1780..=0x18AF | 0x1900..=0x1CFF
        | 0xA800..=0xABFF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFE | 0x10A00..=0x10FFF | 0x11000..=0x11FFF | 0x1E900..=0x1E95F)
}

/// Scripts written without spaces, where a zero-width space says where a line may break.
pub(crate) fn written_without_spaces(character: char) -> bool {
    matches!(u32::from(character), 0xE00..=0x109F | 0x1780..=0x17FF | 0x1900..=0x1AAF | 0x1B00..=0x1B7F
        | 0x2E80..=0xA4CF | 0xA980..=0xAADF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Letters written from right to left.
pub(crate) fn right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}

/// Han characters, whose variants are chosen with variation selectors.
pub(crate) fn ideograph(character: char) -> bool {
    matches!(u32::from(character), 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Characters that NFKC leaves alone wherever they stand, by blocks: the common letters of living scripts. A quick
/// answer for what `unicode-normalization` would say at length; false only means: ask it.
pub(crate) fn surely_normal(character: char) -> bool {
    matches!(u32::from(character), 0..=0x9F | 0xC0..=0x131 | 0x391..=0x3A1 | 0x3A3..=0x3CE | 0x400..=0x482
        | 0x48A..=0x52F | 0x5D0..=0x5EA | 0x621..=0x64A | 0x904..=0x939 | 0x1EA0..=0x1EF9 | 0x2010 | 0x2012..=0x2016
        | 0x2018..=0x2023 | 0x3001..=0x3007 | 0x3041..=0x3096 | 0x30A1..=0x30FA | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3
        | 0x1F300..=0x1F6FF | 0x1F900..=0x1F9FF)
}

/// Letters of styled sets: those that NFKC maps to plain ones, and the negative circled and squared ones, which it
/// leaves alone although they are read the same.
pub(crate) fn styled(character: char) -> bool {
    matches!(u32::from(character), 0x1D400..=0x1D7FF | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A | 0x249C..=0x24E9
        | 0x1F110..=0x1F189 | 0x1D00..=0x1D22 | 0x1D2C..=0x1D6A | 0x2090..=0x209C)
}

/// The plain letter of a negative circled or negative squared one.
pub(crate) fn negative_letter(character: char) -> Option<char> {
    let number = match u32::from(character) {
        code @ 0x1F150..=0x1F169 => code - 0x1F150,
        code @ 0x1F170..=0x1F189 => code - 0x1F170,
        _ => return None,
    };
    char::from_u32(u32::from('A') + number)
}

/// Enclosing marks, which are not reordered by normalisation but pile up on a letter all the same.
pub(crate) fn enclosing_mark(character: char) -> bool {
    matches!(u32::from(character), 0x488 | 0x489 | 0x20DD..=0x20E0)
}

/// Whether a character is a letter; told by its block for the common ones, because the general look-up is a search.
pub(crate) fn is_letter(character: char) -> bool {
    match u32::from(character) {
        0..=0x7F => character.is_ascii_alphabetic(),
        0xC0..=0xD6
        | 0xD8..=0xF6
        | 0xF8..=0x24F
        | 0x391..=0x3A1
        | 0x3A3..=0x3CE
        | 0x400..=0x481
        | 0x48A..=0x52F
        | 0x5D0..=0x5EA
        | 0x620..=0x64A
        | 0x904..=0x939
        | 0xE01..=0xE30
        | 0x1E00..=0x1EFF
        | 0x3041..=0x3096
        | 0x30A1..=0x30FA
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7A3 => true,
        0x2000..=0x206F
        | 0x2190..=0x245F
        | 0x2500..=0x2BFF
        | 0x3000..=0x3004
        | 0xFE00..=0xFE0F
        | 0x1F000..=0x1FAFF => false,
        code => match LETTERS.get(code as usize / 64) {
            Some(letters) => letters >> (code % 64) & 1 == 1,
            None => character.is_alphabetic(),
        },
    }
}

/// The letters of the scripts before the East Asian ones, a bit each.
static LETTERS: LazyLock<[u64; 0x3000 / 64]> = LazyLock::new(|| {
    let is_letter = |code: u32| char::from_u32(code).is_some_and(char::is_alphabetic);
    std::array::from_fn(|word| {
        (0..64).fold(0, |bits, bit| {
            bits | u64::from(is_letter(word as u32 * 64 + bit)) << bit
        })
    })
});

/// Whether a character is a letter or a number.
pub(crate) fn is_wordy(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric()
    } else {
        is_letter(character) || character.is_numeric()
    }
}
