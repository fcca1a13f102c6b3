//! Vector kernels: tokenizers, static embedding, classifier head, nearest-neighbour index.
//!
//! Everything here works on canonical text (see `aimds-text`) and on the model files that `docs/model-formats.md`
//! defines. All work is linear in the text and bounded by [`limits`]; a damaged file gives a [`VectorError`].

mod artefact;
mod classifier;
mod embedding;
mod error;
mod hashed;
mod head;
mod index;
mod index_file;
mod kernels;
mod lexical;
mod lexicon;
pub mod limits;
mod network;
mod token_table;
mod trie;
mod unigram;
mod units;
mod wordpiece;

pub use classifier::{Classifier, Outcome, Reading, ScoredWindow, dense_features};
pub use embedding::{Embedding, Pooled, Token};
pub use error::VectorError;
pub use hashed::{HashedPlan, HashedUnits};
pub use head::{Block, CONTEXT_FEATURE_NAMES, Context, Head};
pub use index::{Attributes, Filter, IndexStats, Match, PatternIndex, SearchPlan};
pub use lexical::{LEXICAL_FEATURE_NAMES, LEXICAL_FEATURES, lexical_features};
pub use token_table::{TokenTable, TokenWindow};
pub use units::{Unit, Units, WindowPlan};
