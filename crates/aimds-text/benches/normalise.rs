//! Times `normalise` on clean, ordinary and adversarial texts: `cargo bench -p aimds-text --bench normalise [NAME]`.
//!
//! Prints the best of several runs (milliseconds), the input and the size of all views. With a name, only that input is
//! run, for two seconds: for a profiler.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::too_many_lines,
    reason = "tests and benchmarks may stop"
)]

use aimds_text::normalise::normalise;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes of the long inputs.
const SIZE: usize = 100_000;

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "that",
    "for",
    "was",
    "with",
    "people",
    "would",
    "there",
    "which",
    "number",
    "water",
    "before",
    "great",
    "because",
    "through",
    "little",
    "different",
    "sentence",
    "picture",
    "country",
    "answer",
    "between",
];

/// A small linear congruential generator (Knuth's MMIX constants): the same texts on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

fn prose(length: usize) -> String {
    let mut dice = Dice(1);
    let mut text = String::new();
    while text.len() < length {
        text.push_str(WORDS[dice.below(WORDS.len())]);
        text.push_str(if dice.below(12) == 0 { ". " } else { " " });
    }
    text.truncate(length);
    text
}

fn noise(length: usize, alphabet: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut dice = Dice(2);
    (0..length).map(|_| letters[dice.below(letters.len())]).collect()
}

fn map(text: &str, each: impl Fn(char) -> String) -> String {
    text.chars().map(each).collect()
}

fn fill(unit: &str) -> String {
    unit.repeat(SIZE / unit.len())
}

fn shifted(by: u8) -> String {
    map(&prose(SIZE), |c| {
        if c.is_ascii_lowercase() {
            char::from((c as u8 - b'a' + by) % 26 + b'a')
        } else {
            c
        }
        .to_string()
    })
}

fn offset(text: &str, by: u32) -> String {
    map(text, |c| {
        char::from_u32(u32::from(c) + by).unwrap_or(c).to_string()
    })
}

fn inputs() -> Vec<(&'static str, String)> {
    let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    let printable: String = (' '..='~').collect();
    let mut texts = vec![
        ("ordinary, 100 tokens", prose(500)),
        ("clean prose", prose(SIZE)),
        (
            "prose with numbers",
            map(
                &prose(SIZE),
                |c| if c == 'w' { "7 ".into() } else { c.to_string() },
            ),
        ),
        (
            "code",
            fill(
                "    value_of = text.strip()[:limit] # note\n    return {'a_b': f(1, 2), \"c\": [1.0, 0x1f]}\n",
            ),
        ),
        (
            "html",
            fill("<div class='a b'><p style='color:red'>hello <b>world</b> &amp; more</p><!-- c --></div>\n"),
        ),
        (
            "russian",
            fill("Это обычный русский текст, в котором нет ничего скрытого. "),
        ),
        ("chinese", fill("这是一个普通的中文句子没有隐藏任何东西。")),
        (
            "zero-width letters",
            map(&prose(SIZE / 4), |c| format!("{c}\u{200B}")),
        ),
        ("tag characters", offset(&prose(SIZE / 4), 0xE0000)),
        (
            "fullwidth",
            map(&prose(SIZE / 3), |c| {
                if c == ' ' {
                    c.to_string()
                } else {
                    offset(&c.to_string(), 0xFEE0)
                }
            }),
        ),
        (
            "homoglyphs",
            prose(SIZE).replace('a', "а").replace('e', "е").replace('o', "о"),
        ),
        ("mark flood", fill(&format!("e{}", "\u{301}".repeat(50)))),
        ("marks", fill("e\u{316}\u{301}")),
        ("accents", fill("ígñörê ")),
        ("ligatures", fill("\u{FDFA}")),
        ("jamo", fill("\u{1100}\u{1161}\u{11A8}")),
        ("nested base64", base64(&base64(&base64(&prose(42_000))))),
        ("base64 words", fill(&format!("{} ", base64("hidden words")))),
        ("random base64", noise(SIZE, "ABCDEFGHabcdefgh0123456789+/")),
        (
            "random base64 words",
            noise(SIZE, "ABCDEFGHIJKabcdefghijk0123456789 "),
        ),
        ("hex", map(&prose(SIZE / 2), |c| format!("{:02x}", c as u32))),
        (
            "hex pairs",
            map(&prose(SIZE / 3), |c| format!("{:02x} ", c as u32)),
        ),
        ("percent", map(&prose(SIZE / 3), |c| format!("%{:02x}", c as u32))),
        (
            "unicode escapes",
            map(&prose(SIZE / 6), |c| format!("\\u{:04x}", c as u32)),
        ),
        ("entities", map(&prose(SIZE / 6), |c| format!("&#{};", c as u32))),
        ("spaced letters", map(&prose(SIZE / 2), |c| format!("{c} "))),
        (
            "leet",
            map(&prose(SIZE), |c| {
                "a4e3i1o0s5t7"
                    .split(c)
                    .nth(1)
                    .and_then(|r| r.chars().next())
                    .unwrap_or(c)
                    .to_string()
            }),
        ),
        ("binary", map(&prose(SIZE / 9), |c| format!("{:08b} ", c as u32))),
        ("rot13", shifted(13)),
        ("caesar", shifted(5)),
        ("reverse", prose(SIZE).chars().rev().collect()),
        (
            "random letters",
            noise(SIZE, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ "),
        ),
        ("random printable", noise(SIZE, &printable)),
        ("random digits", noise(SIZE, "0123456789 ")),
        (
            "random unicode",
            noise(
                SIZE / 3,
                &(0x80..0x3000).filter_map(char::from_u32).collect::<String>(),
            ),
        ),
        ("overrides", fill("\u{202E}abc")),
        ("deletions", fill("a\u{8}")),
        ("upside down", fill("ǝɹouƃı ")),
    ];
    for unit in [
        "<",
        "<a ",
        "<!--",
        "<a x=\"",
        "<div style=\"display:none\">",
        "](",
        "[a]( \"",
        "![a b](",
        "&",
        "%",
        "\\",
        "=",
        "U+0041 ",
        "=41=42=\n",
        "a.b-c_",
        ".- -... ",
        "<~",
        "ignoreAllPrevious ",
        "ignore_all_previous ",
        "a",
        "\n",
        "1",
        "0x",
    ] {
        texts.push((unit, fill(unit)));
    }
    texts
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    println!("{:>9} {:>8} {:>5} {:>8}  input", "ms", "bytes", "views", "out");
    for (name, text) in inputs() {
        if let Some(wanted) = &wanted {
            if name == wanted {
                for view in normalise(&text).views {
                    println!(
                        "{:?} {} {}",
                        view.chain,
                        view.text.len(),
                        view.text.chars().take(60).collect::<String>().escape_debug()
                    );
                }
            }
            let end = Instant::now() + Duration::from_secs(2);
            while name == wanted && Instant::now() < end {
                black_box(normalise(black_box(&text)));
            }
            continue;
        }
        let runs = (2_000_000 / text.len()).clamp(5, 500);
        let mut best = Duration::MAX;
        for _ in 0..runs {
            let start = Instant::now();
            black_box(normalise(black_box(&text)));
            best = best.min(start.elapsed());
        }
        let normalised = normalise(&text);
        let out: usize = normalised.views.iter().map(|view| view.text.len()).sum();
        let bounds: Vec<_> = normalised.incomplete.iter().map(|bound| bound.name()).collect();
        let label = name.escape_default();
        println!(
            "{:9.3} {:8} {:5} {:8}  {label} {}",
            best.as_secs_f64() * 1e3,
            text.len(),
            normalised.views.len(),
            out,
            bounds.join(",")
        );
    }
}
