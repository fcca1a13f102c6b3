//! Every bound of normalisation, and the account of what was spent. All are counted, none is timed: the same text
//! gives the same views on every machine.

/// How much may be decoded from one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Decoding steps that may follow one another. Payloads in the wild nest once or twice; each further level costs a
    /// whole pass over what the level before yielded.
    pub depth_max: usize,
    /// Decoded pieces (blobs, rewritten readings) over all levels. A reader of findings looks at a handful.
    pub candidates_max: usize,
    /// Bytes of all views together, as a multiple of the input: what later rooms must read is bounded by this.
    pub output_factor_max: usize,
    /// Bytes looked at by decoders, as a multiple of the input.
    pub work_factor_max: usize,
}

impl Limits {
    /// The limits that ship.
    pub const DEFAULT: Self = Self {
        depth_max: 3,
        candidates_max: 64,
        output_factor_max: 4,
        work_factor_max: 44,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Longest input in bytes: one million characters of four bytes, the limit of one event. A longer text is not
/// decoded: its only view is itself, and `incomplete` says so.
pub const INPUT_BYTES_MAX: usize = 4_000_000;

/// A short text may grow to this many bytes whatever the factor says: one ligature becomes eighteen letters, and a page of
/// markup honestly has half a dozen readings.
pub const OUTPUT_BYTES_FLOOR: usize = 16 * 1024;

/// A short text may cost this many bytes of work whatever the factor says.
pub const WORK_BYTES_FLOOR: usize = 1024 * 1024;

/// Which bound stopped normalisation before everything was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// The text is longer than [`INPUT_BYTES_MAX`].
    Input,
    /// A view of the deepest level could be decoded further.
    Depth,
    /// More pieces than [`Limits::candidates_max`].
    Candidates,
    /// The views would pass [`Limits::output_factor_max`].
    Output,
    /// The decoders would pass [`Limits::work_factor_max`].
    Work,
}

impl Bound {
    /// The name that reports show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input_bytes",
            Self::Depth => "depth",
            Self::Candidates => "candidates",
            Self::Output => "output_bytes",
            Self::Work => "work_bytes",
        }
    }
}

/// What is left of the limits, and which of them were hit.
#[derive(Debug)]
pub(crate) struct Budget {
    candidates: usize,
    output: usize,
    work: usize,
    hit: Vec<Bound>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits, input_bytes: usize) -> Self {
        Self {
            candidates: limits.candidates_max,
            output: input_bytes
                .saturating_mul(limits.output_factor_max)
                .max(OUTPUT_BYTES_FLOOR),
            work: input_bytes
                .saturating_mul(limits.work_factor_max)
                .max(WORK_BYTES_FLOOR),
            hit: Vec::new(),
        }
    }

    /// Takes `bytes` of work; false, and the bound noted, when there is not enough left.
    pub(crate) fn work(&mut self, bytes: usize) -> bool {
        take(&mut self.work, bytes) || self.note(Bound::Work)
    }

    /// Takes one decoded piece.
    pub(crate) fn candidate(&mut self) -> bool {
        take(&mut self.candidates, 1) || self.note(Bound::Candidates)
    }

    /// Takes `bytes` of view text.
    pub(crate) fn output(&mut self, bytes: usize) -> bool {
        take(&mut self.output, bytes) || self.note(Bound::Output)
    }

    /// Bytes of view text that may still be made.
    pub(crate) fn output_left(&self) -> usize {
        self.output
    }

    /// Notes that a bound was hit; always false, so that callers can return it.
    pub(crate) fn note(&mut self, bound: Bound) -> bool {
        if !self.hit.contains(&bound) {
            self.hit.push(bound);
        }
        false
    }

    /// The bounds that were hit, in the order of [`Bound`].
    pub(crate) fn into_hit(mut self) -> Vec<Bound> {
        self.hit.sort_unstable();
        self.hit
    }
}

fn take(left: &mut usize, amount: usize) -> bool {
    match left.checked_sub(amount) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
