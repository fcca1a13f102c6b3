//! What the language has to say about a source text: code, place, excerpt, help.

use crate::limits::DIAGNOSTICS_MAX;
use std::fmt::Write as _;

/// A range of bytes in one file of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index of the file in the bundle.
    pub file: u16,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// From the start of this range to the end of another in the same file.
    #[must_use]
    pub fn to(self, end: Self) -> Self {
        Self {
            file: self.file,
            start: self.start,
            end: end.end.max(self.start),
        }
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// A name and where it was written.
pub type Name = Spanned<String>;

/// Whether a bundle can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works, but probably not as meant.
    Warning,
    /// It cannot be used.
    Error,
}

macro_rules! codes {
    ($($variant:ident $text:literal $doc:literal),+ $(,)?) => {
        /// Stable codes of everything that can be wrong with a policy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $doc] $variant),+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable text.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

codes! {
    TooLarge "policy-too-large" "A file, name, number or list is beyond its bound.",
    TooDeep "policy-too-deep" "A formula nests deeper than a certificate can hold.",
    BadCharacter "policy-bad-character" "A character that the language does not know.",
    BadNumber "policy-bad-number" "A number, duration or score that cannot be read.",
    OpenString "policy-open-string" "A string without its closing quote.",
    Expected "policy-expected" "Something else was expected here.",
    Duplicate "policy-duplicate" "A name is declared twice.",
    UnknownName "policy-unknown-name" "A name that nothing declares.",
    WrongType "policy-wrong-type" "Values or names of types that do not go together.",
    UndeclaredArgument "policy-undeclared-argument" "A tool that the pattern admits does not declare this argument.",
    NoSchema "policy-no-schema" "The bundle declares no schema, or two.",
    BadWindow "policy-bad-window" "A window that is empty or has no finite end.",
    BadCount "policy-bad-count" "A count that is always true, never true, or beyond the slice.",
    NestedRelation "policy-nested-relation" "A relation to the pending call under a second operator that moves the point of evaluation.",
    WrongVariable "policy-wrong-variable" "A variable that cannot be used here.",
    BadClause "policy-bad-clause" "A clause is missing, repeated, or does not go with the others.",
    Sealed "policy-sealed" "An overlay replaces a policy that is not overridable.",
    BadImport "policy-bad-import" "An imported file is not in the bundle.",
    BadTest "policy-bad-test" "A test that cannot be run.",
    Unused "policy-unused" "Declared, but used by nothing.",
}

/// One thing that is wrong, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub level: Level,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            level: Level::Error,
            span,
            message: message.into(),
            help: help.into(),
        }
    }

    /// A warning.
    pub fn warning(code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            ..Self::error(code, span, message, help)
        }
    }

    /// The text for people: code, place, the line with a mark below, help. `name` and `text` are those of the span's file.
    pub fn render(&self, name: &str, text: &str) -> String {
        let place = Place::find(text, self.span.start);
        let level = match self.level {
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let width = (self.span.end.saturating_sub(self.span.start) as usize)
            .clamp(1, place.line_text.len().saturating_sub(place.column - 1).max(1));
        let mut out = format!("{level}[{}]: {}\n", self.code.text(), self.message);
        let gutter = place.line.to_string();
        let blank = " ".repeat(gutter.len());
        let pad = " ".repeat(place.column - 1);
        let marks = "^".repeat(width.min(EXCERPT_CHARACTERS_MAX));
        let _ = writeln!(out, "{blank} --> {name}:{}:{}", place.line, place.column);
        let _ = writeln!(out, "{gutter} | {}", place.line_text);
        let _ = writeln!(out, "{blank} | {pad}{marks}");
        let _ = write!(out, "{blank} = help: {}", self.help);
        out
    }
}

/// Characters of an excerpt: wider lines are cut.
const EXCERPT_CHARACTERS_MAX: usize = 160;

/// A place in a text, counted from one, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// The line, control characters replaced, cut to a bounded width.
    pub line_text: String,
}

impl Place {
    /// The place of a byte; the end of the text when the byte lies beyond it.
    pub fn find(text: &str, byte: u32) -> Self {
        let mut at = (byte as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (before, after) = text.split_at(at);
        let line_head = before.rsplit('\n').next().unwrap_or_default();
        let line_tail = after.split('\n').next().unwrap_or_default();
        let column = line_head.chars().count() + 1;
        let shown = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect()
        };
        let line_text: String = (shown(line_head) + &shown(line_tail))
            .chars()
            .take(EXCERPT_CHARACTERS_MAX)
            .collect();
        Self {
            line: before.matches('\n').count() + 1,
            column: column.min(EXCERPT_CHARACTERS_MAX),
            line_text,
        }
    }
}

/// Diagnostics so far; stops taking them at a bound. An error counts also beyond it, and takes the place of a warning.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    has_errors: bool,
}

impl Diagnostics {
    /// One more, unless there are enough.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        // Before any bound: what was found decides whether the bundle can be used, not what is told.
        let is_error = diagnostic.level == Level::Error;
        self.has_errors |= is_error;
        if self.found.contains(&diagnostic) {
            return;
        }
        if self.found.len() < DIAGNOSTICS_MAX {
            self.found.push(diagnostic);
        } else if is_error
            && let Some(warning) = self.found.iter_mut().rfind(|found| found.level == Level::Warning)
        {
            *warning = diagnostic;
        }
    }

    /// Whether reading should stop: no further error would be told.
    pub fn is_full(&self) -> bool {
        self.found.len() >= DIAGNOSTICS_MAX && self.found.iter().all(|found| found.level == Level::Error)
    }

    /// Whether there was an error, told or not.
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// All of them, by place.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| (found.span, found.code));
        self.found
    }
}

/// The nearest of several names, for "did you mean"; `None` when nothing is near.
pub fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    among
        .into_iter()
        .take(NEAREST_CANDIDATES_MAX)
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Names that a suggestion is searched among: help is not worth more time.
const NEAREST_CANDIDATES_MAX: usize = 256;

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().take(64).enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(character != *other);
            before = cost.min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: usize) -> Span {
        let start = place as u32;
        Span {
            start,
            end: start + 1,
            ..Span::default()
        }
    }

    /// However many warnings came before it, an error counts and is told; reading stops only when all that is kept are errors.
    #[test]
    fn warnings_never_hide_an_error() {
        let mut diagnostics = Diagnostics::default();
        for place in 0..2 * DIAGNOSTICS_MAX {
            diagnostics.push(Diagnostic::warning(Code::Unused, at(place), "unused", "drop it"));
        }
        assert!(!diagnostics.has_errors() && !diagnostics.is_full());
        diagnostics.push(Diagnostic::error(Code::Expected, at(9_999), "wrong", "mend it"));
        assert!(diagnostics.has_errors() && !diagnostics.is_full());
        for place in 1..2 * DIAGNOSTICS_MAX {
            diagnostics.push(Diagnostic::error(
                Code::Expected,
                at(9_999 + place),
                "wrong",
                "mend it",
            ));
        }
        assert!(diagnostics.has_errors() && diagnostics.is_full());
        let found = diagnostics.into_sorted();
        assert_eq!(found.len(), DIAGNOSTICS_MAX);
        assert!(found.iter().all(|one| one.level == Level::Error));
        assert_eq!(
            found.first().map(|one| one.span),
            Some(at(9_999)),
            "the first errors stay"
        );
    }
}
