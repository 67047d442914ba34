//! Files are short, and no folder has too many entries: a newcomer finds a thing by its file name,
//! in a folder that fits on a screen.
//!
//! Code is the running part and the base of the tests: the server, the load generator, the web UI
//! with its scripts, the testkit and these guards. Files of tests have a higher cap, because their
//! cases are read one by one, from the failure that names them, and a set-up that several cases
//! share keeps them together.

use crate::repository::{files_below, read_text, without_tests};
use std::collections::BTreeMap;

/// The most lines of a file, tests not counted.
const MOST_LINES: usize = 350;

/// Longer files, with the most lines they may have. The list may only shrink: a file that shrank
/// gets a lower number, and one that fits leaves the list.
const LONGER_FILES: [(&str, usize); 2] = [("src/app.rs", 352), ("src/demo/texts.rs", 352)];

/// The most lines of a file of tests.
const MOST_TEST_LINES: usize = 500;

/// Longer files of tests. The list may only shrink, as the one above.
const LONGER_TESTS: [(&str, usize); 5] = [
    ("static/tests/browser/pages.test.js", 687),
    ("tests/api/appointments/booking.rs", 636),
    ("tests/api/apps/channels.rs", 537),
    ("tests/api/apps/console.rs", 525),
    ("tests/api/conversations/desk.rs", 560),
];

/// How much shorter than its number here a file may be before the number must follow.
const SLACK: usize = 20;

/// The most files and folders in a folder.
const MOST_ENTRIES: usize = 20;

/// A folder that is a list by nature: a file per table.
const LISTS: [&str; 1] = ["src/backends/store"];

/// Fuller folders, with the most entries they may have. The list may only shrink.
const FULLER_FOLDERS: [(&str, usize); 0] = [];

/// Returns paths and sizes above `most` that no exception allows, and the exceptions that are
/// wrong.
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

/// Returns the list of exceptions for the present tree, to be copied after files were moved.
fn as_list(sizes: &BTreeMap<String, usize>, most: usize) -> String {
    sizes.iter().filter(|(_, size)| **size > most).map(|(path, size)| format!("    (\"{path}\", {size}),\n")).collect()
}

/// Says whether a file of the repository is code; otherwise it is a file of tests.
fn is_code(file: &str) -> bool {
    let is_below_tests = file.starts_with("tests/") || file.starts_with("static/tests/");
    let is_tool = file.starts_with("tests/kit/src/") || file.starts_with("tests/structure/");
    let is_test = file.ends_with("/tests.rs") || file.contains(".test.") || is_below_tests;
    is_tool || !is_test
}

/// Returns the line counts of all files that are code, or of all files of tests.
fn file_sizes(of_code: bool) -> BTreeMap<String, usize> {
    let files = ["src", "loadtest/src", "static", "tests"].into_iter().flat_map(files_below);
    let is_source = |file: &String| [".rs", ".ts", ".vue", ".js", ".mjs"].iter().any(|ending| file.ends_with(ending));
    let lines = |text: &str| if of_code { lines_without_tests(text) } else { text.lines().count() };
    let wanted = files.filter(|file| is_source(file) && is_code(file) == of_code);
    wanted.map(|file| (file.clone(), lines(&read_text(&file).unwrap()))).collect()
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
    let sizes = file_sizes(true);
    assert!(sizes.len() > 300, "only {} files read", sizes.len());
    for read in ["tests/kit/src/main.rs", "tests/structure/sizes.rs", "static/scripts/check-size.mjs", "static/vite.config.ts"] {
        assert!(sizes.contains_key(read), "{read} is not read");
    }
    let wrong = hold(&sizes, MOST_LINES, &LONGER_FILES, SLACK);
    assert!(wrong.is_empty(), "{}\nall that are longer now:\n{}", wrong.join("\n"), as_list(&sizes, MOST_LINES));
}

#[test]
fn files_of_tests_have_at_most_500_lines() {
    let sizes = file_sizes(false);
    assert!(sizes.len() > 150, "only {} files read", sizes.len());
    let wrong = hold(&sizes, MOST_TEST_LINES, &LONGER_TESTS, SLACK);
    assert!(wrong.is_empty(), "{}\nall that are longer now:\n{}", wrong.join("\n"), as_list(&sizes, MOST_TEST_LINES));
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
    assert!(["src/app.rs", "tests/kit/src/main.rs", "static/vite/pdfjsResources.ts"].into_iter().all(is_code));
    assert!(!["src/domain/risk/tests.rs", "tests/kit/tests/program.rs", "static/tests/browser/chat.test.js"].into_iter().any(is_code));
    assert_eq!(lines_without_tests("a\nb\n\n#[cfg(test)]\nmod tests {\n    c\n}\n"), 2);
}
