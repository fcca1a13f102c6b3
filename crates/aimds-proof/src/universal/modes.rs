//! The theorem that what must hold may hold, for every form and trace: `modes.lisp`, and the Boolean steps in it.

use super::skeleton::Proposition;
use super::split::{Lemma, Statement};
use crate::export::source::{Declaration, parse};
use crate::limits::Limit;

/// The theorems by induction.
const TEXT: &str = include_str!("modes.lisp");

/// The constant of the theorem: for all forms and traces, the lower mode implies the upper one.
pub(super) const MUST_IMPLIES_MAY: &str = "Aimds.lemma_16";

/// All theorems up to [`MUST_IMPLIES_MAY`].
pub(super) fn modes() -> Result<Vec<Declaration>, Limit> {
    let mut all = Vec::new();
    for (at, (variables, hypotheses, goal)) in boolean_steps().into_iter().enumerate() {
        let statement = Statement {
            variables,
            hypotheses,
            goal,
            function: None,
        };
        // They are tautologies, which a test proves; a failure here could only leave theorems out.
        let Ok(Lemma { statement, proof, .. }) = statement.prove() else {
            return Err(Limit::Logic);
        };
        all.push(Declaration::Theorem {
            name: format!("Aimds.lemma_{}", at + 1),
            statement,
            proof,
        });
    }
    all.extend(parse(TEXT).ok_or(Limit::Logic)?);
    Ok(all)
}

/// Number of variables, hypotheses and goal of the steps, in the order of their numbers.
fn boolean_steps() -> Vec<(usize, Vec<Proposition>, Proposition)> {
    let v = Proposition::Variable;
    let le = |left: Proposition, right: Proposition| left.implies(right);
    let both = |left: Proposition, right: Proposition| left.and(right);
    let either = |left: Proposition, right: Proposition| left.or(right);
    let choose = |condition: Proposition, then: Proposition, otherwise: Proposition| {
        Proposition::If(Box::new(condition), Box::new(then), Box::new(otherwise))
    };
    let counted = |zero: usize, reached: usize, hit: Proposition, fewer: usize, same: usize| {
        either(v(zero), both(v(reached), choose(hit, v(fewer), v(same))))
    };
    let above_zero = |zero: usize, found: Proposition| both(v(zero).negated(), found);
    vec![
        // 1: the same.
        (1, vec![], le(v(0), v(0))),
        // 2 to 4: the connectives.
        (2, vec![le(v(0), v(1))], le(v(1).negated(), v(0).negated())),
        (
            4,
            vec![le(v(0), v(1)), le(v(2), v(3))],
            le(both(v(0), v(2)), both(v(1), v(3))),
        ),
        (
            4,
            vec![le(v(0), v(1)), le(v(2), v(3))],
            le(either(v(0), v(2)), either(v(1), v(3))),
        ),
        // 5: one event of `once`: within reach, old enough, what is looked for twice, older events twice.
        (
            6,
            vec![le(v(2), v(3)), le(v(4), v(5))],
            le(
                both(v(0), either(both(v(1), v(2)), v(4))),
                both(v(0), either(both(v(1), v(3)), v(5))),
            ),
        ),
        // 6: one event of `since`: and what must hold on the way, twice.
        (
            8,
            vec![le(v(2), v(3)), le(v(4), v(5)), le(v(6), v(7))],
            le(
                both(v(0), either(both(v(1), v(2)), both(v(4), v(6)))),
                both(v(0), either(both(v(1), v(3)), both(v(5), v(7)))),
            ),
        ),
        // 7: one event of `count`, for m and one fewer: m is zero, m - 1 is zero, within reach, hit; older events for m,
        // m - 1 and m - 2.
        (
            7,
            vec![le(above_zero(0, v(4)), v(5)), le(above_zero(1, v(5)), v(6))],
            le(
                above_zero(0, counted(0, 2, v(3), 5, 4)),
                counted(1, 2, v(3), 6, 5),
            ),
        ),
        // 8: one event of `count` for two forms: m is zero, within reach, old enough, hit twice; older events for m and m - 1,
        // twice.
        (
            9,
            vec![
                le(v(3), v(4)),
                le(v(5), v(7)),
                le(v(6), v(8)),
                le(above_zero(0, v(7)), v(8)),
            ],
            le(
                counted(0, 1, both(v(2), v(3)), 6, 5),
                counted(0, 1, both(v(2), v(4)), 8, 7),
            ),
        ),
        // 9: nothing is zero and above zero.
        (2, vec![], le(both(v(0).negated(), v(0)), v(1))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Loader;
    use crate::export::source::declare;
    use crate::limits::Budget;
    use crate::prelude::prelude;

    /// The kernel takes every theorem, and there are as many as the text and the steps say.
    #[test]
    fn kernel_accepts_the_theorems() {
        let mut stream = prelude().unwrap().stream.clone();
        declare(&mut stream, &modes().unwrap());
        assert_eq!(Loader::new(Budget::DECISION).load(stream.text(), 1), Ok(()));
        assert_eq!(stream.text().matches("{\"thm\":").count(), 16);
    }
}
