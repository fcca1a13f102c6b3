//! Hashes of text: stable 64-bit word and text hashes, and the similarity hash of Charikar (STOC 2002).
//!
//! The hashes are part of exported session states, so they never change within a format version. They are not
//! cryptographic: an attacker who makes two texts collide makes his own session look repetitive, and nothing else.

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Running FNV-1a over code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(FNV_OFFSET)
    }
}

impl Fnv {
    /// Takes in one code point (or any small number).
    #[inline]
    pub fn push(&mut self, value: u32) {
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(FNV_PRIME);
    }

    /// The hash of what was pushed, with its bits well mixed.
    #[inline]
    pub fn finish(self) -> u64 {
        mix(self.0)
    }
}

/// The finaliser of splitmix64: every input bit reaches every output bit.
#[inline]
pub fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Hash of an ordered pair of hashes.
#[inline]
pub fn combine(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(17) ^ second.wrapping_mul(FNV_PRIME))
}

/// Hash of a whole string, as [`Fnv`] makes it.
pub fn hash_text(text: &str) -> u64 {
    let mut state = Fnv::default();
    for letter in text.chars() {
        state.push(u32::from(letter));
    }
    state.finish()
}

/// Bits in which two similarity hashes differ; about 64/pi times the angle between the two bags of words.
#[inline]
pub fn hamming(first: u64, second: u64) -> u32 {
    (first ^ second).count_ones()
}

/// Counts how often each of 64 bits was set, as binary numbers stored across words: plane `k` holds bit `k` of all
/// 64 counters, so adding a hash costs a few word operations instead of 64 additions.
#[derive(Debug, Clone)]
pub struct SimhashCounter {
    planes: [u64; PLANES],
    total: u64,
}

/// 2^24 weighted words fit; texts are bounded to a million characters long before.
const PLANES: usize = 24;

impl Default for SimhashCounter {
    fn default() -> Self {
        Self {
            planes: [0; PLANES],
            total: 0,
        }
    }
}

impl SimhashCounter {
    /// Adds a hash with a weight of 1 to 3.
    #[inline]
    pub fn add(&mut self, hash: u64, weight: u8) {
        if weight & 1 != 0 {
            self.add_from(0, hash);
        }
        if weight & 2 != 0 {
            self.add_from(1, hash);
        }
        self.total = self.total.saturating_add(u64::from(weight & 3));
    }

    #[inline]
    fn add_from(&mut self, plane: usize, hash: u64) {
        let mut carry = hash;
        for counter in self.planes.iter_mut().skip(plane) {
            let overflow = *counter & carry;
            *counter ^= carry;
            carry = overflow;
            if carry == 0 {
                return;
            }
        }
    }

    /// The similarity hash: each bit is what the (weighted) majority of hashes had.
    pub fn finish(&self) -> u64 {
        let mut result = 0_u64;
        for bit in 0..64_u32 {
            let count = self
                .planes
                .iter()
                .zip(0_u32..)
                .map(|(plane, power)| ((plane >> bit) & 1) << power)
                .sum::<u64>();
            if count.saturating_mul(2) > self.total {
                result |= 1 << bit;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain_simhash(hashes: &[(u64, u8)]) -> u64 {
        (0..64).fold(0, |result, bit| {
            let balance: i64 = hashes
                .iter()
                .map(|(hash, weight)| {
                    if hash >> bit & 1 == 1 {
                        i64::from(*weight)
                    } else {
                        -i64::from(*weight)
                    }
                })
                .sum();
            result | (u64::from(balance > 0) << bit)
        })
    }

    proptest! {
        /// The sliced counter equals 64 plain counters.
        #[test]
        fn sliced_counter_is_a_counter(hashes in proptest::collection::vec((any::<u64>(), 1_u8..4), 0..200)) {
            let mut counter = SimhashCounter::default();
            for (hash, weight) in &hashes {
                counter.add(*hash, *weight);
            }
            prop_assert_eq!(counter.finish(), plain_simhash(&hashes));
        }
    }

    #[test]
    fn known_hashes_never_change() {
        // Exported states hold these values: a change of the hash is a change of the format version.
        assert_eq!(hash_text(""), mix(FNV_OFFSET));
        assert_eq!(
            hash_text("a"),
            mix(0xaf63_dc4c_8601_ec8c),
            "FNV-1a of `a` as published, then mixed"
        );
    }
}
