//! Judges invisible characters by where they stand: the same joiner is spelling in Persian, grammar in an emoji and a
//! disguise inside an English word.

use super::characters::{Invisible, ideograph, right_to_left, styled, uses_joiners, written_without_spaces};
use super::characters::{is_letter, is_wordy};
use super::tricks::TrickLog;
use super::view::TrickKind;
use std::ops::Range;

/// Consecutive invisible characters that no script or emoji needs.
const RUN_MAX: usize = 8;

/// Styled letters in a row that make a word rather than a formula.
const STYLED_WORD_MIN: usize = 4;

/// Five letters of a region and the end.
const FLAG_TAGS_MAX: usize = 6;

/// Consecutive invisible characters, by channel.
#[derive(Debug, Default)]
pub(crate) struct InvisibleRun {
    span: Range<usize>,
    total: usize,
    zero_width: usize,
    joiners: usize,
    soft_hyphens: usize,
    direction_marks: usize,
    embeddings: usize,
    overrides: usize,
    selectors: usize,
    selectors_high: bool,
    tags: usize,
    /// What the first tags say, for the flags that are spelled with them.
    tag_text: String,
    fillers: usize,
    backspaces: usize,
    controls: usize,
    before: Option<char>,
}

impl InvisibleRun {
    pub(crate) fn add(
        &mut self,
        kind: Invisible,
        character: char,
        span: &Range<usize>,
        previous: Option<char>,
    ) {
        if self.total == 0 {
            self.span = span.clone();
            self.before = previous;
        }
        self.span.end = span.end;
        self.total += 1;
        match kind {
            Invisible::ZeroWidth => self.zero_width += 1,
            Invisible::Joiner => self.joiners += 1,
            Invisible::SoftHyphen => self.soft_hyphens += 1,
            Invisible::DirectionMark => self.direction_marks += 1,
            Invisible::Embedding => self.embeddings += 1,
            Invisible::Override => self.overrides += 1,
            Invisible::Selector(byte) => {
                self.selectors += 1;
                self.selectors_high |= !(14..=15).contains(&byte);
            }
            Invisible::Tag => {
                self.tags += 1;
                if self.tags <= FLAG_TAGS_MAX {
                    self.tag_text
                        .extend(char::from_u32(u32::from(character) - 0xE0000));
                }
            }
            Invisible::Filler => self.fillers += 1,
            Invisible::Backspace => self.backspaces += 1,
            // C1 controls are what is left of text in a wrong encoding.
            Invisible::Control => self.controls += usize::from(character.is_ascii()),
        }
    }
}

/// What the walk over the original saw, for the judgement and for the decoders that follow.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The last visible character.
    pub(crate) previous: Option<char>,
    pub(crate) ascii_letters: usize,
    /// Tag characters outside flags.
    pub(crate) smuggled_tags: usize,
    pub(crate) selectors: usize,
    pub(crate) zero_width: usize,
    pub(crate) overrides: usize,
    pub(crate) backspaces: usize,
    pub(crate) floods: usize,
    pub(crate) regional_indicators: usize,
    pub(crate) braille: usize,
    /// Combining marks that the scripts of Europe use.
    pub(crate) marks: usize,
    /// Letters outside ASCII.
    pub(crate) other_letters: usize,
    right_to_left: usize,
    ideographs: usize,
    styled_streak: usize,
    styled_start: usize,
    styled: Vec<(Range<usize>, usize)>,
    places: Vec<(TrickKind, Range<usize>, usize)>,
    selector_runs: Vec<(Range<usize>, usize)>,
    lone_selectors: usize,
    /// Visible characters since the last soft hyphen of the same word.
    since_hyphen: usize,
}

impl Facts {
    /// Notes a visible character outside plain ASCII.
    pub(crate) fn see(&mut self, character: char, span: &Range<usize>) {
        self.previous = Some(character);
        self.since_hyphen = self.since_hyphen.saturating_add(1);
        self.see_styled(character, span);
        match u32::from(character) {
            0x1F1E6..=0x1F1FF => self.regional_indicators += 1,
            0x2800..=0x28FF => self.braille += 1,
            0x300..=0x36F => self.marks += 1,
            _ if is_letter(character) => {
                self.other_letters += 1;
                self.right_to_left += usize::from(right_to_left(character));
                self.ideographs += usize::from(written_without_spaces(character));
            }
            _ => {}
        }
    }

    /// Notes a stretch of plain ASCII.
    pub(crate) fn after_plain(&mut self, stretch: &[u8]) {
        self.previous = stretch.last().map(|&byte| char::from(byte));
        self.since_hyphen = self.since_hyphen.saturating_add(stretch.len());
        if stretch.iter().any(u8::is_ascii_alphanumeric) {
            self.styled_streak = 0;
        }
    }

    fn see_styled(&mut self, character: char, span: &Range<usize>) {
        if !styled(character) {
            self.styled_streak = 0;
            return;
        }
        if self.styled_streak == 0 {
            self.styled_start = span.start;
        }
        self.styled_streak += 1;
        if self.styled_streak == STYLED_WORD_MIN {
            self.styled.push((self.styled_start..span.end, STYLED_WORD_MIN));
        } else if self.styled_streak > STYLED_WORD_MIN
            && let Some(last) = self.styled.last_mut()
        {
            last.0.end = span.end;
            last.1 += 1;
        }
    }

    /// Ends a run of invisible characters before the visible character `next`.
    pub(crate) fn close_run(&mut self, run: &mut InvisibleRun, next: Option<char>) {
        if run.total == 0 {
            return;
        }
        let run = std::mem::take(run);
        self.selectors += run.selectors;
        self.zero_width += run.zero_width + run.joiners + run.direction_marks + run.fillers;
        self.overrides += run.overrides;
        self.backspaces += run.backspaces;
        let flag = run.before == Some('\u{1F3F4}') && run.tags <= FLAG_TAGS_MAX && is_flag(&run.tag_text);
        if run.tags > 0 && !flag {
            self.smuggled_tags += run.tags;
            self.places
                .push((TrickKind::TagCharacters, run.span.clone(), run.tags));
        }
        if run.overrides > 0 {
            self.places
                .push((TrickKind::BidiOverride, run.span.clone(), run.overrides));
        }
        if run.backspaces > 0 {
            self.places
                .push((TrickKind::Backspace, run.span.clone(), run.backspaces));
        }
        self.close_selectors(&run);
        let out_of_place = self.out_of_place(&run, next);
        if out_of_place > 0 {
            self.places
                .push((TrickKind::InvisibleCharacters, run.span.clone(), out_of_place));
        }
    }

    /// One selector belongs to the character before it; more in a row say something of their own.
    fn close_selectors(&mut self, run: &InvisibleRun) {
        if run.selectors >= 2 {
            self.selector_runs.push((run.span.clone(), run.selectors));
        } else if run.selectors == 1 {
            let honest = run.before.is_some_and(|before| {
                let styled_base = ideograph(before) || uses_joiners(before) || !is_letter(before);
                if run.selectors_high {
                    styled_base && !before.is_ascii() && !emoji(before)
                } else {
                    styled_base
                }
            });
            self.lone_selectors += usize::from(!honest);
            if !honest {
                self.places
                    .push((TrickKind::VariationSelectors, run.span.clone(), 1));
            }
        }
    }

    /// How many characters of the run no spelling explains.
    fn out_of_place(&mut self, run: &InvisibleRun, next: Option<char>) -> usize {
        let hidden =
            run.zero_width + run.joiners + run.direction_marks + run.embeddings + run.fillers + run.controls;
        if hidden > RUN_MAX {
            return hidden;
        }
        let (Some(before), Some(next)) = (run.before, next) else {
            return 0;
        };
        if !is_wordy(before) || !is_wordy(next) {
            return 0;
        }
        let either = |test: fn(char) -> bool| test(before) || test(next);
        let mut count = run.controls;
        if !either(written_without_spaces) {
            count += run.zero_width + run.fillers;
        }
        if !either(uses_joiners) && !either(written_without_spaces) {
            count += run.joiners;
        }
        if !either(right_to_left) {
            count += run.direction_marks + run.embeddings;
        }
        if run.soft_hyphens > 0 {
            let close = self.since_hyphen < 2 || run.soft_hyphens > 1;
            count += if close { run.soft_hyphens } else { 0 };
            self.since_hyphen = 0;
        }
        count
    }

    /// Turns what was seen into tricks.
    pub(crate) fn judge(&mut self, log: &mut TrickLog) {
        for (kind, span, count) in std::mem::take(&mut self.places) {
            log.add(kind, span, count, 0.0);
        }
        let runs = std::mem::take(&mut self.selector_runs);
        for (span, count) in runs {
            log.add(
                TrickKind::VariationSelectors,
                span,
                count,
                if count > 2 { 0.9 } else { 0.4 },
            );
        }
        if self.lone_selectors >= 4 {
            log.raise(TrickKind::VariationSelectors, 0.7);
        }
        let inside_words = log.count(TrickKind::InvisibleCharacters);
        log.raise(
            TrickKind::InvisibleCharacters,
            match inside_words {
                0 | 1 => 0.0, // a stray one comes with copied web pages
                2 | 3 => 0.5,
                4..=7 => 0.7,
                _ => 0.9,
            },
        );
        let tags = log.count(TrickKind::TagCharacters);
        log.raise(TrickKind::TagCharacters, if tags < 3 { 0.4 } else { 0.95 });
        let in_right_to_left_text = self.right_to_left * 2 > self.ascii_letters;
        log.raise(
            TrickKind::BidiOverride,
            if in_right_to_left_text { 0.3 } else { 0.8 },
        );
        log.raise(
            TrickKind::Backspace,
            if log.count(TrickKind::Backspace) >= 2 {
                0.6
            } else {
                0.0
            },
        );
        self.judge_styled(log);
    }

    /// Whole words in styled letters. Fullwidth letters are at home in East Asian text.
    fn judge_styled(&mut self, log: &mut TrickLog) {
        let styled = std::mem::take(&mut self.styled);
        let letters: usize = styled.iter().map(|(_, count)| count).sum();
        let at_home = self.ideographs * 2 >= letters;
        let deliberate = if at_home || letters < 12 { 0.0 } else { 0.4 };
        for (span, count) in styled {
            log.add(TrickKind::StyledLetters, span, count, deliberate);
        }
    }
}

/// Pictographs, which take at most an emoji or text selector.
fn emoji(character: char) -> bool {
    matches!(u32::from(character), 0x2600..=0x27BF | 0x1F000..=0x1FAFF)
}

/// The flags that are spelled with tags: England, Scotland, Wales, and states and provinces with two-letter codes. All end
/// with the cancel tag (UTS #51).
fn is_flag(tags: &str) -> bool {
    let Some(region) = tags.strip_suffix('\u{7F}') else {
        return false;
    };
    let subdivision = region.len() == 4 && (region.starts_with("us") || region.starts_with("ca"));
    matches!(region, "gbeng" | "gbsct" | "gbwls")
        || subdivision && region.bytes().all(|byte| byte.is_ascii_lowercase())
}
