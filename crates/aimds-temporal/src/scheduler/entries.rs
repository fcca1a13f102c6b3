//! The slab of timers: reused entries, with a generation that makes old handles harmless.
#![expect(
    clippy::indexing_slicing,
    reason = "every index comes from the slab itself and entries are never removed"
)]

/// No entry.
const NONE: u32 = u32::MAX;

/// Names one scheduling of one timer. After the timer has fired or was cancelled, its id matches nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

impl TimerId {
    /// The id as one number, for callers that can only carry numbers.
    pub fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The id that [`TimerId::to_bits`] gave. Any other number is an id that matches nothing, or another timer.
    pub fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

struct Entry<T> {
    payload: Option<T>, // none: the entry is free
    deadline_ns: u64,
    generation: u32,
    next_free: u32,
}

/// All entries, and the chain of free ones.
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: u32,
    live: usize,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
            live: 0,
        }
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// The payload that an id names, if its timer is still pending.
    #[inline]
    pub(super) fn find(&self, id: TimerId) -> Option<&T> {
        let entry = self.entries.get(id.index as usize)?;
        if entry.generation == id.generation {
            entry.payload.as_ref()
        } else {
            None
        }
    }

    pub(super) fn deadline_ns(&self, id: TimerId) -> Option<u64> {
        self.find(id)?;
        self.entries.get(id.index as usize).map(|entry| entry.deadline_ns)
    }

    #[inline]
    pub(super) fn insert(&mut self, deadline_ns: u64, payload: T) -> TimerId {
        self.live += 1;
        if self.free == NONE {
            let index = self.entries.len() as u32; // the capacity is below 2^32
            self.entries.push(Entry {
                payload: Some(payload),
                deadline_ns,
                generation: 0,
                next_free: NONE,
            });
            return TimerId { index, generation: 0 };
        }
        let index = self.free;
        let entry = &mut self.entries[index as usize];
        self.free = entry.next_free;
        entry.payload = Some(payload);
        entry.deadline_ns = deadline_ns;
        TimerId {
            index,
            generation: entry.generation,
        }
    }

    /// Frees the entry that an id names and returns what it carried; `None` for a stale id.
    #[inline]
    pub(super) fn remove(&mut self, id: TimerId) -> Option<T> {
        let entry = self.entries.get_mut(id.index as usize)?;
        if entry.generation != id.generation {
            return None;
        }
        let payload = entry.payload.take()?;
        // A generation is never used twice: an entry that has had them all is retired instead of reused.
        if entry.generation < u32::MAX {
            entry.generation += 1;
            entry.next_free = self.free;
            self.free = id.index;
        }
        self.live -= 1;
        Some(payload)
    }

    pub(super) fn payloads(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|entry| entry.payload.as_ref())
    }
}
