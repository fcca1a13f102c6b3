//! For every distinct token of a pattern, the bit mask of the positions where it stands.
#![expect(
    clippy::indexing_slicing,
    reason = "row numbers and slots are the table's own; masks are sized at the start"
)]

/// Tokens below this are looked up directly: all bytes, hence ASCII and Latin-1 text.
const DIRECT: usize = 256;

/// Position masks of a pattern, `words` machine words each; row 0 is the mask of every absent token.
pub(super) struct PositionMasks {
    direct: [u16; DIRECT],
    slots: Vec<(u64, u16)>, // open addressing, linear probing; row 0 marks a free slot
    shift: u32,
    masks: Vec<u64>,
    words: usize,
}

impl PositionMasks {
    /// The masks of `pattern`, whose length the callers keep below 2^16 (`TOKENS_MAX`), so that a row number fits.
    pub(super) fn new(pattern: impl ExactSizeIterator<Item = u64> + Clone) -> Self {
        let length = pattern.len();
        let words = length.div_ceil(64);
        let large = pattern.clone().filter(|&token| token >= DIRECT as u64).count();
        let slots = if large == 0 {
            0
        } else {
            (large * 2).next_power_of_two()
        };
        let mut table = Self {
            direct: [0; DIRECT],
            slots: vec![(0, 0); slots],
            shift: 64 - slots.max(2).trailing_zeros(),
            masks: Vec::with_capacity((length.min(64) + 1) * words),
            words,
        };
        table.masks.resize(words, 0);
        for (position, token) in pattern.enumerate() {
            let row = table.row_or_insert(token);
            table.masks[row * words + position / 64] |= 1 << (position % 64);
        }
        table
    }

    /// The mask of a token.
    #[inline]
    pub(super) fn get(&self, token: u64) -> &[u64] {
        let row = match usize::try_from(token) {
            Ok(small) if small < DIRECT => usize::from(self.direct[small]),
            _ if self.slots.is_empty() => 0,
            _ => usize::from(self.slots[self.find(token)].1),
        };
        &self.masks[row * self.words..(row + 1) * self.words]
    }

    /// The slot where a large token is, or would go. The table is at most half full, so there is always a free one; a
    /// pattern made to collide costs its own length a look-up, which the limit on tokens bounds.
    #[inline]
    fn find(&self, token: u64) -> usize {
        let mut slot = (token.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize;
        while self.slots[slot].1 != 0 && self.slots[slot].0 != token {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    fn row_or_insert(&mut self, token: u64) -> usize {
        let next = (self.masks.len() / self.words) as u16;
        let row = if token < DIRECT as u64 {
            &mut self.direct[token as usize]
        } else {
            let slot = self.find(token);
            self.slots[slot].0 = token;
            &mut self.slots[slot].1
        };
        if *row == 0 {
            *row = next;
            self.masks.resize(self.masks.len() + self.words, 0);
        }
        usize::from(*row)
    }
}
