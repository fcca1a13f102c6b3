//! Decoded bytes become a view only if they are text.

use super::characters::is_wordy;

/// Fewest bytes that may be text: shorter ones are too often text by chance.
const BYTES_MIN: usize = 4;

/// From this length on, bytes that are all printable ASCII are text: at random that happens once in 2,800 blobs of 8.
const PRINTABLE_BYTES_MIN: usize = 8;

/// The text in `bytes`: UTF-8 (a tenth of it may be broken), or UTF-16 as PowerShell writes it. `None` if they are not text.
pub(crate) fn text_of(bytes: &[u8]) -> Option<String> {
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    let trimmed = bytes.get(..end)?;
    if trimmed.len() < BYTES_MIN {
        return None;
    }
    if let Some(wide) = utf16_of(bytes) {
        return is_text(&wide).then_some(wide);
    }
    if let Ok(text) = std::str::from_utf8(trimmed) {
        return is_text(text).then(|| text.to_owned());
    }
    let text = String::from_utf8_lossy(trimmed);
    let broken = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    (broken * 10 <= text.chars().count() && is_text(&text)).then(|| text.into_owned())
}

/// UTF-16 little or big endian when every other byte is (nearly always) zero.
fn utf16_of(bytes: &[u8]) -> Option<String> {
    let pairs = bytes.len() / 2;
    let (mut even_zero, mut odd_zero) = (0, 0);
    for pair in bytes.chunks_exact(2) {
        even_zero += usize::from(pair.first() == Some(&0));
        odd_zero += usize::from(pair.last() == Some(&0));
    }
    let little = odd_zero * 10 >= pairs * 8;
    if pairs < 4 || !(little || even_zero * 10 >= pairs * 8) {
        return None;
    }
    let units = bytes.chunks_exact(2).filter_map(|pair| {
        let pair = [*pair.first()?, *pair.last()?];
        Some(if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    });
    Some(
        char::decode_utf16(units.filter(|&unit| unit != 0))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Whether characters are text rather than data: no control characters to speak of, and either plain ASCII of some
/// length or mostly letters, digits and spaces.
pub(crate) fn is_text(text: &str) -> bool {
    let (mut all, mut ascii, mut wordy, mut bad) = (0_usize, 0_usize, 0_usize, 0_usize);
    for character in text.chars() {
        all += 1;
        ascii += usize::from(character.is_ascii());
        if character.is_control() && !matches!(character, '\t' | '\n' | '\r')
            || character == char::REPLACEMENT_CHARACTER
        {
            bad += 1;
        } else if is_wordy(character) || character.is_whitespace() {
            wordy += 1;
        }
    }
    if bad * 20 > all {
        return false;
    }
    if ascii == all && bad == 0 && all >= PRINTABLE_BYTES_MIN {
        return true;
    }
    // Letters of many scripts at random are what a lucky UTF-8 reading of noise gives: ask for mostly wordy characters.
    all >= BYTES_MIN && wordy * 10 >= all * 7
}
