//! Counts the callers of the store and of the files besides the use cases; the head of
//! `src/services/mod.rs` names them.

use crate::repository::{Source, production_sources, read_text};
use std::collections::BTreeSet;

/// All files and modules outside of `backends` and `services` that call the store. The head of
/// `src/services/mod.rs` names each of them.
const STORE: [&str; 4] = ["actors/cluster/bus_link", "actors/cluster/log_pump", "app", "demo"];

/// All files outside of `backends` and `services` that call the file store; use cases and routes
/// reach it through `context.files`.
const FILES: [&str; 2] = ["app", "demo"];

/// Says whether `text` calls a method of a value named `name`, or makes such a value by `maker`.
fn calls(text: &str, name: &str, maker: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let is_called = text.match_indices(name).any(|(start, _)| {
        let is_whole = !text[..start].ends_with(is_word);
        let method = text[start + name.len()..].trim_start().strip_prefix('.');
        let is_method = method.is_some_and(|rest| rest.trim_start_matches(is_word).starts_with('(') && !rest.starts_with("clone("));
        is_whole && is_method
    });
    is_called || text.contains(maker)
}

fn callers(name: &str, maker: &str) -> BTreeSet<String> {
    let sources = production_sources().into_iter().filter(|source| !["backends", "services"].contains(&source.module()));
    // The demo data counts as one caller, in as many files as it has subjects.
    let caller = |source: Source| if source.module() == "demo" { "demo".to_owned() } else { source.name };
    sources.filter(|source| calls(&source.text, name, maker)).map(caller).collect()
}

#[test]
fn beside_use_cases_only_named_files_call_the_store_and_the_files() {
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(callers("store", "Store::"), list(&STORE), "who calls the store outside services");
    assert_eq!(callers("context.files", "files::connect("), list(&FILES), "who calls the files outside services");
    let text = read_text("src/services/mod.rs").unwrap();
    let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
    for name in STORE.iter().chain(&FILES) {
        assert!(head.contains(&format!("`{name}`")), "the head of src/services/mod.rs does not name `{name}`");
    }
}

#[test]
fn calls_are_told_from_types_and_fields() {
    assert!(calls("self.services.store.log_head().await", "store", "Store::"));
    assert!(calls("services\n.store\n.log_head()", "store", "Store::"));
    assert!(calls("let store = Store::connect(url)", "store", "Store::"));
    assert!(!calls("Context { store, files }", "store", "Store::"));
    assert!(!calls("let a = context.store.clone();", "store", "Store::"));
    assert!(!calls("use backends::store::LogRow; self.restore.run()", "store", "Store::"));
}
