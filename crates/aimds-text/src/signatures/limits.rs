//! Every bound of the engine with its reason.

/// Packs in one engine. The product ships about a dozen; a site adds a few.
pub const PACKS_MAX: usize = 64;
/// One pack file: the largest shipped one is below a tenth of this.
pub const PACK_BYTES_MAX: usize = 1024 * 1024;
/// Rules in one engine: keeps rule numbers, and the cost of sorting matches by rule, small.
pub const RULES_MAX: usize = 4096;
/// Phrases of one engine after lists are expanded: the automaton takes about 100 bytes each.
pub const PHRASES_MAX: usize = 65_536;
/// One phrase or prefilter literal. Longer ones are never typed twice the same way.
pub const PHRASE_BYTES_MAX: usize = 200;
/// One regex, as written.
pub const REGEX_BYTES_MAX: usize = 2000;
/// Regexes in one engine: the worst text makes each of them read it once.
pub const REGEXES_MAX: usize = 512;
/// Compiled size of one regex. Unicode `\w` repeated a few times fits; a counted repetition of thousands does not.
pub const REGEX_STATES_BYTES_MAX: usize = 1024 * 1024;
/// Lazy automaton cache of one regex and thread: enough to hold all states that ordinary text reaches.
pub const REGEX_CACHE_BYTES: usize = 256 * 1024;
/// Bytes that all regexes together may read of all views, as a multiple of their length. Honest text makes them read less
/// than that; what makes them read more was written to.
pub const REGEX_WORK_FACTOR: usize = 2;
/// Work that any text may cause, in bytes read: automata that are run for the first time make their states (a few hundred
/// bytes each). `python -m training.rule_report` prints how many texts of a corpus need more than they may have.
pub const REGEX_WORK_FLOOR: usize = 5 * 512 * 1024;
/// Required literals that one regex may have: country codes with a digit are 800.
pub const REGEX_LITERALS_MAX: usize = 1024;
/// A shorter required literal would start the regex nearly everywhere.
pub const REGEX_LITERAL_BYTES_MIN: usize = 2;
/// Default length of a regex match in bytes: a sentence.
pub const WINDOW_BYTES_DEFAULT: usize = 512;
/// Longest match a rule may ask for: a PEM private key of 8192 bits has about 6 KB.
pub const WINDOW_BYTES_MAX: usize = 8192;
/// Slots of one proximity rule: more than six describe one sentence, not an idea.
pub const SLOTS_MAX: usize = 6;
/// Words that a proximity rule may span: two long sentences, or 64 characters of Chinese.
pub const WITHIN_MAX: usize = 64;
/// Candidates kept for one view before checks and context. A text of 100 KB holds at most about 20,000 words; what lies beyond
/// is reported as `truncated`, never silently dropped.
pub const CANDIDATES_MAX: usize = 65_536;
/// Matches reported for one text, the best first and at least the best of each rule up to this number.
pub const MATCHES_MAX: usize = 256;
/// Longest quotation that counts as one, in bytes: two unpaired marks in a long text are not a quotation.
pub const QUOTE_BYTES_MAX: usize = 4096;
/// Needles (planted tokens) of one scanner.
pub const NEEDLES_MAX: usize = 4096;
/// Shortest needle in bytes: shorter ones turn up in honest text by chance.
pub const NEEDLE_BYTES_MIN: usize = 8;
