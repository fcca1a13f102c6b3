//! The names that packs use: categories and event kinds, as the Python records spell them.

/// What a rule is about; the names equal those of `aimds.taxonomy.Category` (a test holds them equal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Category(u8);

const NAMES: &[&str] = &[
    "instruction_override",
    "indirect_injection",
    "jailbreak_roleplay",
    "prompt_leak",
    "tool_abuse",
    "data_exfiltration",
    "encoding_obfuscation",
    "forged_markup",
    "self_replication",
    "secret",
    "personal_data",
    "canary_leak",
    "manipulation_loop",
    "behavioural_anomaly",
    "multi_turn_escalation",
    "harmful_request",
    "resource_abuse",
];

/// The first categories of `NAMES` are attacks in the words themselves; the others are data or behaviour.
const ATTACKS: u8 = 9;

impl Category {
    /// The category of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .position(|known| *known == name)
            .map(|index| Self(index as u8))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// All names, in order.
    pub fn names() -> &'static [&'static str] {
        NAMES
    }

    /// Whether it names a manipulation of the model, as opposed to data that should not travel.
    pub fn is_attack(self) -> bool {
        self.0 < ATTACKS
    }
}

/// What the event is; the names equal those of `aimds.records.EventKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// What a user typed.
    Prompt,
    /// Retrieved text.
    Document,
    /// A call the model makes.
    ToolCall,
    /// What a tool answered.
    ToolResult,
    /// What the model answers.
    Response,
}

impl EventKind {
    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "prompt" => Self::Prompt,
            "document" => Self::Document,
            "tool_call" => Self::ToolCall,
            "tool_result" => Self::ToolResult,
            "response" => Self::Response,
            _ => return None,
        })
    }

    /// One bit a kind, for sets.
    pub(crate) fn bit(self) -> u8 {
        1 << (self as u8)
    }
}
