//! National identity numbers with their check digits. Sources stand beside each.

use super::digits::{luhn_digits, verhoeff};
use super::digits_of;

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

fn exactly(text: &str, count: usize) -> Option<Vec<u32>> {
    digits_of(text).filter(|digits| digits.len() == count)
}

fn number(digits: &[u32]) -> u64 {
    digits
        .iter()
        .fold(0, |value, digit| value * 10 + u64::from(*digit))
}

fn part(digits: &[u32], from: usize, to: usize) -> u64 {
    digits.get(from..to).map_or(0, number)
}

fn is_day(month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// US social security number: area, group and serial in the ranges that the SSA assigns (20 CFR 422.103; randomisation of
/// 2011), two numbers known from advertisements left out.
pub fn us_ssn(text: &str) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        let (area, group, serial) = (part(&digits, 0, 3), part(&digits, 3, 5), part(&digits, 5, 9));
        let advertised = [(78, 5, 1120), (219, 9, 9999), (123, 45, 6789)].contains(&(area, group, serial));
        area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !advertised
    })
}

/// UK national insurance number: prefixes that HMRC issues (National Insurance Manual NIM39110), suffix A to D.
pub fn uk_nino(text: &str) -> bool {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b' ')
        .map(|byte| byte.to_ascii_uppercase())
        .collect();
    let [first, second, numbers @ .., suffix] = compact.as_slice() else {
        return false;
    };
    let pair = [*first, *second];
    numbers.len() == 6
        && numbers.iter().all(u8::is_ascii_digit)
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(first)
        && !b"DFIQUVO".contains(second)
        && ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&pair)
        && (b'A'..=b'D').contains(suffix)
}

/// German tax id (Steuer-IdNr, section 139b AO): no leading zero, among the first ten digits one stands twice or three times, check
/// digit by ISO 7064 MOD 11,10.
pub fn de_tax_id(text: &str) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let Some((last, first)) = digits.split_last() else {
            return false;
        };
        let mut counts = [0u8; 10];
        for digit in first {
            if let Some(count) = counts.get_mut(*digit as usize) {
                *count += 1;
            }
        }
        let repeated: Vec<u8> = counts.iter().copied().filter(|count| *count > 1).collect();
        let product = first.iter().fold(10, |product, digit| {
            let sum = (product + digit) % 10;
            (if sum == 0 { 10 } else { sum }) * 2 % 11
        });
        let check = (11 - product) % 10;
        first.first() != Some(&0) && matches!(repeated.as_slice(), [2 | 3]) && check == *last
    })
}

/// French social security number (NIR, INSEE): 13 characters and the key 97 - n mod 97; Corsica 2A counts as 19, 2B as 18.
pub fn fr_nir(text: &str) -> bool {
    let compact: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase();
    let replaced = match compact.get(5..7) {
        Some("2A") => compact.replacen("2A", "19", 1),
        Some("2B") => compact.replacen("2B", "18", 1),
        _ => compact,
    };
    exactly(&replaced, 15).is_some_and(|digits| {
        let month = part(&digits, 3, 5);
        let month_known = (1..=12).contains(&month) || (20..=42).contains(&month) || month >= 50;
        matches!(digits.first(), Some(1..=4 | 7 | 8))
            && month_known
            && 97 - part(&digits, 0, 13) % 97 == part(&digits, 13, 15)
    })
}

/// Spanish DNI and NIE (Real Decreto 1553/2005; Orden INT/2058/2008): control letter by the number modulo 23, X Y Z stand for
/// 0 1 2.
pub fn es_dni(text: &str) -> bool {
    let compact: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase();
    let Some((body, letter)) = compact.split_at_checked(compact.len().saturating_sub(1)) else {
        return false;
    };
    let digits = match body.split_at_checked(1) {
        Some(("X", rest)) => format!("0{rest}"),
        Some(("Y", rest)) => format!("1{rest}"),
        Some(("Z", rest)) => format!("2{rest}"),
        _ => body.to_owned(),
    };
    let letters = "TRWAGMYFPDXBNJZSQVHLCKE";
    exactly(&digits, 8).is_some_and(|digits| {
        let index = (number(&digits) % 23) as usize;
        number(&digits) != 0 && letters.get(index..=index) == Some(letter)
    })
}

/// Italian codice fiscale (Decreto ministeriale 12 March 1974): the last letter checks the 15 before it, odd places by table.
pub fn it_fiscal_code(text: &str) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ];
    let code: Vec<u8> = text.bytes().map(|byte| byte.to_ascii_uppercase()).collect();
    let Some((last, body)) = code.split_last() else {
        return false;
    };
    if code.len() != 16 || !code.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let shape_fits = body.iter().enumerate().all(|(place, byte)| match place {
        0..=5 | 8 | 11 => byte.is_ascii_uppercase(),
        // Digits may be letters where two people would share a code (omocodia).
        _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
    });
    let month_fits = body.get(8).is_some_and(|byte| b"ABCDEHLMPRST".contains(byte));
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let value = u32::from(if byte.is_ascii_digit() {
                byte - b'0'
            } else {
                byte - b'A'
            });
            if place % 2 == 0 {
                ODD.get(value as usize).copied().unwrap_or_default()
            } else {
                value
            }
        })
        .sum();
    shape_fits && month_fits && u32::from(*last) == u32::from(b'A') + sum % 26
}

/// Dutch citizen service number (BSN): the eleven test with weight -1 on the last digit.
pub fn nl_bsn(text: &str) -> bool {
    exactly(text, 9).is_some_and(|digits| {
        let sum = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) + digits.last().map_or(0, |last| last * 10);
        number(&digits) > 9_999_999 && sum.is_multiple_of(11)
    })
}

/// Polish PESEL (Act on population registration, 2010): weights 1 3 7 9, the month carries the century.
pub fn pl_pesel(text: &str) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let sum = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
        is_day(part(&digits, 2, 4) % 20, part(&digits, 4, 6)) && sum.is_multiple_of(10)
    })
}

/// Brazilian CPF (Receita Federal): two check digits modulo 11.
pub fn br_cpf(text: &str) -> bool {
    exactly(text, 11).is_some_and(|digits| {
        let check = |count: u32| {
            let weights: Vec<u32> = (2..=count + 1).rev().collect();
            let rest = weighted(&digits, &weights) * 10 % 11;
            Some(&(rest % 10)) == digits.get(count as usize)
        };
        let same = digits.windows(2).all(|pair| pair.first() == pair.last());
        !same && check(9) && check(10)
    })
}

/// Indian Aadhaar number (UIDAI): 12 digits, the first from 2, Verhoeff's check.
pub fn in_aadhaar(text: &str) -> bool {
    exactly(text, 12)
        .is_some_and(|digits| digits.first().is_some_and(|first| *first >= 2) && verhoeff(&digits))
}

/// Chinese resident identity number (GB 11643-1999): date of birth, check character by ISO 7064 MOD 11-2.
pub fn cn_resident_id(text: &str) -> bool {
    let Some((body, last)) = text.trim().split_at_checked(text.trim().len().saturating_sub(1)) else {
        return false;
    };
    exactly(body, 17).is_some_and(|digits| {
        let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
        let expected = "10X98765432".chars().nth((sum % 11) as usize);
        let year = part(&digits, 6, 10);
        (1900..2100).contains(&year)
            && is_day(part(&digits, 10, 12), part(&digits, 12, 14))
            && expected.is_some_and(|check| last.eq_ignore_ascii_case(&check.to_string()))
    })
}

/// Swedish personal identity number (Skatteverket): date, three digits, Luhn over the last ten; 60 is added to the day for
/// coordination numbers.
pub fn se_personal_number(text: &str) -> bool {
    let Some(digits) = digits_of(&text.replace('+', "-")) else {
        return false;
    };
    let ten = match digits.len() {
        10 => digits.as_slice(),
        12 => digits.get(2..).unwrap_or_default(),
        _ => return false,
    };
    let day = part(ten, 4, 6);
    is_day(part(ten, 2, 4), if day > 60 { day - 60 } else { day }) && luhn_digits(ten)
}
