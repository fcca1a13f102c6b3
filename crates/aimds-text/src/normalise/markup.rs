//! What markup shows and what it carries unseen: HTML without its tags; comments, hidden elements, attributes, link
//! titles. A tolerant scanner, not a parser: what a model reads is the source, whether it is well-formed or not.

use super::reading::{Pieces, Reading};
use super::rewriter::Rewriter;
use super::tags::{BLOCKS, NEVER_SHOWN, VOID, is_type, tag_length};
use super::view::Transform;
use memchr::memmem;
use std::ops::Range;

/// Attributes that hold words.
const WORDY_ATTRIBUTES: &[&str] = &[
    "alt",
    "title",
    "aria-label",
    "aria-description",
    "content",
    "value",
    "placeholder",
    "label",
    "summary",
];

/// Styles that leave no trace on the page, and those that are also the daily bread of honest pages.
const TRACELESS: &[&str] = &[
    "font-size:0",
    "font-size:1px",
    "opacity:0",
    "color:white",
    "color:#fff",
    "color:transparent",
    "color:rgba(0,0,0,0)",
    "text-indent:-9",
    "left:-9",
    "top:-9",
    "height:0",
    "width:0",
];
const HIDDEN: &[&str] = &["display:none", "visibility:hidden", "clip:rect(0"];

/// What markup yields: the readings, and the places of text that was hidden without trace.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    pub(crate) readings: Vec<Reading>,
    pub(crate) traceless: Vec<Range<usize>>,
}

/// Reads the markup of a text.
pub(crate) fn read(text: &str) -> Markup {
    let mut markup = Markup::default();
    let mut carried = Pieces::default();
    if memchr::memchr(b'<', text.as_bytes()).is_some() {
        let mut scanner = Scanner::new(text);
        scanner.run(&mut carried);
        markup.traceless = scanner.traceless;
        if scanner.tags > 0 {
            markup.readings.extend(scanner.shown.reading(Transform::HtmlText));
        }
    }
    if memchr::memchr_iter(b']', text.as_bytes())
        .any(|at| matches!(text.as_bytes().get(at + 1), Some(b'(' | b':')))
    {
        markdown(text, &mut carried);
    }
    if let Some(reading) = carried.reading(Transform::HiddenMarkup) {
        markup.readings.push(Reading { pieces: 1, ..reading });
    }
    markup
}

/// An element whose text is not shown, while it is open.
struct HiddenElement {
    name: String,
    depth: usize,
    start: usize,
    traceless: bool,
}

struct Scanner<'a> {
    text: &'a str,
    shown: Rewriter<'a>,
    hidden: Option<HiddenElement>,
    traceless: Vec<Range<usize>>,
    tags: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            shown: Rewriter::new(text),
            hidden: None,
            traceless: Vec::new(),
            tags: 0,
        }
    }

    fn run(&mut self, carried: &mut Pieces) {
        let bytes = self.text.as_bytes();
        let mut done = 0;
        let mut comments_end = true;
        for at in memchr::memchr_iter(b'<', bytes) {
            if at < done {
                continue;
            }
            let Some(rest) = self.text.get(at..) else { continue };
            if rest.starts_with("<!--") {
                let body = rest.get(4..).unwrap_or_default();
                // An open comment hides the rest; looking for an end again and again would be quadratic.
                let length = if comments_end {
                    memmem::find(body.as_bytes(), b"-->")
                } else {
                    None
                };
                comments_end = length.is_some();
                let end = length.map_or(self.text.len(), |length| at + 4 + length + 3);
                self.carry(
                    carried,
                    at + 4..length.map_or(self.text.len(), |length| at + 4 + length),
                );
                self.remove(at..end);
                done = end;
            } else if let Some(length) = tag_length(rest.as_bytes())
                && !is_type(bytes, at..at + length)
            {
                self.tag(carried, at..at + length);
                done = at + length;
            }
        }
        self.close_hidden(carried, self.text.len());
    }

    fn remove(&mut self, range: Range<usize>) {
        self.tags += 1;
        if self.hidden.is_none() {
            self.shown.remove(range);
        }
    }

    fn tag(&mut self, carried: &mut Pieces, range: Range<usize>) {
        let Some(tag) = self.text.get(range.clone()) else {
            return;
        };
        let closing = tag.starts_with("</");
        let inner = tag.trim_start_matches(['<', '/']).trim_end_matches('>');
        let name_length = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = inner.get(..name_length).unwrap_or_default().to_ascii_lowercase();
        let attributes = inner.get(name_length..).unwrap_or_default();
        self.tags += 1;
        if let Some(hidden) = &mut self.hidden {
            if name == hidden.name {
                hidden.depth = if closing {
                    hidden.depth - 1
                } else {
                    hidden.depth + 1
                };
            }
            if hidden.depth == 0 {
                self.close_hidden(carried, range.start);
                self.shown.skip_to(range.end);
            }
            return;
        }
        if BLOCKS.contains(&name.as_str()) {
            self.shown.replace(range.clone(), "\n");
        } else {
            self.shown.remove(range.clone());
        }
        if closing || attributes.trim().is_empty() && !NEVER_SHOWN.contains(&name.as_str()) {
            return;
        }
        let base = range.start + (attributes.as_ptr() as usize - tag.as_ptr() as usize);
        let style = self.attributes(carried, attributes, base);
        if VOID.contains(&name.as_str()) || tag.ends_with("/>") {
            return;
        }
        let traceless = style.traceless;
        if traceless || style.hidden || NEVER_SHOWN.contains(&name.as_str()) {
            self.hidden = Some(HiddenElement {
                name,
                depth: 1,
                start: range.end,
                traceless,
            });
        }
    }

    /// Takes up the words of attributes; says what the style does to the element.
    fn attributes(&mut self, carried: &mut Pieces, attributes: &str, base: usize) -> Style {
        let mut style = Style::default();
        let mut rest = attributes;
        let mut at = base;
        while let Some(equals) = rest.find('=') {
            let before = rest.get(..equals).unwrap_or_default();
            style.hidden |= before
                .split_ascii_whitespace()
                .rev()
                .skip(1)
                .any(|word| word.eq_ignore_ascii_case("hidden"));
            let name = before
                .split_ascii_whitespace()
                .next_back()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let value = rest.get(equals + 1..).unwrap_or_default();
            let (start, length, step) = if let Some(&quote @ (b'"' | b'\'')) = value.as_bytes().first() {
                let length = memchr::memchr(quote, value.as_bytes().get(1..).unwrap_or_default());
                let length = length.unwrap_or(value.len() - 1);
                (1, length, length + 2)
            } else {
                let length = value.bytes().take_while(|b| !b.is_ascii_whitespace()).count();
                (0, length, length)
            };
            let content = value.get(start..start + length).unwrap_or_default();
            let from = at + equals + 1 + start;
            if name == "style" {
                style.read(content);
            } else if (WORDY_ATTRIBUTES.contains(&name.as_str()) || name.starts_with("data-"))
                && content.contains(' ')
            {
                self.carry(carried, from..from + content.len());
            }
            at += equals + 1 + step.min(value.len());
            rest = value.get(step.min(value.len())..).unwrap_or_default();
        }
        style.hidden |= rest
            .split_ascii_whitespace()
            .any(|word| word.trim_end_matches('/').eq_ignore_ascii_case("hidden"));
        style
    }

    fn carry(&self, carried: &mut Pieces, range: Range<usize>) {
        let Some(content) = self.text.get(range.clone()) else {
            return;
        };
        let trimmed = content.trim();
        if !trimmed.is_empty() {
            let start = range.start + (trimmed.as_ptr() as usize - content.as_ptr() as usize);
            carried.piece(trimmed, start..start + trimmed.len());
        }
    }

    fn close_hidden(&mut self, carried: &mut Pieces, end: usize) {
        const WORDS_MIN: usize = 3;
        let Some(hidden) = self.hidden.take() else { return };
        let range = hidden.start..end;
        self.shown.remove(range.clone());
        self.carry(carried, range.clone());
        let words = self
            .text
            .get(range.clone())
            .unwrap_or_default()
            .split_ascii_whitespace()
            .count();
        if hidden.traceless && words >= WORDS_MIN {
            self.traceless.push(range);
        }
    }
}

/// What an element's style does to its text.
#[derive(Debug, Default)]
struct Style {
    hidden: bool,
    traceless: bool,
}

impl Style {
    fn read(&mut self, style: &str) {
        let mut plain: String = style.chars().filter(|c| !c.is_whitespace()).take(1024).collect();
        plain.make_ascii_lowercase();
        plain.push(';');
        let has = |property: &&str| {
            memmem::find_iter(plain.as_bytes(), property.as_bytes()).any(|at| {
                // `color` must not be the end of `background-color`, nor 0 the beginning of 0.9.
                let before = at.checked_sub(1).and_then(|before| plain.as_bytes().get(before));
                let after = plain.as_bytes().get(at + property.len());
                let fraction = property.ends_with('0') && matches!(after, Some(b'.' | b'1'..=b'9' | b'%'));
                before.is_none_or(|&byte| byte == b';') && !fraction
            })
        };
        self.traceless |= TRACELESS.iter().any(has);
        self.hidden |= HIDDEN.iter().any(has);
    }
}

/// Takes up what Markdown carries unseen: image texts, link titles, reference definitions used as comments.
fn markdown(text: &str, carried: &mut Pieces) {
    let base = text.as_ptr() as usize;
    for line in text.lines() {
        let start = line.as_ptr() as usize - base;
        links(line, start, carried);
    }
}

/// The links, images and definitions of one line, each looked at once.
fn links(line: &str, start: usize, carried: &mut Pieces) {
    let bytes = line.as_bytes();
    let mut done = 0;
    while let Some(at) = bytes
        .get(done..)
        .and_then(|rest| memchr::memchr(b']', rest))
        .map(|found| done + found)
    {
        let before = done;
        done = at + 1;
        let target = match bytes.get(at + 1) {
            Some(b'(') => {
                let inside = bytes.get(at + 2..).unwrap_or_default();
                let Some(length) = memchr::memchr(b')', inside) else {
                    return;
                };
                at + 2..at + 2 + length
            }
            Some(b':') => at + 2..line.len(),
            _ => continue,
        };
        let opening = bytes
            .get(before..at)
            .and_then(|text| memchr::memrchr(b'[', text))
            .map(|open| before + open);
        if let Some(open) = opening
            && open > 0
            && bytes.get(open - 1) == Some(&b'!')
        {
            take_words(line, open + 1..at, start, carried);
        }
        done = target.end;
        let words = bytes.get(target.clone()).unwrap_or_default();
        let quote = |(at, byte): (usize, &u8)| {
            matches!(byte, b'"' | b'\'' | b'(') && at > 0 && words.get(at - 1) == Some(&b' ')
        };
        if let Some(open) = words.iter().enumerate().position(quote) {
            let rest = words.get(open + 1..).unwrap_or_default();
            let length = rest
                .iter()
                .rposition(|byte| matches!(byte, b'"' | b'\'' | b')'))
                .unwrap_or(rest.len());
            take_words(
                line,
                target.start + open + 1..target.start + open + 1 + length,
                start,
                carried,
            );
        }
    }
}

fn take_words(line: &str, range: Range<usize>, start: usize, carried: &mut Pieces) {
    if let Some(words) = line.get(range.clone()).filter(|words| words.contains(' ')) {
        carried.piece(words, start + range.start..start + range.end);
    }
}
