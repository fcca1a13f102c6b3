//! Constants: numbers, durations, sets of texts.

use super::{Constants, Lowered, Lowering};
use crate::diagnostic::{Code, Span, Spanned};
use crate::hosts::{bare_host, host};
use crate::limits::{CONSTANTS_MAX, VISITS_MAX};
use crate::syntax::{Literal, ValueType};
use crate::values::{path, scaled};

/// Digits behind the point of an amount: hundredths, as in most currencies.
const AMOUNT_DIGITS: usize = 2;
/// Digits behind the point of a score.
const SCORE_DIGITS: usize = 3;

/// Digits behind the point of a decimal literal.
fn decimal(whole: u64, fraction: &str, digits: usize) -> Option<u64> {
    scaled(&format!("{whole}.{fraction}"), digits)
}

impl<'a> Lowering<'a> {
    /// Follows names to the constant they stand for. A chain of constants ends: each step goes to an earlier declaration.
    pub(super) fn resolve<'b>(
        literal: &'b Spanned<Literal>,
        constants: &Constants<'a>,
    ) -> &'b Spanned<Literal>
    where
        'a: 'b,
    {
        let Literal::Name(name) = &literal.value else {
            return literal;
        };
        let constant = |name: &str| constants.lets.get(name).copied();
        let Some(found) = constants
            .parameters
            .get(name.as_str())
            .copied()
            .or_else(|| constant(name))
        else {
            return literal;
        };
        match &found.value {
            Literal::Name(inner) => constant(inner)
                .filter(|inner| !matches!(inner.value, Literal::Name(_)))
                .unwrap_or(found),
            _ => found,
        }
    }

    pub(super) fn number(&mut self, literal: &Spanned<Literal>, constants: &Constants<'a>) -> Lowered<u64> {
        match &Self::resolve(literal, constants).value {
            Literal::Integer(number) => Ok(*number),
            other => {
                let (message, help) = unfit(other, "a whole number", "such as 20");
                self.error(Code::WrongType, literal.span, message, help)
            }
        }
    }

    pub(super) fn duration(&mut self, literal: &Spanned<Literal>, constants: &Constants<'a>) -> Lowered<u64> {
        match &Self::resolve(literal, constants).value {
            Literal::DurationMs(duration_ms) => Ok(*duration_ms),
            other => {
                let (message, help) = unfit(other, "a duration", "with its unit: 0s, 250ms, 10m, 1h, 1d");
                self.error(Code::WrongType, literal.span, message, help)
            }
        }
    }

    /// A score in thousandths.
    pub(super) fn score(&mut self, literal: &Spanned<Literal>, constants: &Constants<'a>) -> Lowered<u16> {
        let value = match &Self::resolve(literal, constants).value {
            Literal::Integer(number) => number.checked_mul(1_000),
            Literal::Decimal(whole, fraction) => decimal(*whole, fraction, SCORE_DIGITS),
            _ => None,
        };
        match value
            .and_then(|value| u16::try_from(value).ok())
            .filter(|value| *value <= 1_000)
        {
            Some(value) => Ok(value),
            None => self.error(
                Code::WrongType,
                literal.span,
                "a score lies between 0 and 1",
                "such as 0.85",
            ),
        }
    }

    /// An amount in hundredths.
    pub(super) fn amount(&mut self, literal: &Spanned<Literal>, constants: &Constants<'a>) -> Lowered<u64> {
        let value = match &Self::resolve(literal, constants).value {
            Literal::Integer(number) => scaled(&number.to_string(), AMOUNT_DIGITS),
            Literal::Decimal(whole, fraction) => decimal(*whole, fraction, AMOUNT_DIGITS),
            _ => None,
        };
        match value {
            Some(value) => Ok(value),
            None => self.error(
                Code::WrongType,
                literal.span,
                "this is no amount",
                "such as 100 or 19.99, with at most two digits behind the point",
            ),
        }
    }

    /// One or several texts, hosts or paths in their normal form, sorted.
    pub(super) fn texts(
        &mut self,
        literal: &Spanned<Literal>,
        kind: ValueType,
        constants: &Constants<'a>,
    ) -> Lowered<Vec<String>> {
        let mut all = Vec::new();
        self.collect_texts(literal, literal.span, constants, &mut all, &mut 0, 0)?;
        let mut normal = Vec::new();
        for text in all {
            let value = match kind.member() {
                ValueType::Host => bare_host(&text),
                ValueType::Path => path(&text),
                _ => Some(text.clone()),
            };
            if value.is_none()
                && kind.member() == ValueType::Host
                && let Some(host) = host(&text)
            {
                let message = format!("only the host of {text:?} would be compared");
                let help =
                    format!("write \"{host}\" to mean all of it; single addresses are compared as `text`");
                return self.error(Code::WrongType, literal.span, message, help);
            }
            let Some(value) = value else {
                let message = format!("{text:?} is no {}", kind.member().text());
                let help = "hosts look like corp.example, paths are absolute: /srv/data";
                return self.error(Code::WrongType, literal.span, message, help);
            };
            normal.push(value);
        }
        normal.sort();
        normal.dedup();
        Ok(normal)
    }

    fn collect_texts(
        &mut self,
        literal: &Spanned<Literal>,
        span: Span,
        constants: &Constants<'a>,
        all: &mut Vec<String>,
        visits: &mut usize,
        depth: usize,
    ) -> Lowered<()> {
        *visits += 1;
        if all.len() > CONSTANTS_MAX || depth > CONSTANT_DEPTH_MAX || *visits > VISITS_MAX {
            let help = "split it; a constant must not be made of itself";
            return self.error(Code::TooLarge, span, "this set is too large", help);
        }
        match &literal.value {
            Literal::Text(text) => all.push(text.clone()),
            Literal::Set(members) => {
                for member in members {
                    self.collect_texts(member, span, constants, all, visits, depth + 1)?;
                }
            }
            Literal::Name(name) => {
                let parameter = constants.parameters.get(name.as_str()).copied();
                let constant = parameter.or_else(|| constants.lets.get(name.as_str()).copied());
                match constant {
                    // A parameter's value may name a constant of the same name, never itself.
                    Some(found) if parameter.is_some() => {
                        let outer = Constants {
                            lets: constants.lets.clone(),
                            ..Constants::default()
                        };
                        self.collect_texts(found, span, &outer, all, visits, depth + 1)?;
                    }
                    Some(found) => self.collect_texts(found, span, constants, all, visits, depth + 1)?,
                    None => {
                        let message = format!("there is no constant `{name}`");
                        let help = "declare it with `let`, or write texts in quotes";
                        return self.error(Code::UnknownName, literal.span, message, help);
                    }
                }
            }
            other => {
                let (message, help) = unfit(other, "a text or a set of texts", "such as {\"corp.example\"}");
                return self.error(Code::WrongType, literal.span, message, help);
            }
        }
        Ok(())
    }
}

/// Constants that name constants: nobody nests them deeper.
const CONSTANT_DEPTH_MAX: usize = 8;

fn unfit(literal: &Literal, wanted: &str, help: &str) -> (String, String) {
    let found = match literal {
        Literal::Name(name) => {
            return (
                format!("there is no constant `{name}`"),
                "declare it with `let`".into(),
            );
        }
        Literal::Integer(_) => "a whole number",
        Literal::Decimal(..) => "a decimal number",
        Literal::Text(_) => "a text",
        Literal::Set(_) => "a set",
        Literal::DurationMs(_) => "a duration",
        Literal::Flag(_) => "a flag",
    };
    (format!("this is {found}, but {wanted} is needed"), help.into())
}
