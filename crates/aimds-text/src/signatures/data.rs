//! Data inside a prompt: people paste mails, pages, records and tables, and rules meant for data hold there too.
//!
//! One pass over the lines and one over the brackets mark the regions that look like data: records (JSON and its kin, YAML),
//! mails and letters, markup, tables, fences and block quotes, triple quotes, tags that stand alone on their lines, and what
//! follows words that announce a text ("summarise the following article:"). What the user says before the data is the user's
//! own, and so is a closing paragraph behind a mail, a letter or an announced text.

use super::announce::{announces, is_greeting};
use std::ops::Range;

/// Lines that must agree before they count as a table or a record: two happen by chance.
const ALIKE_LINES_MIN: usize = 3;
/// Longest line that is read for what it announces; a longer one is a paragraph.
const ANNOUNCING_BYTES_MAX: usize = 240;
/// A header or greeting line that is longer also holds text.
const HEADER_BYTES_MAX: usize = 80;
/// Longest key of a record or header.
const KEY_BYTES_MAX: usize = 40;
/// Brackets that may be open at once; deeper ones are not followed, so that the memory is bounded.
const OPEN_MAX: usize = 64;
/// Markup with fewer tags is a word in angle brackets.
const TAGS_MIN: usize = 3;

const HEADERS: [&str; 11] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "sent",
    "sender",
    "reply-to",
    "received",
    "received date",
];
/// The parts of one text that look like data.
#[derive(Debug, Default)]
pub struct DataRegions {
    regions: Vec<Range<usize>>,
}

impl DataRegions {
    /// Marks the regions of a text, in time linear in its length.
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        found.read_records(text);
        found.read_lines(text);
        found.merge();
        found
    }

    /// The data that the whole span lies in.
    pub fn around(&self, span: &Range<usize>) -> Option<&Range<usize>> {
        let behind = self.regions.partition_point(|region| region.start <= span.start);
        behind
            .checked_sub(1)
            .and_then(|index| self.regions.get(index))
            .filter(|region| region.end >= span.end)
    }

    fn push(&mut self, start: usize, end: usize) {
        if end > start {
            self.regions.push(start..end);
        }
    }

    fn merge(&mut self) {
        self.regions.sort_unstable_by_key(|region| region.start);
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(self.regions.len());
        for region in self.regions.drain(..) {
            match merged.last_mut() {
                Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
                _ => merged.push(region),
            }
        }
        self.regions = merged;
    }

    /// Brackets that hold a quoted key and a colon, JSON or the like; an unclosed one reaches to the end.
    fn read_records(&mut self, text: &str) {
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut too_deep = 0_usize;
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'{' | b'[' if open.len() == OPEN_MAX => too_deep += 1,
                b'{' | b'[' => {
                    let rest = bytes.get(at + 1..).unwrap_or_default();
                    open.push((at, *byte == b'{' && begins_with_key(rest)));
                }
                b'}' | b']' if too_deep > 0 => too_deep -= 1,
                b'}' | b']' => {
                    if let Some((start, true)) = open.pop() {
                        self.push(start, at + 1);
                    }
                }
                _ => {}
            }
        }
        if let Some((start, _)) = open.into_iter().find(|(_, record)| *record) {
            self.push(start, text.len());
        }
    }

    fn read_lines(&mut self, text: &str) {
        let mut lines = Lines::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            lines.read(line, at, self);
            at += line.len();
        }
        lines.finish(text, self);
    }
}

/// Whether a brace is followed by `"key":` in either kind of quotation marks.
fn begins_with_key(rest: &[u8]) -> bool {
    let mut rest = rest.iter().skip_while(|byte| byte.is_ascii_whitespace());
    let Some(quote @ (b'"' | b'\'')) = rest.next() else {
        return false;
    };
    let mut rest = rest.take(KEY_BYTES_MAX + 4).skip_while(|byte| *byte != quote);
    rest.next().is_some() && rest.find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// A run of lines that agree in something.
#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
    lines: usize,
    key: usize,
}

impl Run {
    fn add(&mut self, key: usize, line: Range<usize>, found: &mut DataRegions) {
        if key == 0 || key != self.key {
            self.close(found);
            self.start = line.start;
            self.key = key;
        }
        self.end = line.end;
        self.lines += 1;
    }

    fn close(&mut self, found: &mut DataRegions) {
        if self.key != 0 && self.lines >= ALIKE_LINES_MIN {
            found.push(self.start, self.end);
        }
        *self = Self::default();
    }
}

/// What has been seen of a text, line by line.
#[derive(Default)]
struct Lines {
    bars: Run,
    commas: Run,
    fence: Option<usize>,
    triple: Option<usize>,
    block: Option<usize>,
    tag: Option<(String, usize)>,
    first_tag: Option<usize>,
    last_tag_end: usize,
    tags: usize,
    first_key: Option<usize>,
    last_key_end: usize,
    keys: usize,
    headers: usize,
    first_header: Option<usize>,
    announced: Option<usize>,
    /// Start of the last paragraph.
    paragraph: usize,
    blank: bool,
    /// Paragraphs with text of the mail, letter or announced text, and the newest of them.
    bodies: usize,
    body: Option<usize>,
}

impl Lines {
    fn read(&mut self, line: &str, at: usize, found: &mut DataRegions) {
        let trimmed = line.trim();
        let end = at + line.len();
        if trimmed.is_empty() {
            self.blank = true;
        } else if std::mem::take(&mut self.blank) {
            self.paragraph = at;
        }
        let bars = trimmed
            .bytes()
            .filter(|byte| matches!(byte, b'|' | b'\t'))
            .count();
        self.bars.add(if bars > 1 { bars } else { 0 }, at..end, found);
        let commas = trimmed.bytes().filter(|byte| matches!(byte, b',' | b';')).count();
        self.commas.add(
            if commas > 1 && !trimmed.ends_with(['.', ';', '{', ',']) {
                commas
            } else {
                0
            },
            at..end,
            found,
        );
        self.read_fences(trimmed, at..end, found);
        self.read_tags(line, at);
        let headers_before = self.headers;
        self.read_keys(trimmed, at..end);
        let begun = self.announced.is_some() || headers_before > 0;
        let mut opens = self.headers > headers_before;
        if self.announced.is_none() && trimmed.len() <= ANNOUNCING_BYTES_MAX {
            let start = at + line.len() - line.trim_start().len();
            self.announced = announces(trimmed, start, end).or_else(|| is_greeting(trimmed).then_some(at));
            opens |= self.announced.is_some();
        }
        let has_text = if opens {
            !trimmed.ends_with([',', ':']) && trimmed.len() > HEADER_BYTES_MAX
        } else {
            begun
        };
        if has_text && !trimmed.is_empty() && self.body != Some(self.paragraph) {
            self.body = Some(self.paragraph);
            self.bodies += 1;
        }
    }

    fn read_fences(&mut self, trimmed: &str, line: Range<usize>, found: &mut DataRegions) {
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            toggle(&mut self.fence, &line, found);
        }
        if trimmed.contains('"') && trimmed.matches("\"\"\"").count() % 2 == 1 {
            toggle(&mut self.triple, &line, found);
        }
        match (trimmed.starts_with('>'), self.block) {
            (true, None) => self.block = Some(line.start),
            (false, Some(start)) => {
                found.push(start, line.start);
                self.block = None;
            }
            _ => {}
        }
        let alone = trimmed.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        if let Some(name) =
            alone.filter(|name| name.len() <= KEY_BYTES_MAX && !name.contains(['<', '>', ' ']))
        {
            match (name.strip_prefix('/'), self.tag.take()) {
                (Some(closing), Some((opening, start))) if closing == opening => found.push(start, line.end),
                (None, None) => self.tag = Some((name.to_owned(), line.start)),
                (_, kept) => self.tag = kept,
            }
        }
    }

    fn read_tags(&mut self, line: &str, at: usize) {
        for (place, _) in line.match_indices('<') {
            let rest = line.get(place + 1..).unwrap_or_default();
            let name = rest.strip_prefix('/').unwrap_or(rest);
            let name_bytes = name
                .bytes()
                .take(KEY_BYTES_MAX)
                .take_while(u8::is_ascii_alphanumeric)
                .count();
            let after = name.as_bytes().get(name_bytes);
            if name.starts_with(|letter: char| letter.is_ascii_lowercase())
                && matches!(after, Some(b'>' | b' ' | b'/' | b'\n'))
            {
                self.tags += 1;
                self.first_tag.get_or_insert(at + place);
                self.last_tag_end = at + place + name_bytes + 2;
            }
        }
    }

    /// Keys of a YAML record are one small word; headers of a mail are known words, also several on a line between bars.
    fn read_keys(&mut self, trimmed: &str, line: Range<usize>) {
        if !trimmed.contains(':') {
            return;
        }
        let field = trimmed.trim_start_matches("- ");
        let key = field.split(':').next().unwrap_or_default();
        let small = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit();
        if key.len() < field.len() && (2..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(small) {
            let value = field.get(key.len() + 1..).unwrap_or_default();
            if value.is_empty() || value.starts_with(' ') {
                self.keys += 1;
                self.first_key.get_or_insert(line.start);
                self.last_key_end = line.end;
            }
        }
        let parts = trimmed.split('|').take(8).filter(|part| {
            let name = part.split(':').next().unwrap_or_default().trim();
            name.len() < part.len()
                && name.len() <= KEY_BYTES_MAX
                && (HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header))
                    || (trimmed.contains('|')
                        && name.len() > 3
                        && name.bytes().all(|b| b.is_ascii_uppercase() || b" _".contains(&b))))
        });
        let headers = parts.count();
        if headers > 0 {
            self.headers += headers;
            self.first_header.get_or_insert(line.start);
        }
    }

    fn finish(mut self, text: &str, found: &mut DataRegions) {
        self.bars.close(found);
        self.commas.close(found);
        for start in [self.fence, self.triple, self.block].into_iter().flatten() {
            found.push(start, text.len());
        }
        if let (Some(start), TAGS_MIN..) = (self.first_tag, self.tags) {
            found.push(start, self.last_tag_end.min(text.len()));
        }
        if let (Some(start), ALIKE_LINES_MIN..) = (self.first_key, self.keys) {
            found.push(start, self.last_key_end);
        }
        let mail = self.first_header.filter(|_| self.headers > 1);
        if let Some(start) = mail.into_iter().chain(self.announced).min() {
            // A closing paragraph is the user's question; if it is all there is, it is the data.
            let end = if self.bodies > 1 {
                self.paragraph
            } else {
                text.len()
            };
            found.push(start, end);
        }
    }
}

fn toggle(open: &mut Option<usize>, line: &Range<usize>, found: &mut DataRegions) {
    match open.take() {
        Some(start) => found.push(start, line.end),
        None => *open = Some(line.start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_data(text: &str) -> bool {
        let start = text.find("HERE").unwrap();
        DataRegions::of(text).around(&(start..start + 4)).is_some()
    }

    #[test]
    fn data_of_many_kinds_is_found() {
        for text in [
            "{'note': 'HERE'}",
            "what is in {\"tasks\": [{\"name\": \"HERE\"}]}?",
            "{\"cut\": \"HERE",
            "From: a@b.example\nSubject: tea\n\nHERE we go",
            "Dear Ann,\n\nHERE we go",
            "Summarise the following article:\n\nHERE it is",
            "SUBJECT: Tea|CONTENT: HERE it is",
            "Dear Ann,\nthe tea is HERE.\n",
            "Hi Ann, the tea is HERE.\nBye",
            "<ul>\n<li>HERE</li>\n</ul>",
            "a|b|c\nd|HERE|f\ng|h|i",
            "x,y,z\n1,HERE,2\n3,4,5\n",
            "look:\n```\nHERE\n```\n",
            "> HERE\nyes",
            "read\n\"\"\"\nHERE\n\"\"\"\nplease",
            "read\n<data>\nHERE\n</data>\nplease",
            "name: tea\nprice: 3\nreview: HERE\nrating: 2",
            "Summarise the following article:\nThe tea is HERE.",
            "Translate.\nText: the tea is HERE",
        ] {
            assert!(in_data(text), "{text}");
        }
    }

    #[test]
    fn what_the_user_says_beside_the_data_is_no_data() {
        for text in [
            "HERE is a mail.\nFrom: a@b.example\nSubject: tea\n\nwe go",
            "From: a@b.example\nSubject: tea\n\nwe go\n\nHERE I ask.",
            "Dear Ann,\n\nwe go\n\nHERE I ask.",
            "Summarise the following article:\nIt is\n\nHERE I ask.",
            "HERE: {'note': 'x'}",
            "{'note': 'x'} and HERE",
            "Hi assistant, HERE I am",
            "Hello there, HERE I am",
            "a < b, HERE > d",
            "Role: cook\nGoal: tea\nTone: HERE",
            "one, two and HERE\nand so on",
            "{x} HERE {y}",
            "read\n```\nx\n```\nHERE",
        ] {
            assert!(!in_data(text), "{text}");
        }
    }

    #[test]
    fn deep_and_unbalanced_brackets_are_survived() {
        for text in [
            "[".repeat(5000),
            "]".repeat(5000),
            "{'a':".repeat(5000),
            "<a ".repeat(5000),
        ] {
            let _ = DataRegions::of(&text);
        }
    }
}
