//! What tells a live credential from a placeholder, a hash or prose.

/// Words that stand in made-up keys. A credential drawn at random holds one of at least five letters once in millions.
const PLACEHOLDER_WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "dummy",
    "sample",
    "your",
    "xxxx",
    "redacted",
    "insert",
    "replace",
    "todo",
    "secret_here",
    "key_here",
    "token_here",
    "my_secret",
    "fake",
    "1234567890",
    "abcdefgh",
    "aaaaaaaa",
    "00000000",
    "test_key",
    "****",
    "....",
    "process.env",
    "os.environ",
    "getenv",
];

/// Shannon's entropy of the bytes, in bits a byte.
pub fn shannon_bits(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = text.len().max(1) as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// Not a documented example, not a template variable, not one character repeated.
pub fn not_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let template =
        lower.starts_with(['<', '{', '$', '%', '[']) || lower.contains("{{") || lower.contains("${");
    let distinct = {
        let mut seen = [false; 256];
        text.bytes().for_each(|byte| {
            if let Some(flag) = seen.get_mut(usize::from(byte)) {
                *flag = true;
            }
        });
        seen.iter().filter(|flag| **flag).count()
    };
    !template && distinct >= 5 && !PLACEHOLDER_WORDS.iter().any(|word| lower.contains(word))
}

/// AWS access key id: four letters of its kind and 16 base32 characters (IAM identifiers, AWS documentation), no
/// documented example.
pub fn aws_access_key(text: &str) -> bool {
    let Some((kind, rest)) = text.split_at_checked(4) else {
        return false;
    };
    ["AKIA", "ASIA", "ABIA", "ACCA"].contains(&kind)
        && rest.len() == 16
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte))
        && not_placeholder(text)
}

/// CRC-32 of ISO 3309 (reflected, polynomial EDB88320), bit by bit: tokens are short.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut value, byte| {
        value ^= u32::from(*byte);
        for _ in 0..8 {
            value = (value >> 1) ^ (0xedb8_8320 & (value & 1).wrapping_neg());
        }
        value
    })
}

/// GitHub and npm tokens: after the prefix and `_`, 30 random characters and their CRC-32 in six base62 digits (GitHub engineering
/// blog, "Behind GitHub's new authentication token formats", 2021).
pub fn crc32_token(text: &str) -> bool {
    const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((_, body)) = text.split_once('_') else {
        return false;
    };
    let Some((random, check)) = body.split_at_checked(body.len().saturating_sub(6)) else {
        return false;
    };
    let mut value = u64::from(crc32(random.as_bytes()));
    random.len() == 30
        && check.bytes().rev().all(|digit| {
            let expected = BASE62.get((value % 62) as usize);
            value /= 62;
            expected == Some(&digit)
        })
}

/// A JSON Web Token: the header decodes to JSON with `alg` (RFC 7519, RFC 7515).
pub fn jwt(text: &str) -> bool {
    let header = text.split('.').next().unwrap_or_default();
    let decoded = base64_url(header);
    decoded
        .is_some_and(|bytes| bytes.starts_with(b"{") && bytes.windows(5).any(|window| window == b"\"alg\""))
}

fn base64_url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' => continue,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// A random string of a generic assignment: long, of mixed characters, of high entropy; no UUID, hash or dotted name.
pub fn random_token(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // MD5, SHA-1, SHA-256 and UUIDs name things far more often than they open them.
    let is_hash = hexadecimal && matches!(text.len(), 32 | 36 | 40 | 64);
    text.len() >= 16
        && digits >= 2
        && letters >= 4
        && !is_hash
        && shannon_bits(text) >= (text.len() as f64).log2().min(4.5) * 0.82
        && not_placeholder(text)
}

/// A password in an assignment or URL: no placeholder, no variable, at least two kinds of characters.
pub fn password(text: &str) -> bool {
    let kinds = [
        text.bytes().any(|byte| byte.is_ascii_lowercase()),
        text.bytes().any(|byte| byte.is_ascii_uppercase()),
        text.bytes().any(|byte| byte.is_ascii_digit()),
        // Signs that names and paths are joined with say nothing.
        text.bytes()
            .any(|byte| byte.is_ascii_punctuation() && !b"_.-/:".contains(&byte)),
    ];
    let common = [
        "password", "passwd", "secret", "none", "null", "string", "pass", "user", "token",
    ];
    let lower = text.to_ascii_lowercase();
    text.len() >= 6
        && kinds.iter().filter(|kind| **kind).count() >= 2
        && !common.contains(&lower.as_str())
        && not_placeholder(text)
}
