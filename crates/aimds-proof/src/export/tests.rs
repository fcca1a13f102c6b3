//! The writer: known bytes, and the same bytes every time.

use super::encode::Encoder;
use super::source::{declare_all, parse};
use super::stream::Stream;
use crate::limits::Limit;

const NOT_FALSE: &str = include_str!("../../tests/known/not_false.ndjson");
const TEXT: &str = "(inductive Bool (false) (true))
    (definition not (-> Bool Bool) (fun (a Bool) (rec Bool Bool Bool.true Bool.false a)))";

fn not_false(bytes_max: usize) -> Result<String, Limit> {
    let mut stream = Stream::new(bytes_max);
    declare_all(&mut stream, &parse(TEXT).unwrap());
    // The goal is written before its constants are looked up for the proof, as the known answer has it.
    let one = [Some(stream.level_one()), None];
    let equal = stream.constant("Eq", one);
    let bool = stream.constant("Bool", [None, None]);
    let equal_bool = stream.application(equal, bool);
    let mut encoder = Encoder { stream: &mut stream };
    let falsehood = encoder.constant("Bool.false");
    let goal = encoder.call("Aimds.not", &[falsehood]);
    stream.application(equal_bool, goal);
    Encoder { stream: &mut stream }.prove_true("Aimds.verdict", goal);
    stream.finish()
}

/// The complete example of the format's reference, byte for byte.
#[test]
fn smallest_certificate_has_the_known_bytes() {
    assert_eq!(not_false(10_000).unwrap(), NOT_FALSE);
}

/// Beyond its bound a stream is no stream, not a shorter one.
#[test]
fn a_full_stream_is_refused() {
    assert_eq!(not_false(NOT_FALSE.len()).unwrap().len(), NOT_FALSE.len());
    assert_eq!(not_false(NOT_FALSE.len() - 1), Err(Limit::StreamBytes));
}

/// The prelude's text is read strictly.
#[test]
fn malformed_text_is_refused() {
    for text in [
        "(",
        ")",
        "word",
        "(inductive)",
        "(definition x Bool)",
        "(inductive T (c (x)))",
        "(definition x Bool ())",
        "(definition x Bool (fun x))",
        "(definition x Bool (fun (x) x))",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}
