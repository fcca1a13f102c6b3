//! Character boundaries near a byte offset.

/// The last boundary at or before `at`; the end of the text if `at` lies beyond.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The first boundary at or after `at`; the end of the text if `at` lies beyond.
pub(crate) fn ceil(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}
