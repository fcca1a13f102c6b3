//! What stands at the top of a file.

use super::{CLAUSE_WORDS, Failed, ITEM_WORDS, Parsed, Parser};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::lexer::TokenKind;
use crate::limits::{ENSURES_MAX, PARAMETERS_MAX};
use crate::syntax::{
    Body, ClaimItem, Effect, Item, NameList, ObligationItem, PolicyItem, SetItem, TemplateItem, ToolItem,
    UseItem, ValueType,
};

/// What stands in the body of a policy.
const CLAUSE_HELP: &str = "`when`, `deny if`, `permit if`, `unless`, `ensures`, `obligation`, `severity`, `action`, `message`, `source`";

impl Parser<'_> {
    /// The next item; a policy written `policy p(..) = template {..}` is a template.
    pub(super) fn item(&mut self) -> Parsed<Vec<Item>> {
        let token = self.peek();
        let TokenKind::Word(word) = &token.kind else {
            return Err(self.expected(
                "an item",
                "a file consists of `schema`, `policy`, `set`, `test` and so on",
            ));
        };
        let start = token.span;
        if !ITEM_WORDS.contains(&word.as_str()) {
            let near = crate::diagnostic::nearest(word, ITEM_WORDS);
            let help = near.map_or("begin with `policy`, `set`, `test`, `import` ..".into(), |near| {
                format!("did you mean `{near}`?")
            });
            return Err(self.error(
                Code::Expected,
                start,
                format!("`{word}` does not begin an item"),
                help,
            ));
        }
        self.advance();
        let item = match word.as_str() {
            "import" => Item::Import(self.text("the name of a file")?),
            "schema" => Item::Schema {
                name: self.name("the schema's name")?,
                version: self.name("the schema's version, such as v1")?,
            },
            "label" => self.label(start)?,
            "event" => self.names(NameList::Events)?,
            "role" => self.names(NameList::Roles)?,
            "detector" => self.names(NameList::Detectors)?,
            "group" => {
                let name = self.name("the group's name")?;
                self.sign("=", "write group read = document, tool_result")?;
                let members = self.list(|parser| parser.name("an event kind"))?;
                Item::Group { name, members }
            }
            "attribute" => {
                let (name, kind) = self.typed_name()?;
                Item::Attribute { name, kind }
            }
            "argument" => {
                let (name, kind) = self.typed_name()?;
                let members = if self.accept_word("from") {
                    self.list(|parser| parser.name("an argument"))?
                } else {
                    Vec::new()
                };
                Item::Argument { name, kind, members }
            }
            "tag" => {
                let name = self.target_name("the tag's name")?;
                let globs = if self.accept_word("for") {
                    self.list(|parser| parser.text("a pattern of tool names"))?
                } else {
                    Vec::new()
                };
                Item::Tag { name, globs }
            }
            "unlisted" => Item::Unlisted(self.name("`unknown` or `untagged`")?),
            "tool" => Item::Tool(self.tool()?),
            "let" => {
                let name = self.name("the constant's name")?;
                self.sign("=", "write let limit = 20")?;
                let value = self.literal()?;
                Item::Let { name, value }
            }
            "policy" => self.policy(start)?,
            "template" => {
                let name = self.name("the template's name")?;
                self.template(name, start)?
            }
            "use" => Item::Use(self.use_item(start)?),
            "set" => Item::Set(self.set(start)?),
            "claim" => Item::Claim(self.claim(start)?),
            _ => Item::Test(self.test(start)?),
        };
        Ok(vec![item])
    }

    fn names(&mut self, list: NameList) -> Parsed<Item> {
        let names = self.list(|parser| parser.name("a name"))?;
        Ok(Item::Names { list, names })
    }

    fn label(&mut self, start: Span) -> Parsed<Item> {
        let help = "write label trust: untrusted < user < trusted";
        self.word("trust", help)?;
        self.sign(":", help)?;
        let mut levels = vec![self.name("a label")?];
        while self.accept_sign("<") {
            levels.push(self.name("a label")?);
        }
        let span = start.to(self.last_span());
        Ok(Item::Label { levels, span })
    }

    fn value_type(&mut self) -> Parsed<Spanned<ValueType>> {
        let start = self.peek().span;
        let set = self.is_word("set") && matches!(self.peek_at(1), TokenKind::Word(of) if of == "of");
        if set {
            self.at += 2;
        }
        let name = self.name("a type")?;
        let text = if set {
            format!("set of {}", name.value)
        } else {
            name.value
        };
        let span = start.to(name.span);
        if let Some((value, _)) = ValueType::NAMES.iter().find(|(_, known)| *known == text) {
            return Ok(Spanned { value: *value, span });
        }
        let help = "the types are flag, integer, amount, text, path, host, and set of text, path or host";
        let message = format!("there is no type `{text}`");
        Err(self.error(Code::UnknownName, span, message, help))
    }

    fn typed_name(&mut self) -> Parsed<(crate::diagnostic::Name, Spanned<ValueType>)> {
        let name = self.name("a name")?;
        self.sign(":", "write attribute region: text")?;
        Ok((name, self.value_type()?))
    }

    fn tool(&mut self) -> Parsed<ToolItem> {
        let name = self.dotted_name("the tool's name")?;
        let mut arguments = Vec::new();
        self.sign("(", "write tool email.send(to: set of host, body: text)")?;
        if !self.is_sign(")") {
            arguments = self.list(|parser| {
                let name = parser.name("an argument")?;
                parser.sign(":", "an argument has a type: `to: set of host`")?;
                Ok((name, parser.value_type()?))
            })?;
        }
        self.sign(")", "close the arguments")?;
        let tags = if self.accept_word("is") {
            self.list(|parser| parser.target_name("a tag"))?
        } else {
            Vec::new()
        };
        Ok(ToolItem {
            name,
            arguments,
            tags,
        })
    }

    fn policy(&mut self, start: Span) -> Parsed<Item> {
        let name = self.name("the policy's name")?;
        if self.is_sign("(") {
            return self.template(name, start);
        }
        let mut body = Body::default();
        let mut overridable = false;
        let mut replaces = None;
        loop {
            if self.accept_word("overridable") {
                overridable = true;
            } else if self.accept_word("replaces") {
                replaces = Some(self.name("a policy")?);
            } else if self.accept_word("severity") {
                body.severity = Some(self.name("a severity")?);
            } else {
                break;
            }
        }
        self.body(&mut body)?;
        let span = start.to(self.last_span());
        Ok(Item::Policy(PolicyItem {
            name,
            overridable,
            replaces,
            body,
            span,
        }))
    }

    /// Behind the name: `(n: integer) {..}` or `(n) = template {..}`
    fn template(&mut self, name: crate::diagnostic::Name, start: Span) -> Parsed<Item> {
        let help = "write template rate(tool: tool, n: integer, w: duration) { .. }";
        self.sign("(", help)?;
        let parameters = self.list(|parser| {
            let name = parser.name("a parameter")?;
            parser.sign(":", help)?;
            Ok((name, parser.name("a type of parameter")?))
        })?;
        self.sign(")", help)?;
        if parameters.len() > PARAMETERS_MAX {
            let message = format!("a template has at most {PARAMETERS_MAX} parameters");
            return Err(self.error(Code::TooLarge, name.span, message, "split it"));
        }
        if self.accept_sign("=") {
            self.word("template", help)?;
        }
        let mut body = Body::default();
        if self.accept_word("severity") {
            body.severity = Some(self.name("a severity")?);
        }
        self.body(&mut body)?;
        let span = start.to(self.last_span());
        Ok(Item::Template(TemplateItem {
            name,
            parameters,
            body,
            span,
        }))
    }

    /// The clauses between braces; an error in one skips to the next.
    fn body(&mut self, body: &mut Body) -> Parsed<()> {
        let open = self.sign("{", "a policy's clauses stand between braces")?;
        self.layout.blocks.push(open.start);
        while !self.accept_sign("}") {
            if self.peek().kind == TokenKind::End || self.diagnostics.is_full() {
                return Err(self.expected("`}`", "close the policy"));
            }
            let before = self.at;
            self.layout.clauses.push(self.peek().span.start);
            if self.clause(body).is_err() {
                self.skip_to_clause(before)?;
            }
        }
        Ok(())
    }

    /// Goes to the next clause or the closing brace; gives up where the next item begins.
    pub(super) fn skip_to_clause(&mut self, before: usize) -> Parsed<()> {
        if self.at == before {
            self.advance();
        }
        let mut open = 0_usize;
        loop {
            match &self.peek().kind {
                TokenKind::End => return Err(Failed),
                TokenKind::Sign("{") => open += 1,
                TokenKind::Sign("}") if open == 0 => return Ok(()),
                TokenKind::Sign("}") => open -= 1,
                TokenKind::Word(word) if CLAUSE_WORDS.contains(&word.as_str()) => return Ok(()),
                TokenKind::Word(word) if matches!(word.as_str(), "policy" | "template" | "test") => {
                    return Err(Failed);
                }
                _ => {}
            }
            self.advance();
        }
    }

    fn clause(&mut self, body: &mut Body) -> Parsed<()> {
        let token = self.peek();
        let TokenKind::Word(word) = &token.kind else {
            return Err(self.expected("a clause", CLAUSE_HELP));
        };
        let repeated = match word.as_str() {
            "severity" => body.severity.is_some(),
            "when" => body.when.is_some(),
            "deny" | "permit" => body.effect.is_some(),
            "unless" => body.unless.is_some(),
            // Several mean all of them.
            "ensures" => false,
            "obligation" => !body.obligations.is_empty(),
            "action" => body.action.is_some(),
            "message" => body.message.is_some(),
            "source" => body.source.is_some(),
            _ => return Err(self.expected("a clause", CLAUSE_HELP)),
        };
        if repeated {
            let message = format!("this policy already has `{word}`");
            let help = "a policy is one rule: write a second policy, or join conditions with `and` and `or`";
            self.diagnostics
                .push(Diagnostic::error(Code::BadClause, token.span, message, help));
        }
        self.advance();
        match word.as_str() {
            "severity" => body.severity = Some(self.name("a severity")?),
            "when" => body.when = Some(self.pattern()?),
            "deny" | "permit" => {
                let form = if self.accept_word("if") {
                    Some(self.form()?)
                } else {
                    None
                };
                body.effect = Some(Effect {
                    permit: word == "permit",
                    form,
                    span: token.span.to(self.last_span()),
                });
            }
            "unless" => body.unless = Some(self.form()?),
            "ensures" => {
                if body.ensures.len() >= ENSURES_MAX {
                    let message = format!("a policy has at most {ENSURES_MAX} `ensures`");
                    return Err(self.error(Code::TooLarge, token.span, message, "join some with `and`"));
                }
                body.ensures.push(self.form()?);
            }
            "obligation" => body.obligations = self.list(Self::obligation)?,
            "action" => body.action = Some(self.name("an action")?),
            "message" => body.message = Some(self.text("a message")?),
            _ => body.source = Some(self.text("a sentence")?),
        }
        Ok(())
    }

    fn obligation(&mut self) -> Parsed<ObligationItem> {
        let name = self.name("an obligation")?;
        let mut about = None;
        if self.accept_sign("(") {
            about = Some(match &self.peek().kind {
                TokenKind::Text(_) => self.text("a text")?,
                _ => self.dotted_name("a name or a text")?,
            });
            self.sign(")", "write notify(\"secops\") or redact(personal_data)")?;
        }
        Ok(ObligationItem { name, about })
    }

    fn use_item(&mut self, start: Span) -> Parsed<UseItem> {
        let help = "write use rate(email.send, 20, 1h) as mail_rate";
        let template = self.name("a template")?;
        self.sign("(", help)?;
        let arguments = self.list(Self::literal)?;
        self.sign(")", help)?;
        self.word("as", help)?;
        let name = self.name("the policy's name")?;
        let replaces = if self.accept_word("replaces") {
            Some(self.name("a policy")?)
        } else {
            None
        };
        let span = start.to(self.last_span());
        Ok(UseItem {
            template,
            arguments,
            name,
            replaces,
            span,
        })
    }

    fn set(&mut self, start: Span) -> Parsed<SetItem> {
        let help = "write set prod = overlay(base, team) combine forbid_overrides default deny";
        let name = self.name("the set's name")?;
        self.sign("=", help)?;
        let overlay = self.accept_word("overlay");
        let members = if overlay || self.is_sign("{") {
            let close = if overlay { ")" } else { "}" };
            self.sign(if overlay { "(" } else { "{" }, help)?;
            let members = self.list(|parser| parser.name("a policy or a set"))?;
            self.sign(close, help)?;
            members
        } else {
            return Err(self.expected("`{` or `overlay`", help));
        };
        if self.accept_word("combine") {
            self.word(
                "forbid_overrides",
                "the only way to combine is forbid_overrides: a denial wins over every permit",
            )?;
        }
        self.word("default", help)?;
        if !self.is_word("deny") && !self.is_word("allow") {
            return Err(self.expected("`deny` or `allow`", help));
        }
        let default = self.name("`deny` or `allow`")?;
        Ok(SetItem {
            name,
            members,
            overlay,
            default_allow: default.value == "allow",
            span: start.to(default.span),
        })
    }

    fn claim(&mut self, start: Span) -> Parsed<ClaimItem> {
        let help = "write claim never_shadowed(prod, no_exfil)";
        let kind = self.name("a kind of claim")?;
        self.sign("(", help)?;
        let about = self.list(|parser| parser.name("a set or a policy"))?;
        let end = self.sign(")", help)?;
        Ok(ClaimItem {
            kind,
            about,
            span: start.to(end),
        })
    }
}
