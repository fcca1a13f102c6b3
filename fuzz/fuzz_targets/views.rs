//! The span of any part of any view lies within the original, on its characters, and grows with the part.

#![no_main]

use aimds_text::normalise::normalise;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let normalised = normalise(text);
    for view in &normalised.views {
        let length = view.text.len();
        let step = (length / 16).max(1);
        let mut before = 0;
        for start in (0..=length + 1).step_by(step) {
            let span = view.original_span(start..start + step);
            assert!(span.start <= span.end && span.end <= text.len());
            assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
            assert!(span.start >= before, "starts go forward");
            before = span.start;
            let whole = view.original_span(0..start + step);
            assert!(whole.end >= span.end, "a wider part has a wider span");
        }
    }
    for trick in &normalised.tricks {
        assert!(trick.span.start <= trick.span.end && trick.span.end <= text.len());
        assert!(text.is_char_boundary(trick.span.start) && text.is_char_boundary(trick.span.end));
    }
});
