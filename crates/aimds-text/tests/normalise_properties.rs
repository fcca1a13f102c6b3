//! What holds for any text: spans stay within the original, on its characters, in order; bounds hold; nothing depends on
//! anything but the text.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "tests and benchmarks may stop"
)]

use aimds_text::normalise::{Limits, OUTPUT_BYTES_FLOOR, normalise, normalise_within};
use proptest::prelude::*;

/// Texts rich in what decoders look for.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z ]{1,20}",
        "[0-9a-f]{16,40}",
        "[A-Za-z0-9+/]{16,48}",
        "(%[0-9a-f]{2}){1,8}",
        "(\\\\u[0-9a-f]{4}|\\\\x[0-9a-f]{2}){1,6}",
        "(&#[0-9]{2,5};|&amp;|&lt;){1,5}",
        "[a-z]( [a-z]){4,12}",
        "<[a-z]{1,4}( style=\"display:none\")?>|<!--|-->|</p>",
        "[\u{200B}-\u{200F}\u{202A}-\u{202E}\u{2060}-\u{2064}\u{FEFF}\u{AD}]{1,20}",
        "[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}\u{E0020}-\u{E007F}]{1,12}",
        "[\u{300}-\u{36F}]{1,8}",
        "[аеорсухіѕнвкм]{1,6}",
        "[\u{FF21}-\u{FF5A}\u{1D400}-\u{1D7FF}]{1,8}",
        "[\u{1F1E6}-\u{1F1FF}\u{2800}-\u{28FF}]{1,6}",
        "[.-]{1,5}( [.-]{1,5}){3,8}",
        "\\PC{1,12}",
        any::<String>().prop_map(|text| text.chars().take(12).collect()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// The original span of any range of any view is a range of whole characters of the original, and wider ranges have
    /// wider spans.
    #[test]
    fn spans(text in texts(), from in 0usize..400, length in 0usize..60, more in 0usize..20) {
        let normalised = normalise(&text);
        prop_assert_eq!(&normalised.original, &text);
        for view in &normalised.views {
            let span = view.original_span(from..from + length);
            prop_assert!(span.start <= span.end && span.end <= text.len());
            prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{:?} {:?} {:?}", text, view, span);
            let wider = view.original_span(from..from + length + more);
            prop_assert!(wider.start <= span.start || length == 0, "{:?} {:?}", span, wider);
            prop_assert!(wider.end >= span.end || length == 0, "{:?} {:?}", span, wider);
            let later = view.original_span(from + more..from + more + length.max(1));
            prop_assert!(later.start >= view.original_span(from..from + length.max(1)).start);
        }
        for trick in &normalised.tricks {
            prop_assert!(trick.span.start <= trick.span.end && trick.span.end <= text.len());
            prop_assert!(text.is_char_boundary(trick.span.start) && text.is_char_boundary(trick.span.end), "{:?}", trick);
            prop_assert!((0.0..=1.0).contains(&trick.deliberate));
        }
    }

    /// Views stay within the output bound, differ from one another, and come out the same every time.
    #[test]
    fn bounded_and_deterministic(text in texts()) {
        let limits = Limits::DEFAULT;
        let normalised = normalise_within(&text, &limits);
        let output: usize = normalised.views.iter().skip(1).map(|view| view.text.len()).sum();
        prop_assert!(output <= (text.len() * limits.output_factor_max).max(OUTPUT_BYTES_FLOOR));
        prop_assert!(normalised.views.iter().all(|view| view.chain.len() <= limits.depth_max + 2));
        for (index, view) in normalised.views.iter().enumerate() {
            prop_assert!(normalised.views.iter().skip(index + 1).all(|other| other.text != view.text));
        }
        prop_assert_eq!(&normalised, &normalise_within(&text, &limits));
    }

    /// Canonical text is a fixed point: what was tidied once needs no second time, unless a bound cut the first.
    #[test]
    fn canonical_is_idempotent(text in texts()) {
        let once = normalise(&text);
        if once.incomplete.is_empty() {
            let twice = normalise(once.canonical());
            prop_assert_eq!(once.canonical(), twice.canonical());
        }
    }
}
