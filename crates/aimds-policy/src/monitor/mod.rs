//! The incremental monitor: every event once, constant state per operator, the same answers as the naive semantics.
//!
//! Each form is evaluated in both modes at once: a [`Truth`] says whether it must hold and whether it may. Operators keep a
//! cell each (`cells`). Operators over relations to the pending event cannot be folded away, for their facts change with
//! every event: they keep the few past events at which a relation could matter, at most `SLICE_EVENTS_MAX` (`related`).

mod cells;
mod program;
mod related;
mod state;

pub use program::{Program, ProgramError};
pub use related::{NoRelations, Relations};
pub use state::StateError;

use crate::limits::ATOMS_MAX;
use aimds_proof::logic::{AtomId, Value};
use cells::{CountCell, WithinCell};
use program::Node;
use related::RelatedCell;
use std::sync::Arc;

/// What is known about a form: whether it must hold and whether it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Truth {
    /// It holds whatever the unknown facts are.
    pub must: bool,
    /// It holds for some of them.
    pub may: bool,
}

impl Truth {
    /// It does not hold.
    pub const NO: Self = Self {
        must: false,
        may: false,
    };
    /// It holds.
    pub const YES: Self = Self {
        must: true,
        may: true,
    };
    /// It hangs on what is unknown.
    pub const UNKNOWN: Self = Self {
        must: false,
        may: true,
    };

    /// A fact in a yes/no place; a number there says nothing.
    pub fn of(value: Value) -> Self {
        match value {
            Value::Yes => Self::YES,
            Value::No => Self::NO,
            Value::Unknown | Value::Number(_) => Self::UNKNOWN,
        }
    }

    /// A fact in the place of a number; anything else says nothing.
    pub fn at_most(value: Value, bound: u64) -> Self {
        match value {
            Value::Number(number) if number <= bound => Self::YES,
            Value::Number(_) => Self::NO,
            _ => Self::UNKNOWN,
        }
    }

    #[inline]
    fn negated(self) -> Self {
        Self {
            must: !self.may,
            may: !self.must,
        }
    }

    #[inline]
    fn and(self, other: Self) -> Self {
        Self {
            must: self.must && other.must,
            may: self.may && other.may,
        }
    }

    #[inline]
    fn or(self, other: Self) -> Self {
        Self {
            must: self.must || other.must,
            may: self.may || other.may,
        }
    }
}

/// What one operator remembers.
#[derive(Debug, Clone)]
enum Cell {
    Previous(Truth),
    Within { must: WithinCell, may: WithinCell },
    Count { must: CountCell, may: CountCell },
    Related(RelatedCell),
}

/// The running monitor of one session.
#[derive(Debug, Clone)]
pub struct Monitor {
    program: Arc<Program>,
    cells: Vec<Cell>,
    time_ms: u64,
    sequence: u64,
    facts: Vec<Value>,
    values: Vec<Truth>,
    results: Vec<Truth>,
}

impl Monitor {
    /// At the beginning of a session.
    pub fn new(program: Arc<Program>) -> Self {
        let cells = program.nodes().iter().filter_map(new_cell).collect();
        let values = vec![Truth::NO; program.nodes().len()];
        Self {
            cells,
            time_ms: 0,
            sequence: 0,
            facts: Vec::with_capacity(ATOMS_MAX.min(program.atoms() + 1)),
            values,
            results: Vec::new(),
            program,
        }
    }

    /// Events seen so far; the next one has this sequence number.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Recorded time of the last event.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// Takes the next event and says what is known of each form, in the order they were given to the program.
    ///
    /// A time before the last event's counts as that one. `facts` need not be sorted; what they do not name is `absent`.
    pub fn step(
        &mut self,
        time_ms: u64,
        facts: &[(AtomId, Value)],
        absent: Value,
        relations: &impl Relations,
    ) -> &[Truth] {
        self.time_ms = self.time_ms.max(time_ms);
        self.facts.clear();
        self.facts.resize(self.program.atoms() + 1, absent);
        for (atom, value) in facts {
            if let Some(place) = self.facts.get_mut(atom.number() as usize) {
                *place = *value;
            }
        }
        let program = Arc::clone(&self.program);
        for (index, node) in program.nodes().iter().enumerate() {
            let truth = self.eager(node);
            if let Some(place) = self.values.get_mut(index) {
                *place = truth;
            }
        }
        self.results.clear();
        for root in program.roots() {
            let truth = self.lazy(&program, *root, relations);
            self.results.push(truth);
        }
        for cell in &mut self.cells {
            if let Cell::Related(cell) = cell {
                cell.finish();
            }
        }
        self.sequence += 1;
        &self.results
    }

    fn fact(&self, atom: AtomId) -> Value {
        self.facts
            .get(atom.number() as usize)
            .copied()
            .unwrap_or(Value::Unknown)
    }

    #[inline]
    fn value(&self, node: usize) -> Truth {
        self.values.get(node).copied().unwrap_or(Truth::UNKNOWN)
    }

    /// The value of a node that hangs on no relation; operators over relations only take note of the event.
    fn eager(&mut self, node: &Node) -> Truth {
        match node {
            Node::Constant(value) => {
                if *value {
                    Truth::YES
                } else {
                    Truth::NO
                }
            }
            Node::Atom(atom) => Truth::of(self.fact(*atom)),
            Node::AtMost(atom, bound) => Truth::at_most(self.fact(*atom), *bound),
            Node::Not(inner) => self.value(*inner).negated(),
            Node::And(left, right) => self.value(*left).and(self.value(*right)),
            Node::Or(left, right) => self.value(*left).or(self.value(*right)),
            Node::Previous { form, cell } => {
                let now = self.value(*form);
                match self.cells.get_mut(*cell) {
                    Some(Cell::Previous(before)) => std::mem::replace(before, now),
                    _ => Truth::UNKNOWN,
                }
            }
            Node::Within { hold, from, cell, .. } => {
                let from = self.value(*from);
                let hold = hold.map_or(Truth::YES, |hold| self.value(hold));
                let now_ms = self.time_ms;
                match self.cells.get_mut(*cell) {
                    Some(Cell::Within { must, may }) => Truth {
                        must: must.step(now_ms, hold.must, from.must),
                        may: may.step(now_ms, hold.may, from.may),
                    },
                    _ => Truth::UNKNOWN,
                }
            }
            Node::Count { form, cell, .. } => {
                let form = self.value(*form);
                let now_ms = self.time_ms;
                match self.cells.get_mut(*cell) {
                    Some(Cell::Count { must, may }) => Truth {
                        must: must.step(now_ms, form.must),
                        may: may.step(now_ms, form.may),
                    },
                    _ => Truth::UNKNOWN,
                }
            }
            Node::Related { operator, cell } => {
                if let Some(Cell::Related(cell)) = self.cells.get_mut(*cell) {
                    cell.note(operator, self.time_ms, self.sequence, &self.values);
                }
                Truth::UNKNOWN
            }
        }
    }

    /// The value of a node, relations included; asks for no more of them than the answer needs.
    fn lazy(&self, program: &Program, index: usize, relations: &impl Relations) -> Truth {
        if !program.hangs_on_relation(index) {
            return self.value(index);
        }
        match program.nodes().get(index) {
            Some(Node::Not(inner)) => self.lazy(program, *inner, relations).negated(),
            Some(Node::And(left, right)) => {
                let first = self.lazy(program, *left, relations);
                if first == Truth::NO {
                    return first;
                }
                first.and(self.lazy(program, *right, relations))
            }
            Some(Node::Or(left, right)) => {
                let first = self.lazy(program, *left, relations);
                if first == Truth::YES {
                    return first;
                }
                first.or(self.lazy(program, *right, relations))
            }
            Some(Node::Related { operator, cell }) => match self.cells.get(*cell) {
                Some(Cell::Related(cell)) => cell.answer(operator, self.time_ms, relations),
                _ => Truth::UNKNOWN,
            },
            _ => Truth::UNKNOWN,
        }
    }
}

fn new_cell(node: &Node) -> Option<Cell> {
    match node {
        Node::Previous { .. } => Some(Cell::Previous(Truth::NO)),
        Node::Within { from_ms, to_ms, .. } => Some(Cell::Within {
            must: WithinCell::new(*from_ms, *to_ms, false),
            may: WithinCell::new(*from_ms, *to_ms, true),
        }),
        Node::Count {
            from_ms,
            to_ms,
            at_least,
            ..
        } => Some(Cell::Count {
            must: CountCell::new(*from_ms, *to_ms, *at_least, false),
            may: CountCell::new(*from_ms, *to_ms, *at_least, true),
        }),
        Node::Related { .. } => Some(Cell::Related(RelatedCell::default())),
        _ => None,
    }
}
