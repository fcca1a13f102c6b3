//! Definitional equality: what computes to the same is the same.
//!
//! Eta, proof irrelevance, structures and K are left out: the fragment does not need them, and a missing rule can only
//! reject more.

use super::Kernel;
use super::terms::{Node, TermId};
use crate::outcome::Checked;

impl Kernel {
    /// Whether two terms without loose variables, both well typed, are equal by computation.
    pub(super) fn is_equal(&mut self, left: TermId, right: TermId) -> Checked<bool> {
        if left == right || self.equal.contains(&(left, right)) {
            return Ok(true);
        }
        self.meter.enter()?;
        self.meter.step()?;
        let answer = self.compare(left, right)?;
        self.meter.leave();
        if answer {
            self.equal.insert((left, right));
        }
        Ok(answer)
    }

    fn compare(&mut self, left: TermId, right: TermId) -> Checked<bool> {
        if let Some(answer) = self.compare_with_truth(left, right)? {
            return Ok(answer);
        }
        let mut left = self.weak_head_core(left)?;
        let mut right = self.weak_head_core(right)?;
        loop {
            self.meter.step()?;
            if left == right {
                return Ok(true);
            }
            match (self.terms.node(left), self.terms.node(right)) {
                (Node::Lambda(kind, body), Node::Lambda(other_kind, other_body))
                | (Node::ForAll(kind, body), Node::ForAll(other_kind, other_body)) => {
                    return self.compare_binders((kind, body), (other_kind, other_body));
                }
                (Node::Sort(level), Node::Sort(other)) => return Ok(level == other),
                _ => {}
            }
            if self.compare_arguments(left, right)? {
                return Ok(true);
            }
            let (unfolded, other) = (self.unfold(left)?, self.unfold(right)?);
            let (height, other_height) = match (unfolded, other) {
                (None, None) => return Ok(false),
                (unfolded, other) => (
                    unfolded.map(|(_, height)| height),
                    other.map(|(_, height)| height),
                ),
            };
            // The higher one first; where there is none, `None` is the least.
            if let Some((term, _)) = unfolded
                && height >= other_height
            {
                left = self.weak_head_core(term)?;
            }
            if let Some((term, _)) = other
                && other_height >= height
            {
                right = self.weak_head_core(term)?;
            }
        }
    }

    /// The short cut that decisions take: against `Bool.true`, compute. A term with free variables that does not get there
    /// may still be equal to something that is stuck in the same way, which is for the general method to see.
    fn compare_with_truth(&mut self, left: TermId, right: TermId) -> Checked<Option<bool>> {
        let Some((truth_name, truth)) = self.truth else {
            return Ok(None);
        };
        let term = match (left == truth, right == truth) {
            (false, true) => left,
            (true, false) => right,
            _ => return Ok(None),
        };
        if self.substitution_only {
            return Ok(None);
        }
        let is_true =
            self.machine
                .computes_to(term, truth_name, &self.terms, &self.environment, &mut self.meter)?;
        Ok((is_true || !self.terms.has_free(term)).then_some(is_true))
    }

    fn compare_binders(&mut self, left: (TermId, TermId), right: (TermId, TermId)) -> Checked<bool> {
        if !self.is_equal(left.0, right.0)? {
            return Ok(false);
        }
        let (_, variable) = self.open(left.0)?;
        let body = self.terms.instantiate(left.1, &[variable], &mut self.meter)?;
        let other = self.terms.instantiate(right.1, &[variable], &mut self.meter)?;
        self.is_equal(body, other)
    }

    /// The same head on equal arguments.
    fn compare_arguments(&mut self, left: TermId, right: TermId) -> Checked<bool> {
        let (head, arguments) = self.terms.spine(left);
        let (other_head, other_arguments) = self.terms.spine(right);
        if head != other_head || arguments.is_empty() || arguments.len() != other_arguments.len() {
            return Ok(false);
        }
        for (argument, other) in arguments.iter().zip(&other_arguments) {
            if !self.is_equal(*argument, *other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
