//! Times the signatures engine: `scan_speed PACK_FOLDER TEXT_FILE...` prints the best of several runs for each file.

use aimds_text::normalise::normalise;
use aimds_text::signatures::{EventKind, PackSource, SignatureEngine};
use std::error::Error;
use std::time::{Duration, Instant};

const RUNS: u32 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: scan_speed PACK_FOLDER TEXT_FILE...")?;
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let (file, text) = (path.display().to_string(), std::fs::read_to_string(&path)?);
            sources.push(PackSource { file, text });
        }
    }
    let started = Instant::now();
    let engine = SignatureEngine::new(&sources)?;
    println!(
        "{} rules compiled in {:.1} ms",
        engine.rules().len(),
        started.elapsed().as_secs_f64() * 1e3
    );
    for path in arguments {
        let text = normalise(&std::fs::read_to_string(&path)?);
        let bytes: usize = text.views.iter().map(|view| view.text.len()).sum();
        let mut best = Duration::MAX;
        let mut report = engine.scan(&text, EventKind::Prompt);
        for _ in 0..RUNS {
            let started = Instant::now();
            report = engine.scan(&text, EventKind::Prompt);
            best = best.min(started.elapsed());
        }
        println!(
            "{path}: {:.3} ms for {} views of {bytes} bytes, {} matches, overflow {}",
            best.as_secs_f64() * 1e3,
            text.views.len(),
            report.matches.len(),
            report.overflow
        );
    }
    Ok(())
}
