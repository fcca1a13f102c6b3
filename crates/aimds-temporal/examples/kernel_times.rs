//! Nanoseconds an operation of the temporal kernels, against plain baselines in the same run:
//! `cargo run --release -p aimds-temporal --example kernel_times`. One JSON object a line; the best of several rounds,
//! because other work on the machine only ever adds time.

use aimds_temporal::compare::{DtwScratch, Series, dtw_bounded, edit_distance};
use aimds_temporal::monitor::{Monitor, parse};
use aimds_temporal::scheduler::Scheduler;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

const PENDING: usize = 100_000;
const ROUNDS: usize = 7;

/// A small generator of even numbers (Steele, Lea and Flood 2014: `SplitMix64`), so that runs are alike.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    scheduler()?;
    compare()?;
    monitor()?;
    Ok(())
}

fn report(name: &str, ns: f64, baseline: &str, baseline_ns: f64, size: &str) {
    println!(
        "{{\"name\":\"{name}\",\"ns\":{ns:.1},\"baseline\":\"{baseline}\",\"baseline_ns\":{baseline_ns:.1},\"size\":\"{size}\"}}"
    );
}

/// The least time of `ROUNDS` rounds, a step.
fn best(steps: usize, mut round: impl FnMut() -> Result<f64, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        least = least.min(round()?);
    }
    Ok(least / steps as f64)
}

fn nanoseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9
}

/// 100,000 timers pending within a second: set them, cancel them, fire them a microsecond at a time.
fn scheduler() -> Result<(), Box<dyn Error>> {
    let mut numbers = Numbers(1);
    let deadlines: Vec<u64> = (0..PENDING).map(|_| numbers.next() % 1_000_000_000).collect();
    let fill = || -> Result<_, Box<dyn Error>> {
        let mut wheel = Scheduler::new(0, 2 * PENDING)?;
        let ids = deadlines
            .iter()
            .map(|&at| wheel.schedule(at, 0, at))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((wheel, ids))
    };
    let heap = || -> BinaryHeap<_> {
        deadlines
            .iter()
            .enumerate()
            .map(|(n, &at)| Reverse((at, n)))
            .collect()
    };
    let extra: Vec<u64> = (0..PENDING / 10)
        .map(|_| numbers.next() % 1_000_000_000)
        .collect();
    let size = format!("{PENDING} pending");

    let schedule = best(extra.len(), || {
        let (mut wheel, _) = fill()?;
        let start = Instant::now();
        for &at in &extra {
            black_box(wheel.schedule(black_box(at), 0, at)?);
        }
        Ok(nanoseconds(start))
    })?;
    let push = best(extra.len(), || {
        let mut heap = heap();
        let start = Instant::now();
        for (n, &at) in extra.iter().enumerate() {
            heap.push(Reverse((black_box(at), n)));
        }
        let time = nanoseconds(start);
        black_box(heap);
        Ok(time)
    })?;
    report("scheduler.schedule", schedule, "BinaryHeap push", push, &size);

    let cancel = best(PENDING / 2, || {
        let (mut wheel, ids) = fill()?;
        let start = Instant::now();
        for id in ids.iter().step_by(2) {
            black_box(wheel.cancel(black_box(*id)));
        }
        Ok(nanoseconds(start))
    })?;
    report("scheduler.cancel", cancel, "", 0.0, &size);

    for step_ns in [1_000_u64, 1_000_000] {
        let (mut wheel, _) = fill()?;
        let mut fired = Vec::new();
        let fire = pieces(step_ns, |now| {
            wheel.advance(now, &mut fired)?;
            black_box(&fired);
            fired.clear();
            Ok(())
        })?;
        let mut heap = heap();
        let pop = pieces(step_ns, |now| {
            while heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
                black_box(heap.pop());
            }
            Ok(())
        })?;
        let size = format!("{PENDING} pending, advanced by {} us", step_ns / 1_000);
        report("scheduler.fire", fire, "BinaryHeap pop", pop, &size);
    }
    steady(&mut numbers)
}

/// Drives a second of simulated time in a thousand pieces and returns the median piece, a timer: a hundred fire in each.
/// A piece is so short that other work on the machine interrupts few of them.
fn pieces(
    step_ns: u64,
    mut step: impl FnMut(u64) -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    const PIECES: u64 = 1_000;
    let piece_ns = 1_000_000_000 / PIECES;
    let mut times = Vec::new();
    for piece in 0..PIECES {
        let start = Instant::now();
        for at in 1..=piece_ns / step_ns {
            step(piece * piece_ns + at * step_ns)?;
        }
        times.push(nanoseconds(start));
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
    Ok(median * PIECES as f64 / PENDING as f64)
}

/// The steady state of a server: each timer that fires sets the next one, a second ahead at most.
fn steady(numbers: &mut Numbers) -> Result<(), Box<dyn Error>> {
    let mut wheel = Scheduler::new(0, 2 * PENDING)?;
    for at in 0..PENDING as u64 {
        wheel.schedule(at * 10_000, 0, 0_u64)?;
    }
    let mut heap: BinaryHeap<_> = wheel
        .pending()
        .iter()
        .map(|timer| Reverse((timer.deadline_ns, 0_u64)))
        .collect();
    let delays: Vec<u64> = (0..PENDING).map(|_| numbers.next() % 1_000_000_000).collect();
    let mut next = delays.iter().cycle();
    let mut fired = Vec::new();
    let wheel_ns = pieces(10_000, |now| {
        wheel.advance(now, &mut fired)?;
        for (timer, delay) in fired.drain(..).zip(&mut next) {
            wheel.schedule(now + delay, timer.priority, timer.payload)?;
        }
        Ok(())
    })?;
    let mut next = delays.iter().cycle();
    let heap_ns = pieces(10_000, |now| {
        while heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            heap.pop();
            heap.extend(next.next().map(|delay| Reverse((now + delay, 0))));
        }
        Ok(())
    })?;
    let name = "scheduler.fire and schedule again";
    report(
        name,
        wheel_ns,
        "BinaryHeap pop and push",
        heap_ns,
        "100000 pending, advanced by 10 us",
    );
    Ok(())
}

fn compare() -> Result<(), Box<dyn Error>> {
    const CALLS: usize = 2_000;
    let mut numbers = Numbers(2);
    let mut walk = || -> Vec<f64> {
        (0..100)
            .scan(0.0, |level, _| {
                *level += numbers.unit() - 0.5;
                Some(*level)
            })
            .collect()
    };
    let (left, right) = (walk(), walk());
    let (left, right) = (Series::new(&left)?, Series::new(&right)?);
    let mut scratch = DtwScratch::default();
    let mut time = |band: Option<usize>| {
        best(CALLS, || {
            let start = Instant::now();
            for _ in 0..CALLS {
                black_box(dtw_bounded(
                    black_box(&left),
                    &right,
                    band,
                    f64::INFINITY,
                    &mut scratch,
                )?);
            }
            Ok(nanoseconds(start))
        })
    };
    let (banded, full) = (time(Some(10))?, time(None)?);
    report(
        "compare.dtw, band 10",
        banded,
        "the same without a band",
        full,
        "100 points",
    );

    let mut tokens = || -> Vec<u64> { (0..100).map(|_| numbers.next() % 50 * 1_000_003).collect() };
    let (left, right) = (tokens(), tokens());
    let edit = best(CALLS, || {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(edit_distance(black_box(&left), &right)?);
        }
        Ok(nanoseconds(start))
    })?;
    let table = best(CALLS / 20, || {
        let start = Instant::now();
        for _ in 0..CALLS / 20 {
            black_box(edit_by_table(black_box(&left), &right));
        }
        Ok(nanoseconds(start))
    })?;
    report(
        "compare.edit_distance",
        edit,
        "table of Wagner and Fischer",
        table,
        "100 tokens",
    );
    Ok(())
}

fn edit_by_table(left: &[u64], right: &[u64]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, token) in left.iter().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let best = (before + 1)
                .min(*cell + 1)
                .min(diagonal + usize::from(token != other));
            diagonal = std::mem::replace(cell, best);
            before = best;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn monitor() -> Result<(), Box<dyn Error>> {
    const EVENTS: usize = 100_000;
    let part = "(once[10us, 1ms] p) and (q since[5us] p) or (count[100us] (p and not q) >= 3) -> historically[1ms] x < 0.99";
    let formula = parse(&format!("({part}) and ({part})"))?;
    let mut numbers = Numbers(3);
    let events: Vec<[f64; 3]> = (0..EVENTS)
        .map(|_| {
            [
                f64::from(numbers.unit() < 0.3),
                f64::from(numbers.unit() < 0.8),
                numbers.unit(),
            ]
        })
        .collect();
    let update = best(EVENTS, || {
        let mut monitor = Monitor::new(&formula)?;
        let start = Instant::now();
        for (at, values) in events.iter().enumerate() {
            black_box(monitor.update(at as u64 * 1_000, black_box(values))?);
        }
        Ok(nanoseconds(start))
    })?;
    report(
        "monitor.update",
        update,
        "",
        0.0,
        &format!("{} operators", formula.operators()),
    );
    Ok(())
}
