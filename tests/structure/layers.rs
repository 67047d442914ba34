//! The direction of imports in `docs/architecture.md`: cheap to keep, expensive to restore. A new
//! module of the crate gets a line in [`MAY_IMPORT`].

use crate::repository::{Source, production_sources, without_tests_and_comments};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of the crate that a module may import, besides itself and `telemetry`, which every
/// module with effects may import.
const MAY_IMPORT: [(&str, &[&str]); 11] = [
    ("config", &[]),
    ("telemetry", &["config"]),
    ("domain", &[]),
    ("wire", &["domain"]),
    ("backends", &["config", "domain", "wire", "telemetry"]),
    ("services", &["config", "domain", "wire", "backends", "telemetry"]),
    ("demo", &["config", "domain", "wire", "backends", "services", "telemetry"]),
    ("actors", &["config", "domain", "wire", "backends", "services", "telemetry"]),
    ("http", &["config", "domain", "wire", "services", "actors", "telemetry"]),
    ("app", &["config", "domain", "wire", "backends", "services", "demo", "actors", "http", "telemetry"]),
    ("lib", &[]),
];

/// Crates that only some modules may name: the word that begins a path, and those modules.
const ONLY_IN: [(&str, &[&str]); 8] = [
    ("actix", &["actors", "http", "app", "main"]),
    ("actix_web", &["http", "app", "main"]),
    ("actix_http", &["http", "app"]),
    ("actix_web_actors", &["http/sockets"]),
    ("sqlx", &["backends/store", "backends/mod"]),
    ("redis", &["backends"]),
    ("aws_sdk_s3", &["backends/files"]),
    ("tokio", &["backends", "services", "demo", "actors", "http", "app", "main"]),
];

/// Returns the first name after every `crate::`, in `crate::a::B` and in `crate::{a::B, c}`.
fn imported_modules(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (start, _) in text.match_indices("crate::") {
        let is_path_start = !text[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$');
        let rest = text[start + "crate::".len()..].trim_start();
        if !is_path_start {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => names.extend(top_level_names(group)),
            None => names.extend([first_name(rest)]),
        }
    }
    names
}

/// Returns the first name of each item of a `{…}` list whose opening brace was read already.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut item_start, mut names) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                names.push(first_name(group[item_start..at].trim()));
                item_start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

/// Says whether `text` names the crate `name` as the start of a path.
fn names_crate(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}::")).any(|(start, _)| {
        let before = text[..start].trim_end_matches("::");
        let is_absolute = text[..start].ends_with("::") && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_first = !text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        is_absolute || is_first
    })
}

/// `bus::redis::RedisBus` inside a `use crate::{…}` is a module of ours, not the crate: such names
/// count only in lines that begin with them.
fn uses_crate(source: &Source, name: &str) -> bool {
    source.text.lines().any(|line| {
        let is_import = line.starts_with("use ") || line.starts_with("pub use ");
        let starts_with_it = [format!("use {name}::"), format!("pub use {name}::"), format!("use {name};")];
        starts_with_it.iter().any(|start| line.starts_with(start.as_str()))
            || (!is_import && !line.ends_with(',') && names_crate(line, name))
    })
}

#[test]
fn modules_import_only_those_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    for source in production_sources().iter().filter(|source| source.module() != "main") {
        let module = source.module();
        let Some(allowed) = allowed.get(module) else {
            wrong.push(format!("src/{}.rs belongs to a module that MAY_IMPORT in tests/structure/layers.rs does not list", source.name));
            continue;
        };
        for name in imported_modules(&source.text) {
            let is_module = MAY_IMPORT.iter().any(|(module, _)| *module == name);
            if is_module && name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("src/{}.rs ({module}) imports crate::{name}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "against the direction of imports:\n{}", wrong.join("\n"));
}

#[test]
fn foreign_crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in production_sources() {
        for (name, places) in ONLY_IN {
            let is_place = places.iter().any(|place| source.name == *place || source.name.starts_with(&format!("{place}/")));
            if !is_place && uses_crate(&source, name) {
                wrong.push(format!("src/{}.rs names {name}, which belongs into {places:?}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "in the wrong place:\n{}", wrong.join("\n"));
}

#[test]
fn routes_reach_rows_and_files_through_use_cases_only() {
    let backends = [".store.", ".files.", ".cache.", ".bus."];
    let reaches = |source: &Source| backends.iter().any(|field| source.text.contains(&format!("context{field}")));
    let wrong: Vec<String> =
        production_sources().into_iter().filter(|source| source.module() == "http" && reaches(source)).map(|source| source.name).collect();
    assert!(wrong.is_empty(), "these files of http/ call a backend: {wrong:?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let names = |text: &str| imported_modules(text).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(names("use crate::domain::ids::UserId;"), "domain");
    assert_eq!(names("use crate::{\n    config::{A, B::{C}},\n    domain::ids,\n};\nuse crate::wire::x;"), "config domain wire");
    assert_eq!(names("let x = crate::services::start(&crate::backends::y());"), "backends services");
    assert_eq!(names("use mycrate::{domain};"), "");
    let text = "//! [`crate::app`]\nuse x; // crate::app\n#[cfg(test)]\nmod tests {\n use crate::app;\n}";
    assert_eq!(names(&without_tests_and_comments(text)), "");
    let source = |text: &str| Source { name: "x".into(), text: text.into() };
    assert!(uses_crate(&source("use redis::Script;"), "redis") && uses_crate(&source("let a = ::redis::cmd(1)"), "redis"));
    assert!(!uses_crate(&source("use super::redis::Link;"), "redis") && !uses_crate(&source("redis::RedisBus,"), "redis"));
}
