//! Claims about the pattern index.

use proptest::prelude::*;

use super::*;

const DIMENSION: usize = 16;

/// A small linear congruential generator (Knuth's MMIX): the same vectors in every run.
fn vectors(count: usize, dimension: usize, seed: u64) -> Vec<Vec<i8>> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 56) as u8).cast_signed()
    };
    (0..count)
        .map(|_| (0..dimension).map(|_| next() | 1).collect())
        .collect()
}

fn attributes(category: u8, status: u8) -> Attributes {
    Attributes {
        category,
        status,
        severity: 200,
        source: 3,
    }
}

fn filled(count: usize) -> (PatternIndex, Vec<Vec<i8>>) {
    let mut index = PatternIndex::new(DIMENSION, 7, "notes".to_owned()).unwrap();
    let rows = vectors(count, DIMENSION, 1);
    for (key, row) in rows.iter().enumerate() {
        index
            .add(
                key as u64 * 10,
                row,
                attributes((key % 5) as u8, u8::from(key % 100 == 0)),
            )
            .unwrap();
    }
    (index, rows)
}

#[test]
fn a_vector_finds_itself_first() {
    let (index, rows) = filled(300);
    let (found, plan) = index.search(&rows[42], 3, Filter::ALL).unwrap();
    assert_eq!((found[0].key, plan), (420, SearchPlan::Exact));
    assert!((found[0].similarity - 1.0).abs() < 1e-6);
    assert!(found[1].similarity < 1.0 && found.len() == 3);
    assert_eq!(found[0].attributes, attributes(2, 0));
}

#[test]
fn the_planner_scans_few_candidates_and_walks_for_many() {
    let (index, rows) = filled(EXACT_UNFILTERED_MAX + 500);
    let plan = |filter| index.search(&rows[0], 5, filter).unwrap().1;
    assert_eq!(plan(Filter::ALL), SearchPlan::Walk);
    assert_eq!(
        plan(Filter {
            statuses: 1,
            ..Filter::ALL
        }),
        SearchPlan::Walk
    );
    assert_eq!(
        plan(Filter {
            statuses: 2,
            ..Filter::ALL
        }),
        SearchPlan::Exact
    );
    assert_eq!(
        plan(Filter {
            categories: 1,
            ..Filter::ALL
        }),
        SearchPlan::Exact
    );
}

#[test]
fn a_walk_finds_what_the_scan_finds() {
    let (index, rows) = filled(4_000);
    let filter = Filter {
        statuses: 1,
        ..Filter::ALL
    };
    for filter in [Filter::ALL, filter] {
        let (mut hits, mut wanted) = (0, 0);
        for row in rows.iter().step_by(40) {
            let (found, plan) = index.search(row, 20, filter).unwrap();
            assert_eq!(plan, SearchPlan::Walk);
            let exact = index.scan(row, 20, filter);
            wanted += exact.len();
            hits += exact
                .iter()
                .filter(|best| found.iter().any(|one| one.key == best.key))
                .count();
        }
        assert!(hits * 100 >= wanted * 95, "recall {hits} of {wanted}");
    }
}

#[test]
fn filters_return_only_what_passes() {
    let (index, rows) = filled(3_000);
    for (categories, statuses) in [(1 << 2, u8::MAX), (u64::MAX, 2), (1 << 1, 1), (1 << 40, 1)] {
        let filter = Filter { categories, statuses };
        let (found, _) = index.search(&rows[5], 50, filter).unwrap();
        assert!(found.iter().all(|one| filter.passes(one.attributes)));
        assert_eq!(found.is_empty(), categories == 1 << 40);
    }
}

#[test]
fn removed_patterns_are_not_found_and_their_place_is_used_again() {
    let (mut index, rows) = filled(EXACT_UNFILTERED_MAX + 100);
    for key in 0..50 {
        assert!(index.remove(key * 10).unwrap());
    }
    assert!(!index.remove(0).unwrap());
    let (found, plan) = index.search(&rows[7], 5, Filter::ALL).unwrap();
    assert_eq!(plan, SearchPlan::Walk);
    assert!(found.iter().all(|one| one.key >= 500));
    let slots = index.keys.len();
    for (key, row) in rows.iter().enumerate().take(50) {
        index.add(1_000_000 + key as u64, row, attributes(1, 1)).unwrap();
    }
    assert_eq!(index.keys.len(), slots);
    assert_eq!(
        index.search(&rows[7], 1, Filter::ALL).unwrap().0[0].key,
        1_000_007
    );
}

#[test]
fn attributes_can_change() {
    let (mut index, rows) = filled(100);
    assert!(index.set_attributes(30, attributes(9, 5)));
    assert!(!index.set_attributes(31, attributes(9, 5)));
    assert!(!index.set_attributes(30, attributes(64, 5)));
    let only = Filter {
        categories: 1 << 9,
        statuses: 1 << 5,
    };
    assert_eq!(index.search(&rows[0], 9, only).unwrap().0.len(), 1);
    assert_eq!(index.get(30).unwrap().1.category, 9);
}

#[test]
fn mistakes_are_refused() {
    let (mut index, rows) = filled(3);
    assert!(index.add(1, &rows[0][1..], attributes(0, 0)).is_err());
    assert!(index.add(1, &[0; DIMENSION], attributes(0, 0)).is_err());
    assert!(index.add(u64::MAX, &rows[0], attributes(0, 0)).is_err());
    assert!(index.add(1, &rows[0], attributes(64, 0)).is_err());
    assert!(index.search(&rows[0][1..], 1, Filter::ALL).is_err());
    assert!(PatternIndex::new(0, 0, String::new()).is_err());
    assert!(
        index
            .search(&[0; DIMENSION], 1, Filter::ALL)
            .unwrap()
            .0
            .is_empty()
    );
}

#[test]
fn an_index_survives_its_file() {
    let (mut index, rows) = filled(2_500);
    index.remove(70).unwrap();
    let mut again = PatternIndex::from_bytes(&index.to_bytes().unwrap()).unwrap();
    assert_eq!(
        (again.len(), again.notes(), again.fingerprint()),
        (2_499, "notes", 7)
    );
    for row in rows.iter().step_by(100) {
        assert_eq!(
            again.search(row, 10, Filter::ALL).unwrap(),
            index.search(row, 10, Filter::ALL).unwrap()
        );
    }
    again.add(70, &rows[7], attributes(0, 0)).unwrap();
    assert_eq!(again.search(&rows[7], 1, Filter::ALL).unwrap().0[0].key, 70);
}

#[test]
fn a_graph_that_does_not_fit_is_built_anew() {
    let (index, rows) = filled(2_500);
    let entries: Vec<_> = index
        .keys
        .iter()
        .copied()
        .zip(index.attributes.iter().copied())
        .collect();
    let again = PatternIndex::from_parts(DIMENSION, 7, String::new(), entries, &index.vectors, &[]).unwrap();
    assert_eq!(again.search(&rows[9], 1, Filter::ALL).unwrap().0[0].key, 90);
}

#[test]
fn a_saved_file_is_replaced_as_a_whole() {
    let folder = std::env::temp_dir().join(format!("aimds-index-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("patterns.index");
    filled(10).0.save(&path).unwrap();
    filled(20).0.save(&path).unwrap();
    assert_eq!(PatternIndex::load(&path).unwrap().len(), 20);
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        1,
        "no temporary file stays"
    );
    std::fs::write(&path, b"AIMDSPX1 but nothing else").unwrap();
    assert!(matches!(
        PatternIndex::load(&path),
        Err(VectorError::Corrupt { .. })
    ));
    assert!(matches!(
        PatternIndex::load(&folder.join("none")),
        Err(VectorError::Storage { .. })
    ));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn searches_from_many_threads_agree() {
    let (index, rows) = filled(3_000);
    let expected = index.search(&rows[3], 5, Filter::ALL).unwrap().0;
    std::thread::scope(|scope| {
        for _ in 0..80 {
            scope.spawn(|| assert_eq!(index.search(&rows[3], 5, Filter::ALL).unwrap().0[0], expected[0]));
        }
    });
}

proptest! {
    /// A file with one changed byte, or cut anywhere, is refused: never loaded, never a crash.
    #[test]
    fn a_damaged_file_is_refused(at in 0_usize..10_000, bit in 0_u32..8, cut in any::<bool>()) {
        let mut bytes = filled(20).0.to_bytes().unwrap();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        prop_assert!(PatternIndex::from_bytes(&bytes).is_err());
    }

    /// After any order of additions and removals the index holds what a map would.
    #[test]
    fn it_holds_what_a_map_holds(steps in prop::collection::vec((0_u64..12, 0_u8..4, any::<bool>()), 0..60)) {
        let rows = vectors(12, DIMENSION, 5);
        let mut index = PatternIndex::new(DIMENSION, 0, String::new()).unwrap();
        let mut map = HashMap::new();
        for (key, category, add) in steps {
            if add {
                index.add(key, &rows[key as usize], attributes(category, 0)).unwrap();
                map.insert(key, category);
            } else {
                prop_assert_eq!(index.remove(key).unwrap(), map.remove(&key).is_some());
            }
        }
        let found = index.search(&rows[0], 100, Filter::ALL).unwrap().0;
        let held: HashMap<u64, u8> = found.iter().map(|one| (one.key, one.attributes.category)).collect();
        prop_assert_eq!(&held, &map);
        for category in 0..4_u8 {
            let filter = Filter { categories: 1 << category, ..Filter::ALL };
            let count = map.values().filter(|one| **one == category).count();
            prop_assert_eq!(index.search(&rows[0], 100, filter).unwrap().0.len(), count);
        }
    }
}
