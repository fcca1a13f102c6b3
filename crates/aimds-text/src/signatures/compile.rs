//! From valid packs to the tables that a scan walks.

use super::category::Category;
use super::context::FrameRole;
use super::error::{PackError, PackErrorKind};
use super::inner;
use super::limits;
use super::literals::Literals;
use super::matcher::Matcher;
use super::near::{Gate, NearRule};
use super::pack::{Frame, Near, Pack, Phrase, Rule, RuleHead};
use super::patterns;
use super::phrases::Phrases;
use super::words::fold_words;
use std::collections::{BTreeMap, HashSet};

/// What a phrase hit in the folded words means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordRole {
    Any {
        rule: u32,
    },
    Slot {
        near: u32,
        slot: u32,
        gate: Option<Gate>,
    },
    Unless {
        rule: u32,
    },
    Frame {
        role: FrameRole,
    },
}

/// One use of a phrase, and whether the word may go on at either end.
#[derive(Debug, Clone, Copy)]
pub struct WordUse {
    pub role: WordRole,
    pub open_start: bool,
    pub open_end: bool,
}

/// What a literal hit in the view itself means.
#[derive(Debug, Clone, Copy)]
pub enum RawUse {
    Phrase {
        rule: u32,
    },
    Prefilter {
        regex: u32,
    },
    /// A match of the regex may be cut here ([`inner`]).
    Cut {
        regex: u32,
    },
    /// A match of the regex holds such a literal.
    Second {
        regex: u32,
    },
}

/// A regex of a rule.
#[derive(Debug)]
pub struct RuleRegex {
    pub rule: u32,
    pub matcher: Matcher,
}

/// All that a scan needs.
#[derive(Debug)]
pub struct Tables {
    pub rules: Vec<RuleHead>,
    pub vetoed: Vec<bool>,
    pub phrases: Phrases,
    pub literals: Literals<RawUse>,
    pub near: Vec<NearRule>,
    pub near_states: usize,
    pub regexes: Vec<RuleRegex>,
}

struct Builder {
    words: BTreeMap<String, Vec<WordUse>>,
    raw: BTreeMap<String, Vec<RawUse>>,
    /// Literals whose case counts.
    raw_exact: BTreeMap<String, Vec<RawUse>>,
    phrases: usize,
    near: Vec<NearRule>,
    near_states: usize,
    regexes: Vec<RuleRegex>,
    rules: Vec<RuleHead>,
    vetoed: Vec<bool>,
    ids: HashSet<String>,
}

/// A fault of a set of packs as a whole, placed in the pack that goes too far.
fn whole(pack: &Pack, line: usize, rule: Option<&str>, kind: PackErrorKind) -> PackError {
    PackError {
        file: pack.file.clone(),
        line,
        rule: rule.map(str::to_owned),
        kind,
    }
}

/// Compiles the packs.
///
/// # Errors
/// [`PackError`] with the first fault found.
pub fn compile(packs: &[Pack]) -> Result<Tables, PackError> {
    let mut builder = Builder {
        words: BTreeMap::new(),
        raw: BTreeMap::new(),
        raw_exact: BTreeMap::new(),
        phrases: 0,
        near: Vec::new(),
        near_states: 0,
        regexes: Vec::new(),
        rules: Vec::new(),
        vetoed: Vec::new(),
        ids: HashSet::new(),
    };
    let mut names = HashSet::new();
    for (index, pack) in packs.iter().enumerate() {
        if index == limits::PACKS_MAX {
            let kind = PackErrorKind::TooMany {
                what: "packs",
                found: packs.len(),
                limit: limits::PACKS_MAX,
            };
            return Err(whole(pack, 0, None, kind));
        }
        if !names.insert(&pack.name) {
            return Err(whole(pack, 0, None, PackErrorKind::Duplicate(pack.name.clone())));
        }
        for rule in &pack.rules {
            builder.rule(pack, rule)?;
        }
        for frame in &pack.frames {
            builder.frame(pack, frame)?;
        }
    }
    Ok(builder.finish())
}

impl Builder {
    fn rule(&mut self, pack: &Pack, rule: &Rule) -> Result<(), PackError> {
        let fault = |line: usize, kind: PackErrorKind| whole(pack, line, Some(&rule.head.id), kind);
        if !self.ids.insert(rule.head.id.clone()) {
            return Err(fault(rule.line, PackErrorKind::Duplicate(rule.head.id.clone())));
        }
        if self.rules.len() == limits::RULES_MAX {
            let kind = PackErrorKind::TooMany {
                what: "rules",
                found: limits::RULES_MAX + 1,
                limit: limits::RULES_MAX,
            };
            return Err(fault(rule.line, kind));
        }
        let number = self.rules.len() as u32;
        for phrase in &rule.any {
            self.phrase(phrase, true, WordRole::Any { rule: number })
                .map_err(|kind| fault(phrase.line, kind))?;
        }
        for phrase in &rule.unless {
            self.phrase(phrase, false, WordRole::Unless { rule: number })
                .map_err(|kind| fault(phrase.line, kind))?;
        }
        for near in &rule.near {
            self.near(number, near)
                .map_err(|(line, kind)| fault(line, kind))?;
        }
        for regex in &rule.regex {
            self.regex(number, rule, regex)
                .map_err(|kind| fault(regex.line, kind))?;
        }
        self.rules.push(rule.head.clone());
        self.vetoed.push(!rule.unless.is_empty());
        Ok(())
    }

    fn frame(&mut self, pack: &Pack, frame: &Frame) -> Result<(), PackError> {
        let fault = |line: usize, kind: PackErrorKind| whole(pack, line, Some(&frame.id), kind);
        if !self.ids.insert(frame.id.clone()) {
            let line = frame.phrases.first().map_or(0, |phrase| phrase.line);
            return Err(fault(line, PackErrorKind::Duplicate(frame.id.clone())));
        }
        for phrase in &frame.phrases {
            self.phrase(phrase, false, WordRole::Frame { role: frame.role })
                .map_err(|kind| fault(phrase.line, kind))?;
        }
        Ok(())
    }

    fn near(&mut self, rule: u32, near: &Near) -> Result<(), (usize, PackErrorKind)> {
        if !near.ordered {
            let mut seen = HashSet::new();
            for slot in &near.slots {
                let own: HashSet<String> = slot.iter().map(|phrase| fold_words(&phrase.text)).collect();
                if let Some(twice) = own.iter().find(|phrase| seen.contains(*phrase)) {
                    let kind = PackErrorKind::BadPhrase {
                        phrase: twice.clone(),
                        reason: "stands in two slots of an unordered rule",
                    };
                    return Err((near.line, kind));
                }
                seen.extend(own);
            }
        }
        let number = self.near.len() as u32;
        let compiled = NearRule {
            rule,
            slots: near.slots.len() as u32,
            within: near.within,
            ordered: near.ordered,
            across_sentences: near.across_sentences,
            state_start: self.near_states as u32,
        };
        for (slot, phrases) in (0..).zip(&near.slots) {
            let fills = WordRole::Slot {
                near: number,
                slot,
                gate: compiled.gate(slot),
            };
            for phrase in phrases {
                self.phrase(phrase, false, fills)
                    .map_err(|kind| (phrase.line, kind))?;
            }
        }
        self.near.push(compiled);
        self.near_states += near.slots.len();
        Ok(())
    }

    fn phrase(&mut self, phrase: &Phrase, may_be_raw: bool, role: WordRole) -> Result<(), PackErrorKind> {
        let bad = |reason| PackErrorKind::BadPhrase {
            phrase: phrase.text.clone(),
            reason,
        };
        self.phrases += 1;
        if self.phrases > limits::PHRASES_MAX {
            let (found, limit) = (self.phrases, limits::PHRASES_MAX);
            return Err(PackErrorKind::TooMany {
                what: "phrases",
                found,
                limit,
            });
        }
        if phrase.text.len() > limits::PHRASE_BYTES_MAX {
            return Err(bad("is too long"));
        }
        let rest = phrase.text.strip_prefix('*').unwrap_or(&phrase.text);
        let open_start = rest.len() < phrase.text.len();
        let body = rest.strip_suffix('*').unwrap_or(rest);
        let open_end = body.len() < rest.len();
        if is_punctuated(body) {
            return match role {
                WordRole::Any { rule } if may_be_raw => {
                    let folded = phrase.text.to_ascii_lowercase();
                    if folded.len() < limits::REGEX_LITERAL_BYTES_MIN {
                        return Err(bad("is too short"));
                    }
                    self.raw.entry(folded).or_default().push(RawUse::Phrase { rule });
                    Ok(())
                }
                _ => Err(bad("holds punctuation, which only `any` and `regex` can match")),
            };
        }
        let folded = fold_words(body);
        let letters = folded.chars().count();
        let compact_script = folded.chars().any(|character| character >= '\u{e00}');
        if letters == 0 {
            return Err(bad("holds no letters"));
        }
        if (open_start || open_end) && letters < 3 && !compact_script {
            return Err(bad("needs at least 3 letters beside `*`"));
        }
        self.words.entry(folded).or_default().push(WordUse {
            role,
            open_start,
            open_end,
        });
        Ok(())
    }

    fn regex(&mut self, rule: u32, source: &Rule, pattern: &Phrase) -> Result<(), PackErrorKind> {
        let bad = |reason: String| PackErrorKind::BadRegex {
            pattern: pattern.text.clone(),
            reason,
        };
        if self.regexes.len() == limits::REGEXES_MAX {
            let (found, limit) = (limits::REGEXES_MAX + 1, limits::REGEXES_MAX);
            return Err(PackErrorKind::TooMany {
                what: "regexes",
                found,
                limit,
            });
        }
        let given: Vec<String> = source
            .prefilter
            .iter()
            .map(|literal| literal.text.clone())
            .collect();
        let required = choose(patterns::required_literals(&pattern.text), given);
        // Compiled before the literals are looked at: a syntax error is the better message.
        let leading = required.as_ref().is_some_and(|required| required.leading);
        let given: &[String] = required.as_ref().map_or(&[], |required| &required.literals);
        let inner = inner::look_into(&pattern.text, source.case_sensitive, leading, given);
        let matcher = Matcher::new(
            &pattern.text,
            source.case_sensitive,
            source.window,
            leading,
            &inner,
        )
        .map_err(bad)?;
        let required = required.ok_or_else(|| {
            bad("no required literal of at least 2 bytes was found; give one as `prefilter`".to_owned())
        })?;
        let number = self.regexes.len() as u32;
        for literal in &required.literals {
            if !is_usable_literal(literal) {
                return Err(bad(format!(
                    "the required literal `{literal}` is too short or too long"
                )));
            }
            let prefilter = RawUse::Prefilter { regex: number };
            if source.case_sensitive {
                self.raw_exact.entry(literal.clone()).or_default().push(prefilter);
                continue;
            }
            for variant in case_variants(literal) {
                self.raw.entry(variant).or_default().push(prefilter);
            }
        }
        let raw = if source.case_sensitive {
            &mut self.raw_exact
        } else {
            &mut self.raw
        };
        for literal in inner.cut.map(|cut| cut.literals).unwrap_or_default() {
            raw.entry(literal)
                .or_default()
                .push(RawUse::Cut { regex: number });
        }
        for literal in inner.second {
            raw.entry(literal)
                .or_default()
                .push(RawUse::Second { regex: number });
        }
        self.regexes.push(RuleRegex { rule, matcher });
        Ok(())
    }

    fn finish(self) -> Tables {
        Tables {
            phrases: Phrases::new(self.words),
            literals: Literals::new(self.raw, self.raw_exact),
            rules: self.rules,
            vetoed: self.vetoed,
            near: self.near,
            near_states: self.near_states,
            regexes: self.regexes,
        }
    }
}

/// The literals to start a regex from: those of its beginning if they are no shorter than the given ones, since then nothing
/// before a hit need be read.
fn choose(extracted: Option<patterns::Required>, given: Vec<String>) -> Option<patterns::Required> {
    let shortest = |literals: &[String]| literals.iter().map(String::len).min().unwrap_or_default();
    match extracted {
        Some(found) if given.is_empty() || found.leading && shortest(&found.literals) >= shortest(&given) => {
            Some(found)
        }
        None if given.is_empty() => None,
        _ => Some(patterns::Required {
            literals: given,
            leading: false,
        }),
    }
}

/// A single sign (`@`, `+`) is rare enough in text to start a regex; a single letter is not.
fn is_usable_literal(literal: &str) -> bool {
    let sign = literal.len() == 1 && literal.bytes().all(|byte| byte.is_ascii_punctuation());
    sign || (limits::REGEX_LITERAL_BYTES_MIN..=limits::PHRASE_BYTES_MAX).contains(&literal.len())
}

/// Whether the phrase holds characters that folding to words would lose and that its writer meant.
fn is_punctuated(phrase: &str) -> bool {
    phrase.chars().any(|character| {
        !character.is_whitespace()
            && !"'’-_,.".contains(character)
            && fold_words(character.encode_utf8(&mut [0; 4])).is_empty()
            && !unicode_normalization::char::is_combining_mark(character)
    })
}

/// The search ignores ASCII case only; for other letters the usual spellings stand beside each other.
fn case_variants(literal: &str) -> Vec<String> {
    let mut variants = vec![literal.to_ascii_lowercase()];
    if !literal.is_ascii() {
        let lower = literal.to_lowercase();
        let mut letters = lower.chars();
        let title: String = letters
            .next()
            .map(|first| first.to_uppercase().collect::<String>())
            .unwrap_or_default();
        variants.push(title + letters.as_str());
        variants.push(literal.to_uppercase());
        variants.push(lower);
        for variant in &mut variants {
            variant.make_ascii_lowercase();
        }
        variants.sort();
        variants.dedup();
    }
    variants
}

impl Tables {
    /// Whether a match of the rule tells of a manipulation.
    pub fn is_attack(&self, rule: u32) -> bool {
        self.rules
            .get(rule as usize)
            .is_some_and(|head| Category::is_attack(head.category))
    }
}
