//! Reads a pack: TOML to typed rules, every fault with its line and rule.

use super::category::{Category, EventKind};
use super::checks::Check;
use super::context::FrameRole;
use super::error::{PackError, PackErrorKind};
use super::limits;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A pack as it was read: the name to show in errors, and the TOML text.
#[derive(Debug, Clone)]
pub struct PackSource {
    /// File name for errors.
    pub file: String,
    /// The TOML text.
    pub text: String,
}

type Phrases = Vec<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    pack: RawHeader,
    #[serde(default)]
    lists: BTreeMap<String, Phrases>,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    #[serde(default)]
    frame: Vec<Spanned<RawFrame>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader {
    name: Spanned<String>,
    version: Spanned<u32>,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    category: Spanned<String>,
    severity: Spanned<f64>,
    confidence: Spanned<f64>,
    message: String,
    #[serde(default)]
    languages: Vec<String>,
    kinds: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    any: Phrases,
    #[serde(default)]
    near: Vec<Spanned<RawNear>>,
    #[serde(default)]
    regex: Vec<Spanned<String>>,
    #[serde(default)]
    prefilter: Phrases,
    #[serde(default)]
    case_sensitive: bool,
    window: Option<Spanned<usize>>,
    #[serde(default)]
    unless: Phrases,
    check: Option<Spanned<String>>,
    context: Option<Spanned<String>>,
    positive: Spanned<Vec<String>>,
    negative: Spanned<Vec<String>>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "examples are run by the tests, from the same file; the engine only checks the type"
    )]
    mentions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNear {
    slots: Vec<Phrases>,
    within: usize,
    #[serde(default = "yes")]
    ordered: bool,
    #[serde(default)]
    across_sentences: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame {
    id: Spanned<String>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "languages of a frame are for readers; the engine only checks the type"
    )]
    languages: Vec<String>,
    #[serde(default)]
    role: Option<Spanned<String>>,
    phrases: Phrases,
}

fn yes() -> bool {
    true
}

/// How a rule bears being quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextPolicy {
    /// Talk about the match lowers its confidence.
    QuoteLowers,
    /// What surrounds the match does not matter: a credential is one in any context.
    IgnoresQuotes,
}

/// What a match of a rule says.
#[derive(Debug, Clone)]
pub struct RuleHead {
    /// Unique among all packs.
    pub id: String,
    /// What it is about.
    pub category: Category,
    /// How bad it is if it is real, 0 to 1.
    pub severity: f32,
    /// How sure a match makes us, 0 to 1.
    pub confidence: f32,
    /// One clause that completes "this text ...".
    pub message: String,
    /// BCP 47 codes, for readers.
    pub languages: Vec<String>,
    /// Set of `EventKind` bits where it applies.
    pub(crate) kinds: u8,
    /// How it bears being quoted.
    pub context: ContextPolicy,
    /// The check of the matched text.
    pub check: Option<Check>,
}

/// A phrase with the line it stands on, lists expanded.
#[derive(Debug, Clone)]
pub struct Phrase {
    pub text: String,
    pub line: usize,
}

#[derive(Debug, Clone)]
pub struct Near {
    pub slots: Vec<Vec<Phrase>>,
    pub within: u32,
    pub ordered: bool,
    pub across_sentences: bool,
    pub line: usize,
}

/// A rule, valid in itself.
#[derive(Debug, Clone)]
pub struct Rule {
    pub head: RuleHead,
    pub line: usize,
    pub any: Vec<Phrase>,
    pub near: Vec<Near>,
    pub regex: Vec<Phrase>,
    pub prefilter: Vec<Phrase>,
    pub case_sensitive: bool,
    pub window: usize,
    pub unless: Vec<Phrase>,
}

/// Words that tell whether a quotation is talked about or to be carried out.
#[derive(Debug, Clone)]
pub struct Frame {
    pub id: String,
    pub role: FrameRole,
    pub phrases: Vec<Phrase>,
}

/// A valid pack.
#[derive(Debug, Clone)]
pub struct Pack {
    pub file: String,
    pub name: String,
    pub rules: Vec<Rule>,
    pub frames: Vec<Frame>,
}

/// Where faults of one pack are placed.
struct Reader<'a> {
    source: &'a PackSource,
    line_starts: Vec<usize>,
    lists: BTreeMap<String, Vec<Phrase>>,
}

impl Pack {
    /// Parses and validates one pack.
    ///
    /// # Errors
    /// [`PackError`] with the first fault found.
    pub fn parse(source: &PackSource) -> Result<Self, PackError> {
        let mut reader = Reader::new(source);
        if source.text.len() > limits::PACK_BYTES_MAX {
            let kind = too_many("bytes", source.text.len(), limits::PACK_BYTES_MAX);
            return Err(reader.error(0, None, kind));
        }
        let raw: RawPack = toml::from_str(&source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let reason = error.message().lines().collect::<Vec<_>>().join("; ");
            reader.error(at, reader.rule_at(at), PackErrorKind::Format(reason))
        })?;
        let name = reader.pack_name(&raw.pack)?;
        reader.read_lists(raw.lists)?;
        let mut rules = Vec::with_capacity(raw.rule.len());
        for rule in raw.rule {
            rules.push(reader.rule(&name, rule)?);
        }
        let mut frames = Vec::with_capacity(raw.frame.len());
        for frame in raw.frame {
            frames.push(reader.frame(&name, frame)?);
        }
        Ok(Self {
            file: source.file.clone(),
            name,
            rules,
            frames,
        })
    }
}

fn too_many(what: &'static str, found: usize, limit: usize) -> PackErrorKind {
    PackErrorKind::TooMany { what, found, limit }
}

fn bad_value(field: &'static str, reason: impl Into<String>) -> PackErrorKind {
    PackErrorKind::BadValue {
        field,
        reason: reason.into(),
    }
}

fn unknown(field: &'static str, found: &str, expected: &[&str]) -> PackErrorKind {
    PackErrorKind::UnknownName {
        field,
        found: found.to_owned(),
        expected: expected.join(", "),
    }
}

fn is_name(text: &str, dots: bool) -> bool {
    !text.is_empty()
        && text.len() <= 120
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || (dots && byte == b'.')
        })
}

impl<'a> Reader<'a> {
    fn new(source: &'a PackSource) -> Self {
        let starts = source
            .text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            source,
            line_starts: std::iter::once(0).chain(starts).collect(),
            lists: BTreeMap::new(),
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn error(&self, offset: usize, rule: Option<&str>, kind: PackErrorKind) -> PackError {
        PackError {
            file: self.source.file.clone(),
            line: self.line(offset),
            rule: rule.map(str::to_owned),
            kind,
        }
    }

    /// The id of the `[[rule]]` or `[[frame]]` that `offset` stands in, read from the text: for faults of the TOML itself.
    fn rule_at(&self, offset: usize) -> Option<&'a str> {
        let line = self.line(offset);
        let lines: Vec<&str> = self.source.text.lines().collect();
        let is_head = |text: &&str| text.starts_with("[[rule]]") || text.starts_with("[[frame]]");
        let start = lines.get(..line)?.iter().rposition(is_head)?;
        let block = lines.get(start + 1..)?.iter().take_while(|text| !is_head(text));
        block
            .filter_map(|text| text.trim().strip_prefix("id")?.trim_start().strip_prefix('='))
            .find_map(|value| value.trim().strip_prefix('"')?.split('"').next())
    }

    fn pack_name(&self, header: &RawHeader) -> Result<String, PackError> {
        let name = header.name.get_ref();
        if !is_name(name, false) {
            let kind = bad_value("name", "must be lower case letters, digits and `_`");
            return Err(self.error(header.name.span().start, None, kind));
        }
        if *header.version.get_ref() == 0 {
            return Err(self.error(
                header.version.span().start,
                None,
                bad_value("version", "starts at 1"),
            ));
        }
        if header.description.trim().is_empty() {
            return Err(self.error(
                header.name.span().start,
                None,
                bad_value("description", "is empty"),
            ));
        }
        Ok(name.clone())
    }

    fn read_lists(&mut self, lists: BTreeMap<String, Phrases>) -> Result<(), PackError> {
        for (name, phrases) in lists {
            let mut read = Vec::with_capacity(phrases.len());
            for phrase in phrases {
                if phrase.get_ref().starts_with('@') {
                    let kind = PackErrorKind::BadPhrase {
                        phrase: phrase.get_ref().clone(),
                        reason: "a list cannot stand in a list",
                    };
                    return Err(self.error(phrase.span().start, None, kind));
                }
                read.push(self.phrase(&phrase));
            }
            self.lists.insert(name, read);
        }
        Ok(())
    }

    fn phrase(&self, phrase: &Spanned<String>) -> Phrase {
        Phrase {
            text: phrase.get_ref().clone(),
            line: self.line(phrase.span().start),
        }
    }

    /// The phrases with `@name` replaced by the list of that name.
    fn expand(&self, phrases: &[Spanned<String>], rule: &str) -> Result<Vec<Phrase>, PackError> {
        let mut expanded = Vec::with_capacity(phrases.len());
        for phrase in phrases {
            let Some(name) = phrase.get_ref().strip_prefix('@') else {
                expanded.push(self.phrase(phrase));
                continue;
            };
            let Some(list) = self.lists.get(name) else {
                let known: Vec<&str> = self.lists.keys().map(String::as_str).collect();
                let kind = unknown("@list", name, &known);
                return Err(self.error(phrase.span().start, Some(rule), kind));
            };
            expanded.extend(list.iter().cloned());
        }
        Ok(expanded)
    }

    fn id(&self, pack: &str, id: &Spanned<String>) -> Result<String, PackError> {
        let text = id.get_ref();
        let rest = text.strip_prefix(pack).and_then(|rest| rest.strip_prefix('.'));
        if !is_name(text, true) || rest.is_none_or(str::is_empty) {
            let reason = format!("must be `{pack}.` followed by lower case letters, digits, `_` and dots");
            return Err(self.error(id.span().start, Some(text), bad_value("id", reason)));
        }
        Ok(text.clone())
    }

    fn unit(&self, rule: &str, field: &'static str, value: &Spanned<f64>) -> Result<f32, PackError> {
        let number = *value.get_ref();
        if (0.0..=1.0).contains(&number) {
            Ok(number as f32)
        } else {
            Err(self.error(
                value.span().start,
                Some(rule),
                bad_value(field, format!("is {number}, must be in 0..1")),
            ))
        }
    }

    fn head(&self, pack: &str, raw: &RawRule) -> Result<RuleHead, PackError> {
        let id = self.id(pack, &raw.id)?;
        let category = Category::from_name(raw.category.get_ref()).ok_or_else(|| {
            let kind = unknown("category", raw.category.get_ref(), Category::names());
            self.error(raw.category.span().start, Some(&id), kind)
        })?;
        let mut kinds = 0;
        for kind in raw.kinds.as_deref().unwrap_or_default() {
            const NAMES: &[&str] = &["prompt", "document", "tool_call", "tool_result", "response"];
            let known = EventKind::from_name(kind.get_ref()).ok_or_else(|| {
                self.error(
                    kind.span().start,
                    Some(&id),
                    unknown("kinds", kind.get_ref(), NAMES),
                )
            })?;
            kinds |= known.bit();
        }
        let context = match raw
            .context
            .as_ref()
            .map(|name| (name.get_ref().as_str(), name.span().start))
        {
            None | Some(("quote_lowers", _)) => ContextPolicy::QuoteLowers,
            Some(("ignores_quotes", _)) => ContextPolicy::IgnoresQuotes,
            Some((other, at)) => {
                let kind = unknown("context", other, &["quote_lowers", "ignores_quotes"]);
                return Err(self.error(at, Some(&id), kind));
            }
        };
        let check = raw.check.as_ref().map(|name| {
            Check::from_name(name.get_ref()).ok_or_else(|| {
                self.error(
                    name.span().start,
                    Some(&id),
                    unknown("check", name.get_ref(), &Check::names()),
                )
            })
        });
        if raw.message.trim().is_empty() {
            return Err(self.error(raw.id.span().start, Some(&id), bad_value("message", "is empty")));
        }
        Ok(RuleHead {
            severity: self.unit(&id, "severity", &raw.severity)?,
            confidence: self.unit(&id, "confidence", &raw.confidence)?,
            id,
            category,
            message: raw.message.clone(),
            languages: raw.languages.clone(),
            kinds: if raw.kinds.is_none() { u8::MAX } else { kinds },
            context,
            check: check.transpose()?,
        })
    }

    fn rule(&self, pack: &str, raw: Spanned<RawRule>) -> Result<Rule, PackError> {
        let at = raw.span().start;
        let raw = raw.into_inner();
        let head = self.head(pack, &raw)?;
        let id = head.id.as_str();
        for (field, examples) in [("positive", &raw.positive), ("negative", &raw.negative)] {
            if examples.get_ref().len() < 2 {
                let kind = bad_value(field, "needs at least 2 examples");
                return Err(self.error(examples.span().start, Some(id), kind));
            }
        }
        if raw.any.is_empty() && raw.near.is_empty() && raw.regex.is_empty() {
            return Err(self.error(raw.id.span().start, Some(id), PackErrorKind::NothingToMatch));
        }
        let window = raw
            .window
            .as_ref()
            .map_or(limits::WINDOW_BYTES_DEFAULT, |window| *window.get_ref());
        if !(1..=limits::WINDOW_BYTES_MAX).contains(&window) {
            let start = raw.window.as_ref().map_or(at, |window| window.span().start);
            let reason = format!("is {window}, must be in 1..={}", limits::WINDOW_BYTES_MAX);
            return Err(self.error(start, Some(id), bad_value("window", reason)));
        }
        let near = raw
            .near
            .iter()
            .map(|near| self.near(id, near))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Rule {
            any: self.expand(&raw.any, id)?,
            near,
            regex: raw.regex.iter().map(|regex| self.phrase(regex)).collect(),
            prefilter: raw.prefilter.iter().map(|literal| self.phrase(literal)).collect(),
            case_sensitive: raw.case_sensitive,
            window,
            unless: self.expand(&raw.unless, id)?,
            line: self.line(at),
            head,
        })
    }

    fn near(&self, rule: &str, raw: &Spanned<RawNear>) -> Result<Near, PackError> {
        let at = raw.span().start;
        let near = raw.get_ref();
        if !(2..=limits::SLOTS_MAX).contains(&near.slots.len()) {
            let reason = format!(
                "has {} slots, must have 2 to {}",
                near.slots.len(),
                limits::SLOTS_MAX
            );
            return Err(self.error(at, Some(rule), bad_value("near", reason)));
        }
        if !(2..=limits::WITHIN_MAX).contains(&near.within) {
            let reason = format!("is {}, must be in 2..={}", near.within, limits::WITHIN_MAX);
            return Err(self.error(at, Some(rule), bad_value("within", reason)));
        }
        let slots = near
            .slots
            .iter()
            .map(|slot| self.expand(slot, rule))
            .collect::<Result<Vec<_>, _>>()?;
        if slots.iter().any(Vec::is_empty) {
            return Err(self.error(at, Some(rule), bad_value("slots", "holds an empty slot")));
        }
        Ok(Near {
            slots,
            within: near.within as u32,
            ordered: near.ordered,
            across_sentences: near.across_sentences,
            line: self.line(at),
        })
    }

    fn frame(&self, pack: &str, raw: Spanned<RawFrame>) -> Result<Frame, PackError> {
        let at = raw.span().start;
        let raw = raw.into_inner();
        let id = self.id(pack, &raw.id)?;
        let role = match raw
            .role
            .as_ref()
            .map(|role| (role.get_ref().as_str(), role.span().start))
        {
            None | Some(("mention", _)) => FrameRole::Mention,
            Some(("code", _)) => FrameRole::Code,
            Some(("use", _)) => FrameRole::Use,
            Some((other, at)) => {
                return Err(self.error(at, Some(&id), unknown("role", other, &["mention", "code", "use"])));
            }
        };
        let phrases = self.expand(&raw.phrases, &id)?;
        if phrases.is_empty() {
            return Err(self.error(at, Some(&id), bad_value("phrases", "is empty")));
        }
        Ok(Frame { id, role, phrases })
    }
}
