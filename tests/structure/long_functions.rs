//! Clippy holds functions to 60 lines and 5 levels. A function that is longer says so with an attribute, and each of those attributes is on a list here, so
//! that the cap is not lifted in passing.

use crate::repository::{files_below, read_text};
use std::collections::BTreeMap;

/// The lints that make the caps, and how they are named in an attribute.
const CAPS: [&str; 2] = ["clippy::too_many_lines", "clippy::excessive_nesting"];

/// How often a file lifts a cap: once for each function. May only get shorter.
const LIFTED: [(&str, usize); 2] = [("src/http/mod.rs", 1), ("src/http/openapi/areas/apps.rs", 1)];

/// Counts the attributes that lift a cap, also those that go over several lines.
fn lifted_in(text: &str) -> usize {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let code = lines.collect::<Vec<_>>().join(" ");
    let attributes = code.split("#[").skip(1).chain(code.split("#![").skip(1)).map(|rest| rest.split(']').next().unwrap());
    let of_lints = attributes.filter(|attribute| ["allow", "expect", "cfg_attr", "warn"].iter().any(|level| attribute.starts_with(level)));
    of_lints.map(|attribute| CAPS.iter().filter(|cap| attribute.contains(*cap)).count()).sum()
}

/// Returns what is wrong about the files and the list: both must say the same.
fn compare(lifted: &BTreeMap<String, usize>, list: &[(&str, usize)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, count) in lifted {
        match list.iter().find(|(listed, _)| listed == file) {
            None => wrong.push(format!("{file} lifts a cap for {count} functions: split them")),
            Some((_, most)) if count > most => {
                wrong.push(format!("{file} lifts a cap for {count} functions instead of {most}: split them"))
            }
            Some((_, most)) if count < most => {
                wrong.push(format!("{file} lifts a cap for {count} functions only: lower its number from {most}"))
            }
            Some(_) => {}
        }
    }
    let needless = list.iter().filter(|(file, _)| !lifted.contains_key(*file));
    wrong.extend(needless.map(|(file, _)| format!("{file} lifts no cap any more: take it off the list")));
    wrong
}

#[test]
fn only_listed_functions_are_longer_than_the_cap() {
    let files = ["src", "loadtest", "tests"].into_iter().flat_map(files_below).filter(|file| file.ends_with(".rs"));
    let counts: BTreeMap<String, usize> = files.map(|file| (file.clone(), lifted_in(&read_text(&file).unwrap()))).collect();
    assert!(counts.len() > 300, "only {} files read", counts.len());
    let lifted = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    let wrong = compare(&lifted, &LIFTED);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_caps_are_what_they_are_said_to_be() {
    let (clippy, cargo) = (read_text("clippy.toml").unwrap(), read_text("Cargo.toml").unwrap());
    for line in ["too-many-lines-threshold = 60", "excessive-nesting-threshold = 5"] {
        assert!(clippy.lines().any(|given| given == line), "clippy.toml does not say {line}");
    }
    for line in ["too_many_lines = \"deny\"", "excessive_nesting = \"deny\""] {
        assert!(cargo.lines().any(|given| given == line), "Cargo.toml does not say {line}");
    }
}

#[test]
fn attributes_that_lift_a_cap_are_counted_and_compared() {
    let [lines, nesting] = CAPS;
    assert_eq!(lifted_in(&format!("#[expect({lines}, reason = \"a list\")]\nfn a() {{}}\n    #[allow(\n        {nesting},\n    )]\n")), 2);
    assert_eq!(lifted_in(&format!("#![allow({lines}, {nesting})]")), 2);
    assert_eq!(lifted_in(&format!("// #[expect({lines})]\nlet a = \"{lines}\";\n#[deny({lines})]")), 0);
    let told = |found: &[(&str, usize)]| {
        let found = found.iter().map(|(file, count)| ((*file).to_owned(), *count)).collect();
        compare(&found, &[("a", 1), ("b", 2)]).join(", ")
    };
    assert_eq!(told(&[("a", 1), ("b", 2)]), "");
    assert_eq!(told(&[("a", 1), ("b", 2), ("c", 1)]), "c lifts a cap for 1 functions: split them");
    assert_eq!(told(&[("a", 2), ("b", 2)]), "a lifts a cap for 2 functions instead of 1: split them");
    assert_eq!(told(&[("a", 1), ("b", 1)]), "b lifts a cap for 1 functions only: lower its number from 2");
    assert_eq!(told(&[("b", 2)]), "a lifts no cap any more: take it off the list");
}
