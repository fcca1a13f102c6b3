//! The prelude of every stream: written from its text, compared with its pinned hash, checked once a process.

use std::collections::HashSet;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::check::Loader;
use crate::export::source::{Declaration, declare_all, parse};
use crate::export::stream::Stream;
use crate::limits::Budget;
use crate::outcome::{Checked, Reason, Stop};

/// The text of the prelude.
const TEXT: &str = include_str!("prelude.lisp");

/// SHA-256 of the prelude's records. It changes only with a new version of the certificates.
pub const PRELUDE_SHA256: &str = "2b838945afac9bbc70625a01d92b17e5bcc30485bef1f70101663876843b64a4";

/// The prelude in all the forms in which it is needed.
pub(crate) struct Prelude {
    /// Its declarations, for the readable rendering.
    pub declarations: Vec<Declaration>,
    /// The writer after its last record.
    pub stream: Stream,
    /// How many records it has.
    pub records: usize,
    /// How many of them are expressions.
    pub expressions: usize,
    /// What its names and expressions say, without their numbers.
    pub contents: HashSet<String>,
    /// The number of the name `Aimds`.
    pub root: u32,
    /// The kernel after its last record.
    pub loader: Loader,
}

/// The prelude; written and checked at the first call.
pub(crate) fn prelude() -> Checked<&'static Prelude> {
    static PRELUDE: OnceLock<Result<Prelude, Stop>> = OnceLock::new();
    PRELUDE.get_or_init(build).as_ref().map_err(|stop| *stop)
}

/// The records of the prelude as text.
pub fn prelude_text() -> Result<&'static str, Reason> {
    prelude()
        .map(|prelude| prelude.stream.text())
        .map_err(|_| Reason::Pin)
}

fn build() -> Result<Prelude, Stop> {
    let declarations = parse(TEXT).ok_or(Reason::Pin)?;
    let budget = Budget::UNIVERSAL;
    let mut stream = Stream::new(budget.stream_bytes_max);
    declare_all(&mut stream, &declarations);
    if sha256_hex(stream.text().as_bytes()) != PRELUDE_SHA256 {
        return Err(Reason::Pin.into());
    }
    let mut loader = Loader::new(budget);
    loader.load(stream.text(), 1)?;
    let records = stream.text().lines().count();
    let expressions = stream
        .text()
        .lines()
        .filter(|line| line.starts_with("{\"ie\""))
        .count();
    let contents = stream
        .text()
        .lines()
        .filter_map(content)
        .map(str::to_owned)
        .collect();
    let root = loader.number_of("Aimds").ok_or(Reason::Pin)?;
    Ok(Prelude {
        declarations,
        stream,
        records,
        expressions,
        contents,
        root,
        loader,
    })
}

/// What a name, level or expression says, without its number; nothing for other records.
pub(crate) fn content(line: &str) -> Option<&str> {
    if line.starts_with("{\"i") && !line.starts_with("{\"inductive") {
        return line.split_once(',').map(|(_, content)| content);
    }
    None
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text still gives the pinned records, and there are as many types and definitions as the documentation says.
    #[test]
    fn prelude_is_the_pinned_one() {
        let declarations = parse(TEXT).unwrap();
        let mut stream = Stream::new(Budget::UNIVERSAL.stream_bytes_max);
        declare_all(&mut stream, &declarations);
        assert_eq!(sha256_hex(stream.text().as_bytes()), PRELUDE_SHA256);
        let count = |kind: &str| {
            stream
                .text()
                .lines()
                .filter(|line| line.starts_with(kind))
                .count()
        };
        assert_eq!((count("{\"inductive\""), count("{\"def\"")), (9, 22));
        assert_eq!(count("{\"axiom\"") + count("{\"thm\""), 0);
    }

    /// One changed bit of the text gives another hash; a text that is cut off gives nothing.
    #[test]
    fn a_changed_text_is_noticed() {
        let changed = TEXT.replace("Bool.false b a", "b Bool.false a");
        let mut stream = Stream::new(Budget::UNIVERSAL.stream_bytes_max);
        declare_all(&mut stream, &parse(&changed).unwrap());
        assert_ne!(sha256_hex(stream.text().as_bytes()), PRELUDE_SHA256);
        let (cut, _) = TEXT.split_at(TEXT.len() - 4);
        assert_eq!(parse(cut), None);
    }
}
