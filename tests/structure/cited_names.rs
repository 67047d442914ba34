//! Owns the check that the maps name what exists: a name that a page places in a file is in that
//! file. It reads two forms between backticks: a name, the word "in" and a path
//! (`LOOK_EVERY` in `actors/delivery/courier.rs`), and a path with a name behind `::`.

use crate::repository::{files_below, read_text};
use std::collections::BTreeSet;

/// The pages that newcomers search.
const MAPS: [&str; 2] = ["README.md", "docs/architecture.md"];

/// Returns the pairs of a name and the path it is said to be in, of one line.
fn placed_names(line: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = line.split('`').collect();
    let mut found = Vec::new();
    for (at, code) in parts.iter().enumerate().skip(1).step_by(2) {
        if let Some((path, name)) = code.split_once("::").filter(|(path, _)| path.contains('/')) {
            found.push((name, path));
        }
        let is_file = code.contains('/') && code.rsplit('/').next().is_some_and(|name| name.contains('.'));
        let [before, between] = [at.wrapping_sub(2), at - 1].map(|at| parts.get(at).copied().unwrap_or_default());
        // "`RENEW` (2 s) in `file`" places the name, "`a`; `b` is in `file`" would need a parser.
        let is_placed = between == " in " || (between.starts_with(" (") && between.ends_with(") in "));
        if is_file && is_placed && is_name(before) {
            found.push((before, code));
        }
    }
    found
}

fn is_name(code: &str) -> bool {
    code.chars().all(|sign| sign.is_alphanumeric() || "_:!".contains(sign)) && !code.is_empty()
}

/// Returns the paths that `a/{b,c}/d` stands for.
fn expanded(path: &str) -> Vec<String> {
    let braces = path.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    let Some((head, (choices, tail))) = braces else { return vec![path.to_owned()] };
    choices.split(',').map(|choice| format!("{head}{choice}{tail}")).collect()
}

/// Returns the file that a page calls `path`: from the root, or from `src`.
fn find_file(files: &BTreeSet<String>, path: &str) -> Option<String> {
    [path.to_owned(), format!("src/{path}")].into_iter().find(|path| files.contains(path))
}

fn has_name(text: &str, name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap().trim_end_matches('!');
    let is_word = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    let is_whole = |start: usize| !is_word(text[..start].chars().next_back()) && !is_word(text[start + last.len()..].chars().next());
    text.match_indices(last).any(|(start, _)| is_whole(start))
}

#[test]
fn names_are_in_the_files_that_the_maps_say() {
    let files: BTreeSet<String> = files_below("").into_iter().collect();
    let mut read = 0;
    let mut wrong = Vec::new();
    for map in MAPS {
        let page = read_text(map).unwrap();
        for (at, line) in page.lines().enumerate() {
            for (name, path) in placed_names(line) {
                read += 1;
                let has =
                    |path: &String| find_file(&files, path).and_then(|file| read_text(&file)).is_some_and(|text| has_name(&text, name));
                let missing = expanded(path).into_iter().filter(|path| !has(path));
                wrong.extend(missing.map(|path| format!("{map}:{}: no `{name}` in `{path}`", at + 1)));
            }
        }
    }
    assert!(read > 40, "only {read} names read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn placed_names_are_read_in_both_forms() {
    assert_eq!(
        placed_names("set `A` in `a/b.rs`; `c/d.rs::e`, `F` (2 s) in `f/g.toml`"),
        [("A", "a/b.rs"), ("e", "c/d.rs"), ("F", "f/g.toml")]
    );
    assert!(placed_names("`a/b.rs` in `c/d.rs`, `A` and in `a/b.rs`, `A` in `a`").is_empty());
    assert_eq!(expanded("a/{b,c}/d"), ["a/b/d", "a/c/d"]);
    assert!(has_name("fn keep(", "X::keep") && has_name("macro_rules! codes {", "codes!"));
    assert!(!has_name("fn keeper(", "keep"));
}
