//! What tests and examples share: the shipped policies, random forms and traces, and rules seen from both sides.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each program uses its own part, and may stop"
)]

pub mod random;
pub mod seen;

use aimds_policy::bundle::{Bundle, Source, compile};
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../python/aimds/policy/shipped")
}

/// Names of the shipped policy files, sorted, without the schema that they import.
pub fn shipped_names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".policy").map(str::to_owned)
    });
    let mut names: Vec<String> = names.filter(|name| name != "schema").collect();
    names.sort();
    assert!(names.len() >= 11, "the shipped policies are missing");
    names
}

/// A shipped file, `schema` included.
pub fn read(name: &str) -> Source {
    let name = format!("{name}.policy");
    let path = folder().join(&name);
    Source {
        text: fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        name,
    }
}

/// All shipped files, the schema last.
pub fn library() -> Vec<Source> {
    let names = shipped_names();
    let names = names.iter().map(String::as_str).chain(["schema"]);
    names.map(read).collect()
}

/// A shipped file, compiled without a warning.
pub fn shipped(name: &str) -> Bundle {
    let compiled = compile(&read(name), &[read("schema")]);
    assert!(compiled.diagnostics.is_empty(), "{}", compiled.render());
    compiled.bundle.unwrap()
}

/// A text that may import any shipped file, compiled.
pub fn bundle_of(text: &str) -> Bundle {
    let root = Source {
        name: "root".into(),
        text: text.into(),
    };
    let compiled = compile(&root, &library());
    let rendered = compiled.render();
    compiled.bundle.unwrap_or_else(|| panic!("{rendered}"))
}

/// How many random cases to run: `usual`, or what the environment variable `AIMDS_CASES` says, for a longer run by hand.
pub fn cases(usual: u32) -> u32 {
    std::env::var("AIMDS_CASES")
        .ok()
        .map_or(usual, |text| text.parse().unwrap())
}
