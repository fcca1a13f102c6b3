//! The pattern index: int8 vectors with attributes, searched exactly when few qualify and through an HNSW graph otherwise.
//!
//! Method: HNSW (Malkov and Yashunin 2018) by usearch. Pitfalls known of it and how this file keeps clear of them: only the
//! cosine metric on int8; files are loaded, never viewed; all writes need `&mut self`; capacity is reserved before use.

use std::collections::HashMap;

use usearch::{Index as Graph, IndexOptions, MetricKind, ScalarKind};

use crate::error::VectorError;
use crate::kernels::dot_i8;
use crate::limits::{DIMENSION_MAX, EXACT_CANDIDATES_MAX, NEIGHBOURS_MAX, PATTERNS_MAX, TABLES_MAX};

/// Links of a node; 16 is the usual compromise for some hundred dimensions.
const CONNECTIVITY: usize = 16;
const EXPANSION_ADD: usize = 96;
/// Candidates kept during a walk: gives recall@20 above 0.95 at 100,000 patterns (`benches/vectors.py` prints it).
const EXPANSION_SEARCH: usize = 64;
/// Without a selective filter an exact scan is the faster one up to about here, and it misses nothing.
const EXACT_UNFILTERED_MAX: usize = 2_000;
/// A filter that passes fewer than one in so many makes a walk visit too much.
const SELECTIVE_FRACTION: usize = 4;
/// Searches that may run at once; one more falls back to the exact scan.
const SEARCHES_MAX: usize = 64;
const CAPACITY_MIN: usize = 1_024;
const NO_KEY: u64 = u64::MAX;

/// What a pattern is marked with. The caller gives the numbers their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes {
    /// Category, below 64.
    pub category: u8,
    /// Status (active, shadow, ...), below 8.
    pub status: u8,
    /// Severity times 255.
    pub severity: u8,
    /// Where it came from.
    pub source: u8,
}

/// Which patterns a search may return: bit sets over categories and statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Bit c allows category c.
    pub categories: u64,
    /// Bit s allows status s.
    pub statuses: u8,
}

impl Filter {
    /// Allows everything.
    pub const ALL: Self = Self {
        categories: u64::MAX,
        statuses: u8::MAX,
    };

    fn passes(self, attributes: Attributes) -> bool {
        self.categories & (1 << (attributes.category % 64)) != 0
            && self.statuses & (1 << (attributes.status % 8)) != 0
    }
}

/// A pattern that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Its key.
    pub key: u64,
    /// Cosine similarity of the int8 vectors.
    pub similarity: f32,
    /// Its attributes.
    pub attributes: Attributes,
}

/// How a search was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchPlan {
    /// All candidates were compared.
    Exact,
    /// The graph was walked.
    Walk,
}

/// Figures about an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexStats {
    /// Patterns in it.
    pub patterns: usize,
    /// Memory of vectors, keys and attributes.
    pub table_bytes: usize,
    /// Memory of the graph, with its own copy of the vectors.
    pub graph_bytes: usize,
}

/// An index over int8 vectors.
pub struct PatternIndex {
    dimension: usize,
    pub(crate) fingerprint: u32,
    pub(crate) notes: String,
    graph: Graph,
    /// Slot -> key; a free slot holds `NO_KEY`.
    pub(crate) keys: Vec<u64>,
    pub(crate) attributes: Vec<Attributes>,
    pub(crate) vectors: Vec<i8>,
    lengths: Vec<f32>,
    slots: HashMap<u64, u32>,
    free: Vec<u32>,
    /// Slots by (category, status), and each slot's place in its list: counts for the planner, candidates for the scan.
    groups: HashMap<(u8, u8), Vec<u32>>,
    places: Vec<u32>,
}

impl PatternIndex {
    /// An empty index for vectors of an embedding with this fingerprint; `notes` is kept for the caller.
    pub fn new(dimension: usize, fingerprint: u32, notes: String) -> Result<Self, VectorError> {
        if !(1..=DIMENSION_MAX * TABLES_MAX).contains(&dimension) {
            return Err(VectorError::invalid(format!(
                "dimension {dimension} is out of range"
            )));
        }
        let graph = new_graph(dimension)?;
        reserve(&graph, CAPACITY_MIN)?;
        Ok(Self {
            dimension,
            fingerprint,
            notes,
            graph,
            keys: Vec::new(),
            attributes: Vec::new(),
            vectors: Vec::new(),
            lengths: Vec::new(),
            slots: HashMap::new(),
            free: Vec::new(),
            groups: HashMap::new(),
            places: Vec::new(),
        })
    }

    /// Puts an index together from its tables and, if it fits them, its serialised graph; else the graph is built anew.
    pub(crate) fn from_parts(
        dimension: usize,
        fingerprint: u32,
        notes: String,
        rows: Vec<(u64, Attributes)>,
        vectors: &[i8],
        graph: &[u8],
    ) -> Result<Self, VectorError> {
        let mut index = Self::new(dimension, fingerprint, notes)?;
        let mut loaded = false;
        if !graph.is_empty() && index.graph.load_from_buffer(graph).is_ok() {
            let live = rows.iter().filter(|(key, _)| *key != NO_KEY).count();
            loaded = index.graph.size() == live && index.graph.dimensions() == dimension;
        }
        if loaded {
            reserve(&index.graph, rows.len().max(CAPACITY_MIN))?;
        } else {
            index.graph = new_graph(dimension)?;
            reserve(&index.graph, rows.len().max(CAPACITY_MIN))?;
        }
        for ((key, attributes), vector) in rows.into_iter().zip(vectors.chunks_exact(dimension)) {
            let slot = index.keys.len() as u32;
            index.push_slot(vector);
            if key == NO_KEY {
                index.free.push(slot);
                continue;
            }
            if index.slots.contains_key(&key) || length_of(vector) == 0.0 {
                return Err(VectorError::corrupt(
                    "keys",
                    format!("key {key} stands twice or has no vector"),
                ));
            }
            if !loaded {
                index
                    .graph
                    .add(u64::from(slot), vector)
                    .map_err(|error| graph_error(&error))?;
            }
            index.occupy(slot, key, attributes, vector);
        }
        Ok(index)
    }

    /// Length of the vectors.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Fingerprint of the embedding that made the vectors.
    pub fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    /// What the caller keeps with the index.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Patterns in the index.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Figures about memory.
    pub fn stats(&self) -> IndexStats {
        let slot_bytes = size_of::<u64>() + size_of::<Attributes>() + size_of::<f32>() + size_of::<u32>();
        IndexStats {
            patterns: self.len(),
            table_bytes: self.vectors.capacity()
                + self.keys.capacity() * slot_bytes
                + self.slots.capacity() * 16,
            graph_bytes: self.graph.memory_usage(),
        }
    }

    /// Makes room for so many more patterns at once, so that no space is doubled on the way. A few are left to `add`,
    /// for making room for each alone would copy everything each time.
    pub fn reserve(&mut self, additional: usize) -> Result<(), VectorError> {
        if additional < self.keys.len() / 2 {
            return Ok(());
        }
        let wanted = (self.keys.len() + additional).min(PATTERNS_MAX) + 1;
        if wanted >= self.graph.capacity() {
            reserve(&self.graph, wanted)?;
        }
        self.vectors
            .reserve_exact((wanted - 1).saturating_sub(self.keys.len()) * self.dimension);
        Ok(())
    }

    /// Adds a pattern, or replaces the one of the same key.
    pub fn add(&mut self, key: u64, vector: &[i8], attributes: Attributes) -> Result<(), VectorError> {
        if vector.len() != self.dimension {
            return Err(VectorError::invalid(format!(
                "the vector has {} numbers, the index {}",
                vector.len(),
                self.dimension
            )));
        }
        if key == NO_KEY || attributes.category >= 64 || attributes.status >= 8 {
            return Err(VectorError::invalid("key, category or status is out of range"));
        }
        if length_of(vector) == 0.0 {
            return Err(VectorError::invalid("a vector of zeros has no direction"));
        }
        self.remove(key)?;
        if self.len() >= PATTERNS_MAX {
            return Err(VectorError::invalid(format!(
                "the index is full: {PATTERNS_MAX} patterns"
            )));
        }
        let slot = if let Some(&slot) = self.free.last() {
            slot
        } else {
            let slot = self.keys.len();
            if slot + 1 >= self.graph.capacity() {
                reserve(&self.graph, (slot + 1) * 2)?;
            }
            slot as u32
        };
        self.graph
            .add(u64::from(slot), vector)
            .map_err(|error| graph_error(&error))?;
        if self.free.pop().is_none() {
            self.push_slot(vector);
        }
        self.occupy(slot, key, attributes, vector);
        Ok(())
    }

    /// Takes a pattern out; `false` if there is none of this key.
    pub fn remove(&mut self, key: u64) -> Result<bool, VectorError> {
        let Some(&slot) = self.slots.get(&key) else {
            return Ok(false);
        };
        self.graph
            .remove(u64::from(slot))
            .map_err(|error| graph_error(&error))?;
        self.slots.remove(&key);
        self.leave_group(slot);
        if let Some(stored) = self.keys.get_mut(slot as usize) {
            *stored = NO_KEY;
        }
        self.free.push(slot);
        Ok(true)
    }

    /// Changes a pattern's attributes; `false` if there is none of this key.
    pub fn set_attributes(&mut self, key: u64, attributes: Attributes) -> bool {
        let Some(&slot) = self.slots.get(&key) else {
            return false;
        };
        if attributes.category >= 64 || attributes.status >= 8 {
            return false;
        }
        self.leave_group(slot);
        self.join_group(slot, attributes);
        true
    }

    /// A pattern's vector and attributes.
    pub fn get(&self, key: u64) -> Option<(&[i8], Attributes)> {
        let slot = *self.slots.get(&key)? as usize;
        Some((self.vector(slot)?, *self.attributes.get(slot)?))
    }

    /// All keys with their attributes, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Attributes)> {
        let rows = self.keys.iter().copied().zip(self.attributes.iter().copied());
        rows.filter(|(key, _)| *key != NO_KEY)
    }

    /// The `count` most similar patterns that pass the filter, best first.
    pub fn search(
        &self,
        query: &[i8],
        count: usize,
        filter: Filter,
    ) -> Result<(Vec<Match>, SearchPlan), VectorError> {
        if query.len() != self.dimension {
            return Err(VectorError::invalid(format!(
                "the query has {} numbers, the index {}",
                query.len(),
                self.dimension
            )));
        }
        let count = count.min(NEIGHBOURS_MAX);
        let candidates = self.candidates(filter);
        if count == 0 || candidates == 0 || length_of(query) == 0.0 {
            return Ok((Vec::new(), SearchPlan::Exact));
        }
        let selective = candidates.saturating_mul(SELECTIVE_FRACTION) < self.len();
        let exact_max = if selective {
            EXACT_CANDIDATES_MAX
        } else {
            EXACT_UNFILTERED_MAX
        };
        if candidates > exact_max
            && let Some(found) = self.walk(query, count, filter)
        {
            return Ok((found, SearchPlan::Walk));
        }
        Ok((self.scan(query, count, filter), SearchPlan::Exact))
    }

    /// The exact answer, whatever it costs: the oracle of the walk.
    pub fn scan(&self, query: &[i8], count: usize, filter: Filter) -> Vec<Match> {
        let query_length = length_of(query);
        let groups = self.groups.iter().filter(|((category, status), _)| {
            filter.passes(Attributes {
                category: *category,
                status: *status,
                ..Attributes::default()
            })
        });
        let slots = groups.flat_map(|(_, slots)| slots);
        let mut found: Vec<Match> = slots
            .filter_map(|&slot| self.match_of(slot as usize, query, query_length))
            .collect();
        if found.len() > count && count > 0 {
            found.select_nth_unstable_by(count - 1, by_similarity);
        }
        found.truncate(count);
        found.sort_unstable_by(by_similarity);
        found
    }

    fn walk(&self, query: &[i8], count: usize, filter: Filter) -> Option<Vec<Match>> {
        let passes = |slot: u64| {
            self.attributes
                .get(slot as usize)
                .is_some_and(|attributes| filter.passes(*attributes))
        };
        let result = if filter == Filter::ALL {
            self.graph.search(query, count)
        } else {
            self.graph.filtered_search(query, count, passes)
        };
        // The only error a walk can meet is that all search contexts are taken; the exact scan needs none.
        let matches = result.ok()?;
        let query_length = length_of(query);
        let slots = matches.keys.iter();
        let mut found: Vec<Match> = slots
            .filter_map(|&slot| self.match_of(slot as usize, query, query_length))
            .collect();
        found.sort_unstable_by(by_similarity);
        Some(found)
    }

    fn match_of(&self, slot: usize, query: &[i8], query_length: f32) -> Option<Match> {
        let key = *self.keys.get(slot)?;
        let length = *self.lengths.get(slot)?;
        (key != NO_KEY && length > 0.0).then_some(())?;
        Some(Match {
            key,
            similarity: dot_i8(query, self.vector(slot)?) as f32 / (length * query_length),
            attributes: *self.attributes.get(slot)?,
        })
    }

    fn candidates(&self, filter: Filter) -> usize {
        if filter == Filter::ALL {
            return self.len();
        }
        let groups = self.groups.iter().filter(|((category, status), _)| {
            filter.passes(Attributes {
                category: *category,
                status: *status,
                ..Attributes::default()
            })
        });
        groups.map(|(_, slots)| slots.len()).sum()
    }

    /// The graph in its own serialisation.
    pub(crate) fn graph_bytes(&self) -> Result<Vec<u8>, VectorError> {
        let mut buffer = vec![0; self.graph.serialized_length()];
        self.graph
            .save_to_buffer(&mut buffer)
            .map_err(|error| graph_error(&error))?;
        Ok(buffer)
    }

    fn vector(&self, slot: usize) -> Option<&[i8]> {
        self.vectors
            .get(slot * self.dimension..(slot + 1) * self.dimension)
    }

    fn push_slot(&mut self, vector: &[i8]) {
        self.keys.push(NO_KEY);
        self.attributes.push(Attributes::default());
        self.vectors.extend_from_slice(vector);
        self.lengths.push(0.0);
        self.places.push(0);
    }

    fn occupy(&mut self, slot: u32, key: u64, attributes: Attributes, vector: &[i8]) {
        let at = slot as usize;
        if let Some(stored) = self.keys.get_mut(at) {
            *stored = key;
        }
        if let Some(stored) = self
            .vectors
            .get_mut(at * self.dimension..(at + 1) * self.dimension)
        {
            stored.copy_from_slice(vector);
        }
        if let Some(length) = self.lengths.get_mut(at) {
            *length = length_of(vector);
        }
        self.slots.insert(key, slot);
        self.join_group(slot, attributes);
    }

    fn join_group(&mut self, slot: u32, attributes: Attributes) {
        let group = self
            .groups
            .entry((attributes.category, attributes.status))
            .or_default();
        if let Some(place) = self.places.get_mut(slot as usize) {
            *place = group.len() as u32;
        }
        group.push(slot);
        if let Some(stored) = self.attributes.get_mut(slot as usize) {
            *stored = attributes;
        }
    }

    fn leave_group(&mut self, slot: u32) {
        let (Some(attributes), Some(&place)) =
            (self.attributes.get(slot as usize), self.places.get(slot as usize))
        else {
            return;
        };
        let Some(group) = self.groups.get_mut(&(attributes.category, attributes.status)) else {
            return;
        };
        if (place as usize) < group.len() {
            group.swap_remove(place as usize);
        }
        if let Some(&moved) = group.get(place as usize)
            && let Some(moved_place) = self.places.get_mut(moved as usize)
        {
            *moved_place = place;
        }
    }
}

fn by_similarity(left: &Match, right: &Match) -> std::cmp::Ordering {
    right
        .similarity
        .total_cmp(&left.similarity)
        .then(left.key.cmp(&right.key))
}

fn length_of(vector: &[i8]) -> f32 {
    (dot_i8(vector, vector) as f32).sqrt()
}

fn new_graph(dimension: usize) -> Result<Graph, VectorError> {
    Graph::new(&IndexOptions {
        dimensions: dimension,
        metric: MetricKind::Cos,
        quantization: ScalarKind::I8,
        connectivity: CONNECTIVITY,
        expansion_add: EXPANSION_ADD,
        expansion_search: EXPANSION_SEARCH,
        multi: false,
    })
    .map_err(|error| graph_error(&error))
}

fn reserve(graph: &Graph, capacity: usize) -> Result<(), VectorError> {
    graph
        .reserve_capacity_and_threads(capacity, SEARCHES_MAX)
        .map_err(|error| graph_error(&error))
}

fn graph_error(error: &impl std::fmt::Display) -> VectorError {
    VectorError::invalid(format!("graph: {error}"))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
