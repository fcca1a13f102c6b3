//! Words that announce a text: "summarise the following article:", "Context:", "Dear Ann,".

const LABELS: [&str; 22] = [
    "text",
    "context",
    "document",
    "article",
    "email",
    "e-mail",
    "mail",
    "message",
    "passage",
    "review",
    "content",
    "body",
    "transcript",
    "abstract",
    "paragraph",
    "comment",
    "web page",
    "observation",
    "tool output",
    "tool result",
    "search results",
    "description",
];
const POINTERS: [&str; 8] = [
    "following",
    "below",
    "given",
    "this",
    "here is",
    "here are",
    "the text",
    "attached",
];
const NOUNS: [&str; 24] = [
    "text",
    "document",
    "article",
    "mail",
    "message",
    "page",
    "passage",
    "content",
    "context",
    "review",
    "transcript",
    "data",
    "report",
    "paragraph",
    "story",
    "notes",
    "output",
    "result",
    "letter",
    "comment",
    "post",
    "conversation",
    "table",
    "news",
];
const GREETINGS: [&str; 6] = ["hi ", "hello ", "dear ", "hey ", "good morning", "good afternoon"];
/// A greeting to the machine opens a prompt, not a letter.
const MACHINES: [&str; 10] = [
    "chat",
    "gpt",
    "claude",
    "assistant",
    "ai",
    "there",
    "bot",
    "gemini",
    "bard",
    "bing",
];

/// Where the announced text begins: behind a line that ends with a colon and names a text, or behind a label.
pub fn announces(trimmed: &str, start: usize, line_end: usize) -> Option<usize> {
    let (label, value) = trimmed.split_once(':')?;
    let label = label.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    if LABELS.iter().any(|known| label.eq_ignore_ascii_case(known)) {
        return Some(start + trimmed.len() - value.len());
    }
    if !value.trim().is_empty() {
        return None;
    }
    let lower = label.to_ascii_lowercase();
    let names =
        POINTERS.iter().any(|word| lower.contains(word)) && NOUNS.iter().any(|word| lower.contains(word));
    names.then_some(line_end)
}

/// A line that opens a letter: "Dear Ann," alone or before the text.
pub fn is_greeting(trimmed: &str) -> bool {
    if !trimmed.starts_with(['h', 'H', 'd', 'D', 'g', 'G']) {
        return false;
    }
    let lower = trimmed
        .get(..trimmed.len().min(40))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let Some(name) = GREETINGS.iter().find_map(|greeting| lower.strip_prefix(greeting)) else {
        return false;
    };
    let name = name
        .split(',')
        .next()
        .filter(|name| name.len() < lower.len() && name.len() <= 30);
    name.is_some_and(|name| {
        !name.trim().is_empty()
            && name.split(' ').all(|word| !MACHINES.contains(&word))
            && name.split(' ').count() <= 3
    })
}
