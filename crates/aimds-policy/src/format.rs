//! The formatter: one layout for one text, comments kept, and formatting twice changes nothing.
//!
//! It works on tokens: lines begin where the parser saw an item or a clause begin, long ones are broken at `and`, `or` and
//! commas, and nothing depends on how the text was broken before, except that single blank lines and comments stay.

use crate::bundle::Source;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::lexer::{Comment, Lexed, Token, TokenKind, lex};
use crate::limits::LINE_CHARACTERS_MAX;
use crate::parser::{Layout, parse_with_layout};

/// The text in house layout; the errors if it cannot be read.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let (_, lexed, layout) = parse_with_layout(&source.text, 0, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics.into_sorted());
    }
    let mut writer = Writer {
        text: &source.text,
        lexed: &lexed,
        layout: &layout,
        out: String::new(),
        comment: 0,
        in_block: false,
        after_open: false,
    };
    writer.run();
    let out = writer.out;
    if same(&lexed, &out) {
        return Ok(out);
    }
    // The formatter's own mistake must never cost an author his text.
    let help = "leave the file as it is, and report this with the file";
    let message = "formatting would change the meaning of this file";
    Err(vec![Diagnostic::error(
        Code::Expected,
        Span::default(),
        message,
        help,
    )])
}

/// Whether a formatted text has the same tokens and comments.
fn same(lexed: &Lexed, out: &str) -> bool {
    let mut diagnostics = Diagnostics::default();
    let again = lex(out, 0, &mut diagnostics);
    let kinds = |lexed: &Lexed| {
        lexed
            .tokens
            .iter()
            .map(|token| token.kind.clone())
            .collect::<Vec<_>>()
    };
    let comments = |lexed: &Lexed| {
        lexed
            .comments
            .iter()
            .map(|comment| comment.text.clone())
            .collect::<Vec<_>>()
    };
    !diagnostics.has_errors() && kinds(lexed) == kinds(&again) && comments(lexed) == comments(&again)
}

/// A piece of a line: a token, or a comment that ends the line.
struct Piece<'a> {
    text: &'a str,
    kind: PieceKind<'a>,
}

enum PieceKind<'a> {
    Token(&'a TokenKind),
    /// Behind the token before it, or on a line of its own.
    Comment {
        trailing: bool,
    },
}

struct Writer<'a> {
    text: &'a str,
    lexed: &'a Lexed,
    layout: &'a Layout,
    out: String,
    comment: usize,
    in_block: bool,
    after_open: bool,
}

const INDENT: &str = "  ";
const CONTINUED: &str = "    ";

impl<'a> Writer<'a> {
    fn slice(&self, span: Span) -> &'a str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Whether a blank line stands before this byte.
    fn blank_before(&self, at: u32) -> bool {
        let before = self.text.get(..at as usize).unwrap_or_default();
        let gap_start = before.trim_end().len();
        before.get(gap_start..).unwrap_or_default().matches('\n').count() > 1
    }

    /// Whether a comment stands behind something on its line.
    fn is_trailing(&self, comment: &Comment) -> bool {
        let before = self.text.get(..comment.span.start as usize).unwrap_or_default();
        before
            .rsplit('\n')
            .next()
            .is_some_and(|line| !line.trim().is_empty())
    }

    fn run(&mut self) {
        let tokens: &'a [Token] = &self.lexed.tokens;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            self.comments_before(token.span.start);
            if token.kind == TokenKind::End {
                break;
            }
            let closing = self.in_block && self.closes(tokens, at);
            let mut end = at + 1;
            if !closing {
                while let Some(next) = tokens.get(end) {
                    let starts = self.layout.items.binary_search(&next.span.start).is_ok()
                        || self.layout.clauses.binary_search(&next.span.start).is_ok()
                        || next.kind == TokenKind::End
                        || self.previous_opens(tokens, end)
                        || self.closes(tokens, end);
                    if starts {
                        break;
                    }
                    end += 1;
                }
            }
            let line = tokens.get(at..end).unwrap_or_default();
            self.line(line, closing);
            at = end;
        }
        while self.out.ends_with("\n\n") {
            self.out.pop();
        }
    }

    fn previous_opens(&self, tokens: &[Token], at: usize) -> bool {
        at.checked_sub(1)
            .and_then(|at| tokens.get(at))
            .is_some_and(|token| self.layout.blocks.binary_search(&token.span.start).is_ok())
    }

    /// Whether the token closes the block that is open: no set is open before it.
    fn closes(&self, tokens: &[Token], at: usize) -> bool {
        let is_close = tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Sign("}"));
        if !is_close {
            return false;
        }
        let mut closed = 0;
        for token in tokens.get(..at).unwrap_or_default().iter().rev() {
            match token.kind {
                TokenKind::Sign("}") => closed += 1,
                TokenKind::Sign("{") if closed > 0 => closed -= 1,
                TokenKind::Sign("{") => return self.layout.blocks.binary_search(&token.span.start).is_ok(),
                _ => {}
            }
        }
        false
    }

    /// Comments on lines of their own before a token, and blank lines.
    fn comments_before(&mut self, at: u32) {
        while let Some(comment) = self
            .lexed
            .comments
            .get(self.comment)
            .filter(|comment| comment.span.start < at)
        {
            self.comment += 1;
            if self.is_trailing(comment) && self.out.ends_with('\n') {
                // Behind the last token of the line before.
                self.out.pop();
                self.out.push(' ');
                self.out.push_str(&comment.text);
                self.out.push('\n');
                continue;
            }
            self.blank_line(comment.span.start);
            self.indent();
            self.out.push_str(&comment.text);
            self.out.push('\n');
            self.after_open = false;
        }
    }

    fn blank_line(&mut self, at: u32) {
        if self.blank_before(at) && !self.out.is_empty() && !self.after_open && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn indent(&mut self) {
        if self.in_block {
            self.out.push_str(INDENT);
        }
    }

    fn line(&mut self, line: &'a [Token], closing: bool) {
        let Some(first) = line.first() else { return };
        if closing {
            self.in_block = false;
            while self.out.ends_with("\n\n") {
                self.out.pop();
            }
        } else {
            self.blank_line(first.span.start);
        }
        self.after_open = false;
        let pieces = self.pieces(line);
        let indent = if self.in_block { INDENT } else { "" };
        render(&pieces, indent, &mut self.out);
        if line
            .last()
            .is_some_and(|token| self.layout.blocks.binary_search(&token.span.start).is_ok())
        {
            self.in_block = true;
            self.after_open = true;
        }
    }

    /// The tokens of a line and the comments between them.
    fn pieces(&mut self, line: &'a [Token]) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let lexed = self.lexed;
        for token in line {
            while let Some(comment) = lexed
                .comments
                .get(self.comment)
                .filter(|comment| comment.span.start < token.span.start)
            {
                self.comment += 1;
                let trailing = self.is_trailing(comment);
                pieces.push(Piece {
                    text: comment.text.as_str(),
                    kind: PieceKind::Comment { trailing },
                });
            }
            pieces.push(Piece {
                text: self.slice(token.span),
                kind: PieceKind::Token(&token.kind),
            });
        }
        pieces
    }
}

/// Words before which and behind which a parenthesis stands apart.
const SPACED_WORDS: [&str; 23] = [
    "and", "or", "not", "if", "unless", "ensures", "where", "prev", "in", "within", "under", "contains",
    "starts", "ends", "to", "of", "from", "by", "for", "every", "some", "deny", "permit",
];
/// Words that a window follows directly.
const WINDOW_WORDS: [&str; 4] = ["once", "historically", "since", "count"];

fn spaced(before: &Piece<'_>, after: &Piece<'_>) -> bool {
    let (PieceKind::Token(left), PieceKind::Token(right)) = (&before.kind, &after.kind) else {
        return true;
    };
    match (left, right) {
        (_, TokenKind::Sign("," | ")" | "]" | "." | ":" | "}" | ";"))
        | (TokenKind::Sign("(" | "[" | "." | "{"), _)
        | (TokenKind::Text(_), TokenKind::Sign("(")) => false,
        (TokenKind::Word(word), TokenKind::Sign("(")) => SPACED_WORDS.contains(&word.as_str()),
        (TokenKind::Word(word), TokenKind::Sign("[")) => !WINDOW_WORDS.contains(&word.as_str()),
        _ => true,
    }
}

/// Writes the pieces as one line if they fit, else broken where they may be; comments end lines.
fn render(pieces: &[Piece<'_>], indent: &str, out: &mut String) {
    let mut begin = 0;
    let mut indent_now = indent.to_owned();
    for (at, piece) in pieces.iter().enumerate() {
        if let PieceKind::Comment { trailing } = piece.kind {
            let head = pieces.get(begin..at).unwrap_or_default();
            if !head.is_empty() {
                broken(head, &indent_now, out);
                indent_now = format!("{indent}{CONTINUED}");
            }
            if trailing && out.ends_with('\n') {
                out.pop();
                out.push(' ');
            } else {
                out.push_str(&indent_now);
            }
            out.push_str(piece.text);
            out.push('\n');
            begin = at + 1;
        }
    }
    broken(pieces.get(begin..).unwrap_or_default(), &indent_now, out);
}

fn joined(pieces: &[Piece<'_>]) -> String {
    let mut line = String::new();
    let mut before: Option<&Piece<'_>> = None;
    for piece in pieces {
        if before.is_some_and(|before| spaced(before, piece)) {
            line.push(' ');
        }
        line.push_str(piece.text);
        before = Some(piece);
    }
    line
}

/// Breaks pieces into lines: at the least depth of parentheses that has a place to break, before `and` and `or` if there are
/// any, else behind commas as late as possible.
fn broken(pieces: &[Piece<'_>], indent: &str, out: &mut String) {
    if pieces.is_empty() {
        return;
    }
    let whole = joined(pieces);
    if indent.len() + whole.chars().count() <= LINE_CHARACTERS_MAX {
        out.push_str(indent);
        out.push_str(&whole);
        out.push('\n');
        return;
    }
    let breaks = breaks(pieces);
    let Some(depth) = breaks.iter().map(|(_, depth, _)| *depth).min() else {
        out.push_str(indent);
        out.push_str(&whole);
        out.push('\n');
        return;
    };
    let words = breaks
        .iter()
        .any(|(_, at_depth, word)| *at_depth == depth && *word);
    let places: Vec<usize> = breaks
        .iter()
        .filter(|(_, at_depth, word)| *at_depth == depth && *word == words)
        .map(|(at, _, _)| *at)
        .collect();
    let continued = format!("{indent}{CONTINUED}");
    let mut begin = 0;
    while begin < pieces.len() {
        let indent_now = if begin == 0 { indent } else { &continued };
        let fits = |end: &usize| {
            let width = joined(pieces.get(begin..*end).unwrap_or_default())
                .chars()
                .count();
            indent_now.len() + width <= LINE_CHARACTERS_MAX
        };
        let mut later = places
            .iter()
            .copied()
            .filter(|place| *place > begin)
            .chain([pieces.len()]);
        let first = later.next().unwrap_or(pieces.len());
        // Conditions stand one to a line; lists fill their lines.
        let end = if words {
            first
        } else {
            later.take_while(fits).last().unwrap_or(first)
        };
        broken(pieces.get(begin..end).unwrap_or_default(), indent_now, out);
        begin = end;
    }
}

/// Places where a line may break: position, depth of parentheses, whether before a word.
fn breaks(pieces: &[Piece<'_>]) -> Vec<(usize, usize, bool)> {
    let mut depth = 0_usize;
    let mut all = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match &piece.kind {
            PieceKind::Token(TokenKind::Sign("(" | "[" | "{")) => depth += 1,
            PieceKind::Token(TokenKind::Sign(")" | "]" | "}")) => depth = depth.saturating_sub(1),
            PieceKind::Token(TokenKind::Word(word)) if at > 0 && (word == "and" || word == "or") => {
                all.push((at, depth, true));
            }
            PieceKind::Token(TokenKind::Sign(",")) if at + 1 < pieces.len() => {
                all.push((at + 1, depth, false));
            }
            _ => {}
        }
    }
    all
}
