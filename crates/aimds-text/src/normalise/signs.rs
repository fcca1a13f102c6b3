//! Letters written with other signs: Braille cells, regional indicators.
//!
//! Unified English Braille grade 1; ISO 3166 for the flags that honest regional indicators make.

use super::reading::Reading;
use super::rewriter::Rewriter;
use super::view::Transform;
use std::ops::Range;

/// Replaces Braille cells by letters.
pub(crate) fn braille(text: &str) -> Option<Reading> {
    // The ten letters a-j; the next ten add dot 3, the last ones dots 3 and 6 (w came later and stands alone).
    const FIRST_TEN: [u8; 10] = [0x01, 0x03, 0x09, 0x19, 0x11, 0x0B, 0x1B, 0x13, 0x0A, 0x1A];
    const SIGNS: &[(u8, char)] = &[
        (0x02, ','),
        (0x06, ';'),
        (0x12, ':'),
        (0x32, '.'),
        (0x16, '!'),
        (0x26, '?'),
        (0x04, '\''),
        (0x24, '-'),
        (0x00, ' '),
        (0x3A, 'w'),
    ];
    let letter = |cell: u8| -> Option<char> {
        if let Some(&(_, sign)) = SIGNS.iter().find(|(known, _)| *known == cell) {
            return Some(sign);
        }
        let place = FIRST_TEN.iter().position(|&known| known == cell & 0x1B)? as u8;
        match (cell & 0x24, place) {
            (0x00, _) => Some(char::from(b'a' + place)),
            (0x04, _) => Some(char::from(b'k' + place)),
            (0x24, 0 | 1) => Some(char::from(b'u' + place)),
            (0x24, 2..=4) => Some(char::from(b'x' + place - 2)),
            _ => None,
        }
    };
    let mut rewriter = Rewriter::new(text);
    let mut letters = 0;
    for (at, character) in text.char_indices() {
        let code = u32::from(character);
        if !(0x2800..=0x28FF).contains(&code) {
            continue;
        }
        let range = at..at + character.len_utf8();
        match u8::try_from(code - 0x2800).ok().and_then(letter) {
            Some(plain) => {
                rewriter.replace_character(range, plain);
                letters += usize::from(plain.is_alphabetic());
            }
            None => rewriter.remove(range),
        }
    }
    if letters < 4 {
        return None;
    }
    rewriter.reading(Transform::Braille)
}

/// The regions that have a flag, two letters each (ISO 3166-1, and the exceptional ones of UTS #51).
const REGIONS: &str = "ACADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCO\
CPCQCRCUCVCWCXCYCZDEDGDJDKDMDODZEAECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUICIDIEILIMINIOIQ\
IRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOM\
PAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTATCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUNUSUYUZ\
VAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

fn is_region(first: char, second: char) -> bool {
    REGIONS
        .as_bytes()
        .chunks_exact(2)
        .any(|pair| pair == [first as u8, second as u8])
}

/// Replaces regional indicators that do not pair up as flags by the letters they are.
pub(crate) fn regional_indicators(text: &str) -> Option<Reading> {
    const LETTERS_MIN: usize = 3;
    let letter = |character: char| match u32::from(character) {
        code @ 0x1F1E6..=0x1F1FF => char::from_u32(code - 0x1F1E6 + u32::from('A')),
        _ => None,
    };
    // A run that could be flags is one, unless others spell: "reveal" happens to be three flags.
    let mut runs: Vec<Vec<(char, Range<usize>)>> = Vec::new();
    let mut end = usize::MAX;
    for (at, character) in text.char_indices() {
        let Some(plain) = letter(character) else { continue };
        let one = (plain, at..at + character.len_utf8());
        match runs.last_mut().filter(|_| at == end) {
            Some(run) => run.push(one),
            None => runs.push(vec![one]),
        }
        end = at + character.len_utf8();
    }
    let flags = |run: &[(char, Range<usize>)]| {
        run.chunks(2)
            .all(|pair| matches!(pair, [(a, _), (b, _)] if is_region(*a, *b)))
    };
    let spelled: usize = runs.iter().filter(|run| !flags(run)).map(Vec::len).sum();
    if spelled < LETTERS_MIN {
        return None;
    }
    let mut rewriter = Rewriter::new(text);
    for (plain, range) in runs.into_iter().flatten() {
        rewriter.replace_character(range, plain);
    }
    rewriter.reading(Transform::RegionalIndicators)
}
