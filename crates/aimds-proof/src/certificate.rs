//! Certificates of decisions: made, and verified by anyone who has policy, trace and verdict.
//!
//! A certificate is (policy, trace, verdict, reason) and the hash of the one stream that they give. The verifier writes that
//! stream itself and compares; then filter and kernel look at it. So neither another policy, nor another true theorem, nor
//! another prelude can stand behind a verdict. What is certified: the verdict equals the policy's meaning on the recorded
//! facts. It never says that an action is safe.

use crate::check::check_stream;
use crate::export::encode::{Encoder, rule_name};
use crate::limits::{Budget, Limit};
use crate::logic::{Policy, Rule, Trace};
use crate::naive;
use crate::outcome::{Outcome, Reason, Stop};
use crate::prelude::{PRELUDE_SHA256, prelude, sha256_hex};

/// What follows for the last event of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Allowed: a permit rule holds for certain, no deny rule may hold.
    Allow,
    /// Denied: by a rule, or because nothing permits.
    Deny,
}

impl Verdict {
    /// The other verdict; its theorem is refutable whenever this one's is provable.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Allow => Self::Deny,
            Self::Deny => Self::Allow,
        }
    }
}

/// A decision with everything that its theorem speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The policy that was asked.
    pub policy: Policy,
    /// What had happened.
    pub trace: Trace,
    /// What was decided.
    pub verdict: Verdict,
    /// The place, from 0, of a rule that decides: a deny rule that may hold, or a permit rule that must. None for a denial
    /// because nothing permits, or because times decrease.
    pub reason: Option<usize>,
}

impl Decision {
    /// Decides by the naive semantics, and names the first rule that is a reason.
    pub fn new(policy: Policy, trace: Trace) -> Self {
        let verdict = if naive::allows(&policy, &trace) {
            Verdict::Allow
        } else {
            Verdict::Deny
        };
        let reason = policy
            .rules()
            .iter()
            .position(|rule| is_reason_kind(rule, verdict) && naive::fires(rule, trace.events()));
        Self {
            policy,
            trace,
            verdict,
            reason,
        }
    }

    /// The stream with prelude, definitions, the theorem of the reason and that of the verdict. Equal decisions give equal
    /// bytes. Whether the theorems are true is for the kernel to say.
    pub fn stream(&self, budget: &Budget) -> Result<String, Limit> {
        let prelude = prelude().map_err(|_| Limit::Thread)?;
        let mut stream = prelude.stream.with_bytes_max(budget.stream_bytes_max);
        let mut encoder = Encoder { stream: &mut stream };
        for (at, rule) in self.policy.rules().iter().enumerate() {
            encoder.declare_rule(at + 1, rule.form());
        }
        let numbers: Vec<usize> = (1..=self.policy.rules().len()).collect();
        encoder.declare_policy("Aimds.policy", &self.policy, &numbers);
        encoder.declare_trace(&self.trace);
        let trace = encoder.constant("Aimds.trace");
        if let Some((at, rule)) = self
            .reason
            .and_then(|at| self.policy.rules().get(at).map(|rule| (at, rule)))
        {
            let form = encoder.constant(&rule_name(at + 1));
            let mode = encoder.constant(match rule {
                Rule::Deny(_) => "Bool.true",
                Rule::Permit(_) => "Bool.false",
            });
            let holds = encoder.call("Aimds.eval", &[form, mode, trace]);
            encoder.prove_true("Aimds.reason", holds);
        }
        let policy = encoder.constant("Aimds.policy");
        let mut goal = encoder.call("Aimds.decide", &[policy, trace]);
        if self.verdict == Verdict::Deny {
            // Also a denial is stated as something that is true: kernels compute against `Bool.true` fastest.
            goal = encoder.call("Aimds.not", &[goal]);
        }
        encoder.prove_true("Aimds.verdict", goal);
        stream.finish()
    }

    /// Whether the reason, if there is one, is a rule that can be a reason for this verdict.
    fn has_sound_reason(&self) -> bool {
        self.reason.is_none_or(|at| {
            self.policy
                .rules()
                .get(at)
                .is_some_and(|rule| is_reason_kind(rule, self.verdict))
        })
    }
}

fn is_reason_kind(rule: &Rule, verdict: Verdict) -> bool {
    matches!(
        (rule, verdict),
        (Rule::Deny(_), Verdict::Deny) | (Rule::Permit(_), Verdict::Allow)
    )
}

/// A decision and the hashes that bind it to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What is certified.
    pub decision: Decision,
    /// SHA-256 of the pinned prelude, in hexadecimal digits.
    pub prelude_sha256: String,
    /// SHA-256 of the whole stream, in hexadecimal digits.
    pub stream_sha256: String,
}

/// A certificate with its stream and what the kernel said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The certificate.
    pub certificate: Certificate,
    /// The stream, for other kernels.
    pub stream: String,
    /// What filter and kernel said. Only [`Outcome::Accepted`] is a proof.
    pub outcome: Outcome,
}

impl Certificate {
    /// Decides, writes the stream and has it checked. A stream beyond the budget is [`Limit`]: inconclusive.
    pub fn build(policy: Policy, trace: Trace, budget: &Budget) -> Result<Certified, Limit> {
        let decision = Decision::new(policy, trace);
        let stream = decision.stream(budget)?;
        let outcome = check_stream(stream.as_bytes(), budget);
        let certificate = Self {
            decision,
            prelude_sha256: PRELUDE_SHA256.to_owned(),
            stream_sha256: sha256_hex(stream.as_bytes()),
        };
        Ok(Certified {
            certificate,
            stream,
            outcome,
        })
    }
}

/// Verifies a certificate from outside, with its stream if there is one: hashes and bytes against the stream that this function
/// writes itself, then filter and kernel.
pub fn verify(certificate: &Certificate, stream: Option<&[u8]>, budget: &Budget) -> Outcome {
    if !certificate.decision.has_sound_reason() {
        return Reason::ReasonRule.whole().into();
    }
    let own = match certificate.decision.stream(budget) {
        Ok(own) => own,
        Err(limit) => return Stop::Limit(limit).into(),
    };
    if certificate.prelude_sha256 != PRELUDE_SHA256 || certificate.stream_sha256 != sha256_hex(own.as_bytes())
    {
        return Reason::Hash.whole().into();
    }
    if let Some(stream) = stream
        && stream != own.as_bytes()
    {
        return Reason::Binding
            .at(first_difference(stream, own.as_bytes()))
            .into();
    }
    check_stream(own.as_bytes(), budget)
}

/// The line, from 1, in which two different streams first differ.
fn first_difference(left: &[u8], right: &[u8]) -> usize {
    let same = left
        .iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count();
    left.get(..same)
        .unwrap_or_default()
        .split(|byte| *byte == b'\n')
        .count()
}
