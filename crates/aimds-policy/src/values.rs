//! How arguments are read: paths, amounts, globs. Whatever is ambiguous is `None`, that is unknown.

/// An absolute path with `.`, `..` and doubled slashes resolved by their letters; `None` for relative paths, backslashes, drive
/// letters, control characters, percent signs, `~` and what lies outside ASCII: some systems write the same name in two ways, and
/// some read a wide `/` or `.` as a plain one. Symbolic links are the file system's business and are not followed here.
pub fn path(text: &str) -> Option<String> {
    let unusual =
        |c: char| !c.is_ascii() || c.is_control() || matches!(c, '\\' | '%' | '~' | '$' | '*' | '?');
    if !text.starts_with('/') || text.contains(unusual) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Whether a resolved path is a folder or lies below it.
pub fn is_under(path: &str, folder: &str) -> bool {
    let folder = folder.strip_suffix('/').unwrap_or(folder);
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// A decimal text as a number scaled by `10^digits`; `None` when it is negative, has more digits behind the point, an exponent,
/// or is too large.
pub fn scaled(text: &str, digits: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > digits {
        return None;
    }
    let factor = 10_u64.checked_pow(u32::try_from(digits).ok()?)?;
    let behind = format!("{fraction:0<digits$}");
    let behind: u64 = if behind.is_empty() {
        0
    } else {
        behind.parse().ok()?
    };
    let value = whole
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)?
        .checked_add(behind)?;
    (value <= crate::limits::NUMBER_MAX).then_some(value)
}

/// Whether a name fits a pattern in which `*` stands for any characters; case does not count.
pub fn fits(name: &str, glob: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let glob = glob.to_ascii_lowercase();
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dots are resolved before a folder is compared, and a sibling with the same beginning is not below it.
    #[test]
    fn paths() {
        assert_eq!(
            path("/srv/data/../etc//passwd").as_deref(),
            Some("/srv/etc/passwd")
        );
        assert_eq!(path("/../..").as_deref(), Some("/"));
        assert_eq!(path("srv/data"), None);
        assert_eq!(path("/srv/%2e%2e/etc"), None);
        assert_eq!(path("/srv/data/\u{ff0e}\u{ff0e}/etc"), None);
        assert_eq!(path("/srv/data\u{ff0f}..\u{ff0f}etc"), None);
        assert_eq!(path("/srv/caf\u{e9}"), None, "or cafe\u{301}");
        assert!(is_under("/srv/data/a", "/srv/data/"));
        assert!(!is_under("/srv/database", "/srv/data"));
        assert!(is_under("/anything", "/"));
    }

    /// Amounts are exact; what would need rounding is unknown.
    #[test]
    fn amounts() {
        assert_eq!(scaled("12.5", 2), Some(1_250));
        assert_eq!(scaled("12.50", 2), Some(1_250));
        assert_eq!(scaled("12", 2), Some(1_200));
        assert_eq!(scaled("0.300000000000000004", 2), None);
        assert_eq!(scaled("-1", 2), None);
        assert_eq!(scaled("1e3", 2), None);
        assert_eq!(scaled("99999999999999999999", 2), None);
    }

    /// Stars stand for anything, also for nothing; without one the whole name counts.
    #[test]
    fn globs() {
        assert!(fits("GmailSendEmail", "*send*email*"));
        assert!(fits("send", "*send*"));
        assert!(!fits("resend", "send*"));
        assert!(fits("a.b.c", "a.*.c"));
        assert!(!fits("a.c", "a.*.c"));
        assert!(!fits("ab", "a"));
        assert!(!fits("aba", "ab*ba"));
    }
}
