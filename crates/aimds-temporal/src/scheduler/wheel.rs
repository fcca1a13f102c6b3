//! The wheel: nine levels of 64 slots over slots of 1,024 ns.
//!
//! A slot is a plain vector of what the order needs, not a chain through the timers: moving a slot down reads memory in
//! order, which is what makes firing cheap when a hundred thousand timers lie scattered. The price is that a cancelled
//! timer leaves its mark behind; marks are swept when they outnumber the living.
#![expect(
    clippy::indexing_slicing,
    reason = "level and slot numbers are masked to the size of the tables"
)]

use super::SchedulerError;
use super::entries::{Slab, TimerId};

/// Levels of the wheel: 9 levels of 6 bits over 10 bits make 64 bits, so every deadline has a place.
pub const LEVELS: usize = 9;

/// The most timers one scheduler may hold: 16 million at 24 bytes for the mark, twice at worst, and 32 for the timer are
/// about a gigabyte.
pub const CAPACITY_MAX: usize = 1 << 24;

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// The finest slot spans 2^10 ns. Inside it timers are sorted, so the order is exact to the nanosecond all the same.
const FINEST_BITS: u32 = 10;
/// Stale marks below this number are not worth a sweep.
const STALE_MIN: usize = 1_024;
/// A slot keeps its memory for the next round when it is no larger than this: 12 KiB, or 768 KiB a level at most.
const KEPT_MARKS_MAX: usize = 512;

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

/// What a slot knows of a timer. Marks of equal deadline stand in the order in which their timers were set: new ones are
/// appended, a coarse slot is moved down before anything can be put into the finer slots it moves to, and sorting is
/// stable.
#[derive(Debug, Clone, Copy)]
struct Mark {
    deadline_ns: u64,
    id: TimerId,
    priority: u8,
}

/// Timers by deadline. Time is what the caller says it is.
pub struct Scheduler<T> {
    slab: Slab<T>,
    levels: Vec<Vec<Vec<Mark>>>, // a level gets its slots when it is first used
    occupied: [u64; LEVELS],
    now_ns: u64,
    wake_ns: u64, // before this nothing is due and no slot is to be moved
    capacity: usize,
    stale: usize,
}

impl<T> Scheduler<T> {
    /// A scheduler that stands at `now_ns` and holds at most `capacity` timers.
    pub fn new(now_ns: u64, capacity: usize) -> Result<Self, SchedulerError> {
        if capacity == 0 || capacity > CAPACITY_MAX {
            return Err(SchedulerError::Capacity {
                asked: capacity,
                limit: CAPACITY_MAX,
            });
        }
        let levels = vec![Vec::new(); LEVELS];
        Ok(Self {
            slab: Slab::new(),
            levels,
            occupied: [0; LEVELS],
            now_ns,
            wake_ns: u64::MAX,
            capacity,
            stale: 0,
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
        let id = self.slab.insert(deadline_ns, payload);
        self.put(Mark {
            deadline_ns,
            id,
            priority,
        });
        Ok(id)
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
        let payload = self.slab.remove(id)?;
        self.stale += 1;
        if self.stale > STALE_MIN.max(self.slab.live()) {
            self.sweep();
        }
        Some(payload)
    }

    /// When a timer is due, while it is pending.
    pub fn deadline_ns(&self, id: TimerId) -> Option<u64> {
        self.slab.deadline_ns(id)
    }

    /// Moves time to `now_ns` and appends every timer that is due to `fired`: by deadline, priority, insertion.
    pub fn advance(&mut self, now_ns: u64, fired: &mut Vec<Fired<T>>) -> Result<(), SchedulerError> {
        if now_ns < self.now_ns {
            return Err(SchedulerError::TimeWentBack {
                now_ns: self.now_ns,
                given_ns: now_ns,
            });
        }
        if now_ns < self.wake_ns {
            self.now_ns = now_ns;
            return Ok(());
        }
        while let Some((level, slot, start_ns)) = self.earliest_slot() {
            if start_ns > now_ns {
                break;
            }
            self.now_ns = self.now_ns.max(start_ns);
            let last_ns = start_ns | span_mask(level);
            if last_ns <= now_ns {
                self.fire_slot(level, slot, fired);
            } else if level == 0 {
                self.fire_part(slot, now_ns, fired);
                break; // the rest of the slot that time stands in is still to come
            } else {
                self.move_down(level, slot);
            }
        }
        self.now_ns = now_ns;
        self.wake_ns = self.next_wake_ns();
        Ok(())
    }

    fn next_wake_ns(&self) -> u64 {
        match self.earliest_slot() {
            None => u64::MAX,
            Some((0, slot, _)) => self.levels[0][slot]
                .iter()
                .map(|mark| mark.deadline_ns)
                .min()
                .unwrap_or(0),
            Some((_, _, start_ns)) => start_ns,
        }
    }

    /// When the next timer is due. Looks through one slot, so it is cheap but not free.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        let first_of = |marks: &Vec<Mark>| self.living(marks).map(|mark| mark.deadline_ns).min();
        self.levels.iter().flatten().find_map(first_of)
    }

    /// Every pending timer in the order in which it will fire; `restore` takes it.
    pub fn pending(&self) -> Vec<Pending<&T>> {
        let mut marks: Vec<&Mark> = self
            .levels
            .iter()
            .flatten()
            .flat_map(|marks| self.living(marks))
            .collect();
        marks.sort_by_key(|mark| (mark.deadline_ns, mark.priority)); // stable, and equal ones share a slot
        let pending = marks.into_iter().filter_map(|mark| {
            let payload = self.slab.find(mark.id)?;
            Some(Pending {
                deadline_ns: mark.deadline_ns,
                priority: mark.priority,
                payload,
            })
        });
        pending.collect()
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
        self.slab.payloads()
    }

    fn living<'a>(&'a self, marks: &'a [Mark]) -> impl Iterator<Item = &'a Mark> {
        marks.iter().filter(|mark| self.slab.find(mark.id).is_some())
    }

    /// The occupied slot that comes first, with the time at which it begins.
    ///
    /// What lies on a level shares all higher digits with the present, so everything on a lower level comes before
    /// everything on a higher one; and within a level no occupied slot lies behind the present.
    fn earliest_slot(&self) -> Option<(usize, usize, u64)> {
        let (level, bits) = self.occupied.iter().enumerate().find(|(_, bits)| **bits != 0)?;
        let slot = bits.trailing_zeros() as usize;
        let above = self.now_ns & !span_mask(level + 1);
        Some((level, slot, above | (slot as u64) << shift(level)))
    }

    /// Puts a mark into the slot that its deadline belongs to, seen from the present.
    #[inline]
    fn put(&mut self, mark: Mark) {
        let due_ns = mark.deadline_ns.max(self.now_ns);
        let level = level_of(due_ns, self.now_ns);
        let slot = (due_ns >> shift(level)) as usize & (SLOTS - 1);
        let slots = &mut self.levels[level];
        if slots.is_empty() {
            slots.resize_with(SLOTS, Vec::new);
        }
        slots[slot].push(mark);
        self.occupied[level] |= 1 << slot;
        let wake_ns = if level == 0 {
            mark.deadline_ns
        } else {
            due_ns & !span_mask(level)
        };
        self.wake_ns = self.wake_ns.min(wake_ns);
    }

    /// Empties a slot; `give_back` may return its memory.
    fn take(&mut self, level: usize, slot: usize) -> Vec<Mark> {
        self.occupied[level] &= !(1 << slot);
        std::mem::take(&mut self.levels[level][slot])
    }

    fn give_back(&mut self, level: usize, slot: usize, mut marks: Vec<Mark>) {
        if marks.capacity() <= KEPT_MARKS_MAX && self.levels[level][slot].capacity() == 0 {
            marks.clear();
            self.levels[level][slot] = marks;
        }
    }

    /// Fires all of a slot whose span has passed.
    fn fire_slot(&mut self, level: usize, slot: usize, fired: &mut Vec<Fired<T>>) {
        let mut marks = self.take(level, slot);
        sort(&mut marks);
        self.fire(&marks, fired);
        self.give_back(level, slot, marks);
    }

    /// Fires what is due of the finest slot that time stands in; what is left stays in place, sorted.
    fn fire_part(&mut self, slot: usize, now_ns: u64, fired: &mut Vec<Fired<T>>) {
        let mut marks = self.take(0, slot);
        sort(&mut marks);
        let due = marks.partition_point(|mark| mark.deadline_ns <= now_ns);
        self.fire(&marks[..due], fired);
        marks.drain(..due);
        if !marks.is_empty() {
            self.occupied[0] |= 1 << slot;
        }
        self.levels[0][slot] = marks;
    }

    fn fire(&mut self, due: &[Mark], fired: &mut Vec<Fired<T>>) {
        fired.reserve(due.len());
        for &Mark {
            deadline_ns,
            id,
            priority,
        } in due
        {
            match self.slab.remove(id) {
                Some(payload) => fired.push(Fired {
                    id,
                    deadline_ns,
                    priority,
                    payload,
                }),
                None => self.stale -= 1,
            }
        }
    }

    /// Time has reached a coarse slot: its timers go to finer ones.
    fn move_down(&mut self, level: usize, slot: usize) {
        let marks = self.take(level, slot);
        for &mark in &marks {
            self.put(mark);
        }
        self.give_back(level, slot, marks);
    }

    /// Drops the marks of cancelled timers.
    fn sweep(&mut self) {
        for (slots, occupied) in self.levels.iter_mut().zip(&mut self.occupied) {
            for (slot, marks) in slots.iter_mut().enumerate() {
                marks.retain(|mark| self.slab.find(mark.id).is_some());
                if marks.is_empty() {
                    *occupied &= !(1 << slot);
                    marks.shrink_to(KEPT_MARKS_MAX);
                }
            }
        }
        self.stale = 0;
    }
}

/// By deadline and priority; the sort is stable, so that insertion decides the rest.
#[inline]
fn sort(marks: &mut [Mark]) {
    if marks.len() > 1 {
        marks.sort_by_key(|mark| (mark.deadline_ns, mark.priority));
    }
}

/// The bits below a digit of a level.
#[inline]
fn shift(level: usize) -> u32 {
    FINEST_BITS + SLOT_BITS * level as u32
}

/// The highest digit in which a deadline differs from the present.
#[inline]
fn level_of(due_ns: u64, now_ns: u64) -> usize {
    let differ = ((due_ns ^ now_ns) >> FINEST_BITS) | 1;
    (differ.ilog2() / SLOT_BITS) as usize
}

/// The span of a slot of a level, less one.
#[inline]
fn span_mask(level: usize) -> u64 {
    if shift(level) >= u64::BITS {
        u64::MAX
    } else {
        (1 << shift(level)) - 1
    }
}
