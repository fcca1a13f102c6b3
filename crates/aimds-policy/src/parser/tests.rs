//! Test blocks.

use super::{Failed, Parsed, Parser};
use crate::diagnostic::{Code, Name, Span, Spanned};
use crate::lexer::TokenKind;
use crate::limits::{TEST_EVENTS_MAX, VALUES_MAX};
use crate::syntax::{Expectation, GivenDetail, GivenEvent, Literal, TestItem, TestStep, TestValue};
use std::collections::BTreeSet;

const DETAIL_HELP: &str =
    "behind the event stand: trust, role, text, from, for, score, with, unseen, and last `at 4s`";

impl Parser<'_> {
    pub(super) fn test(&mut self, start: Span) -> Parsed<TestItem> {
        let name = self.text("what the test shows")?;
        self.word("for", "name the policy set: test \"..\" for prod { .. }")?;
        let set = self.name("a policy set")?;
        let open = self.sign("{", "a test's lines stand between braces")?;
        self.layout.blocks.push(open.start);
        let mut steps = Vec::new();
        while !self.accept_sign("}") {
            if self.peek().kind == TokenKind::End || self.diagnostics.is_full() {
                return Err(self.expected("`}`", "close the test"));
            }
            let before = self.at;
            self.layout.clauses.push(self.peek().span.start);
            match self.test_step() {
                Ok(step) => steps.push(step),
                Err(Failed) => self.skip_to_clause(before)?,
            }
            if steps.len() > 2 * TEST_EVENTS_MAX {
                let message = format!("a test has at most {TEST_EVENTS_MAX} events");
                return Err(self.error(Code::TooLarge, name.span, message, "split it"));
            }
        }
        Ok(TestItem {
            name,
            set,
            steps,
            span: start.to(self.last_span()),
        })
    }

    fn test_step(&mut self) -> Parsed<TestStep> {
        let start = self.peek().span;
        if self.accept_word("given") {
            Ok(TestStep::Given(self.given(start)?))
        } else if self.accept_word("expect") {
            Ok(TestStep::Expect(self.expectation(start)?))
        } else {
            Err(self.expected("`given` or `expect`", "a test gives events and expects a verdict"))
        }
    }

    fn given(&mut self, start: Span) -> Parsed<GivenEvent> {
        let kind = self.name("an event kind")?;
        let variable = self.name("the event's name in this test, or `_`")?;
        let tool = if self.accept_word("to") || self.accept_word("of") {
            Some(self.tool_name()?)
        } else {
            None
        };
        let mut arguments = Vec::new();
        if self.accept_sign("(") {
            if !self.is_sign(")") {
                arguments = self.list(|parser| {
                    let name = parser.name("an argument")?;
                    parser.sign(":", "write to: [\"a@b.example\"]")?;
                    Ok((name, parser.test_value()?))
                })?;
            }
            self.sign(")", "close the arguments")?;
        }
        let details = self.details()?;
        self.advance();
        let at_ms = self.duration()?;
        Ok(GivenEvent {
            kind,
            variable,
            tool,
            arguments,
            details,
            span: start.to(at_ms.span),
            at_ms,
        })
    }

    /// A tool's name; in quotes when it is none of the language's words.
    fn tool_name(&mut self) -> Parsed<Name> {
        if matches!(self.peek().kind, TokenKind::Text(_)) {
            return self.text("a tool");
        }
        self.dotted_name("a tool")
    }

    fn duration(&mut self) -> Parsed<Spanned<u64>> {
        let token = self.peek();
        if let TokenKind::DurationMs(value) = token.kind {
            self.advance();
            return Ok(Spanned {
                value,
                span: token.span,
            });
        }
        Err(self.expected(
            "a time",
            "times are durations since the start of the test, such as `at 4s`",
        ))
    }

    fn details(&mut self) -> Parsed<Vec<GivenDetail>> {
        let mut details = Vec::new();
        let mut told = BTreeSet::new();
        while !self.is_word("at") {
            if details.len() >= VALUES_MAX {
                return Err(self.expected("`at`", DETAIL_HELP));
            }
            let start = self.peek().span;
            let detail = self.detail()?;
            if let Some(name) = single(&detail).filter(|name| !told.insert(name.clone())) {
                let message = format!("`{name}` is told twice of this event");
                let span = start.to(self.last_span());
                let _ = self.error(Code::Duplicate, span, message, "keep one of them");
            }
            details.push(detail);
        }
        Ok(details)
    }

    fn detail(&mut self) -> Parsed<GivenDetail> {
        let word = self.name("a detail of the event")?;
        Ok(match word.value.as_str() {
            "trust" => GivenDetail::Trust(self.known(|parser| parser.name("a label"))?),
            "role" => GivenDetail::Role(self.known(|parser| parser.name("a role"))?),
            "text" => GivenDetail::Text(self.known(|parser| parser.text("a text"))?),
            "from" => GivenDetail::From(self.name("an event of this test")?),
            "for" => GivenDetail::For(self.name("an event of this test")?),
            "score" => {
                let detector = self.name("a detector")?;
                GivenDetail::Score(detector, self.known(Self::simple_literal)?)
            }
            "with" => {
                let attribute = self.name("an attribute")?;
                GivenDetail::Attribute(attribute, self.known(Self::simple_literal)?)
            }
            "unseen" => GivenDetail::Unseen,
            _ => {
                let message = format!("`{}` is no detail of an event", word.value);
                return Err(self.error(Code::Expected, word.span, message, DETAIL_HELP));
            }
        })
    }

    /// `unknown`, or what `one` reads.
    fn known<T>(&mut self, one: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<Option<T>> {
        if self.accept_word("unknown") {
            return Ok(None);
        }
        one(self).map(Some)
    }

    fn test_value(&mut self) -> Parsed<Option<TestValue>> {
        if self.accept_word("unknown") {
            return Ok(None);
        }
        if self.accept_sign("[") {
            let mut all: Vec<Literal> = Vec::new();
            if !self.is_sign("]") {
                all = self.list(|parser| parser.simple_literal().map(|literal| literal.value))?;
            }
            self.sign("]", "close the list")?;
            return Ok(Some(TestValue::List(all)));
        }
        if self.is_sign("{") {
            return Err(self.expected(
                "the values of an argument",
                "several stand in brackets: [\"a\", \"b\"]",
            ));
        }
        Ok(Some(TestValue::One(self.simple_literal()?.value)))
    }

    fn expectation(&mut self, start: Span) -> Parsed<Expectation> {
        let verdict = self.name("allow, deny, ask or throttle")?;
        if !["allow", "deny", "ask", "throttle"].contains(&verdict.value.as_str()) {
            let message = format!("`{}` is no verdict", verdict.value);
            return Err(self.error(
                Code::Expected,
                verdict.span,
                message,
                "expect allow, deny, ask or throttle",
            ));
        }
        let mut expectation = Expectation {
            verdict,
            by: Vec::new(),
            without: Vec::new(),
            span: start,
        };
        if self.accept_word("by") {
            expectation.by = self.list(|parser| parser.name("a policy"))?;
        }
        if self.accept_word("without") {
            expectation.without = self.list(|parser| parser.name("a policy"))?;
        }
        expectation.span = start.to(self.last_span());
        Ok(expectation)
    }
}

/// The name of what an event has once: of two, one would be forgotten in silence.
fn single(detail: &GivenDetail) -> Option<String> {
    match detail {
        GivenDetail::Trust(_) => Some("trust".into()),
        GivenDetail::Role(_) => Some("role".into()),
        GivenDetail::Text(_) => Some("text".into()),
        GivenDetail::Score(detector, _) => Some(format!("score {}", detector.value)),
        GivenDetail::Attribute(name, _) => Some(format!("with {}", name.value)),
        GivenDetail::From(_) | GivenDetail::For(_) | GivenDetail::Unseen => None,
    }
}
