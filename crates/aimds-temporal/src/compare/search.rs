//! Nearest series of a library, in the order of the UCR suite (Rakthanmanon et al. 2012): the cheapest bound first, the
//! full alignment only for what no bound could drop.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are positions in the library's own parallel vectors"
)]

use super::dtw::{DtwScratch, squared_cost};
use super::lower_bounds::{Envelope, squared_keogh, squared_kim};
use super::series::Series;
use super::{CompareError, LIBRARY_SERIES_MAX};
use std::borrow::Cow;

/// One answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Position in the library, in order of insertion.
    pub index: usize,
    /// DTW distance.
    pub distance: f64,
}

/// What became of the candidates; the four counts sum to the size of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchCounts {
    /// Dropped by their end points.
    pub pruned_by_kim: usize,
    /// Dropped by the envelope.
    pub pruned_by_keogh: usize,
    /// Alignments given up early.
    pub abandoned: usize,
    /// Alignments finished.
    pub aligned: usize,
}

/// The matches, nearest first (equal distances in order of insertion), and the work they took.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOutcome {
    /// At most as many as asked for.
    pub matches: Vec<Match>,
    /// How the candidates fared.
    pub counts: SearchCounts,
}

/// Series to search, all of one width, compared within one band.
#[derive(Debug, Clone)]
pub struct Library {
    entries: Vec<Entry>,
    dimensions: usize,
    band: Option<usize>,
}

#[derive(Debug, Clone)]
struct Entry {
    series: Series<'static>,
    envelope: Envelope, // for queries of the entry's own length; other lengths get theirs at the search
}

impl Library {
    /// An empty library for points of `dimensions` numbers.
    pub fn new(dimensions: usize, band: Option<usize>) -> Self {
        Self {
            entries: Vec::new(),
            dimensions,
            band,
        }
    }

    /// Adds a series and returns its index.
    pub fn push(&mut self, series: Series<'_>) -> Result<usize, CompareError> {
        if series.dimensions() != self.dimensions {
            return Err(CompareError::DimensionsDiffer {
                left: self.dimensions,
                right: series.dimensions(),
            });
        }
        if self.entries.len() >= LIBRARY_SERIES_MAX {
            return Err(CompareError::LibraryFull {
                limit: LIBRARY_SERIES_MAX,
            });
        }
        let series = series.into_owned();
        let envelope = Envelope::new(&series, series.points(), self.band);
        self.entries.push(Entry { series, envelope });
        Ok(self.entries.len() - 1)
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The `count` series nearest to `query` with a distance of at most `distance_max`.
    pub fn nearest(
        &self,
        query: &Series<'_>,
        count: usize,
        distance_max: f64,
    ) -> Result<SearchOutcome, CompareError> {
        if query.dimensions() != self.dimensions {
            return Err(CompareError::DimensionsDiffer {
                left: self.dimensions,
                right: query.dimensions(),
            });
        }
        let mut counts = SearchCounts::default();
        let mut best = Best::new(count, distance_max * distance_max);
        let mut order: Vec<(f64, usize)> = self
            .entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (squared_kim(query, &entry.series), index))
            .collect();
        // Likely candidates first: the sooner the best is small, the more the bounds drop.
        order.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        let mut scratch = DtwScratch::default();
        let mut remaining = Vec::new();
        for (position, &(kim, index)) in order.iter().enumerate() {
            if count == 0 || kim > best.limit() {
                counts.pruned_by_kim += order.len() - position;
                break;
            }
            let entry = &self.entries[index];
            let envelope = self.envelope_for(entry, query.points());
            if squared_keogh(query, &envelope, &mut remaining) > best.limit() {
                counts.pruned_by_keogh += 1;
                continue;
            }
            let band = self.band.unwrap_or(usize::MAX);
            match squared_cost(query, &entry.series, band, best.limit(), &remaining, &mut scratch) {
                None => counts.abandoned += 1,
                Some(squared) => {
                    counts.aligned += 1;
                    best.offer(squared, index);
                }
            }
        }
        let matches = best
            .kept
            .iter()
            .map(|&(squared, index)| Match {
                index,
                distance: squared.sqrt(),
            })
            .collect();
        Ok(SearchOutcome { matches, counts })
    }

    fn envelope_for<'a>(&self, entry: &'a Entry, rows: usize) -> Cow<'a, Envelope> {
        if rows == entry.series.points() {
            return Cow::Borrowed(&entry.envelope);
        }
        Cow::Owned(Envelope::new(&entry.series, rows, self.band))
    }
}

/// The best few so far, nearest first.
struct Best {
    kept: Vec<(f64, usize)>,
    count: usize,
    squared_max: f64,
}

impl Best {
    fn new(count: usize, squared_max: f64) -> Self {
        Self {
            kept: Vec::new(),
            count,
            squared_max,
        }
    }

    /// What a candidate must not exceed. Rounding may put a bound a hair above the true distance, hence the slack.
    fn limit(&self) -> f64 {
        let limit = match self.kept.last() {
            Some(&(worst, _)) if self.kept.len() == self.count => worst.min(self.squared_max),
            _ => self.squared_max,
        };
        limit * (1.0 + 1e-12)
    }

    fn offer(&mut self, squared: f64, index: usize) {
        if squared > self.squared_max {
            return;
        }
        let at = self.kept.partition_point(|&kept| kept < (squared, index));
        self.kept.insert(at, (squared, index));
        self.kept.truncate(self.count);
    }
}
