//! Evaluates terms to weak head normal form with environments instead of substitution, each argument at most once.
//!
//! This answers one question: does a term compute to `Bool.true`? Decisions ask it, and substitution would copy the body of
//! every function at every call. The rules are those of `reduce.rs`: beta, delta, iota, zeta; what they do not cover is
//! stuck. Method: Krivine's abstract machine with sharing (call by need). Everything lives in arenas that grow and are dropped
//! as a whole, so that no chain of delayed arguments, however long, is dropped by recursion.

use super::environment::Environment;
use super::meter::Meter;
use super::terms::{Name, Node, TermId, Terms};
use crate::limits::Limit;
use crate::outcome::{Checked, Reason};

/// An argument that is evaluated when it is needed, and then remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DelayedId(u32);

/// The values of bound variables, innermost first; `None` for no variables.
type Frame = Option<FrameId>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FrameId(u32);

/// A run of arguments in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arguments {
    start: u32,
    count: u32,
}

impl Arguments {
    /// Where they stand in the arena.
    fn places(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.count as usize
    }
}

const NO_ARGUMENTS: Arguments = Arguments { start: 0, count: 0 };

#[derive(Debug, Clone, Copy)]
enum Delayed {
    Term(TermId, Frame),
    /// The recursor with motive and cases, on this major argument.
    Recursion(Name, Arguments, DelayedId),
    Done(Value),
}

/// A weak head normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// A function with the variables around it.
    Closure(TermId, Frame),
    /// A constant that does not unfold, with its arguments; a recursor only with too few of them.
    Constant(Name, Arguments),
    /// No rule applies: a free variable, a type, a recursor on something that is no constructor.
    Stuck,
}

/// What is to be evaluated next.
#[derive(Debug, Clone, Copy)]
enum Code {
    Term(TermId, Frame),
    Value(Value),
    Recursion(Name, Arguments, DelayedId),
}

/// The arenas; they keep what was evaluated from one question to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    delayed: Vec<Delayed>,
    frames: Vec<(DelayedId, Frame)>,
    arguments: Vec<DelayedId>,
    /// Arguments that wait for a function; the first one is on top.
    stack: Vec<DelayedId>,
    /// By term without loose variables: its one delayed evaluation.
    closed: Vec<Option<DelayedId>>,
}

impl Machine {
    /// How much the arenas hold.
    pub(crate) fn len(&self) -> usize {
        self.delayed.len() + self.frames.len() + self.arguments.len()
    }

    /// Whether `term`, without loose variables, computes to the constant `truth` without arguments. `false` also for what
    /// is stuck.
    pub(crate) fn computes_to(
        &mut self,
        term: TermId,
        truth: Name,
        terms: &Terms,
        environment: &Environment,
        meter: &mut Meter,
    ) -> Checked<bool> {
        let mut run = Run {
            machine: self,
            terms,
            environment,
            meter,
        };
        let delayed = run.delay(term, None)?;
        let value = run.force(delayed)?;
        Ok(matches!(value, Value::Constant(name, arguments) if name == truth && arguments.count == 0))
    }
}

struct Run<'a> {
    machine: &'a mut Machine,
    terms: &'a Terms,
    environment: &'a Environment,
    meter: &'a mut Meter,
}

impl Run<'_> {
    /// The value of a delayed argument, evaluated now if it was not before.
    fn force(&mut self, id: DelayedId) -> Checked<Value> {
        let code = match self.machine.delayed.get(id.0 as usize) {
            Some(Delayed::Done(value)) => return Ok(*value),
            Some(Delayed::Term(term, frame)) => Code::Term(*term, *frame),
            Some(Delayed::Recursion(recursor, shared, major)) => Code::Recursion(*recursor, *shared, *major),
            None => return Err(Limit::Thread.into()),
        };
        self.meter.enter()?;
        let value = self.evaluate(code)?;
        self.meter.leave();
        if let Some(slot) = self.machine.delayed.get_mut(id.0 as usize) {
            *slot = Delayed::Done(value);
        }
        Ok(value)
    }

    /// Evaluates with no arguments waiting but those that come up.
    fn evaluate(&mut self, start: Code) -> Checked<Value> {
        let base = self.machine.stack.len();
        let mut code = start;
        loop {
            self.meter.step()?;
            let next = match code {
                Code::Term(term, frame) => self.term(term, frame, base)?,
                Code::Value(Value::Closure(term, frame)) => {
                    if self.machine.stack.len() == base {
                        return Ok(Value::Closure(term, frame));
                    }
                    Code::Term(term, frame)
                }
                Code::Value(Value::Constant(name, arguments)) => {
                    match self.constant(name, arguments, base)? {
                        Code::Value(value) => {
                            self.machine.stack.truncate(base);
                            return Ok(value);
                        }
                        next => next,
                    }
                }
                Code::Recursion(recursor, shared, major) => self.recursion(recursor, shared, major)?,
                Code::Value(Value::Stuck) => {
                    self.machine.stack.truncate(base);
                    return Ok(Value::Stuck);
                }
            };
            code = next;
        }
    }

    fn term(&mut self, term: TermId, frame: Frame, base: usize) -> Checked<Code> {
        match self.terms.node(term) {
            Node::Application(function, argument) => {
                let delayed = self.delay(argument, frame)?;
                self.machine.stack.push(delayed);
                Ok(Code::Term(function, frame))
            }
            Node::Lambda(_, body) => {
                if self.machine.stack.len() > base
                    && let Some(argument) = self.machine.stack.pop()
                {
                    return Ok(Code::Term(body, self.bind(argument, frame)?));
                }
                Ok(Code::Value(Value::Closure(term, frame)))
            }
            Node::Let(_, value, body) => {
                let delayed = self.delay(value, frame)?;
                Ok(Code::Term(body, self.bind(delayed, frame)?))
            }
            Node::Bound(index) => {
                let delayed = self.variable(index, frame)?;
                Ok(Code::Value(self.force(delayed)?))
            }
            Node::Constant(name, levels) => Ok(match self.environment.value(name, levels) {
                Some((value, _)) => Code::Term(value, None),
                None => Code::Value(Value::Constant(name, NO_ARGUMENTS)),
            }),
            Node::Free(_) | Node::Sort(_) | Node::ForAll(..) => Ok(Code::Value(Value::Stuck)),
        }
    }

    /// A constant that does not unfold meets the waiting arguments. A value comes back if nothing more happens.
    fn constant(&mut self, name: Name, own: Arguments, base: usize) -> Checked<Code> {
        for at in own.places().rev() {
            let argument = self.argument(at)?;
            self.machine.stack.push(argument);
        }
        let waiting = self.machine.stack.len().saturating_sub(base);
        // The motive stands before the cases, the major argument after them.
        if let Some(cases) = self.environment.recursor(name).map(|recursor| recursor.cases)
            && waiting > cases + 1
        {
            let shared = self.take(cases + 1)?;
            let major = self.machine.stack.pop().ok_or(Limit::Thread)?;
            return Ok(Code::Recursion(name, shared, major));
        }
        if waiting == own.places().len() {
            return Ok(Code::Value(Value::Constant(name, own)));
        }
        let arguments = self.take(waiting)?;
        Ok(Code::Value(Value::Constant(name, arguments)))
    }

    /// The case of the constructor that the major argument is, with the fields and the recursions as its arguments.
    fn recursion(&mut self, recursor: Name, shared: Arguments, major: DelayedId) -> Checked<Code> {
        let Value::Constant(constructor, fields) = self.force(major)? else {
            return Ok(Code::Value(Value::Stuck));
        };
        let environment = self.environment;
        let rule = environment
            .recursor(recursor)
            .and_then(|recursor| recursor.rules.get(&constructor));
        let Some(rule) = rule.filter(|rule| rule.recursive.len() == fields.places().len()) else {
            return Ok(Code::Value(Value::Stuck));
        };
        for (at, is_recursive) in rule.recursive.iter().enumerate().rev() {
            if *is_recursive {
                let field = self.argument(fields.places().start + at)?;
                let recursion = self.push_delayed(Delayed::Recursion(recursor, shared, field))?;
                self.machine.stack.push(recursion);
            }
        }
        for at in fields.places().rev() {
            let field = self.argument(at)?;
            self.machine.stack.push(field);
        }
        let case = self.argument(shared.places().start + 1 + rule.case)?;
        Ok(Code::Value(self.force(case)?))
    }

    /// Moves the first `count` waiting arguments to the arena.
    fn take(&mut self, count: usize) -> Checked<Arguments> {
        if count == 0 {
            return Ok(NO_ARGUMENTS);
        }
        self.meter.nodes(self.machine.len())?;
        let start = u32::try_from(self.machine.arguments.len()).map_err(|_| Limit::Nodes)?;
        for _ in 0..count {
            let argument = self.machine.stack.pop().ok_or(Limit::Thread)?;
            self.machine.arguments.push(argument);
        }
        let count = u32::try_from(count).map_err(|_| Limit::Nodes)?;
        Ok(Arguments { start, count })
    }

    fn argument(&self, at: usize) -> Checked<DelayedId> {
        self.machine
            .arguments
            .get(at)
            .copied()
            .ok_or(Limit::Thread.into())
    }

    fn bind(&mut self, argument: DelayedId, frame: Frame) -> Checked<Frame> {
        self.meter.nodes(self.machine.len())?;
        let id = u32::try_from(self.machine.frames.len()).map_err(|_| Limit::Nodes)?;
        self.machine.frames.push((argument, frame));
        Ok(Some(FrameId(id)))
    }

    fn push_delayed(&mut self, delayed: Delayed) -> Checked<DelayedId> {
        self.meter.nodes(self.machine.len())?;
        let id = u32::try_from(self.machine.delayed.len()).map_err(|_| Limit::Nodes)?;
        self.machine.delayed.push(delayed);
        Ok(DelayedId(id))
    }

    fn variable(&self, index: u32, frame: Frame) -> Checked<DelayedId> {
        let mut at = frame;
        for _ in 0..index {
            at = self.frame(at)?.1;
        }
        Ok(self.frame(at)?.0)
    }

    fn frame(&self, frame: Frame) -> Checked<(DelayedId, Frame)> {
        let found = frame.and_then(|id| self.machine.frames.get(id.0 as usize));
        found.copied().ok_or_else(|| Reason::LooseVariable.into())
    }

    /// Puts off evaluating `term`. A variable is its value's own delay; what has no variables is evaluated once for all.
    fn delay(&mut self, term: TermId, frame: Frame) -> Checked<DelayedId> {
        if let Node::Bound(index) = self.terms.node(term) {
            return self.variable(index, frame);
        }
        if self.terms.loose(term) > 0 {
            return self.push_delayed(Delayed::Term(term, frame));
        }
        if self.machine.closed.len() < self.terms.len() {
            self.machine.closed.resize(self.terms.len(), None);
        }
        if let Some(Some(known)) = self.machine.closed.get(term.index()) {
            return Ok(*known);
        }
        let delayed = self.push_delayed(Delayed::Term(term, None))?;
        if let Some(slot) = self.machine.closed.get_mut(term.index()) {
            *slot = Some(delayed);
        }
        Ok(delayed)
    }
}
