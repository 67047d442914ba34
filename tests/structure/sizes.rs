//! A newcomer finds a thing by its file name, in a folder that fits on a screen: files are short, and no folder is a corridor.

use crate::repository::{files_below, read_text, without_tests};
use std::collections::BTreeMap;

/// The most lines of a file, tests not counted.
const MOST_LINES: usize = 350;

/// Files that are longer, with the most lines they may have. May only get shorter: a file that shrank gets a lower number, one that fits leaves.
const LONGER_FILES: [(&str, usize); 3] = [("src/app.rs", 354), ("src/backends/census/redis.rs", 363), ("src/demo/texts.rs", 352)];

/// By how much a file may be shorter than its number here before the number has to follow.
const SLACK: usize = 20;

/// The most files and folders in a folder.
const MOST_ENTRIES: usize = 20;

/// A list by nature: a file per table.
const LISTS: [&str; 1] = ["src/backends/store"];

/// Folders that have more, with the most they may have. May only get shorter.
const FULLER_FOLDERS: [(&str, usize); 0] = [];

/// Returns paths and sizes above `most`, and what is wrong about them and the list of exceptions.
fn hold(sizes: &BTreeMap<String, usize>, most: usize, exceptions: &[(&str, usize)], slack: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, size) in sizes.iter().filter(|(_, size)| **size > most) {
        match exceptions.iter().find(|(exception, _)| exception == path) {
            None => wrong.push(format!("{path} has {size}, {most} are allowed")),
            Some((_, ceiling)) if size > ceiling => wrong.push(format!("{path} grew to {size}, its exception ends at {ceiling}")),
            Some((_, ceiling)) if size + slack < *ceiling => {
                wrong.push(format!("{path} shrank to {size}: lower its exception from {ceiling}"))
            }
            Some(_) => {}
        }
    }
    let is_needed = |path: &str| sizes.get(path).is_some_and(|size| *size > most);
    let needless = exceptions.iter().filter(|(path, _)| !is_needed(path));
    wrong.extend(needless.map(|(path, _)| format!("{path} needs no exception any more: take it off the list")));
    wrong
}

/// Returns the list of exceptions as it would have to read now, to be copied after files were moved.
fn as_list(sizes: &BTreeMap<String, usize>, most: usize) -> String {
    sizes.iter().filter(|(_, size)| **size > most).map(|(path, size)| format!("    (\"{path}\", {size}),\n")).collect()
}

fn file_sizes() -> BTreeMap<String, usize> {
    let files = ["src", "loadtest/src", "static/src"].into_iter().flat_map(files_below);
    let is_code = |file: &String| [".rs", ".ts", ".vue", ".js"].iter().any(|ending| file.ends_with(ending));
    let is_test = |file: &String| file.ends_with("/tests.rs") || file.contains(".test.");
    files
        .filter(|file| is_code(file) && !is_test(file))
        .map(|file| (file.clone(), lines_without_tests(&read_text(&file).unwrap())))
        .collect()
}

fn lines_without_tests(text: &str) -> usize {
    without_tests(text).trim_end().lines().count()
}

fn folder_sizes() -> BTreeMap<String, usize> {
    let mut entries: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
    for file in ["src", "static/src"].into_iter().flat_map(files_below) {
        let mut rest = file.as_str();
        while let Some((folder, entry)) = rest.rsplit_once('/') {
            entries.entry(folder.to_owned()).or_default().insert(entry.to_owned());
            rest = folder;
        }
    }
    entries.into_iter().filter(|(folder, _)| !LISTS.contains(&folder.as_str())).map(|(folder, names)| (folder, names.len())).collect()
}

#[test]
fn files_have_at_most_350_lines_without_their_tests() {
    let sizes = file_sizes();
    assert!(sizes.len() > 300, "only {} files read", sizes.len());
    let wrong = hold(&sizes, MOST_LINES, &LONGER_FILES, SLACK);
    assert!(wrong.is_empty(), "{}\nall that are longer now:\n{}", wrong.join("\n"), as_list(&sizes, MOST_LINES));
}

#[test]
fn folders_have_at_most_20_entries() {
    let sizes = folder_sizes();
    assert!(sizes.len() > 40, "only {} folders read", sizes.len());
    let wrong = hold(&sizes, MOST_ENTRIES, &FULLER_FOLDERS, 0);
    assert!(wrong.is_empty(), "{}\nall that are fuller now:\n{}", wrong.join("\n"), as_list(&sizes, MOST_ENTRIES));
}

#[test]
fn exceptions_may_only_shrink() {
    let sizes = BTreeMap::from([("a", 400), ("b", 351), ("c", 350), ("d", 500)].map(|(path, size)| (path.to_owned(), size)));
    let told = |exceptions: &[(&str, usize)]| hold(&sizes, 350, exceptions, 20).join(", ");
    assert_eq!(told(&[("a", 400), ("b", 371), ("d", 500)]), "");
    assert_eq!(told(&[("a", 400), ("b", 351)]), "d has 500, 350 are allowed");
    assert_eq!(told(&[("a", 399), ("b", 351), ("d", 500)]), "a grew to 400, its exception ends at 399");
    assert_eq!(told(&[("a", 421), ("b", 351), ("d", 500)]), "a shrank to 400: lower its exception from 421");
    assert_eq!(told(&[("a", 400), ("b", 351), ("d", 500), ("c", 360)]), "c needs no exception any more: take it off the list");
    assert_eq!(told(&[("a", 400), ("b", 351), ("d", 500), ("gone", 360)]), "gone needs no exception any more: take it off the list");
    assert_eq!(lines_without_tests("a\nb\n\n#[cfg(test)]\nmod tests {\n    c\n}\n"), 2);
}
