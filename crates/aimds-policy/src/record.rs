//! What happened, as the caller tells it: neutral records, before any fact is drawn from them.

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
    /// Its text.
    pub text: Option<String>,
    /// Ids of the events that it was made of.
    pub references: Vec<String>,
    /// For approvals and their revocations: ids of the calls that they are about.
    pub about: Vec<String>,
    /// Detector scores in thousandths; a detector that is not listed did not run.
    pub scores: Vec<(String, u16)>,
    /// The schema's attributes.
    pub attributes: Vec<(String, RecordValue)>,
    /// The extractor covers the whole schema: what it does not state is false, not unknown.
    pub covered: bool,
}

impl EventRecord {
    /// The value of an argument; `None` when there is none of that name.
    pub fn argument(&self, name: &str) -> Option<&RecordValue> {
        find(self.arguments.as_deref()?, name)
    }

    /// The value of an attribute; `None` when it is not known.
    pub fn attribute(&self, name: &str) -> Option<&RecordValue> {
        find(&self.attributes, name)
    }

    /// A detector's score in thousandths; `None` when it did not run.
    pub fn score(&self, detector: &str) -> Option<u16> {
        self.scores
            .iter()
            .find(|(name, _)| name == detector)
            .map(|(_, score)| *score)
    }
}

/// The value under a name that occurs once. A name given twice has no value that all readers agree on.
fn find<'a>(values: &'a [(String, RecordValue)], name: &str) -> Option<&'a RecordValue> {
    let mut found = values.iter().filter(|(this, _)| this == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}
