//! How hosts and mail addresses are read. Whatever two readers could read differently is `None`, that is unknown.

/// Bytes of a host name, by the rules of DNS.
const HOST_BYTES_MAX: usize = 253;

/// Schemes of which every reader knows that the host ends where the path begins, whatever stands behind.
const URL_SCHEMES: [&str; 11] = [
    "http", "https", "ws", "wss", "ftp", "ftps", "sftp", "ssh", "git", "s3", "gs",
];

/// What a text says about where something goes.
struct Place<'a> {
    /// Of a mail address: the name before the `@`.
    name: Option<&'a str>,
    /// In lower case.
    host: String,
}

/// The host of a URL, mail address or bare host name, in lower case; `None` when two readers could disagree about it.
///
/// Backslashes, spaces, control characters and percent signs before the path are refused, for browsers and libraries read
/// them differently; so are user names in URLs that hold `@` twice, and hosts outside ASCII (compare their `xn--` form). A text
/// that no known scheme makes a URL may be the address of somebody elsewhere: it is refused if an `@` stands behind a `/`, `?` or
/// `#`, or something that may come to one. A mail address, `mailto:` or not, is one name and one host, and nothing behind it: a
/// query may name more recipients.
pub fn host(text: &str) -> Option<String> {
    place(text).map(|place| place.host)
}

/// A host that stands alone, in lower case; `None` for mail addresses, URLs and ports, of which a rule would compare no more than
/// the host, and so mean more than it seems to.
pub fn bare_host(text: &str) -> Option<String> {
    let written = text.trim().to_ascii_lowercase();
    host(text).filter(|host| written.trim_end_matches('.') == host.as_str())
}

/// The host, and of a mail address also the name before it, without `mailto:`: two people of one firm are not the same recipient.
pub fn address(text: &str) -> Option<String> {
    let Place { name, host } = place(text)?;
    Some(match name {
        Some(name) => format!("{}@{host}", name.to_lowercase()),
        None => host,
    })
}

/// Whether a host is a domain or lies below it.
pub fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn place(text: &str) -> Option<Place<'_>> {
    let text = text.trim();
    if let Some(mail) = after_mailto(text) {
        return mail_address(mail);
    }
    let (authority, host_and_port) = match text.split_once("://") {
        Some((scheme, rest)) => {
            let authority = authority_of_url(scheme, rest)?;
            (
                authority,
                authority.split_once('@').map_or(authority, |(_, rest)| rest),
            )
        }
        None if text.contains('@') => return mail_address(text),
        None => before_path(text).map(|authority| (authority, authority))?,
    };
    named_host(authority, host_and_port).map(|host| Place { name: None, host })
}

/// What stands behind `mailto:`, which is written in any case.
fn after_mailto(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("mailto").then_some(rest)
}

/// One name and one host: nothing before, between or behind that some reader could take for another recipient.
fn mail_address(text: &str) -> Option<Place<'_>> {
    let (name, rest) = text.split_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-=~'&$^{}*".contains(c);
    if name.is_empty() || !name.chars().all(plain) || rest.contains(['/', '?', '#']) {
        return None;
    }
    let host = named_host(rest, rest)?;
    Some(Place {
        name: Some(name),
        host,
    })
}

/// What stands between the scheme and the path.
fn authority_of_url<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return None;
    }
    if URL_SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return rest.split(['/', '?', '#']).next();
    }
    before_path(rest)
}

/// What stands before the path, where that must not be the name of a mail address: `/`, `?` and `#` are all legal before its `@`.
fn before_path(text: &str) -> Option<&str> {
    let Some((authority, behind)) = text.split_once(['/', '?', '#']) else {
        return Some(text);
    };
    (!behind.contains(may_come_to_at)).then_some(authority)
}

/// Signs of which some reader makes an `@`: by percent, backslash or entity, or because it takes wide and small letters for plain
/// ones; and those that some reader takes for the end of one address and the begin of the next.
fn may_come_to_at(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_control() || "@%\\& ,;<>\"()".contains(c)
}

/// The host of an authority, of which `host_and_port` is all or the end, in lower case.
fn named_host(authority: &str, host_and_port: &str) -> Option<String> {
    let unusual = |c: char| !c.is_ascii() || c.is_ascii_control() || "\\ %<>\",;".contains(c);
    if authority.is_empty() || authority.contains(unusual) || host_and_port.contains('@') {
        return None;
    }
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
            ("corp.example/a?b=c", Some("corp.example")),
            ("corp.example.", Some("corp.example")),
            ("https://corp.example@evil.example/", Some("evil.example")),
            ("https://evil.example\\@corp.example", None),
            ("https://evil.example#@corp.example", Some("evil.example")),
            ("https://corp.example/x@evil.example", Some("corp.example")),
            ("corp.example/x@evil.example", None),
            ("corp.example?x@evil.example", None),
            ("corp.example#x@evil.example", None),
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

    #[test]
    fn a_rule_names_bare_hosts() {
        for (text, expected) in [
            ("corp.example", Some("corp.example")),
            (" Corp.Example. ", Some("corp.example")),
            ("ann@corp.example", None),
            ("mailto:ann@corp.example", None),
            ("https://corp.example", None),
            ("corp.example/x", None),
            ("corp.example:8080", None),
        ] {
            assert_eq!(bare_host(text).as_deref(), expected, "{text}");
        }
    }

    /// Where no known scheme says that it is a path, nothing that may come to an `@` stands behind the host.
    #[test]
    fn what_may_be_an_address_elsewhere_is_no_host() {
        for at in [
            "@", "%40", "\u{ff20}", "\u{fe6b}", "&#64;", "&commat;", "\\u0040", ",bob@", " b@",
        ] {
            for before in [
                "corp.example/x",
                "corp.example?x",
                "a://corp.example/b",
                "mailto://corp.example/b",
            ] {
                let text = format!("{before}{at}evil.example");
                assert_eq!(host(&text), None, "{text}");
            }
            let page = format!("https://corp.example/x{at}evil.example");
            assert_eq!(host(&page).as_deref(), Some("corp.example"), "{page}");
        }
    }

    /// A mail address is one name and one host; behind it, a query or a second address may name more recipients.
    #[test]
    fn mail_addresses_are_plain() {
        for text in [
            "ann.b+c@corp.example",
            "mailto:ann.b+c@corp.example",
            "MailTo:Ann.B+c@Corp.Example",
        ] {
            assert_eq!(address(text).as_deref(), Some("ann.b+c@corp.example"), "{text}");
            assert_eq!(host(text).as_deref(), Some("corp.example"), "{text}");
        }
        for text in [
            "mailto:ann@corp.example?bcc=x@evil.example",
            "mailto:ann@corp.example?bcc=x%40evil.example",
            "mailto:ann@corp.example?subject=hello",
            "mailto:ann@corp.example,bob@evil.example",
            "mailto:ann@corp.example%2cbob%40evil.example",
            "mailto:?to=ann@corp.example",
            "mailto://ann@corp.example",
            "mailto:mailto:ann@corp.example",
            "mailto:x:a@corp.example",
            "mailto:corp.example",
            "mailto:",
            "ann@corp.example/x",
            "ann@corp.example/,bob",
            "ann@corp.example?cc=bob",
            "ann@corp.example\u{ff20}evil.example",
            "evil.example!x@corp.example",
            "x%evil.example@corp.example",
            "x(@corp.example",
            "x:a@corp.example",
            "\u{ff41}nn@corp.example",
            "@corp.example",
        ] {
            assert_eq!(host(text), None, "{text}");
            assert_eq!(address(text), None, "{text}");
        }
    }
}
