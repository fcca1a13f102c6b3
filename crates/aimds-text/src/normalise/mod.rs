//! From the text as it arrived to canonical text and decoded views, each with a map back to the original.
//!
//! The walk: canonical text first ([`Normalised::views`] 0), then what no reader sees (tag characters, selectors,
//! zero-width digits), then the folded reading of mixed scripts, then decoders over every view, breadth first. Every
//! step is linear in its input and spends from one counted budget ([`Limits`]).

mod base85;
mod blobs;
mod boundary;
mod canonical;
mod characters;
mod ciphers;
mod codes;
mod entities;
mod escapes;
mod explore;
mod folded;
mod gate;
mod hidden;
mod invisibles;
mod language;
mod leet;
mod letter_pairs;
mod limits;
mod markup;
mod plain;
mod reading;
mod rewriter;
mod signs;
mod span_map;
mod spelling;
mod tags;
mod tokens;
mod tricks;
mod view;

pub use limits::{Bound, INPUT_BYTES_MAX, Limits, OUTPUT_BYTES_FLOOR, WORK_BYTES_FLOOR};
pub use plain::PlainReading;
pub use span_map::{MapBuilder, Run, SpanMap};
pub use view::{Normalised, Transform, Trick, TrickKind, View};

use explore::Explorer;
use limits::Budget;
use tricks::TrickLog;

/// Normalises one text under the limits that ship.
pub fn normalise(original: &str) -> Normalised {
    normalise_within(original, &Limits::DEFAULT)
}

/// Normalises one text. A text above [`INPUT_BYTES_MAX`] is only itself, and `incomplete` says so.
pub fn normalise_within(original: &str, limits: &Limits) -> Normalised {
    if original.len() > INPUT_BYTES_MAX {
        return Normalised {
            incomplete: vec![Bound::Input],
            ..Normalised::identity(original)
        };
    }
    let mut budget = Budget::new(limits, original.len());
    let mut log = TrickLog::default();
    let canonical = canonical::canonicalise(original, &mut budget, &mut log);
    if canonical.changed {
        budget.output(canonical.text.len());
    }
    let facts = canonical.facts;
    let chain = if canonical.changed {
        vec![Transform::Canonical]
    } else {
        Vec::new()
    };
    let first = View {
        text: canonical.text,
        chain,
        map: canonical.map,
    };
    let folded = (facts.other_letters > 0 || facts.marks > 0 || facts.floods > 0)
        .then(|| {
            folded::read(
                &first.text,
                |range| first.original_span(range),
                facts.floods,
                &mut log,
            )
        })
        .flatten();
    let turned = if facts.other_letters > 0 {
        folded::upside_down(&first.text)
    } else {
        None
    };
    let hidden = if canonical.changed {
        hidden::read(original, &facts)
    } else {
        Vec::new()
    };
    let mut explorer = Explorer::new(original, first, limits, &mut budget, &mut log);
    for reading in hidden {
        explorer.take_hidden(reading);
    }
    for reading in folded.into_iter().chain(turned) {
        explorer.take_canonical(reading);
    }
    let views = explorer.run(&facts);
    Normalised {
        original: original.to_owned(),
        views,
        tricks: log.into_tricks(),
        incomplete: budget.into_hit(),
    }
}
