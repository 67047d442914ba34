//! Holds documents and comments to `docs/style.md`: widths, sentences, cells, citations, turns.

mod text;

use crate::repository::{files_below, read_text};
use std::collections::BTreeMap;
use text::{Kind, cells, comments, has_break, markdown, module_heads, paragraphs, sentences, width, without_code};

/// The findings of a rule, by file.
type Findings = BTreeMap<String, Vec<String>>;

/// How many findings of a file a failure shows.
const SHOWN: usize = 5;

/// The most columns of a line of prose.
const MOST_COLUMNS: usize = 100;

/// The most words of a table cell.
const MOST_WORDS: usize = 40;

/// The page that explains the rules, with examples of their violation.
const STYLE: &str = "docs/style.md";

/// The page that "section 2.x" cites.
const PROTOCOL: &str = "docs/pusher-protocol.md";

/// Panics when a rule has findings. There are no exceptions.
fn hold(rule: &str, findings: &Findings) {
    let shown = |(file, found): (&String, &Vec<String>)| format!("{file}: {}", found[..found.len().min(SHOWN)].join("; "));
    assert!(findings.is_empty(), "{rule} of {STYLE}:\n{}", findings.iter().map(shown).collect::<Vec<_>>().join("\n"));
}

/// Turns that readers did not understand. `docs/style.md` says which words to write.
const BANNED_TURNS: [&str; 13] = [
    "the word of",
    "word of it",
    "its word",
    "without a word",
    "what goes on",
    "what is going on",
    "a place",
    "is told of",
    "are told of",
    "comings and goings",
    "nobody watching",
    "all the same",
    "has the last word",
];

/// Words that begin no sentence of a module head: its subject is the module or another actor.
const NO_SUBJECTS: [&str; 4] = ["What", "Who", "Where", "Nobody"];

/// Returns the Markdown files of the repository with their texts.
fn documents() -> Vec<(String, String)> {
    read(files_below("").into_iter().filter(|file| file.ends_with(".md")))
}

/// Returns the Rust files of `folders` with their texts.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let files = folders.iter().flat_map(|folder| files_below(folder));
    read(files.filter(|file| file.ends_with(".rs")))
}

fn read(files: impl Iterator<Item = String>) -> Vec<(String, String)> {
    files.filter_map(|file| read_text(&file).map(|text| (file, text))).collect()
}

/// Applies a rule to each file. `rule` returns one text per finding.
fn find(files: &[(String, String)], rule: impl Fn(&str) -> Vec<String>) -> Findings {
    let found = files.iter().map(|(file, text)| (file.clone(), rule(text)));
    found.filter(|(_, findings)| !findings.is_empty()).collect()
}

/// Returns the lines of prose and lists that are too wide.
fn wide_lines(text: &str) -> Vec<String> {
    let prose = markdown(text).into_iter().filter(|line| line.kind == Kind::Prose);
    let wide = prose.filter(|line| width(line.text) > MOST_COLUMNS && has_break(line.text));
    wide.map(|line| format!("line {} has {} columns", line.at, width(line.text))).collect()
}

/// Returns the lines that hold more than one sentence, once for each sentence too many.
fn crowded_lines(text: &str) -> Vec<String> {
    let prose = markdown(text).into_iter().filter(|line| line.kind == Kind::Prose);
    let rests = prose.flat_map(|line| sentences(line.text).into_iter().skip(1).map(move |rest| (line.at, rest)));
    rests.map(|(at, rest)| format!("line {at}: a new line for \"{}\"", beginning(rest))).collect()
}

/// Returns the table cells that have too many words.
fn long_cells(text: &str) -> Vec<String> {
    let rows = markdown(text).into_iter().filter(|line| line.kind == Kind::Table);
    let counts = rows.flat_map(|line| cells(line.text).into_iter().map(move |cell| (line.at, cell.split_whitespace().count())));
    counts.filter(|(_, words)| *words > MOST_WORDS).map(|(at, words)| format!("line {at}: a cell of {words} words")).collect()
}

/// Returns the comment lines that are too wide.
fn wide_comments(text: &str) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//"));
    let wide = lines.filter(|(_, line)| line.chars().count() > MOST_COLUMNS && has_break(line.trim_start()));
    wide.map(|(at, line)| format!("line {} has {} columns", at + 1, line.chars().count())).collect()
}

/// Returns the banned turns in a text without code.
fn turns_in(prose: &str) -> Vec<String> {
    let prose = without_code(prose).to_lowercase();
    let is_word = |sign: Option<char>| sign.is_some_and(char::is_alphanumeric);
    let mut found = Vec::new();
    for turn in BANNED_TURNS {
        for (start, _) in prose.match_indices(turn) {
            let end = start + turn.len();
            if !is_word(prose[..start].chars().next_back()) && !is_word(prose[end..].chars().next()) {
                found.push(format!("\"{turn}\" in \"{}\"", around(&prose, start, end)));
            }
        }
    }
    found
}

fn turns_of_document(text: &str) -> Vec<String> {
    let lines = markdown(text).into_iter().filter(|line| line.kind != Kind::Code);
    turns_in(&lines.map(|line| line.text.trim()).collect::<Vec<_>>().join(" "))
}

fn turns_of_comments(text: &str) -> Vec<String> {
    turns_in(&comments(text).join(" "))
}

/// Returns the sentences of module heads whose subject is no actor.
fn vague_heads(text: &str) -> Vec<String> {
    let heads = module_heads(text);
    let parts = paragraphs(&heads);
    let all = parts.iter().flat_map(|paragraph| sentences(paragraph));
    let vague = all.filter(|sentence| NO_SUBJECTS.contains(&first_word(sentence)));
    vague.map(|sentence| format!("begins with {}: \"{}\"", first_word(sentence), beginning(sentence))).collect()
}

fn first_word(sentence: &str) -> &str {
    let sentence = sentence.trim_start_matches(|sign: char| !sign.is_alphanumeric());
    sentence.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default()
}

/// Returns the sentences of comments that cite a section and do not say of which text.
fn bare_sections(text: &str) -> Vec<String> {
    let comments = comments(text);
    let parts = paragraphs(&comments);
    let all = parts.iter().flat_map(|paragraph| sentences(paragraph));
    let names_text = |sentence: &str| [".md", ".rs", "RFC ", "ISO ", "WHATWG "].iter().any(|name| sentence.contains(name));
    let bare = all.filter(|sentence| !section_numbers(sentence).is_empty() && !names_text(sentence));
    bare.map(|sentence| format!("of which text? \"{}\"", beginning(sentence))).collect()
}

/// Returns the sections of the protocol page that comments cite and that page lacks.
fn missing_sections(text: &str, page: &str) -> Vec<String> {
    let comments = comments(text);
    let parts = paragraphs(&comments);
    let citing = parts.iter().flat_map(|paragraph| sentences(paragraph)).filter(|sentence| sentence.contains(PROTOCOL));
    let cited = citing.flat_map(section_numbers);
    cited.filter(|number| !page.contains(&format!("\n## {number} "))).map(|number| format!("no section {number}")).collect()
}

/// Returns the numbers behind "section" and "sections": `2.3` and `2.6` of "sections 2.3 and 2.6".
fn section_numbers(sentence: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = sentence.to_lowercase();
    for (start, word) in lower.match_indices("section") {
        let rest = lower[start + word.len()..].trim_start_matches('s');
        let words = rest.split_whitespace().map(|word| word.trim_matches(|sign: char| !sign.is_ascii_digit()));
        let raw = rest.split_whitespace();
        let listed = raw.zip(words).take_while(|(raw, number)| !number.is_empty() || ["and", "to", "or"].contains(raw));
        found.extend(listed.map(|(_, number)| number.to_owned()).filter(|number| !number.is_empty()));
    }
    found
}

/// Returns the first 60 characters.
fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Returns a part of a text with up to 20 bytes on each side.
fn around(text: &str, start: usize, end: usize) -> &str {
    let from = (start.saturating_sub(20)..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let to = (end..=(end + 20).min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    &text[from..to]
}

#[test]
fn lines_of_documents_have_at_most_100_columns() {
    let documents = documents();
    assert!(documents.len() > 20, "only {} documents read", documents.len());
    hold("document-width", &find(&documents, wide_lines));
}

#[test]
fn documents_have_one_sentence_per_line() {
    hold("document-sentences", &find(&documents(), crowded_lines));
}

#[test]
fn table_cells_have_at_most_40_words() {
    hold("table-cells", &find(&documents(), long_cells));
}

#[test]
fn comments_have_at_most_100_columns() {
    let sources = sources(&["src", "tests", "loadtest"]);
    assert!(sources.len() > 300, "only {} sources read", sources.len());
    hold("comment-width", &find(&sources, wide_comments));
}

#[test]
fn documents_and_comments_avoid_the_banned_turns() {
    let documents: Vec<_> = documents().into_iter().filter(|(file, _)| file != STYLE).collect();
    let mut findings = find(&documents, turns_of_document);
    findings.extend(find(&sources(&["src", "tests", "loadtest"]), turns_of_comments));
    hold("turns", &findings);
}

#[test]
fn sentences_of_module_heads_name_their_actor() {
    hold("module-heads", &find(&sources(&["src", "tests", "loadtest"]), vague_heads));
}

#[test]
fn every_cited_section_names_its_text() {
    hold("sections", &find(&sources(&["src"]), bare_sections));
}

#[test]
fn every_cited_section_of_the_protocol_exists() {
    let page = read_text(PROTOCOL).unwrap();
    assert!((1..=11).all(|section| page.contains(&format!("\n## 2.{section} "))), "{PROTOCOL} lacks a section");
    let missing = find(&sources(&["src", "tests"]), |text| missing_sections(text, &page));
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn findings_are_made_as_the_rules_say() {
    let long = format!("{} end", "word ".repeat(20));
    assert_eq!(wide_lines(&format!("{long}\n# {long}\n| {long} |\n```\n{long}\n```\n")), ["line 1 has 104 columns"]);
    assert!(wide_lines(&format!("see [this](https://example.org/{}) now\n`{long}`\n", "x".repeat(90))).is_empty());
    assert_eq!(crowded_lines("One. Two. `Three`\n\n# A. B\n- One, e.g. Two; 1.5 s. and\n1. One.\n").len(), 2);
    assert_eq!(long_cells(&format!("| a | {} |\n|---|---|\n| `a | b` | c |", "w ".repeat(41))), ["line 1: a cell of 41 words"]);
    assert_eq!(wide_comments(&format!("    // {long}\ncode(); // {long}\n/// {}", "x".repeat(120))).len(), 1);
    assert_eq!(turns_in("In A place, `a place`, a placebo; the\u{e9} word of").len(), 1);
    assert_eq!(turns_of_comments("// nothing without a\n// word is\nlet a = \"its word\";").len(), 1);
    assert_eq!(vague_heads("//! Owns x. What it does.\n//!\n//! - Who, where.\n/// What\n//! Whoever.").len(), 2);
    let cite = |line: &str| bare_sections(line).len();
    assert_eq!(cite("// See section 2.3 of the contract."), 1);
    assert_eq!(cite("// See sections 2.3 and 2.6 of\n// docs/pusher-protocol.md. This section is short."), 0);
    assert_eq!(cite("// RFC 9110, section 14.2. A section."), 0);
    assert_eq!(section_numbers("(Sections 2.4 to 2.7, 2.10 of x)"), ["2.4", "2.7", "2.10"]);
    assert_eq!(missing_sections("// Section 2.3 and 2.12 of docs/pusher-protocol.md.", "\n## 2.3 Frames").len(), 1);
}
