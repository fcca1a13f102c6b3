//! Checks export streams: admission filter, then the fragment kernel, on a thread with a stack of its own.

mod admission;
mod loader;
mod record;
mod scanner;

pub(crate) use loader::Loader;

use std::thread;

use crate::deadline::Deadline;
use crate::limits::{Budget, Limit, STACK_BYTES};
use crate::outcome::{Checked, Outcome, Reason, Work};
use crate::prelude::prelude;

/// Checks whether `stream` is admitted and its theorem `Aimds.verdict` is proved.
///
/// This says nothing about *which* policy and trace the theorem is about, nor which statement it makes; for that use
/// [`crate::certificate::verify`], which compares the stream with the one that it writes itself.
pub fn check_stream(stream: &[u8], budget: &Budget) -> Outcome {
    if stream.len() > budget.stream_bytes_max {
        return Outcome::Inconclusive(Limit::StreamBytes);
    }
    let Ok(text) = std::str::from_utf8(stream) else {
        return Reason::NotText.whole().into();
    };
    let deadline = Deadline::after(budget.time_max);
    on_own_stack(|| admit_and_check(text, budget, deadline))
}

fn admit_and_check(text: &str, budget: &Budget, deadline: Deadline) -> Checked<Work> {
    let prelude = prelude()?;
    let records = admission::admit(text, prelude, budget, deadline)?;
    let mut loader = prelude.loader.continued(*budget, deadline);
    for (number, record) in &records {
        loader.take(record).map_err(|stop| stop.in_line(*number))?;
    }
    Ok(loader.work())
}

/// Runs a check where recursion has room; a thread that fails makes it inconclusive.
pub(crate) fn on_own_stack(check: impl FnOnce() -> Checked<Work> + Send) -> Outcome {
    thread::scope(|scope| {
        let started = thread::Builder::new()
            .name("aimds-proof".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, check);
        match started.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(Ok(work))) => Outcome::Accepted(work),
            Ok(Ok(Err(stop))) => stop.into(),
            Ok(Err(_)) | Err(_) => Outcome::Inconclusive(Limit::Thread),
        }
    })
}

#[cfg(test)]
mod tests;
