//! What a policy ensures, as the denial of the contrary.

use super::{Constants, Lowered, Lowering, joined, negation};
use crate::diagnostic::{Name, Span};
use crate::syntax::Body;
use aimds_proof::logic::Form;

impl<'a> Lowering<'a> {
    /// The denial of all that `ensures` rules out: `when and not (E and F ..)`. It is enforced nowhere; a claim proves that a set
    /// forbids it. Read as *may*, like any denial, it asks that what is ensured *must* hold. `None` where nothing is ensured.
    pub(crate) fn contract(
        &mut self,
        name: &Name,
        body: &Body,
        span: Span,
        constants: &Constants<'a>,
    ) -> Lowered<Option<Form>> {
        if body.ensures.is_empty() {
            return Ok(None);
        }
        let (when, scope) = self.pending(name, body, constants)?;
        let ensured = self.each(&body.ensures, &scope, constants)?;
        let broken = negation(joined(ensured, true, span), span);
        let denial = joined(vec![when, broken], true, span).form;
        self.check_size(&denial, name)?;
        Ok(Some(denial))
    }
}
