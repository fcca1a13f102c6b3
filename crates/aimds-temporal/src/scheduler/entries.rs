//! The slab of timers: doubly linked through indices, reused, with a generation that makes old handles harmless.
#![expect(
    clippy::indexing_slicing,
    reason = "every index comes from the slab itself and entries are never removed"
)]

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// Names one scheduling of one timer. After the timer has fired or was cancelled, its id matches nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimerId {
    pub(super) index: u32,
    pub(super) generation: u32,
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

pub(super) struct Entry<T> {
    pub deadline_ns: u64,
    pub sequence: u64,
    pub payload: Option<T>, // none: the entry is free
    pub next: u32,
    pub previous: u32,
    pub generation: u32,
    pub slot: u16,
    pub priority: u8,
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

    #[inline]
    pub(super) fn get(&self, index: u32) -> &Entry<T> {
        &self.entries[index as usize]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.entries[index as usize]
    }

    /// The entry that an id names, if it is still pending.
    pub(super) fn find(&self, id: TimerId) -> Option<&Entry<T>> {
        let entry = self.entries.get(id.index as usize)?;
        (entry.generation == id.generation && entry.payload.is_some()).then_some(entry)
    }

    pub(super) fn id(&self, index: u32) -> TimerId {
        TimerId {
            index,
            generation: self.get(index).generation,
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, deadline_ns: u64, sequence: u64, priority: u8, payload: T) -> u32 {
        self.live += 1;
        if self.free == NONE {
            let index = self.entries.len() as u32; // the capacity is below 2^32
            let payload = Some(payload);
            let (next, previous, generation, slot) = (NONE, NONE, 0, 0);
            self.entries.push(Entry {
                deadline_ns,
                sequence,
                payload,
                next,
                previous,
                generation,
                slot,
                priority,
            });
            return index;
        }
        let index = self.free;
        let entry = self.get_mut(index);
        let next_free = entry.next;
        entry.deadline_ns = deadline_ns;
        entry.sequence = sequence;
        entry.priority = priority;
        entry.payload = Some(payload);
        self.free = next_free;
        index
    }

    /// Frees an entry that is in no list and returns what it carried.
    #[inline]
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let free = self.free;
        let entry = self.get_mut(index);
        let payload = entry.payload.take();
        // A generation is never used twice: an entry that has had them all is retired instead of reused.
        if entry.generation < u32::MAX {
            entry.generation += 1;
            entry.next = free;
            self.free = index;
        }
        self.live -= 1;
        payload
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = (u32, &Entry<T>)> {
        self.entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.payload.is_some())
            .map(|(at, entry)| (at as u32, entry))
    }

    pub(super) fn pending_mut(&mut self) -> impl Iterator<Item = &mut Entry<T>> {
        self.entries.iter_mut().filter(|entry| entry.payload.is_some())
    }
}
