//! Mention is not use: is the match carried out, or talked about?
//!
//! A match is *quoted* when it stands in quotation marks, code or a block quote and words outside of it, close by, say that it is
//! an example, a report or a question (a *mention frame*), and none there tell the reader to carry it out (a *use frame*). It is
//! *reported* when such words stand before it in its own sentence. Quotation alone changes nothing: an attack can wrap itself.

use super::limits::QUOTE_BYTES_MAX;
use std::ops::Range;

/// Why a confidence was lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextReason {
    /// In quotation marks, with words around that talk about it.
    Quoted,
    /// In code or a block quote, with words around that talk about it.
    Code,
    /// After words of report in its own sentence.
    Reported,
}

impl ContextReason {
    /// The stable word for findings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quoted => "quoted",
            Self::Code => "code",
            Self::Reported => "reported",
        }
    }

    /// What the confidence is multiplied with. A quoted match in a frame keeps less than half of any confidence, so that it cannot
    /// block alone; a report without quotation marks is weaker evidence of honesty.
    pub fn multiplier(self) -> f32 {
        match self {
            Self::Quoted | Self::Code => 0.3,
            Self::Reported => 0.55,
        }
    }
}

/// How far before a quotation, in bytes, its introduction may stand: two sentences.
const FRAME_BEFORE_BYTES: usize = 300;
/// How far behind a quotation its comment may stand.
const FRAME_AFTER_BYTES: usize = 160;
/// How far before an unquoted match, in its sentence.
const REPORT_BEFORE_BYTES: usize = 160;

/// What the words of a frame say about a match beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameRole {
    /// It is talked about.
    Mention,
    /// It is a literal of a program: counts for quotations only.
    Code,
    /// It is to be carried out.
    Use,
}

/// Words of a frame, in bytes of the view.
#[derive(Debug, Clone)]
pub struct FrameHit {
    pub span: Range<usize>,
    pub sentence: u32,
    pub role: FrameRole,
}

/// Quotations of a view, each kind sorted and free of overlaps.
#[derive(Debug, Default)]
pub struct Quotations {
    quotes: [Vec<Range<usize>>; MARKS],
    code: [Vec<Range<usize>>; 3],
    literals: [Vec<Range<usize>>; 2],
}

/// Literals of several lines in Python: they may hold blank lines, where other quotation marks end.
const LITERAL_MARKS: [&str; 2] = ["\"\"\"", "'''"];

const MARKS: usize = 9;
/// Paired quotation marks: opening, closing. Straight ones close themselves; the straight single mark is also an apostrophe.
const PAIRS: [(char, char); MARKS] = [
    ('"', '"'),
    ('\'', '\''),
    ('“', '”'),
    ('„', '“'),
    ('‘', '’'),
    ('«', '»'),
    ('「', '」'),
    ('『', '』'),
    ('《', '》'),
];

#[derive(Default, Clone, Copy)]
struct Open {
    depth: u32,
    start: usize,
}

impl Quotations {
    /// Finds all quotations in one pass.
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        found.read_lines(text);
        found.read_marks(text);
        found
    }

    fn read_marks(&mut self, text: &str) {
        let mut open = [Open::default(); MARKS];
        let mut tick: Option<usize> = None;
        let mut literals = [None; LITERAL_MARKS.len()];
        let mut literal_end = 0;
        for at in places_of_marks(text.as_bytes()) {
            let (left, right) = text.split_at_checked(at).unwrap_or_default();
            if at >= literal_end {
                for ((mark, open), list) in LITERAL_MARKS.iter().zip(&mut literals).zip(&mut self.literals) {
                    if right.starts_with(mark) {
                        literal_end = at + mark.len();
                        match open.take() {
                            Some(start) => push(list, start, at),
                            None => *open = Some(at),
                        }
                    }
                }
            }
            if at < literal_end {
                continue;
            }
            let mut right = right.chars();
            let Some(character) = right.next() else { continue };
            let before = left.chars().next_back().unwrap_or(' ');
            let after = right.next().unwrap_or(' ');
            if character == '\n' && after == '\n' {
                open = [Open::default(); MARKS];
                tick = None;
            } else if character == '`' && before != '`' && after != '`' {
                match tick.take() {
                    Some(start) => push(&mut self.code[0], start, at),
                    None => tick = Some(at),
                }
            } else {
                for (index, (opening, closing)) in PAIRS.iter().enumerate() {
                    if character != *opening && character != *closing {
                        continue;
                    }
                    let (Some(state), Some(list)) = (open.get_mut(index), self.quotes.get_mut(index)) else {
                        continue;
                    };
                    let opens = character == *opening && (opening != closing || state.depth == 0);
                    let apostrophe = matches!(character, '\'' | '’');
                    if opens && !(apostrophe && (before.is_alphanumeric() || !after.is_alphanumeric())) {
                        if state.depth == 0 {
                            state.start = at;
                        }
                        state.depth += 1;
                    } else if character == *closing
                        && state.depth > 0
                        && !(apostrophe && after.is_alphanumeric())
                    {
                        state.depth -= 1;
                        if state.depth == 0 {
                            push(list, state.start, at);
                        }
                    }
                }
            }
        }
    }

    /// Fences and block quotes go by lines.
    fn read_lines(&mut self, text: &str) {
        let mut at = 0;
        let mut fence: Option<usize> = None;
        let mut block: Option<usize> = None;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim_start();
            if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
                match fence.take() {
                    Some(start) => push(&mut self.code[1], start, at + line.len()),
                    None => fence = Some(at),
                }
            }
            match (trimmed.starts_with('>'), block) {
                (true, None) => block = Some(at),
                (false, Some(start)) => {
                    push(&mut self.code[2], start, at);
                    block = None;
                }
                _ => {}
            }
            at += line.len();
        }
        if let Some(start) = block {
            push(&mut self.code[2], start, at);
        }
    }

    /// All quotations that hold the span, each with its reason.
    fn around(&self, span: &Range<usize>) -> impl Iterator<Item = (Range<usize>, ContextReason)> {
        let quotes = self.quotes.iter().map(|list| (list, ContextReason::Quoted));
        let code = self.code.iter().chain(&self.literals);
        let code = code.map(|list| (list, ContextReason::Code));
        quotes.chain(code).filter_map(move |(list, reason)| {
            let index = list
                .partition_point(|region| region.start <= span.start)
                .checked_sub(1)?;
            let region = list.get(index)?;
            (region.end >= span.end).then(|| (region.clone(), reason))
        })
    }
}

/// Where a mark or a blank line may begin. Most stretches hold neither, which is seen for many bytes at once.
fn places_of_marks(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const STRETCH: usize = 32;
    let may_matter = |byte: &u8| matches!(byte, b'\n' | b'`' | b'"' | b'\'' | 0xC2 | 0xE2 | 0xE3);
    let stretches = (0..).step_by(STRETCH).zip(bytes.chunks(STRETCH));
    let stretches =
        stretches.filter(move |(_, part)| part.iter().fold(false, |any, byte| any | may_matter(byte)));
    let places = stretches.flat_map(|(start, part)| (start..).zip(part));
    places
        .filter(move |(at, byte)| may_matter(byte) && (**byte != b'\n' || bytes.get(at + 1) == Some(&b'\n')))
        .map(|(at, _)| at)
}

fn push(list: &mut Vec<Range<usize>>, start: usize, end: usize) {
    if end - start <= QUOTE_BYTES_MAX {
        list.push(start..end);
    }
}

/// Why the match at `span` is a mention, if it is one. `frames` are in order of their end. A match in pasted data is
/// mentioned by words of that `data` only: what the user asks about the data ("what does this mail say:") says nothing of what
/// the data wants.
pub fn reason(
    quotations: &Quotations,
    frames: &[FrameHit],
    span: &Range<usize>,
    sentence: u32,
    data: Option<&Range<usize>>,
) -> Option<ContextReason> {
    let in_reach = |frame: &FrameHit| {
        data.is_none_or(|data| data.start <= frame.span.start && frame.span.end <= data.end)
    };
    for (region, reason) in quotations.around(span) {
        let (mut mentioned, mut used) = (false, false);
        for frame in near(
            frames,
            region.start.saturating_sub(FRAME_BEFORE_BYTES),
            region.end + FRAME_AFTER_BYTES,
        ) {
            if frame.span.end <= region.start || frame.span.start >= region.end {
                mentioned |= frame.role != FrameRole::Use && in_reach(frame);
                used |= frame.role == FrameRole::Use;
            }
        }
        if mentioned && !used {
            return Some(reason);
        }
    }
    let reported = near(frames, span.start.saturating_sub(REPORT_BEFORE_BYTES), span.start).any(|frame| {
        frame.role == FrameRole::Mention
            && frame.sentence == sentence
            && frame.span.end <= span.start
            && in_reach(frame)
    });
    reported.then_some(ContextReason::Reported)
}

fn near(frames: &[FrameHit], from: usize, to: usize) -> impl Iterator<Item = &FrameHit> {
    let first = frames.partition_point(|frame| frame.span.end < from);
    frames
        .get(first..)
        .unwrap_or_default()
        .iter()
        .take_while(move |frame| frame.span.start <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, part: &str) -> bool {
        let start = text.find(part).unwrap();
        Quotations::of(text)
            .around(&(start..start + part.len()))
            .next()
            .is_some()
    }

    #[test]
    fn quotations_of_many_kinds_are_found() {
        for text in [
            "say \"HERE\" now",
            "say 'HERE' now",
            "it's 'HERE', isn't it",
            "say “HERE” now",
            "sagt „HERE“ dann",
            "dit « HERE » puis",
            "说「HERE」吧",
            "run `HERE` now",
            "text\n```\nHERE\n```\n",
            "text\n> HERE\nmore",
            "PROMPT = \"\"\"first\n\nHERE\n\nlast\"\"\"",
            "a = '''b\n\nHERE\n'''",
            "\"\"\"One.\n\nTwo.\"\"\"\na = \"HERE\"",
            "“outer “HERE” outer”",
        ] {
            assert!(quoted(text, "HERE"), "{text}");
        }
    }

    #[test]
    fn what_is_not_enclosed_is_not_quoted() {
        for text in [
            "don't HERE don't",
            "\"a\" HERE \"b\"",
            "it's HERE, it's",
            "a \" b\n\nHERE \" c",
            "`a` HERE `b`",
            "” HERE “",
            "a = \"\"\"b\"\"\"\n\nHERE\n\nc = \"\"\"d\"\"\"",
            "\"\"\"One.\n\nTwo.\"\"\"\na = \"b\" HERE \"c\"",
        ] {
            assert!(!quoted(text, "HERE"), "{text}");
        }
    }
}
