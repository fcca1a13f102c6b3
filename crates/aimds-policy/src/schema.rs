//! What a schema declares: event kinds, tools, trust, roles, detectors, attributes.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Name, Spanned};
use crate::syntax::{Item, NameList, ToolItem, ValueType};
use crate::values::fits;
use std::collections::{BTreeMap, BTreeSet};

/// The event kind of tool calls: only these have arguments.
pub const CALL_KIND: &str = "tool_call";
/// The event kind of what tools answer: it concerns a tool, too.
pub const RESULT_KIND: &str = "tool_result";
/// The event kind of approvals.
pub const APPROVAL_KIND: &str = "approval";
/// The event kind of revocations of approvals.
pub const REVOCATION_KIND: &str = "revocation";

/// Highest number of trust labels: few lattices have more, and levels fit in a byte.
const LABELS_MAX: usize = 32;

/// A tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tool {
    /// Arguments and their types.
    pub arguments: BTreeMap<String, ValueType>,
    /// Tags.
    pub tags: BTreeSet<String>,
}

/// All declarations of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Name and version.
    pub name: String,
    /// Version.
    pub version: String,
    /// Trust labels, lowest first.
    pub labels: Vec<String>,
    /// Event kinds.
    pub kinds: BTreeSet<String>,
    /// Groups of event kinds.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Roles.
    pub roles: BTreeSet<String>,
    /// Detectors.
    pub detectors: BTreeSet<String>,
    /// Attributes of events.
    pub attributes: BTreeMap<String, ValueType>,
    /// Arguments that any tool may have.
    pub arguments: BTreeMap<String, ValueType>,
    /// Arguments that gather others: name and members.
    pub gathered: BTreeMap<String, BTreeSet<String>>,
    /// Tags with the patterns of tool names that carry them.
    pub tags: BTreeMap<String, Vec<String>>,
    /// Tools.
    pub tools: BTreeMap<String, Tool>,
    /// Tools that are not listed carry just the tags of the patterns they fit; otherwise their tags are unknown.
    pub unlisted_untagged: bool,
}

impl Schema {
    /// Gathers the declarations of all files.
    pub fn gather<'a>(items: impl Iterator<Item = &'a Item> + Clone, diagnostics: &mut Diagnostics) -> Self {
        let mut schema = Self::default();
        let mut gatherer = Gatherer {
            schema: &mut schema,
            diagnostics,
        };
        for item in items.clone() {
            gatherer.item(item);
        }
        for item in items.clone() {
            if let Item::Tool(tool) = item {
                gatherer.tool(tool);
            }
            if let Item::Group { name, members } = item {
                gatherer.group(name, members);
            }
        }
        let gathering: BTreeSet<&str> = items
            .clone()
            .filter_map(|item| match item {
                Item::Argument { name, members, .. } if !members.is_empty() => Some(name.value.as_str()),
                _ => None,
            })
            .collect();
        for item in items {
            if let Item::Argument { name, kind, members } = item
                && !members.is_empty()
            {
                gatherer.gathered(name, kind, members, &gathering);
            }
        }
        schema
    }

    /// The level of a trust label, lowest 0.
    pub fn level(&self, label: &str) -> Option<u8> {
        self.labels
            .iter()
            .position(|known| known == label)
            .map(|at| at as u8)
    }

    /// The level of the highest label.
    pub fn highest_level(&self) -> u8 {
        self.labels.len().saturating_sub(1) as u8
    }

    /// The kinds that a name in a pattern stands for; `event` is any (an empty set).
    pub fn kinds_of(&self, name: &str) -> Option<BTreeSet<String>> {
        if name == "event" {
            return Some(BTreeSet::new());
        }
        if self.kinds.contains(name) {
            return Some(BTreeSet::from([name.to_owned()]));
        }
        self.groups.get(name).cloned()
    }

    /// The type of an argument by its name: one type in the whole schema.
    pub fn argument(&self, name: &str) -> Option<ValueType> {
        self.arguments
            .get(name)
            .or_else(|| self.tools.values().find_map(|tool| tool.arguments.get(name)))
            .copied()
    }

    /// Whether a tool carries a tag; `None` is unknown.
    pub fn has_tag(&self, tool: &str, tag: &str) -> Option<bool> {
        if let Some(listed) = self.tools.get(tool) {
            return Some(listed.tags.contains(tag));
        }
        let fitting = self.tags.get(tag)?.iter().any(|glob| fits(tool, glob));
        (fitting || self.unlisted_untagged).then_some(fitting)
    }
}

struct Gatherer<'a> {
    schema: &'a mut Schema,
    diagnostics: &'a mut Diagnostics,
}

impl Gatherer<'_> {
    fn duplicate(&mut self, name: &Name) {
        let message = format!("`{}` is declared twice", name.value);
        let help = "keep one declaration";
        self.diagnostics
            .push(Diagnostic::error(Code::Duplicate, name.span, message, help));
    }

    fn unknown(&mut self, name: &Name, what: &str, help: &str) {
        let message = format!("there is no {what} `{}`", name.value);
        self.diagnostics
            .push(Diagnostic::error(Code::UnknownName, name.span, message, help));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Schema { name, version } => {
                if !self.schema.name.is_empty() {
                    let help = "a bundle has one schema; import it from every file";
                    let message = "this is the second schema";
                    self.diagnostics
                        .push(Diagnostic::error(Code::NoSchema, name.span, message, help));
                }
                self.schema.name.clone_from(&name.value);
                self.schema.version.clone_from(&version.value);
            }
            Item::Label { levels, .. } => self.labels(levels),
            Item::Names { list, names } => {
                for name in names {
                    let known = match list {
                        NameList::Events => &mut self.schema.kinds,
                        NameList::Roles => &mut self.schema.roles,
                        NameList::Detectors => &mut self.schema.detectors,
                    };
                    if !known.insert(name.value.clone()) {
                        self.duplicate(name);
                    }
                }
            }
            Item::Attribute { name, kind } => {
                if self
                    .schema
                    .attributes
                    .insert(name.value.clone(), kind.value)
                    .is_some()
                {
                    self.duplicate(name);
                }
                if ["args", "trust", "role", "tool", "text"].contains(&name.value.as_str()) {
                    self.duplicate(name);
                }
            }
            Item::Argument { name, kind, .. } => {
                let before = self.schema.arguments.insert(name.value.clone(), kind.value);
                if before.is_some() {
                    self.duplicate(name);
                }
            }
            Item::Tag { name, globs } => {
                let globs = globs.iter().map(|glob| glob.value.clone()).collect();
                if self.schema.tags.insert(name.value.clone(), globs).is_some() {
                    self.duplicate(name);
                }
            }
            Item::Unlisted(word) => match word.value.as_str() {
                "untagged" => self.schema.unlisted_untagged = true,
                "unknown" => {}
                _ => self.unknown(word, "word", "write `unlisted untagged` or `unlisted unknown`"),
            },
            _ => {}
        }
    }

    fn labels(&mut self, levels: &[Name]) {
        if let (false, Some(first)) = (self.schema.labels.is_empty(), levels.first()) {
            self.duplicate(first);
            return;
        }
        for level in levels.iter().take(LABELS_MAX) {
            if self.schema.labels.contains(&level.value) {
                self.duplicate(level);
            }
            self.schema.labels.push(level.value.clone());
        }
    }

    fn group(&mut self, name: &Name, members: &[Name]) {
        let mut kinds = BTreeSet::new();
        for member in members {
            if self.schema.kinds.contains(&member.value) {
                kinds.insert(member.value.clone());
            } else {
                self.unknown(member, "event kind", "declare it with `event`");
            }
        }
        if self.schema.kinds.contains(&name.value)
            || self.schema.groups.insert(name.value.clone(), kinds).is_some()
        {
            self.duplicate(name);
        }
    }

    fn gathered(
        &mut self,
        name: &Name,
        kind: &Spanned<ValueType>,
        members: &[Name],
        gathering: &BTreeSet<&str>,
    ) {
        if !kind.value.is_set() {
            let message = format!("`{}` gathers values, and is no set", name.value);
            let help = "write `set of text`, `set of path` or `set of host`";
            self.diagnostics
                .push(Diagnostic::error(Code::WrongType, kind.span, message, help));
        }
        let mut known = BTreeSet::new();
        for member in members {
            if self.schema.argument(&member.value).is_none() {
                self.unknown(member, "argument", "declare it with `argument`, or with its tool");
            } else if gathering.contains(member.value.as_str()) {
                let message = format!("`{}` itself gathers arguments", member.value);
                let help = "name the arguments that calls have";
                self.diagnostics
                    .push(Diagnostic::error(Code::WrongType, member.span, message, help));
            } else if !known.insert(member.value.clone()) {
                self.duplicate(member);
            }
        }
        self.schema.gathered.insert(name.value.clone(), known);
    }

    fn tool(&mut self, item: &ToolItem) {
        let mut tool = Tool::default();
        for (name, kind) in &item.arguments {
            self.argument(name, kind);
            if tool.arguments.insert(name.value.clone(), kind.value).is_some() {
                self.duplicate(name);
            }
        }
        for tag in &item.tags {
            if !self.schema.tags.contains_key(&tag.value) {
                self.unknown(tag, "tag", "declare it with `tag`");
            }
            tool.tags.insert(tag.value.clone());
        }
        if self.schema.tools.insert(item.name.value.clone(), tool).is_some() {
            self.duplicate(&item.name);
        }
    }

    /// An argument's name has one type in the whole schema, so that a pattern over many tools can be typed.
    fn argument(&mut self, name: &Name, kind: &Spanned<ValueType>) {
        if let Some(known) = self.schema.argument(&name.value)
            && known != kind.value
        {
            let message = format!(
                "the argument `{}` is {} elsewhere and {} here",
                name.value,
                known.text(),
                kind.value.text()
            );
            let help = "give one of them another name: an argument has one type in a schema";
            self.diagnostics
                .push(Diagnostic::error(Code::WrongType, kind.span, message, help));
        }
    }
}
