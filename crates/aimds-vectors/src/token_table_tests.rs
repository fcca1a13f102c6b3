//! Claims about the second look's table and windows.

use proptest::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

use super::*;

const DIMENSION: usize = 32;
const PIECES: [&str; 9] = ["<unk>", "<s>", "</s>", "▁", "▁a", "▁b", "a", "b", "ab"];

fn metadata() -> serde_json::Value {
    serde_json::json!({"format": "aimds.look", "version": 1, "dimension": DIMENSION, "window_tokens": 8,
        "stride_tokens": 4, "max_windows": 5, "unknown": 0, "open": 1, "close": 2})
}

/// Row `i` has the scale `i / 4` and nibbles that count up from 0 to 15 in both halves.
fn table() -> Vec<u8> {
    let halves = [
        0x0000_u16, 0x3400, 0x3800, 0x3a00, 0x3c00, 0x3d00, 0x3e00, 0x3f00, 0x4000,
    ];
    halves
        .iter()
        .flat_map(|scale| {
            let mut block = scale.to_le_bytes().to_vec();
            block.extend((0..16_u8).map(|nibble| nibble | (15 - nibble) << 4));
            block
        })
        .collect()
}

fn file_with(change: impl FnOnce(&mut serde_json::Value, &mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
    let (mut metadata, mut rows) = (metadata(), table());
    let mut scores: Vec<u8> = PIECES
        .iter()
        .zip(0_u8..)
        .flat_map(|(_, at)| (-f32::from(at)).to_le_bytes())
        .collect();
    change(&mut metadata, &mut rows, &mut scores);
    let pieces: Vec<u8> = PIECES.concat().into_bytes();
    let mut offsets = vec![0_u32];
    for piece in PIECES {
        offsets.push(offsets.last().unwrap() + piece.len() as u32);
    }
    let offsets: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    let view = |dtype, shape: Vec<usize>, data| TensorView::new(dtype, shape, data).unwrap();
    let tensors = [
        ("pieces", view(Dtype::U8, vec![pieces.len()], &pieces)),
        ("offsets", view(Dtype::U32, vec![PIECES.len() + 1], &offsets)),
        ("scores", view(Dtype::F32, vec![scores.len() / 4], &scores)),
        (
            "table",
            view(Dtype::U8, vec![rows.len() / BLOCK_BYTES, BLOCK_BYTES], &rows),
        ),
    ];
    let header = std::iter::once(("aimds".to_owned(), metadata.to_string()));
    serialize(tensors, Some(header.collect())).unwrap()
}

fn file() -> Vec<u8> {
    file_with(|_, _, _| {})
}

fn model() -> TokenTable {
    TokenTable::load(&file()).unwrap()
}

fn plain(text: &str) -> [Reading<'_>; 1] {
    [Reading { text, decoded: false }]
}

fn scored(reading: usize, span: Range<usize>, logit: f32) -> ScoredWindow {
    ScoredWindow {
        reading,
        span,
        logit,
        is_window: true,
    }
}

#[test]
fn half_precision_numbers_are_read() {
    for (bits, value) in [
        (0x0000, 0.0),
        (0x3c00, 1.0),
        (0xc000, -2.0),
        (0x3555, 0.333_251_95),
        (0x7bff, 65_504.0),
        (0x0001, 5.960_464_5e-8),
        (0x83ff, -6.097_555e-5),
    ] {
        assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:x}");
    }
    assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
}

#[test]
fn rows_are_unpacked_low_nibbles_first() {
    let values = model().gather(&[&[4, 0], &[5]], 3);
    assert_eq!(values.len(), 2 * 3 * DIMENSION);
    let expected: Vec<f32> = (0_i8..16)
        .map(|nibble| f32::from(nibble - 8))
        .chain((0_i8..16).map(|nibble| f32::from(7 - nibble)))
        .collect();
    assert_eq!(values[..DIMENSION], expected);
    assert!(
        values[DIMENSION..3 * DIMENSION].iter().all(|&value| value == 0.0),
        "a zero scale, then padding"
    );
    let louder: Vec<f32> = expected.iter().map(|value| value * 1.25).collect();
    assert_eq!(values[3 * DIMENSION..4 * DIMENSION], louder);
}

#[test]
fn a_row_that_is_not_there_is_zero() {
    assert!(model().gather(&[&[99]], 1).iter().all(|&value| value == 0.0));
}

#[test]
fn a_short_text_is_one_window_between_marks() {
    let table = model();
    let (windows, all) = table.windows(&plain("  a ba \n"), &[], 5);
    assert_eq!(all, 1);
    assert_eq!(
        windows,
        [TokenWindow {
            reading: 0,
            span: 2..6,
            ids: vec![1, 4, 5, 6, 2],
            suspicion: f32::NEG_INFINITY,
        }]
    );
    assert_eq!(table.windows(&plain(" \n"), &[], 5), (Vec::new(), 0));
}

#[test]
fn marks_written_by_a_user_are_ordinary_characters() {
    let ids: Vec<u32> = model()
        .tokenize("<s> a </s> <unk>")
        .iter()
        .map(|token| token.id)
        .collect();
    assert!(!ids.contains(&1) && !ids.contains(&2), "{ids:?}");
}

#[test]
fn the_most_suspicious_windows_of_a_long_text_are_taken() {
    let table = model();
    let text = "a ".repeat(30);
    let (every, all) = table.windows(&plain(&text), &[], 100);
    assert_eq!((every.len(), all), (5, 7), "never more than the file's maximum");
    let places = [
        scored(0, 0..20, 1.0),
        scored(0, 36..40, 3.0),
        scored(1, 0..4, 9.0),
    ];
    let (two, _) = table.windows(&plain(&text), &places, 2);
    assert_eq!(
        two.iter().map(|window| window.span.clone()).collect::<Vec<_>>(),
        [32..43, 0..11]
    );
    assert!((two[0].suspicion, two[1].suspicion) == (3.0, 1.0));
}

#[test]
fn the_whole_text_ranks_only_readings_without_windows() {
    let table = model();
    let text = "a ".repeat(30);
    let whole = ScoredWindow {
        reading: 0,
        span: 0..60,
        logit: 9.0,
        is_window: false,
    };
    let (windows, _) = table.windows(&plain(&text), &[whole.clone(), scored(0, 50..60, 1.0)], 1);
    assert_eq!(windows[0].span.end, 59, "the window's place counts");
    let (windows, _) = table.windows(&plain(&text), &[whole], 1);
    assert_eq!(windows[0].span.start, 0, "all alike: in the order of the text");
}

#[test]
fn figures_are_those_of_the_file() {
    let table = model();
    assert_eq!(
        (
            table.dimension(),
            table.pieces(),
            table.window_tokens(),
            table.stride_tokens(),
            table.windows_max()
        ),
        (DIMENSION, PIECES.len(), 8, 4, 5)
    );
    assert!(table.memory_bytes() >= PIECES.len() * BLOCK_BYTES);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(table.metadata()).unwrap(),
        metadata()
    );
}

#[test]
fn contradictions_are_named() {
    type Change = fn(&mut serde_json::Value, &mut Vec<u8>, &mut Vec<u8>);
    let cases: [(&str, Change); 12] = [
        ("version 1", |metadata, _, _| metadata["version"] = 2.into()),
        ("version 1", |metadata, _, _| metadata["format"] = "other".into()),
        ("dimension", |metadata, _, _| metadata["dimension"] = 48.into()),
        ("window_tokens", |metadata, _, _| {
            metadata["window_tokens"] = 513.into();
        }),
        ("stride_tokens", |metadata, _, _| {
            metadata["stride_tokens"] = 7.into();
        }),
        ("stride_tokens", |metadata, _, _| {
            metadata["stride_tokens"] = 0.into();
        }),
        ("max_windows", |metadata, _, _| metadata["max_windows"] = 0.into()),
        ("special piece", |metadata, _, _| metadata["close"] = 9.into()),
        ("missing field", |metadata, _, _| {
            metadata.as_object_mut().unwrap().remove("open");
        }),
        ("not finite", |_, rows, _| rows[1] = 0x7c),
        ("not finite", |_, _, scores| {
            scores[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("expected U8", |_, rows, _| rows.truncate(BLOCK_BYTES * 3)),
    ];
    for (named, change) in cases {
        let error = TokenTable::load(&file_with(change)).unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
    assert!(TokenTable::load(b"").is_err());
}

proptest! {
    /// Damaged bytes are refused or read, never a panic; what loads answers every text.
    #[test]
    fn damaged_files_never_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), text in "[ab<>s/▁ ]{0,40}"
    ) {
        let mut data = file();
        let place = at.index(data.len());
        data[place] = byte;
        if byte % 4 == 0 {
            data.truncate(cut.index(data.len()));
        }
        if let Ok(table) = TokenTable::load(&data) {
            let (windows, _) = table.windows(&plain(&text), &[], 5);
            for window in windows {
                prop_assert_eq!(table.gather(&[&window.ids], window.ids.len()).len(), window.ids.len() * table.dimension());
            }
        }
    }

    /// Windows are of one length, in bounds, and together hold every token of the text, when none is left out.
    #[test]
    fn windows_cover_every_token(count in 1_usize..24) {
        let table = model();
        let text = "a ".repeat(count);
        let (windows, all) = table.windows(&plain(&text), &[], 5);
        prop_assert_eq!(windows.len(), all.min(5));
        if all <= 5 {
            let mut covered = vec![false; text.len()];
            for window in &windows {
                prop_assert_eq!(window.ids.len(), windows[0].ids.len());
                prop_assert!((count.min(4)..=6).contains(&(window.ids.len() - 2)));
                covered[window.span.clone()].fill(true);
            }
            let letters = text.bytes().zip(&covered).filter(|(byte, _)| *byte == b'a');
            prop_assert!(letters.into_iter().all(|(_, &covered)| covered));
        }
    }
}
