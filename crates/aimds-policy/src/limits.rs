//! Every bound of this crate, with its reason.

/// Bytes of one source file: the shipped ones have about 10 kB each.
pub const SOURCE_BYTES_MAX: usize = 256 * 1024;

/// Source files of one bundle: the shipped ten and an organisation's own.
pub const SOURCES_MAX: usize = 64;

/// Tokens of one file: a token has at least one byte, and real text has about one in five.
pub const TOKENS_MAX: usize = 64 * 1024;

/// Diagnostics that are kept, errors before warnings, and errors after which reading stops: nobody reads more, and a hostile file
/// must not fill memory with them.
pub const DIAGNOSTICS_MAX: usize = 50;

/// Nesting of a formula: that of a certificate (`formal.md` 9), so that what parses can be proved.
pub const FORM_DEPTH_MAX: usize = 64;

/// Nodes of one lowered rule: far above any rule a person can read, and small enough for a certificate's stream.
pub const RULE_NODES_MAX: usize = 512;

/// Rules of one policy set: the limit of a certificate.
pub const RULES_MAX: usize = 64;

/// Items of one file.
pub const ITEMS_MAX: usize = 1_024;

/// Atoms of one policy set: ids stay within 16 bits in the certificate, and extraction looks at each per event.
pub const ATOMS_MAX: usize = 1_024;

/// Strings in one set of constants.
pub const CONSTANTS_MAX: usize = 1_024;

/// Characters of one name.
pub const NAME_CHARACTERS_MAX: usize = 128;

/// Bytes of one string literal.
pub const STRING_BYTES_MAX: usize = 4 * 1024;

/// Parameters of one template.
pub const PARAMETERS_MAX: usize = 16;

/// `ensures` clauses of one policy: they are joined into one formula, and nobody keeps more guarantees of one rule in mind.
pub const ENSURES_MAX: usize = 8;

/// Greatest window, in milliseconds (24.8 days): times of a certificate stay below 2^31.
pub const WINDOW_MS_MAX: u64 = (1 << 31) - 1;

/// Greatest number in `count`: a certificate holds at most this many events.
pub const COUNT_MAX: u64 = 200;

/// Greatest number in a comparison: exact in every JSON reader (2^53).
pub const NUMBER_MAX: u64 = 1 << 53;

/// Events of one test.
pub const TEST_EVENTS_MAX: usize = 200;

/// Events that a decision may look back on: the limit of a certificate.
pub const SLICE_EVENTS_MAX: usize = 200;

/// Facts of one decision: the limit of a certificate.
pub const SLICE_FACTS_MAX: usize = 2_000;

/// Events that a session remembers for relations (`flows`, `approved`, equal arguments): as many as a slice holds.
pub const HISTORY_EVENTS_MAX: usize = SLICE_EVENTS_MAX;

/// Runs of true events that one window with a lower end above zero keeps apart; merging is exact unless more than this many
/// stand further apart than the window is wide.
pub const RUNS_MAX: usize = 64;

/// Arguments, elements and nested values of one event that extraction looks at.
pub const VALUES_MAX: usize = 1_024;

/// Nesting of one argument value.
pub const VALUE_DEPTH_MAX: usize = 16;

/// Characters of one event's text that taint tracking reads: a long web page. Beyond it "no overlap" is unknown.
pub const TAINT_CHARACTERS_MAX: usize = 32 * 1024;

/// Grams that one session keeps (4 bytes each, 2 MiB): the oldest texts are forgotten first, and then count as unknown.
pub const SESSION_GRAMS_MAX: usize = 512 * 1024;

/// References of one event to earlier ones.
pub const REFERENCES_MAX: usize = 64;

/// Bytes of an event's id: a UUID has 36, a span of a trace 49. A longer one counts as unknown.
pub const ID_BYTES_MAX: usize = 256;

/// Names and members that opening one constant or set may visit: each level can name the level below many times.
pub const VISITS_MAX: usize = 16 * 1024;

/// Bytes of an exported session state: 64 rules with every cell full stay far below.
pub const STATE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Characters of a line that the formatter fills before it breaks.
pub const LINE_CHARACTERS_MAX: usize = 120;
