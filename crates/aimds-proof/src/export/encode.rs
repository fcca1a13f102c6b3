//! Policies and traces as terms of the prelude's data types.

use super::stream::{ExpressionId, Levels, Stream};
use crate::logic::{AtomId, Event, Form, Policy, Rule, Trace, Value};

const NO_LEVELS: Levels = [None, None];

/// Writes terms of the prelude's data types to a stream.
pub(crate) struct Encoder<'a> {
    pub stream: &'a mut Stream,
}

impl Encoder<'_> {
    /// A constant of the prelude without universes.
    pub(crate) fn constant(&mut self, name: &str) -> ExpressionId {
        self.stream.constant(name, NO_LEVELS)
    }

    /// A constant applied to arguments that are written already.
    pub(crate) fn call(&mut self, name: &str, arguments: &[ExpressionId]) -> ExpressionId {
        let mut result = self.constant(name);
        for argument in arguments {
            result = self.stream.application(result, *argument);
        }
        result
    }

    /// A number in binary, least significant bit first, without trailing zeros.
    pub(crate) fn number(&mut self, number: u64) -> ExpressionId {
        let mut result = self.constant("Aimds.Bin.nil");
        for bit in (0..u64::BITS - number.leading_zeros()).rev() {
            let is_one = (number >> bit) & 1 == 1;
            result = self.call(if is_one { "Aimds.Bin.b1" } else { "Aimds.Bin.b0" }, &[result]);
        }
        result
    }

    fn atom(&mut self, atom: AtomId) -> ExpressionId {
        self.number(u64::from(atom.number()))
    }

    fn value(&mut self, value: Value) -> ExpressionId {
        match value {
            Value::Unknown => self.constant("Aimds.Val.unk"),
            Value::No => self.constant("Aimds.Val.no"),
            Value::Yes => self.constant("Aimds.Val.yes"),
            Value::Number(number) => {
                let number = self.number(number);
                self.call("Aimds.Val.num", &[number])
            }
        }
    }

    /// Facts below one node: the bits of an id that are still to go lead to its value.
    fn facts(&mut self, facts: &[(u32, Value)], absent: Value) -> ExpressionId {
        let absent_term = self.value(absent);
        if facts.is_empty() {
            return self.call("Aimds.Trie.leaf", &[absent_term]);
        }
        let here = facts
            .iter()
            .find(|(bits, _)| *bits == 0)
            .map_or(absent, |(_, value)| *value);
        let below = |bit: u32| -> Vec<(u32, Value)> {
            facts
                .iter()
                .filter(|(bits, _)| *bits != 0 && bits & 1 == bit)
                .map(|(bits, value)| (bits >> 1, *value))
                .collect()
        };
        let here = self.value(here);
        let left = self.facts(&below(0), absent);
        let right = self.facts(&below(1), absent);
        self.call("Aimds.Trie.node", &[here, left, right])
    }

    fn event(&mut self, event: &Event, older: ExpressionId) -> ExpressionId {
        let time = self.number(event.time_ms());
        let facts: Vec<_> = event
            .facts()
            .iter()
            .map(|(atom, value)| (atom.number(), *value))
            .collect();
        let facts = self.facts(&facts, event.absent());
        self.call("Aimds.Trace.ev", &[time, facts, older])
    }

    /// The trace, newest event at the head.
    pub(crate) fn trace(&mut self, trace: &Trace) -> ExpressionId {
        let mut result = self.constant("Aimds.Trace.nil");
        for event in trace.events() {
            result = self.event(event, result);
        }
        result
    }

    /// The form. Recursion is as deep as the form, which [`Policy::new`] bounds.
    pub(crate) fn form(&mut self, form: &Form) -> ExpressionId {
        match form {
            Form::True => self.constant("Aimds.Form.tt"),
            Form::False => self.constant("Aimds.Form.ff"),
            Form::Atom(atom) => {
                let atom = self.atom(*atom);
                self.call("Aimds.Form.atom", &[atom])
            }
            Form::AtMost(atom, bound) => {
                let arguments = [self.atom(*atom), self.number(*bound)];
                self.call("Aimds.Form.le", &arguments)
            }
            Form::Not(form) => {
                let form = self.form(form);
                self.call("Aimds.Form.neg", &[form])
            }
            Form::And(left, right) => {
                let arguments = [self.form(left), self.form(right)];
                self.call("Aimds.Form.and", &arguments)
            }
            Form::Or(left, right) => {
                let arguments = [self.form(left), self.form(right)];
                self.call("Aimds.Form.or", &arguments)
            }
            Form::Previous(form) => {
                let form = self.form(form);
                self.call("Aimds.Form.prev", &[form])
            }
            Form::Once { .. } | Form::Since { .. } | Form::Count { .. } => self.window(form),
        }
    }

    fn window(&mut self, form: &Form) -> ExpressionId {
        match form {
            Form::Once { from_ms, to_ms, form } => {
                let arguments = [self.number(*from_ms), self.number(*to_ms), self.form(form)];
                self.call("Aimds.Form.once", &arguments)
            }
            Form::Since {
                from_ms,
                to_ms,
                hold,
                from,
            } => {
                let arguments = [
                    self.number(*from_ms),
                    self.number(*to_ms),
                    self.form(hold),
                    self.form(from),
                ];
                self.call("Aimds.Form.since", &arguments)
            }
            Form::Count {
                from_ms,
                to_ms,
                at_least,
                form,
            } => {
                let arguments = [
                    self.number(*from_ms),
                    self.number(*to_ms),
                    self.number(*at_least),
                    self.form(form),
                ];
                self.call("Aimds.Form.count", &arguments)
            }
            other => self.form(other),
        }
    }

    /// Declares rule number `number` (from 1) as a constant of its own.
    pub(crate) fn declare_rule(&mut self, number: usize, form: &Form) {
        let kind = self.constant("Aimds.Form");
        let value = self.form(form);
        self.stream.definition(&rule_name(number), kind, value);
    }

    /// Declares a policy over rules that are declared already; `numbers` says which of them, in the order of the policy.
    pub(crate) fn declare_policy(&mut self, name: &str, policy: &Policy, numbers: &[usize]) {
        let kind = self.constant("Aimds.Pol");
        let mut value = self.constant("Aimds.Pol.nil");
        for (rule, number) in policy.rules().iter().zip(numbers).rev() {
            let form = self.constant(&rule_name(*number));
            let constructor = match rule {
                Rule::Deny(_) => "Aimds.Pol.deny",
                Rule::Permit(_) => "Aimds.Pol.permit",
            };
            value = self.call(constructor, &[form, value]);
        }
        self.stream.definition(name, kind, value);
    }

    /// Declares the trace.
    pub(crate) fn declare_trace(&mut self, trace: &Trace) {
        let kind = self.constant("Aimds.Trace");
        let value = self.trace(trace);
        self.stream.definition("Aimds.trace", kind, value);
    }

    /// States that `term` is `Bool.true`, with the proof that computing it shows it.
    pub(crate) fn prove_true(&mut self, name: &str, term: ExpressionId) {
        let one = [Some(self.stream.level_one()), None];
        let bool = self.constant("Bool");
        let truth = self.constant("Bool.true");
        let equal = self.stream.constant("Eq", one);
        let statement = [bool, term, truth].into_iter().fold(equal, |function, argument| {
            self.stream.application(function, argument)
        });
        let refl = self.stream.constant("Eq.refl", one);
        // With the left side and not with `Bool.true` itself: kernels have a short cut for this form.
        let proof = [bool, term].into_iter().fold(refl, |function, argument| {
            self.stream.application(function, argument)
        });
        self.stream.theorem(name, statement, proof);
    }
}

/// The constant of a rule, by its number from 1.
pub(crate) fn rule_name(number: usize) -> String {
    format!("Aimds.rule_{number}")
}
