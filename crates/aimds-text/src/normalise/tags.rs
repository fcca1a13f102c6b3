//! What is a tag, and which elements there are.

use std::ops::Range;

/// Longest tag that is read as one; inline images in attributes are longer and are skipped over.
const TAG_BYTES_MAX: usize = 8192;

/// Elements whose content stands on lines of its own.
pub(crate) const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

/// Elements without an end tag.
pub(crate) const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
];

/// Elements whose content is never shown.
pub(crate) const NEVER_SHOWN: &[&str] = &["script", "style", "template", "noscript", "head", "title"];

/// Types of programming languages that begin with a small letter.
const COMMON_TYPES: &[&str] = &[
    "any", "bool", "boolean", "byte", "char", "double", "dyn", "f32", "f64", "float", "i8", "i16", "i32",
    "i64", "i128", "int", "isize", "long", "number", "short", "str", "string", "u8", "u16", "u32", "u64",
    "u128", "unknown", "usize", "void",
];

/// The length of the tag at the start of `rest`: `<` and a letter or slash, quotes respected, up to `>`.
pub(crate) fn tag_length(rest: &[u8]) -> Option<usize> {
    if !matches!(rest.get(1), Some(b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?')) {
        return None;
    }
    let mut quote = None;
    for (at, &byte) in rest.iter().enumerate().take(TAG_BYTES_MAX).skip(1) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'<') => return None,
            (None, b'"' | b'\'') if rest.get(at - 1) == Some(&b'=') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Whether brackets hold the type parameters of source code (`Vec<u8>`, `Map<String, T>`): they touch the name before, say what
/// begins with a capital or is a common type, and part no word. Anything else in brackets may be a tag; attackers make up names.
pub(crate) fn is_type(text: &[u8], range: Range<usize>) -> bool {
    let wordy = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = range.start.checked_sub(1).and_then(|before| text.get(before));
    let behind = text.get(range.end);
    let touches = before.is_some_and(|byte| wordy(byte) || *byte == b':');
    if !touches || behind.is_some_and(|byte| wordy(byte) || !byte.is_ascii() || *byte == b'<') {
        return false;
    }
    let inner = text
        .get(range.start + 1..range.end.saturating_sub(1))
        .unwrap_or_default();
    let named = inner.split(|byte| !wordy(byte)).next().unwrap_or_default();
    let Ok(name) = std::str::from_utf8(named) else {
        return false;
    };
    let value = |pair: &[u8]| matches!(pair, [b'=', value] if !value.is_ascii_whitespace());
    let hidden = |word: &[u8]| word.eq_ignore_ascii_case(b"hidden");
    let attributes = inner.windows(2).any(value) || inner.split(u8::is_ascii_whitespace).any(hidden);
    let small = name.to_ascii_lowercase();
    let element = [BLOCKS, VOID, NEVER_SHOWN]
        .iter()
        .any(|names| names.contains(&small.as_str()));
    (COMMON_TYPES.contains(&name) || name.starts_with(|first: char| first.is_ascii_uppercase()) && !element)
        && !attributes
}
