//! Calls that keep bringing back the same result, whatever stands between them.
//!
//! Periods miss a loop that hides between other calls (A x A y A z). So for each call, by tool and arguments, stale results
//! are counted: ones that equal a recent one. The eight busiest calls are kept (Space-Saving, Metwally et al. 2005, with
//! ageing), which is enough to catch whatever makes up an eighth of the calls.

/// Calls counted at a time.
pub const TALLY_CALLS: usize = 8;
/// All counts are halved after so many stale results: old sins fade.
const HALVE_AFTER: u16 = 48;

/// Counts of stale results by call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Hashes of tool and arguments; zero in an empty place.
    pub calls: [u64; TALLY_CALLS],
    /// Stale results of each.
    pub counts: [u16; TALLY_CALLS],
    /// Stale results since the counts were halved.
    pub since: u16,
}

impl Tally {
    /// Counts a stale result of a call; tells how many it has had.
    #[inline]
    pub fn count(&mut self, call: u64) -> u16 {
        self.since = self.since.saturating_add(1);
        if self.since >= HALVE_AFTER {
            self.since = 0;
            for count in &mut self.counts {
                *count /= 2;
            }
        }
        let known = self.calls.iter().position(|held| *held == call);
        let place = known.unwrap_or_else(|| {
            let rarest = (0..TALLY_CALLS)
                .zip(&self.counts)
                .min_by_key(|(_, count)| **count);
            rarest.map_or(0, |(place, _)| place)
        });
        let (Some(held), Some(count)) = (self.calls.get_mut(place), self.counts.get_mut(place)) else {
            return 0;
        };
        // A newcomer starts afresh: to inherit the rarest count, as Space-Saving does, would accuse it of another's calls.
        *count = if known.is_some() {
            count.saturating_add(1)
        } else {
            1
        };
        *held = call;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_between_others_is_counted_and_rare_ones_make_room() {
        let mut tally = Tally::default();
        let counts: Vec<u16> = (0..20)
            .map(|round| {
                tally.count(1000 + round);
                tally.count(7)
            })
            .collect();
        assert_eq!(counts.get(9), Some(&10));
        assert!(tally.calls.contains(&7));
    }

    #[test]
    fn old_counts_fade() {
        let mut tally = Tally::default();
        let highest = (0..1000).map(|_| tally.count(7)).max();
        assert!(highest < Some(100), "{highest:?}");
    }
}
