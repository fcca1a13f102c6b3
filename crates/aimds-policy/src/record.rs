//! What happened, as the caller tells it: neutral records, before any fact is drawn from them.

use crate::schema::{CALL_KIND, Schema};

/// The greatest score: certainty, in thousandths.
pub const SCORE_MAX: u16 = 1_000;

/// A JSON-like value of an argument or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordValue {
    /// Nothing.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, as its decimal text: floats would round amounts.
    Decimal(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<RecordValue>),
    /// An object.
    Map(Vec<(String, RecordValue)>),
}

/// One event. What is `None` or not listed is not known, and counts against granting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventRecord {
    /// Identity, to which later events refer.
    pub id: Option<String>,
    /// Milliseconds on the session's clock. A time before the previous event's counts as that one.
    pub time_ms: u64,
    /// Event kind, one of the schema's.
    pub kind: String,
    /// Who produced it, one of the schema's roles.
    pub role: Option<String>,
    /// Whose orders it may carry, one of the schema's labels.
    pub trust: Option<String>,
    /// The tool that a call goes to or a result comes from.
    pub tool: Option<String>,
    /// The call's arguments.
    pub arguments: Option<Vec<(String, RecordValue)>>,
    /// Values of several arguments together, under the names of the schema's gathering arguments; `None` is one that cannot be
    /// told. The session works them out.
    pub gathered: Vec<(String, Option<RecordValue>)>,
    /// Its text.
    pub text: Option<String>,
    /// Ids of the events that it was made of.
    pub references: Vec<String>,
    /// For approvals and their revocations: ids of the calls that they are about.
    pub about: Vec<String>,
    /// For approvals: the time after which they no longer count.
    pub expires_ms: Option<u64>,
    /// Detector scores in thousandths; a detector that is not listed did not run.
    pub scores: Vec<(String, u16)>,
    /// The schema's attributes.
    pub attributes: Vec<(String, RecordValue)>,
    /// The extractor covers the whole schema: what it does not state is false, not unknown.
    pub covered: bool,
    /// Arguments or attributes are beyond the bounds, and all of them are left out: what they hold is unknown, and content that is
    /// not in the text may have stood there.
    pub unread: bool,
}

impl EventRecord {
    /// The value of an argument; `None` when there is none of that name.
    pub fn argument(&self, name: &str) -> Option<&RecordValue> {
        match self.gathered.iter().find(|(this, _)| this == name) {
            Some((_, value)) => value.as_ref(),
            None => find(self.arguments.as_deref()?, name),
        }
    }

    /// Whether the argument is given, but not as one value that all readers agree on; one of them may find nothing there.
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.gathered
            .iter()
            .any(|(this, value)| this == name && value.is_none())
            || is_given_twice(self.arguments.as_deref().unwrap_or_default(), name)
    }

    /// The same of an attribute.
    pub fn is_ambiguous_attribute(&self, name: &str) -> bool {
        is_given_twice(&self.attributes, name)
    }

    /// Whether all of its content is here: the arguments of a call, the text of other events, both where nobody knows which it is.
    pub fn tells_all(&self, schema: &Schema) -> bool {
        let is_call = self.kind == CALL_KIND;
        let may_have_text = !is_call;
        let may_have_arguments = is_call || !schema.kinds.contains(&self.kind);
        !self.unread
            && (self.text.is_some() || !may_have_text)
            && (self.arguments.is_some() || !may_have_arguments)
    }

    /// The record of a call with its arguments gathered as the schema says; `None` when nothing is to be gathered. An argument that
    /// the call names like the gathering one counts among its members. A member given twice makes the whole unknown.
    pub fn gather(&self, schema: &Schema) -> Option<Self> {
        let arguments = self.arguments.as_deref()?;
        let mut gathered = Vec::new();
        for (name, members) in &schema.gathered {
            let own: Vec<_> = arguments
                .iter()
                .filter(|(this, value)| {
                    (this == name || members.contains(this)) && *value != RecordValue::Null
                })
                .collect();
            if own.is_empty() {
                continue;
            }
            let twice = own.iter().any(|(this, _)| self.is_ambiguous(this));
            let mut values = Vec::new();
            for (_, value) in own {
                match value {
                    RecordValue::List(all) => values.extend(all.iter().cloned()),
                    value => values.push(value.clone()),
                }
            }
            gathered.push((name.clone(), (!twice).then_some(RecordValue::List(values))));
        }
        (!gathered.is_empty()).then(|| Self {
            gathered,
            ..self.clone()
        })
    }

    /// The value of an attribute; `None` when it is not known.
    pub fn attribute(&self, name: &str) -> Option<&RecordValue> {
        find(&self.attributes, name)
    }

    /// A detector's score in thousandths; `None` when it did not run, is named twice, or gives more than there is.
    pub fn score(&self, detector: &str) -> Option<u16> {
        let score = find(&self.scores, detector).copied();
        score.filter(|score| *score <= SCORE_MAX)
    }
}

fn is_given_twice<T>(values: &[(String, T)], name: &str) -> bool {
    values.iter().filter(|(this, _)| this == name).nth(1).is_some()
}

/// The value under a name that occurs once. A name given twice has no value that all readers agree on.
fn find<'a, T>(values: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let mut found = values.iter().filter(|(this, _)| this == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}
