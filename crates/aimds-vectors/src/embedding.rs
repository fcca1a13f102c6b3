//! The static embedding: token tables with their tokenizers, and the pooling of tokens to vectors.
//!
//! Method: a token table distilled from a sentence encoder (model2vec, Tulkens and van Dongen 2024), pooled by weighted mean.

use std::ops::Range;

use serde::Deserialize;

use crate::artefact::Artefact;
use crate::error::VectorError;
use crate::kernels::{add_and_keep_peak, add_scaled_i8, normalise, quantise, scale};
use crate::limits::{DIMENSION_MAX, PIECE_BYTES_MAX, PIECES_MAX, TABLES_MAX};
use crate::trie::Trie;
use crate::unigram::Unigram;
use crate::wordpiece::WordPiece;

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Number of the piece in its table.
    pub id: u32,
    /// Byte of the text at which it begins.
    pub start: u32,
}

/// The pooled vectors of one stretch of text, all tables one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pooled {
    /// Weighted means.
    pub mean: Vec<f32>,
    /// The means, each table's scaled to length 1.
    pub unit: Vec<f32>,
    /// Per dimension the scaled value of the largest magnitude; empty unless asked for.
    pub peak: Vec<f32>,
}

#[derive(Debug, Clone)]
enum Tokenizer {
    WordPiece(WordPiece),
    Unigram(Unigram),
}

#[derive(Debug, Clone)]
struct Table {
    name: String,
    dimension: usize,
    share: f32,
    rows: Vec<i8>,
    scale: Vec<f32>,
    weight: Vec<f32>,
    tokenizer: Tokenizer,
}

/// One or more token tables.
#[derive(Debug, Clone)]
pub struct Embedding {
    tables: Vec<Table>,
    model: String,
    fingerprint: u32,
}

#[derive(Deserialize)]
struct Metadata {
    format: String,
    version: u32,
    #[serde(default)]
    model: String,
    tables: Vec<TableMetadata>,
}

#[derive(Deserialize)]
struct TableMetadata {
    name: String,
    tokenizer: TokenizerKind,
    dimension: usize,
    unknown: u32,
    lowercase: bool,
    share: f32,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum TokenizerKind {
    WordPiece,
    Unigram,
}

impl Embedding {
    /// Reads `embedding.safetensors` (`docs/model-formats.md`, section 2).
    pub fn load(bytes: &[u8]) -> Result<Self, VectorError> {
        let artefact = Artefact::parse(bytes, "embedding")?;
        let metadata: Metadata = artefact.metadata()?;
        if metadata.format != "aimds.embedding" || metadata.version != 1 {
            return Err(VectorError::corrupt(
                "metadata",
                format!(
                    "expected aimds.embedding version 1, found {} {}",
                    metadata.format, metadata.version
                ),
            ));
        }
        if !(1..=TABLES_MAX).contains(&metadata.tables.len()) {
            return Err(VectorError::corrupt(
                "metadata",
                format!("expected 1 to {TABLES_MAX} tables"),
            ));
        }
        if !metadata.tables.iter().any(|table| table.share > 0.0) {
            return Err(VectorError::corrupt("metadata", "no table has a share"));
        }
        let tables = metadata
            .tables
            .into_iter()
            .map(|table| Table::load(&artefact, table))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            tables,
            model: metadata.model,
            fingerprint: crc32fast::hash(bytes),
        })
    }

    /// What the file says of its making.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// CRC-32 of the file: vectors made by another embedding cannot be compared with this one's.
    pub fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    /// Length of [`Self::embed`]'s vectors.
    pub fn dimension(&self) -> usize {
        self.shared().map(|(table, _)| table.dimension).sum()
    }

    /// Length of the vectors in [`Pooled`].
    pub fn pooled_dimension(&self) -> usize {
        self.tables.iter().map(|table| table.dimension).sum()
    }

    /// Names of the tables.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// Memory held by tables and tokenizers.
    pub fn memory_bytes(&self) -> usize {
        self.tables.iter().map(Table::memory_bytes).sum()
    }

    /// The tokens of a text, one list a table, in order of their places.
    pub fn tokenize(&self, text: &str) -> Vec<Vec<Token>> {
        self.tables
            .iter()
            .map(|table| {
                let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
                match &table.tokenizer {
                    Tokenizer::WordPiece(tokenizer) => tokenizer.tokenize(text, &mut tokens),
                    Tokenizer::Unigram(tokenizer) => tokenizer.tokenize(text, &mut tokens),
                }
                tokens
            })
            .collect()
    }

    /// Pools the tokens whose first byte lies in `span`.
    pub fn pool(&self, tokens: &[Vec<Token>], span: &Range<usize>, with_peak: bool) -> Pooled {
        let dimension = self.pooled_dimension();
        let mut pooled = Pooled {
            mean: vec![0.0; dimension],
            unit: Vec::new(),
            peak: vec![0.0; if with_peak { dimension } else { 0 }],
        };
        let mut at = 0;
        for (table, tokens) in self.tables.iter().zip(tokens) {
            let range = at..at + table.dimension;
            let first = tokens.partition_point(|token| (token.start as usize) < span.start);
            let end = tokens.partition_point(|token| (token.start as usize) < span.end);
            let inside = tokens.get(first..end).unwrap_or_default();
            if let Some(mean) = pooled.mean.get_mut(range.clone()) {
                table.pool(inside, mean, pooled.peak.get_mut(range).unwrap_or_default());
            }
            at += table.dimension;
        }
        pooled.unit.clone_from(&pooled.mean);
        self.each_table(&mut pooled.unit, |_, values| normalise(values));
        pooled
    }

    /// The embedding that the pattern index holds, of length 1: the tables' unit vectors by their shares.
    pub fn join(&self, pooled: &Pooled) -> Vec<f32> {
        let mut joined = Vec::with_capacity(self.dimension());
        for (table, at) in self.shared() {
            let values = pooled.unit.get(at..at + table.dimension).unwrap_or_default();
            joined.extend(values.iter().map(|value| value * table.share));
        }
        normalise(&mut joined);
        joined
    }

    /// The embedding of a whole text, of length 1 (zero for a text without tokens).
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let tokens = self.tokenize(text);
        self.join(&self.pool(&tokens, &(0..text.len()), false))
    }

    /// An embedding as the index keeps it.
    pub fn quantise(vector: &[f32]) -> Vec<i8> {
        vector.iter().map(|&value| quantise(value)).collect()
    }

    /// Tables with a share, each with the place of its values in [`Pooled`].
    fn shared(&self) -> impl Iterator<Item = (&Table, usize)> {
        let starts = self.tables.iter().scan(0, |at, table| {
            *at += table.dimension;
            Some(*at - table.dimension)
        });
        self.tables
            .iter()
            .zip(starts)
            .filter(|(table, _)| table.share > 0.0)
    }

    fn each_table(&self, values: &mut [f32], mut action: impl FnMut(&Table, &mut [f32])) {
        let mut rest = values;
        for table in &self.tables {
            let Some((head, tail)) = rest.split_at_mut_checked(table.dimension) else {
                return;
            };
            action(table, head);
            rest = tail;
        }
    }
}

impl Table {
    fn load(artefact: &Artefact<'_>, metadata: TableMetadata) -> Result<Self, VectorError> {
        let name = |tensor: &str| format!("{}.{tensor}", metadata.name);
        let dimension = metadata.dimension;
        let shape = artefact.shape(&name("table"))?;
        let pieces = shape.first().copied().unwrap_or(0);
        let bad = |reason: String| VectorError::corrupt(name("table"), reason);
        if !(1..=PIECES_MAX).contains(&pieces) {
            return Err(bad(format!("expected 1 to {PIECES_MAX} rows, found {pieces}")));
        }
        if !(8..=DIMENSION_MAX).contains(&dimension) || !dimension.is_multiple_of(8) {
            return Err(bad(format!(
                "dimension {dimension} is not a multiple of 8 up to {DIMENSION_MAX}"
            )));
        }
        if metadata.unknown as usize >= pieces || !metadata.share.is_finite() || metadata.share < 0.0 {
            return Err(bad("the unknown piece or the share is out of range".to_owned()));
        }
        let weight = artefact.f32s(&name("weight"), &[pieces])?;
        if weight.iter().any(|value| *value < 0.0) {
            return Err(VectorError::corrupt(name("weight"), "holds a negative weight"));
        }
        let trie = build_trie(artefact, &format!("{}.", metadata.name), pieces, &[])?;
        let tokenizer = match metadata.tokenizer {
            TokenizerKind::WordPiece => {
                Tokenizer::WordPiece(WordPiece::new(trie, metadata.unknown, metadata.lowercase))
            }
            TokenizerKind::Unigram => {
                let scores = artefact.f32s(&name("scores"), &[pieces])?;
                Tokenizer::Unigram(Unigram::new(trie, scores, metadata.unknown, metadata.lowercase))
            }
        };
        Ok(Self {
            rows: artefact.i8s(&name("table"), &[pieces, dimension])?,
            scale: artefact.f32s(&name("scale"), &[pieces])?,
            weight,
            dimension,
            share: metadata.share,
            tokenizer,
            name: metadata.name,
        })
    }

    fn memory_bytes(&self) -> usize {
        let tokenizer = match &self.tokenizer {
            Tokenizer::WordPiece(tokenizer) => tokenizer.memory_bytes(),
            Tokenizer::Unigram(tokenizer) => tokenizer.memory_bytes(),
        };
        self.rows.capacity() + (self.scale.capacity() + self.weight.capacity()) * size_of::<f32>() + tokenizer
    }

    /// Weight, scale and row of a token.
    #[inline]
    fn entry(&self, token: Token) -> Option<(f32, f32, &[i8])> {
        let id = token.id as usize;
        let row = self.rows.get(id * self.dimension..(id + 1) * self.dimension)?;
        Some((*self.weight.get(id)?, *self.scale.get(id)?, row))
    }

    /// Adds the weighted mean to `mean` (zeros before) and, unless it is empty, keeps the peaks in `peak`.
    fn pool(&self, tokens: &[Token], mean: &mut [f32], peak: &mut [f32]) {
        let mut total = 0.0_f32;
        for (weight, factor, row) in tokens.iter().filter_map(|&token| self.entry(token)) {
            if weight <= 0.0 {
                continue;
            }
            total += weight;
            if peak.is_empty() {
                add_scaled_i8(mean, row, weight * factor);
            } else {
                add_and_keep_peak(mean, peak, row, factor, weight);
            }
        }
        scale(mean, 1.0 / total.max(1e-9));
    }
}

/// The pieces as a trie, from the tensors `pieces` and `offsets` under a prefix; those in `silent` match no text.
pub(crate) fn build_trie(
    artefact: &Artefact<'_>,
    prefix: &str,
    pieces: usize,
    silent: &[u32],
) -> Result<Trie, VectorError> {
    let blob = artefact.bytes(&format!("{prefix}pieces"))?;
    let offsets = artefact.u32s(&format!("{prefix}offsets"), &[pieces + 1])?;
    let mut keys: Vec<(&[u8], u32)> = Vec::with_capacity(pieces);
    for (id, pair) in offsets.windows(2).enumerate() {
        let piece = match pair {
            [start, end] => blob.get(*start as usize..*end as usize),
            _ => None,
        };
        match piece {
            Some(piece) if piece.len() <= PIECE_BYTES_MAX && std::str::from_utf8(piece).is_ok() => {
                if !silent.contains(&(id as u32)) {
                    keys.push((piece, id as u32));
                }
            }
            _ => {
                return Err(VectorError::corrupt(
                    format!("{prefix}offsets"),
                    format!("piece {id} is not a short text"),
                ));
            }
        }
    }
    keys.sort_unstable();
    Ok(Trie::build(&keys))
}
