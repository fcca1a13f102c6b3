//! Every bound of this crate, with its reason. A value beyond a bound is INCONCLUSIVE: neither proved nor refuted.

/// Events of one slice: a session of the longest agent traces of the corpora, and the kernel's time stays below a second.
pub const EVENTS_MAX: usize = 200;

/// Facts of one slice, all events together: ten an event at the most events.
pub const FACTS_MAX: usize = 2_000;

/// Rules of one policy.
pub const RULES_MAX: usize = 64;

/// Nesting of one formula; recursion over formulas stays this deep.
pub const FORM_DEPTH_MAX: usize = 64;

/// Operators and atoms of one policy, all rules together: their terms stay well below [`EXPRESSIONS_MAX`].
pub const POLICY_NODES_MAX: usize = 8_192;

/// Highest atom id: 16 bits. Ids are numbered densely in a slice, so that no slice comes near.
pub const ATOM_MAX: u32 = 65_535;

/// Time since the first event of the slice, and window ends, in milliseconds: 24 days.
pub const TIME_MS_MAX: u64 = (1 << 31) - 1;

/// How many events `Count` can ask for: more than a slice holds would never be met.
pub const COUNT_MAX: u64 = 65_535;
