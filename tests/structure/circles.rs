//! The files in `actors` and `domain` import each other in no circle: of two files, one is above
//! the other. A handle and its own actor may import each other, as [`PAIRS`].

use crate::repository::production_sources;
use std::collections::{BTreeMap, BTreeSet};

/// A handle and the actor behind it.
const PAIRS: [[&str; 2]; 1] = [["actors/hub", "actors/sockets/shard"]];

/// Files of the crate as a tree of modules.
struct Modules {
    /// The imports of each module, by its path: the path of origin, and the local name of its last
    /// part.
    imports: BTreeMap<Vec<String>, Vec<(Vec<String>, String)>>,
}

impl Modules {
    fn of<'a>(sources: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let module =
            |name: &str| name.trim_end_matches("/mod").split('/').filter(|part| *part != "lib").map(str::to_owned).collect::<Vec<_>>();
        Self { imports: sources.map(|(name, text)| (module(name), imports(text))).collect() }
    }

    /// Returns the module of the file that holds the item which `path` names in `module`; `None`
    /// for another crate.
    fn origin(&self, module: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let mut at = module.to_vec();
        let mut rest = path.get(1..)?;
        match path.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            first if self.imports.contains_key(&[module, &[first.to_owned()]].concat()) => rest = path,
            _ => return None,
        }
        while let Some((first, others)) = rest.split_first() {
            if first == "super" {
                at.pop();
            } else if self.imports.contains_key(&[at.as_slice(), std::slice::from_ref(first)].concat()) {
                at.push(first.clone());
            } else {
                // A name of this file, or one that the file re-exports.
                let passed_on = self.imports.get(&at)?.iter().find(|(_, name)| name == first);
                let origin = passed_on.filter(|_| depth > 0).and_then(|(path, _)| self.origin(&at, path, depth - 1));
                return Some(origin.unwrap_or(at));
            }
            rest = others;
        }
        Some(at)
    }

    /// Returns which file imports which, as modules, inside the folder `top`.
    fn graph(&self, top: &str) -> BTreeMap<String, BTreeSet<String>> {
        let inside = |module: &Vec<String>| module.first().is_some_and(|first| first == top);
        let edges = self.imports.iter().filter(|(module, _)| inside(module)).map(|(module, imports)| {
            let origins =
                imports.iter().filter_map(|(path, _)| self.origin(module, path, 8)).filter(|origin| inside(origin) && origin != module);
            (module.join("/"), origins.map(|origin| origin.join("/")).collect())
        });
        edges.collect()
    }
}

/// Returns the paths that a file names: its imports, with their local names, and paths in its code
/// that begin with `crate`, `super` or `self`.
fn imports(text: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut code = String::new();
    let mut statement: Option<String> = None;
    for line in text.lines() {
        let starts = line.starts_with("use ")
            || (line.starts_with("pub") && line.split_once("use ").is_some_and(|(head, _)| head.trim_end().ends_with([')', 'b'])));
        if statement.is_none() && starts {
            statement = Some(line.split_once("use ").unwrap().1.to_owned());
        } else if let Some(statement) = &mut statement {
            statement.push(' ');
            statement.push_str(line);
        } else {
            code.push_str(line);
            code.push('\n');
        }
        if statement.as_ref().is_some_and(|statement| statement.contains(';')) {
            let tree = statement.take().unwrap();
            branches(tree.trim_end().trim_end_matches(';'), &[], &mut found);
        }
    }
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            if !code[..at].ends_with(is_word) && !code[..at].ends_with([':', '$']) {
                let path: String = code[at..].chars().take_while(|character| is_word(*character) || *character == ':').collect();
                let path: Vec<String> = path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
                found.push((path, String::new()));
            }
        }
    }
    found
}

/// Reads one branch of a tree of imports: `a::b`, `a::b as c`, `a::{…}`.
fn branches(tree: &str, head: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let (path, group) = tree.split_once('{').map_or((tree, None), |(path, group)| (path, Some(group)));
    let (path, alias) = path.split_once(" as ").map_or((path, None), |(path, alias)| (path, Some(alias.trim().to_owned())));
    let names = path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let mut whole: Vec<String> = head.iter().cloned().chain(names).collect();
    let Some(group) = group else {
        if matches!(whole.last().map(String::as_str), Some("self" | "*")) && whole.len() > 1 {
            whole.pop();
        }
        let name = alias.unwrap_or_else(|| whole.last().cloned().unwrap_or_default());
        found.push((whole, name));
        return;
    };
    let (mut depth, mut from) = (0_usize, 0);
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                branches(&group[from..at], &whole, found);
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Returns the files that can be reached from `from`.
fn reached(graph: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(file) = open.pop() {
        for next in graph.get(&file).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}

/// Returns the circles: sets of files each of which leads to each.
fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<String>> = graph.keys().map(|file| (file, reached(graph, file))).collect();
    let on_circles = reach.iter().filter(|(file, reached)| reached.contains(**file));
    on_circles
        .map(|(file, reached)| reached.iter().filter(|other| reach.get(other).is_some_and(|back| back.contains(*file))).cloned().collect())
        .collect()
}

/// Returns the imports inside a circle, one per line.
fn told(graph: &BTreeMap<String, BTreeSet<String>>, circle: &BTreeSet<String>) -> String {
    let line = |file: &String| format!("    {file} imports {}", graph[file].intersection(circle).cloned().collect::<Vec<_>>().join(", "));
    format!("{:?}\n{}", circle, circle.iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn files_of_actors_and_domain_import_each_other_in_one_direction() {
    let sources = production_sources();
    let modules = Modules::of(sources.iter().map(|source| (source.name.as_str(), source.text.as_str())));
    let allowed: Vec<BTreeSet<String>> = PAIRS.iter().map(|pair| pair.iter().map(ToString::to_string).collect()).collect();
    let (mut found, mut wrong) = (BTreeSet::new(), Vec::new());
    for top in ["actors", "domain"] {
        let graph = modules.graph(top);
        assert!(graph.len() > 20 && graph.values().map(BTreeSet::len).sum::<usize>() > 20, "only {} files of {top} read", graph.len());
        for circle in circles(&graph) {
            if !allowed.contains(&circle) {
                wrong.push(told(&graph, &circle));
            }
            found.insert(circle);
        }
    }
    wrong.extend(
        allowed
            .iter()
            .filter(|circle| !found.contains(*circle))
            .map(|circle| format!("{circle:?} is no circle any more: take it off the list")),
    );
    assert!(wrong.is_empty(), "circles of files:\n{}", wrong.join("\n"));
}

#[test]
fn circles_are_found_through_every_form_of_import() {
    let circle_of = |files: &[(&str, &str)]| {
        let graph = Modules::of(files.iter().copied()).graph("actors");
        circles(&graph).into_iter().map(|circle| circle.into_iter().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
    };
    let module = ("actors/mod", "pub mod a;\npub mod b;\npub use b::B;\n");
    let a = ("actors/a", "use super::b::{B, C as D};\n");
    assert_eq!(circle_of(&[module, a, ("actors/b", "use std::fmt;\n")]), "");
    assert_eq!(circle_of(&[module, a, ("actors/b", "use super::a;\n")]), "actors/a actors/b");
    assert_eq!(
        circle_of(&[module, a, ("actors/b", "use crate::{\n    actors::{\n        a::{A, B},\n    },\n    domain::x,\n};\n")]),
        "actors/a actors/b"
    );
    assert_eq!(circle_of(&[module, a, ("actors/b", "fn f(a: &crate::actors::a::A) {}\n")]), "actors/a actors/b");
    // Re-exported by a third file: it counts as imported from its origin.
    assert_eq!(circle_of(&[module, ("actors/a", "use super::B;\n"), ("actors/b", "use super::a::A;\n")]), "actors/a actors/b");
    // A child that uses its parent is below it, unless the parent uses the child too.
    let parent = ("actors/a", "mod child;\n");
    assert_eq!(circle_of(&[module, parent, ("actors/a/child", "use super::A;\n"), ("actors/b", "")]), "");
    let parent = ("actors/a", "mod child;\nuse child::Child;\n");
    assert_eq!(circle_of(&[module, parent, ("actors/a/child", "use super::A;\n"), ("actors/b", "")]), "actors/a actors/a/child");
}
