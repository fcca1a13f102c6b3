//! Certificates that were made before: the same policy, facts and verdict have the same bytes.

use aimds_proof::{Outcome, Verdict};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Certificates that one policy set keeps: a guard meets few grave situations at a time, and one of 200 events with 2,000 facts
/// takes about 50 kB, so that 256 stay below 13 MB.
const CERTIFICATES_MAX: usize = 256;

/// What stands in a certificate's dictionary.
pub(crate) struct Made {
    pub set: String,
    pub rule: Option<String>,
    /// What the numbers of the facts stand for.
    pub atoms: Vec<(String, String)>,
    pub policy: String,
    pub policy_sha256: String,
    pub trace: String,
    pub trace_sha256: String,
    pub verdict: Verdict,
    pub reason: Option<usize>,
    pub prelude_sha256: String,
    pub stream_sha256: String,
    pub stream_bytes: usize,
    pub outcome: Outcome,
}

/// The facts in canonical notation, whole, so that no two can be taken for one; and whether the event was allowed.
pub(crate) type Key = (String, bool);

#[derive(Default)]
struct State {
    made: HashMap<Key, Arc<Made>>,
    /// Keys, the least recently made first.
    order: VecDeque<Key>,
    hits: u64,
    misses: u64,
}

/// The certificates of one policy set; only accepted ones come in. The oldest goes first.
#[derive(Default)]
pub(crate) struct CertificateCache {
    state: Mutex<State>,
}

impl CertificateCache {
    /// No code of ours panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Made>> {
        let mut state = self.state();
        let found = state.made.get(key).cloned();
        if found.is_some() {
            state.hits += 1;
        } else {
            state.misses += 1;
        }
        found
    }

    pub(crate) fn put(&self, key: Key, made: &Arc<Made>) {
        let mut state = self.state();
        if state.made.insert(key.clone(), Arc::clone(made)).is_none() {
            state.order.push_back(key);
        }
        while state.order.len() > CERTIFICATES_MAX {
            if let Some(oldest) = state.order.pop_front() {
                state.made.remove(&oldest);
            }
        }
    }

    /// Found, not found, held.
    pub(crate) fn counts(&self) -> (u64, u64, usize) {
        let state = self.state();
        (state.hits, state.misses, state.made.len())
    }
}
