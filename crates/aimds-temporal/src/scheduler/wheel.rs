//! The wheel: nine levels of 64 slots over slots of 1,024 ns.
#![expect(
    clippy::indexing_slicing,
    reason = "level and slot numbers are masked to the size of the tables"
)]

use super::SchedulerError;
use super::entries::{NONE, Slab, TimerId};

/// Levels of the wheel: 9 levels of 6 bits over 10 bits make 64 bits, so every deadline has a place.
pub const LEVELS: usize = 9;

/// The most timers one scheduler may hold: 16 million entries of 48 bytes are 768 MB.
pub const CAPACITY_MAX: usize = 1 << 24;

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// The finest slot spans 2^10 ns. Inside it timers are sorted, so the order is exact to the nanosecond all the same.
const FINEST_BITS: u32 = 10;

/// A timer that fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired<T> {
    /// Its id, which from now on matches nothing.
    pub id: TimerId,
    /// When it was due; never later than the time given to `advance`.
    pub deadline_ns: u64,
    /// Its priority; 0 goes first.
    pub priority: u8,
    /// What it carried.
    pub payload: T,
}

/// A timer as it is saved and restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending<T> {
    /// When it is due.
    pub deadline_ns: u64,
    /// Its priority; 0 goes first.
    pub priority: u8,
    /// What it carries.
    pub payload: T,
}

/// Timers by deadline. Time is what the caller says it is.
pub struct Scheduler<T> {
    slab: Slab<T>,
    heads: [[u32; SLOTS]; LEVELS],
    occupied: [u64; LEVELS],
    now_ns: u64,
    sequence: u64,
    capacity: usize,
    due: Vec<Due>,
}

/// What decides the order among timers that are due, and which one it is.
type Due = (u64, u8, u64, u32);

impl<T> Scheduler<T> {
    /// A scheduler that stands at `now_ns` and holds at most `capacity` timers.
    pub fn new(now_ns: u64, capacity: usize) -> Result<Self, SchedulerError> {
        if capacity == 0 || capacity > CAPACITY_MAX {
            return Err(SchedulerError::Capacity {
                asked: capacity,
                limit: CAPACITY_MAX,
            });
        }
        Ok(Self {
            slab: Slab::new(),
            heads: [[NONE; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            now_ns,
            sequence: 0,
            capacity,
            due: Vec::new(),
        })
    }

    /// What time it is.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// How many timers are pending.
    pub fn len(&self) -> usize {
        self.slab.live()
    }

    /// Whether none is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many may be pending.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sets a timer. A deadline that has passed is allowed: it fires at the next `advance`, to the same time even.
    pub fn schedule(
        &mut self,
        deadline_ns: u64,
        priority: u8,
        payload: T,
    ) -> Result<TimerId, SchedulerError> {
        if self.slab.live() >= self.capacity {
            return Err(SchedulerError::Full {
                capacity: self.capacity,
            });
        }
        let index = self.slab.insert(deadline_ns, self.sequence, priority, payload);
        self.sequence += 1; // at one a nanosecond it lasts five centuries
        self.link(index);
        Ok(self.slab.id(index))
    }

    /// Sets a timer `delay_ns` after the scheduler's own time.
    pub fn schedule_after(
        &mut self,
        delay_ns: u64,
        priority: u8,
        payload: T,
    ) -> Result<TimerId, SchedulerError> {
        let deadline_ns = self
            .now_ns
            .checked_add(delay_ns)
            .ok_or(SchedulerError::DeadlineOverflow)?;
        self.schedule(deadline_ns, priority, payload)
    }

    /// Takes a timer back. `None` when it has fired or was cancelled before: a stale id does no harm.
    pub fn cancel(&mut self, id: TimerId) -> Option<T> {
        self.slab.find(id)?;
        self.unlink(id.index);
        self.slab.remove(id.index)
    }

    /// When a timer is due, while it is pending.
    pub fn deadline_ns(&self, id: TimerId) -> Option<u64> {
        self.slab.find(id).map(|entry| entry.deadline_ns)
    }

    /// Moves time to `now_ns` and appends every timer that is due to `fired`: by deadline, priority, insertion.
    pub fn advance(&mut self, now_ns: u64, fired: &mut Vec<Fired<T>>) -> Result<(), SchedulerError> {
        if now_ns < self.now_ns {
            return Err(SchedulerError::TimeWentBack {
                now_ns: self.now_ns,
                given_ns: now_ns,
            });
        }
        while let Some((level, slot, start_ns)) = self.earliest_slot() {
            if start_ns > now_ns {
                break;
            }
            self.now_ns = self.now_ns.max(start_ns);
            let last_ns = start_ns | span_mask(level);
            if level == 0 || last_ns <= now_ns {
                let all = self.fire_slot(level, slot, now_ns, fired);
                if !all {
                    break; // the rest of the slot that time stands in is still to come
                }
            } else {
                self.move_down(level, slot);
            }
        }
        self.now_ns = now_ns;
        Ok(())
    }

    /// When the next timer is due. Looks through one slot, so it is cheap but not free.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        let (level, slot, _) = self.earliest_slot()?;
        let mut index = self.heads[level][slot];
        let mut least = u64::MAX;
        while index != NONE {
            let entry = self.slab.get(index);
            least = least.min(entry.deadline_ns);
            index = entry.next;
        }
        Some(least)
    }

    /// Every pending timer in the order in which it will fire; `restore` takes it.
    pub fn pending(&self) -> Vec<Pending<&T>> {
        let mut order: Vec<Due> = self
            .slab
            .pending()
            .map(|(index, entry)| (entry.deadline_ns, entry.priority, entry.sequence, index))
            .collect();
        order.sort_unstable();
        order
            .into_iter()
            .filter_map(|(deadline_ns, priority, _, index)| {
                let payload = self.slab.get(index).payload.as_ref()?;
                Some(Pending {
                    deadline_ns,
                    priority,
                    payload,
                })
            })
            .collect()
    }

    /// A scheduler with saved timers, which keep their order; returns their new ids in that order too.
    pub fn restore(
        now_ns: u64,
        capacity: usize,
        pending: impl IntoIterator<Item = Pending<T>>,
    ) -> Result<(Self, Vec<TimerId>), SchedulerError> {
        let mut scheduler = Self::new(now_ns, capacity)?;
        let ids = pending
            .into_iter()
            .map(|timer| scheduler.schedule(timer.deadline_ns, timer.priority, timer.payload))
            .collect::<Result<_, _>>()?;
        Ok((scheduler, ids))
    }

    /// What every pending timer carries, in no order: for garbage collectors.
    pub fn payloads(&self) -> impl Iterator<Item = &T> {
        self.slab
            .pending()
            .filter_map(|(_, entry)| entry.payload.as_ref())
    }

    /// Like [`Scheduler::payloads`], to be changed.
    pub fn payloads_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slab.pending_mut().filter_map(|entry| entry.payload.as_mut())
    }

    /// The occupied slot that comes first, with the time at which it begins.
    ///
    /// What lies on a level shares all higher digits with the present, so everything on a lower level comes before
    /// everything on a higher one; and within a level no occupied slot lies behind the present.
    fn earliest_slot(&self) -> Option<(usize, usize, u64)> {
        let (level, bits) = self.occupied.iter().enumerate().find(|(_, bits)| **bits != 0)?;
        let slot = bits.trailing_zeros() as usize;
        let shift = FINEST_BITS + SLOT_BITS * level as u32;
        let above = self.now_ns & !span_mask(level + 1);
        Some((level, slot, above | (slot as u64) << shift))
    }

    /// Fires what is due of a slot; whether nothing was left.
    fn fire_slot(&mut self, level: usize, slot: usize, now_ns: u64, fired: &mut Vec<Fired<T>>) -> bool {
        let mut due = std::mem::take(&mut self.due);
        let mut index = self.heads[level][slot];
        let mut all = true;
        while index != NONE {
            let entry = self.slab.get(index);
            if entry.deadline_ns <= now_ns {
                due.push((entry.deadline_ns, entry.priority, entry.sequence, index));
            } else {
                all = false;
            }
            index = entry.next;
        }
        due.sort_unstable();
        if all {
            self.heads[level][slot] = NONE;
            self.occupied[level] &= !(1 << slot);
        } else {
            for &(_, _, _, index) in &due {
                self.unlink(index);
            }
        }
        fired.reserve(due.len());
        for (deadline_ns, priority, _, index) in due.drain(..) {
            let id = self.slab.id(index);
            if let Some(payload) = self.slab.remove(index) {
                fired.push(Fired {
                    id,
                    deadline_ns,
                    priority,
                    payload,
                });
            }
        }
        self.due = due;
        all
    }

    /// Time has reached a coarse slot: its timers go to finer ones.
    fn move_down(&mut self, level: usize, slot: usize) {
        let mut index = std::mem::replace(&mut self.heads[level][slot], NONE);
        self.occupied[level] &= !(1 << slot);
        while index != NONE {
            let next = self.slab.get(index).next;
            self.link(index);
            index = next;
        }
    }

    /// Puts an entry into the slot that its deadline belongs to, seen from the present.
    #[inline]
    fn link(&mut self, index: u32) {
        let due_ns = self.slab.get(index).deadline_ns.max(self.now_ns);
        let level = level_of(due_ns, self.now_ns);
        let slot = (due_ns >> (FINEST_BITS + SLOT_BITS * level as u32)) as usize & (SLOTS - 1);
        let head = self.heads[level][slot];
        if head != NONE {
            self.slab.get_mut(head).previous = index;
        }
        let entry = self.slab.get_mut(index);
        entry.next = head;
        entry.previous = NONE;
        entry.slot = (level * SLOTS + slot) as u16;
        self.heads[level][slot] = index;
        self.occupied[level] |= 1 << slot;
    }

    #[inline]
    fn unlink(&mut self, index: u32) {
        let entry = self.slab.get(index);
        let (next, previous, slot) = (entry.next, entry.previous, usize::from(entry.slot));
        if next != NONE {
            self.slab.get_mut(next).previous = previous;
        }
        if previous != NONE {
            self.slab.get_mut(previous).next = next;
            return;
        }
        let (level, slot) = (slot / SLOTS, slot % SLOTS);
        self.heads[level][slot] = next;
        if next == NONE {
            self.occupied[level] &= !(1 << slot);
        }
    }
}

/// The highest digit in which a deadline differs from the present.
#[inline]
fn level_of(due_ns: u64, now_ns: u64) -> usize {
    let differ = ((due_ns ^ now_ns) >> FINEST_BITS) | 1;
    (differ.ilog2() / SLOT_BITS) as usize
}

/// The bits below a slot of a level.
#[inline]
fn span_mask(level: usize) -> u64 {
    let shift = FINEST_BITS + SLOT_BITS * level as u32;
    if shift >= u64::BITS {
        u64::MAX
    } else {
        (1 << shift) - 1
    }
}
