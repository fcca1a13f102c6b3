//! The recurrent network from outside: files that must be refused, bounds, opinions, and sessions that carry it along.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::OnceLock;

use aimds_temporal::session::{
    DIMENSION_MAX, HIDDEN_MAX, Kind, NUMBER_NAMES, NUMBERS, RecurrentModel, Role, SessionTable, TurnFeatures,
    export, restore,
};
use aimds_temporal::session::{SessionState, Turn};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

const DIMENSION: usize = 8;
const PROJECTED: usize = 3;
const HIDDEN: usize = 5;

/// The tensors of a small model, with weights of about `size`.
fn tensors(size: f32) -> Vec<(&'static str, Vec<usize>, Vec<f32>)> {
    let mut seed = 7_u32;
    let mut weights = |count: usize| -> Vec<f32> {
        (0..count)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (f64::from(seed) / f64::from(u32::MAX) * 2.0 - 1.0) as f32 * size
            })
            .collect()
    };
    let gated = 3 * HIDDEN;
    [
        ("project.weight", vec![DIMENSION, PROJECTED]),
        ("input.weight", vec![PROJECTED + NUMBERS, gated]),
        ("input.bias", vec![gated]),
        ("recurrent.weight", vec![HIDDEN, gated]),
        ("recurrent.bias", vec![gated]),
        ("output.weight", vec![HIDDEN]),
        ("output.bias", vec![1]),
    ]
    .map(|(name, shape)| {
        let count = shape.iter().product();
        (name, shape, weights(count))
    })
    .to_vec()
}

fn metadata() -> serde_json::Value {
    serde_json::json!({
        "format": "aimds.recurrent", "version": 1, "model": "tiny", "embedding": 5, "numbers": NUMBER_NAMES.to_vec(),
        "calibration": {"scale": 1.0, "offset": 0.0}, "thresholds": {"flag": 0.5},
    })
}

fn file(tensors: &[(&'static str, Vec<usize>, Vec<f32>)], metadata: &serde_json::Value) -> Vec<u8> {
    let raw: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, values)| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (*name, shape.clone(), bytes)
        })
        .collect();
    let views = raw
        .iter()
        .map(|(name, shape, bytes)| (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    let header = [("aimds".to_owned(), metadata.to_string())].into_iter().collect();
    safetensors::serialize(views, Some(header)).unwrap()
}

fn model() -> &'static RecurrentModel {
    static MODEL: OnceLock<RecurrentModel> = OnceLock::new();
    MODEL.get_or_init(|| RecurrentModel::load(&file(&tensors(0.8), &metadata())).unwrap())
}

fn turn_of(values: [f32; DIMENSION]) -> Turn<'static> {
    model().turn(values.into_iter()).unwrap()
}

fn prompt(text: &str) -> TurnFeatures {
    TurnFeatures::of_text(text, Kind::Prompt, Role::User, None, 0.3)
}

#[test]
fn a_good_file_is_read() {
    assert_eq!(
        (
            model().dimension(),
            model().hidden(),
            model().note(),
            model().embedding_fingerprint()
        ),
        (DIMENSION, HIDDEN, "tiny", 5)
    );
}

#[test]
fn wrong_metadata_is_refused_by_name() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(&str, Change); 7] = [
        ("version 1", |value| value["version"] = 2.into()),
        ("version 1", |value| value["format"] = "aimds.head".into()),
        ("other numbers", |value| {
            value["numbers"] = serde_json::json!(["risk"]);
        }),
        ("calibration", |value| {
            value["calibration"]["scale"] = (-1.0).into();
        }),
        ("calibration", |value| value["calibration"]["offset"] = 1e9.into()),
        ("probability", |value| value["thresholds"]["flag"] = 1.5.into()),
        ("missing field", |value| {
            value.as_object_mut().unwrap().remove("embedding");
        }),
    ];
    for (reason, change) in cases {
        let mut changed = metadata();
        change(&mut changed);
        let fault = RecurrentModel::load(&file(&tensors(0.8), &changed)).unwrap_err();
        assert!(fault.to_string().contains(reason), "{reason}: {fault}");
    }
}

#[test]
fn wrong_tensors_are_refused_by_name() {
    for place in 0..tensors(0.8).len() {
        let mut missing = tensors(0.8);
        let (name, ..) = missing.remove(place);
        let fault = RecurrentModel::load(&file(&missing, &metadata())).unwrap_err();
        assert_eq!(fault.place, name);
        for bad in [f32::NAN, f32::INFINITY, 1e6] {
            let mut changed = tensors(0.8);
            *changed.get_mut(place).unwrap().2.first_mut().unwrap() = bad;
            let fault = RecurrentModel::load(&file(&changed, &metadata())).unwrap_err();
            assert_eq!(fault.place, name, "{bad}");
        }
    }
    let wide = vec![0.0; (DIMENSION_MAX + 1) * PROJECTED];
    let mut changed = tensors(0.8);
    *changed.first_mut().unwrap() = ("project.weight", vec![DIMENSION_MAX + 1, PROJECTED], wide);
    assert_eq!(
        RecurrentModel::load(&file(&changed, &metadata()))
            .unwrap_err()
            .place,
        "project.weight"
    );
    let cells = HIDDEN_MAX + 1;
    let mut changed = tensors(0.8);
    *changed.get_mut(3).unwrap() = (
        "recurrent.weight",
        vec![cells, 3 * cells],
        vec![0.0; cells * 3 * cells],
    );
    assert_eq!(
        RecurrentModel::load(&file(&changed, &metadata()))
            .unwrap_err()
            .place,
        "recurrent.weight"
    );
}

#[test]
fn a_vector_of_another_length_or_not_finite_is_no_turn() {
    assert!(model().turn([0.0; DIMENSION + 1].into_iter()).is_none());
    let mut vector = [0.0; DIMENSION];
    *vector.first_mut().unwrap() = f32::NAN;
    assert!(model().turn(vector.into_iter()).is_none());
}

#[test]
fn an_opinion_never_makes_the_analysis_certain() {
    let mut sure = tensors(0.8);
    *sure.get_mut(6).unwrap().2.first_mut().unwrap() = 900.0;
    let model = RecurrentModel::load(&file(&sure, &metadata())).unwrap();
    let turn = model.turn([0.1; DIMENSION].into_iter()).unwrap();
    let analysis = SessionState::default().analyze_turn(&prompt("hello there"), 0, &turn);
    assert!(analysis.opinion.unwrap().probability > 0.99);
    assert!(!analysis.certain && analysis.confidence < 0.5);
}

#[test]
fn the_changes_of_a_short_session_add_up_to_its_logit() {
    let table = SessionTable::new(10, i64::MAX);
    let mut sum = 0.0;
    let mut last = 0.0;
    let mut first_before = 0.0;
    for place in 0..20_u8 {
        let turn = turn_of([f32::from(place % 5) / 5.0 - 0.4; DIMENSION]);
        let text = format!("prompt number {place}");
        let opinion = table
            .analyze("s", &prompt(&text), -1, Some(&turn))
            .opinion
            .unwrap();
        if place == 0 {
            first_before = opinion.logit - opinion.change;
        }
        sum += opinion.change;
        last = opinion.logit;
    }
    assert!((first_before + sum - last).abs() < 1e-4);
}

#[test]
fn damaged_files_are_refused_and_do_not_panic() {
    let good = file(&tensors(0.8), &metadata());
    for cut in (0..good.len()).step_by(7) {
        assert!(RecurrentModel::load(good.get(..cut).unwrap()).is_err());
    }
}

fn vectors() -> impl Strategy<Value = [f32; DIMENSION]> {
    proptest::array::uniform8(prop_oneof![-1.0_f32..1.0, any::<f32>()])
}

fn steps() -> impl Strategy<Value = Vec<(String, [f32; DIMENSION], i64, u8)>> {
    let texts = prop_oneof!["[a-z ]{0,40}", Just("test".to_owned())];
    proptest::collection::vec((texts, vectors(), any::<i64>(), 0_u8..5), 1..60)
}

proptest! {
    #[test]
    fn a_file_with_one_byte_changed_is_refused_or_gives_finite_opinions(place in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = file(&tensors(0.8), &metadata());
        let place = place % bytes.len();
        *bytes.get_mut(place).unwrap() = byte;
        if let Ok(model) = RecurrentModel::load(&bytes) {
            let vector = vec![0.5; model.dimension()];
            let turn = model.turn(vector.into_iter()).unwrap();
            let analysis = SessionState::default().analyze_turn(&prompt("hello"), -1, &turn);
            prop_assert!(analysis.opinion.unwrap().logit.is_finite());
        }
    }

    #[test]
    fn numbers_stay_in_their_ranges_and_sessions_can_be_moved(steps in steps(), size in 0.1_f32..1000.0) {
        let model = RecurrentModel::load(&file(&tensors(size), &metadata())).unwrap();
        let mut state = SessionState::default();
        for (text, vector, time_ns, kind) in &steps {
            let Some(turn) = model.turn(vector.iter().copied()) else { continue };
            let kind = Kind::from_number(*kind).unwrap();
            let features = TurnFeatures::of_text(text, kind, Role::User, None, 0.5);
            let mut moved = restore(&export(&state)).unwrap();
            prop_assert_eq!(&moved, &state);
            let analysis = state.analyze_turn(&features, *time_ns, &turn);
            prop_assert_eq!(moved.analyze_turn(&features, *time_ns, &turn), analysis);
            let opinion = analysis.opinion.unwrap();
            prop_assert!((0.0..=1.0).contains(&opinion.probability));
            prop_assert!(opinion.logit.abs() <= 20.0 && opinion.change.abs() <= 40.0);
            let strengths = opinion.rises.map(|rise| rise.change);
            prop_assert!(strengths.is_sorted_by(|left, right| left >= right));
            prop_assert!(opinion.rises.iter().all(|rise| rise.event <= analysis.events));
        }
    }
}
