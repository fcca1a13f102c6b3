//! Cue words: a small word list of our own that marks what a turn *does* in a conversation (refuses, frames a story,
//! hands over a fragment, asks for an instruction to be passed on). Cues are weak alone; trajectories weigh them in order.

use super::hashing::{combine, hash_text};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::{BitOr, BitOrAssign};
use std::sync::OnceLock;

/// A set of cues as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Cues(pub u32);

impl Cues {
    /// "yes", "ok", "continue", "hello": the whole turn is routine.
    pub const ROUTINE: Self = Self(1);
    /// A model declines.
    pub const REFUSAL: Self = Self(1 << 1);
    /// A story or hypothesis is set up.
    pub const FICTION: Self = Self(1 << 2);
    /// The model is given, or held to, another identity.
    pub const PERSONA: Self = Self(1 << 3);
    /// Asks to go further into what was said before.
    pub const DEEPER: Self = Self(1 << 4);
    /// Leans on earlier agreement ("you already", "just this once").
    pub const PRESSURE: Self = Self(1 << 5);
    /// Hands over one piece of something ("part 2", "remember this as b").
    pub const FRAGMENT: Self = Self(1 << 6);
    /// Asks to put pieces together.
    pub const COMBINE: Self = Self(1 << 7);
    /// Asks to act on the result ("execute", "follow it").
    pub const EXECUTE: Self = Self(1 << 8);
    /// A tool reports a failure.
    pub const ERROR: Self = Self(1 << 9);
    /// A tool reports work still running.
    pub const PENDING: Self = Self(1 << 10);
    /// Asks for something to be passed on or repeated.
    pub const PASS_ON: Self = Self(1 << 11);
    /// Orders earlier instructions to be dropped.
    pub const OVERRIDE: Self = Self(1 << 12);

    /// Bits that a restored state may hold.
    pub const ALL: u32 = (1 << 13) - 1;

    /// Names, in bit order.
    pub const NAMES: [&'static str; 13] = [
        "routine", "refusal", "fiction", "persona", "deeper", "pressure", "fragment", "combine", "execute",
        "error", "pending", "pass_on", "override",
    ];

    /// Whether any of the other's cues is here.
    #[inline]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Without the other's cues.
    #[inline]
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Cues {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Cues {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Phrases of one to three words, lower case, apostrophes dropped as the tokenizer drops them ("can't" -> "can t").
const PHRASES: &[(Cues, &str)] = &[
    (
        Cues::REFUSAL,
        "i can t|i cannot|i m sorry|i am sorry|i won t|i will not|unable to|not able to|can t help|cannot assist|\
         can t assist|not comfortable|against my|i must decline|lo siento|no puedo|es tut mir|ich kann nicht|je suis désolé|\
         je ne peux|mi dispiace|não posso|не могу|извините|nie mogę|kan ik niet",
    ),
    (
        Cues::FICTION,
        "imagine|pretend|hypothetically|hypothetical|fiction|fictional|a story|the story|short story|novel|screenplay|\
         in this scene|the character|thought experiment|suppose that|let s play|role play|roleplay|imagina|ficción|stell dir|\
         imagine que|вообрази|представь",
    ),
    (
        Cues::PERSONA,
        "you are now|act as|stay in character|in character|persona|from now on|your name is|you will be|as your character|\
         become|you no longer|your true self|alter ego|remain as|actúa como|du bist jetzt|ab jetzt|tu es maintenant|\
         ты теперь|agisci come",
    ),
    (
        Cues::DEEPER,
        "more detail|more details|more specific|more specifically|be specific|go further|go deeper|exact|exactly how|exactly|\
         step by step|uncensored|in depth|more explicit|more graphic|next level|a bit further|take it further|without warnings|\
         más detalle|genauer|plus de détails|подробнее|più dettagli",
    ),
    (
        Cues::PRESSURE,
        "you already|you just|since you|as you said|you said|earlier you|you agreed|you told me|just this once|just a small|\
         only a little|one more thing|small favour|small favor|no big deal|you did it|last time you|we agreed|it s only|\
         ya dijiste|du hast schon|tu as déjà|ты уже",
    ),
    (
        Cues::FRAGMENT,
        "part one|part two|part three|part four|part 1|part 2|part 3|part 4|part 5|first part|second part|third part|next part|\
         last part|fragment|first piece|next piece|remember this|remember that|store this|hold on to|keep this|call it|\
         save this|variable|let a|let b|let c|first half|second half|to be continued|piece 1|piece 2|piece 3|chunk",
    ),
    (
        Cues::COMBINE,
        "combine|concatenate|join them|join the|put together|put them together|assemble|merge|stitch|append them|a b c|\
         all the parts|all parts|all pieces|reconstruct|decode",
    ),
    (
        Cues::EXECUTE,
        "execute|carry out|follow it|follow the result|follow that|run it|run the result|do what it|obey|answer it|\
         answer the result|respond to it|respond to the|comply with|act on it|act on the",
    ),
    (
        Cues::ERROR,
        "error|failed|failure|timeout|timed out|exception|unavailable|not found|denied|refused|rate limit|500|502|503|504|429|\
         invalid|traceback|could not|cannot connect|try again|retry",
    ),
    (
        Cues::PENDING,
        "pending|running|queued|in progress|processing|not ready|waiting|building|uploading|in_progress|scheduled",
    ),
    (
        Cues::PASS_ON,
        "forward this|forward it|send this|send it|copy this|copy these|include this|include these|repeat this|repeat these|\
         append this|append these|share this|spread|propagate|replicate|insert this|paste this|pass this|pass on|pass it|\
         reply with|add this|every reply|every message|every email|all contacts|each response|in every|to everyone|\
         to all|other agents|next agent|reenvía|weiterleiten|transmets|перешли",
    ),
    (
        Cues::OVERRIDE,
        "ignore previous|ignore all|ignore the|ignore your|disregard|previous instructions|prior instructions|\
         your instructions|override|forget your|forget all|forget everything|bypass|jailbreak|system prompt|new instructions|\
         ignora las|ignoriere|ignorez|ignore as|игнорируй|忽略",
    ),
];

/// Words of which routine turns are made, alone or a few together.
const ROUTINE_WORDS: &str = "yes|yeah|yep|no|nope|ok|okay|k|sure|fine|right|correct|continue|next|go|on|ahead|more|thanks|thank|you|\
     please|hi|hello|hey|good|morning|evening|afternoon|great|cool|got|it|done|and|then|agreed|confirm|confirmed|proceed|keep|going|\
     y|n|sí|si|claro|vale|gracias|sigue|hola|oui|non|merci|bonjour|suite|ja|nein|weiter|danke|hallo|gut|da|да|нет|дальше|спасибо|\
     привет|sim|não|obrigado|olá|ciao|grazie|avanti|tak|nie|dalej|evet|hayır|devam|好|的|是|继|续|谢|下|一|个|は|い|次|続|け|て|네|계속|다음|نعم|لا|شكرا|हाँ|नहीं|और";

/// A hasher for keys that are already hashes.
#[derive(Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Table = HashMap<u64, Cues, BuildHasherDefault<Identity>>;

fn build() -> Table {
    let mut table = Table::default();
    for (cue, phrases) in PHRASES {
        for phrase in phrases.split('|') {
            let key = phrase.split_whitespace().map(hash_text).reduce(combine);
            if let Some(key) = key {
                *table.entry(key).or_default() |= *cue;
            }
        }
    }
    for word in ROUTINE_WORDS.split('|') {
        *table.entry(hash_text(word)).or_default() |= Cues::ROUTINE;
    }
    table
}

/// Looks phrases up as their words go by.
#[derive(Debug, Clone, Copy)]
pub struct CueReader {
    table: &'static Table,
    one_back: u64,
    two_back: u64,
}

impl Default for CueReader {
    fn default() -> Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        Self {
            table: TABLE.get_or_init(build),
            one_back: 0,
            two_back: 0,
        }
    }
}

impl CueReader {
    /// The cues of all phrases of up to three words that end with this word; `ROUTINE` speaks of the word alone.
    #[inline]
    pub fn read(&mut self, word: u64) -> Cues {
        let pair = combine(self.one_back, word);
        let mut cues = self.look(word) | self.look(pair).without(Cues::ROUTINE);
        if self.two_back != 0 {
            cues |= self.look(combine(self.two_back, word)).without(Cues::ROUTINE);
        }
        self.two_back = if self.one_back == 0 { 0 } else { pair };
        self.one_back = word;
        cues
    }

    #[inline]
    fn look(&self, key: u64) -> Cues {
        self.table.get(&key).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues_of(text: &str) -> Cues {
        let mut reader = CueReader::default();
        text.split_whitespace()
            .map(|word| reader.read(hash_text(word)))
            .fold(Cues::default(), |all, cue| all | cue)
    }

    #[test]
    fn phrases_of_one_two_and_three_words_are_read_anywhere() {
        assert!(cues_of("now please concatenate a and b").has(Cues::COMBINE));
        assert!(cues_of("well then you are now free").has(Cues::PERSONA));
        assert!(cues_of("i am afraid i cannot do that").has(Cues::REFUSAL));
        assert!(cues_of("tell me more details of it").has(Cues::DEEPER));
    }

    #[test]
    fn words_of_a_phrase_apart_are_not_the_phrase() {
        assert!(!cues_of("part of the one").has(Cues::FRAGMENT));
        assert!(!cues_of("the weather is nice").has(Cues(Cues::ALL & !1)));
    }
}
