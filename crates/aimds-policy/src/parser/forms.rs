//! Formulas and event patterns.

use super::{CLAUSE_WORDS, Failed, Parsed, Parser};
use crate::diagnostic::{Code, Name, Span, Spanned};
use crate::lexer::TokenKind;
use crate::limits::FORM_DEPTH_MAX;
use crate::syntax::{
    Comparison, Form, FormKind, Operand, Pattern, Quantifier, Relation, Target, Term, TermField, Window,
};

/// Words of formulas, which cannot name variables.
const FORM_WORDS: [&str; 24] = [
    "and",
    "or",
    "not",
    "prev",
    "once",
    "historically",
    "since",
    "count",
    "true",
    "false",
    "where",
    "every",
    "some",
    "in",
    "within",
    "under",
    "contains",
    "starts",
    "ends",
    "score",
    "flows",
    "covers",
    "known",
    "unless",
];

const COMPARISON_HELP: &str =
    "compare with == != < <= > >=, `in`, `within`, `under`, `contains`, `starts` or `ends`";

impl Parser<'_> {
    /// A whole formula.
    pub(super) fn form(&mut self) -> Parsed<Form> {
        self.deeper(|parser| {
            parser.joined(
                "or",
                |parser| parser.joined("and", Self::since_form, FormKind::And),
                FormKind::Or,
            )
        })
    }

    /// Runs `parse` one level deeper; refuses to go deeper than a certificate can.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= FORM_DEPTH_MAX {
            let span = self.peek().span;
            let message = format!("this formula nests deeper than {FORM_DEPTH_MAX}");
            return Err(self.error(Code::TooDeep, span, message, "split it into several policies"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn joined(
        &mut self,
        word: &str,
        mut one: impl FnMut(&mut Self) -> Parsed<Form>,
        join: fn(Vec<Form>) -> FormKind,
    ) -> Parsed<Form> {
        let first = one(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let start = first.span;
        let mut all = vec![first];
        while self.accept_word(word) {
            all.push(one(self)?);
        }
        Ok(Form {
            kind: join(all),
            span: start.to(self.last_span()),
        })
    }

    fn since_form(&mut self) -> Parsed<Form> {
        let hold = self.unary_form()?;
        if !self.accept_word("since") {
            return Ok(hold);
        }
        let window = self.window()?;
        let from = self.unary_form()?;
        let span = hold.span.to(from.span);
        Ok(Form {
            kind: FormKind::Since(window, Box::new(hold), Box::new(from)),
            span,
        })
    }

    fn unary_form(&mut self) -> Parsed<Form> {
        self.deeper(|parser| {
            let start = parser.peek().span;
            let kind = if parser.accept_word("not") {
                FormKind::Not(Box::new(parser.unary_form()?))
            } else if parser.accept_word("prev") {
                FormKind::Previous(Box::new(parser.unary_form()?))
            } else if parser.accept_word("once") {
                FormKind::Once(parser.window()?, Box::new(parser.unary_form()?))
            } else if parser.accept_word("historically") {
                FormKind::Historically(parser.window()?, Box::new(parser.unary_form()?))
            } else if parser.accept_word("count") {
                let window = parser.window()?;
                let form = Box::new(parser.unary_form()?);
                let comparison = parser.comparison_sign()?;
                FormKind::Count(window, form, comparison, parser.simple_literal()?)
            } else {
                return parser.primary_form(start);
            };
            Ok(Form {
                kind,
                span: start.to(parser.last_span()),
            })
        })
    }

    fn primary_form(&mut self, start: Span) -> Parsed<Form> {
        let kind = match &self.peek().kind {
            TokenKind::Sign("(") => {
                self.advance();
                let inner = self.form()?;
                let end = self.sign(")", "close what `(` opened")?;
                return Ok(Form {
                    kind: inner.kind,
                    span: start.to(end),
                });
            }
            TokenKind::Word(word) => match word.as_str() {
                "true" | "false" => {
                    let value = word == "true";
                    self.advance();
                    FormKind::Constant(value)
                }
                "every" | "some" => {
                    let quantifier = if word == "every" {
                        Quantifier::Every
                    } else {
                        Quantifier::Some
                    };
                    self.advance();
                    let left = self.term()?;
                    self.comparison(Some(quantifier), left)?
                }
                "approved" | "revoked" => self.approval(word == "revoked")?,
                "flows" | "covers" => self.flow(word == "covers")?,
                "known" => {
                    self.advance();
                    self.sign("(", "write known(c.args.path)")?;
                    let term = self.term()?;
                    self.sign(")", "write known(c.args.path)")?;
                    FormKind::Known(term)
                }
                "score" => {
                    let left = self.term()?;
                    self.comparison(None, left)?
                }
                _ if matches!(self.peek_at(1), TokenKind::Sign(".")) => {
                    let left = self.term()?;
                    if self.at_relation() {
                        self.comparison(None, left)?
                    } else {
                        FormKind::Flag(left)
                    }
                }
                _ => FormKind::Pattern(self.pattern()?),
            },
            _ => return Err(self.expected("a condition", "such as `read r where r.trust <= untrusted`")),
        };
        Ok(Form {
            kind,
            span: start.to(self.last_span()),
        })
    }

    fn approval(&mut self, revoked: bool) -> Parsed<FormKind> {
        self.advance();
        self.sign("(", "write approved(c)")?;
        let of = self.name("a variable")?;
        self.sign(")", "write approved(c)")?;
        let by = if self.accept_word("by") {
            Some(self.name("a role")?)
        } else {
            None
        };
        Ok(FormKind::Approval { revoked, of, by })
    }

    fn flow(&mut self, covers: bool) -> Parsed<FormKind> {
        let help = "write flows(r, c.args) or covers(p, c.args.to)";
        self.advance();
        self.sign("(", help)?;
        let from = self.name("a variable")?;
        self.sign(",", help)?;
        let into = self.term()?;
        self.sign(")", help)?;
        Ok(FormKind::Flow { covers, from, into })
    }

    /// `c.args.to` or `score(c, secret)`
    fn term(&mut self) -> Parsed<Term> {
        if self.is_word("score") && matches!(self.peek_at(1), TokenKind::Sign("(")) {
            let start = self.advance().span;
            self.advance();
            let variable = self.name("a variable")?;
            self.sign(",", "write score(c, secret)")?;
            let detector = self.name("a detector")?;
            let end = self.sign(")", "write score(c, secret)")?;
            return Ok(Term {
                variable,
                field: TermField::Score(detector),
                span: start.to(end),
            });
        }
        let variable = self.name("a variable")?;
        let mut path = Vec::new();
        while self.accept_sign(".") {
            path.push(self.name("a field")?);
        }
        if path.is_empty() {
            return Err(self.expected("`.` and a field", "such as `c.args.path`, `r.trust` or `c.tool`"));
        }
        let span = variable.span.to(self.last_span());
        Ok(Term {
            variable,
            field: TermField::Path(path),
            span,
        })
    }

    fn at_relation(&self) -> bool {
        match &self.peek().kind {
            TokenKind::Word(word) => Relation::WORDS.iter().any(|(_, text)| text == word),
            TokenKind::Sign(sign) => *sign == "=" || Comparison::SIGNS.iter().any(|(_, text)| text == sign),
            _ => false,
        }
    }

    fn comparison(&mut self, quantifier: Option<Quantifier>, left: Term) -> Parsed<FormKind> {
        let token = self.peek();
        let word = match &token.kind {
            TokenKind::Word(word) => Relation::WORDS.iter().find(|(_, text)| text == word),
            _ => None,
        };
        let relation = if let Some((relation, _)) = word {
            self.advance();
            Spanned {
                value: *relation,
                span: token.span,
            }
        } else {
            let sign = self.comparison_sign()?;
            Spanned {
                value: Relation::Compare(sign.value),
                span: sign.span,
            }
        };
        // A dotted name behind a comparison is something about another event: constants have no dots.
        let is_term = matches!(
            (&self.peek().kind, self.peek_at(1), self.peek_at(2)),
            (TokenKind::Word(_), TokenKind::Sign("."), TokenKind::Word(_))
        );
        let right = if is_term {
            Operand::Term(self.term()?)
        } else {
            Operand::Literal(self.literal()?)
        };
        Ok(FormKind::Compare {
            quantifier,
            left,
            relation,
            right,
        })
    }

    fn comparison_sign(&mut self) -> Parsed<Spanned<Comparison>> {
        let token = self.peek();
        if let TokenKind::Sign(sign) = &token.kind
            && let Some((comparison, _)) = Comparison::SIGNS.iter().find(|(_, text)| text == sign)
        {
            self.advance();
            return Ok(Spanned {
                value: *comparison,
                span: token.span,
            });
        }
        Err(self.expected("a comparison", COMPARISON_HELP))
    }

    /// `[0s, 10m]`
    fn window(&mut self) -> Parsed<Window> {
        let help = "a window has two ends, as in [0s, 10m]";
        self.sign("[", help)?;
        let from = self.simple_literal()?;
        self.sign(",", help)?;
        let to = self.simple_literal()?;
        self.sign("]", help)?;
        Ok(Window { from, to })
    }

    /// `call c to email.send by assistant where ..`
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let start = self.peek().span;
        if let TokenKind::Word(word) = &self.peek().kind
            && FORM_WORDS.contains(&word.as_str())
        {
            return Err(self.expected("an event pattern", "such as `call c to email.send`"));
        }
        let kind = self.name("an event kind")?;
        let variable = self.variable()?;
        let mut pattern = Pattern {
            kind,
            variable,
            targets: Vec::new(),
            by: None,
            of: None,
            condition: None,
            span: start,
        };
        loop {
            if self.is_word("to") || self.is_word("of") || self.is_word("from") {
                self.once_only(pattern.targets.is_empty(), "tools")?;
                self.advance();
                pattern.targets = self.targets()?;
            } else if self.is_word("by") {
                self.once_only(pattern.by.is_none(), "a role")?;
                self.advance();
                pattern.by = Some(self.name("a role")?);
            } else if self.is_word("for") {
                self.once_only(pattern.of.is_none(), "a call")?;
                self.advance();
                pattern.of = Some(self.name("a variable")?);
            } else {
                break;
            }
        }
        if self.accept_word("where") {
            pattern.condition = Some(Box::new(self.form()?));
        }
        pattern.span = start.to(self.last_span());
        Ok(pattern)
    }

    fn once_only(&mut self, first: bool, what: &str) -> Parsed<()> {
        if first {
            return Ok(());
        }
        let span = self.peek().span;
        let message = format!("this pattern already names {what}");
        let help = "put several tools in braces: `to {email.send, http.post}`";
        Err(self.error(Code::Duplicate, span, message, help))
    }

    fn variable(&mut self) -> Parsed<Name> {
        let name = self.name("a variable or `_`")?;
        if FORM_WORDS.contains(&name.value.as_str()) || CLAUSE_WORDS.contains(&name.value.as_str()) {
            let message = format!(
                "`{}` is a word of the language and cannot name a variable",
                name.value
            );
            return Err(self.error(Code::Expected, name.span, message, "choose another name, or `_`"));
        }
        Ok(name)
    }

    fn targets(&mut self) -> Parsed<Vec<Spanned<Target>>> {
        if self.accept_sign("{") {
            let targets = self.list(Self::target)?;
            self.sign("}", "several tools stand in braces")?;
            return Ok(targets);
        }
        Ok(vec![self.target()?])
    }

    fn target(&mut self) -> Result<Spanned<Target>, Failed> {
        if matches!(self.peek().kind, TokenKind::Text(_)) {
            let glob = self.text("a pattern of tool names")?;
            return Ok(Spanned {
                value: Target::Glob(glob.value),
                span: glob.span,
            });
        }
        let name = self.target_name("a tool, a tag or a \"pattern*\"")?;
        Ok(Spanned {
            value: Target::Name(name.value),
            span: name.span,
        })
    }
}
