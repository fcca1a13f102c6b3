//! Every bound of this crate, with its reason.

/// Token tables in one embedding: English and multilingual, and room for two more.
pub const TABLES_MAX: usize = 4;

/// Pieces in one vocabulary: twice the largest published one (XLM-R, 250,037).
pub const PIECES_MAX: usize = 500_000;

/// Bytes of one piece: the longest in the known vocabularies have 48.
pub const PIECE_BYTES_MAX: usize = 256;

/// Dimension of one table: above the teachers' own 384.
pub const DIMENSION_MAX: usize = 1_024;

/// Bytes of a model file: the wheel's files are a tenth of it.
pub const MODEL_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Characters of one word that `WordPiece` looks at, as in BERT; a longer one is unknown.
pub const WORDPIECE_WORD_CHARACTERS_MAX: usize = 100;

/// Characters after which a text without white space is cut for the Unigram search: its state, 16 bytes a byte of the word,
/// stays below 256 KiB. Ordinary words never come near, and a paragraph of Chinese rarely does.
pub const UNIGRAM_WORD_CHARACTERS_MAX: usize = 4_096;

/// Characters of one unit: longer runs are encoded data, and their n-grams say little.
pub const UNIT_CHARACTERS_MAX: u32 = 24;

/// Outputs of a classifier: one per category and some to spare.
pub const OUTPUTS_MAX: usize = 32;

/// Layers of the classifier's network.
pub const LAYERS_MAX: usize = 4;

/// Width of a layer.
pub const WIDTH_MAX: usize = 4_096;

/// Hashed buckets.
pub const BUCKETS_MAX: usize = 1 << 22;

/// Dimension of a hashed row.
pub const HASHED_WIDTH_MAX: usize = 256;

/// Highest order of word n-grams.
pub const WORD_ORDER_MAX: usize = 5;

/// Highest order of character n-grams.
pub const CHARACTER_ORDER_MAX: usize = 8;

/// Windows a head may ask for: each costs what scoring a short text does (`python -m benches.vectors`), so that they bound a text.
pub const WINDOWS_MAX: usize = 1_024;

/// Readings of one event that are scored: the canonical text and the decoded views that `normalise` ranks first.
pub const READINGS_MAX: usize = 8;

/// Tokens of one window of the second look, its two marks included: its encoders know 512 positions.
pub const LOOK_TOKENS_MAX: usize = 512;

/// Windows of one event that the second look may take: at some milliseconds each, 256 bound it to about a second.
pub const LOOK_WINDOWS_MAX: usize = 256;

/// Patterns in one index: a million vectors of 512 bytes are about a gigabyte with their graph.
pub const PATTERNS_MAX: usize = 1_000_000;

/// Neighbours a search may ask for.
pub const NEIGHBOURS_MAX: usize = 1_024;

/// Up to this many candidates a filtered search scans them exactly (`python -m benches.vectors` times both); a filtered walk of
/// the graph costs more when it must pass by most of what it meets.
pub const EXACT_CANDIDATES_MAX: usize = 10_000;
