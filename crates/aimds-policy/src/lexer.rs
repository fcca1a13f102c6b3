//! Text to tokens. Never fails: what cannot be read becomes a diagnostic, and reading goes on behind it.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::limits::{NAME_CHARACTERS_MAX, NUMBER_MAX, STRING_BYTES_MAX, TOKENS_MAX, WINDOW_MS_MAX};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or a word of the language.
    Word(String),
    /// A text between quotes, escapes undone.
    Text(String),
    /// A whole number.
    Integer(u64),
    /// A number with a point: digits before it, and the digits behind it as written.
    Decimal(u64, String),
    /// A duration in milliseconds.
    DurationMs(u64),
    /// `{ } ( ) [ ] , : . < <= > >= == != =`
    Sign(&'static str),
    /// The end of the text.
    End,
}

impl TokenKind {
    /// How a message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Text(_) => "a string".into(),
            Self::Integer(number) => format!("the number {number}"),
            Self::Decimal(whole, fraction) => format!("the number {whole}.{fraction}"),
            Self::DurationMs(_) => "a duration".into(),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end of the file".into(),
        }
    }
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// A comment: from `//` or `#` to the end of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its text with the mark, trailing space removed.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Tokens (the last is `End`) and comments of one file.
#[derive(Debug)]
pub struct Lexed {
    /// Tokens in order.
    pub tokens: Vec<Token>,
    /// Comments in order.
    pub comments: Vec<Comment>,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 17] = [
    "<=", ">=", "==", "!=", "{", "}", "(", ")", "[", "]", ",", ":", ".", "<", ">", "=", ";",
];

const UNITS_MS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Reads a whole text of at most `SOURCE_BYTES_MAX` bytes (the caller checks).
pub fn lex(text: &str, file: u16, diagnostics: &mut Diagnostics) -> Lexed {
    let mut lexer = Lexer {
        text,
        file,
        at: 0,
        diagnostics,
        lexed: Lexed {
            tokens: Vec::new(),
            comments: Vec::new(),
        },
    };
    while lexer.step() {}
    let end = lexer.at;
    lexer.push(TokenKind::End, end);
    lexer.lexed
}

struct Lexer<'a> {
    text: &'a str,
    file: u16,
    at: usize,
    diagnostics: &'a mut Diagnostics,
    lexed: Lexed,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span_from(&self, start: usize) -> Span {
        Span {
            file: self.file,
            start: start as u32,
            end: self.at as u32,
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = self.span_from(start);
        self.lexed.tokens.push(Token { kind, span });
    }

    fn error(&mut self, code: Code, start: usize, message: &str, help: &str) {
        let span = self.span_from(start);
        self.diagnostics
            .push(Diagnostic::error(code, span, message, help));
    }

    /// Advances over what `wanted` accepts and returns it.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|c| wanted(*c)).collect();
        self.at += taken.len();
        taken
    }

    fn step(&mut self) -> bool {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return false;
        };
        if self.lexed.tokens.len() >= TOKENS_MAX || self.diagnostics.is_full() {
            self.error(
                Code::TooLarge,
                start,
                &format!("the file has more than {TOKENS_MAX} tokens, or too many errors"),
                "split it into files that import each other",
            );
            return false;
        }
        if first == '#' || self.rest().starts_with("//") {
            let text = self.take_while(|c| c != '\n').trim_end().to_owned();
            let span = self.span_from(start);
            self.lexed.comments.push(Comment { text, span });
        } else if first == '"' {
            self.string(start);
        } else if first.is_ascii_digit() {
            self.number(start);
        } else if first.is_ascii_alphabetic() || first == '_' {
            self.word(start);
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
            self.at += sign.len();
            self.push(TokenKind::Sign(sign), start);
        } else {
            self.at += first.len_utf8();
            self.error(
                Code::BadCharacter,
                start,
                "this character has no meaning here",
                "names are ASCII letters, digits and `_`; other text stands in \"quotes\"",
            );
        }
        true
    }

    fn word(&mut self, start: usize) {
        let mut word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if word.len() > NAME_CHARACTERS_MAX {
            self.error(
                Code::TooLarge,
                start,
                &format!("a name has at most {NAME_CHARACTERS_MAX} characters"),
                "shorten it",
            );
            word.truncate(NAME_CHARACTERS_MAX);
        }
        self.push(TokenKind::Word(word), start);
    }

    fn number(&mut self, start: usize) {
        let digits = self.take_while(|c| c.is_ascii_digit());
        let whole = digits.parse::<u64>().ok().filter(|whole| *whole <= NUMBER_MAX);
        let mut ahead = self.rest().chars();
        let fraction = ahead.next() == Some('.') && ahead.next().is_some_and(|c| c.is_ascii_digit());
        if fraction {
            self.at += 1;
            let fraction = self.take_while(|c| c.is_ascii_digit());
            match whole {
                Some(whole) if fraction.len() <= 3 => self.push(TokenKind::Decimal(whole, fraction), start),
                _ => self.bad_number(start, "at most three digits stand behind the point"),
            }
            return;
        }
        let unit = self.take_while(|c| c.is_ascii_alphabetic() || c == '_');
        if unit.is_empty() {
            match whole {
                Some(whole) => self.push(TokenKind::Integer(whole), start),
                None => self.bad_number(start, &format!("numbers go up to {NUMBER_MAX}")),
            }
            return;
        }
        let factor = UNITS_MS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor);
        match (whole, factor) {
            (Some(whole), Some(factor)) => {
                let duration_ms = whole.checked_mul(factor).filter(|ms| *ms <= WINDOW_MS_MAX);
                match duration_ms {
                    Some(duration_ms) => self.push(TokenKind::DurationMs(duration_ms), start),
                    None => self.bad_number(
                        start,
                        "durations end at 24 days, so that a certificate can hold them",
                    ),
                }
            }
            _ => self.bad_number(start, "the units are ms, s, m, h and d, as in `10m`"),
        }
    }

    /// Reports, and stands a zero of the likeliest kind in its place so that parsing can go on.
    fn bad_number(&mut self, start: usize, help: &str) {
        self.error(Code::BadNumber, start, "this number cannot be read", help);
        self.push(TokenKind::Integer(0), start);
    }

    fn string(&mut self, start: usize) {
        self.at += 1;
        let mut value = String::new();
        let mut closed = false;
        let mut escaped = false;
        let mut bad_escape = false;
        let mut length = 0;
        for character in self.rest().chars() {
            if character == '\n' {
                break;
            }
            length += character.len_utf8();
            match (escaped, character) {
                (false, '\\') => escaped = true,
                (false, '"') => {
                    closed = true;
                    break;
                }
                (false, other) => value.push(other),
                (true, '"' | '\\') => {
                    value.push(character);
                    escaped = false;
                }
                (true, 'n') => {
                    value.push('\n');
                    escaped = false;
                }
                (true, 't') => {
                    value.push('\t');
                    escaped = false;
                }
                (true, _) => {
                    bad_escape = true;
                    escaped = false;
                }
            }
        }
        self.at += length;
        if !closed {
            self.error(
                Code::OpenString,
                start,
                "this string does not end on its line",
                "close it with `\"`",
            );
        }
        if bad_escape {
            let help = "the escapes are \\\" \\\\ \\n and \\t";
            self.error(
                Code::BadCharacter,
                start,
                "this string holds an unknown escape",
                help,
            );
        }
        if value.len() > STRING_BYTES_MAX {
            let message = format!("a string has at most {STRING_BYTES_MAX} bytes");
            self.error(Code::TooLarge, start, &message, "shorten it");
            value.clear();
        }
        self.push(TokenKind::Text(value), start);
    }
}
