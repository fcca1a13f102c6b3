//! Text kernels: `normalise` undoes the ways text is hidden, `signatures` matches rule packs over what that yields.
//!
//! Both are linear in the input, bounded by explicit limits, and know nothing of Python.

pub mod normalise;
pub mod signatures;
