//! The records that normalisation yields.

use super::boundary;
use super::limits::Bound;
use super::span_map::SpanMap;
use std::ops::Range;

/// Declares an enum whose cases have the names (small letters and underscores) that findings show.
macro_rules! named {
    ($(#[$outer:meta])* $type:ident { $($(#[$inner:meta])* $case:ident = $name:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$inner])* $case,)+ }

        impl $type {
            /// Every case, in order.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+];

            /// The name that findings show.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$case => $name,)+ }
            }
        }
    };
}

named! {
    /// One step of a view's transform chain.
    Transform {
        /// Canonical form: invisible characters removed, NFKC.
        Canonical = "canonical",
        /// Lower case, look-alike and stylised letters and stray marks folded to plain Latin.
        Folded = "folded",
        /// Unicode tag characters read as ASCII.
        TagCharacters = "tag_characters",
        /// Variation selectors read as bytes.
        VariationSelectors = "variation_selectors",
        /// Zero-width characters read as digits of bytes.
        ZeroWidthBinary = "zero_width_binary",
        /// Text under a bidirectional override, in the order it is shown.
        BidiOverride = "bidi_override",
        /// Backspace and delete characters carried out.
        Backspace = "backspace",
        /// Regional indicators read as letters.
        RegionalIndicators = "regional_indicators",
        /// Braille patterns read as letters.
        Braille = "braille",
        /// Upside-down letters turned.
        UpsideDown = "upside_down",
        /// Base64, standard or URL-safe alphabet, padded or not.
        Base64 = "base64",
        /// Base32.
        Base32 = "base32",
        /// Base85 (Ascii85, RFC 1924 or Z85 alphabet).
        Base85 = "base85",
        /// Hexadecimal digits read as bytes.
        Hex = "hex",
        /// Binary digits read as bytes.
        Binary = "binary",
        /// Decimal character codes.
        DecimalCodes = "decimal_codes",
        /// Morse code.
        Morse = "morse",
        /// Percent (URL) encoding.
        Percent = "percent",
        /// `\uXXXX`, `\u{X}`, `\UXXXXXXXX`, `%uXXXX`, `U+XXXX`.
        UnicodeEscape = "unicode_escape",
        /// `\xNN` and octal `\NNN`.
        ByteEscape = "byte_escape",
        /// A backslash before every single character.
        QuotedCharacters = "quoted_characters",
        /// HTML entities.
        HtmlEntities = "html_entities",
        /// Quoted-printable.
        QuotedPrintable = "quoted_printable",
        /// HTML without its tags and comments.
        HtmlText = "html_text",
        /// What HTML and Markdown carry without showing it: comments, hidden elements, attributes, link titles.
        HiddenMarkup = "hidden_markup",
        /// Each letter moved 13 places.
        Rot13 = "rot13",
        /// Each letter moved some other number of places.
        Caesar = "caesar",
        /// The alphabet read backwards.
        Atbash = "atbash",
        /// Text read backwards.
        Reverse = "reverse",
        /// Each word read backwards.
        ReverseWords = "reverse_words",
        /// Digits and signs read as letters.
        Leet = "leet",
        /// Letters set apart, joined.
        SpacedLetters = "spaced_letters",
        /// Separators inside words removed.
        Separators = "separators",
        /// Words run together with separators or capitals, set apart.
        WordSplit = "word_split",
    }
}

named! {
    /// A way of hiding text that normalisation undid.
    TrickKind {
        /// Invisible characters inside words.
        InvisibleCharacters = "invisible_characters",
        /// Text in Unicode tag characters.
        TagCharacters = "tag_characters",
        /// Bytes in variation selectors.
        VariationSelectors = "variation_selectors",
        /// Bytes in sequences of zero-width characters.
        ZeroWidthBinary = "zero_width_binary",
        /// Bidirectional override characters.
        BidiOverride = "bidi_override",
        /// Control characters that delete others.
        Backspace = "backspace",
        /// Words that mix look-alike letters of several scripts.
        MixedScript = "mixed_script",
        /// Letters from styled sets (fullwidth, mathematical, circled, small capitals).
        StyledLetters = "styled_letters",
        /// More combining marks on a letter than any language uses.
        CombiningFlood = "combining_flood",
        /// Words spelled with regional indicators.
        RegionalIndicators = "regional_indicators",
        /// Upside-down letters.
        UpsideDown = "upside_down",
        /// Letters set apart one by one.
        SpacedLetters = "spaced_letters",
        /// Digits and signs in place of letters.
        Leet = "leet",
        /// A simple cipher: rotation, Atbash, reversal.
        Cipher = "cipher",
        /// Text in an encoding (base64, hex, escapes, Morse and the like) that reads as language.
        EncodedText = "encoded_text",
        /// Text that a markup renderer would not show.
        HiddenMarkup = "hidden_markup",
    }
}

/// One trick with the place in the original where it stood.
#[derive(Debug, Clone, PartialEq)]
pub struct Trick {
    /// Which trick.
    pub kind: TrickKind,
    /// Byte range in the original text.
    pub span: Range<usize>,
    /// Characters, words or runs that did it.
    pub count: usize,
    /// How sure it is that somebody hid text on purpose, in [0, 1]; 0 is an ordinary use that is merely recorded.
    pub deliberate: f32,
}

/// One reading of the text: canonical, folded or decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The text of this reading.
    pub text: String,
    /// The steps that made it, first step first; empty when it is the original text.
    pub chain: Vec<Transform>,
    /// The way back to the original.
    pub map: SpanMap,
}

impl View {
    /// The byte range of the original that the bytes `range` of this view came from. Any range may be asked for: it is
    /// first widened to whole characters and clamped to the view. The answer is within the original and on its
    /// character boundaries.
    pub fn original_span(&self, range: Range<usize>) -> Range<usize> {
        let start = boundary::floor(&self.text, range.start);
        let end = boundary::ceil(&self.text, range.end.max(start));
        self.map.original(start..end)
    }

    /// Whether a decoder made this view; false for the canonical and the folded one, which only tidy characters.
    pub fn is_decoded(&self) -> bool {
        !self
            .chain
            .iter()
            .all(|step| matches!(step, Transform::Canonical | Transform::Folded))
    }
}

/// What normalisation yields: the original, its views (the canonical one first), the tricks undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalised {
    /// The text as it arrived.
    pub original: String,
    /// All readings; the first is the canonical text and is always there.
    pub views: Vec<View>,
    /// Hiding tricks that were undone, in the order of their spans.
    pub tricks: Vec<Trick>,
    /// Bounds that stopped decoding; empty when everything was read.
    pub incomplete: Vec<Bound>,
}

impl Normalised {
    /// The text with itself as its only view.
    pub fn identity(original: &str) -> Self {
        Self {
            original: original.to_owned(),
            views: vec![View {
                text: original.to_owned(),
                chain: Vec::new(),
                map: SpanMap::Identity,
            }],
            tricks: Vec::new(),
            incomplete: Vec::new(),
        }
    }

    /// The canonical text.
    pub fn canonical(&self) -> &str {
        self.views
            .first()
            .map_or(self.original.as_str(), |view| view.text.as_str())
    }
}
