//! Every rule of the wire contract is held by a test that exists.

use crate::repository::root;
use std::fs;

/// `docs/pusher-coverage.md` says which test holds which rule of the wire contract, as
/// `file::test`.
#[test]
fn every_test_that_is_said_to_hold_a_rule_exists() {
    let root = root();
    let table = fs::read_to_string(root.join("docs/pusher-coverage.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && *line != "| rule | held by |").collect();
    for section in 1..=11 {
        assert!(table.contains(&format!("\n## 2.{section} ")), "no section 2.{section}");
    }
    let mut wrong = Vec::new();
    let mut named = 0;
    for row in &rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let tests: Vec<(&str, &str)> = cell.split('`').filter_map(|name| name.split_once("::")).collect();
        if tests.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        for (file, name) in &tests {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            // Names of Node's tests are strings, some of them after `${transport}: `.
            let is_there = if file.ends_with(".rs") {
                text.contains(&format!("fn {name}("))
            } else {
                text.contains(&format!("{name}', ")) || text.contains(&format!("{name}`, "))
            };
            if !is_there {
                wrong.push(format!("{file} has no test {name}"));
            }
        }
        named += tests.len();
    }
    assert!(rows.len() > 80 && named > 130, "{} rows, {named} tests read", rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
