//! The records that normalisation yields.

use super::span_map::SpanMap;
use std::ops::Range;

/// One step of a view's transform chain, by the name that findings show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transform {
    /// Canonical form: invisible characters removed, NFKC.
    Canonical,
}

/// A way of hiding text that normalisation undid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrickKind {
    /// Zero-width or other invisible characters inside words.
    Invisible,
}

/// One trick with the place in the original where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trick {
    /// Which trick.
    pub kind: TrickKind,
    /// Byte range in the original text.
    pub span: Range<usize>,
}

/// One reading of the text: canonical, folded or decoded.
#[derive(Debug, Clone)]
pub struct View {
    /// The text of this reading.
    pub text: String,
    /// The steps that made it, first step first.
    pub chain: Vec<Transform>,
    /// The way back to the original.
    pub map: SpanMap,
}

impl View {
    /// The byte range of the original that the bytes `range` of this view came from.
    pub fn original_span(&self, range: Range<usize>) -> Range<usize> {
        self.map.original(range)
    }
}

/// What normalisation yields: the original, its views (the canonical one first), the tricks undone.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// The text as it arrived.
    pub original: String,
    /// All readings; the first is the canonical text and is always there.
    pub views: Vec<View>,
    /// Hiding tricks that were undone.
    pub tricks: Vec<Trick>,
}

impl Normalised {
    /// The text with itself as its only view.
    pub fn identity(original: &str) -> Self {
        Self {
            original: original.to_owned(),
            views: vec![View {
                text: original.to_owned(),
                chain: vec![Transform::Canonical],
                map: SpanMap::Identity,
            }],
            tricks: Vec::new(),
        }
    }
}
