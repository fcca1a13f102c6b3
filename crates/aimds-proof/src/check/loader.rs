//! Feeds the records of a stream to the kernel, in order.

use std::collections::HashMap;

use super::record::{ExpressionShape, InductiveShape, LevelShape, Record, read};
use crate::deadline::Deadline;
use crate::kernel::{Constructor, Inductive, Kernel, Level, Levels, Name, Node, TermId};
use crate::limits::{Budget, CLOCK_RECORDS, Limit};
use crate::outcome::{Checked, Reason, Work};

/// What the records so far mean.
#[derive(Debug, Clone)]
pub(crate) struct Loader {
    kernel: Kernel,
    /// Full dotted names by number; number 0 is the anonymous one.
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    levels: Vec<Level>,
    expressions: Vec<TermId>,
    budget: Budget,
    deadline: Deadline,
    records: usize,
}

impl Loader {
    /// With nothing declared; the time of the budget begins now.
    pub(crate) fn new(budget: Budget) -> Self {
        let deadline = Deadline::after(budget.time_max);
        Self {
            deadline,
            kernel: Kernel::new(budget, deadline),
            names: vec![String::new()],
            numbers: HashMap::new(),
            levels: vec![Level::Number(0)],
            expressions: Vec::new(),
            budget,
            records: 0,
        }
    }

    /// A copy that goes on with a fresh budget.
    pub(crate) fn continued(&self, budget: Budget, deadline: Deadline) -> Self {
        let mut copy = self.clone();
        copy.kernel.restart(budget, deadline);
        copy.deadline = deadline;
        copy.budget = budget;
        copy.records = 0;
        copy
    }

    #[cfg(test)]
    pub(crate) fn use_substitution_only(&mut self) {
        self.kernel.use_substitution_only();
    }

    /// What was used up since the start.
    pub(crate) fn work(&self) -> Work {
        Work {
            records: self.records,
            steps: self.kernel.steps(),
            nodes: self.kernel.nodes(),
            depth: self.kernel.depth_reached(),
        }
    }

    /// The number of a full dotted name.
    pub(crate) fn number_of(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn name_of(&self, id: u32) -> Checked<&str> {
        let name = self.names.get(id as usize).filter(|_| id > 0);
        name.map(String::as_str).ok_or_else(|| Reason::Reference.into())
    }

    /// Reads whole lines, the first of which is number `first_line` of the stream.
    pub(crate) fn load(&mut self, text: &str, first_line: usize) -> Checked<()> {
        for (at, line) in text.split_terminator('\n').enumerate() {
            let number = first_line + at;
            let record = read(line).map_err(|stop| stop.in_line(number))?;
            if number > 1 && record == Record::Meta {
                return Err(Reason::Kind("meta").at(number));
            }
            if number == 1 && record != Record::Meta {
                return Err(Reason::Syntax("the metadata of format 3.1.0").at(number));
            }
            self.take(&record).map_err(|stop| stop.in_line(number))?;
        }
        Ok(())
    }

    /// Takes one record in.
    pub(crate) fn take(&mut self, record: &Record<'_>) -> Checked<()> {
        self.records += 1;
        if self.records > self.budget.records_max {
            return Err(Limit::Records.into());
        }
        if self.records.is_multiple_of(CLOCK_RECORDS) {
            self.deadline.look()?;
        }
        match record {
            Record::Meta => Ok(()),
            Record::Name { id, prefix, last } => self.take_name(*id, *prefix, last),
            Record::Level { id, level } => self.take_level(*id, *level),
            Record::Expression { id, expression } => self.take_expression(*id, expression),
            Record::Definition {
                name,
                universes,
                kind,
                value,
                height,
            } => {
                let (name, kind, value) = self.declaration(*name, universes, *kind, *value)?;
                self.kernel.declare_definition(name, kind, value, *height)
            }
            Record::Theorem {
                name,
                universes,
                kind,
                value,
            } => {
                let (name, kind, value) = self.declaration(*name, universes, *kind, *value)?;
                self.kernel.declare_theorem(name, kind, value)
            }
            Record::Inductive(shape) => self.take_inductive(shape),
        }
    }

    fn take_name(&mut self, id: u32, prefix: u32, last: &str) -> Checked<()> {
        expect_number(id, self.names.len())?;
        let full = if prefix == 0 {
            last.to_owned()
        } else {
            format!("{}.{last}", self.name_of(prefix)?)
        };
        if self.numbers.insert(full.clone(), id).is_some() {
            return Err(Reason::Duplicate.into());
        }
        self.names.push(full);
        Ok(())
    }

    fn take_level(&mut self, id: u32, shape: LevelShape) -> Checked<()> {
        expect_number(id, self.levels.len())?;
        let level = match shape {
            LevelShape::Successor(below) => match self.level(below)? {
                Level::Number(number) => Level::Number(number.checked_add(1).ok_or(Reason::NumberSize)?),
                Level::Parameter(_) => return Err(Reason::Universe.into()),
            },
            LevelShape::Parameter(name) => Level::Parameter(self.name(name)?),
        };
        if self.levels.contains(&level) {
            return Err(Reason::Duplicate.into());
        }
        self.levels.push(level);
        Ok(())
    }

    fn take_expression(&mut self, id: u32, shape: &ExpressionShape) -> Checked<()> {
        expect_number(id, self.expressions.len())?;
        if self.expressions.len() >= self.budget.expressions_max {
            return Err(Limit::Expressions.into());
        }
        let node = match shape {
            ExpressionShape::Bound(index) => Node::Bound(*index),
            ExpressionShape::Sort(level) => Node::Sort(self.level(*level)?),
            ExpressionShape::Constant(name, universes) => {
                Node::Constant(self.name(*name)?, self.universes(universes)?)
            }
            ExpressionShape::Application(function, argument) => {
                Node::Application(self.expression(*function)?, self.expression(*argument)?)
            }
            ExpressionShape::Lambda(name, kind, body) => {
                self.name(*name)?;
                Node::Lambda(self.expression(*kind)?, self.expression(*body)?)
            }
            ExpressionShape::ForAll(name, kind, body) => {
                self.name(*name)?;
                Node::ForAll(self.expression(*kind)?, self.expression(*body)?)
            }
            ExpressionShape::Let(name, kind, value, body) => {
                self.name(*name)?;
                Node::Let(
                    self.expression(*kind)?,
                    self.expression(*value)?,
                    self.expression(*body)?,
                )
            }
        };
        let term = self.kernel.make(node)?;
        self.expressions.push(term);
        Ok(())
    }

    fn name(&self, id: u32) -> Checked<Name> {
        self.name_of(id).map(|_| Name(id))
    }

    fn level(&self, id: u32) -> Checked<Level> {
        self.levels
            .get(id as usize)
            .copied()
            .ok_or(Reason::Reference.into())
    }

    fn expression(&self, id: u32) -> Checked<TermId> {
        self.expressions
            .get(id as usize)
            .copied()
            .ok_or(Reason::Reference.into())
    }

    fn universes(&self, ids: &[u32]) -> Checked<Levels> {
        let levels = ids
            .iter()
            .map(|id| self.level(*id))
            .collect::<Checked<Vec<_>>>()?;
        match levels.as_slice() {
            [] => Ok(Levels([None, None])),
            [first] => Ok(Levels([Some(*first), None])),
            [first, second] => Ok(Levels([Some(*first), Some(*second)])),
            _ => Err(Reason::UniverseCount.into()),
        }
    }

    /// Universe parameters of a declaration; each must have its level before.
    fn parameters(&self, ids: &[u32]) -> Checked<Vec<Name>> {
        ids.iter()
            .map(|id| {
                let name = self.name(*id)?;
                if !self.levels.contains(&Level::Parameter(name)) {
                    return Err(Reason::Reference.into());
                }
                Ok(name)
            })
            .collect()
    }

    fn declaration(
        &self,
        name: u32,
        universes: &[u32],
        kind: u32,
        value: u32,
    ) -> Checked<(Name, TermId, TermId)> {
        if !universes.is_empty() {
            return Err(Reason::Universe.into());
        }
        Ok((self.name(name)?, self.expression(kind)?, self.expression(value)?))
    }

    fn take_inductive(&mut self, shape: &InductiveShape) -> Checked<()> {
        compare_numbers(shape)?;
        let constructors = shape
            .constructors
            .iter()
            .zip(&shape.recursor.rules)
            .map(|(constructor, (_, _, rule))| {
                Ok(Constructor {
                    name: self.name(constructor.name)?,
                    kind: self.expression(constructor.kind)?,
                    rule: self.expression(*rule)?,
                })
            })
            .collect::<Checked<Vec<_>>>()?;
        let inductive = Inductive {
            name: self.name(shape.name)?,
            universes: self.parameters(&shape.universes)?,
            kind: self.expression(shape.kind)?,
            constructors,
            recursor: self.name(shape.recursor.name)?,
            recursor_universes: self.parameters(&shape.recursor.universes)?,
            recursor_kind: self.expression(shape.recursor.kind)?,
        };
        if self.name_of(shape.name)? == "Eq" {
            compare_shape(shape, (2, 1), true, false)?;
            if shape.recursor.rules.iter().any(|(_, fields, _)| *fields != 0)
                || shape
                    .constructors
                    .iter()
                    .any(|constructor| constructor.fields != 0)
            {
                return Err(Reason::Inductive("the number of fields").into());
            }
            return self.kernel.declare_equality(&inductive);
        }
        let fields = self.kernel.declare_data_type(&inductive)?;
        let is_recursive = fields.iter().any(|fields| fields.recursive.contains(&true));
        compare_shape(shape, (0, 0), false, is_recursive)?;
        for ((fields, constructor), rule) in fields.iter().zip(&shape.constructors).zip(&shape.recursor.rules)
        {
            let count = fields.kinds.len() as u32;
            if constructor.fields != count || rule.1 != count {
                return Err(Reason::Inductive("the number of fields").into());
            }
        }
        for constructor in &shape.constructors {
            if self.name_of(constructor.name)? == "Bool.true" {
                let name = self.name(constructor.name)?;
                self.kernel.set_truth(name)?;
            }
        }
        Ok(())
    }
}

fn expect_number(id: u32, next: usize) -> Checked<()> {
    if id as usize == next {
        return Ok(());
    }
    Err(Reason::Numbering.into())
}

/// Names and counts that the record says more than once must agree.
fn compare_numbers(shape: &InductiveShape) -> Checked<()> {
    let names: Vec<u32> = shape
        .constructors
        .iter()
        .map(|constructor| constructor.name)
        .collect();
    let ruled: Vec<u32> = shape
        .recursor
        .rules
        .iter()
        .map(|(constructor, _, _)| *constructor)
        .collect();
    if shape.constructor_names != names || ruled != names {
        return Err(Reason::Inductive("the list of constructors").into());
    }
    if shape.all != [shape.name] || shape.recursor.all != [shape.name] {
        return Err(Reason::Inductive("the list of types").into());
    }
    if shape.recursor.cases as usize != names.len() {
        return Err(Reason::Inductive("the number of cases").into());
    }
    for (at, constructor) in shape.constructors.iter().enumerate() {
        if constructor.index as usize != at
            || constructor.inductive != shape.name
            || constructor.universes != shape.universes
        {
            return Err(Reason::Inductive("a constructor's place").into());
        }
    }
    Ok(())
}

fn compare_shape(
    shape: &InductiveShape,
    (parameters, indices): (u32, u32),
    k: bool,
    is_recursive: bool,
) -> Checked<()> {
    let counts = [shape.parameters, shape.recursor.parameters].into_iter().chain(
        shape
            .constructors
            .iter()
            .map(|constructor| constructor.parameters),
    );
    if counts.into_iter().any(|count| count != parameters) {
        return Err(Reason::Inductive("the number of parameters").into());
    }
    if shape.indices != indices || shape.recursor.indices != indices {
        return Err(Reason::Inductive("the number of indices").into());
    }
    if shape.recursor.k != k || shape.is_recursive != is_recursive {
        return Err(Reason::Inductive("k or isRec").into());
    }
    Ok(())
}
