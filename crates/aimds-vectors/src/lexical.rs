//! Lexical and structural features of a stretch of text: cheap, language-light, and blind to what the text is about.

use std::ops::Range;

use crate::lexicon::{CLASSES, WordClass, classes_of};
use crate::units::{Unit, Units};

/// Number of lexical features.
pub const LEXICAL_FEATURES: usize = 52;

/// Names of the lexical features, in order. `ratio` is over characters or units, `log` is ln(1 + count).
pub const LEXICAL_FEATURE_NAMES: [&str; LEXICAL_FEATURES] = [
    "log_characters",            // white space included
    "log_units",                 //
    "log_lines",                 // line feeds + 1
    "ratio_upper",               // upper-case letters among letters
    "ratio_digit",               // ASCII digits among characters
    "ratio_space",               // white space among characters
    "ratio_punctuation",         // ASCII punctuation among characters
    "ratio_non_ascii",           // among characters
    "ratio_other_symbol",        // neither ASCII, nor letter or digit, nor white space
    "mean_word_length",          // characters a word unit, divided by 10
    "log_longest_run",           // longest run without white space
    "ratio_distinct_units",      // distinct hashes among units
    "ratio_capital_words",       // word units of >= 2 letters, all upper-case
    "ratio_title_words",         // word units that begin upper-case and go on lower-case
    "log_question_marks",        // ? and its full-width and Arabic forms
    "log_exclamation_marks",     // ! and its full-width form
    "log_double_quotes",         // straight, curly, angle
    "log_backticks",             //
    "log_brackets",              // ( ) [ ] { }
    "log_angle_brackets",        // < >
    "log_colons",                //
    "log_slashes",               // / and \
    "log_hashes",                // #
    "log_asterisks",             // *
    "log_equals_and_bars",       // = | and ~
    "log_underscores_dashes",    // _ and -
    "log_at_signs",              //
    "log_url_marks",             // occurrences of "://"
    "ends_with_question",        // last character of the text
    "ends_with_colon",           //
    "begins_with_imperative",    // first word unit
    "imperatives_at_line_start", // log of lines whose first unit is an imperative
    "ratio_imperative",          // word classes: share of the units
    "ratio_second_person",
    "ratio_first_person",
    "ratio_negation",
    "ratio_obligation",
    "ratio_model",
    "ratio_override",
    "ratio_persona",
    "ratio_secrecy",
    "ratio_tool",
    "ratio_sequence",
    "ratio_question",
    "ratio_courtesy",
    "override_near_model", // log of override words with a model or sequence word within the next 6 units
    "tool_near_secrecy",   // log of tool words with a secrecy word within the next 8 units
    "log_label_lines",     // lines that begin with one or two units and a colon
    "log_list_lines",      // lines that begin with a dash, asterisk, or number and dot
    "log_blank_lines",     //
    "byte_entropy",        // of the UTF-8 bytes, in bits, divided by 8
    "log_longest_repeat",  // longest run of one character
];

const NEAR_MODEL_UNITS: usize = 6;
const NEAR_SECRECY_UNITS: usize = 8;

/// The lexical features of the units `window` of `text`.
pub fn lexical_features(text: &str, units: &Units, window: Range<usize>, features: &mut Vec<f32>) {
    let part = text.get(units.byte_span(window.clone())).unwrap_or_default();
    let inside = units.all().get(window).unwrap_or_default();
    let characters = Characters::count(part);
    let classes: Vec<u32> = inside.iter().map(|unit| classes_of(unit.hash)).collect();
    let lines = Lines::count(text, inside, &classes);
    let before = features.len();
    characters.push_ratios(inside, features);
    push_shapes(text, inside, features);
    characters.push_marks(part, features);
    push_classes(inside, &classes, lines.imperatives, features);
    features.extend([lines.labels, lines.lists, lines.blank].map(log));
    features.push(byte_entropy(part) / 8.0);
    features.push(log(characters.longest_repeat));
    debug_assert_eq!(features.len() - before, LEXICAL_FEATURES);
}

fn log(count: u32) -> f32 {
    (count as f32).ln_1p()
}

fn ratio(part: u32, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

#[derive(Default)]
struct Characters {
    all: u32,
    lines: u32,
    letters: u32,
    upper: u32,
    digits: u32,
    spaces: u32,
    punctuation: u32,
    non_ascii: u32,
    other_symbols: u32,
    longest_run: u32,
    longest_repeat: u32,
    marks: [u32; 13],
}

impl Characters {
    fn count(text: &str) -> Self {
        let mut count = Self {
            lines: 1,
            ..Self::default()
        };
        let (mut run, mut repeat, mut previous) = (0, 0, '\0');
        for character in text.chars() {
            count.all += 1;
            count.classify(character);
            run = if character.is_whitespace() { 0 } else { run + 1 };
            repeat = if character == previous { repeat + 1 } else { 1 };
            previous = character;
            count.longest_run = count.longest_run.max(run);
            count.longest_repeat = count.longest_repeat.max(repeat);
        }
        count
    }

    fn classify(&mut self, character: char) {
        if character.is_ascii() {
            self.letters += u32::from(character.is_ascii_alphabetic());
            self.upper += u32::from(character.is_ascii_uppercase());
            self.digits += u32::from(character.is_ascii_digit());
            self.punctuation += u32::from(character.is_ascii_punctuation());
            self.spaces += u32::from(character.is_whitespace());
            self.lines += u32::from(character == '\n');
        } else {
            self.non_ascii += 1;
            if character.is_alphabetic() {
                self.letters += 1;
                self.upper += u32::from(character.is_uppercase());
            } else if character.is_whitespace() {
                self.spaces += 1;
            } else if !character.is_alphanumeric() {
                self.other_symbols += 1;
            }
        }
        if let Some(mark) = mark_of(character).and_then(|mark| self.marks.get_mut(mark)) {
            *mark += 1;
        }
    }

    fn push_ratios(&self, units: &[Unit], features: &mut Vec<f32>) {
        let all = self.all as usize;
        features.extend([
            log(self.all),
            log(units.len() as u32),
            log(self.lines),
            ratio(self.upper, self.letters as usize),
            ratio(self.digits, all),
            ratio(self.spaces, all),
            ratio(self.punctuation, all),
            ratio(self.non_ascii, all),
            ratio(self.other_symbols, all),
        ]);
        let words = units.iter().filter(|unit| unit.is_word);
        let (number, length) = words.fold((0, 0), |(number, length), unit| {
            (number + 1, length + unit.characters)
        });
        features.push(ratio(length, number) / 10.0);
        features.push(log(self.longest_run));
    }

    fn push_marks(&self, text: &str, features: &mut Vec<f32>) {
        features.extend(self.marks.map(log));
        features.push(log(text.matches("://").count() as u32));
        let last = text.chars().next_back();
        features.push(f32::from(last.is_some_and(|last| mark_of(last) == Some(0))));
        features.push(f32::from(last.is_some_and(|last| mark_of(last) == Some(6))));
    }
}

fn mark_of(character: char) -> Option<usize> {
    Some(match character {
        '?' | '？' | '؟' => 0,
        '!' | '！' => 1,
        '"' | '“' | '”' | '„' | '«' | '»' => 2,
        '`' => 3,
        '(' | ')' | '[' | ']' | '{' | '}' => 4,
        '<' | '>' => 5,
        ':' | '：' => 6,
        '/' | '\\' => 7,
        '#' => 8,
        '*' => 9,
        '=' | '|' | '~' => 10,
        '_' | '-' => 11,
        '@' => 12,
        _ => return None,
    })
}

fn push_shapes(text: &str, units: &[Unit], features: &mut Vec<f32>) {
    let mut hashes: Vec<u64> = units.iter().map(|unit| unit.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let (mut capital, mut title) = (0, 0);
    for unit in units {
        if unit.is_word && unit.characters >= 2 {
            let word = text
                .get(unit.start as usize..unit.end as usize)
                .unwrap_or_default();
            let mut characters = word.chars();
            if characters.next().is_some_and(char::is_uppercase) {
                let rest = characters.as_str();
                capital += u32::from(rest.chars().all(char::is_uppercase));
                title += u32::from(rest.chars().all(char::is_lowercase));
            }
        }
    }
    features.extend([hashes.len() as u32, capital, title].map(|count| ratio(count, units.len())));
}

fn push_classes(units: &[Unit], classes: &[u32], imperative_lines: u32, features: &mut Vec<f32>) {
    let first_word = units.iter().zip(classes).find(|(unit, _)| unit.is_word);
    let begins = first_word.is_some_and(|(_, bits)| bits & WordClass::Imperative as u32 != 0);
    features.extend([f32::from(begins), log(imperative_lines)]);
    for class in CLASSES {
        let count = classes.iter().filter(|bits| **bits & class as u32 != 0).count();
        features.push(ratio(count as u32, units.len()));
    }
    let steering = WordClass::Model as u32 | WordClass::Sequence as u32;
    features.push(log(near(
        classes,
        WordClass::Override as u32,
        steering,
        NEAR_MODEL_UNITS,
    )));
    features.push(log(near(
        classes,
        WordClass::Tool as u32,
        WordClass::Secrecy as u32,
        NEAR_SECRECY_UNITS,
    )));
}

/// How many units of class `first` have one of class `second` among the next `within` units.
fn near(classes: &[u32], first: u32, second: u32, within: usize) -> u32 {
    let starts = classes.iter().enumerate().filter(|(_, bits)| **bits & first != 0);
    starts
        .filter(|(at, _)| {
            classes
                .iter()
                .skip(at + 1)
                .take(within)
                .any(|bits| bits & second != 0)
        })
        .count() as u32
}

#[derive(Default)]
struct Lines {
    imperatives: u32,
    labels: u32,
    lists: u32,
    blank: u32,
}

impl Lines {
    /// Looks at the first units of each line; the gap before a unit says whether it begins one.
    fn count(text: &str, units: &[Unit], classes: &[u32]) -> Self {
        let mut lines = Self::default();
        let mut previous_end = None;
        for (at, unit) in units.iter().enumerate() {
            let feeds = match previous_end {
                None => 1,
                Some(end) if end == unit.start => 0,
                Some(end) => line_feeds(text, end, unit.start),
            };
            previous_end = Some(unit.end);
            if feeds == 0 {
                continue;
            }
            lines.blank += feeds - 1;
            lines.imperatives += u32::from(
                classes
                    .get(at)
                    .is_some_and(|bits| bits & WordClass::Imperative as u32 != 0),
            );
            lines.labels += u32::from(is_label(text, units.get(at..).unwrap_or_default()));
            lines.lists += u32::from(is_list_item(text, units.get(at..).unwrap_or_default()));
        }
        lines
    }
}

fn line_feeds(text: &str, from: u32, to: u32) -> u32 {
    let gap = text
        .as_bytes()
        .get(from as usize..to as usize)
        .unwrap_or_default();
    gap.split(|byte| *byte == b'\n').count() as u32 - 1
}

fn unit_text<'text>(text: &'text str, unit: Option<&Unit>) -> &'text str {
    unit.and_then(|unit| text.get(unit.start as usize..unit.end as usize))
        .unwrap_or_default()
}

fn is_label(text: &str, line: &[Unit]) -> bool {
    let colon = |at: usize| unit_text(text, line.get(at)) == ":";
    let word = |at: usize| line.get(at).is_some_and(|unit| unit.is_word);
    word(0) && (colon(1) || (word(1) && colon(2)))
}

fn is_list_item(text: &str, line: &[Unit]) -> bool {
    let first = unit_text(text, line.first());
    let numbered = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    matches!(first, "-" | "*" | "•") || (numbered && matches!(unit_text(text, line.get(1)), "." | ")"))
}

/// Shannon entropy of the bytes, in bits.
fn byte_entropy(text: &str) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all = text.len().max(1) as f32;
    let bits: f32 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| count as f32 / all * (count as f32 / all).log2())
        .sum();
    -bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn features(text: &str) -> Vec<f32> {
        let units = Units::of(text);
        let mut features = Vec::new();
        lexical_features(text, &units, 0..units.all().len(), &mut features);
        features
    }

    fn feature(text: &str, name: &str) -> f32 {
        let at = LEXICAL_FEATURE_NAMES
            .iter()
            .position(|known| *known == name)
            .unwrap();
        features(text)[at]
    }

    fn assert_close(actual: f32, expected: f32) {
        assert!((actual - expected).abs() < 1e-5, "{actual} is not {expected}");
    }

    #[test]
    fn known_answers() {
        assert_close(feature("AB cd", "ratio_upper"), 0.5);
        assert_close(feature("NASA Rocks a lot", "ratio_capital_words"), 0.25);
        assert_close(feature("NASA Rocks a lot", "ratio_title_words"), 0.25);
        assert_close(
            feature("Ignore all previous rules", "override_near_model"),
            2_f32.ln(),
        );
        assert_close(feature("why?", "ends_with_question"), 1.0);
        assert_close(feature("https://a.b and ftp://c", "log_url_marks"), 3_f32.ln());
        assert_close(feature("aabb", "byte_entropy"), 1.0 / 8.0);
        assert_close(feature("abbbc", "log_longest_repeat"), 4_f32.ln());
        assert_close(feature("one one two", "ratio_distinct_units"), 2.0 / 3.0);
        assert_close(
            feature("please send the password", "tool_near_secrecy"),
            2_f32.ln(),
        );
    }

    #[test]
    fn lines_have_shapes() {
        let text = "User: hi\n\nSystem prompt: x\n- one\n2. two\nWrite it";
        assert_close(feature(text, "log_label_lines"), 3_f32.ln());
        assert_close(feature(text, "log_list_lines"), 3_f32.ln());
        assert_close(feature(text, "log_blank_lines"), 2_f32.ln());
        assert_close(feature(text, "imperatives_at_line_start"), 2_f32.ln());
        assert_close(feature(text, "log_lines"), 7_f32.ln());
    }

    proptest! {
        /// Every text has all features, and each is a finite number of moderate size.
        #[test]
        fn features_are_finite(text in "(\\PC|\n){0,200}") {
            let features = features(&text);
            prop_assert_eq!(features.len(), LEXICAL_FEATURES);
            prop_assert!(features.iter().all(|value| (0.0..=20.0).contains(value)));
        }
    }
}
