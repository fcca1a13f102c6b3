//! Tokens to trees, by recursive descent. After an error it goes on at the next item or clause, so that one run reports many.

mod forms;
mod items;
mod tests;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Name, Span, Spanned};
use crate::lexer::{Lexed, Token, TokenKind, lex};
use crate::limits::{CONSTANTS_MAX, ITEMS_MAX, SOURCE_BYTES_MAX};
use crate::syntax::{File, Literal};

/// Words that begin an item.
pub(crate) const ITEM_WORDS: [&str; 19] = [
    "import",
    "schema",
    "label",
    "event",
    "role",
    "detector",
    "group",
    "attribute",
    "argument",
    "tag",
    "unlisted",
    "tool",
    "let",
    "policy",
    "template",
    "use",
    "set",
    "claim",
    "test",
];

/// Words that begin a clause of a policy or a line of a test.
pub(crate) const CLAUSE_WORDS: [&str; 12] = [
    "severity",
    "when",
    "deny",
    "permit",
    "unless",
    "ensures",
    "obligation",
    "action",
    "message",
    "source",
    "given",
    "expect",
];

/// Marks that a construct could not be read; the diagnostic is already recorded.
#[derive(Debug)]
pub(crate) struct Failed;

type Parsed<T> = Result<T, Failed>;

/// Reads one file. The tree holds what could be read; whether it may be used is for the diagnostics to say.
pub fn parse(text: &str, file: u16, diagnostics: &mut Diagnostics) -> File {
    parse_with_layout(text, file, diagnostics).0
}

/// Where lines begin, by first bytes: the formatter needs no more of the grammar than this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) items: Vec<u32>,
    pub(crate) clauses: Vec<u32>,
    /// Opening braces of policies and tests; other braces hold sets.
    pub(crate) blocks: Vec<u32>,
}

/// Reads one file and says where its lines begin.
pub(crate) fn parse_with_layout(
    text: &str,
    file: u16,
    diagnostics: &mut Diagnostics,
) -> (File, Lexed, Layout) {
    if text.len() > SOURCE_BYTES_MAX {
        let span = Span {
            file,
            ..Span::default()
        };
        let message = format!("the file has more than {SOURCE_BYTES_MAX} bytes");
        let help = "split it into files that import each other";
        diagnostics.push(Diagnostic::error(Code::TooLarge, span, message, help));
        let nothing = Lexed {
            tokens: Vec::new(),
            comments: Vec::new(),
        };
        return (File::default(), nothing, Layout::default());
    }
    let lexed = lex(text, file, diagnostics);
    let mut parser = Parser {
        tokens: &lexed.tokens,
        at: 0,
        depth: 0,
        diagnostics,
        layout: Layout::default(),
    };
    let file = parser.file();
    let layout = parser.layout;
    (file, lexed, layout)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    diagnostics: &'a mut Diagnostics,
    layout: Layout,
}

static END: Token = Token {
    kind: TokenKind::End,
    span: Span {
        file: 0,
        start: 0,
        end: 0,
    },
};

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a Token {
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn peek_at(&self, ahead: usize) -> &'a TokenKind {
        self.tokens
            .get(self.at + ahead)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn advance(&mut self) -> &'a Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    /// The place of the last token taken.
    fn last_span(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .unwrap_or(self.peek())
            .span
    }

    fn error(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Failed {
        self.diagnostics
            .push(Diagnostic::error(code, span, message, help));
        Failed
    }

    fn expected(&mut self, what: &str, help: &str) -> Failed {
        let token = self.peek();
        let message = format!("expected {what}, found {}", token.kind.describe());
        self.error(Code::Expected, token.span, message, help)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Word(found) if found == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Sign(found) if found == sign)
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn accept_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    fn sign(&mut self, sign: &str, help: &str) -> Parsed<Span> {
        if self.accept_sign(sign) {
            return Ok(self.last_span());
        }
        Err(self.expected(&format!("`{sign}`"), help))
    }

    fn word(&mut self, word: &str, help: &str) -> Parsed<Span> {
        if self.accept_word(word) {
            return Ok(self.last_span());
        }
        Err(self.expected(&format!("`{word}`"), help))
    }

    /// One word.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        let token = self.peek();
        if let TokenKind::Word(word) = &token.kind {
            self.advance();
            return Ok(Spanned {
                value: word.clone(),
                span: token.span,
            });
        }
        Err(self.expected(
            what,
            "names are letters, digits and `_`, not beginning with a digit",
        ))
    }

    /// `email.send`
    fn dotted_name(&mut self, what: &str) -> Parsed<Name> {
        let mut name = self.name(what)?;
        while self.is_sign(".") && matches!(self.peek_at(1), TokenKind::Word(_)) {
            self.advance();
            let part = self.name(what)?;
            name.value.push('.');
            name.value.push_str(&part.value);
            name.span = name.span.to(part.span);
        }
        Ok(name)
    }

    /// `email.send` or `sink(external)`
    fn target_name(&mut self, what: &str) -> Parsed<Name> {
        let mut name = self.dotted_name(what)?;
        if self.is_sign("(")
            && let (TokenKind::Word(inner), TokenKind::Sign(")")) = (self.peek_at(1), self.peek_at(2))
        {
            name.value = format!("{}({inner})", name.value);
            self.at += 3;
            name.span = name.span.to(self.last_span());
        }
        Ok(name)
    }

    fn text(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let token = self.peek();
        if let TokenKind::Text(text) = &token.kind {
            self.advance();
            return Ok(Spanned {
                value: text.clone(),
                span: token.span,
            });
        }
        Err(self.expected(what, "texts stand between double quotes"))
    }

    /// One or more, separated by commas.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.accept_sign(",") {
            if all.len() >= CONSTANTS_MAX {
                let span = self.last_span();
                let message = format!("a list has at most {CONSTANTS_MAX} members");
                return Err(self.error(Code::TooLarge, span, message, "split it"));
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// A constant or a name; sets stand in braces.
    fn literal(&mut self) -> Parsed<Spanned<Literal>> {
        let start = self.peek().span;
        if self.accept_sign("{") {
            let members = if self.is_sign("}") {
                Vec::new()
            } else {
                self.list(Self::simple_literal)?
            };
            let end = self.sign("}", "a set is written {\"a\", \"b\"}")?;
            return Ok(Spanned {
                value: Literal::Set(members),
                span: start.to(end),
            });
        }
        self.simple_literal()
    }

    fn simple_literal(&mut self) -> Parsed<Spanned<Literal>> {
        let token = self.peek();
        let value = match &token.kind {
            TokenKind::Integer(number) => Literal::Integer(*number),
            TokenKind::Decimal(whole, fraction) => Literal::Decimal(*whole, fraction.clone()),
            TokenKind::DurationMs(duration_ms) => Literal::DurationMs(*duration_ms),
            TokenKind::Text(text) => Literal::Text(text.clone()),
            TokenKind::Word(word) if word == "true" || word == "false" => Literal::Flag(word == "true"),
            TokenKind::Word(_) => {
                let name = self.target_name("a value")?;
                return Ok(Spanned {
                    value: Literal::Name(name.value),
                    span: name.span,
                });
            }
            _ => return Err(self.expected("a value", "a number, a duration, a \"text\", a {set} or a name")),
        };
        self.advance();
        Ok(Spanned {
            value,
            span: token.span,
        })
    }

    fn file(&mut self) -> File {
        let mut file = File::default();
        while self.peek().kind != TokenKind::End && !self.diagnostics.is_full() {
            let before = self.at;
            self.layout.items.push(self.peek().span.start);
            match self.item() {
                Ok(items) => file.items.extend(items),
                Err(Failed) => self.skip_to_item(before),
            }
            if file.items.len() > ITEMS_MAX {
                let span = self.peek().span;
                let message = format!("a file has at most {ITEMS_MAX} items");
                self.error(
                    Code::TooLarge,
                    span,
                    message,
                    "split it into files that import each other",
                );
                break;
            }
        }
        file
    }

    /// Goes to the next word that begins an item at the start of a line's worth of tokens; always moves on.
    fn skip_to_item(&mut self, before: usize) {
        if self.at == before {
            self.advance();
        }
        loop {
            match &self.peek().kind {
                TokenKind::End => return,
                TokenKind::Word(word) if ITEM_WORDS.contains(&word.as_str()) && !self.is_inside_clause() => {
                    return;
                }
                _ => {
                    self.advance();
                }
            }
        }
    }

    /// Words such as `event` and `role` also occur inside clauses: an item begins behind `}` or a complete line, never behind
    /// an operator, a sign or a clause word.
    fn is_inside_clause(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        match before.map(|token| &token.kind) {
            Some(TokenKind::Sign(sign)) => !matches!(*sign, "}" | ")"),
            Some(TokenKind::Word(word)) => {
                CLAUSE_WORDS.contains(&word.as_str())
                    || matches!(
                        word.as_str(),
                        "and" | "or" | "not" | "if" | "where" | "by" | "for" | "to" | "of"
                    )
            }
            _ => false,
        }
    }
}
