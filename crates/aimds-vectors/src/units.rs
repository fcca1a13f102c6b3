//! Cuts a text into units (words, single ideographs, single symbols) and the units into overlapping windows.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::hashed::{SEED, step};
use crate::limits::UNIT_CHARACTERS_MAX;

/// One unit of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// First byte in the text.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Characters (code points).
    pub characters: u32,
    /// Whether it consists of word characters.
    pub is_word: bool,
    /// Hash of its lower-cased code points (`docs/model-formats.md`, section 6).
    pub hash: u64,
    lower_start: u32,
    lower_end: u32,
}

/// The units of one text, with their lower-cased code points.
#[derive(Debug, Clone, Default)]
pub struct Units {
    units: Vec<Unit>,
    lower: Vec<u32>,
}

impl Units {
    /// Segments `text`, which must be shorter than 4 GiB (events are bounded far below).
    pub fn of(text: &str) -> Self {
        let mut result = Self {
            units: Vec::with_capacity(text.len() / 5 + 1),
            lower: Vec::with_capacity(text.len() + 1),
        };
        let mut open: Option<Unit> = None;
        for (at, character) in text.char_indices() {
            let end = (at + character.len_utf8()) as u32;
            let class = class_of(character);
            if let Some(mut unit) = open.take() {
                if class == Class::Word && unit.characters < UNIT_CHARACTERS_MAX {
                    unit.end = end;
                    unit.characters += 1;
                    result.push_lower(&mut unit, character);
                    open = Some(unit);
                    continue;
                }
                result.units.push(unit);
            }
            if class == Class::Space {
                continue;
            }
            let lower_start = result.lower.len() as u32;
            let mut unit = Unit {
                start: at as u32,
                end,
                characters: 1,
                is_word: class != Class::Symbol,
                hash: SEED,
                lower_start,
                lower_end: lower_start,
            };
            result.push_lower(&mut unit, character);
            if class == Class::Word {
                open = Some(unit);
            } else {
                result.units.push(unit);
            }
        }
        result.units.extend(open);
        result
    }

    fn push_lower(&mut self, unit: &mut Unit, character: char) {
        let mut push = |lower: u32| {
            self.lower.push(lower);
            unit.hash = step(unit.hash, lower);
            unit.lower_end += 1;
        };
        if character.is_ascii() {
            push(u32::from(character.to_ascii_lowercase()));
        } else {
            character.to_lowercase().for_each(|lower| push(u32::from(lower)));
        }
    }

    /// All units in order.
    pub fn all(&self) -> &[Unit] {
        &self.units
    }

    /// The lower-cased code points of a unit of this text.
    pub fn lower(&self, unit: &Unit) -> &[u32] {
        self.lower
            .get(unit.lower_start as usize..unit.lower_end as usize)
            .unwrap_or_default()
    }

    /// The bytes of the text that a range of units covers.
    pub fn byte_span(&self, units: Range<usize>) -> Range<usize> {
        match self.units.get(units) {
            Some([only]) => only.start as usize..only.end as usize,
            Some([first, .., last]) => first.start as usize..last.end as usize,
            _ => 0..0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Ideograph,
    Symbol,
}

fn class_of(character: char) -> Class {
    if character.is_ascii() {
        return if character.is_ascii_alphanumeric() || character == '_' {
            Class::Word
        } else if character.is_whitespace() {
            Class::Space
        } else {
            Class::Symbol
        };
    }
    if character.is_whitespace() {
        Class::Space
    } else if is_ideograph(character) {
        Class::Ideograph
    } else if character.is_alphanumeric() || character.general_category_group() == GeneralCategoryGroup::Mark
    {
        Class::Word
    } else {
        Class::Symbol
    }
}

fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// How a long text is cut into windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowPlan {
    /// Units in a window.
    pub units: usize,
    /// Units from one window's start to the next one's.
    pub stride: usize,
    /// Windows at most; a longer text gets longer windows.
    pub maximum: usize,
}

impl WindowPlan {
    /// The windows over `count` units, as ranges of units; none when one window would cover all of them.
    ///
    /// Every unit lies in at least one window, and there are never more than `maximum` of them.
    pub fn windows(&self, count: usize) -> Vec<Range<usize>> {
        let (mut length, mut stride) = (self.units.max(1), self.stride.clamp(1, self.units.max(1)));
        if count <= length {
            return Vec::new();
        }
        let maximum = self.maximum.max(1);
        let covered = length + stride * (maximum - 1);
        if count > covered {
            (length, stride) = (
                (length * count).div_ceil(covered),
                (stride * count).div_ceil(covered),
            );
        }
        let windows = (count - length).div_ceil(stride) + 1;
        (0..windows)
            .map(|window| (window * stride).min(count - length))
            .map(|start| start..start + length)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        Units::of(text)
            .all()
            .iter()
            .map(|unit| &text[unit.start as usize..unit.end as usize])
            .collect()
    }

    #[test]
    fn words_symbols_and_ideographs_are_units() {
        assert_eq!(
            cut("Don't  stop_me, 世界カ!"),
            ["Don", "'", "t", "stop_me", ",", "世", "界", "カ", "!"]
        );
        assert_eq!(cut("हिन्दी नमस्ते"), ["हिन्दी", "नमस्ते"]);
        assert_eq!(cut(" \n\t"), Vec::<&str>::new());
    }

    #[test]
    fn a_long_run_is_cut_every_24_characters() {
        let text = "a".repeat(50);
        assert_eq!(
            cut(&text).iter().map(|unit| unit.len()).collect::<Vec<_>>(),
            [24, 24, 2]
        );
    }

    #[test]
    fn letter_case_does_not_change_the_hash() {
        let units = Units::of("Ünder ÜNDER");
        assert_eq!(units.all()[0].hash, units.all()[1].hash);
        assert_eq!(units.lower(&units.all()[1]), units.lower(&units.all()[0]));
    }

    proptest! {
        /// Units are in order, do not overlap, and leave out nothing but white space.
        #[test]
        fn units_cover_all_but_white_space(text in "\\PC{0,80}") {
            let units = Units::of(&text);
            let mut at = 0;
            for unit in units.all() {
                let (start, end) = (unit.start as usize, unit.end as usize);
                prop_assert!(text[at..start].chars().all(char::is_whitespace));
                prop_assert_eq!(text[start..end].chars().count(), unit.characters as usize);
                at = end;
            }
            prop_assert!(text[at..].chars().all(char::is_whitespace));
        }

        /// Windows cover every unit, are of one length, and are never too many.
        #[test]
        fn windows_cover_everything(count in 0_usize..5000, units in 1_usize..200, stride in 1_usize..200, maximum in 1_usize..40) {
            let plan = WindowPlan { units, stride, maximum };
            let windows = plan.windows(count);
            prop_assert!(windows.len() <= maximum);
            prop_assert_eq!(windows.is_empty(), count <= units);
            if let (Some(first), Some(last)) = (windows.first(), windows.last()) {
                prop_assert_eq!(first.start, 0);
                prop_assert_eq!(last.end, count);
                prop_assert!(windows.iter().all(|window| window.len() == first.len()));
                prop_assert!(windows.windows(2).all(|pair| pair[0].end >= pair[1].start && pair[0].start < pair[1].start));
            }
        }
    }
}
