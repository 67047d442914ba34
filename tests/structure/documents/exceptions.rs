//! Owns the list of files that may still break a rule of `docs/style.md`. A number in it may only
//! go down.

use crate::repository::read_text;
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// The findings of a rule, by file.
pub type Findings = BTreeMap<String, Vec<String>>;

/// The list: a rule, a file and the number of its findings, separated by tabs.
const LIST: &str = "tests/structure/documents/unwritten.tsv";

/// How many findings of a file a failure shows.
const SHOWN: usize = 5;

/// Compares the findings of a rule with its lines of the list. Panics when they differ.
pub fn hold(rule: &str, findings: &Findings) {
    let lines = as_lines(rule, findings);
    write_down(rule, &lines);
    let wrong = compare(findings, &allowed(rule, &read_text(LIST).unwrap()));
    assert!(wrong.is_empty(), "{}\nThe lines of {rule} in {LIST} have to be:\n{lines}", wrong.join("\n"));
}

/// Writes the lines of a rule below `target/tmp/unwritten`, to be copied.
fn write_down(rule: &str, lines: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unwritten");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{rule}.tsv")), lines).unwrap();
}

fn as_lines(rule: &str, findings: &Findings) -> String {
    findings.iter().fold(String::new(), |mut lines, (file, found)| {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{rule}\t{file}\t{}", found.len());
        lines
    })
}

fn allowed(rule: &str, list: &str) -> BTreeMap<String, usize> {
    let fields = list.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let read = |fields: Vec<&str>| match fields[..] {
        [name, file, count] => (name == rule).then(|| (file.to_owned(), count.parse().unwrap())),
        _ => panic!("{LIST} has a line without three fields: {fields:?}"),
    };
    fields.filter_map(read).collect()
}

/// Returns the differences between the findings and the list.
fn compare(findings: &Findings, allowed: &BTreeMap<String, usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, found) in findings {
        let (count, most) = (found.len(), allowed.get(file).copied().unwrap_or_default());
        if count > most {
            let shown: Vec<_> = found.iter().take(SHOWN).map(String::as_str).collect();
            wrong.push(format!("{file} has {count} findings, {most} are allowed: {}", shown.join("; ")));
        } else if count < most {
            wrong.push(format!("{file} has only {count} findings: lower its number from {most}"));
        }
    }
    let needless = allowed.keys().filter(|file| !findings.contains_key(*file));
    wrong.extend(needless.map(|file| format!("{file} has no findings any more: take it off the list")));
    wrong
}

#[test]
fn the_list_may_only_shrink() {
    let findings = |counts: &[(&str, usize)]| -> Findings {
        counts.iter().map(|(file, count)| ((*file).to_owned(), vec!["x".to_owned(); *count])).collect()
    };
    let list = allowed("turns", "turns\ta\t1\nother\tb\t7\nturns\tb\t2\n");
    let told = |counts: &[(&str, usize)]| compare(&findings(counts), &list).join(", ");
    assert_eq!(told(&[("a", 1), ("b", 2)]), "");
    assert_eq!(told(&[("a", 1), ("b", 2), ("c", 1)]), "c has 1 findings, 0 are allowed: x");
    assert_eq!(told(&[("a", 2), ("b", 2)]), "a has 2 findings, 1 are allowed: x; x");
    assert_eq!(told(&[("a", 1), ("b", 1)]), "b has only 1 findings: lower its number from 2");
    assert_eq!(told(&[("b", 2)]), "a has no findings any more: take it off the list");
    assert_eq!(as_lines("turns", &findings(&[("a", 1), ("b", 2)])), "turns\ta\t1\nturns\tb\t2\n");
}
