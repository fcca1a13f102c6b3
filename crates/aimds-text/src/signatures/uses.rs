//! What phrases and literals are used for, by their number: one list behind the other, so that a hit waits for memory less than
//! with a list for each.

/// The uses of many literals.
#[derive(Debug)]
pub struct Uses<U> {
    all: Vec<U>,
    /// Where those of each literal end.
    ends: Vec<u32>,
}

impl<U> Uses<U> {
    /// Takes the uses of each literal.
    pub fn new(uses: Vec<Vec<U>>) -> Self {
        let mut flat = Self {
            all: Vec::new(),
            ends: Vec::with_capacity(uses.len()),
        };
        for uses in uses {
            flat.all.extend(uses);
            flat.ends.push(flat.all.len() as u32);
        }
        flat
    }

    /// The uses of one literal.
    pub fn of(&self, literal: usize) -> &[U] {
        let before = literal.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or_default() as usize;
        let end = self.ends.get(literal).copied().unwrap_or_default() as usize;
        self.all.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Uses;

    #[test]
    fn each_literal_has_its_own_uses() {
        let uses = Uses::new(vec![vec![1], vec![], vec![2, 3]]);
        assert_eq!(uses.of(0), [1]);
        assert_eq!(uses.of(1), [] as [i32; 0]);
        assert_eq!(uses.of(2), [2, 3]);
        assert_eq!(uses.of(3), [] as [i32; 0], "there is no such literal");
    }
}
