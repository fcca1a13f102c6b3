//! Weak head normal forms by substitution: beta, zeta and iota, then delta. The method of Lean's own kernel, without the rules
//! that the fragment does not need.

use super::Kernel;
use super::terms::{Node, TermId};
use crate::outcome::Checked;

impl Kernel {
    /// Without unfolding definitions at the head.
    pub(super) fn weak_head_core(&mut self, start: TermId) -> Checked<TermId> {
        if let Some(known) = self.core_forms.get(&start) {
            return Ok(*known);
        }
        self.meter.enter()?;
        let mut term = start;
        while let Some(next) = self.reduce_head(term)? {
            self.meter.step()?;
            term = next;
        }
        self.meter.leave();
        self.core_forms.insert(start, term);
        Ok(term)
    }

    /// With unfolding definitions at the head.
    pub(super) fn weak_head(&mut self, start: TermId) -> Checked<TermId> {
        if let Some(known) = self.forms.get(&start) {
            return Ok(*known);
        }
        self.meter.enter()?;
        let mut term = self.weak_head_core(start)?;
        while let Some((unfolded, _)) = self.unfold(term)? {
            self.meter.step()?;
            term = self.weak_head_core(unfolded)?;
        }
        self.meter.leave();
        self.forms.insert(start, term);
        Ok(term)
    }

    /// One step at the head, if one applies.
    fn reduce_head(&mut self, term: TermId) -> Checked<Option<TermId>> {
        let (head, arguments) = self.terms.spine(term);
        match self.terms.node(head) {
            Node::Lambda(..) => self.reduce_lambda(head, &arguments),
            Node::Let(_, value, body) => {
                let body = self.terms.instantiate(body, &[value], &mut self.meter)?;
                self.terms.apply_all(body, &arguments, &self.meter).map(Some)
            }
            Node::Constant(..) => self.reduce_recursor(head, &arguments),
            _ => Ok(None),
        }
    }

    /// Beta: as many arguments at once as there are lambdas.
    fn reduce_lambda(&mut self, head: TermId, arguments: &[TermId]) -> Checked<Option<TermId>> {
        let mut body = head;
        let mut taken = 0;
        while taken < arguments.len()
            && let Node::Lambda(_, inner) = self.terms.node(body)
        {
            body = inner;
            taken += 1;
        }
        if taken == 0 {
            return Ok(None);
        }
        let (inside, rest) = arguments.split_at(taken);
        let body = self.terms.instantiate(body, inside, &mut self.meter)?;
        self.terms.apply_all(body, rest, &self.meter).map(Some)
    }

    /// Iota: a recursor whose major argument is a constructor becomes that constructor's case.
    fn reduce_recursor(&mut self, head: TermId, arguments: &[TermId]) -> Checked<Option<TermId>> {
        let Node::Constant(name, _) = self.terms.node(head) else {
            return Ok(None);
        };
        let Some(recursor) = self.environment.recursor(name).cloned() else {
            return Ok(None);
        };
        let Some((shared, [major, rest @ ..])) = arguments.split_at_checked(recursor.cases + 1) else {
            return Ok(None);
        };
        let major = self.weak_head(*major)?;
        let (constructor, fields) = self.terms.spine(major);
        let Node::Constant(constructor, _) = self.terms.node(constructor) else {
            return Ok(None);
        };
        let Some(rule) = recursor.rules.get(&constructor) else {
            return Ok(None);
        };
        let Some(case) = shared.get(rule.case + 1) else {
            return Ok(None);
        };
        if rule.recursive.len() != fields.len() {
            return Ok(None);
        }
        let mut result = self.terms.apply_all(*case, &fields, &self.meter)?;
        let recursion = self.terms.apply_all(head, shared, &self.meter)?;
        for (field, _) in fields
            .iter()
            .zip(rule.recursive.iter())
            .filter(|(_, is_recursive)| **is_recursive)
        {
            let below = self.terms.apply(recursion, *field, &self.meter)?;
            result = self.terms.apply(result, below, &self.meter)?;
        }
        self.terms.apply_all(result, rest, &self.meter).map(Some)
    }

    /// The term with the definition at its head unfolded, and that definition's height.
    pub(super) fn unfold(&mut self, term: TermId) -> Checked<Option<(TermId, u32)>> {
        let (head, arguments) = self.terms.spine(term);
        let Node::Constant(name, levels) = self.terms.node(head) else {
            return Ok(None);
        };
        let Some((value, height)) = self.environment.value(name, levels) else {
            return Ok(None);
        };
        let unfolded = self.terms.apply_all(value, &arguments, &self.meter)?;
        Ok(Some((unfolded, height)))
    }
}
