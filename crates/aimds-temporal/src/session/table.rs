//! All sessions, bounded by number and by age, safe under threads.
//!
//! The table is cut into shards, each behind a mutex of its own and with its own order of use, so threads seldom meet. A
//! small table has one shard, and then the order of use is exact; a large one evicts the least recently used of a shard.

use super::codec::{self, Source, StateError, Wire, checksum};
use super::features::TurnFeatures;
use super::recurrent::Turn;
use super::state::{Analysis, SessionState};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shards of a large table: more than a machine's busy threads, so that two seldom want the same.
const SHARDS_MAX: usize = 16;
/// A shard holds at least so many sessions; below it the cut costs more than it gives.
const SHARD_SESSIONS_MIN: usize = 256;
/// Expired sessions removed with one event: enough to keep up, few enough for a constant cost.
const EXPIRED_PER_EVENT: usize = 2;

const NOBODY: u32 = u32::MAX;
const TABLE_MAGIC: &[u8; 7] = b"AIMDTAB";

/// Counters of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableStats {
    /// Sessions held now.
    pub sessions: u64,
    /// Events taken in.
    pub events: u64,
    /// Sessions begun.
    pub created: u64,
    /// Sessions dropped because the table was full.
    pub evicted: u64,
    /// Sessions dropped because they were idle for too long.
    pub expired: u64,
}

struct Slot {
    key: Arc<str>,
    state: Box<SessionState>,
    seen_ns: i64,
    newer: u32,
    older: u32,
}

struct Shard {
    places: HashMap<Arc<str>, u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    sessions_max: usize,
    stats: TableStats,
}

/// Sessions by id.
pub struct SessionTable {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    ttl_ns: i64,
}

impl Shard {
    fn new(sessions_max: usize) -> Self {
        Self {
            places: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NOBODY,
            oldest: NOBODY,
            sessions_max,
            stats: TableStats::default(),
        }
    }

    fn slot(&mut self, place: u32) -> Option<&mut Slot> {
        self.slots.get_mut(place as usize)
    }

    fn unlink(&mut self, place: u32) {
        let Some((newer, older)) = self.slot(place).map(|slot| (slot.newer, slot.older)) else {
            return;
        };
        match self.slot(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slot(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, place: u32) {
        let before = self.newest;
        if let Some(slot) = self.slot(place) {
            slot.newer = NOBODY;
            slot.older = before;
        }
        match self.slot(before) {
            Some(slot) => slot.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
    }

    fn drop_place(&mut self, place: u32) {
        self.unlink(place);
        if let Some(key) = self.slot(place).map(|slot| Arc::clone(&slot.key)) {
            self.places.remove(&key);
            self.free.push(place);
        }
    }

    /// Removes the longest unused sessions that are older than the limit at `now_ns`.
    fn expire(&mut self, now_ns: i64, ttl_ns: i64) {
        for _ in 0..EXPIRED_PER_EVENT {
            let oldest = self.oldest;
            let Some(slot) = self.slot(oldest) else { return };
            if slot.seen_ns < 0 || now_ns.saturating_sub(slot.seen_ns) <= ttl_ns {
                return;
            }
            self.drop_place(oldest);
            self.stats.expired += 1;
        }
    }

    /// The place of the session, made if it is new, and now the most recently used.
    fn touch(&mut self, key: &str) -> u32 {
        if let Some(place) = self.places.get(key).copied() {
            if self.newest != place {
                self.unlink(place);
                self.link_newest(place);
            }
            return place;
        }
        if self.places.len() >= self.sessions_max {
            self.drop_place(self.oldest);
            self.stats.evicted += 1;
        }
        let key: Arc<str> = Arc::from(key);
        let place = self.fill_place(Arc::clone(&key));
        self.places.insert(key, place);
        self.link_newest(place);
        self.stats.created += 1;
        place
    }

    fn fill_place(&mut self, key: Arc<str>) -> u32 {
        if let Some(place) = self.free.pop()
            && let Some(slot) = self.slot(place)
        {
            slot.key = key;
            *slot.state = SessionState::default();
            slot.seen_ns = -1;
            return place;
        }
        self.slots.push(Slot {
            key,
            state: Box::default(),
            seen_ns: -1,
            newer: NOBODY,
            older: NOBODY,
        });
        (self.slots.len() - 1) as u32
    }
}

impl SessionTable {
    /// A table of at most `sessions_max` sessions (at least one); a session idle for longer than `ttl_ns` is forgotten.
    pub fn new(sessions_max: usize, ttl_ns: i64) -> Self {
        let sessions_max = sessions_max.clamp(1, NOBODY as usize - 1);
        let shards = (sessions_max / SHARD_SESSIONS_MIN).clamp(1, SHARDS_MAX);
        let each = sessions_max.div_ceil(shards);
        Self {
            shards: (0..shards).map(|_| Mutex::new(Shard::new(each))).collect(),
            hasher: RandomState::new(),
            ttl_ns: ttl_ns.max(1),
        }
    }

    fn shard(&self, key: &str) -> Option<MutexGuard<'_, Shard>> {
        let position = self.hasher.hash_one(key) as usize % self.shards.len().max(1);
        // A thread that died while it held the lock left at worst one session half updated; the others must go on.
        self.shards
            .get(position)
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in an event of a session. `time_ns` is negative when not known; with a `turn` the recurrent network is asked.
    pub fn analyze(
        &self,
        key: &str,
        features: &TurnFeatures,
        time_ns: i64,
        turn: Option<&Turn<'_>>,
    ) -> Analysis {
        let Some(mut shard) = self.shard(key) else {
            return Analysis::default();
        };
        if time_ns >= 0 {
            shard.expire(time_ns, self.ttl_ns);
        }
        let place = shard.touch(key);
        shard.stats.events += 1;
        let ttl_ns = self.ttl_ns;
        let Some(slot) = shard.slot(place) else {
            return Analysis::default();
        };
        if time_ns >= 0 {
            if slot.seen_ns >= 0 && time_ns.saturating_sub(slot.seen_ns) > ttl_ns {
                *slot.state = SessionState::default();
            }
            slot.seen_ns = time_ns;
        }
        match turn {
            Some(turn) => slot.state.analyze_turn(features, time_ns, turn),
            None => slot.state.analyze(features, time_ns),
        }
    }

    /// The session's state as bytes, if it is held.
    pub fn export(&self, key: &str) -> Option<Vec<u8>> {
        let mut shard = self.shard(key)?;
        let place = *shard.places.get(key)?;
        shard.slot(place).map(|slot| codec::export(&slot.state))
    }

    /// Puts a session's state in place of what is held under the id.
    pub fn restore(&self, key: &str, bytes: &[u8]) -> Result<(), StateError> {
        let state = codec::restore(bytes)?;
        self.put(key, state);
        Ok(())
    }

    fn put(&self, key: &str, state: SessionState) {
        let Some(mut shard) = self.shard(key) else { return };
        let place = shard.touch(key);
        if let Some(slot) = shard.slot(place) {
            slot.seen_ns = state.time_ns;
            *slot.state = state;
        }
    }

    /// Forgets a session; tells whether there was one.
    pub fn remove(&self, key: &str) -> bool {
        let Some(mut shard) = self.shard(key) else {
            return false;
        };
        let Some(place) = shard.places.get(key).copied() else {
            return false;
        };
        shard.drop_place(place);
        true
    }

    /// Whether the session is held.
    pub fn contains(&self, key: &str) -> bool {
        self.shard(key)
            .is_some_and(|shard| shard.places.contains_key(key))
    }

    /// Ids of all sessions held, in no order.
    pub fn keys(&self) -> Vec<Arc<str>> {
        self.locked()
            .flat_map(|shard| shard.places.keys().cloned().collect::<Vec<_>>())
            .collect()
    }

    fn locked(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counters, summed over the shards.
    pub fn stats(&self) -> TableStats {
        self.locked()
            .fold(TableStats::default(), |sum, shard| TableStats {
                sessions: sum.sessions + shard.places.len() as u64,
                events: sum.events + shard.stats.events,
                created: sum.created + shard.stats.created,
                evicted: sum.evicted + shard.stats.evicted,
                expired: sum.expired + shard.stats.expired,
            })
    }

    /// All sessions as bytes, the least recently used of each shard first, so that a restore keeps the order of use.
    pub fn export_all(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut count = 0_u32;
        for mut shard in self.locked() {
            let mut place = shard.oldest;
            while let Some(slot) = shard.slot(place) {
                (slot.key.len() as u32).put(&mut body);
                body.extend_from_slice(slot.key.as_bytes());
                let state = codec::export(&slot.state);
                (state.len() as u32).put(&mut body);
                body.extend_from_slice(&state);
                count += 1;
                place = slot.newer;
            }
        }
        let mut bytes = Vec::with_capacity(body.len() + 24);
        bytes.extend_from_slice(TABLE_MAGIC);
        codec::STATE_VERSION.put(&mut bytes);
        count.put(&mut bytes);
        bytes.extend_from_slice(&body);
        checksum(&bytes).put(&mut bytes);
        bytes
    }

    /// Adds all sessions of an export; nothing is added when any of it is damaged. Returns their number.
    pub fn restore_all(&self, bytes: &[u8]) -> Result<u32, StateError> {
        let (checked, stored) = bytes
            .split_at_checked(bytes.len().saturating_sub(8))
            .ok_or(StateError::Length)?;
        let mut source = Source(checked);
        if source.bytes(TABLE_MAGIC.len()) != Ok(TABLE_MAGIC.as_slice()) {
            return Err(StateError::Magic);
        }
        let version = u8::take(&mut source)?;
        if version != codec::STATE_VERSION {
            return Err(StateError::Version(version));
        }
        if u64::take(&mut Source(stored))? != checksum(checked) {
            return Err(StateError::Checksum);
        }
        let count = u32::take(&mut source)?;
        let mut sessions = Vec::new();
        for _ in 0..count {
            let length = u32::take(&mut source)? as usize;
            let key =
                std::str::from_utf8(source.bytes(length)?).map_err(|_| StateError::Value("session id"))?;
            let length = u32::take(&mut source)? as usize;
            sessions.push((key, codec::restore(source.bytes(length)?)?));
        }
        if !source.0.is_empty() {
            return Err(StateError::Length);
        }
        for (key, state) in sessions {
            self.put(key, state);
        }
        Ok(count)
    }
}
