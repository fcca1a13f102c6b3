//! Check digits of payment cards and bank accounts, and the shapes of addresses.

use super::digits_of;

/// Luhn's formula (ISO/IEC 7812-1 annex B) over all digits; separators are skipped.
pub fn luhn(text: &str) -> bool {
    digits_of(text).is_some_and(|digits| digits.len() >= 2 && luhn_digits(&digits))
}

pub(super) fn luhn_digits(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A payment card number: Luhn, a length of its issuer, and the issuer's range (ISO/IEC 7812 issuer identification numbers as the
/// networks publish them: Visa, Mastercard, American Express, Discover, Diners Club, JCB, `UnionPay`, Maestro, Mir).
pub fn payment_card(text: &str) -> bool {
    let Some(digits) = digits_of(text) else {
        return false;
    };
    let head = |count: usize| {
        digits
            .iter()
            .take(count)
            .fold(0, |number, digit| number * 10 + digit)
    };
    let (two, three, four) = (head(2), head(3), head(4));
    let length_fits = match digits.len() {
        13 | 19 if head(1) == 4 => true,
        14 => (300..=305).contains(&three) || two == 36 || two == 38 || two == 39,
        15 => two == 34 || two == 37,
        16 => {
            head(1) == 4
                || (51..=55).contains(&two)
                || (2221..=2720).contains(&four)
                || four == 6011
                || two == 65
                || (644..=649).contains(&three)
                || (3528..=3589).contains(&four)
                || two == 62
                || (2200..=2204).contains(&four)
                || two == 50
                || (56..=58).contains(&two)
        }
        17..=19 => two == 62 || two == 50 || (56..=58).contains(&two) || four == 6304,
        _ => false,
    };
    let same = digits.windows(2).all(|pair| pair.first() == pair.last());
    length_fits && !same && luhn_digits(&digits)
}

/// Lengths of IBANs by country (SWIFT IBAN registry).
const IBAN_LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24\
FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19\
MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24\
XK20YE30";

/// An IBAN: known country, its length, check digits by ISO 7064 MOD 97-10 (ISO 13616).
pub fn iban(text: &str) -> bool {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b' ' && *byte != b'-')
        .collect();
    let Some((head, rest)) = compact.split_at_checked(4) else {
        return false;
    };
    let length = IBAN_LENGTHS.as_bytes().chunks(4).find_map(|entry| {
        let (country, length) = entry.split_at_checked(2)?;
        let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
        head.get(..2)?.eq_ignore_ascii_case(country).then_some(length)
    });
    if length != Some(compact.len()) {
        return false;
    }
    let mut remainder = 0u32;
    for byte in rest.iter().chain(head) {
        let Some(value) = char::from(*byte).to_digit(36) else {
            return false;
        };
        let shift = if value > 9 { 100 } else { 10 };
        remainder = (remainder * shift + value) % 97;
    }
    remainder == 1
}

const VERHOEFF_PRODUCT: [&[u8; 10]; 10] = [
    b"0123456789",
    b"1234067895",
    b"2340178956",
    b"3401289567",
    b"4012395678",
    b"5987604321",
    b"6598710432",
    b"7659821043",
    b"8765932104",
    b"9876543210",
];
const VERHOEFF_PERMUTATION: [&[u8; 10]; 8] = [
    b"0123456789",
    b"1576283094",
    b"5803796142",
    b"8916043527",
    b"9453126870",
    b"4286573901",
    b"2793806415",
    b"7046913258",
];

/// Verhoeff's check (J. Verhoeff, Error Detecting Decimal Codes, 1969): products of the dihedral group D5.
pub fn verhoeff(digits: &[u32]) -> bool {
    let step = |check: u32, (place, digit): (usize, &u32)| -> Option<u32> {
        let permuted = VERHOEFF_PERMUTATION.get(place % 8)?.get(*digit as usize)? - b'0';
        let product = VERHOEFF_PRODUCT.get(check as usize)?.get(usize::from(permuted))? - b'0';
        Some(u32::from(product))
    };
    digits.iter().rev().enumerate().try_fold(0, step) == Some(0)
}

/// An IPv4 address that routes on the public Internet (IANA special-purpose registry, RFC 6890, left out).
pub fn ipv4_public(text: &str) -> bool {
    let Ok(address) = text.parse::<std::net::Ipv4Addr>() else {
        return false;
    };
    let [first, second, third, _] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let benchmark = first == 198 && (second == 18 || second == 19);
    let protocol = first == 192 && second == 0 && third == 0;
    !(first == 0
        || first >= 224
        || shared
        || benchmark
        || protocol
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

/// An e-mail address by the limits of RFC 5321 (64 octets before the sign, 255 after), outside the domains that RFC 2606 keeps for
/// examples.
pub fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let top = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    let reserved = ["example", "test", "invalid", "localhost"];
    let second = labels
        .iter()
        .rev()
        .nth(1)
        .copied()
        .unwrap_or_default()
        .to_ascii_lowercase();
    // `logo@2x.png`: retina pictures look like addresses.
    let is_file = ["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css"].contains(&top.as_str());
    (1..=64).contains(&local.len())
        && domain.len() <= 255
        && labels.len() >= 2
        && labels
            .iter()
            .all(|label| !label.is_empty() && label.len() <= 63 && !label.starts_with('-'))
        && top.len() >= 2
        && top.chars().all(char::is_alphabetic)
        && !local.contains("..")
        && !is_file
        && !reserved.contains(&top.as_str())
        && !(second == "example" && ["com", "org", "net"].contains(&top.as_str()))
}

/// Whether text may be a telephone number at all: 7 to 15 digits (ITU-T E.164), not a Unix time, a date, a version or an
/// address. The caller confirms with a numbering-plan library.
pub fn phone_shape(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let dots = text.bytes().filter(|byte| *byte == b'.').count();
    let dotted_only = dots > 0 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let address = dotted_only && text.parse::<std::net::Ipv4Addr>().is_ok();
    // Ten digits from 2001 to 2033, or thirteen: seconds and milliseconds since 1970.
    let unix_time = plain && (digits == 10 || digits == 13) && text.starts_with('1');
    (7..=15).contains(&digits) && !unix_time && !address && !is_date(text)
}

/// `2024-05-17`, `17.05.2024`, `2024/05/17 10`: groups that a calendar explains.
fn is_date(text: &str) -> bool {
    let groups: Vec<&str> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let year = |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let small = |group: &&str| group.len() <= 2 && group.parse::<u32>().is_ok_and(|number| number <= 31);
    match groups.as_slice() {
        [first, second, third, ..] => {
            (year(first) && small(second) && small(third)) || (small(first) && small(second) && year(third))
        }
        [first, second] => year(first) && year(second),
        _ => false,
    }
}
