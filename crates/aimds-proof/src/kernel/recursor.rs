//! The recursor that belongs to a list of constructors, derived here and compared with what a record says.

use super::Kernel;
use super::declare::{Fields, Inductive};
use super::terms::{Level, Levels, Name, Node, TermId};
use crate::outcome::{Checked, Reason};

/// Variables that are open: number and type of each, outermost first.
type Opened = Vec<(u32, TermId)>;

impl Kernel {
    /// Compares the record's recursor type and rules with the derived ones.
    pub(super) fn compare_recursor(
        &mut self,
        inductive: &Inductive,
        itself: TermId,
        universe: Name,
        fields: &[Fields],
    ) -> Checked<()> {
        let result = Level::Parameter(universe);
        let sort = self.terms.make(Node::Sort(result), &self.meter)?;
        let motive_kind = self.terms.make(Node::ForAll(itself, sort), &self.meter)?;
        let mut opened: Opened = Vec::new();
        let motive = self.open_in(motive_kind, &mut opened)?;
        let mut shared = vec![motive];
        for (constructor, fields) in inductive.constructors.iter().zip(fields) {
            let kind = self.case_type(motive, constructor.name, fields)?;
            shared.push(self.open_in(kind, &mut opened)?);
        }
        let recursor = Node::Constant(inductive.recursor, Levels([Some(result), None]));
        let recursor = self.terms.make(recursor, &self.meter)?;
        let recursion = self.terms.apply_all(recursor, &shared, &self.meter)?;

        let mut whole = opened.clone();
        let major = self.open_in(itself, &mut whole)?;
        let statement = self.terms.apply(motive, major, &self.meter)?;
        if self.close_all(&whole, statement, Node::ForAll)? != inductive.recursor_kind {
            return Err(Reason::Inductive("the type of the recursor").into());
        }
        for ((constructor, fields), case) in inductive
            .constructors
            .iter()
            .zip(fields)
            .zip(shared.iter().skip(1))
        {
            let mut binders = opened.clone();
            let variables = self.open_fields(fields, &mut binders)?;
            let mut value = self.terms.apply_all(*case, &variables, &self.meter)?;
            for field in recursive(&variables, fields) {
                let below = self.terms.apply(recursion, field, &self.meter)?;
                value = self.terms.apply(value, below, &self.meter)?;
            }
            if self.close_all(&binders, value, Node::Lambda)? != constructor.rule {
                return Err(Reason::Inductive("a rule of the recursor").into());
            }
        }
        Ok(())
    }

    /// From the fields, and from the motive on each recursive field, to the motive on the constructor.
    fn case_type(&mut self, motive: TermId, constructor: Name, fields: &Fields) -> Checked<TermId> {
        let mut binders: Opened = Vec::new();
        let variables = self.open_fields(fields, &mut binders)?;
        let built = Node::Constant(constructor, Levels::default());
        let built = self.terms.make(built, &self.meter)?;
        let built = self.terms.apply_all(built, &variables, &self.meter)?;
        let mut statement = self.terms.apply(motive, built, &self.meter)?;
        for field in recursive(&variables, fields).rev() {
            let hypothesis = self.terms.apply(motive, field, &self.meter)?;
            // Nothing inside refers to the hypothesis, and all other variables are free: no shift is needed.
            statement = self
                .terms
                .make(Node::ForAll(hypothesis, statement), &self.meter)?;
        }
        self.close_all(&binders, statement, Node::ForAll)
    }

    fn open_fields(&mut self, fields: &Fields, opened: &mut Opened) -> Checked<Vec<TermId>> {
        fields
            .kinds
            .iter()
            .map(|kind| self.open_in(*kind, opened))
            .collect()
    }

    fn open_in(&mut self, kind: TermId, opened: &mut Opened) -> Checked<TermId> {
        let (number, variable) = self.open(kind)?;
        opened.push((number, kind));
        Ok(variable)
    }

    fn close_all(
        &mut self,
        opened: &[(u32, TermId)],
        body: TermId,
        binder: fn(TermId, TermId) -> Node,
    ) -> Checked<TermId> {
        let mut result = body;
        for (number, kind) in opened.iter().rev() {
            result = self.terms.close(result, *number, &mut self.meter)?;
            result = self.terms.make(binder(*kind, result), &self.meter)?;
        }
        Ok(result)
    }

    /// The four terms of `Eq`: its type, the type of `refl`, the type of the recursor, and its rule.
    pub(super) fn equality_terms(
        &mut self,
        equal: Name,
        refl: Name,
        universe: Name,
        result: Name,
    ) -> Checked<[TermId; 4]> {
        let at = Levels([Some(Level::Parameter(universe)), None]);
        let carrier = self
            .terms
            .make(Node::Sort(Level::Parameter(universe)), &self.meter)?;
        let proposition = self.terms.make(Node::Sort(Level::Number(0)), &self.meter)?;
        let motive_sort = self
            .terms
            .make(Node::Sort(Level::Parameter(result)), &self.meter)?;
        let equal = self.terms.make(Node::Constant(equal, at), &self.meter)?;
        let refl = self.terms.make(Node::Constant(refl, at), &self.meter)?;
        let (alpha, alpha_variable) = self.open(carrier)?;
        let (left, left_variable) = self.open(alpha_variable)?;
        let (right, right_variable) = self.open(alpha_variable)?;
        let outer = [(alpha, carrier), (left, alpha_variable)];

        let statement = self.terms.apply_all(
            equal,
            &[alpha_variable, left_variable, right_variable],
            &self.meter,
        )?;
        let reflexive = self.terms.apply_all(
            equal,
            &[alpha_variable, left_variable, left_variable],
            &self.meter,
        )?;
        let reflexivity = self
            .terms
            .apply_all(refl, &[alpha_variable, left_variable], &self.meter)?;
        let motive_body = self
            .terms
            .make(Node::ForAll(statement, motive_sort), &self.meter)?;
        let motive_kind = self.close_all(&[(right, alpha_variable)], motive_body, Node::ForAll)?;
        let (motive, motive_variable) = self.open(motive_kind)?;
        let case_kind = self
            .terms
            .apply_all(motive_variable, &[left_variable, reflexivity], &self.meter)?;
        let (case, case_variable) = self.open(case_kind)?;
        let (proof, proof_variable) = self.open(statement)?;
        let conclusion =
            self.terms
                .apply_all(motive_variable, &[right_variable, proof_variable], &self.meter)?;

        let with_right = [outer.as_slice(), &[(right, alpha_variable)]].concat();
        let with_case = [outer.as_slice(), &[(motive, motive_kind), (case, case_kind)]].concat();
        let with_proof = [
            with_case.as_slice(),
            &[(right, alpha_variable), (proof, statement)],
        ]
        .concat();
        Ok([
            self.close_all(&with_right, proposition, Node::ForAll)?,
            self.close_all(&outer, reflexive, Node::ForAll)?,
            self.close_all(&with_proof, conclusion, Node::ForAll)?,
            self.close_all(&with_case, case_variable, Node::Lambda)?,
        ])
    }
}

fn recursive<'a>(
    variables: &'a [TermId],
    fields: &'a Fields,
) -> impl DoubleEndedIterator<Item = TermId> + 'a {
    variables
        .iter()
        .zip(fields.recursive.iter())
        .filter(|(_, is_recursive)| **is_recursive)
        .map(|(variable, _)| *variable)
}
