//! What every match of a regex must hold at a known part of it: a cheap look before the regex is run.
//!
//! A regex is cut before one of its parts, so that what follows the cut begins with one of a few literals. A match then needs a
//! place where such a literal stands, where the part before the cut matches backwards and the part behind it forwards; both
//! mostly die within a few bytes. A second set of literals, of another part, must stand somewhere in the match as well. Neither
//! look can lose a match; text without either is not read at all.

use super::patterns;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Literals of one part: more are rather a class of characters than words.
const LITERALS_MAX: usize = 64;

/// Bytes of a literal that are looked for; the automata read the rest.
const LITERAL_BYTES_MAX: usize = 8;

/// A shorter literal stands nearly everywhere.
const LITERAL_BYTES_MIN: usize = 3;

/// A second set is looked for only where it says more than the first.
const SECOND_BYTES_MIN: usize = 4;

/// Between literals that are nearer than this to one another a search reads no more than it takes to look.
const FAR_BYTES: usize = 24;

/// The cut of a regex.
#[derive(Debug)]
pub struct Cut {
    /// What follows the cut begins with one of these.
    pub literals: Vec<String>,
    /// What must stand before it, back to the next part that goes over much text.
    pub before: Hir,
    /// What must follow, up to such a part.
    pub behind: Hir,
}

/// What is known of the matches of a regex.
#[derive(Debug, Default)]
pub struct Inner {
    pub cut: Option<Cut>,
    /// Each match holds one of these; empty if nothing is known.
    pub second: Vec<String>,
}

/// Looks into a pattern; `given` are literals that are looked for anyway. Literals are in small letters unless case counts.
pub fn look_into(pattern: &str, case_sensitive: bool, leading: bool, given: &[String]) -> Inner {
    let Some(parts) = parts(pattern, case_sensitive) else {
        return Inner::default();
    };
    let folded: Vec<Hir> = parts
        .iter()
        .map(|part| if case_sensitive { part.clone() } else { fold(part) })
        .collect();
    let cut = if leading { None } else { best_cut(&folded, given) };
    let known = cut.as_ref().map(|(place, _)| *place);
    let second = second(&folded, known).unwrap_or_default();
    let cut = cut.map(|(place, literals)| {
        let (before, behind) = parts.split_at_checked(place).unwrap_or_default();
        let from = before.iter().rposition(is_wide).map_or(0, |wide| wide + 1);
        let to = behind.iter().position(is_wide).unwrap_or(behind.len());
        Cut {
            literals,
            before: Hir::concat(before.get(from..).unwrap_or_default().to_vec()),
            behind: Hir::concat(behind.get(..to).unwrap_or_default().to_vec()),
        }
    });
    Inner { cut, second }
}

/// The parts of a pattern that follow one another, without groups.
fn parts(pattern: &str, case_sensitive: bool) -> Option<Vec<Hir>> {
    let hir = patterns::parse(pattern, case_sensitive).ok()?;
    let mut parts = Vec::new();
    flatten(&hir, &mut parts);
    Some(parts)
}

fn flatten(hir: &Hir, parts: &mut Vec<Hir>) {
    match hir.kind() {
        HirKind::Capture(group) => flatten(&group.sub, parts),
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        _ => parts.push(hir.clone()),
    }
}

/// The same with the small letter in the place of its cases.
fn fold(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(class) => match letter_of(class) {
            Some(letter) => Hir::literal([letter]),
            None => hir.clone(),
        },
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(fold(&repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(group) => fold(&group.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(fold).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(fold).collect()),
    }
}

/// The letter of ASCII whose cases a class holds and nothing else; [`has_odd_cases`] tells of cases outside ASCII.
fn letter_of(class: &Class) -> Option<u8> {
    let mut characters = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                (range.len() <= 2).then_some(())?;
                characters.extend(range.start()..=range.end());
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                (range.len() <= 2).then_some(())?;
                characters.extend((range.start()..=range.end()).map(char::from));
            }
        }
    }
    let letter = characters
        .iter()
        .find(|c| c.is_ascii_alphabetic())?
        .to_ascii_lowercase();
    let is_case = |c: &char| match c {
        'ſ' => letter == 's',
        '\u{212A}' => letter == 'k',
        _ => c.to_ascii_lowercase() == letter,
    };
    characters.iter().all(is_case).then_some(letter as u8)
}

/// Whether a text holds a letter whose case is one of ASCII: a search that ignores the case of ASCII only does not see it.
pub fn has_odd_cases(text: &str) -> bool {
    !text.is_ascii() && (text.contains('ſ') || text.contains('\u{212A}'))
}

/// The cut whose literals say most, and where it is: the first of the best.
fn best_cut(folded: &[Hir], given: &[String]) -> Option<(usize, Vec<String>)> {
    let mut best: Option<(usize, Vec<String>)> = None;
    for place in 0..folded.len() {
        // A literal is not cut.
        let begins = |place: usize| folded.get(place).is_some_and(is_literal);
        if place > 0 && begins(place - 1) && begins(place) {
            continue;
        }
        let behind = Hir::concat(folded.get(place..).unwrap_or_default().to_vec());
        let Some(literals) = prefixes(&behind) else {
            continue;
        };
        let usable =
            shortest(&literals) >= LITERAL_BYTES_MIN || literals.iter().all(|one| given.contains(one));
        let better = |(_, known): &(usize, Vec<String>)| shortest(&literals) > shortest(known);
        if usable && best.as_ref().is_none_or(better) {
            best = Some((place, literals));
        }
    }
    best
}

/// Whether a part goes over much text and counts it. A look ends there: an automaton that counts has many states.
fn is_wide(part: &Hir) -> bool {
    match part.kind() {
        HirKind::Repetition(repetition) => repetition.max.is_some_and(|most| most as usize >= FAR_BYTES),
        _ => false,
    }
}

/// The literals that say most of those far behind the cut, or behind the first literals if there is none: until a search comes
/// there it reads much.
fn second(folded: &[Hir], cut: Option<usize>) -> Option<Vec<String>> {
    let first = cut.or_else(|| folded.iter().position(|part| within(part).is_some()))?;
    let mut between = Some(0_usize);
    let mut best: Option<Vec<String>> = None;
    for part in folded.get(first + 1..)? {
        let far = between.is_none_or(|bytes| bytes >= FAR_BYTES);
        if far
            && let Some(literals) = within(part)
            && worth(&literals) >= SECOND_BYTES_MIN
            && best
                .as_deref()
                .is_none_or(|known| worth(&literals) > worth(known))
        {
            best = Some(literals);
        }
        between = between
            .zip(part.properties().maximum_len())
            .map(|(sum, length)| sum.saturating_add(length));
    }
    best
}

fn is_literal(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Literal(_))
}

fn shortest(literals: &[String]) -> usize {
    literals.iter().map(String::len).min().unwrap_or_default()
}

/// How much it says that one of these is there, in bytes of words: the sign of an address or a pipe is as rare as a word.
fn worth(literals: &[String]) -> usize {
    match literals {
        [sign] if matches!(sign.as_str(), "@" | "|") => SECOND_BYTES_MIN,
        _ => shortest(literals),
    }
}

/// The literals that every match of a part begins with.
fn prefixes(part: &Hir) -> Option<Vec<String>> {
    let mut sequence = Extractor::new()
        .kind(ExtractKind::Prefix)
        .limit_class(4)
        .limit_repeat(2)
        .limit_literal_len(LITERAL_BYTES_MAX)
        .limit_total(LITERALS_MAX)
        .extract(part);
    sequence.dedup();
    let literals = sequence.literals()?;
    let bytes = literals
        .iter()
        .map(|literal| literal.as_bytes().to_vec())
        .collect();
    let mut literals = patterns::strings(bytes)?;
    literals.sort();
    literals.dedup();
    (!literals.is_empty() && shortest(&literals) > 0).then_some(literals)
}

/// The literals of which every match of a part holds one.
fn within(part: &Hir) -> Option<Vec<String>> {
    let mut literals = patterns::strings(patterns::inner(part)?)?;
    for literal in &mut literals {
        let end = (0..=LITERAL_BYTES_MAX)
            .rev()
            .find(|end| literal.is_char_boundary(*end));
        literal.truncate(end.unwrap_or_default().min(literal.len()));
    }
    literals.sort();
    literals.dedup();
    (literals.len() <= LITERALS_MAX).then_some(literals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pattern: &str) -> Option<Vec<String>> {
        look_into(pattern, false, false, &["@".to_owned()])
            .cut
            .map(|cut| cut.literals)
    }

    #[test]
    fn a_cut_is_made_where_a_literal_begins() {
        let some = |literals: &[&str]| Some(literals.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(cut(r"\W{3}(?:Send|forward) [a-z]+"), some(&["forward ", "send "]));
        assert_eq!(
            cut(r"[a-z]+@[a-z]+"),
            some(&["@"]),
            "a sign that is looked for anyway"
        );
        assert_eq!(cut(r"[a-z]+%[a-z]+"), None);
        assert_eq!(cut(r"(?P<value>[0-9]+ kelvin)x"), some(&[" kelvinx"]));
    }

    #[test]
    fn another_part_must_be_there_as_well() {
        let inner = look_into(r"\brun\b[^\n]{0,30}\b(?:curl|Wget)\b", false, true, &[]);
        assert!(inner.cut.is_none());
        assert_eq!(inner.second, ["curl", "wget"]);
    }
}
