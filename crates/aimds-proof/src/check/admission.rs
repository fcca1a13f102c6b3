//! The filter before every kernel: after the prelude only what a certificate needs, in its order.
//!
//! It is not optional, for kernels differ in what else they let through: some believe recursors that a stream brings along,
//! some take axioms, some do not notice a cut. None of that gets past these rules.

use std::collections::{HashMap, HashSet};

use super::record::{ExpressionShape, Record, read};
use crate::deadline::Deadline;
use crate::limits::{Budget, CLOCK_RECORDS, Limit};
use crate::outcome::{Checked, Reason};
use crate::prelude::{Prelude, content};

/// A record with the number of its line.
pub(crate) type Numbered<'a> = (usize, Record<'a>);

/// Declarations after the rules, in the order in which they may stand. Only the last must be there.
const ORDER: [&str; 7] = [
    "policy", "other", "trace", "skeleton", "lemma", "reason", "verdict",
];
/// Where the theorems begin in [`ORDER`].
const THEOREMS_FROM: usize = 4;

/// Records of `text`, a whole stream, that stand after the prelude; or why the stream is not admitted.
pub(crate) fn admit<'a>(
    text: &'a str,
    prelude: &Prelude,
    budget: &Budget,
    deadline: Deadline,
) -> Checked<Vec<Numbered<'a>>> {
    let Some(tail) = text.strip_prefix(prelude.stream.text()) else {
        return Err(Reason::Prelude.whole());
    };
    if !tail.is_empty() && !tail.ends_with('\n') {
        return Err(Reason::CutOff.at(text.lines().count()));
    }
    let mut admission = Admission {
        prelude,
        names: HashMap::new(),
        contents: HashSet::new(),
        expressions_left: budget.expressions_max.saturating_sub(prelude.expressions),
        rules: 0,
        lemmas: 0,
        place: 0,
    };
    let mut records = Vec::new();
    for (at, line) in tail.split_terminator('\n').enumerate() {
        let number = prelude.records + at + 1;
        if records.len() >= budget.records_max {
            return Err(Limit::Records.into());
        }
        if at.is_multiple_of(CLOCK_RECORDS) {
            deadline.look()?;
        }
        let record = read(line).map_err(|stop| stop.in_line(number))?;
        admission
            .take(line, &record)
            .map_err(|stop| stop.in_line(number))?;
        records.push((number, record));
    }
    if admission.place != ORDER.len() {
        return Err(Reason::Ending.whole());
    }
    Ok(records)
}

struct Admission<'a> {
    prelude: &'a Prelude,
    /// New names by number; all of them stand under `Aimds`.
    names: HashMap<u32, &'a str>,
    contents: HashSet<&'a str>,
    /// Expressions that may still come.
    expressions_left: usize,
    /// Rules and numbered lemmas declared so far.
    rules: u32,
    lemmas: u32,
    /// How far [`ORDER`] was walked.
    place: usize,
}

impl<'a> Admission<'a> {
    fn take(&mut self, line: &'a str, record: &Record<'a>) -> Checked<()> {
        if self.place == ORDER.len() {
            return Err(Reason::Ending.into());
        }
        if let Some(content) = content(line)
            && (self.prelude.contents.contains(content) || !self.contents.insert(content))
        {
            return Err(Reason::Duplicate.into());
        }
        match record {
            Record::Name { id, prefix, last } => {
                if *prefix != self.prelude.root || last.contains('α') {
                    return Err(Reason::Kind("a name outside of `Aimds`").into());
                }
                self.names.insert(*id, last);
                Ok(())
            }
            Record::Expression { expression, .. } => {
                self.expressions_left = self.expressions_left.checked_sub(1).ok_or(Limit::Expressions)?;
                match expression {
                    ExpressionShape::Let(..) => Err(Reason::Kind("letE").into()),
                    _ => Ok(()),
                }
            }
            Record::Definition { name, .. } => self.declare(*name, false),
            Record::Theorem { name, .. } => self.declare(*name, true),
            Record::Level { .. } => Err(Reason::Kind("level").into()),
            Record::Inductive(_) => Err(Reason::Kind("inductive").into()),
            Record::Meta => Err(Reason::Kind("meta").into()),
        }
    }

    fn declare(&mut self, name: u32, is_theorem: bool) -> Checked<()> {
        let last = self.names.get(&name).copied().ok_or(Reason::Order)?;
        if let Some(number) = last.strip_prefix("rule_") {
            self.rules += 1;
            if is_theorem || self.place > 0 || number != self.rules.to_string() {
                return Err(Reason::Order.into());
            }
            return Ok(());
        }
        if let Some(number) = last.strip_prefix("lemma_") {
            self.lemmas += 1;
            if !is_theorem || self.place > THEOREMS_FROM || number != self.lemmas.to_string() {
                return Err(Reason::Order.into());
            }
            return Ok(());
        }
        let place = ORDER.iter().position(|each| *each == last).ok_or(Reason::Order)?;
        if place < self.place || is_theorem != (place >= THEOREMS_FROM) {
            return Err(Reason::Order.into());
        }
        self.place = place + 1;
        Ok(())
    }
}
