//! Writes export streams: terms, inductive types, and the text of the prelude.

pub(crate) mod encode;
pub(crate) mod inductive;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod term;

#[cfg(test)]
mod tests;
