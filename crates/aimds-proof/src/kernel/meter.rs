//! Counts what a check uses up, and stops it at its budget.

use crate::deadline::Deadline;
use crate::limits::{Budget, Limit};
use crate::outcome::Checked;

/// Steps between two looks at the clock: some 100 microseconds.
const CLOCK_STEPS: u64 = 1_024;

/// The budget of one check and what was used of it.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    budget: Budget,
    deadline: Deadline,
    pub steps: u64,
    pub depth: u32,
    pub depth_reached: u32,
}

impl Meter {
    pub(crate) fn new(budget: Budget, deadline: Deadline) -> Self {
        Self {
            budget,
            deadline,
            steps: 0,
            depth: 0,
            depth_reached: 0,
        }
    }

    /// One step of work.
    #[inline]
    pub(crate) fn step(&mut self) -> Checked<()> {
        self.steps += 1;
        if self.steps > self.budget.steps_max {
            return Err(Limit::Steps.into());
        }
        if self.steps.is_multiple_of(CLOCK_STEPS) {
            return self.deadline.look();
        }
        Ok(())
    }

    /// One level of recursion deeper. Levels are not given back after an error, for an error ends the check.
    #[inline]
    pub(crate) fn enter(&mut self) -> Checked<()> {
        self.depth += 1;
        self.depth_reached = self.depth_reached.max(self.depth);
        if self.depth > self.budget.depth_max {
            return Err(Limit::Depth.into());
        }
        Ok(())
    }

    /// One level back.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether `nodes` are still within the budget.
    #[inline]
    pub(crate) fn nodes(&self, nodes: usize) -> Checked<()> {
        if nodes > self.budget.nodes_max {
            return Err(Limit::Nodes.into());
        }
        Ok(())
    }
}
