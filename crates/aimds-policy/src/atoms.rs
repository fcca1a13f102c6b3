//! The fact vocabulary: what an atom says about one event, or about a past event and the call that is being decided.

use crate::limits::ATOMS_MAX;
use crate::syntax::{Comparison, Quantifier, ValueType};
use aimds_proof::logic::AtomId;
use std::collections::BTreeMap;
use std::fmt;

/// Which value of an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The tool's name.
    Tool,
    /// The text.
    Text,
    /// All arguments.
    Arguments,
    /// One argument.
    Argument(String, ValueType),
    /// One attribute.
    Attribute(String, ValueType),
}

impl Field {
    /// The type of its value; arguments as a whole have none of their own and count as texts.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Tool | Self::Text => ValueType::Text,
            Self::Arguments => ValueType::Texts,
            Self::Argument(_, kind) | Self::Attribute(_, kind) => *kind,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool => f.write_str("tool"),
            Self::Text => f.write_str("text"),
            Self::Arguments => f.write_str("args"),
            Self::Argument(name, _) => write!(f, "args.{name}"),
            Self::Attribute(name, _) => f.write_str(name),
        }
    }
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueTest {
    /// A whole number in this relation to a constant.
    Number(Comparison, u64),
    /// Characters of a text, in this relation to a constant.
    Length(Comparison, u64),
    /// Members of a set, in this relation to a constant; unknown unless each of them can be read.
    Count(Comparison, u64),
    /// Is one of these (hosts and paths in their normal form).
    OneOf(Vec<String>),
    /// The host is one of these domains or below one.
    Within(Vec<String>),
    /// The path is one of these folders or below one.
    Under(Vec<String>),
    /// The text, in lower case, has one of these in it.
    Contains(Vec<String>),
    /// The text, in lower case, begins with one of these.
    Starts(Vec<String>),
    /// The text, in lower case, ends with one of these.
    Ends(Vec<String>),
}

/// What an atom says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// The event is of this kind.
    Kind(String),
    /// It concerns this tool.
    Tool(String),
    /// It concerns a tool whose name fits the pattern.
    ToolGlob(String),
    /// It concerns a tool with this tag.
    Tag(String),
    /// Its trust is this label (by its level, lowest is 0) or lower.
    TrustAtMost(u8),
    /// It was produced by this role.
    Role(String),
    /// This detector gave this score or more, in thousandths.
    ScoreAtLeast(String, u16),
    /// An amount, as a number in hundredths; never a negative one.
    Amount(Field),
    /// The value is there, whether or not it can be read.
    Known(Field),
    /// A flag.
    Flag(Field),
    /// A test of a value; of a set, of every member or of some.
    Value(Field, Option<Quantifier>, ValueTest),
    /// Relation: some part of this value of the pending event comes from the past event.
    Flows(Field),
    /// Relation: every part of this value of the pending event comes from the past event.
    Covers(Field),
    /// Relation: the past event is about the pending call.
    About,
    /// Relation: a value of the past event equals one of the pending event.
    Same(Field, Field),
}

impl Atom {
    /// Whether it speaks of a past event and the pending one together.
    pub fn is_relation(&self) -> bool {
        matches!(
            self,
            Self::Flows(_) | Self::Covers(_) | Self::About | Self::Same(..)
        )
    }
}

fn list(f: &mut fmt::Formatter<'_>, word: &str, values: &[String]) -> fmt::Result {
    write!(f, " {word} {{")?;
    for (index, value) in values.iter().enumerate() {
        write!(f, "{}{value:?}", if index == 0 { "" } else { ", " })?;
    }
    f.write_str("}")
}

impl fmt::Display for Atom {
    /// The canonical text: unique for each atom, and readable in a certificate's table of ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "kind {kind}"),
            Self::Tool(tool) => write!(f, "tool {tool}"),
            Self::ToolGlob(glob) => write!(f, "tool like {glob:?}"),
            Self::Tag(tag) => write!(f, "tool is {tag}"),
            Self::TrustAtMost(level) => write!(f, "trust level <= {level}"),
            Self::Role(role) => write!(f, "by {role}"),
            Self::ScoreAtLeast(name, score) => {
                write!(f, "score {name} >= {}.{:03}", score / 1_000, score % 1_000)
            }
            Self::Amount(field) => write!(f, "{field} in hundredths"),
            Self::Known(field) => write!(f, "known {field}: {}", field.value_type().text()),
            Self::Flag(field) => write!(f, "flag {field}"),
            Self::Value(field, quantifier, test) => {
                match quantifier {
                    Some(Quantifier::Every) => f.write_str("every ")?,
                    Some(Quantifier::Some) => f.write_str("some ")?,
                    None => {}
                }
                write!(f, "{field}: {}", field.value_type().text())?;
                match test {
                    ValueTest::Number(sign, number) => write!(f, " {} {number}", sign.text()),
                    ValueTest::Length(sign, number) => write!(f, " length {} {number}", sign.text()),
                    ValueTest::Count(sign, number) => write!(f, " count {} {number}", sign.text()),
                    ValueTest::OneOf(values) => list(f, "in", values),
                    ValueTest::Within(values) => list(f, "within", values),
                    ValueTest::Under(values) => list(f, "under", values),
                    ValueTest::Contains(values) => list(f, "contains", values),
                    ValueTest::Starts(values) => list(f, "starts", values),
                    ValueTest::Ends(values) => list(f, "ends", values),
                }
            }
            Self::Flows(field) => write!(f, "flows into pending {field}"),
            Self::Covers(field) => write!(f, "covers pending {field}"),
            Self::About => f.write_str("is about the pending call"),
            Self::Same(past, pending) => write!(f, "{past} equals pending {pending}"),
        }
    }
}

/// Atoms and their ids, numbered from 1 in the order of first use.
#[derive(Debug, Clone, Default)]
pub struct AtomTable {
    atoms: Vec<Atom>,
    ids: BTreeMap<Atom, u32>,
}

impl AtomTable {
    /// The id of an atom, new if need be; `None` when the table is full.
    pub fn intern(&mut self, atom: Atom) -> Option<AtomId> {
        if let Some(id) = self.ids.get(&atom) {
            return AtomId::new(*id).ok();
        }
        if self.atoms.len() >= ATOMS_MAX {
            return None;
        }
        self.atoms.push(atom.clone());
        let id = self.atoms.len() as u32;
        self.ids.insert(atom, id);
        AtomId::new(id).ok()
    }

    /// The id of an atom that is in the table.
    pub fn find(&self, atom: &Atom) -> Option<AtomId> {
        self.ids.get(atom).and_then(|id| AtomId::new(*id).ok())
    }

    /// What an id stands for.
    pub fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.number() as usize - 1)
    }

    /// All atoms with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (AtomId, &Atom)> {
        self.atoms
            .iter()
            .zip(1_u32..)
            .filter_map(|(atom, id)| AtomId::new(id).ok().map(|id| (id, atom)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }
}
