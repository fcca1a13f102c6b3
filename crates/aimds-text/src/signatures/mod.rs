//! Stateless detectors over every view: rule packs of phrases, proximity rules and linear-time regexes, with checked
//! secrets and personal data, and the judgement whether a match is used or only mentioned.
//!
//! One pass over the folded words of a view finds all phrases, a second over the view itself finds punctuated phrases and the
//! required literals of the regexes, both in tries; a regex runs only around its literals. Everything is linear in the text
//! (a literal has a longest length) and bounded by [`limits`].

mod announce;
mod category;
pub mod checks;
mod compile;
mod context;
mod data;
mod engine;
mod error;
mod inner;
mod lazy;
mod letters;
pub mod limits;
mod literals;
mod matcher;
mod near;
mod needles;
mod pack;
mod patterns;
mod phrases;
mod shared;
mod trie;
mod uses;
mod view_scan;
mod words;

pub use category::{Category, EventKind};
pub use context::ContextReason;
pub use engine::{RuleMatch, ScanReport, SignatureEngine};
pub use error::{PackError, PackErrorKind};
pub use needles::{NeedleMatch, NeedleScanner};
pub use pack::{ContextPolicy, PackSource, RuleHead};
pub use patterns::LinearPatterns;
pub use words::fold_words;
