//! A bundle: a root file, what it imports, and the policy sets they make.

mod builder;
mod claims;
mod contracts;

pub use claims::CLAIM_KINDS;

use crate::contracts::Contracts;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::limits::SOURCES_MAX;
use crate::parser::parse;
use crate::rules::PolicySet;
use crate::schema::Schema;
use crate::syntax::{File, Item, TestItem};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, as imports give it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A theorem that the authors claim; the proof tools show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// One of [`CLAIM_KINDS`].
    pub kind: String,
    /// A set, then the policies in it; for `no_path` the set that describes the path, for `contract` a template or a policy.
    pub about: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// A template with its arguments, of a policy that is an instance of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The template's name.
    pub template: String,
    /// The arguments, where they are written.
    pub arguments: Vec<Span>,
}

/// Everything that a root file and its imports declare.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The files, the root first; spans refer to their positions.
    pub sources: Vec<Source>,
    /// The schema.
    pub schema: Arc<Schema>,
    /// Policy sets in the order of their text.
    pub sets: Vec<PolicySet>,
    /// Tests.
    pub tests: Vec<TestItem>,
    /// Claims.
    pub claims: Vec<Claim>,
    /// What the rules of each set ensure; in the order of `sets`.
    pub contracts: Vec<Contracts>,
    /// The policies that are instances of templates, by name.
    pub filled: BTreeMap<String, Filled>,
}

/// What compiling gave: a bundle unless there was an error, and all that was found.
#[derive(Debug)]
pub struct Compiled {
    /// The bundle, when nothing is wrong.
    pub bundle: Option<Bundle>,
    /// Errors and warnings, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for rendering.
    pub sources: Vec<Source>,
}

impl Compiled {
    /// All diagnostics as text for people.
    pub fn render(&self) -> String {
        let rendered = self.diagnostics.iter().map(|found| {
            let source = self.sources.get(usize::from(found.span.file));
            found.render(
                source.map_or("?", |source| source.name.as_str()),
                source.map_or("", |source| source.text.as_str()),
            )
        });
        rendered.collect::<Vec<_>>().join("\n\n")
    }
}

impl Bundle {
    /// The set of a name.
    pub fn set(&self, name: &str) -> Option<&PolicySet> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// What the rules of a set ensure.
    pub fn contracts(&self, set: &str) -> Option<&Contracts> {
        self.contracts.iter().find(|contracts| contracts.set == set)
    }

    /// The template of a policy with its arguments as they are written, as in `rate(email.send, 5, 1m)`; `None` for a policy of
    /// its own.
    pub fn filled_in(&self, policy: &str) -> Option<String> {
        let filled = self.filled.get(policy)?;
        let arguments = filled.arguments.iter().map(|span| self.excerpt(*span));
        let on_one_line = |text: &str| {
            let words = text
                .lines()
                .flat_map(|line| without_comment(line).split_whitespace());
            words.collect::<Vec<_>>().join(" ")
        };
        let arguments: Vec<String> = arguments.map(on_one_line).collect();
        Some(format!("{}({})", filled.template, arguments.join(", ")))
    }

    /// The text at a place; empty when it is none of this bundle's.
    pub fn excerpt(&self, span: Span) -> &str {
        self.sources
            .get(usize::from(span.file))
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
            .trim()
    }
}

/// A line up to its comment; two slashes between quotation marks begin none.
fn without_comment(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in line.char_indices() {
        match character {
            '"' if !escaped => quoted = !quoted,
            '/' if !quoted && line.get(at..).is_some_and(|rest| rest.starts_with("//")) => {
                return line.get(..at).unwrap_or_default();
            }
            _ => {}
        }
        escaped = quoted && character == '\\' && !escaped;
    }
    line
}

/// Compiles the root file with what it imports from `library`. Reads no files: the caller brings the texts.
pub fn compile(root: &Source, library: &[Source]) -> Compiled {
    let mut diagnostics = Diagnostics::default();
    let (sources, files) = load(root, library, &mut diagnostics);
    let bundle = if diagnostics.has_errors() {
        None
    } else {
        builder::build(&sources, &files, &mut diagnostics)
    };
    Compiled {
        bundle: bundle.filter(|_| !diagnostics.has_errors()),
        diagnostics: diagnostics.into_sorted(),
        sources,
    }
}

/// Reads the root and, breadth first, whatever is imported; each file once.
fn load(root: &Source, library: &[Source], diagnostics: &mut Diagnostics) -> (Vec<Source>, Vec<File>) {
    let mut sources = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(source) = sources.get(files.len()) {
        let file = parse(&source.text, files.len() as u16, diagnostics);
        for item in &file.items {
            let Item::Import(import) = item else { continue };
            if sources.iter().any(|known| known.name == import.value) {
                continue;
            }
            if sources.len() >= SOURCES_MAX {
                let message = format!("a bundle has at most {SOURCES_MAX} files");
                diagnostics.push(Diagnostic::error(
                    Code::TooLarge,
                    import.span,
                    message,
                    "join some",
                ));
                continue;
            }
            if let Some(found) = library.iter().find(|known| known.name == import.value) {
                sources.push(found.clone());
                continue;
            }
            let near = nearest(&import.value, library.iter().map(|known| known.name.as_str()));
            let help = near.map_or("give the file to the compiler".into(), |near| {
                format!("did you mean {near:?}?")
            });
            let message = format!("there is no file {:?}", import.value);
            diagnostics.push(Diagnostic::error(Code::BadImport, import.span, message, help));
        }
        files.push(file);
    }
    (sources, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set without one of its rules would allow what that rule denies: nobody builds it, whatever comes of its diagnostics.
    #[test]
    fn a_set_with_a_failed_rule_is_not_built() {
        let root = Source {
            name: "root".into(),
            text: "schema agent v1
                event tool_call, prompt
                policy good { when prompt p deny }
                policy bad { when nothing n deny }
                set whole = { good } default allow
                set lacking = { good, bad } default allow"
                .into(),
        };
        let mut diagnostics = Diagnostics::default();
        let (sources, files) = load(&root, &[], &mut diagnostics);
        let bundle = builder::build(&sources, &files, &mut diagnostics);
        let sets = bundle.iter().flat_map(|bundle| &bundle.sets);
        let names: Vec<&str> = sets.map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["whole"]);
        assert!(diagnostics.has_errors());
    }
}
