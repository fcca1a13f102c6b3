//! How arguments are read: hosts, paths, amounts, globs. Whatever is ambiguous is `None`, that is unknown.

/// The host of a URL, mail address or bare host name, in lower case; `None` when two readers could disagree about it.
///
/// Backslashes, spaces, control characters and percent signs before the path are refused, for browsers and libraries read
/// them differently; so are user names in URLs that hold `@` twice, hosts outside ASCII (compare their `xn--` form), and texts
/// without a scheme in which an `@` stands behind a `/`, `?` or `#`: such a text may also be the address of somebody elsewhere.
pub fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let authority = match text.split_once("://") {
        Some((scheme, rest)) => {
            let plain = scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            if scheme.is_empty() || !plain {
                return None;
            }
            rest.split(['/', '?', '#']).next()?
        }
        None if text.starts_with("//") => return None,
        None => match text.split_once(['/', '?', '#']) {
            // All three are legal before the `@` of a mail address: to a mail program the host stands behind it.
            Some((_, rest)) if rest.contains('@') => return None,
            Some((authority, _)) => authority,
            None => text,
        },
    };
    let unusual = |c: char| {
        !c.is_ascii() || c.is_ascii_control() || matches!(c, '\\' | ' ' | '%' | '<' | '>' | '"' | ',' | ';')
    };
    if authority.is_empty() || authority.contains(unusual) {
        return None;
    }
    let host_and_port = match authority.split_once('@') {
        Some((_, rest)) if rest.contains('@') => return None,
        Some((_, rest)) => rest,
        None => authority,
    };
    let host = match host_and_port.split_once(':') {
        // IPv6 literals and odd ports are not compared with names.
        Some((host, port)) if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host_and_port,
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let labels_fine = host.split('.').all(|label| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    });
    (labels_fine && host.len() <= HOST_BYTES_MAX).then_some(host)
}

/// Bytes of a host name, by the rules of DNS.
const HOST_BYTES_MAX: usize = 253;

/// Whether a host is a domain or lies below it.
pub fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// An absolute path with `.`, `..` and doubled slashes resolved by their letters; `None` for relative paths, backslashes, drive
/// letters, control characters, percent signs and `~`. Symbolic links are the file system's business and are not followed here.
pub fn path(text: &str) -> Option<String> {
    let unusual = |c: char| c.is_control() || matches!(c, '\\' | '%' | '~' | '$' | '*' | '?');
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

    /// Tricks that make one reader see another host than the next are unknown, not accepted.
    #[test]
    fn hosts() {
        for (text, expected) in [
            ("https://corp.example/a?b", Some("corp.example")),
            ("Alice@Corp.Example", Some("corp.example")),
            ("corp.example:443", Some("corp.example")),
            ("corp.example.", Some("corp.example")),
            ("https://corp.example@evil.example/", Some("evil.example")),
            ("https://evil.example\\@corp.example", None),
            ("https://evil.example#@corp.example", Some("evil.example")),
            ("https://corp.example/x@evil.example", Some("corp.example")),
            ("corp.example/x@evil.example", None),
            ("corp.example?x@evil.example", None),
            ("corp.example#x@evil.example", None),
            ("mailto:ann@corp.example?bcc=x@evil.example", None),
            ("ann@corp.example/x", Some("corp.example")),
            ("https://a@b@corp.example", None),
            ("//corp.example", None),
            ("http://corp%2eexample", None),
            ("http://[::1]/", None),
            ("http://cörp.example", None),
            ("a@x.example, b@corp.example", None),
            ("", None),
        ] {
            assert_eq!(host(text).as_deref(), expected, "{text}");
        }
        assert!(is_within("a.corp.example", "corp.example"));
        assert!(!is_within("evilcorp.example", "corp.example"));
    }

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
