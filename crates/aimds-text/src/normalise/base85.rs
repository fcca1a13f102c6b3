//! Base85 in the alphabets of Adobe Ascii85 (also between `<~` and `~>`), RFC 1924 and Z85 (`ZeroMQ` RFC 32).

use super::blobs::keep;
use super::gate;
use super::limits::Budget;
use super::reading::{Pieces, Reading};
use super::tokens::{self, Tokens};
use super::view::Transform;
use std::sync::LazyLock;

/// Decodes base85 tokens; the caller has seen that there are signs enough for one.
pub(crate) fn read(text: &str, tokens: &Tokens<'_>, budget: &mut Budget) -> Option<Reading> {
    const TOKEN_BYTES_MIN: usize = 20;
    let mut pieces = Pieces::default();
    if !budget.work(text.len()) {
        return None;
    }
    let any_marks = memchr::memmem::find(text.as_bytes(), b"<~").is_some();
    for token in tokens.with(tokens::ANY, TOKEN_BYTES_MIN..=usize::MAX) {
        let (start, token) = (token.start, token.text);
        let delimited = any_marks.then(|| between_marks(token)).flatten();
        let (offset, body, marked) = match delimited {
            Some((open, body)) => (open, body, true),
            None => (0, token, false),
        };
        let signs = body.bytes().filter(|&byte| !byte.is_ascii_alphanumeric()).count();
        if !marked && (body.len() < TOKEN_BYTES_MIN || signs * 20 < body.len()) {
            continue;
        }
        let tables = if marked {
            VALUES.get(..1)
        } else {
            Some(VALUES.as_slice())
        }
        .unwrap_or_default();
        let decoded = tables.iter().find_map(|values| {
            let sample = body.get(..body.len().min(40))?;
            gate::text_of(&base85(sample, values)?)?;
            gate::text_of(&base85(body, values)?).filter(|decoded| decoded.is_ascii() || marked)
        });
        let Some(decoded) = decoded else { continue };
        let from = start + offset;
        if !keep(&mut pieces, &decoded, from..from + body.len(), budget) {
            break;
        }
    }
    pieces.reading(Transform::Base85)
}

/// What stands between `<~` and `~>`, and where it begins.
fn between_marks(token: &str) -> Option<(usize, &str)> {
    let open = token.find("<~")? + 2;
    let body = token.get(open..)?;
    Some((open, body.get(..body.find("~>")?)?))
}

/// Ascii85, RFC 1924, Z85: the digits in order.
const ALPHABETS: &[&str] = &[
    "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
];

/// The value of each digit, by alphabet.
static VALUES: LazyLock<Vec<[u8; 256]>> = LazyLock::new(|| {
    let table = |alphabet: &&str| {
        let mut values = [u8::MAX; 256];
        for (value, digit) in alphabet.bytes().enumerate() {
            if let Some(slot) = values.get_mut(usize::from(digit)) {
                *slot = value as u8;
            }
        }
        values
    };
    ALPHABETS.iter().map(table).collect()
});

fn base85(body: &str, values: &[u8; 256]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(body.len());
    for group in body.as_bytes().chunks(5) {
        let mut number = 0_u64;
        for place in 0..5 {
            let value = match group.get(place) {
                Some(&digit) => *values
                    .get(usize::from(digit))
                    .filter(|&&value| value != u8::MAX)?,
                None => 84,
            };
            number = number * 85 + u64::from(value);
        }
        let word = u32::try_from(number).ok()?.to_be_bytes();
        bytes.extend(word.iter().take(group.len().saturating_sub(1)));
    }
    Some(bytes)
}
