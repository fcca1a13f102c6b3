//! What a session remembers of one event: fixed-size features, computed once from the canonical text.

use super::hashing::{Fnv, SimhashCounter, combine, hash_text};
use super::lexicon::{CueReader, Cues};

/// What the event is. The numbers are part of exported states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Kind {
    /// Text for the model from its user or from another agent.
    #[default]
    Prompt = 0,
    /// Text fetched for the model.
    Document = 1,
    /// The model calls a tool.
    ToolCall = 2,
    /// What the tool answered.
    ToolResult = 3,
    /// The model's answer.
    Response = 4,
}

impl Kind {
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [
            Self::Prompt,
            Self::Document,
            Self::ToolCall,
            Self::ToolResult,
            Self::Response,
        ]
        .get(usize::from(number))
        .copied()
    }
}

/// Who produced the event. The numbers are part of exported states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Role {
    /// The operator.
    System = 0,
    /// A person, or a programme in a person's place.
    #[default]
    User = 1,
    /// The guarded model.
    Assistant = 2,
    /// A tool.
    Tool = 3,
    /// Another agent.
    Agent = 4,
}

impl Role {
    /// The role with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::Tool, Self::Agent]
            .get(usize::from(number))
            .copied()
    }
}

/// Instruction-like sentences remembered of one event. A replicating prompt is a few sentences; more than six would only
/// let an attacker fill the table with decoys.
pub const PAYLOADS_MAX: usize = 6;

/// Sentences shorter than this are too common to be a payload ("send it to me").
const PAYLOAD_WORDS_MIN: u32 = 5;

/// From this risk on every sentence of an event may be its payload.
const PAYLOAD_RISK: f32 = 0.3;

/// Words up to this length are mostly grammar; longer ones carry the subject and weigh double.
const SHORT_WORD_LETTERS: u32 = 3;

/// Size of the filter of words seen, in 64-bit words: each word counts once, or "the" would decide. In texts of thousands
/// of different words the filter fills, and the first thousands decide.
const SEEN_WORDS: usize = 256;

/// Words at either end that tell a template ("What is the capital of ...").
const FRAME_WORDS: u32 = 3;

/// More words than a confirmation has; from there on a turn says something of its own.
const ROUTINE_WORDS_MAX: u32 = 4;

/// Fixed-size features of one event. All hashes are of the case-folded text with white space collapsed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TurnFeatures {
    /// Hash of the text: equal texts, equal hash.
    pub exact: u64,
    /// Similarity hash of the set of words.
    pub simhash: u64,
    /// Hash of the text with every number replaced by one mark: equal for page 1 and page 2.
    pub masked: u64,
    /// Sum of the numbers in the text, saturating: grows from page to page.
    pub number: u64,
    /// Fingerprints of instruction-like sentences, ascending; zero where there is none.
    pub payloads: [u32; PAYLOADS_MAX],
    /// Hash of the first words, numbers left out: equal in texts made from one template.
    pub head: u32,
    /// Hash of the last words.
    pub tail: u32,
    /// Hash of the tool's name; zero without one.
    pub tool: u32,
    /// Length in characters.
    pub length: u32,
    /// Words (single characters in scripts without spaces).
    pub words: u32,
    /// What the earlier stages think of the event, in [0, 1].
    pub risk: f32,
    /// Cue words found.
    pub cues: Cues,
    /// Embedded speaker marks ("User:", "Q:"): the shots of a many-shot prompt.
    pub dialog: u16,
    /// What the event is.
    pub kind: Kind,
    /// Who produced it.
    pub role: Role,
}

impl TurnFeatures {
    /// Features of a canonical text. `risk` outside [0, 1], or not a number, is brought into the range.
    pub fn of_text(text: &str, kind: Kind, role: Role, tool: Option<&str>, risk: f32) -> Self {
        let risk = if risk.is_nan() { 0.0 } else { risk.clamp(0.0, 1.0) };
        let mut reader = Reader::new(risk);
        for letter in text.chars() {
            reader.letter(letter);
        }
        let mut features = reader.finish();
        features.tool = tool.map_or(0, |name| fold(hash_text(name)));
        features.kind = kind;
        features.role = role;
        features.risk = risk;
        features
    }
}

/// 32 bits of a hash, never zero (zero means "none").
#[inline]
fn fold(hash: u64) -> u32 {
    ((hash ^ (hash >> 32)) as u32).max(1)
}

/// One pass over the text, letter by letter, without memory of its own.
#[expect(clippy::struct_field_names, reason = "`features` is what is being made")]
struct Reader {
    risk: f32,
    features: TurnFeatures,
    exact: Fnv,
    masked: Fnv,
    simhash: SimhashCounter,
    cue_reader: CueReader,
    seen: [u64; SEEN_WORDS],
    word: Fnv,
    word_letters: u32,
    word_is_number: bool,
    in_number: bool,
    number_value: u64,
    blank_due: bool,
    routine_words: u32,
    last_word: u64,
    first_words: u64,
    last_words: [u64; FRAME_WORDS as usize],
    sentence: u64,
    sentence_words: u32,
    sentence_cues: Cues,
}

impl Reader {
    fn new(risk: f32) -> Self {
        Self {
            risk,
            features: TurnFeatures::default(),
            exact: Fnv::default(),
            masked: Fnv::default(),
            simhash: SimhashCounter::default(),
            cue_reader: CueReader::default(),
            seen: [0; SEEN_WORDS],
            word: Fnv::default(),
            word_letters: 0,
            word_is_number: true,
            in_number: false,
            number_value: 0,
            blank_due: false,
            routine_words: 0,
            last_word: 0,
            first_words: 0,
            last_words: [0; FRAME_WORDS as usize],
            sentence: 0,
            sentence_words: 0,
            sentence_cues: Cues::default(),
        }
    }

    #[inline]
    fn letter(&mut self, letter: char) {
        self.features.length = self.features.length.saturating_add(1);
        if letter.is_ascii() {
            self.folded(letter.to_ascii_lowercase());
        } else {
            for lower in letter.to_lowercase() {
                self.folded(lower);
            }
        }
    }

    #[inline]
    fn folded(&mut self, letter: char) {
        if letter.is_whitespace() {
            self.end_number();
            self.end_word();
            self.blank_due = true;
            if letter == '\n' {
                self.end_sentence();
            }
            return;
        }
        if self.blank_due {
            self.blank_due = false;
            if self.features.words > 0 || self.exact != Fnv::default() {
                self.exact.push(32);
                self.masked.push(32);
            }
        }
        let code = u32::from(letter);
        self.exact.push(code);
        if let Some(digit) = letter.to_digit(10) {
            self.in_number = true;
            self.number_value = self
                .number_value
                .saturating_mul(10)
                .saturating_add(u64::from(digit));
        } else {
            self.end_number();
            self.masked.push(code);
        }
        if stands_alone(letter) {
            self.end_word();
            self.word.push(code);
            self.word_letters = 2;
            self.word_is_number = false;
            self.end_word();
        } else if letter.is_alphanumeric() || letter == '_' {
            self.word.push(code);
            self.word_letters = self.word_letters.saturating_add(1);
            self.word_is_number &= letter.is_ascii_digit() || letter == '_';
        } else {
            self.end_word();
            self.mark(letter);
        }
    }

    /// Punctuation that ends a sentence or follows a speaker's name.
    #[inline]
    fn mark(&mut self, letter: char) {
        match letter {
            ':' | '：' if is_speaker(self.last_word) => {
                self.features.dialog = self.features.dialog.saturating_add(1);
                self.last_word = 0;
            }
            '.' | '!' | '?' | '。' | '！' | '？' | '؟' | '।' => self.end_sentence(),
            _ => {}
        }
    }

    #[inline]
    fn end_number(&mut self) {
        if self.in_number {
            self.masked.push(u32::from('#'));
            self.features.number = self.features.number.saturating_add(self.number_value);
            self.in_number = false;
            self.number_value = 0;
        }
    }

    #[inline]
    fn end_word(&mut self) {
        if self.word_letters == 0 {
            return;
        }
        let hash = self.word.finish();
        if self.first_sight(hash) {
            self.simhash.add(
                hash,
                if self.word_letters <= SHORT_WORD_LETTERS {
                    1
                } else {
                    2
                },
            );
        }
        let cues = self.cue_reader.read(hash);
        if cues.has(Cues::ROUTINE) {
            self.routine_words = self.routine_words.saturating_add(1);
        }
        let cues = cues.without(Cues::ROUTINE);
        self.features.cues |= cues;
        self.features.words = self.features.words.saturating_add(1);
        self.sentence_cues |= cues;
        self.sentence = combine(self.sentence, hash);
        self.sentence_words = self.sentence_words.saturating_add(1);
        self.last_word = hash;
        let framing = if self.word_is_number { 0 } else { hash };
        if self.features.words <= FRAME_WORDS {
            self.first_words = combine(self.first_words, framing);
        }
        self.last_words.rotate_left(1);
        if let Some(last) = self.last_words.last_mut() {
            *last = framing;
        }
        self.word_is_number = true;
        self.word = Fnv::default();
        self.word_letters = 0;
    }

    /// Whether the word is new in this text, as far as a small Bloom filter can tell.
    #[inline]
    fn first_sight(&mut self, hash: u64) -> bool {
        let mut new = false;
        for bit in [hash, hash >> 32].map(|part| part as usize % (SEEN_WORDS * 64)) {
            if let Some(word) = self.seen.get_mut(bit / 64) {
                let mask = 1_u64 << (bit % 64);
                new |= *word & mask == 0;
                *word |= mask;
            }
        }
        new
    }

    fn end_sentence(&mut self) {
        let instructs = self.sentence_cues.has(Cues::PASS_ON | Cues::OVERRIDE) || self.risk >= PAYLOAD_RISK;
        if instructs && self.sentence_words >= PAYLOAD_WORDS_MIN {
            self.keep_payload(fold(self.sentence));
        }
        self.sentence = 0;
        self.sentence_words = 0;
        self.sentence_cues = Cues::default();
    }

    /// Keeps the smallest fingerprints: two texts with a common payload then mostly keep the same ones (bottom-k sketch).
    fn keep_payload(&mut self, mut fingerprint: u32) {
        for slot in &mut self.features.payloads {
            if *slot == fingerprint {
                return;
            }
            if *slot == 0 || fingerprint < *slot {
                std::mem::swap(slot, &mut fingerprint);
                if fingerprint == 0 {
                    return;
                }
            }
        }
    }

    fn finish(mut self) -> TurnFeatures {
        self.end_number();
        self.end_word();
        self.end_sentence();
        self.features.exact = self.exact.finish();
        self.features.masked = self.masked.finish();
        self.features.simhash = self.simhash.finish();
        self.features.head = fold(self.first_words);
        self.features.tail = fold(self.last_words.into_iter().fold(0, combine));
        let words = self.features.words;
        if words <= ROUTINE_WORDS_MAX && self.routine_words == words {
            self.features.cues |= Cues::ROUTINE;
        }
        self.features
    }
}

/// Scripts written without spaces: each character counts as a word.
#[inline]
fn stands_alone(letter: char) -> bool {
    matches!(u32::from(letter), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Whether the word names a speaker in a transcript.
#[inline]
fn is_speaker(word: u64) -> bool {
    use std::sync::OnceLock;
    static SPEAKERS: OnceLock<[u64; 12]> = OnceLock::new();
    SPEAKERS
        .get_or_init(|| {
            [
                "user",
                "assistant",
                "human",
                "ai",
                "q",
                "a",
                "bot",
                "question",
                "answer",
                "system",
                "model",
                "me",
            ]
            .map(hash_text)
        })
        .contains(&word)
}
