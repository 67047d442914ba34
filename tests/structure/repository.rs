//! Finds and reads the files of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Folders of generated or third-party files.
const NOT_OURS: [&str; 7] = ["target", "node_modules", "dist", "coverage", "data", "test-results", "corpus"];

/// Files that a script generates beside written ones.
const GENERATED_FILES: [&str; 1] = ["schema.d.ts"];

/// Returns all files below `folder` of the repository, by their path from its root, in order.
/// Leaves out generated files and folders (`target`, `node_modules`, …) and hidden ones.
pub fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    found.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_dir() {
            if !GENERATED_FILES.contains(&name) {
                found.push(path);
            }
        } else if !name.starts_with('.') && !is_not_ours(&path, name) {
            collect(&path, found);
        }
    }
}

/// `src/domain/risk/data` is written by hand; `data` at the root belongs to a running server.
fn is_not_ours(path: &Path, name: &str) -> bool {
    NOT_OURS.contains(&name) && (name != "data" || path.parent() == Some(root()))
}

/// Returns the text of a file; `None` if it is not text.
pub fn read_text(path: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(path)).unwrap()).ok()
}

/// A source file of the crate: its path under `src` without the ending, and its text without
/// comments and tests.
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    /// Returns the module of the crate it belongs to.
    pub fn module(&self) -> &str {
        self.name.split('/').next().unwrap()
    }
}

/// Returns the sources of the binary: the files of `src` without their tests.
pub fn production_sources() -> Vec<Source> {
    let files = files_below("src");
    let sources: Vec<&String> = files.iter().filter(|file| file.ends_with(".rs") && !file.ends_with("/tests.rs")).collect();
    assert!(sources.len() > 50, "only {} sources found", sources.len());
    let read = |file: &&String| Source {
        name: file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap().to_owned(),
        text: without_tests_and_comments(&read_text(file).unwrap()),
    };
    sources.iter().map(read).collect()
}

/// Returns a file without the unit tests at its end.
pub fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// Unit tests stand at the end of a file and may import what they like; comments may link anywhere.
pub fn without_tests_and_comments(text: &str) -> String {
    let lines = without_tests(text).lines().map(|line| line.trim_start());
    lines.filter(|line| !line.starts_with("//")).map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n")
}
