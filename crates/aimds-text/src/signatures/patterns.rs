//! Linear-time regexes: compiling with bounds, and the literals that every match must hold.

use super::limits;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::ops::Range;

/// Compiles one pattern within the bounds of [`limits`].
///
/// # Errors
/// Why it does not compile, in words.
pub fn compile(pattern: &str, case_sensitive: bool) -> Result<Regex, String> {
    let pattern = checked(pattern)?;
    let regex = Regex::builder()
        .syntax(syntax(case_sensitive))
        .configure(
            Regex::config()
                .nfa_size_limit(Some(limits::REGEX_STATES_BYTES_MAX))
                .hybrid_cache_capacity(limits::REGEX_CACHE_BYTES),
        )
        .build(&pattern)
        .map_err(|error| reason(&error))?;
    // An empty match says nothing, and would stand everywhere.
    if regex.is_match("") {
        Err("matches the empty text".to_owned())
    } else {
        Ok(regex)
    }
}

/// The pattern within its length, with `\b` made the ASCII word boundary: the Unicode one costs the automaton its speed.
pub(super) fn checked(pattern: &str) -> Result<String, String> {
    if pattern.len() > limits::REGEX_BYTES_MAX {
        return Err(format!(
            "has {} bytes, at most {} are allowed",
            pattern.len(),
            limits::REGEX_BYTES_MAX
        ));
    }
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some(class @ ('b' | 'B')) if !out.ends_with("(?-u:") && !letters.as_str().starts_with('{') => {
                out.push_str("(?-u:\\");
                out.push(class);
                out.push(')');
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    Ok(out)
}

pub(super) fn syntax(case_sensitive: bool) -> syntax::Config {
    syntax::Config::new()
        .case_insensitive(!case_sensitive)
        .nest_limit(32)
}

/// Parses a pattern.
///
/// # Errors
/// Why it is none, in words.
pub(super) fn parse(pattern: &str, case_sensitive: bool) -> Result<Hir, String> {
    let pattern = checked(pattern)?;
    syntax::parse_with(&pattern, &syntax(case_sensitive)).map_err(|error| last_line(&error.to_string()))
}

pub(super) fn nfa_reason(error: &regex_automata::nfa::thompson::BuildError) -> String {
    if let Some(limit) = error.size_limit() {
        return format!("compiles to more than {limit} bytes");
    }
    // The parser's own message, with the place, is the source of this one.
    last_line(&std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string))
}

fn reason(error: &regex_automata::meta::BuildError) -> String {
    match (error.syntax_error(), error.size_limit()) {
        (Some(syntax), _) => last_line(&syntax.to_string()),
        (_, Some(limit)) => format!("compiles to more than {limit} bytes"),
        _ => error.to_string(),
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or("syntax error").to_owned()
}

/// The literals of which each match holds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// The literals, in the case they are written in.
    pub literals: Vec<String>,
    /// Whether each match begins with one of them.
    pub leading: bool,
}

/// Finds required literals of at least [`limits::REGEX_LITERAL_BYTES_MIN`] bytes.
pub fn required_literals(pattern: &str) -> Option<Required> {
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(32)
        .build()
        .parse(pattern)
        .ok()?;
    let leading = prefixes(&hir).map(|literals| Required {
        literals,
        leading: true,
    });
    let inner = inner(&hir).and_then(strings).map(|literals| Required {
        literals,
        leading: false,
    });
    let shortest = |required: &Required| {
        required
            .literals
            .iter()
            .map(String::len)
            .min()
            .unwrap_or_default()
    };
    let best = match (leading, inner) {
        // A literal at the start saves looking backwards; it may be a little shorter.
        (Some(leading), Some(inner)) if shortest(&leading) + 2 < shortest(&inner) => Some(inner),
        (Some(leading), _) => Some(leading),
        (None, inner) => inner,
    };
    best.filter(|required| shortest(required) >= limits::REGEX_LITERAL_BYTES_MIN)
}

fn prefixes(hir: &Hir) -> Option<Vec<String>> {
    let mut sequence = Extractor::new()
        .kind(ExtractKind::Prefix)
        .limit_class(10)
        .limit_total(limits::REGEX_LITERALS_MAX)
        .extract(hir);
    sequence.sort();
    sequence.dedup();
    let literals = sequence.literals()?;
    let usable = !literals.is_empty()
        && literals
            .iter()
            .all(|literal| literal.len() >= limits::REGEX_LITERAL_BYTES_MIN);
    if usable {
        strings(
            literals
                .iter()
                .map(|literal| literal.as_bytes().to_vec())
                .collect(),
        )
    } else {
        None
    }
}

/// Cuts each literal to whole characters.
pub(super) fn strings(literals: Vec<Vec<u8>>) -> Option<Vec<String>> {
    literals
        .into_iter()
        .map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                String::from_utf8(bytes.get(..valid)?.to_vec())
                    .ok()
                    .filter(|text| !text.is_empty())
            }
        })
        .collect()
}

/// The set of literals of which each match holds one, anywhere: the best part of a concatenation, all branches of an
/// alternation.
pub(super) fn inner(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(Class::Unicode(class)) => {
            let single = class.literal()?;
            Some(vec![single])
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => inner(&repetition.sub),
        HirKind::Capture(capture) => inner(&capture.sub),
        HirKind::Concat(parts) => {
            let shortest = |set: &Vec<Vec<u8>>| set.iter().map(Vec::len).min().unwrap_or_default();
            parts.iter().filter_map(inner).max_by_key(shortest)
        }
        HirKind::Alternation(branches) => {
            let sets = branches.iter().map(inner).collect::<Option<Vec<_>>>()?;
            let mut all: Vec<Vec<u8>> = sets.into_iter().flatten().collect();
            all.sort();
            all.dedup();
            (all.len() <= limits::REGEX_LITERALS_MAX).then_some(all)
        }
        _ => None,
    }
}

/// Regexes of a caller (allow-lists), run in linear time.
#[derive(Debug)]
pub struct LinearPatterns {
    regexes: Vec<Regex>,
}

impl LinearPatterns {
    /// Compiles the patterns, ignoring case.
    ///
    /// # Errors
    /// The index of the first pattern that does not do, and why.
    pub fn new(patterns: &[String]) -> Result<Self, (usize, String)> {
        if patterns.len() > limits::REGEXES_MAX {
            let reason = format!(
                "{} patterns, at most {} are allowed",
                patterns.len(),
                limits::REGEXES_MAX
            );
            return Err((limits::REGEXES_MAX, reason));
        }
        let regexes = patterns
            .iter()
            .enumerate()
            .map(|(index, pattern)| compile(pattern, false).map_err(|reason| (index, reason)))
            .collect::<Result<_, _>>()?;
        Ok(Self { regexes })
    }

    /// Byte ranges of all matches, at most [`limits::MATCHES_MAX`] a pattern.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        let found = |regex: &Regex| {
            regex
                .find_iter(text)
                .take(limits::MATCHES_MAX)
                .map(|found| found.range())
                .collect::<Vec<_>>()
        };
        self.regexes.iter().flat_map(found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pattern: &str) -> Option<(Vec<String>, bool)> {
        required_literals(pattern).map(|required| (required.literals, required.leading))
    }

    #[test]
    fn literals_are_found_where_a_match_must_hold_them() {
        let text = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        assert_eq!(required(r"\bAKIA[A-Z2-7]{16}"), Some((text(&["AKIA"]), true)));
        assert_eq!(
            required(r"(?:ghp|gho)_\w{36}"),
            Some((text(&["gho_", "ghp_"]), true))
        );
        assert_eq!(required(r"[a-z0-9.]+@[a-z0-9.]+"), None, "one byte is too little");
        assert_eq!(required(r"\w+://\w+"), Some((text(&["://"]), false)));
        assert_eq!(
            required(r"\w+(?:foo|bar)?"),
            None,
            "an optional part is not required"
        );
    }

    #[test]
    fn a_pattern_outside_the_bounds_is_refused_with_its_reason() {
        for (pattern, part) in [
            ("a(?=b)", "look-around"),
            (r"(a)\1", "backreferences"),
            ("(?:\\w{900}){900}", "bytes"),
            ("a*", "empty"),
            ("(", "unclosed"),
        ] {
            let reason = compile(pattern, false).err().unwrap_or_default();
            assert!(reason.contains(part), "{pattern}: {reason}");
        }
    }
}
