//! Every file that a document or a comment cites exists.
//!
//! A citation is a path with a `/`: between backticks when it begins with a folder of the
//! repository, of `src` (`actors/hub`), of `static/src` or of the folder of the file that cites it;
//! without backticks when it begins with a folder of the root (`docs/api.md`); the target of a link
//! in Markdown; or a file's bare name between backticks (`config.rs`), which then is the name of
//! some file. Endings and `mod.rs` may be left out, `::item` may follow.

use crate::repository::{files_below, read_text};
use std::collections::BTreeSet;

/// The marks of comments, by ending of the file name. Documents are read as a whole.
const COMMENTS: [(&str, &[&str]); 12] = [
    (".rs", &["//"]),
    (".ts", &["//", "/*", "* "]),
    (".js", &["//", "/*", "* "]),
    (".mjs", &["//", "/*", "* "]),
    (".vue", &["//", "/*", "* ", "<!--"]),
    (".css", &["/*", "* "]),
    (".lua", &["--"]),
    (".sql", &["--"]),
    (".py", &["#"]),
    (".toml", &["#"]),
    ("Makefile", &["#"]),
    (".sh", &["#"]),
];

/// Endings that a citation may leave out.
const LEFT_OUT: [&str; 7] = ["", ".rs", "/mod.rs", ".ts", ".vue", ".js", ".lua"];

/// Endings of bare names that are looked for in all folders.
const BARE: [&str; 11] = [".rs", ".ts", ".vue", ".js", ".mjs", ".md", ".sql", ".lua", ".toml", ".tsv", ".svg"];

/// Folders of code that were once, beside those that are: citing them is wrong, not unknown.
const FOLDERS_OF_CODE: [&str; 20] = [
    "actors",
    "app",
    "backends",
    "config",
    "demo",
    "domain",
    "http",
    "services",
    "wire",
    "components",
    "composables",
    "content",
    "features",
    "pages",
    "realtime",
    "router",
    "shared",
    "stores",
    "styles",
    "support",
];

/// What a build, a run or an operator makes.
const NOT_FILES: [&str; 8] = [
    "static/dist",
    "static/node_modules",
    "loadtest/results",
    "target",
    "./data",
    "school.toml",
    "src/shared/api/schema.d.ts",
    "schema.d.ts",
];

struct Repository {
    /// Every file, and every folder, by its path.
    paths: BTreeSet<String>,
    /// The names of all files.
    names: BTreeSet<String>,
}

impl Repository {
    fn of(files: &[String]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            paths.insert(file.clone());
            paths.extend(file.match_indices('/').map(|(end, _)| file[..end].to_owned()));
        }
        let names = files.iter().map(|file| file.rsplit('/').next().unwrap().to_owned()).collect();
        Self { paths, names }
    }

    fn has_folder(&self, base: &str, name: &str) -> bool {
        let path = join(base, name);
        self.paths.contains(&path)
            && self.paths.range(format!("{path}/")..).next().is_some_and(|below| below.starts_with(&format!("{path}/")))
    }

    /// Says whether `path`, looked at from `base`, is a file or folder; a `*` stands for any text
    /// without `/`.
    fn has(&self, base: &str, path: &str) -> bool {
        let path = join(base, path.trim_end_matches('/'));
        match path.split_once('*') {
            Some((head, tail)) => self.paths.iter().any(|known| known.starts_with(head) && known.ends_with(tail)),
            None => LEFT_OUT.iter().any(|ending| self.paths.contains(&format!("{path}{ending}"))),
        }
    }
}

/// Returns `base/path`, with `./` and `../` resolved.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns what each line says that is no code.
fn prose<'a>(file: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    if file.ends_with(".md") {
        return lines.collect();
    }
    let is_script = !file.rsplit('/').next().unwrap().contains('.') && text.starts_with("#!");
    let marks = COMMENTS.iter().find(|(ending, _)| file.ends_with(ending)).map(|(_, marks)| *marks).or(is_script.then_some(&["#"]));
    let comment = |line: &'a str| {
        let trimmed = line.trim_start();
        let is_whole = marks?.iter().any(|mark| trimmed.starts_with(mark));
        if is_whole {
            Some(trimmed)
        } else {
            marks?.iter().filter(|mark| !mark.starts_with('*')).find_map(|mark| line.split_once(&format!(" {mark} "))).map(|(_, rest)| rest)
        }
    };
    lines.filter_map(|(at, line)| comment(line).map(|prose| (at, prose))).collect()
}

/// A path that a line cites, and where it is looked for.
#[derive(Debug, PartialEq, Eq)]
enum Citation {
    /// From the root, from `src` and other folders of code, or from the folder of the citing file.
    Path(String),
    /// From the folder of the citing file.
    Link(String),
    /// The bare name of a file.
    Name(String),
}

fn citations(repository: &Repository, file: &str, line: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    for (at, part) in line.split('`').enumerate() {
        let is_code = at % 2 == 1;
        let words = part
            .split(|sign: char| sign.is_whitespace() || "()[]\"'|,;=→…".contains(sign))
            .map(|word| word.trim_end_matches(['.', ':', '!', '?']));
        for word in words {
            let path = word.split("::").next().unwrap().split('#').next().unwrap();
            let is_made = path.contains(['<', '>', '{', '}', '$', '@', '\\', ':', '%', '&']) || path.starts_with(['/', '~', '-']);
            if is_made || path.is_empty() || NOT_FILES.iter().any(|made| path.starts_with(made)) {
                continue;
            }
            let first = path.split('/').next().unwrap();
            if path.contains('/') && (repository.has_folder("", first) || (is_code && is_folder_of_code(repository, file, first))) {
                found.push(Citation::Path(path.to_owned()));
            } else if is_code && !path.contains('/') && BARE.iter().any(|ending| path.ends_with(ending) && path.len() > ending.len()) {
                found.push(Citation::Name(path.to_owned()));
            }
        }
    }
    if file.ends_with(".md") {
        let targets = line.match_indices("](").filter_map(|(start, _)| line[start + 2..].split(')').next());
        let files = targets.map(|target| target.split('#').next().unwrap()).filter(|target| !target.is_empty() && !target.contains("://"));
        found.retain(|citation| !matches!(citation, Citation::Path(path) if line.contains(&format!("]({path}"))));
        found.extend(files.map(|target| Citation::Link(target.to_owned())));
    }
    found
}

fn is_folder_of_code(repository: &Repository, file: &str, first: &str) -> bool {
    FOLDERS_OF_CODE.contains(&first) || bases(file).iter().any(|base| repository.has_folder(base, first))
}

/// Returns the folders that a path may be looked at from.
fn bases(file: &str) -> Vec<&str> {
    let mut bases = vec!["", "src", "static", "static/src", "tests"];
    let mut folder = folder_of(file);
    while !folder.is_empty() {
        bases.push(folder);
        folder = folder_of(folder);
    }
    bases
}

fn exists(repository: &Repository, file: &str, citation: &Citation) -> bool {
    match citation {
        Citation::Path(path) => bases(file).iter().any(|base| repository.has(base, path)),
        Citation::Link(path) => repository.has(folder_of(file), path),
        Citation::Name(name) => match name.split_once('*') {
            Some((head, tail)) => repository.names.iter().any(|known| known.starts_with(head) && known.ends_with(tail)),
            None => repository.names.contains(name),
        },
    }
}

#[test]
fn every_file_that_is_cited_exists() {
    let files = files_below("");
    let repository = Repository::of(&files);
    let mut wrong = Vec::new();
    let mut cited = 0;
    // This file speaks of files that are not.
    for file in files.iter().filter(|file| !file.ends_with("structure/cited_files.rs")) {
        let Some(text) = read_text(file) else { continue };
        for (at, line) in prose(file, &text) {
            let found = citations(&repository, file, line);
            cited += found.len();
            let missing = found.iter().filter(|citation| !exists(&repository, file, citation));
            wrong.extend(missing.map(|citation| format!("{file}:{at}: {citation:?}")));
        }
    }
    assert!(cited > 300, "only {cited} citations read");
    assert!(wrong.is_empty(), "{} citations of files that do not exist:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn citations_are_found_in_every_form() {
    let files = [
        "docs/api.md",
        "src/actors/hub.rs",
        "src/domain/risk/mod.rs",
        "src/domain/risk/data/pack.toml",
        "static/src/stores/a.ts",
        "README.md",
    ];
    let repository = Repository::of(&files.map(str::to_owned));
    let missing = |file: &str, line: &str| {
        let found = citations(&repository, file, line);
        found
            .into_iter()
            .filter(|citation| !exists(&repository, file, citation))
            .map(|citation| format!("{citation:?}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let readme = |line: &str| missing("README.md", line);
    assert_eq!(
        readme("`actors/hub`, `actors/hub.rs::Hub`, `src/actors`, `domain/risk`, `stores/a.ts`, `actors/`, `docs/*.md`, `hub.rs`"),
        ""
    );
    assert_eq!(readme("see docs/api.md, or [this](docs/api.md#part) and [that](https://example.org/docs/x)."), "");
    assert_eq!(readme("`actors/gone`"), "Path(\"actors/gone\")");
    assert_eq!(readme("`src/gone.rs::f` and `gone.rs`"), "Path(\"src/gone.rs\") Name(\"gone.rs\")");
    assert_eq!(readme("see docs/gone.md."), "Path(\"docs/gone.md\")");
    assert_eq!(readme("[gone](docs/gone.md)"), "Link(\"docs/gone.md\")");
    assert_eq!(missing("docs/api.md", "[gone](docs/api.md)"), "Link(\"docs/api.md\")");
    assert_eq!(missing("src/domain/risk/mod.rs", "`data/pack.toml`"), "");
    assert_eq!(missing("src/domain/risk/mod.rs", "`data/gone.toml`"), "Path(\"data/gone.toml\")");
    assert_eq!(readme("`text/html` `/src/x` `src/<name>.rs` and/or src or `stores/${x}`, `cargo run`"), "");
    assert_eq!(prose("a.rs", "let a = 1; // one\n/// two\ncode"), [(1, "one"), (2, "/// two")]);
}
