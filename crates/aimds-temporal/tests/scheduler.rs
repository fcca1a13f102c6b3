//! The timing wheel against a plain sorted list, and its edges.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test may stop, and exact answers are meant exactly"
)]

use aimds_temporal::scheduler::{
    CAPACITY_MAX, Pending, RATE_EVENTS_MAX, RateWindow, Scheduler, SchedulerError, TimerId,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Act {
    Schedule { delay_ns: u64, priority: u8 },
    Cancel { which: usize },
    Advance { delay_ns: u64 },
}

fn delays() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..4_u64,
        0..3_000_u64,
        0..100_000_u64,
        0..(1_u64 << 34),
        0..(1_u64 << 61)
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (delays(), 0..3_u8).prop_map(|(delay_ns, priority)| Act::Schedule { delay_ns, priority }),
        2 => any::<usize>().prop_map(|which| Act::Cancel { which }),
        2 => delays().prop_map(|delay_ns| Act::Advance { delay_ns }),
    ]
}

proptest! {
    /// Whatever is set, cancelled and advanced: the same timers fire in the same order as from a sorted list, none early,
    /// none twice, none lost; and a restored scheduler has the same future.
    #[test]
    fn fires_what_a_sorted_list_fires(acts in prop::collection::vec(acts(), 1..120)) {
        let mut wheel = Scheduler::new(0, 1_000).unwrap();
        let mut model: Vec<(u64, u8, usize)> = Vec::new();
        let mut ids: Vec<TimerId> = Vec::new();
        for act in acts {
            match act {
                Act::Schedule { delay_ns, priority } => {
                    let deadline_ns = wheel.now_ns().saturating_add(delay_ns);
                    let name = ids.len();
                    ids.push(wheel.schedule(deadline_ns, priority, name).unwrap());
                    model.push((deadline_ns, priority, name));
                }
                Act::Cancel { which } => {
                    let Some(id) = (!ids.is_empty()).then(|| ids[which % ids.len()]) else { continue };
                    let name = which % ids.len();
                    let expected = model.iter().position(|timer| timer.2 == name).map(|at| model.remove(at).2);
                    prop_assert_eq!(wheel.cancel(id), expected);
                }
                Act::Advance { delay_ns } => {
                    let now_ns = wheel.now_ns().saturating_add(delay_ns);
                    let mut fired = Vec::new();
                    wheel.advance(now_ns, &mut fired).unwrap();
                    let mut expected: Vec<_> = model.iter().copied().filter(|timer| timer.0 <= now_ns).collect();
                    expected.sort_unstable();
                    model.retain(|timer| timer.0 > now_ns);
                    let got: Vec<_> = fired.iter().map(|timer| (timer.deadline_ns, timer.priority, timer.payload)).collect();
                    prop_assert_eq!(got, expected);
                }
            }
            prop_assert_eq!(wheel.len(), model.len());
            prop_assert_eq!(wheel.next_deadline_ns(), model.iter().map(|timer| timer.0).min());
        }
        model.sort_unstable();
        let saved: Vec<_> = wheel.pending().iter().map(|timer| Pending {
            deadline_ns: timer.deadline_ns, priority: timer.priority, payload: *timer.payload,
        }).collect();
        prop_assert_eq!(saved.iter().map(|timer| (timer.deadline_ns, timer.priority, timer.payload)).collect::<Vec<_>>(), model);
        let (mut again, _) = Scheduler::restore(wheel.now_ns(), 1_000, saved).unwrap();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        wheel.advance(u64::MAX, &mut first).unwrap();
        again.advance(u64::MAX, &mut second).unwrap();
        let order = |fired: Vec<aimds_temporal::scheduler::Fired<usize>>| fired.into_iter().map(|timer| timer.payload).collect::<Vec<_>>();
        prop_assert_eq!(order(first), order(second));
    }
}

/// One nanosecond before its deadline a timer is still pending; at its deadline it fires.
#[test]
fn never_early_and_exactly_on_time() {
    for deadline_ns in [1, 1_023, 1_024, 65_535, 65_536, 1 << 40, u64::MAX] {
        let mut wheel = Scheduler::new(0, 4).unwrap();
        wheel.schedule(deadline_ns, 0, ()).unwrap();
        let mut fired = Vec::new();
        wheel.advance(deadline_ns - 1, &mut fired).unwrap();
        assert!(fired.is_empty());
        wheel.advance(deadline_ns, &mut fired).unwrap();
        assert_eq!(fired.len(), 1);
    }
}

/// A deadline in the past fires at the next advance, even to the same time.
#[test]
fn a_past_deadline_fires_at_once() {
    let mut wheel = Scheduler::new(10_000_000, 4).unwrap();
    wheel.schedule(3, 0, "past").unwrap();
    wheel.schedule(10_000_000, 0, "now").unwrap();
    let mut fired = Vec::new();
    wheel.advance(10_000_000, &mut fired).unwrap();
    assert_eq!(
        fired.iter().map(|timer| timer.payload).collect::<Vec<_>>(),
        ["past", "now"]
    );
}

/// A handle that was used up does not touch the timer that took its place.
#[test]
fn a_stale_handle_is_harmless() {
    let mut wheel = Scheduler::new(0, 1).unwrap();
    let first = wheel.schedule(5, 0, 'a').unwrap();
    assert_eq!(wheel.deadline_ns(first), Some(5));
    assert_eq!(wheel.cancel(first), Some('a'));
    let second = wheel.schedule(5, 0, 'b').unwrap();
    assert_eq!(wheel.cancel(first), None);
    assert_eq!(wheel.deadline_ns(first), None);
    assert_eq!(TimerId::from_bits(second.to_bits()), second);
    assert_ne!(first, second);
    assert_eq!(wheel.cancel(second), Some('b'));
}

/// Setting and cancelling for ever does not grow the wheel: the same answers after a sweep as before.
#[test]
fn cancelled_timers_are_swept() {
    let mut wheel = Scheduler::new(0, 10_000).unwrap();
    let kept: Vec<_> = (0..100_u64)
        .map(|n| wheel.schedule(1_000_000 + n, 0, n).unwrap())
        .collect();
    for n in 0..10_000_u64 {
        let id = wheel.schedule(n * 1_000, 0, n).unwrap();
        wheel.cancel(id);
    }
    assert_eq!(wheel.len(), kept.len());
    assert_eq!(wheel.payloads().count(), kept.len());
    let mut fired = Vec::new();
    wheel.advance(u64::MAX, &mut fired).unwrap();
    assert_eq!(
        fired.iter().map(|timer| timer.payload).collect::<Vec<_>>(),
        (0..100).collect::<Vec<_>>()
    );
    assert!(wheel.is_empty());
}

/// Every refusal is typed and leaves the scheduler as it was.
#[test]
fn refusals() {
    assert_eq!(
        Scheduler::<()>::new(0, 0).err(),
        Some(SchedulerError::Capacity {
            asked: 0,
            limit: CAPACITY_MAX
        })
    );
    assert!(Scheduler::<()>::new(0, CAPACITY_MAX + 1).is_err());
    let mut wheel = Scheduler::new(7, 1).unwrap();
    assert_eq!(
        wheel.schedule_after(u64::MAX, 0, ()),
        Err(SchedulerError::DeadlineOverflow)
    );
    wheel.schedule_after(1, 0, ()).unwrap();
    assert_eq!(
        wheel.schedule(9, 0, ()),
        Err(SchedulerError::Full { capacity: 1 })
    );
    let back = wheel.advance(6, &mut Vec::new());
    assert_eq!(
        back,
        Err(SchedulerError::TimeWentBack {
            now_ns: 7,
            given_ns: 6
        })
    );
    assert_eq!((wheel.len(), wheel.now_ns(), wheel.capacity()), (1, 7, 1));
    let pending = (0..2).map(|payload| Pending {
        deadline_ns: 1,
        priority: 0,
        payload,
    });
    assert!(Scheduler::restore(0, 1, pending).is_err());
    assert!(RateWindow::new(0, 1).is_err());
    assert!(RateWindow::new(1, 0).is_err());
    assert!(RateWindow::new(1, RATE_EVENTS_MAX + 1).is_err());
    for error in [
        back.unwrap_err(),
        SchedulerError::EmptyWindow,
        SchedulerError::DeadlineOverflow,
    ] {
        assert!(!error.to_string().is_empty());
    }
}

/// Three in ten nanoseconds: the fourth waits until the first has left the window.
#[test]
fn a_rate_window_slides() {
    let mut window = RateWindow::new(10, 3).unwrap();
    for now_ns in [0, 4, 9] {
        assert!(window.admit(now_ns).unwrap());
    }
    assert!(!window.admit(9).unwrap());
    assert_eq!(window.admits_from_ns(), Some(10));
    assert!(window.admit(10).unwrap());
    assert_eq!(window.count(18).unwrap(), 2);
    assert_eq!(window.admits_from_ns(), None);
    assert!(window.admit(17).is_err());
}
