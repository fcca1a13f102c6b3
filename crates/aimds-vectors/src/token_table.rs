//! The words of the second look: a Unigram tokenizer with frozen word vectors in 4-bit blocks, and the windows of an event.
//!
//! Method: Unigram segmentation (Kudo 2018) as in [`crate::unigram`]; blocks of 32 values with one half-precision scale, the
//! layout that ggml calls `Q4_0`. The table is never unpacked as a whole: a window's rows are.

use std::ops::Range;

use serde::Deserialize;

use crate::artefact::Artefact;
use crate::classifier::{Reading, ScoredWindow};
use crate::embedding::{Token, build_trie};
use crate::error::VectorError;
use crate::limits::{DIMENSION_MAX, LOOK_TOKENS_MAX, LOOK_WINDOWS_MAX, PIECES_MAX, READINGS_MAX};
use crate::unigram::Unigram;

/// Values of one block.
const BLOCK_VALUES: usize = 32;
/// Bytes of one block: a half-precision scale and two values a byte.
const BLOCK_BYTES: usize = 18;
/// What stands for zero in a nibble.
const ZERO: i32 = 8;

/// A frozen table of word vectors with its tokenizer.
#[derive(Debug, Clone)]
pub struct TokenTable {
    tokenizer: Unigram,
    rows: Vec<u8>,
    pieces: usize,
    dimension: usize,
    plan: Plan,
    metadata: String,
}

/// A stretch of one reading as the transformers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenWindow {
    /// Number of the reading.
    pub reading: usize,
    /// Bytes of the reading that it covers.
    pub span: Range<usize>,
    /// Pieces, the opening and the closing mark included.
    pub ids: Vec<u32>,
    /// The highest calibrated logit that the first look gave to a place in it; minus infinity when it gave none.
    pub suspicion: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// Text tokens of a window, without the two marks.
    inner: usize,
    stride: usize,
    maximum: usize,
    open: u32,
    close: u32,
}

#[derive(Deserialize)]
struct Metadata {
    format: String,
    version: u32,
    dimension: usize,
    window_tokens: usize,
    stride_tokens: usize,
    max_windows: usize,
    unknown: u32,
    open: u32,
    close: u32,
}

/// A window before its ids are copied, with what the first look says of that place.
struct Candidate {
    reading: usize,
    tokens: Range<usize>,
    span: Range<usize>,
    suspicion: f32,
    overlap: usize,
}

impl Metadata {
    fn plan(&self) -> Result<Plan, VectorError> {
        let bad = |reason: String| Err(VectorError::corrupt("metadata", reason));
        if self.format != "aimds.look" || self.version != 1 {
            return bad(format!(
                "expected aimds.look version 1, found {} {}",
                self.format, self.version
            ));
        }
        if !(BLOCK_VALUES..=DIMENSION_MAX).contains(&self.dimension)
            || !self.dimension.is_multiple_of(BLOCK_VALUES)
        {
            return bad(format!(
                "dimension {} is not a multiple of {BLOCK_VALUES} up to {DIMENSION_MAX}",
                self.dimension
            ));
        }
        if !(8..=LOOK_TOKENS_MAX).contains(&self.window_tokens) {
            return bad(format!("window_tokens must be 8 to {LOOK_TOKENS_MAX}"));
        }
        let inner = self.window_tokens - 2;
        if !(1..=inner).contains(&self.stride_tokens) {
            return bad(format!("stride_tokens must be 1 to {inner}"));
        }
        if !(1..=LOOK_WINDOWS_MAX).contains(&self.max_windows) {
            return bad(format!("max_windows must be 1 to {LOOK_WINDOWS_MAX}"));
        }
        Ok(Plan {
            inner,
            stride: self.stride_tokens,
            maximum: self.max_windows,
            open: self.open,
            close: self.close,
        })
    }
}

impl TokenTable {
    /// Reads `look.safetensors` (`docs/model-formats.md`, section 9).
    pub fn load(bytes: &[u8]) -> Result<Self, VectorError> {
        let artefact = Artefact::parse(bytes, "look")?;
        let metadata: Metadata = artefact.metadata()?;
        let plan = metadata.plan()?;
        let pieces = artefact.shape("scores")?.first().copied().unwrap_or(0);
        if !(1..=PIECES_MAX).contains(&pieces) {
            let reason = format!("expected 1 to {PIECES_MAX} pieces, found {pieces}");
            return Err(VectorError::corrupt("scores", reason));
        }
        let special = [metadata.unknown, metadata.open, metadata.close];
        if special.iter().any(|&id| id as usize >= pieces) {
            let reason = "a special piece is out of range";
            return Err(VectorError::corrupt("metadata", reason));
        }
        let row_bytes = metadata.dimension / BLOCK_VALUES * BLOCK_BYTES;
        let rows = artefact.u8s("table", &[pieces, row_bytes])?.to_vec();
        let (blocks, _) = rows.as_chunks::<BLOCK_BYTES>();
        if blocks.iter().any(|block| !scale_of(block).is_finite()) {
            return Err(VectorError::corrupt("table", "holds a scale that is not finite"));
        }
        let scores = artefact.f32s("scores", &[pieces])?;
        // Special pieces match no text: what a user writes must not stand where a mark of ours does.
        let trie = build_trie(&artefact, "", pieces, &special)?;
        Ok(Self {
            tokenizer: Unigram::new(trie, scores, metadata.unknown, false),
            rows,
            pieces,
            dimension: metadata.dimension,
            plan,
            metadata: artefact.metadata_text().to_owned(),
        })
    }

    /// Length of a word vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of pieces.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// Tokens of a full window, the two marks included.
    pub fn window_tokens(&self) -> usize {
        self.plan.inner + 2
    }

    /// Tokens from one window's start to the next one's.
    pub fn stride_tokens(&self) -> usize {
        self.plan.stride
    }

    /// Windows of one event at most.
    pub fn windows_max(&self) -> usize {
        self.plan.maximum
    }

    /// The metadata of the file, as JSON: fusion and calibration numbers are the caller's.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// Memory held by table and tokenizer.
    pub fn memory_bytes(&self) -> usize {
        self.rows.capacity() + self.tokenizer.memory_bytes()
    }

    /// The pieces of a text, without marks.
    pub fn tokenize(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
        self.tokenizer.tokenize(text, &mut tokens);
        tokens
    }

    /// The windows of an event to look at, the most suspicious first, and how many there are in all.
    ///
    /// A text of at most `window_tokens - 2` pieces is one window; a longer one has as few windows as a stride of at most
    /// `stride_tokens` needs, of one length and evenly spread. Of more than `maximum` windows those are taken where `first_look` gave the highest logits.
    pub fn windows(
        &self,
        readings: &[Reading<'_>],
        first_look: &[ScoredWindow],
        maximum: usize,
    ) -> (Vec<TokenWindow>, usize) {
        let cut: Vec<Vec<Token>> = readings
            .iter()
            .take(READINGS_MAX)
            .map(|reading| self.tokenize(reading.text))
            .collect();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (number, (reading, tokens)) in readings.iter().zip(&cut).enumerate() {
            if tokens.is_empty() {
                continue;
            }
            let scored = scored_places(first_look, number);
            for window in self.plan.windows(tokens.len()) {
                let span = span_of(reading.text, tokens, &window);
                let (suspicion, overlap) = suspicion_of(&scored, &span);
                candidates.push(Candidate {
                    reading: number,
                    tokens: window,
                    span,
                    suspicion,
                    overlap,
                });
            }
        }
        let all = candidates.len();
        // A stable sort: equal ones keep the order of the text.
        candidates.sort_by(|a, b| {
            b.suspicion
                .total_cmp(&a.suspicion)
                .then(b.overlap.cmp(&a.overlap))
        });
        candidates.truncate(maximum.min(self.plan.maximum));
        let windows = candidates
            .into_iter()
            .map(|candidate| TokenWindow {
                ids: self.ids_of(cut.get(candidate.reading), candidate.tokens),
                reading: candidate.reading,
                span: candidate.span,
                suspicion: candidate.suspicion,
            })
            .collect();
        (windows, all)
    }

    fn ids_of(&self, tokens: Option<&Vec<Token>>, window: Range<usize>) -> Vec<u32> {
        let inside = tokens.and_then(|tokens| tokens.get(window)).unwrap_or_default();
        let mut ids = Vec::with_capacity(inside.len() + 2);
        ids.push(self.plan.open);
        ids.extend(inside.iter().map(|token| token.id));
        ids.push(self.plan.close);
        ids
    }

    /// The word vectors of many windows, padded with zeros to `length` rows each: [windows, length, dimension].
    pub fn gather(&self, windows: &[&[u32]], length: usize) -> Vec<f32> {
        let row_values = self.dimension;
        let mut values = vec![0.0; windows.len() * length * row_values];
        for (ids, window) in windows
            .iter()
            .zip(values.chunks_mut((length * row_values).max(1)))
        {
            for (&id, row) in ids.iter().zip(window.chunks_mut(row_values)) {
                self.unpack(id, row);
            }
        }
        values
    }

    fn unpack(&self, id: u32, row: &mut [f32]) {
        let row_bytes = self.dimension / BLOCK_VALUES * BLOCK_BYTES;
        let start = id as usize * row_bytes;
        let packed = self.rows.get(start..start + row_bytes).unwrap_or_default();
        let (blocks, _) = packed.as_chunks::<BLOCK_BYTES>();
        let (values, _) = row.as_chunks_mut::<BLOCK_VALUES>();
        for (block, values) in blocks.iter().zip(values) {
            let scale = scale_of(block);
            let [_, _, nibbles @ ..] = block;
            let (low, high) = values.split_at_mut(BLOCK_VALUES / 2);
            for ((byte, low), high) in nibbles.iter().zip(low).zip(high) {
                *low = (i32::from(byte & 15) - ZERO) as f32 * scale;
                *high = (i32::from(byte >> 4) - ZERO) as f32 * scale;
            }
        }
    }
}

impl Plan {
    /// As few windows as a stride of at most `stride` needs, all of one length and evenly spread: two full ones for a text that
    /// is a little longer than one would read most of it twice.
    fn windows(self, count: usize) -> Vec<Range<usize>> {
        let steps = count.saturating_sub(self.inner).div_ceil(self.stride);
        let overlap = self.inner - self.stride;
        let length = (count + steps * overlap).div_ceil(steps + 1);
        (0..=steps)
            .map(|step| step * (count - length) / steps.max(1))
            .map(|start| start..start + length)
            .collect()
    }
}

/// The bytes from a window's first token to where the token after it begins, without the white space there.
fn span_of(text: &str, tokens: &[Token], window: &Range<usize>) -> Range<usize> {
    let start = tokens.get(window.start).map_or(0, |token| token.start as usize);
    let end = tokens
        .get(window.end)
        .map_or(text.len(), |token| token.start as usize);
    let covered = text.get(start..end).unwrap_or_default();
    start..start + covered.trim_end().len()
}

/// What the first look said of places in a reading: its windows, or the whole when there are none.
fn scored_places(first_look: &[ScoredWindow], reading: usize) -> Vec<&ScoredWindow> {
    let of_reading = || first_look.iter().filter(|scored| scored.reading == reading);
    let has_windows = of_reading().any(|scored| scored.is_window);
    of_reading()
        .filter(|scored| scored.is_window || !has_windows)
        .collect()
}

/// The highest logit of a place that overlaps the span, and by how many bytes it does.
fn suspicion_of(scored: &[&ScoredWindow], span: &Range<usize>) -> (f32, usize) {
    let mut best = (f32::NEG_INFINITY, 0);
    for place in scored {
        let overlap = place
            .span
            .end
            .min(span.end)
            .saturating_sub(place.span.start.max(span.start));
        if overlap > 0 && (place.logit, overlap) > best {
            best = (place.logit, overlap);
        }
    }
    best
}

fn scale_of(block: &[u8; BLOCK_BYTES]) -> f32 {
    let [low, high, ..] = *block;
    half(u16::from_le_bytes([low, high]))
}

/// An IEEE 754 half-precision number.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10) & 0x1f, u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Subnormal: steps of 2^-24.
        0 => fraction as f32 / 16_777_216.0,
        31 if fraction == 0 => f32::INFINITY,
        31 => f32::NAN,
        // The bias grows from 15 to 127, the fraction from 10 bits to 23.
        _ => f32::from_bits(((exponent + 112) << 23) | (fraction << 13)),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
#[path = "token_table_tests.rs"]
mod tests;
