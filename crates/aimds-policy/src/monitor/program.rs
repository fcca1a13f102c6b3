//! Forms as a list of nodes, operands first; equal forms are one node.

use crate::limits::{ATOMS_MAX, COUNT_MAX, FORM_DEPTH_MAX};
use aimds_proof::logic::{AtomId, Form};
use std::collections::HashMap;

/// A form of the list; operands are positions before its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Constant(bool),
    Atom(AtomId),
    AtMost(AtomId, u64),
    Not(usize),
    And(usize, usize),
    Or(usize, usize),
    Previous {
        form: usize,
        cell: usize,
    },
    /// `once` has no `hold`.
    Within {
        from_ms: u64,
        to_ms: u64,
        hold: Option<usize>,
        from: usize,
        cell: usize,
    },
    Count {
        from_ms: u64,
        to_ms: u64,
        at_least: u64,
        form: usize,
        cell: usize,
    },
    /// An operator over relations.
    Related {
        operator: Operator,
        cell: usize,
    },
}

/// A temporal operator whose operands speak of relations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Operator {
    pub(super) kind: OperatorKind,
    pub(super) hold: Option<Operand>,
    pub(super) from: Operand,
    /// Nodes whose values at a past event are remembered.
    pub(super) slots: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum OperatorKind {
    Previous,
    Within { from_ms: u64, to_ms: u64 },
    Count { from_ms: u64, to_ms: u64, at_least: u64 },
}

/// An operand over relations: Boolean connectives over remembered values and relations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Operand {
    Slot(usize),
    Relation(AtomId),
    Not(Box<Operand>),
    And(Box<Operand>, Box<Operand>),
    Or(Box<Operand>, Box<Operand>),
}

/// Remembered values of one operator: two bits each in a word.
pub(super) const SLOTS_MAX: usize = 32;

/// A form that the monitor cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// The form nests deeper than a certificate can hold, or counts further than a slice reaches.
    #[error(
        "a form is too large: nesting up to {FORM_DEPTH_MAX}, counts up to {COUNT_MAX}, {SLOTS_MAX} parts beside relations"
    )]
    TooLarge,
    /// A relation to the pending event stands under no temporal operator, or under two.
    #[error("a relation to the pending event must stand below exactly one temporal operator")]
    MisplacedRelation,
}

impl ProgramError {
    /// A stable name of the case.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "monitor-form-too-large",
            Self::MisplacedRelation => "monitor-misplaced-relation",
        }
    }
}

/// Forms ready to run; shared by all sessions.
#[derive(Debug, Clone)]
pub struct Program {
    nodes: Vec<Node>,
    related: Vec<bool>,
    roots: Vec<usize>,
    atoms: usize,
}

impl Program {
    /// Prepares forms. `is_relation` tells the atoms that speak of a past event and the pending one.
    pub fn new(forms: &[&Form], is_relation: &dyn Fn(AtomId) -> bool) -> Result<Self, ProgramError> {
        let mut builder = Builder {
            nodes: Vec::new(),
            related: Vec::new(),
            known: HashMap::new(),
            cells: 0,
            atoms: 0,
            is_relation,
        };
        let roots = forms
            .iter()
            .map(|form| builder.form(form, 0))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            nodes: builder.nodes,
            related: builder.related,
            roots,
            atoms: builder.atoms,
        })
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// The highest atom id.
    pub(super) fn atoms(&self) -> usize {
        self.atoms
    }

    pub(super) fn hangs_on_relation(&self, node: usize) -> bool {
        self.related.get(node).copied().unwrap_or(true)
    }

    /// A number that differs, most likely, between programs: a state fits just the program it came from (FNV-1a over the
    /// nodes' text; it guards against mistakes, not against forgery).
    pub(super) fn fingerprint(&self) -> u64 {
        let text = format!("{:?}{:?}", self.nodes, self.roots);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

struct Builder<'a> {
    nodes: Vec<Node>,
    related: Vec<bool>,
    known: HashMap<Form, usize>,
    cells: usize,
    atoms: usize,
    is_relation: &'a dyn Fn(AtomId) -> bool,
}

impl Builder<'_> {
    fn form(&mut self, form: &Form, depth: usize) -> Result<usize, ProgramError> {
        if depth > FORM_DEPTH_MAX {
            return Err(ProgramError::TooLarge);
        }
        if let Some(node) = self.known.get(form) {
            return Ok(*node);
        }
        let (node, related) = self.node(form, depth + 1)?;
        self.nodes.push(node);
        self.related.push(related);
        let index = self.nodes.len() - 1;
        self.known.insert(form.clone(), index);
        Ok(index)
    }

    fn is_related(&self, node: usize) -> bool {
        self.related.get(node).copied().unwrap_or(true)
    }

    fn atom(&mut self, atom: AtomId) -> Result<(), ProgramError> {
        if (self.is_relation)(atom) {
            return Err(ProgramError::MisplacedRelation);
        }
        let number = atom.number() as usize;
        if number > ATOMS_MAX {
            return Err(ProgramError::TooLarge);
        }
        self.atoms = self.atoms.max(number);
        Ok(())
    }

    fn node(&mut self, form: &Form, depth: usize) -> Result<(Node, bool), ProgramError> {
        Ok(match form {
            Form::True | Form::False => (Node::Constant(*form == Form::True), false),
            Form::Atom(atom) => {
                self.atom(*atom)?;
                (Node::Atom(*atom), false)
            }
            Form::AtMost(atom, bound) => {
                self.atom(*atom)?;
                (Node::AtMost(*atom, *bound), false)
            }
            Form::Not(inner) => {
                let inner = self.form(inner, depth)?;
                (Node::Not(inner), self.is_related(inner))
            }
            Form::And(left, right) | Form::Or(left, right) => {
                let (left, right) = (self.form(left, depth)?, self.form(right, depth)?);
                let related = self.is_related(left) || self.is_related(right);
                let node = if matches!(form, Form::And(..)) {
                    Node::And(left, right)
                } else {
                    Node::Or(left, right)
                };
                (node, related)
            }
            temporal => self.temporal(temporal, depth)?,
        })
    }

    fn temporal(&mut self, form: &Form, depth: usize) -> Result<(Node, bool), ProgramError> {
        let (kind, hold, from) = match form {
            Form::Previous(form) => (OperatorKind::Previous, None, form),
            Form::Once { from_ms, to_ms, form } => {
                let (from_ms, to_ms) = (*from_ms, *to_ms);
                (OperatorKind::Within { from_ms, to_ms }, None, form)
            }
            Form::Since {
                from_ms,
                to_ms,
                hold,
                from,
            } => {
                let (from_ms, to_ms) = (*from_ms, *to_ms);
                (OperatorKind::Within { from_ms, to_ms }, Some(hold), from)
            }
            Form::Count {
                from_ms,
                to_ms,
                at_least,
                form,
            } => {
                if *at_least > COUNT_MAX {
                    return Err(ProgramError::TooLarge);
                }
                let kind = OperatorKind::Count {
                    from_ms: *from_ms,
                    to_ms: *to_ms,
                    at_least: *at_least,
                };
                (kind, None, form)
            }
            _ => return Err(ProgramError::TooLarge),
        };
        if self.speaks_of_relations(from) || hold.is_some_and(|hold| self.speaks_of_relations(hold)) {
            let mut slots = Vec::new();
            let hold = hold
                .map(|hold| self.operand(hold, &mut slots, depth))
                .transpose()?;
            let from = self.operand(from, &mut slots, depth)?;
            let operator = Operator {
                kind,
                hold,
                from,
                slots,
            };
            let cell = self.cell();
            return Ok((Node::Related { operator, cell }, true));
        }
        let hold = hold.map(|hold| self.form(hold, depth)).transpose()?;
        let from = self.form(from, depth)?;
        let cell = self.cell();
        let node = match kind {
            OperatorKind::Previous => Node::Previous { form: from, cell },
            OperatorKind::Within { from_ms, to_ms } => Node::Within {
                from_ms,
                to_ms,
                hold,
                from,
                cell,
            },
            OperatorKind::Count {
                from_ms,
                to_ms,
                at_least,
            } => Node::Count {
                from_ms,
                to_ms,
                at_least,
                form: from,
                cell,
            },
        };
        Ok((node, false))
    }

    fn cell(&mut self) -> usize {
        self.cells += 1;
        self.cells - 1
    }

    fn speaks_of_relations(&self, form: &Form) -> bool {
        let mut open = vec![form];
        while let Some(form) = open.pop() {
            if let Form::Atom(atom) | Form::AtMost(atom, _) = form
                && (self.is_relation)(*atom)
            {
                return true;
            }
            open.extend(form.children());
        }
        false
    }

    fn operand(
        &mut self,
        form: &Form,
        slots: &mut Vec<usize>,
        depth: usize,
    ) -> Result<Operand, ProgramError> {
        if depth > FORM_DEPTH_MAX {
            return Err(ProgramError::TooLarge);
        }
        if !self.speaks_of_relations(form) {
            let node = self.form(form, depth)?;
            let slot = slots.iter().position(|known| *known == node).unwrap_or_else(|| {
                slots.push(node);
                slots.len() - 1
            });
            return if slot < SLOTS_MAX {
                Ok(Operand::Slot(slot))
            } else {
                Err(ProgramError::TooLarge)
            };
        }
        let mut inner = |form: &Form| self.operand(form, slots, depth + 1).map(Box::new);
        match form {
            Form::Atom(atom) => Ok(Operand::Relation(*atom)),
            Form::Not(form) => Ok(Operand::Not(inner(form)?)),
            Form::And(left, right) => Ok(Operand::And(inner(left)?, inner(right)?)),
            Form::Or(left, right) => Ok(Operand::Or(inner(left)?, inner(right)?)),
            _ => Err(ProgramError::MisplacedRelation),
        }
    }
}
