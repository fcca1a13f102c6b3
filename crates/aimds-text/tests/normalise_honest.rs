//! Honest text that looks like hiding to a careless eye: no trick in it counts as deliberate, and it stays readable.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "tests and benchmarks may stop"
)]

use aimds_text::normalise::normalise;
use data_encoding::BASE64;

fn deliberate(text: &str) -> Vec<(&'static str, f32)> {
    let tricks = normalise(text).tricks;
    tricks
        .iter()
        .filter(|trick| trick.deliberate > 0.0)
        .map(|trick| (trick.kind.name(), trick.deliberate))
        .collect()
}

/// The table of honest texts stays free of deliberate tricks.
#[test]
fn honest_texts() {
    let image: Vec<u8> = (0..3000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let image = format!("![logo](data:image/png;base64,{})", BASE64.encode(&image));
    let texts: &[&str] = &[
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿 beat 🏴󠁧󠁢󠁳󠁣󠁴󠁿 and 🏴󠁧󠁢󠁷󠁬󠁳󠁿 last night",
        "🇫🇷🇩🇪🇮🇹 and 🇯🇵 are in the final 🇧🇷",
        "👨‍👩‍👧‍👦 family, 👩‍🚀 astronaut, 🏳️‍🌈 flag, 👩🏽‍⚕️ doctor",
        "👍🏽 👋🏿 ok",
        "Press 1️⃣ then #️⃣ or *️⃣",
        "❤️ ☀️ ✈️ ™️ ©️ ⚠️ warning ↔️",
        "Привет, как дела? Сегодня хорошая погода, и мы пойдём гулять.",
        "В Python функция print() выводит текст, а HTML — это язык разметки. Файл PDFка на iPhone'е.",
        "Καλημέρα κόσμε, τι κάνετε σήμερα;",
        "مرحبا بالعالم، كيف حالك اليوم؟",
        "می\u{200c}خواهم کتاب\u{200c}ها را به خانه\u{200c}ام ببرم",
        "हिन्दी में क्\u{200d}ष और र्\u{200d}य लिखते हैं, शक्\u{200c}ति",
        "क्षत्रिय ज्ञान श्री",
        "今天天气很好，我们去公园散步吧。",
        "昨日、ＮＨＫでＡＢＣニュースを見ました。",
        "안녕하세요, 오늘 날씨가 좋네요.",
        "葛\u{E0100}城市と辻\u{E0101}さん",
        "שלום\u{200f}, הגרסה היא 2.0\u{200e} (beta)",
        "الإصدار 2.0\u{200e} من\u{200f} البرنامج",
        "ภาษา\u{200b}ไทย\u{200b}เขียน\u{200b}ติดกัน",
        "Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrt und Straßen\u{ad}bahn",
        "\u{feff}First line with a byte order mark",
        "10\u{a0}km and 5\u{202f}%",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 356a192b7913b04c54574d18c28d46e6395428ab by someone",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "!function(e,t){var n=e[0],r=t(1);for(var o=0;o<n.length;o++)r[n[o]]=e(o,{a:1,b:2})}(window,document);",
        "const x = a && b || c; if (a < b && c > d) { return `${x}-${y}`; }",
        "for i in range(10): x[i] = y[i] ** 2 + z_1 - w_2",
        "See https://example.org/a%20path/with%2Fslashes?q=hello%20world&lang=en#section-2",
        "Caf\u{e9} na\u{ef}ve r\u{e9}sum\u{e9} \u{fc}ber Stra\u{df}e",
        "Tiếng Việt có nhiều dấu thanh điệu khác nhau",
        "The µ-opioid receptor, 5 µm, 3 kΩ, Δx, α-helix and β-blockers",
        "E = mc², H₂O, x³ + y³, ½ cup, № 5",
        "A. B. C. or D? Choose one of a, b, c, d, e, f.",
        "U.S.A. and e.g. i.e. p.m. Ph.D. J. R. R. Tolkien",
        "1. First 2. Second 3. Third - done",
        "mp3, h264, b2b, covid19, 3rd, 2nd, v2.0, sha256, utf8, win32, x86, i18n, k8s, R2D2, 4K",
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |",
        "... --- ... is SOS",
        "<p>Hello <b>world</b></p><!-- TODO: translate --><div style=\"display:none\">menu</div>",
        "Tom &amp; Jerry &lt;3 &copy; 2024",
        "\x1b[31mred\x1b[0m text in a terminal log",
        "\u{2068}Anna\u{2069} invited \u{2068}Ben\u{2069}",
        "Call \u{202a}+1 555 0100\u{202c} now",
        "well-known state-of-the-art user-friendly so-called up-to-date",
        "snake_case_name and CamelCaseName in aModule.someFunction()",
        "Zahlen: 10, 20, 30, 40, 50, 60, 70, 80, 90, 100",
        "192.168.0.1 00:1a:2b:3c:4d:5e 2024-01-31T10:20:30Z",
        "Świętej pamięci Łukasz żył w Gdańsku, źródło ćwiczeń",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Hyvää päivää, mitä kuuluu? Tänään on kaunis ilma.",
        "Bugün hava çok güzel, dışarı çıkıp yürüyüş yapalım mı?",
        "𝑓(𝑥) = 𝑎𝑥² + 𝑏𝑥 + 𝑐",
        "日本語とEnglishを混ぜたテキスト",
        "Русский текст with English words и снова русский",
    ];
    for text in texts.iter().copied().chain([image.as_str()]) {
        assert!(deliberate(text).is_empty(), "{text:?}: {:?}", deliberate(text));
    }
}

/// Names that are no words lead the decoders to guess at a cipher; to guess back is no find. The text is longer than what is
/// deciphered whole, so that the second guess is another stretch than the first.
#[test]
fn names_in_a_long_text_are_no_cipher() {
    let prose =
        "The keeper of the harbour wrote down which boats came in during the night and what they carried. ";
    let prose = prose.repeat(25);
    for names in [
        "The fields are cfg, ptr, fmt, lhs, rhs, ctx, msg, req, rsp, pkg, mgr, svc, tmpl, srv, cmd, btn, txt, wnd, hdr.",
        "'*.rtf' '*.gif' '*.bmp' '*.svg' '*.jpg' '*.png' '*.tff' '*.mpx' xpm gif jpg bmp svg mpg wmv",
        "'vbAbortRetryIgnore', 'vbApplicationModal', 'vbArray', 'vbBinaryCompare', 'vbBlack', 'vbBlue', 'vbCrLf', 'vbYesNo',",
    ] {
        let text = format!("{prose}\n{names}\n{prose}");
        assert!(deliberate(&text).is_empty(), "{names}: {:?}", deliberate(&text));
    }
}

/// Honest text of other scripts comes through the canonical view as it was.
#[test]
fn honest_text_is_not_damaged() {
    for text in [
        "Привет, как дела? ёй",
        "Καλημέρα κόσμε",
        "مرحبا بالعالم",
        "今天天气很好。",
        "안녕하세요",
        "Über die Straße, naïve Kinder",
        "plain text\nwith\ttabs\r\n",
    ] {
        let normalised = normalise(text);
        assert_eq!(normalised.canonical(), text);
        assert_eq!(normalised.views.len(), 1, "{text}: {:?}", normalised.views);
        assert!(normalised.views[0].chain.is_empty());
    }
}
