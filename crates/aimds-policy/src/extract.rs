//! Facts about one event. Whatever is missing or cannot be read the same way by everybody is unknown.

use crate::atoms::{Atom, AtomTable, Field, ValueTest};
use crate::hosts::{address, host, is_within};
use crate::limits::{STRING_BYTES_MAX, VALUE_DEPTH_MAX, VALUES_MAX};
use crate::record::{EventRecord, RecordValue};
use crate::schema::{CALL_KIND, RESULT_KIND, Schema};
use crate::syntax::{Comparison, Quantifier, ValueType};
use crate::values::{fits, is_under, path, scaled};
use aimds_proof::logic::{AtomId, Value};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Digits behind the point of an amount.
const AMOUNT_DIGITS: usize = 2;

/// What is stated about an event: of a covered event all that is not `No`, of another all that is not unknown.
pub fn facts(atoms: &AtomTable, schema: &Schema, record: &EventRecord) -> Vec<(AtomId, Value)> {
    let absent = absent(record);
    atoms
        .iter()
        .filter(|(_, atom)| !atom.is_relation())
        .map(|(id, atom)| (id, fact(atom, schema, record)))
        .filter(|(_, value)| *value != absent)
        .collect()
}

/// What an atom means that is not stated.
pub fn absent(record: &EventRecord) -> Value {
    if record.covered { Value::No } else { Value::Unknown }
}

fn yes_no(value: bool) -> Value {
    if value { Value::Yes } else { Value::No }
}

fn known(value: Option<bool>) -> Value {
    value.map_or(Value::Unknown, yes_no)
}

/// The value of an atom that speaks of one event; relations are unknown here.
pub fn fact(atom: &Atom, schema: &Schema, record: &EventRecord) -> Value {
    match atom {
        Atom::Kind(kind) => known(schema.kinds.contains(&record.kind).then(|| record.kind == *kind)),
        Atom::Tool(tool) => about_tool(schema, record, |name| Some(name == tool)),
        Atom::ToolGlob(glob) => about_tool(schema, record, |name| Some(fits(name, glob))),
        Atom::Tag(tag) => about_tool(schema, record, |name| schema.has_tag(name, tag)),
        Atom::TrustAtMost(level) => {
            let trust = record.trust.as_deref().and_then(|label| schema.level(label));
            known(trust.map(|trust| trust <= *level))
        }
        Atom::Role(role) => {
            let own = record.role.as_deref().filter(|own| schema.roles.contains(*own));
            known(own.map(|own| own == role))
        }
        Atom::ScoreAtLeast(detector, score) => known(record.score(detector).map(|own| own >= *score)),
        Atom::Known(field) => is_known(field, schema, record),
        Atom::Amount(field) => match field_value(field, schema, record) {
            Found::Value(value) => amount(value).map_or(Value::Unknown, Value::Number),
            Found::Unfit => Value::No,
            Found::Missing => Value::Unknown,
        },
        Atom::Flag(field) => match field_value(field, schema, record) {
            Found::Value(RecordValue::Flag(flag)) => yes_no(*flag),
            Found::Unfit => Value::No,
            _ => Value::Unknown,
        },
        Atom::Value(field, quantifier, test) => test_field(field, *quantifier, test, schema, record),
        Atom::Flows(_) | Atom::Covers(_) | Atom::About | Atom::Same(..) => Value::Unknown,
    }
}

/// A call or result whose tool is not told may concern any tool; other events concern none.
fn about_tool(schema: &Schema, record: &EventRecord, test: impl Fn(&str) -> Option<bool>) -> Value {
    match &record.tool {
        Some(tool) => known(test(tool)),
        None if record.kind == CALL_KIND
            || record.kind == RESULT_KIND
            || !schema.kinds.contains(&record.kind) =>
        {
            Value::Unknown
        }
        None => Value::No,
    }
}

/// What a field holds.
enum Found<'a> {
    Value(&'a RecordValue),
    /// It is not there.
    Missing,
    /// An event of this kind has no such field: every question about it is answered with no.
    Unfit,
}

fn field_value<'a>(field: &Field, schema: &Schema, record: &'a EventRecord) -> Found<'a> {
    let value = match field {
        Field::Argument(..) if record.kind != CALL_KIND && schema.kinds.contains(&record.kind) => {
            return Found::Unfit;
        }
        Field::Argument(name, _) => record.argument(name),
        Field::Attribute(name, _) => record.attribute(name),
        Field::Tool | Field::Text | Field::Arguments => None,
    };
    match value {
        Some(RecordValue::Null) | None => Found::Missing,
        Some(value) => Found::Value(value),
    }
}

/// Present, even if it cannot be read: questions about it are then unknown, not moot. What somebody may find there and somebody
/// else not is neither.
fn is_known(field: &Field, schema: &Schema, record: &EventRecord) -> Value {
    let is_call = record.kind == CALL_KIND;
    let is_other = !is_call && schema.kinds.contains(&record.kind);
    let told_none = match field {
        Field::Text if record.text.is_some() => return Value::Yes,
        Field::Tool if record.tool.is_some() => return Value::Yes,
        Field::Arguments if record.arguments.is_some() => return Value::Yes,
        // A call has a tool and arguments, an event of another kind a text, whether or not they are told.
        Field::Text => is_call,
        Field::Tool => is_other && record.kind != RESULT_KIND,
        Field::Arguments => is_other,
        Field::Argument(name, _) => match field_value(field, schema, record) {
            Found::Value(_) => return Value::Yes,
            Found::Unfit => return Value::No,
            Found::Missing => record.arguments.is_some() && !record.is_ambiguous(name),
        },
        Field::Attribute(name, _) => match field_value(field, schema, record) {
            Found::Value(_) => return Value::Yes,
            _ => !record.unread && !record.is_ambiguous_attribute(name),
        },
    };
    known((record.covered && told_none).then_some(false))
}

fn amount(value: &RecordValue) -> Option<u64> {
    match value {
        RecordValue::Integer(number) => scaled(&u64::try_from(*number).ok()?.to_string(), AMOUNT_DIGITS),
        RecordValue::Decimal(text) => scaled(text, AMOUNT_DIGITS),
        // A string holds an amount only in its plain form: separators mean different things in different places.
        RecordValue::Text(text) => scaled(text.trim(), AMOUNT_DIGITS),
        _ => None,
    }
}

fn test_field(
    field: &Field,
    quantifier: Option<Quantifier>,
    question: &ValueTest,
    schema: &Schema,
    record: &EventRecord,
) -> Value {
    let kind = field.value_type();
    let text = match field {
        Field::Text => record.text.as_deref(),
        Field::Tool => record.tool.as_deref(),
        _ => None,
    };
    if let Some(text) = text {
        return known(test_text(text, ValueType::Text, question));
    }
    let value = match field_value(field, schema, record) {
        Found::Value(value) => value,
        Found::Missing => return Value::Unknown,
        Found::Unfit => return Value::No,
    };
    let single = std::slice::from_ref(value);
    let members = match value {
        RecordValue::List(members) => members.as_slice(),
        _ => single,
    };
    if members.len() > VALUES_MAX {
        return Value::Unknown;
    }
    if let ValueTest::Count(sign, number) = question {
        // What cannot be read as one member may be several: a line of addresses, a list in the list.
        let readable = |member: &RecordValue| canonical_value(member, kind.member()).is_some();
        let count = members.iter().all(readable).then_some(members.len() as u64);
        return known(count.map(|count| compare(*sign, count.cmp(number))));
    }
    let one = |value: &RecordValue| test_value(value, kind.member(), question);
    match quantifier {
        None => known(one(value)),
        Some(Quantifier::Every) => known(all(members.iter().map(one))),
        Some(Quantifier::Some) => {
            known(all(members.iter().map(|value| one(value).map(|holds| !holds))).map(|none| !none))
        }
    }
}

/// Whether all hold: one that does not decides, otherwise one that is unknown leaves it unknown.
fn all(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

fn compare(sign: Comparison, order: Ordering) -> bool {
    match sign {
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
    }
}

fn test_value(value: &RecordValue, kind: ValueType, question: &ValueTest) -> Option<bool> {
    match (value, question) {
        (RecordValue::Integer(number), ValueTest::Number(sign, constant)) => {
            Some(compare(*sign, i128::from(*number).cmp(&i128::from(*constant))))
        }
        (RecordValue::Text(text), _) => test_text(text, kind, question),
        _ => None,
    }
}

fn test_text(text: &str, kind: ValueType, question: &ValueTest) -> Option<bool> {
    if let ValueTest::Length(sign, number) = question {
        return Some(compare(*sign, (text.chars().count() as u64).cmp(number)));
    }
    let normal = match kind {
        ValueType::Host => host(text)?,
        ValueType::Path => path(text)?,
        _ => text.to_owned(),
    };
    let lower = || normal.to_lowercase();
    match question {
        ValueTest::OneOf(values) => Some(values.contains(&normal)),
        ValueTest::Within(domains) => Some(domains.iter().any(|domain| is_within(&normal, domain))),
        ValueTest::Under(folders) => Some(folders.iter().any(|folder| is_under(&normal, folder))),
        ValueTest::Contains(parts) => {
            let lower = lower();
            Some(parts.iter().any(|part| lower.contains(part)))
        }
        ValueTest::Starts(parts) => {
            let lower = lower();
            Some(parts.iter().any(|part| lower.starts_with(part)))
        }
        ValueTest::Ends(parts) => {
            let lower = lower();
            Some(parts.iter().any(|part| lower.ends_with(part)))
        }
        ValueTest::Number(..) | ValueTest::Count(..) | ValueTest::Length(..) => None,
    }
}

/// A value as one text, the same for all spellings that mean the same; `None` when it is missing, unreadable or too long.
pub fn canonical(field: &Field, schema: &Schema, record: &EventRecord) -> Option<String> {
    let text = match field {
        Field::Tool => record.tool.clone()?,
        Field::Text => record.text.clone()?,
        Field::Arguments => return None,
        Field::Argument(_, kind) | Field::Attribute(_, kind) => match field_value(field, schema, record) {
            Found::Value(value) => canonical_value(value, *kind)?,
            _ => return None,
        },
    };
    (text.len() <= STRING_BYTES_MAX).then_some(text)
}

/// A set as one text: its members in order, each behind its length, so that no member can pass for two, nor an empty one for none.
fn canonical_set(members: &[RecordValue], kind: ValueType) -> Option<String> {
    if members.len() > VALUES_MAX {
        return None;
    }
    let members: Option<BTreeSet<String>> = members
        .iter()
        .map(|value| canonical_value(value, kind.member()))
        .collect();
    let behind_its_length = |member: &String| format!("{}:{member}", member.len());
    Some(members?.iter().map(behind_its_length).collect())
}

fn canonical_value(value: &RecordValue, kind: ValueType) -> Option<String> {
    match (value, kind) {
        (RecordValue::List(members), kind) if kind.is_set() => canonical_set(members, kind),
        // One value where a set may stand is a set of one.
        (single, kind) if kind.is_set() => canonical_set(std::slice::from_ref(single), kind),
        (RecordValue::Text(text), _) => match kind.member() {
            ValueType::Host => address(text),
            ValueType::Path => path(text),
            ValueType::Amount => amount(value).map(|amount| amount.to_string()),
            ValueType::Text => Some(text.clone()),
            _ => None,
        },
        (_, ValueType::Amount) => amount(value).map(|amount| amount.to_string()),
        (RecordValue::Integer(number), ValueType::Integer) => Some(number.to_string()),
        (RecordValue::Flag(flag), ValueType::Flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// What content can stand in: texts and numbers, and the names inside objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Texts and numbers, in order.
    pub values: Vec<String>,
    /// Names that the caller chose: they may be structure, or carry content as well.
    pub names: Vec<String>,
}

impl Content {
    /// Adds what is inside a value; `false` when there is more than the bound, or it nests too deep.
    pub fn add(&mut self, value: &RecordValue) -> bool {
        let mut open = vec![(value, 0)];
        while let Some((value, depth)) = open.pop() {
            if self.values.len() + open.len() > VALUES_MAX
                || self.names.len() > VALUES_MAX
                || depth > VALUE_DEPTH_MAX
            {
                return false;
            }
            match value {
                RecordValue::Text(text) | RecordValue::Decimal(text) => self.values.push(text.clone()),
                RecordValue::Integer(number) => self.values.push(number.to_string()),
                RecordValue::List(members) => {
                    open.extend(members.iter().rev().map(|member| (member, depth + 1)));
                }
                RecordValue::Map(members) => {
                    let names = members.iter().map(|(name, _)| name.clone());
                    self.names.extend(names.take(VALUES_MAX));
                    open.extend(members.iter().rev().map(|(_, member)| (member, depth + 1)));
                }
                RecordValue::Null | RecordValue::Flag(_) => {}
            }
        }
        true
    }

    /// Adds the arguments of a call, and of their names those that the schema does not know; `false` as above.
    pub fn add_arguments(&mut self, arguments: &[(String, RecordValue)], schema: &Schema) -> bool {
        arguments.iter().all(|(name, value)| {
            if schema.argument(name).is_none() {
                self.names.push(name.clone());
            }
            self.add(value)
        })
    }
}
