//! Known answers, metric laws and bounds of the comparison kernels.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test may stop, and exact answers are meant exactly"
)]

use aimds_temporal::compare::{
    CompareError, DtwScratch, Envelope, Library, POINTS_MAX, Series, TOKENS_MAX, dtw, dtw_bounded,
    edit_distance, edit_distance_text, edit_similarity, edit_similarity_text, lb_keogh, lb_kim, lcs_length,
    lcs_length_text, lcs_similarity, lcs_similarity_text, similarity_from_distance,
};
use proptest::prelude::*;

fn points() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-20.0..20.0_f64, 2..40).prop_map(|mut values| {
        values.truncate(values.len() / 2 * 2);
        values
    })
}

fn tokens() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        prop::collection::vec(0..4_u64, 0..150),
        prop::collection::vec(any::<u64>(), 0..20),
        prop::collection::vec(254..258_u64, 0..100),
    ]
}

proptest! {
    /// Both bounds stay below the distance; the distance is symmetric, and zero to itself. In one and two dimensions.
    #[test]
    fn bounds_and_symmetry(left in points(), right in points(), band in prop::option::of(0..10_usize), width in 1..3_usize) {
        let left = Series::with_dimensions(left, width).unwrap();
        let right = Series::with_dimensions(right, width).unwrap();
        let distance = dtw(&left, &right, band).unwrap();
        let slack = distance * 1e-12 + 1e-12;
        prop_assert!(lb_kim(&left, &right).unwrap() <= distance + slack);
        let envelope = Envelope::new(&right, left.points(), band);
        prop_assert!(lb_keogh(&left, &envelope).unwrap() <= distance + slack);
        prop_assert!((dtw(&right, &left, band).unwrap() - distance).abs() <= slack);
        prop_assert_eq!(dtw(&left, &left, band).unwrap(), 0.0);
        let likeness = similarity_from_distance(distance, left.points(), right.points());
        prop_assert!(likeness > 0.0 && likeness <= 1.0);
    }

    /// A wider band can only find a cheaper alignment.
    #[test]
    fn a_wider_band_never_costs_more(left in points(), right in points(), band in 0..10_usize) {
        let (left, right) = (Series::new(&left).unwrap(), Series::new(&right).unwrap());
        prop_assert!(dtw(&left, &right, Some(band + 1)).unwrap() <= dtw(&left, &right, Some(band)).unwrap() + 1e-9);
    }

    /// Edit distance is a metric; and it and the common subsequence bound one another.
    #[test]
    fn edit_distance_is_a_metric(a in tokens(), b in tokens(), c in tokens()) {
        let (ab, bc, ac) = (edit_distance(&a, &b).unwrap(), edit_distance(&b, &c).unwrap(), edit_distance(&a, &c).unwrap());
        prop_assert_eq!(ab, edit_distance(&b, &a).unwrap());
        prop_assert_eq!(edit_distance(&a, &a).unwrap(), 0);
        prop_assert!(ac <= ab + bc);
        let common = lcs_length(&a, &b).unwrap();
        prop_assert_eq!(common, lcs_length(&b, &a).unwrap());
        prop_assert!(ab <= a.len() + b.len() - 2 * common);
        prop_assert!(ab >= a.len().max(b.len()) - common);
    }

    /// Search drops nothing that belongs to the nearest ones.
    #[test]
    fn search_equals_comparing_with_all(query in points(), library in prop::collection::vec(points(), 1..12), band in 0..6_usize) {
        let query = Series::new(&query).unwrap();
        let mut found = Library::new(1, Some(band));
        let mut expected = Vec::new();
        for values in &library {
            let series = Series::new(values).unwrap();
            expected.push(dtw(&query, &series, Some(band)).unwrap());
            found.push(series).unwrap();
        }
        expected.sort_by(f64::total_cmp);
        let outcome = found.nearest(&query, 3, f64::INFINITY).unwrap();
        prop_assert_eq!(outcome.matches.len(), library.len().min(3));
        for (got, expected) in outcome.matches.iter().zip(&expected) {
            prop_assert!((got.distance - expected).abs() < 1e-9);
        }
        let counts = outcome.counts;
        prop_assert_eq!(counts.pruned_by_kim + counts.pruned_by_keogh + counts.abandoned + counts.aligned, library.len());
    }
}

/// A series against itself with one point held longer costs nothing; against a level one above, the root of its length.
#[test]
fn dtw_known_answers() {
    let plain = Series::new(&[0.0, 1.0, 2.0]).unwrap();
    let slow = Series::new(&[0.0, 0.0, 1.0, 2.0, 2.0]).unwrap();
    assert_eq!(dtw(&plain, &slow, None).unwrap(), 0.0);
    let (low, high) = ([0.0; 9], [1.0; 9]);
    let (low, high) = (Series::new(&low).unwrap(), Series::new(&high).unwrap());
    assert_eq!(dtw(&low, &high, Some(2)).unwrap(), 3.0);
    assert_eq!(
        dtw_bounded(&low, &high, None, 2.9, &mut DtwScratch::default()).unwrap(),
        None
    );
    assert_eq!(
        dtw_bounded(&low, &high, None, 3.0, &mut DtwScratch::default()).unwrap(),
        Some(3.0)
    );
    let one = Series::new(&[4.0]).unwrap();
    assert_eq!(lb_kim(&one, &Series::new(&[1.0]).unwrap()).unwrap(), 3.0);
}

/// The distances that every textbook gives.
#[test]
fn text_known_answers() {
    assert_eq!(edit_distance_text("kitten", "sitting").unwrap(), 3);
    assert_eq!(edit_distance_text("", "abc").unwrap(), 3);
    assert_eq!(edit_distance_text("naïve", "naive").unwrap(), 1);
    assert_eq!(lcs_length_text("AGGTAB", "GXTXAYB").unwrap(), 4);
    assert_eq!(edit_similarity_text("", "").unwrap(), 1.0);
    assert_eq!(lcs_similarity_text("ab", "ab").unwrap(), 1.0);
    assert_eq!(edit_similarity(&[1, 2], &[1, 3]).unwrap(), 0.5);
    assert_eq!(lcs_similarity(&[], &[7]).unwrap(), 0.0);
    let (many, few) = ("é".repeat(9_000), "e".repeat(9_000));
    assert_eq!(edit_distance_text(&many, &few).unwrap(), 9_000);
}

/// A search that is full of far candidates drops them by their end points alone.
#[test]
fn far_candidates_are_never_aligned() {
    let mut library = Library::new(1, Some(3));
    assert!(library.is_empty());
    let query = [0.0, 1.0, 0.0];
    library.push(Series::new(&query).unwrap()).unwrap();
    for far in 1..50 {
        library
            .push(Series::new(&[f64::from(far) * 9.0; 3]).unwrap())
            .unwrap();
    }
    let outcome = library
        .nearest(&Series::new(&query).unwrap(), 1, f64::INFINITY)
        .unwrap();
    assert_eq!(
        (
            outcome.matches[0].index,
            outcome.counts.pruned_by_kim,
            library.len()
        ),
        (0, 49, 50)
    );
    let none = library
        .nearest(&Series::new(&query).unwrap(), 0, f64::INFINITY)
        .unwrap();
    assert!(none.matches.is_empty());
}

/// Every refusal is typed and says what is wrong.
#[test]
fn refusals() {
    assert_eq!(Series::new(&[]).err(), Some(CompareError::EmptySeries));
    assert_eq!(
        Series::new(&[0.0, f64::NAN]).err(),
        Some(CompareError::NotFinite { at: 1 })
    );
    assert_eq!(
        Series::with_dimensions(vec![0.0; 3], 2).err(),
        Some(CompareError::Shape {
            values: 3,
            dimensions: 2
        })
    );
    assert!(Series::with_dimensions(vec![0.0; 2_000], 2_000).is_err());
    assert!(Series::new(&vec![0.0; POINTS_MAX + 1]).is_err());
    let (one, two) = (
        Series::new(&[0.0]).unwrap(),
        Series::with_dimensions(vec![0.0; 2], 2).unwrap(),
    );
    let mismatch = CompareError::DimensionsDiffer { left: 1, right: 2 };
    assert_eq!(dtw(&one, &two, None), Err(mismatch));
    let mut library = Library::new(1, None);
    assert_eq!(library.push(two.clone()), Err(mismatch));
    assert_eq!(library.nearest(&two, 1, 1.0).err(), Some(mismatch));
    assert_eq!(
        lb_keogh(&two, &Envelope::new(&one, 1, None)),
        Err(CompareError::EnvelopeMismatch)
    );
    let long = vec![0; TOKENS_MAX + 1];
    assert!(edit_distance(&long, &[]).is_err() && lcs_length(&[], &long).is_err());
    assert!(edit_distance_text(&"a".repeat(TOKENS_MAX + 1), "").is_err());
    let errors = [
        CompareError::EmptySeries,
        CompareError::NotFinite { at: 1 },
        CompareError::Shape {
            values: 3,
            dimensions: 2,
        },
        mismatch,
        CompareError::TooLong { length: 2, limit: 1 },
        CompareError::LibraryFull { limit: 1 },
        CompareError::EnvelopeMismatch,
    ];
    for error in errors {
        assert!(!error.to_string().is_empty());
    }
}
